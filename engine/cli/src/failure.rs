//! How a command ends: an exit code, or a failure that says what could not be done and what to do about it.

use std::fmt;
use std::process::ExitCode;

/// The exit codes that `--help` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    Done = 0,
    /// The workflow failed.
    Failed = 1,
    /// Bad input or usage.
    Usage = 2,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// What a command gives back.
pub type Outcome = Result<Exit, Failure>;

/// Why a command could not do its work. The text fits after "failed to ".
#[derive(Debug)]
pub struct Failure {
    pub what: String,
    pub hint: Option<String>,
    pub exit: Exit,
}

impl Failure {
    pub fn new(what: impl Into<String>) -> Failure {
        Failure {
            what: what.into(),
            hint: None,
            exit: Exit::Usage,
        }
    }

    /// Of an error whose text fits after "failed to ".
    pub fn of(error: &dyn std::error::Error) -> Failure {
        Failure::new(chain(error))
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {}", self.what)
    }
}

/// An error and all that it was caused by, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let cause = source.to_string();
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = source.source();
    }
    text
}

/// A panic is a bug of ours: says so, and what to report.
pub fn report_bugs() {
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let place = info
            .location()
            .map(|at| format!(" at {}:{}", at.file(), at.line()))
            .unwrap_or_default();
        crate::printer::bug(&format!("{}{place}", text.unwrap_or("no message")));
    }));
}
