//! Why something waits (law 7). One value; CLI, UI and tests print it.

use jiff::Timestamp;
use serde::Serialize;
use std::fmt;

/// Why a node does not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Reason {
    /// Tasks that have not ended yet.
    Dependencies { tasks: Vec<String> },
    /// An earlier group of steps that has not ended yet.
    Group { group: usize },
    /// A lock that somebody else holds.
    Lock { lock: String, message: String },
    /// `parallelism` of a template or of the workflow.
    Parallelism { scope: String, limit: usize },
    /// The pause before the next attempt.
    Backoff { until: Timestamp, attempt: usize },
    /// A suspend node: until a time, or until somebody resumes it.
    Suspended { until: Option<Timestamp> },
    /// The whole workflow is suspended.
    WorkflowSuspended,
    /// The memo cache was asked.
    Memo { cache: String },
    /// The pod was asked for and has not started.
    Pod { message: Option<String> },
    /// A plug-in waits before it is called again.
    Polling { until: Timestamp, message: String },
    /// The pod runs.
    Running,
    /// The pod was told to end.
    Stopping,
    /// Nodes inside it, or hooks, that have not ended yet.
    Children { names: Vec<String> },
    /// A template of it failed and it starts nothing more (`failFast`).
    FailFast,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dependencies { tasks } => write!(f, "waits for {}", tasks.join(", ")),
            Self::Group { group } => write!(f, "waits for step group [{group}]"),
            Self::Lock { lock, message } if message.is_empty() => {
                write!(f, "waits for lock {lock}")
            }
            Self::Lock { message, .. } => f.write_str(message),
            Self::Parallelism { scope, limit } => {
                write!(f, "waits for room: parallelism {limit} of {scope}")
            }
            Self::Backoff { until, attempt } => {
                write!(f, "waits until {until} before attempt {attempt}")
            }
            Self::Suspended { until: Some(until) } => write!(f, "suspended until {until}"),
            Self::Suspended { until: None } => f.write_str("suspended until it is resumed"),
            Self::WorkflowSuspended => f.write_str("the workflow is suspended"),
            Self::Memo { cache } => write!(f, "looks into cache {cache}"),
            Self::Pod {
                message: Some(message),
            } => write!(f, "waits for its pod: {message}"),
            Self::Pod { message: None } => f.write_str("waits for its pod"),
            Self::Polling { until, message } if message.is_empty() => {
                write!(f, "is looked at again at {until}")
            }
            Self::Polling { until, message } => {
                write!(f, "{message}; is looked at again at {until}")
            }
            Self::Running => f.write_str("runs"),
            Self::Stopping => f.write_str("was told to end"),
            Self::Children { names } => write!(f, "waits for {}", names.join(", ")),
            Self::FailFast => {
                f.write_str("is not started: another child failed and failFast is set")
            }
        }
    }
}
