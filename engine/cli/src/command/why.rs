//! `tiphys why`: what a run waits for, or why it ended as it did.

use serde::Serialize;
use tiphys_spec::{NodePhase, NodeStatus, NodeType, Workflow};

use crate::args::{Global, Why, WhyOutput};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::runs::{Place, Run};
use crate::text::clean;
use crate::{logs, object, style, tree, view};

/// One answer.
#[derive(Serialize)]
struct Answer {
    /// Empty for the workflow as a whole.
    node: String,
    phase: String,
    reason: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<String>,
}

pub fn run(args: &Why, global: &Global, printer: &Printer) -> Outcome {
    let run = Place::of(global)?.find(&args.name)?;
    let workflow = run.workflow()?;
    let node = args.node.as_deref().unwrap_or_default();
    let ended = workflow
        .status
        .as_ref()
        .is_some_and(|status| status.phase.unwrap_or_default().completed());
    let answers = if ended {
        of_ended(&run, &workflow, node)
    } else {
        of_waiting(&run, &workflow, node)
    };
    if answers.is_empty() {
        let failure = Failure::new(format!("find `{node}` in the run `{}`", run.name()));
        return Err(failure.hint(format!("`tiphys get {}` shows its nodes", run.name())));
    }
    match args.output {
        WhyOutput::Json => printer.raw(&format!("{}\n", object::json(&answers)?)),
        WhyOutput::Text => answers
            .iter()
            .for_each(|answer| tell(answer, run.name(), printer)),
    }
    Ok(Exit::Done)
}

fn tell(answer: &Answer, workflow: &str, printer: &Printer) {
    let name = if answer.node.is_empty() {
        workflow
    } else {
        view::path(workflow, &answer.node)
    };
    printer.line(format_args!(
        "{}  {}",
        style::paint(style::BOLD, clean(name)),
        clean(&answer.reason)
    ));
    answer
        .log
        .iter()
        .for_each(|line| printer.line(format_args!("    {line}")));
}

/// Of a run that goes on, from who runs it.
fn of_waiting(run: &Run, workflow: &Workflow, node: &str) -> Vec<Answer> {
    let Some(reasons) = run.waiting(node) else {
        let reason = run.unattended().unwrap_or_default();
        return vec![Answer {
            node: String::new(),
            phase: object::status_word(workflow),
            reason,
            log: Vec::new(),
        }];
    };
    let phase = |name: &str| {
        let nodes = workflow
            .status
            .iter()
            .flat_map(|status| status.nodes.values());
        nodes
            .into_iter()
            .find(|node| node.name == name)
            .and_then(|node| node.phase)
            .unwrap_or_default()
            .to_string()
    };
    let told = |(name, reason): (String, String)| Answer {
        phase: phase(&name),
        node: name,
        reason,
        log: Vec::new(),
    };
    reasons.into_iter().map(told).collect()
}

/// Of a run that has ended, from its records.
fn of_ended(run: &Run, workflow: &Workflow, wanted: &str) -> Vec<Answer> {
    let Some(status) = &workflow.status else {
        return Vec::new();
    };
    let nodes = tree::in_order(run.name(), &status.nodes);
    let is_wanted = |node: &NodeStatus| {
        let path = view::path(run.name(), &node.name);
        [&node.name, &node.id, &node.display_name]
            .iter()
            .any(|own| *own == wanted)
            || path == wanted
    };
    let explain = |node: &&NodeStatus| Answer {
        node: node.name.clone(),
        phase: node.phase.unwrap_or_default().to_string(),
        reason: reason(node, workflow),
        log: if node.phase.is_some_and(NodePhase::unsuccessful) && logs::writes(node) {
            run.last_lines(node, 5)
        } else {
            Vec::new()
        },
    };
    if !wanted.is_empty() {
        return nodes
            .iter()
            .filter(|node| is_wanted(node))
            .map(explain)
            .collect();
    }
    let phase = object::status_word(workflow);
    let reason = status
        .message
        .clone()
        .filter(|message| !message.is_empty())
        .map_or_else(
            || phase.clone(),
            |message| format!("{phase}: {}", named(&message, workflow)),
        );
    let mut answers = vec![Answer {
        node: String::new(),
        phase,
        reason,
        log: Vec::new(),
    }];
    let silent = |node: &&&NodeStatus| {
        !matches!(node.r#type, Some(NodeType::StepGroup | NodeType::TaskGroup))
    };
    let unhappy = nodes
        .iter()
        .filter(|node| node.name != run.name())
        .filter(silent)
        .filter(|node| !matches!(node.phase, Some(NodePhase::Succeeded) | None));
    answers.extend(unhappy.map(explain));
    answers
}

fn reason(node: &NodeStatus, workflow: &Workflow) -> String {
    let phase = node.phase.unwrap_or_default();
    let exit = node
        .outputs
        .as_ref()
        .and_then(|outputs| outputs.exit_code.as_ref());
    match node
        .message
        .as_deref()
        .filter(|message| !message.is_empty())
    {
        Some(message) => format!("{phase}: {}", named(message, workflow)),
        None => exit.map_or_else(
            || phase.to_string(),
            |code| format!("{phase}: exit code {code}"),
        ),
    }
}

/// A message with the names of nodes in the place of their IDs.
fn named(message: &str, workflow: &Workflow) -> String {
    let Some((head, rest)) = message.split_once("child '") else {
        return message.to_owned();
    };
    let Some((id, tail)) = rest.split_once('\'') else {
        return message.to_owned();
    };
    let node = workflow
        .status
        .as_ref()
        .and_then(|status| status.nodes.get(id));
    node.map_or_else(
        || message.to_owned(),
        |node| format!("{head}child '{}'{tail}", node.display_name),
    )
}
