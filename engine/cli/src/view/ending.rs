//! The last words about a run: how it ended, and for what failed, what it wrote last.

use tiphys_local::RunFolder;
use tiphys_spec::{NodeStatus, Workflow, WorkflowPhase};

use crate::logs;
use crate::printer::Printer;
use crate::text::clean;
use crate::{clock, style, tree};

/// How many failed nodes are told of, and how many lines of each log.
const NODES: usize = 3;
const LINES: usize = 10;

pub fn tell(
    printer: &Printer,
    error: bool,
    folder: &RunFolder,
    workflow: &Workflow,
    logs_were_shown: bool,
) {
    let Some(status) = &workflow.status else {
        return;
    };
    let phase = status.phase.unwrap_or_default();
    if !phase.completed() {
        return;
    }
    if phase != WorkflowPhase::Succeeded && !logs_were_shown {
        let failed: Vec<&NodeStatus> = tree::in_order(folder.name(), &status.nodes)
            .into_iter()
            .filter(|node| is_culprit(node))
            .collect();
        failed
            .iter()
            .take(NODES)
            .for_each(|node| culprit(printer, error, folder, node));
        if failed.len() > NODES {
            printer.say(
                error,
                format_args!("… and {} more failed", failed.len() - NODES),
            );
        }
    }
    let mut text = format!(
        "{} {}",
        workflow.metadata.name.as_deref().unwrap_or_default(),
        style::paint(
            style::of_workflow(phase),
            crate::object::status_word(workflow)
        )
    );
    if let Some(duration) = status
        .finished_at
        .as_ref()
        .and_then(|end| clock::between(status.started_at.as_ref(), Some(end), end.0))
    {
        text.push_str(&format!(" in {}", clock::short(duration)));
    }
    if let Some(message) = status
        .message
        .as_ref()
        .filter(|message| !message.is_empty())
    {
        text.push_str(&format!(": {}", clean(message)));
    }
    printer.say(error, text);
    if phase != WorkflowPhase::Succeeded && status.nodes.values().any(is_culprit) {
        printer.hint(format_args!("`tiphys logs {0}` prints its logs, `tiphys why {0}` why it failed, `tiphys retry {0}` runs what failed again", folder.name()));
    }
}

fn is_culprit(node: &NodeStatus) -> bool {
    node.phase.is_some_and(|phase| phase.unsuccessful()) && logs::writes(node)
}

fn culprit(printer: &Printer, error: bool, folder: &RunFolder, node: &NodeStatus) {
    let lines = logs::last(folder, &node.id, LINES);
    if lines.is_empty() {
        return;
    }
    let name = super::path(folder.name(), &node.name);
    printer.say(
        error,
        format_args!(
            "{}",
            style::paint(
                style::of_phase(node.phase.unwrap_or_default()),
                format!("{name} wrote last:")
            )
        ),
    );
    for line in lines {
        printer.say(error, format_args!("  {line}"));
    }
}
