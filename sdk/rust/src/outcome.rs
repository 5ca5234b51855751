//! How a call ends.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

/// How a call ends.
///
/// ```
/// use std::time::Duration;
/// use tiphys_plugin::{Failure, Outcome};
/// use tiphys_plugin::serde_json::json;
///
/// let done: Outcome = Outcome::done().result("42").into();
/// let failed: Outcome = Failure::new("there is no such city").into();
/// let pending = Outcome::pending(Duration::from_secs(5), &json!({"job": 7}), "job 7 is queued");
/// let pod = Outcome::pod(json!({"container": {"image": "busybox", "command": ["true"]}}));
/// let graph = Outcome::graph(json!({"steps": [[{"name": "a", "template": "work"}]]}));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is done, with these outputs.
    Done(Done),
    /// It failed, as the user's own command may fail.
    Failed(Failure),
    /// It goes on later: the same template is executed again, with this state.
    Pending {
        /// After this time, in milliseconds.
        after: u64,
        /// What [`crate::Request::state`] gives then. Stored with the workflow: not for secrets.
        state: String,
        /// What is waited for, one line for the user.
        message: String,
    },
    /// It is a pod: `{"template": …}`.
    Pod(Value),
    /// It is a graph of other templates of the workflow: `{"steps": …}` or `{"dag": …}`.
    Graph(Value),
}

impl Outcome {
    /// It is done; outputs are added to what this gives.
    pub fn done() -> Done {
        Done::default()
    }

    /// It failed; the same as [`Failure::new`].
    pub fn failed(message: impl Into<String>) -> Failure {
        Failure::new(message)
    }

    /// It goes on after a while, with a state (anything that serialises, up to 64 KiB of JSON), waiting for what the message says.
    ///
    /// # Panics
    /// A state that has no JSON form.
    pub fn pending<S: Serialize + ?Sized>(
        after: Duration,
        state: &S,
        message: impl Into<String>,
    ) -> Outcome {
        Outcome::Pending {
            after: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            state: serde_json::to_string(state).expect("the state has a JSON form"),
            message: message.into(),
        }
    }

    /// It is a pod, from an Argo template with `container` or `containerSet`.
    pub fn pod(template: Value) -> Outcome {
        Outcome::Pod(Value::Object(Map::from_iter([(
            "template".to_owned(),
            template,
        )])))
    }

    /// It is a graph: `{"steps": …}` or `{"dag": …}`, as Argo has them.
    pub fn graph(graph: Value) -> Outcome {
        Outcome::Graph(graph)
    }
}

/// Outputs of what is done. Each value is kept as text: one that is no string as its JSON text.
///
/// ```
/// use tiphys_plugin::Outcome;
/// use tiphys_plugin::serde_json::json;
///
/// let done = Outcome::done()
///     .result("ok")
///     .parameter("count", 3)
///     .parameter("names", json!(["a", "b"]))
///     .artifact("page", json!({"s3": {"key": "out/page"}}))
///     .exit_code(0)
///     .message("three found");
/// let json = serde_json::to_value(&done).unwrap();
/// assert_eq!(json["parameters"]["count"], 3);
/// assert_eq!(json["exitCode"], "0");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) parameters: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) artifacts: Map<String, Value>,
}

impl Done {
    /// `outputs.result`.
    #[must_use]
    pub fn result(mut self, text: impl Into<String>) -> Done {
        self.result = Some(text.into());
        self
    }

    /// `outputs.exitCode`.
    #[must_use]
    pub fn exit_code(mut self, code: i32) -> Done {
        self.exit_code = Some(code.to_string());
        self
    }

    /// A line for the user.
    #[must_use]
    pub fn message(mut self, text: impl Into<String>) -> Done {
        self.message = Some(text.into());
        self
    }

    /// `outputs.parameters.<name>`.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Value>) -> Done {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// `outputs.artifacts.<name>`, by the location that a writer's `finish` gave, or any other of Argo's artifact objects.
    #[must_use]
    pub fn artifact(mut self, name: impl Into<String>, location: Value) -> Done {
        self.artifacts.insert(name.into(), location);
        self
    }
}

impl From<Done> for Outcome {
    fn from(done: Done) -> Outcome {
        Outcome::Done(done)
    }
}

/// Why a call failed.
///
/// ```
/// use tiphys_plugin::{Failure, Outcome};
///
/// let failure = Failure::new("the queue is full").retryable().outputs(Outcome::done().exit_code(3));
/// assert_eq!(failure.to_string(), "the queue is full");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// One line for the user.
    pub message: String,
    /// Another attempt may fare better; false: the template's retry strategy is not asked.
    pub retryable: bool,
    /// What there is of outputs all the same.
    pub outputs: Option<Box<Done>>,
}

impl Failure {
    /// A failure that another attempt would not mend.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            retryable: false,
            outputs: None,
        }
    }

    /// Another attempt may fare better.
    #[must_use]
    pub fn retryable(mut self) -> Failure {
        self.retryable = true;
        self
    }

    /// What there is of outputs all the same.
    #[must_use]
    pub fn outputs(mut self, outputs: Done) -> Failure {
        self.outputs = Some(Box::new(outputs));
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Outcome {
        Outcome::Failed(failure)
    }
}

impl From<Result<Outcome, Failure>> for Outcome {
    fn from(end: Result<Outcome, Failure>) -> Outcome {
        end.unwrap_or_else(Outcome::Failed)
    }
}
