//! The laws of a run, checked from outside: on records and effects alone.

use std::collections::{BTreeMap, BTreeSet};
use tiphys_core::Run;
use tiphys_graph::plan::Plan;
use tiphys_spec::{NodePhase, NodeStatus, NodeType, WorkflowPhase};

/// What was true once and must stay so.
#[derive(Default)]
pub struct Ledger {
    ended: BTreeMap<String, (NodePhase, Option<String>)>,
    limits: BTreeMap<String, usize>,
}

impl Ledger {
    pub fn new(plan: &Plan) -> Self {
        let limits = plan
            .templates
            .iter()
            .filter_map(|template| Some((template.name.clone(), template.parallelism?)))
            .collect();
        Self {
            ended: BTreeMap::new(),
            limits,
        }
    }

    /// Terminal is terminal.
    pub fn record(&mut self, node: &NodeStatus) -> Result<(), String> {
        let phase = node.phase.unwrap_or_default();
        if let Some((old, message)) = self.ended.get(&node.id) {
            if *old != phase {
                return Err(format!("{} was {old} and is {phase}", node.name));
            }
            if *message != node.message {
                return Err(format!(
                    "{} said {message:?} at its end and says {:?}",
                    node.name, node.message
                ));
            }
        } else if phase.terminal() {
            self.ended
                .insert(node.id.clone(), (phase, node.message.clone()));
        }
        Ok(())
    }

    /// Whether the node had ended in an earlier decision.
    pub fn ended(&self, id: &str) -> bool {
        self.ended.contains_key(id)
    }

    /// Names, IDs, edges; limits.
    pub fn structure(&self, run: &Run, plan: &Plan) -> Result<(), String> {
        let mut by_id: BTreeMap<&str, &NodeStatus> = BTreeMap::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for node in run.nodes() {
            if by_id.insert(&node.id, node).is_some() {
                return Err(format!("two nodes have the ID {}", node.id));
            }
            if !names.insert(&node.name) {
                return Err(format!("two nodes have the name {}", node.name));
            }
        }
        let mut parented: BTreeSet<&str> = BTreeSet::new();
        let mut active: BTreeMap<&str, usize> = BTreeMap::new();
        let mut pods = 0;
        for node in run.nodes() {
            let mut own: BTreeSet<&str> = BTreeSet::new();
            for child in &node.children {
                if !by_id.contains_key(child.as_str()) {
                    return Err(format!(
                        "{} has the child {child}, which is not there",
                        node.name
                    ));
                }
                if !own.insert(child) {
                    return Err(format!("{} has the child {child} twice", node.name));
                }
                parented.insert(child);
            }
            if let Some(boundary) = &node.boundary_id
                && !by_id.contains_key(boundary.as_str())
            {
                return Err(format!(
                    "{} has the boundary {boundary}, which is not there",
                    node.name
                ));
            }
            let phase = node.phase.unwrap_or_default();
            if phase.terminal() != node.finished_at.is_some() {
                return Err(format!(
                    "{} is {phase}, finished at {:?}",
                    node.name, node.finished_at
                ));
            }
            let live = matches!(phase, NodePhase::Pending | NodePhase::Running);
            let hooked = node
                .node_flag
                .as_deref()
                .is_some_and(|flag| flag.hooked == Some(true));
            let daemon = node.daemoned == Some(true);
            let counts = matches!(
                node.r#type,
                Some(NodeType::Pod | NodeType::Steps | NodeType::Dag)
            );
            if let Some(boundary) = &node.boundary_id
                && live
                && counts
                && !hooked
                && !daemon
            {
                *active.entry(boundary).or_default() += 1;
            }
            if phase == NodePhase::Running && node.r#type == Some(NodeType::Pod) {
                pods += 1;
            }
        }
        for node in run.nodes() {
            let root = node.name == run.name() || node.name == format!("{}.onExit", run.name());
            if !root && !parented.contains(node.id.as_str()) {
                return Err(format!("{} hangs off nothing", node.name));
            }
        }
        for (boundary, count) in active {
            let template = by_id[boundary].template_name.as_deref().unwrap_or_default();
            if self
                .limits
                .get(template)
                .is_some_and(|limit| count > *limit)
            {
                return Err(format!(
                    "{count} children of {} are active at once, its template allows {}",
                    by_id[boundary].name, self.limits[template]
                ));
            }
        }
        if plan.parallelism.is_some_and(|limit| pods > limit) {
            return Err(format!(
                "{pods} pods run at once, the workflow allows {:?}",
                plan.parallelism
            ));
        }
        Ok(())
    }

    /// A finished run: everything has ended, and its phase follows from the root and the exit handler.
    pub fn end(&self, run: &Run, stopped: bool) -> Result<(), String> {
        for node in run.nodes() {
            if !node.phase.is_some_and(NodePhase::terminal) {
                return Err(format!(
                    "the workflow has ended and {} is {:?}",
                    node.name, node.phase
                ));
            }
            if node.daemoned == Some(true) {
                return Err(format!(
                    "the workflow has ended and {} is a daemon still",
                    node.name
                ));
            }
        }
        let phase_of = |name: &str| {
            run.nodes()
                .find(|node| node.name == name)
                .and_then(|node| node.phase)
        };
        let (root, exit) = (
            phase_of(run.name()),
            phase_of(&format!("{}.onExit", run.name())),
        );
        let of = |phase: Option<NodePhase>| match phase {
            Some(NodePhase::Failed) => WorkflowPhase::Failed,
            Some(NodePhase::Error) => WorkflowPhase::Error,
            _ => WorkflowPhase::Succeeded,
        };
        let wanted = if of(root) == WorkflowPhase::Succeeded {
            of(exit)
        } else {
            of(root)
        };
        let phase = run.phase();
        if phase != wanted && !(stopped && phase == WorkflowPhase::Failed) {
            return Err(format!(
                "the workflow is {phase}; its root is {root:?}, its exit handler {exit:?}"
            ));
        }
        Ok(())
    }
}

