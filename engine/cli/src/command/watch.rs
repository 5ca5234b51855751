//! `tiphys watch` and `tiphys wait`: until a run has ended.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tiphys_spec::{NodeStatus, Workflow, WorkflowPhase};

use crate::args::{GetOutput, Global, Wait, Watch};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::runs::{self, Place, Run};
use crate::session;
use crate::view::{Moment, Screen, lines};

/// How long a new workflow may wait for who runs it before that is asked about.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn watch(args: &Watch, global: &Global, printer: &Printer) -> Outcome {
    let run = Place::of(global)?.find(&args.name)?;
    let keep = runs::node_filter(&args.nodes)?;
    follow(&run, &keep, printer)
}

/// Shows how a run goes on until it has ended; the exit code says how.
pub fn follow(run: &Run, keep: &dyn Fn(&NodeStatus) -> bool, printer: &Printer) -> Outcome {
    if !printer.live(false) {
        let workflow = until_ended(run, printer)?;
        super::get::show(run, &workflow, GetOutput::Tree, keep, printer)?;
        return Ok(session::exit_of(&workflow));
    }
    let mut screen = Screen::new(printer, false);
    let mut tick = 0;
    let workflow = loop {
        let workflow = run.workflow()?;
        let waits: HashMap<String, String> = run
            .waits()
            .into_iter()
            .filter(|(_, reason)| reason != "runs")
            .collect();
        let status = workflow.status.clone().unwrap_or_default();
        let ended = status.phase.unwrap_or_default().completed() || run.interrupted();
        // The still that stays may be longer than the screen.
        let rows = if ended {
            usize::MAX
        } else {
            screen.size().1.saturating_sub(1)
        };
        let moment = Moment {
            name: run.name(),
            status: &status,
            nodes: &status.nodes,
            waits: &waits,
            now: Timestamp::now(),
            utf8: printer.utf8(),
            tick,
            wide: false,
            keep,
        };
        screen.draw(&[], lines(&moment, rows));
        if ended {
            break workflow;
        }
        tick += 1;
        run.pause(Duration::from_millis(250))?;
    };
    screen.finish();
    abandoned(run, &workflow)?;
    Ok(session::exit_of(&workflow))
}

pub fn wait(args: &Wait, global: &Global, printer: &Printer) -> Outcome {
    let place = Place::of(global)?;
    let mut worst = Exit::Done;
    for name in &args.names {
        let found = if args.ignore_not_found {
            place.find_if_there(name)?
        } else {
            Some(place.find(name)?)
        };
        if let Some(run) = found {
            worst = worst.max(await_end(&run, printer)?);
        }
    }
    Ok(worst)
}

/// Waits until a run has ended, and says how.
pub fn await_end(run: &Run, printer: &Printer) -> Outcome {
    let workflow = until_ended(run, printer)?;
    let status = workflow.status.clone().unwrap_or_default();
    let at = status
        .finished_at
        .map(|time| time.0)
        .unwrap_or_else(Timestamp::now);
    printer.line(format_args!(
        "{} {} at {at:.0}",
        run.name(),
        status.phase.unwrap_or_default()
    ));
    Ok(session::exit_of(&workflow))
}

/// Looks now and then until the run has ended. An error where nobody runs it.
fn until_ended(run: &Run, printer: &Printer) -> Result<Workflow, Failure> {
    let began = Instant::now();
    let mut asked = false;
    loop {
        let interrupted = run.interrupted();
        let phase = run.phase()?;
        if phase.completed() || interrupted {
            let workflow = run.workflow()?;
            abandoned(run, &workflow)?;
            return Ok(workflow);
        }
        if printer.closed() {
            return run.workflow();
        }
        // Nothing hangs silently: what nobody has taken up by now may have nobody to take it up.
        if phase == WorkflowPhase::Unknown && !asked && began.elapsed() > PATIENCE {
            asked = true;
            if let Some(why) = run.unattended() {
                printer.warning(format_args!("{} waits: {why}", run.name()));
            }
        }
        run.pause(Duration::from_millis(100))?;
    }
}

fn abandoned(run: &Run, workflow: &Workflow) -> Result<(), Failure> {
    let phase = workflow
        .status
        .as_ref()
        .and_then(|status| status.phase)
        .unwrap_or(WorkflowPhase::Unknown);
    if phase.completed() {
        return Ok(());
    }
    let failure = Failure::new(format!("wait for `{}`: nobody runs it", run.name()));
    Err(failure.hint(format!("go on with it by `tiphys resume {}`", run.name())))
}
