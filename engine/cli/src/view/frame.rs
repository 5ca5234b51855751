//! What a live view shows of a run at one moment, fitted to the terminal.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tiphys_spec::{NodePhase, NodeStatus, NodeType, WorkflowStatus};

use crate::text::Line;
use crate::tree::{self, Columns, Facts, Look, Row};
use crate::{clock, style};

/// A run at one moment.
pub struct Moment<'a> {
    pub name: &'a str,
    pub status: &'a WorkflowStatus,
    pub nodes: &'a BTreeMap<String, NodeStatus>,
    /// Why nodes wait, by their names; those that have no record yet among them.
    pub waits: &'a HashMap<String, String>,
    pub now: Timestamp,
    pub utf8: bool,
    /// Which frame of the spinner.
    pub tick: usize,
    pub wide: bool,
    pub keep: &'a dyn Fn(&NodeStatus) -> bool,
}

/// Head and tree, in at most `rows` lines.
pub fn lines(moment: &Moment<'_>, rows: usize) -> Vec<Line> {
    let unborn = unborn(moment);
    let all: BTreeMap<String, NodeStatus>;
    let nodes = if unborn.is_empty() {
        moment.nodes
    } else {
        all = moment
            .nodes
            .iter()
            .map(|(id, node)| (id.clone(), node.clone()))
            .chain(unborn)
            .collect();
        &all
    };
    let look = Look {
        utf8: moment.utf8,
        omitted: moment.wide,
        keep: moment.keep,
    };
    let mut trees = tree::rows(moment.name, nodes, &look);
    let room = rows
        .saturating_sub(2 + trees.len().saturating_sub(1))
        .max(1);
    let hidden = shorten(&mut trees, room);
    let waits = |node: &NodeStatus| moment.waits.get(&node.name).cloned();
    let facts = Facts {
        workflow: moment.name,
        now: moment.now,
        utf8: moment.utf8,
        waits: &waits,
    };
    let columns = if moment.wide {
        Columns::Wide
    } else {
        Columns::Live
    };
    let mut lines = vec![head(moment)];
    if !trees.is_empty() {
        lines.extend(tree::lines(&trees, columns, &facts));
    }
    if hidden > 0 {
        lines.push(Line::new().then(
            style::DIM,
            format!(" {} {hidden} more", if moment.utf8 { "…" } else { "..." }),
        ));
    }
    lines.truncate(rows.max(1));
    lines
}

/// `⠹ hello-x7k2p  Running  2/5  1.2s`
fn head(moment: &Moment<'_>) -> Line {
    const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
    const PLAIN: [&str; 4] = ["|", "/", "-", "\\"];
    let phase = moment.status.phase.unwrap_or_default();
    let mark = match (phase.completed(), moment.utf8) {
        (false, true) => SPINNER[moment.tick % SPINNER.len()],
        (false, false) => PLAIN[moment.tick % PLAIN.len()],
        (true, true) if phase == tiphys_spec::WorkflowPhase::Succeeded => "✔",
        (true, true) => "✖",
        (true, false) => "*",
    };
    let color = style::of_workflow(phase);
    let word = if phase == tiphys_spec::WorkflowPhase::Unknown {
        "Pending"
    } else {
        phase.as_str()
    };
    let mut line = Line::new()
        .then(color, format!("{mark} "))
        .then(style::BOLD, moment.name)
        .then(color, format!("  {word}"));
    if let Some(progress) = &moment.status.progress {
        line.push(anstyle::Style::new(), format!("  {progress}"));
    }
    if let Some(duration) = clock::between(
        moment.status.started_at.as_ref(),
        moment.status.finished_at.as_ref(),
        moment.now,
    ) {
        line.push(
            style::DIM,
            format!("  {}", clock::short(clock::tenths(duration))),
        );
    }
    if let Some(message) = moment
        .waits
        .get(moment.name)
        .or(moment.status.message.as_ref())
    {
        line.push(style::DIM, format!("  {message}"));
    }
    line
}

/// Stand-ins for steps and tasks that wait and have no record yet.
fn unborn(moment: &Moment<'_>) -> Vec<(String, NodeStatus)> {
    let known: HashMap<&str, &NodeStatus> = moment
        .nodes
        .values()
        .map(|node| (node.name.as_str(), node))
        .collect();
    let missing = moment
        .waits
        .keys()
        .filter(|name| !known.contains_key(name.as_str()));
    let stand_in = |name: &String| {
        let boundary = name.rfind('.').map(|dot| &name[..dot])?;
        let boundary = known
            .get(boundary)
            .or_else(|| known.get(&boundary[..boundary.rfind('[')?]))?;
        let node = NodeStatus {
            id: name.clone(),
            name: name.clone(),
            display_name: tiphys_core::display_name(name, Some(&boundary.name)),
            r#type: Some(NodeType::Skipped),
            phase: Some(NodePhase::Pending),
            boundary_id: Some(boundary.id.clone()),
            ..NodeStatus::default()
        };
        Some((name.clone(), node))
    };
    missing.filter_map(stand_in).collect()
}

/// Leaves rows out until `room` is enough: those that wait first, then those that ended well; what runs or failed stays longest.
fn shorten(trees: &mut [Vec<Row<'_>>], room: usize) -> usize {
    let count: usize = trees.iter().map(Vec::len).sum();
    if count <= room {
        return 0;
    }
    let mut weights: Vec<(u8, usize)> = trees
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, row)| (weight(row.node), index))
        .collect();
    weights.sort_unstable();
    let keep = room.saturating_sub(1).max(1);
    let mut kept: Vec<bool> = vec![false; count];
    weights
        .iter()
        .take(keep)
        .for_each(|(_, index)| kept[*index] = true);
    let mut index = 0;
    for tree in trees.iter_mut() {
        tree.retain(|_| {
            index += 1;
            kept[index - 1]
        });
    }
    count - keep
}

fn weight(node: &NodeStatus) -> u8 {
    let opened = matches!(
        node.r#type,
        Some(NodeType::Steps | NodeType::Dag | NodeType::Retry)
    );
    match node.phase.unwrap_or_default() {
        NodePhase::Running if !opened => 0,
        NodePhase::Failed | NodePhase::Error => 1,
        NodePhase::Running => 2,
        NodePhase::Pending if node.started_at.is_some() => 3,
        NodePhase::Succeeded => 4,
        NodePhase::Pending => 5,
        NodePhase::Skipped | NodePhase::Omitted => 6,
    }
}
