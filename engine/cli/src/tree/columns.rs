//! What is said of each row of a tree.

use jiff::Timestamp;
use tiphys_spec::{NodeStatus, NodeType};

use super::Row;
use crate::text::Line;
use crate::{clock, logs, style, table::Table};

/// Which columns there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    Normal,
    /// Where each pod ran, too.
    Short,
    Wide,
    /// No pod names: for a run that is being watched on this machine.
    Live,
}

/// What a column needs to know besides the node.
pub struct Facts<'a> {
    pub workflow: &'a str,
    pub now: Timestamp,
    pub utf8: bool,
    /// Why a node waits, where nothing is in its record.
    pub waits: &'a dyn Fn(&NodeStatus) -> Option<String>,
}

/// The trees as a table, an empty line between two of them.
pub fn lines(trees: &[Vec<Row<'_>>], columns: Columns, facts: &Facts<'_>) -> Vec<Line> {
    let head: &[&str] = match columns {
        Columns::Normal => &["STEP", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE"],
        Columns::Short => &[
            "STEP", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE", "NODENAME",
        ],
        Columns::Wide => &[
            "STEP",
            "TEMPLATE",
            "PODNAME",
            "DURATION",
            "ARTIFACTS",
            "MESSAGE",
            "RESOURCESDURATION",
            "NODENAME",
        ],
        Columns::Live => &["STEP", "TEMPLATE", "DURATION", "MESSAGE"],
    };
    let mut table = Table::new(head, 2);
    for (position, tree) in trees.iter().enumerate() {
        if position > 0 {
            table.space();
        }
        for row in tree {
            table.row(cells(row, columns, facts));
        }
    }
    table.lines(true)
}

fn cells(row: &Row<'_>, columns: Columns, facts: &Facts<'_>) -> Vec<Line> {
    let node = row.node;
    let pod = node.r#type == Some(NodeType::Pod);
    let template = Line::plain(template(node));
    let pod_name = || {
        if pod {
            Line::plain(pod_name(facts.workflow, node))
        } else {
            Line::new()
        }
    };
    let timed = logs::writes(node)
        || (columns == Columns::Live && !matches!(node.r#type, Some(NodeType::Skipped)));
    let duration = clock::between(
        node.started_at.as_ref(),
        node.finished_at.as_ref(),
        facts.now,
    );
    let duration = Line::plain(
        duration
            .filter(|_| timed)
            .map(clock::short)
            .unwrap_or_default(),
    );
    let message = message(node, facts);
    let host = || Line::plain(node.host_node_name.as_deref().unwrap_or_default());
    let step = step(row, facts);
    match columns {
        Columns::Normal => vec![step, template, pod_name(), duration, message],
        Columns::Short => vec![step, template, pod_name(), duration, message, host()],
        Columns::Wide => vec![
            step,
            template,
            pod_name(),
            duration,
            artifacts(node),
            message,
            resources(node),
            host(),
        ],
        Columns::Live => vec![step, template, duration, message],
    }
}

fn step(row: &Row<'_>, facts: &Facts<'_>) -> Line {
    let phase = style::of_phase(row.node.phase.unwrap_or_default());
    let line = Line::new()
        .then(style::DIM, &row.lead)
        .then(phase, style::icon(row.node, facts.utf8));
    let name = if row.node.display_name.is_empty() {
        &row.node.name
    } else {
        &row.node.display_name
    };
    line.then(anstyle::Style::new(), format!(" {name}"))
}

/// The template of a node, with where it is from.
fn template(node: &NodeStatus) -> String {
    match &node.template_ref {
        Some(reference) => format!(
            "{}/{}",
            reference.name,
            reference.template.as_deref().unwrap_or_default()
        ),
        None => node.template_name.clone().unwrap_or_default(),
    }
}

/// The name of a node's pod.
pub fn pod_name(workflow: &str, node: &NodeStatus) -> String {
    let template = node
        .template_ref
        .as_ref()
        .and_then(|reference| reference.template.as_deref())
        .or(node.template_name.as_deref());
    tiphys_core::pod_name(workflow, &node.name, template.unwrap_or_default())
}

fn message(node: &NodeStatus, facts: &Facts<'_>) -> Line {
    let own = node.message.clone().filter(|message| !message.is_empty());
    match own {
        Some(message) => Line::plain(message),
        None => Line::new().then(style::DIM, (facts.waits)(node).unwrap_or_default()),
    }
}

fn artifacts(node: &NodeStatus) -> Line {
    let names = node
        .outputs
        .iter()
        .flat_map(|outputs| &outputs.artifacts)
        .map(|artifact| artifact.name.as_str());
    Line::plain(names.collect::<Vec<_>>().join(","))
}

fn resources(node: &NodeStatus) -> Line {
    let each = node
        .resources_duration
        .iter()
        .map(|(name, seconds)| format!("{seconds}s*{name}"));
    Line::plain(each.collect::<Vec<_>>().join(","))
}
