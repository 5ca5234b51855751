//! A finished workflow once more: `retry` in place, `resubmit` as a new one.

use crate::name::node_id;
use crate::run::Extra;
use crate::selector::Selector;
use std::collections::{BTreeMap, BTreeSet};
use tiphys_spec::{self as spec, NodePhase, NodeType, WorkflowPhase};

/// What to run again besides what failed.
#[derive(Clone, Debug, Default)]
pub struct RetryOptions {
    /// Also the succeeded nodes that `selector` matches.
    pub restart_successful: bool,
    pub selector: Option<Selector>,
}

/// A failed workflow made ready to go on: nodes that failed, and what came after them, are removed; what holds them runs again.
///
/// # Errors
/// The workflow has not ended, or there is nothing to retry.
pub fn retry(
    status: &spec::WorkflowStatus,
    extra: &Extra,
    options: &RetryOptions,
) -> Result<(spec::WorkflowStatus, Extra), String> {
    let phase = status.phase.unwrap_or_default();
    let fits = match phase {
        WorkflowPhase::Failed | WorkflowPhase::Error => true,
        WorkflowPhase::Succeeded => options.restart_successful && options.selector.is_some(),
        _ => {
            return Err(format!(
                "workflow must be Failed or Error to retry, it is {phase}"
            ));
        }
    };
    if !fits {
        return Err("workflow succeeded; to run parts of it again give restart-successful and a node field selector".to_owned());
    }
    let nodes = &status.nodes;
    let mut doomed: BTreeSet<&str> = BTreeSet::new();
    let mut reopened: BTreeSet<&str> = BTreeSet::new();
    for node in nodes.values() {
        let exit = node
            .node_flag
            .as_deref()
            .is_some_and(|flag| flag.hooked == Some(true))
            || node.name.ends_with(".onExit");
        let chosen = options.restart_successful
            && options
                .selector
                .as_ref()
                .is_some_and(|selector| selector.matches(node));
        let leaf = !matches!(
            node.r#type,
            Some(
                NodeType::Steps
                    | NodeType::StepGroup
                    | NodeType::Dag
                    | NodeType::TaskGroup
                    | NodeType::Retry
            )
        );
        let failed = node
            .phase
            .is_some_and(|phase| phase.unsuccessful() || !phase.terminal());
        if exit || chosen || leaf && failed {
            doom(nodes, &node.id, &mut doomed, &mut reopened);
        }
    }
    let mut kept: BTreeMap<String, spec::NodeStatus> = BTreeMap::new();
    for (id, node) in nodes.iter().filter(|(id, _)| !doomed.contains(id.as_str())) {
        let mut node = node.clone();
        node.children
            .retain(|child| !doomed.contains(child.as_str()));
        let composite = matches!(
            node.r#type,
            Some(
                NodeType::Steps
                    | NodeType::StepGroup
                    | NodeType::Dag
                    | NodeType::TaskGroup
                    | NodeType::Retry
            )
        );
        let lost = node.children.len() < nodes[id].children.len();
        if reopened.contains(id.as_str())
            || composite && (lost || node.phase.is_some_and(NodePhase::unsuccessful))
        {
            node.phase = Some(NodePhase::Running);
            node.message = None;
            node.finished_at = None;
            node.outputs = None;
            node.outbound_nodes.clear();
        }
        kept.insert(id.clone(), node);
    }
    let fresh = spec::WorkflowStatus {
        phase: Some(WorkflowPhase::Running),
        nodes: kept,
        outputs: status.outputs.clone(),
        ..spec::WorkflowStatus::default()
    };
    let extra = Extra {
        attempt: extra.attempt + 1,
        ..Extra::default()
    };
    Ok((fresh, extra))
}

