//! `tiphys get`: one run, step by step.

use jiff::Timestamp;
use tiphys_spec::{Artifact, NodeStatus, Parameter, Workflow, WorkflowPhase};

use crate::args::{Get, GetOutput, Global, RunOutput};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::runs::{self, Place, Run};
use crate::text::{Line, clean};
use crate::tree::{self, Columns, Facts, Look};
use crate::{clock, object, style};

pub fn run(args: &Get, global: &Global, printer: &Printer) -> Outcome {
    let place = Place::of(global)?;
    let keep = runs::node_filter(&args.nodes)?;
    for (position, name) in args.names.iter().enumerate() {
        let run = place.find(name)?;
        match args.output {
            GetOutput::Json => printer.raw(&format!("{}\n", object::json(&run.whole()?)?)),
            GetOutput::Yaml => printer.raw(&format!(
                "{}{}",
                if position > 0 { "---\n" } else { "" },
                object::yaml(&run.whole()?)?
            )),
            GetOutput::Name => printer.line(run.name()),
            _ => {
                if position > 0 {
                    printer.line("");
                }
                show(&run, &run.workflow()?, args.output, &keep, printer)?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Header and tree.
pub fn show(
    run: &Run,
    workflow: &Workflow,
    output: GetOutput,
    keep: &dyn Fn(&NodeStatus) -> bool,
    printer: &Printer,
) -> Result<(), Failure> {
    let now = Timestamp::now();
    let status = workflow.status.clone().unwrap_or_default();
    if output != GetOutput::Short {
        header(run, workflow, now)
            .iter()
            .for_each(|line| printer.line(line));
    }
    let look = Look {
        utf8: printer.utf8(),
        omitted: output == GetOutput::Wide,
        keep,
    };
    let trees = tree::rows(run.name(), &status.nodes, &look);
    if trees.is_empty() {
        return Ok(());
    }
    if output != GetOutput::Short {
        printer.line("");
    }
    let waiting = if status.phase.is_some_and(WorkflowPhase::completed) {
        Vec::new()
    } else {
        run.waits()
    };
    let waits = |node: &NodeStatus| {
        waiting
            .iter()
            .find(|(name, reason)| *name == node.name && reason != "runs")
            .map(|(_, reason)| reason.clone())
    };
    let facts = Facts {
        workflow: run.name(),
        now,
        utf8: printer.utf8(),
        waits: &waits,
    };
    let columns = match output {
        GetOutput::Wide => Columns::Wide,
        GetOutput::Short => Columns::Short,
        _ => Columns::Normal,
    };
    tree::lines(&trees, columns, &facts)
        .iter()
        .for_each(|line| printer.line(line));
    Ok(())
}

/// The block of fields above the tree; each label takes twenty columns.
fn header(run: &Run, workflow: &Workflow, now: Timestamp) -> Vec<Line> {
    let meta = &workflow.metadata;
    let status = workflow.status.clone().unwrap_or_default();
    let phase = status.phase.unwrap_or_default();
    let mut lines = Vec::new();
    let mut field = |label: &str, value: String| {
        lines.push(Line::plain(format!("{:<20} {value}", format!("{label}:"))))
    };
    field("Name", run.name().to_owned());
    field("Namespace", meta.namespace.clone().unwrap_or_default());
    field(
        "ServiceAccount",
        workflow
            .spec
            .service_account_name
            .clone()
            .unwrap_or_else(|| {
                let unset = match run {
                    Run::Here(_) => "unset (steps run as you)",
                    Run::There(_) => "unset (pods run as the default ServiceAccount)",
                };
                unset.to_owned()
            }),
    );
    let word = object::status_word(workflow);
    let abandoned = !phase.completed() && phase != WorkflowPhase::Unknown && run.interrupted();
    field(
        "Status",
        if abandoned {
            format!("{word} (interrupted; `tiphys resume` goes on)")
        } else {
            word
        },
    );
    if let Some(message) = status
        .message
        .as_ref()
        .filter(|message| !message.is_empty())
    {
        field("Message", message.clone());
    }
    if !status.conditions.is_empty() {
        field("Conditions", String::new());
        for condition in &status.conditions {
            let text = condition
                .message
                .as_ref()
                .or(condition.status.as_ref())
                .cloned()
                .unwrap_or_default();
            field(
                &format!(" {}", condition.r#type.as_deref().unwrap_or_default()),
                text,
            );
        }
    }
    if let Some(created) = &meta.creation_timestamp {
        field("Created", clock::stamp(created, now));
    }
    if let Some(started) = &status.started_at {
        field("Started", clock::stamp(started, now));
    }
    if let Some(finished) = &status.finished_at {
        field("Finished", clock::stamp(finished, now));
    }
    if let Some(duration) =
        clock::between(status.started_at.as_ref(), status.finished_at.as_ref(), now)
    {
        field("Duration", clock::long(duration));
    }
    if let Some(progress) = &status.progress {
        field("Progress", progress.clone());
    }
    if !status.resources_duration.is_empty() {
        let each: Vec<String> = status
            .resources_duration
            .iter()
            .map(|(name, seconds)| format!("{seconds}s*{name}"))
            .collect();
        field("ResourcesDuration", each.join(","));
    }
    let arguments = workflow.spec.arguments.clone().unwrap_or_default();
    parameters("Parameters", &arguments.parameters, &mut field);
    let outputs = status.outputs.unwrap_or_default();
    parameters("Output Parameters", &outputs.parameters, &mut field);
    artifacts("Output Artifacts", &outputs.artifacts, &mut field);
    lines
}

fn parameters(label: &str, parameters: &[Parameter], field: &mut impl FnMut(&str, String)) {
    if parameters.is_empty() {
        return;
    }
    field(label, String::new());
    for parameter in parameters {
        let value = parameter
            .value
            .as_ref()
            .or(parameter.default.as_ref())
            .map(|value| clean(value))
            .unwrap_or_default();
        field(&format!("  {}", parameter.name), value);
    }
}

fn artifacts(label: &str, artifacts: &[Artifact], field: &mut impl FnMut(&str, String)) {
    if artifacts.is_empty() {
        return;
    }
    field(label, String::new());
    for artifact in artifacts {
        field(
            &format!("  {}", artifact.name),
            crate::artifact::place(artifact).unwrap_or_default(),
        );
    }
}

/// An object that was made or changed, as `-o` wants it.
pub fn print(run: &Run, output: Option<RunOutput>, printer: &Printer) -> Result<(), Failure> {
    match output {
        Some(RunOutput::Json) => printer.raw(&format!("{}\n", object::json(&run.whole()?)?)),
        Some(RunOutput::Yaml) => printer.raw(&format!("---\n{}", object::yaml(&run.whole()?)?)),
        Some(RunOutput::Name) => printer.line(run.name()),
        Some(RunOutput::Wide) => show(run, &run.workflow()?, GetOutput::Wide, &|_| true, printer)?,
        None => {}
    }
    Ok(())
}

/// A phase in its colour.
pub fn colored(phase: WorkflowPhase, word: &str) -> Line {
    Line::new().then(style::of_workflow(phase), word)
}
