//! How a pod ended, in Argo's words, and the record of an end that no container has a record of.

use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tiphys_core::Outcome;

use crate::sandbox::{Exit, Limits, StartError};

/// How a pod ended, outputs aside.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub outcome: Outcome,
    pub message: Option<String>,
    pub exit_code: Option<i32>,
    pub at: Timestamp,
}

const FILE: &str = "finished.json";

#[derive(Serialize, Deserialize)]
struct Record {
    failed: bool,
    message: Option<String>,
    exit_code: Option<i32>,
    at: Timestamp,
}

impl Ending {
    /// The machinery, an input or an output failed.
    pub(super) fn error(message: String) -> Ending {
        Ending {
            outcome: Outcome::Error,
            message: Some(message),
            exit_code: None,
            at: Timestamp::now(),
        }
    }

    /// It was told to end before it had begun.
    pub(super) fn unbegun() -> Ending {
        Ending {
            outcome: Outcome::Failed,
            message: None,
            exit_code: None,
            at: Timestamp::now(),
        }
    }

    /// Of the main container.
    pub(super) fn of_main(exit: &Exit, limits: Option<&Limits>) -> Ending {
        let (at, exit_code) = (exit.finished, Some(exit.code));
        if let Some(fault) = exit.fault.as_ref() {
            let message = if exit.code == 0 {
                format!("main: {fault}")
            } else {
                words("main", exit, limits) + ": " + fault
            };
            return Ending {
                outcome: Outcome::Error,
                message: Some(message),
                exit_code,
                at,
            };
        }
        match exit.code {
            0 => Ending {
                outcome: Outcome::Succeeded,
                message: None,
                exit_code,
                at,
            },
            _ => Ending {
                outcome: Outcome::Failed,
                message: Some(words("main", exit, limits)),
                exit_code,
                at,
            },
        }
    }

    /// Of an init container that failed; none if it did not.
    pub(super) fn of_init(name: &str, exit: &Exit, limits: Option<&Limits>) -> Option<Ending> {
        let message = match &exit.fault {
            Some(fault) => format!("{name}: {fault}"),
            None if exit.code == 0 => return None,
            None => words(name, exit, limits),
        };
        Some(Ending {
            outcome: Outcome::Error,
            message: Some(message),
            exit_code: None,
            at: exit.finished,
        })
    }

    /// Of a sidecar that failed by itself; what was done to it does not count.
    pub(super) fn of_sidecar(name: &str, exit: &Exit, limits: Option<&Limits>) -> Option<String> {
        let told = matches!(exit.code, 0 | 137 | 143);
        (!told).then(|| words(name, exit, limits))
    }

    /// Of a container that did not start.
    pub(super) fn unstarted(name: &str, error: &StartError) -> Ending {
        let code = |reason: String| {
            (
                Outcome::Failed,
                format!("{name}: Error (exit code 64): {reason}"),
                Some(64),
            )
        };
        let (outcome, message, exit_code) = match error {
            StartError::CommandNotFound { command, .. } if command.contains('/') => code(format!(
                "failed to find name in PATH: exec: {command:?}: stat {command}: no such file or directory"
            )),
            StartError::CommandNotFound { command, .. } => code(format!(
                "failed to find name in PATH: exec: {command:?}: executable file not found in $PATH"
            )),
            StartError::NotExecutable { .. } => code(format!("failed to {error}")),
            _ => (Outcome::Error, format!("{name}: failed to {error}"), None),
        };
        Ending {
            outcome,
            message: Some(message),
            exit_code,
            at: Timestamp::now(),
        }
    }

    /// Kept for the case that this process is killed before the end is stored.
    pub(super) fn keep(&self, folder: &Path) {
        let failed = self.outcome == Outcome::Failed;
        let record = Record {
            failed,
            message: self.message.clone(),
            exit_code: self.exit_code,
            at: self.at,
        };
        let written = serde_json::to_vec(&record).map_err(io::Error::from);
        let written = written.and_then(|bytes| crate::summary::replace(&folder.join(FILE), &bytes));
        if let Err(error) = written {
            tracing::warn!("failed to keep how a pod ended: {error}");
        }
    }

    /// What [`Ending::keep`] kept.
    pub(super) fn kept(folder: &Path) -> Option<Ending> {
        let record: Record = serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()?;
        let outcome = if record.failed {
            Outcome::Failed
        } else {
            Outcome::Error
        };
        Some(Ending {
            outcome,
            message: record.message,
            exit_code: record.exit_code,
            at: record.at,
        })
    }
}

fn words(name: &str, exit: &Exit, limits: Option<&Limits>) -> String {
    let reason = if out_of_memory(exit, limits) {
        "OOMKilled"
    } else {
        "Error"
    };
    format!("{name}: {reason} (exit code {})", exit.code)
}

/// Killed, and by then it had all the memory that it may have.
fn out_of_memory(exit: &Exit, limits: Option<&Limits>) -> bool {
    let killed = exit.code == 137 && exit.signal.is_none_or(|signal| signal == libc::SIGKILL);
    let bound = limits.and_then(|limits| limits.memory);
    killed
        && bound
            .zip(exit.max_rss_bytes)
            .is_some_and(|(bound, used)| used >= bound - bound / 8)
}