/// A node goes, with all that hangs below it; what holds it opens again.
fn doom<'a>(
    nodes: &'a BTreeMap<String, spec::NodeStatus>,
    id: &'a str,
    doomed: &mut BTreeSet<&'a str>,
    reopened: &mut BTreeSet<&'a str>,
) {
    let mut stack = vec![id];
    while let Some(id) = stack.pop() {
        let Some(node) = nodes.get(id) else { continue };
        if !doomed.insert(&node.id) {
            continue;
        }
        stack.extend(node.children.iter().map(String::as_str));
        // An attempt takes its Retry node's other attempts with it: the retried node starts from its first attempt again.
        let retried = node
            .node_flag
            .as_deref()
            .is_some_and(|flag| flag.retried == Some(true));
        if retried
            && let Some(parent) = nodes.values().find(|parent| {
                parent.r#type == Some(NodeType::Retry) && parent.children.contains(&node.id)
            })
        {
            stack.push(&parent.id);
        }
        let mut above = node.boundary_id.as_deref();
        while let Some(boundary) = above.and_then(|id| nodes.get(id)) {
            reopened.insert(&boundary.id);
            above = boundary.boundary_id.as_deref();
        }
    }
}

/// A new workflow like an old one. Memoized: what succeeded is kept as skipped nodes with the old outputs.
///
/// # Errors
/// A memoized resubmission of a workflow that has not failed.
pub fn resubmit(
    workflow: &spec::Workflow,
    name: &str,
    memoized: bool,
    parameters: &[(String, String)],
) -> Result<spec::Workflow, String> {
    let mut new = workflow.clone();
    let old_name = workflow.metadata.name.clone().unwrap_or_default();
    let meta = &mut new.metadata;
    meta.name = Some(name.to_owned());
    meta.uid = None;
    meta.creation_timestamp = None;
    meta.resource_version = None;
    meta.generate_name
        .get_or_insert_with(|| format!("{old_name}-"));
    let labels = meta.labels.get_or_insert_default();
    labels.retain(|key, _| {
        !matches!(
            key.as_str(),
            "workflows.argoproj.io/phase"
                | "workflows.argoproj.io/completed"
                | "workflows.argoproj.io/workflow-archiving-status"
        ) && !key.starts_with("workflows.argoproj.io/creator")
    });
    labels.insert(
        "workflows.argoproj.io/resubmitted-from-workflow".to_owned(),
        old_name.clone(),
    );
    new.spec.shutdown = None;
    new.spec.suspend = None;
    let arguments = new.spec.arguments.get_or_insert_default();
    for (name, value) in parameters {
        match arguments.parameters.iter_mut().find(|p| p.name == *name) {
            Some(parameter) => {
                parameter.value = Some(value.as_str().into());
                parameter.value_from = None;
            }
            None => arguments.parameters.push(spec::Parameter {
                name: name.clone(),
                value: Some(value.as_str().into()),
                ..spec::Parameter::default()
            }),
        }
    }
    let status = new.status.take().unwrap_or_default();
    if memoized {
        let phase = status.phase.unwrap_or_default();
        if !matches!(phase, WorkflowPhase::Failed | WorkflowPhase::Error) {
            return Err("workflow must be Failed or Error to resubmit in memoized mode".to_owned());
        }
        let nodes = status
            .nodes
            .values()
            .filter(|node| {
                node.phase == Some(NodePhase::Succeeded)
                    && matches!(
                        node.r#type,
                        Some(NodeType::Pod | NodeType::Suspend | NodeType::Http)
                    )
            })
            .filter(|node| !node.name.ends_with(".onExit"))
            .map(|node| renamed(node, &old_name, name))
            .map(|node| (node.id.clone(), node))
            .collect();
        new.status = Some(spec::WorkflowStatus {
            nodes,
            ..spec::WorkflowStatus::default()
        });
    }
    Ok(new)
}

/// A succeeded node of the old workflow as a skipped one of the new.
fn renamed(node: &spec::NodeStatus, old: &str, new: &str) -> spec::NodeStatus {
    let swap = |name: &str| {
        name.strip_prefix(old)
            .map_or_else(|| name.to_owned(), |rest| format!("{new}{rest}"))
    };
    let name = swap(&node.name);
    spec::NodeStatus {
        id: node_id(new, &name),
        name,
        r#type: Some(NodeType::Skipped),
        phase: Some(NodePhase::Skipped),
        message: Some(format!("original pod: {}", node.id)),
        boundary_id: None,
        children: Vec::new(),
        outbound_nodes: Vec::new(),
        ..node.clone()
    }
}
