//! What a plug-in answers, taken at its word only as far as the limits go.

use crate::fence::Breach;
use crate::grants::Grants;
use serde_json::Value;
use std::time::Duration;

/// How a call ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// `result`, `exitCode`, `message`, `parameters`, `artifacts`, as in the ABI.
    Done(Value),
    Failed {
        message: String,
        retryable: bool,
        outputs: Value,
    },
    Pending {
        after: Duration,
        state: String,
        message: String,
    },
    Pod(Value),
    Graph(Value),
    /// The plug-in broke, or broke a limit; the message says which.
    Broken {
        message: String,
    },
}

/// The most state that `pending` may leave.
const STATE: u64 = 64 << 10;

/// The least time between two rounds.
const PAUSE: Duration = Duration::from_millis(10);

/// An answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done(String),
    Failed {
        message: String,
        retryable: bool,
        outputs: Option<String>,
    },
    /// After so many milliseconds.
    Pending {
        after: u64,
        state: String,
        message: String,
    },
    Pod(String),
    Graph(String),
}

impl Answer {
    /// What it means.
    ///
    /// # Errors
    /// It is larger than it may be, or not what the ABI allows.
    pub fn read(self, grants: &Grants) -> Result<Ending, Breach> {
        let object = |text: &str| {
            fits(text, grants.output)?;
            match serde_json::from_str::<Value>(text) {
                Ok(value) if value.is_object() => Ok(value),
                Ok(_) => Err(Breach::Abi("an outcome that is no JSON object".to_owned())),
                Err(error) => Err(Breach::Abi(format!("an outcome that is no JSON: {error}"))),
            }
        };
        Ok(match self {
            Answer::Done(text) => Ending::Done(object(&text)?),
            Answer::Failed {
                message,
                retryable,
                outputs,
            } => Ending::Failed {
                message: clip(&message),
                retryable,
                outputs: outputs
                    .as_deref()
                    .map(object)
                    .transpose()?
                    .unwrap_or_default(),
            },
            Answer::Pending {
                after,
                state,
                message,
            } => {
                if state.len() as u64 > STATE {
                    return Err(Breach::State(STATE));
                }
                Ending::Pending {
                    after: Duration::from_millis(after).max(PAUSE),
                    state,
                    message: clip(&message),
                }
            }
            Answer::Pod(text) => Ending::Pod(object(&text)?),
            Answer::Graph(text) => Ending::Graph(object(&text)?),
        })
    }
}

/// Whether an answer is as short as it has to be.
pub(crate) fn fits(text: &str, limit: u64) -> Result<(), Breach> {
    if text.len() as u64 > limit {
        Err(Breach::Output(limit))
    } else {
        Ok(())
    }
}

/// A message of bearable length.
fn clip(text: &str) -> String {
    const LONGEST: usize = 4096;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
