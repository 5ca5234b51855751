//! Brings the report out of the container.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use tiphys_executor::{Fault, FaultKind, Report};

use crate::{FAILED, complain, tell};

/// Where the log stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Ended,
    /// In the midst of a line, or it was not ours to see.
    Unknown,
}

/// Writes the report, and gives the code to exit with.
pub fn deliver(report: Report, limit: usize, line: Line) -> u8 {
    let mut report = report.bounded();
    if let Err(fault) = write(&report, limit, line) {
        report.faults.push(fault);
    }
    for fault in &report.faults {
        match fault.kind {
            FaultKind::Omitted => tell(format_args!("{fault}")),
            _ => complain(format_args!("{fault}")),
        }
    }
    match u8::try_from(report.exit) {
        Ok(0) if !report.faults.is_empty() => FAILED,
        Ok(exit) => exit,
        Err(_) => FAILED,
    }
}

fn write(report: &Report, limit: usize, line: Line) -> Result<(), Fault> {
    let encoded = report.encode_within(limit);
    // First, for nobody can block it: if the log is lost, the message says that it should be there.
    message(&encoded.message)?;
    let Some(lines) = encoded.log else {
        return Ok(());
    };
    append(&lines, line).map_err(|error| {
        let fault = Fault::new(
            FaultKind::ReportNotWritten,
            format!("write the outputs to standard output: {error}"),
        );
        let without = Report {
            exit: report.exit,
            signal: report.signal,
            faults: vec![fault.clone()],
            ..Report::default()
        };
        // It has just been written, and is shorter now.
        let _ = message(&without.encode_within(limit).message);
        fault
    })
}

fn message(text: &str) -> Result<(), Fault> {
    let path =
        std::env::var_os("TIPHYS_TERMINATION_LOG").unwrap_or_else(|| "/dev/termination-log".into());
    fs::write(&path, text).map_err(|error| {
        Fault::new(
            FaultKind::ReportNotWritten,
            format!("write the report to {}: {error}", path.display()),
        )
    })
}

/// Each line in one piece, so that nobody else's output gets into it.
fn append(lines: &str, line: Line) -> io::Result<()> {
    let mut stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    if line == Line::Unknown {
        stdout.write_all(b"\n")?;
    }
    lines
        .split_inclusive('\n')
        .try_for_each(|line| stdout.write_all(line.as_bytes()))
}
