//! `tiphys suspend`, `resume`, `stop`, `terminate` and `node set`: orders to a run, from any terminal.

use std::sync::Arc;

use tiphys_local::{Delivered, Order, RunFolder};
use tiphys_spec::NodePhase;

use crate::args::{Global, NodeSet, Resume, Stop};
use crate::failure::{Exit, Failure, Outcome};
use crate::object;
use crate::printer::Printer;
use crate::runs::{Place, Run};
use crate::session::{self, Settings};

/// Gives one order to several runs. `done` fits after "workflow x".
pub fn give(
    names: &[String],
    order: &Order,
    done: &str,
    global: &Global,
    printer: &Printer,
) -> Outcome {
    let place = Place::of(global)?;
    for name in names {
        let run = place.find(name)?;
        open(&run, done)?;
        deliver(&run, order, done, printer)?;
    }
    Ok(Exit::Done)
}

/// An error where the run has ended.
fn open(run: &Run, done: &str) -> Result<(), Failure> {
    let phase = run.phase()?;
    if phase.completed() {
        return Err(Failure::new(format!(
            "have `{}` {done}: it has ended ({phase})",
            run.name()
        )));
    }
    Ok(())
}

fn deliver(run: &Run, order: &Order, done: &str, printer: &Printer) -> Result<(), Failure> {
    let name = run.name();
    match run.order(order)? {
        Delivered::Taken => printer.line(format_args!("workflow {name} {done}")),
        Delivered::Left => {
            printer.line(format_args!(
                "workflow {name} will be {done} once it is taken up"
            ));
            printer.hint(format_args!(
                "nobody runs it: `tiphys resume {name}` takes it up"
            ));
        }
    }
    Ok(())
}

pub fn stop(args: &Stop, global: &Global, printer: &Printer) -> Outcome {
    let order = Order::Stop {
        selector: args.node_field_selector.clone(),
        message: args.message.clone(),
    };
    give(&args.names, &order, "stopped", global, printer)
}

pub fn set(args: &NodeSet, global: &Global, printer: &Printer) -> Outcome {
    let phase = args.phase.as_deref().and_then(|phase| match phase {
        "Succeeded" => Some(NodePhase::Succeeded),
        "Failed" => Some(NodePhase::Failed),
        "Error" => Some(NodePhase::Error),
        "Skipped" => Some(NodePhase::Skipped),
        _ => None,
    });
    let outputs = args.outputs.iter().cloned().collect();
    let order = Order::Set {
        selector: args.node_field_selector.clone(),
        outputs,
        message: args.message.clone(),
        phase,
    };
    give(
        std::slice::from_ref(&args.name),
        &order,
        "values set",
        global,
        printer,
    )
}

pub fn resume(args: &Resume, global: &Global, printer: &Printer) -> Outcome {
    let place = Place::of(global)?;
    let order = Order::Resume {
        selector: args.node_field_selector.clone(),
        outputs: args.outputs.iter().cloned().collect(),
        message: args.message.clone(),
    };
    let told =
        args.node_field_selector.is_some() || !args.outputs.is_empty() || args.message.is_some();
    let mut worst = Exit::Done;
    for name in &args.names {
        let run = place.find(name)?;
        open(&run, "resumed")?;
        match &run {
            Run::Here(folder) if !folder.alive() => {
                worst = worst.max(take_up(folder, told.then_some(&order), args, printer)?);
            }
            _ => {
                deliver(&run, &order, "resumed", printer)?;
                worst = worst.max(super::submit::follow(&run, &args.view, printer)?);
            }
        }
    }
    Ok(worst)
}

/// Runs here what its own process left behind. A gate that it waits at stays closed unless the user speaks of it.
fn take_up(folder: &RunFolder, order: Option<&Order>, args: &Resume, printer: &Printer) -> Outcome {
    let suspended = object::of_run(folder)?.spec.suspend == Some(true);
    let plain = Order::Resume {
        selector: None,
        outputs: Default::default(),
        message: None,
    };
    if let Some(order) = order.or_else(|| suspended.then_some(&plain)) {
        folder.order(order).map_err(|error| Failure::of(&error))?;
    }
    let submitted = folder.submitted().map_err(|error| Failure::of(&error))?;
    let plan = Arc::new(session::plan_of(folder.home(), &submitted)?);
    let settings = Settings::of_view(&args.view, printer);
    session::runtime()?.block_on(session::begin(folder, plan, &settings))
}
