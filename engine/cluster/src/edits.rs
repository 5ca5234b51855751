//! What users want who write to the object themselves: `kubectl edit`, the `argo` CLI, whatever patches `spec.suspend`, `spec.shutdown`
//! or a suspend node.

use crate::stored::nodes;
use serde_json::Value;
use std::collections::BTreeMap;
use tiphys_core::{Command, Run, Selector, Shutdown};
use tiphys_spec::{NodePhase, NodeStatus};

/// The orders that an object holds, as it was read after somebody else wrote it.
pub(crate) fn edits(object: &Value, run: &Run) -> Vec<Command> {
    let spec = &object["spec"];
    let mut commands = Vec::new();
    let shutdown = run.extra().shutdown;
    match spec["shutdown"].as_str() {
        Some("Terminate") if shutdown != Some(Shutdown::Terminate) => {
            return vec![Command::Terminate];
        }
        Some("Stop") if shutdown.is_none() => {
            return vec![Command::Stop {
                selector: None,
                message: None,
            }];
        }
        _ => {}
    }
    // A workflow that is told to end is not suspended any more, whatever is still written there.
    if shutdown.is_none() {
        match (spec["suspend"] == true, run.suspended()) {
            (true, false) => commands.push(Command::Suspend),
            (false, true) => commands.push(Command::Unsuspend),
            _ => {}
        }
    }
    let mut waiting = run.suspend_nodes().peekable();
    // Packed nodes are unpacked only where somebody can have written into one.
    if waiting.peek().is_some() {
        let stored = nodes(&object["status"]).unwrap_or_default();
        commands.extend(waiting.filter_map(|node| set(stored.get(&node.id)?, node)));
    }
    commands
}

/// What was written into the record of a suspend node.
fn set(stored: &Value, node: &NodeStatus) -> Option<Command> {
    let stored: NodeStatus = serde_json::from_value(stored.clone()).ok()?;
    let given = |status: &NodeStatus| -> BTreeMap<String, String> {
        let outputs = status
            .outputs
            .iter()
            .flat_map(|outputs| &outputs.parameters);
        let value = |value: &tiphys_spec::AnyString| value.0.to_string();
        outputs
            .filter_map(|parameter| {
                Some((parameter.name.clone(), parameter.value.as_ref().map(value)?))
            })
            .collect()
    };
    let mut outputs = given(&stored);
    let known = given(node);
    outputs.retain(|name, value| known.get(name) != Some(value));
    let phase = stored.phase.filter(|phase| phase.terminal());
    let message = stored
        .message
        .filter(|message| Some(message) != node.message.as_ref());
    if outputs.is_empty() && phase.is_none() && message.is_none() {
        return None;
    }
    let selector = Selector::parse(&format!("id={}", node.id)).ok()?;
    Some(if phase == Some(NodePhase::Succeeded) {
        // Outputs that were not given take their defaults.
        Command::Resume {
            selector: Some(selector),
            outputs,
            message,
        }
    } else {
        Command::SetNode {
            selector,
            outputs,
            message,
            phase,
        }
    })
}
