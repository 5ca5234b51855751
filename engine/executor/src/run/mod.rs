//! From a step to its report.

mod child;
mod deliver;
mod diagnosis;
mod exec;
pub mod files;
mod others;
mod outputs;
mod parameters;
mod relay;
mod sys;
mod tail;
mod watch;

use std::ffi::OsString;
use std::io;
use std::time::Duration;
use tiphys_executor::{Fault, FaultKind, Report, Step, StepError};

use crate::{FAILED, complain};
use child::Wanted;
use deliver::Line;
use outputs::Outputs;
use tail::Tail;

/// What there is to do.
pub fn step() -> Result<Step, StepError> {
    Step::from_env(|name| std::env::var(name).ok())
}

/// The exit code of a step whose command is this.
pub fn run(command: &[OsString]) -> u8 {
    match step() {
        Ok(step) => {
            let (report, line) =
                perform(&step, command).unwrap_or_else(|fault| (failed(fault), Line::Ended));
            let code = deliver::deliver(report, step.message_limit, line);
            mark(&step, code.into());
            code
        }
        Err(error) => {
            let fault = Fault::new(FaultKind::StepUnreadable, error.to_string());
            deliver::deliver(failed(fault), Step::default().message_limit, Line::Ended)
        }
    }
}

fn mark(step: &Step, code: i32) {
    if let Some(file) = &step.mark
        && let Err(error) = others::mark(file, code)
    {
        complain(format_args!("say how the container ended: {error}"));
    }
}

fn perform(step: &Step, command: &[OsString]) -> Result<(Report, Line), Fault> {
    // From here on a signal waits for the command, and is not lost.
    let signals = sys::Signals::hold().map_err(not_started)?;
    sys::adopt_orphans();
    files::write(&step.files)?;
    others::wait(&step.after, &signals)?;
    if let Some(file) = &step.hold_before {
        others::hold(file, "the command starts", &signals)?;
    }
    let outputs = Outputs::open(step)?;
    let mut tries = 0;
    let (status, kept) = loop {
        let wanted = Wanted {
            result: step.result,
            log: outputs.log(),
        };
        let (child, relays) = child::start(command, &wanted, &signals)?;
        let (status, kept) = watch::watch(child, relays, &signals).map_err(|error| {
            Fault::new(
                FaultKind::ResultIncomplete,
                format!("watch the command: {error}"),
            )
        })?;
        let again = status.exit() != 0 && !status.told && tries < step.retries;
        let pause = Duration::from_millis(step.pause.into());
        if !again || !others::pause(pause, &signals) {
            break (status, kept);
        }
        tries += 1;
    };
    if let Some(file) = &step.hold_after {
        // Told to end, it does, with what there is.
        let _ = others::hold(file, "the container ends", &signals);
    }
    let mut faults = Vec::new();
    faults.extend(
        kept.iter()
            .filter_map(|kept| kept.fault.as_ref())
            .map(|error| {
                Fault::new(
                    FaultKind::ArtifactNotSaved,
                    format!("keep the log: {error}"),
                )
            }),
    );
    // Standard output comes first.
    let tail = kept.into_iter().next().map(|kept| kept.tail);
    let line = tail.as_ref().map_or(Line::Unknown, Tail::line);
    let (result, result_truncated) = match tail.filter(|_| step.result).map(Tail::text) {
        Some((text, truncated)) => (Some(text), truncated),
        None => (None, false),
    };
    if !step.until.is_empty() {
        // Those who wait for this one go on; its outputs are complete when they have ended, too.
        mark(step, status.exit());
        others::settle(&step.until, &signals);
    }
    let (parameters, unread) = parameters::read(&step.parameters);
    faults.extend(unread);
    let (artifacts, unsaved) = outputs.save(status.exit() == 0, &signals);
    faults.extend(unsaved);
    let report = Report {
        exit: status.exit(),
        signal: status.signal(),
        result,
        result_truncated,
        parameters,
        artifacts,
        faults,
    };
    Ok((report, line))
}

fn not_started(error: io::Error) -> Fault {
    Fault::new(
        FaultKind::CommandNotStarted,
        format!("start the command: {error}"),
    )
}

/// The report of a command that never ran.
fn failed(fault: Fault) -> Report {
    let exit = match fault.kind {
        FaultKind::CommandNotFound => 127,
        FaultKind::CommandNotExecutable => 126,
        _ => i32::from(FAILED),
    };
    Report {
        exit,
        faults: vec![fault],
        ..Report::default()
    }
}
