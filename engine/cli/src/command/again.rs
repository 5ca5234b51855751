//! `tiphys retry` and `tiphys resubmit`: a finished run once more, in this terminal.

use std::sync::Arc;

use tiphys_cluster::verbs::Resubmission;
use tiphys_core::{RetryOptions, Selector};
use tiphys_local::{RunFolder, Stored};
use tiphys_spec::{Workflow, WorkflowStatus};

use crate::args::{Global, Resubmit, Retry};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::runs::{Place, Run, There};
use crate::session::{self, Settings};
use crate::{object, submit};

pub fn retry(args: &Retry, global: &Global, printer: &Printer) -> Outcome {
    let place = Place::of(global)?;
    let selector = args
        .node_field_selector
        .as_deref()
        .map(Selector::parse)
        .transpose();
    let selector = selector
        .map_err(|reason| Failure::new(format!("read the node field selector: {reason}")))?;
    let options = RetryOptions {
        restart_successful: args.restart_successful,
        selector,
    };
    let settings = Settings::of_view(&args.view, printer);
    let mut worst = Exit::Done;
    for name in &args.names {
        let exit = match place.find(name)? {
            Run::Here(folder) => retry_here(&folder, &options, args, &settings)?,
            Run::There(run) => {
                run.retry(&options, &args.parameters)?;
                let run = Run::There(run);
                super::submit::told(&run, "retried", &args.view, printer)?;
                super::submit::follow(&run, &args.view, printer)?
            }
        };
        worst = worst.max(exit);
    }
    Ok(worst)
}

fn retry_here(
    folder: &RunFolder,
    options: &RetryOptions,
    args: &Retry,
    settings: &Settings<'_>,
) -> Outcome {
    let held = folder.hold().map_err(|error| Failure::of(&error))?;
    let stored = held
        .stored()
        .map_err(|error| Failure::of(&error))?
        .unwrap_or_default();
    let (status, extra) = tiphys_core::retry(&stored.status, &stored.extra, options)
        .map_err(|reason| Failure::new(format!("retry `{}`: {reason}", folder.name())))?;
    let mut submitted = held.submitted().map_err(|error| Failure::of(&error))?;
    submit::set_parameters(&mut submitted.workflow, &args.parameters);
    let plan = Arc::new(session::plan_of(folder.home(), &submitted)?);
    if !args.parameters.is_empty() {
        held.replace_submitted(&submitted)
            .map_err(|error| Failure::of(&error))?;
    }
    held.replace_state(&Stored { status, extra })
        .map_err(|error| Failure::of(&error))?;
    session::runtime()?.block_on(session::begin_held(held, plan, settings))
}

pub fn resubmit(args: &Resubmit, global: &Global, printer: &Printer) -> Outcome {
    let place = Place::of(global)?;
    let settings = Settings::of_view(&args.view, printer);
    let mut worst = Exit::Done;
    for name in &args.names {
        let exit = match place.find(name)? {
            Run::Here(folder) => resubmit_here(&folder, args, &settings)?,
            Run::There(old) => {
                let run = Run::There(resubmit_there(&old, args)?);
                super::submit::told(&run, "submitted", &args.view, printer)?;
                super::submit::follow(&run, &args.view, printer)?
            }
        };
        worst = worst.max(exit);
    }
    Ok(worst)
}

/// A name for a workflow like this one.
fn anew(workflow: &Workflow) -> String {
    let meta = &workflow.metadata;
    let old = meta.name.as_deref().unwrap_or_default();
    let prefix = meta.generate_name.clone();
    let prefix = prefix.unwrap_or_else(|| format!("{old}-"));
    format!("{prefix}{}", submit::suffix())
}

fn resubmit_there(old: &There, args: &Resubmit) -> Result<There, Failure> {
    old.resubmit(&Resubmission {
        name: &anew(&old.workflow()?),
        memoized: args.memoized,
        parameters: &args.parameters,
    })
}

fn resubmit_here(old: &RunFolder, args: &Resubmit, settings: &Settings<'_>) -> Outcome {
    let home = old.home();
    let workflow = object::of_run(old)?;
    let name = anew(&workflow);
    let new = tiphys_core::resubmit(&workflow, &name, args.memoized, &args.parameters);
    let mut new =
        new.map_err(|reason| Failure::new(format!("resubmit `{}`: {reason}", old.name())))?;
    let known: Option<WorkflowStatus> = new.status.take();
    submit::identify(&mut new);
    let mut submitted = old.submitted().map_err(|error| Failure::of(&error))?;
    submitted.workflow = new;
    submitted.seed = submit::random();
    let plan = Arc::new(session::plan_of(home, &submitted)?);
    let folder = session::create(home, &submitted)?;
    let held = folder.hold().map_err(|error| Failure::of(&error))?;
    if let Some(status) = known {
        held.replace_state(&Stored {
            status,
            ..Stored::default()
        })
        .map_err(|error| Failure::of(&error))?;
    }
    session::runtime()?.block_on(session::begin_held(held, plan, settings))
}
