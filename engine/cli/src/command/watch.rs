//! `tiphys watch` and `tiphys wait`: until a run has ended.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tiphys_local::{Home, RunFolder};
use tiphys_spec::{Workflow, WorkflowPhase};

use crate::args::{GetOutput, Global, Wait, Watch};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::view::{Moment, Screen, lines};
use crate::{object, runs, session};

pub fn watch(args: &Watch, global: &Global, printer: &Printer) -> Outcome {
    let home = runs::home(global)?;
    let folder = runs::find(&home, &args.name)?;
    let keep = runs::node_filter(&args.nodes)?;
    if !printer.live(false) {
        let workflow = until_ended(&folder, printer)?;
        super::get::show(&folder, &workflow, GetOutput::Tree, &keep, printer)?;
        return Ok(session::exit_of(&workflow));
    }
    let mut screen = Screen::new(printer, false);
    let mut tick = 0;
    let workflow = loop {
        let workflow = object::of_run(&folder)?;
        let waiting = runs::waiting(&folder, "").unwrap_or_default();
        let waits: HashMap<String, String> = waiting
            .into_iter()
            .filter(|(_, reason)| reason != "runs")
            .collect();
        let status = workflow.status.clone().unwrap_or_default();
        let ended = status.phase.unwrap_or_default().completed() || !folder.alive();
        // The still that stays may be longer than the screen.
        let rows = if ended {
            usize::MAX
        } else {
            screen.size().1.saturating_sub(1)
        };
        let moment = Moment {
            name: folder.name(),
            status: &status,
            nodes: &status.nodes,
            waits: &waits,
            now: Timestamp::now(),
            utf8: printer.utf8(),
            tick,
            wide: false,
            keep: &keep,
        };
        screen.draw(&[], lines(&moment, rows));
        if ended {
            break workflow;
        }
        tick += 1;
        std::thread::sleep(Duration::from_millis(250));
    };
    screen.finish();
    abandoned(&folder, &workflow)?;
    Ok(session::exit_of(&workflow))
}

pub fn wait(args: &Wait, global: &Global, printer: &Printer) -> Outcome {
    let home = runs::home(global)?;
    let mut worst = Exit::Done;
    for name in &args.names {
        let Some(folder) = found(&home, name, args.ignore_not_found)? else {
            continue;
        };
        let workflow = until_ended(&folder, printer)?;
        let status = workflow.status.clone().unwrap_or_default();
        let at = status
            .finished_at
            .map(|time| time.0)
            .unwrap_or_else(Timestamp::now);
        printer.line(format_args!(
            "{} {} at {at:.0}",
            folder.name(),
            status.phase.unwrap_or_default()
        ));
        worst = worst.max(session::exit_of(&workflow));
    }
    Ok(worst)
}

fn found(home: &Home, name: &str, ignore: bool) -> Result<Option<RunFolder>, Failure> {
    match runs::find(home, name) {
        Err(_) if ignore => Ok(None),
        other => other.map(Some),
    }
}

/// Looks now and then until the run has ended. An error where nobody runs it.
fn until_ended(folder: &RunFolder, printer: &Printer) -> Result<Workflow, Failure> {
    loop {
        let alive = folder.alive();
        let phase = folder.summary().map_err(|error| Failure::of(&error))?.phase;
        if phase.completed() || !alive {
            let workflow = object::of_run(folder)?;
            abandoned(folder, &workflow)?;
            return Ok(workflow);
        }
        if printer.closed() {
            return object::of_run(folder);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn abandoned(folder: &RunFolder, workflow: &Workflow) -> Result<(), Failure> {
    let phase = workflow
        .status
        .as_ref()
        .and_then(|status| status.phase)
        .unwrap_or(WorkflowPhase::Unknown);
    if phase.completed() {
        return Ok(());
    }
    let failure = Failure::new(format!("wait for `{}`: nobody runs it", folder.name()));
    Err(failure.hint(format!(
        "go on with it by `tiphys resume {}`",
        folder.name()
    )))
}
