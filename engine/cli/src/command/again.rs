//! `tiphys retry` and `tiphys resubmit`: a finished run once more, in this terminal.

use std::sync::Arc;

use tiphys_core::{RetryOptions, Selector};
use tiphys_local::{Home, Stored};
use tiphys_spec::WorkflowStatus;

use crate::args::{Global, Resubmit, Retry};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::session::{self, Settings};
use crate::{object, runs, submit};

pub fn retry(args: &Retry, global: &Global, printer: &Printer) -> Outcome {
    let home = runs::home(global)?;
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
        worst = worst.max(retry_one(&home, name, &options, args, &settings)?);
    }
    Ok(worst)
}

fn retry_one(
    home: &Home,
    name: &str,
    options: &RetryOptions,
    args: &Retry,
    settings: &Settings<'_>,
) -> Outcome {
    let folder = runs::find(home, name)?;
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
    let home = runs::home(global)?;
    let settings = Settings::of_view(&args.view, printer);
    let mut worst = Exit::Done;
    for name in &args.names {
        worst = worst.max(resubmit_one(&home, name, args, &settings)?);
    }
    Ok(worst)
}

fn resubmit_one(home: &Home, name: &str, args: &Resubmit, settings: &Settings<'_>) -> Outcome {
    let old = runs::find(home, name)?;
    let workflow = object::of_run(&old)?;
    let prefix = workflow
        .metadata
        .generate_name
        .clone()
        .unwrap_or_else(|| format!("{}-", old.name()));
    let name = format!("{prefix}{}", submit::suffix());
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
