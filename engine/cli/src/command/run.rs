//! `tiphys run`: workflows from files, run on this machine.

use std::sync::Arc;

use tiphys_graph::Purpose;

use super::counted;
use crate::args::{Global, Run};
use crate::failure::{Exit, Failure, Outcome};
use crate::plugins::{self, Given};
use crate::printer::Printer;
use crate::session::{self, Settings};
use crate::submit::{self, Batch, Job};
use crate::{runs, style};

pub fn run(args: &Run, global: &Global, printer: &Printer) -> Outcome {
    let mut given = Given::read(&args.plugins)?;
    given.grants = plugins::grants(&args.plugins.allowed, printer)?;
    let mut batch = Batch::read(&args.files, &args.with, printer)?;
    batch.shelf.library.kinds = given.registry()?;
    if args.name.is_some() && batch.jobs.len() > 1 {
        let count = counted(batch.jobs.len(), "workflow");
        return Err(Failure::new(format!("give {count} one name")).hint("use `--generate-name`"));
    }
    let parameters = submit::parameters(&args.parameters, args.parameter_file.as_ref())?;
    // Every fault of every workflow is told before the first one runs.
    let mut ready = Vec::new();
    for job in &batch.jobs {
        let workflow = prepared(job, args, &parameters);
        let plan = batch.plan(&workflow, &job.origin, Purpose::Run, printer)?;
        ready.push((workflow, plan));
    }
    let home = runs::home(global)?;
    let settings = Settings {
        printer,
        output: args.output,
        logs: args.logs,
        watch: args.watch,
        sandbox: args.sandbox,
        parallelism: args.parallelism,
    };
    let runtime = session::runtime()?;
    let mut worst = Exit::Done;
    for (workflow, plan) in ready {
        let mut submitted = session::submitted(workflow, &batch.shelf);
        given.keep(&home, &mut submitted)?;
        let folder = session::create(&home, &submitted)?;
        let exit = runtime.block_on(session::begin(&folder, Arc::new(plan), &settings))?;
        worst = worst.max(exit);
    }
    // Threads that still wait for something hold nothing that is needed.
    runtime.shutdown_background();
    Ok(worst)
}

/// A workflow with all that was typed put into it.
fn prepared(job: &Job, args: &Run, parameters: &[(String, String)]) -> tiphys_spec::Workflow {
    let mut workflow = job.workflow.clone();
    if let Some(entrypoint) = &args.entrypoint {
        workflow.spec.entrypoint = Some(entrypoint.clone());
    }
    if let Some(name) = &args.name {
        workflow.metadata.name = Some(name.clone());
    }
    if let Some(prefix) = &args.generate_name {
        workflow.metadata.name = None;
        workflow.metadata.generate_name = Some(prefix.clone());
    }
    if !args.labels.is_empty() {
        workflow
            .metadata
            .labels
            .get_or_insert_default()
            .extend(args.labels.iter().cloned());
    }
    submit::set_parameters(&mut workflow, parameters);
    submit::identify(&mut workflow);
    workflow
}

/// The first line of a run, and what is to know about where its steps run.
pub fn heading(name: &str, describe: &str, warnings: &[String], settings: &Settings<'_>) {
    let error = settings.quiet();
    settings.printer.say(
        error,
        format_args!(
            "{}  {}",
            style::paint(style::BOLD, name),
            style::paint(style::DIM, describe)
        ),
    );
    warnings
        .iter()
        .for_each(|warning| settings.printer.warning(warning));
}