/// What a run came to, without times and IDs: two runs of one seed must agree on it.
pub fn tree(run: &Run) -> Vec<String> {
    let names: BTreeMap<&str, &str> = run
        .nodes()
        .map(|node| (node.id.as_str(), node.name.as_str()))
        .collect();
    let mut lines: Vec<String> = run
        .nodes()
        .map(|node| {
            let mut children: Vec<&str> =
                node.children.iter().map(|id| names[id.as_str()]).collect();
            children.sort_unstable();
            let values = |all: &[tiphys_spec::Parameter]| {
                all.iter()
                    .map(|p| format!("{}={}", p.name, p.value.as_deref().unwrap_or("?")))
                    .collect::<Vec<_>>()
                    .join(",")
            };
            let inputs = node
                .inputs
                .as_deref()
                .map(|i| values(&i.parameters))
                .unwrap_or_default();
            let outputs = node
                .outputs
                .as_deref()
                .map(|o| values(&o.parameters))
                .unwrap_or_default();
            let (kind, phase) = (
                node.r#type.map_or("", |t| t.as_str()),
                node.phase.map_or("", |p| p.as_str()),
            );
            let message = node.message.as_deref().unwrap_or_default();
            format!(
                "{} {kind} {phase} «{message}» in({inputs}) out({outputs}) [{}]",
                node.name,
                children.join(" ")
            )
        })
        .collect();
    lines.sort();
    lines.insert(
        0,
        format!(
            "{} «{}» {}",
            run.phase(),
            run.summary().message.unwrap_or_default(),
            progress(run)
        ),
    );
    lines
}

/// The workflow's progress: as many parts done as there are, or what is wrong with it. How many a node has is said by its pod alone, which
/// nobody hears of in calm.
fn progress(run: &Run) -> String {
    let said = run.summary().progress.unwrap_or_default();
    let (mut done, mut of) = (0, 0);
    for node in run.nodes() {
        let kind = node.r#type.unwrap_or_default();
        if !matches!(
            kind,
            NodeType::Pod | NodeType::Suspend | NodeType::Http | NodeType::Plugin
        ) {
            continue;
        }
        let parts = node.progress.as_deref().unwrap_or("0/1").split_once('/');
        let parts =
            parts.and_then(|(done, of)| Some((done.parse::<u64>().ok()?, of.parse::<u64>().ok()?)));
        let parts = parts.unwrap_or((0, 1));
        let ended = node.phase.is_some_and(NodePhase::terminal);
        done += if ended { parts.1 } else { parts.0 };
        of += parts.1;
    }
    match said == format!("{done}/{of}") {
        true => "whole".to_owned(),
        false => format!("{said} and not {done}/{of}"),
    }
}
