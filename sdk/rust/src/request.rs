//! What one call is about.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::outcome::Failure;

/// One call: run this template once.
///
/// ```
/// # use tiphys_plugin::{Failure, Outcome, Request};
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Body {
///     city: String,
/// }
///
/// fn execute(request: Request) -> Result<Outcome, Failure> {
///     let body: Body = request.body()?;
///     let unit = request.input("unit").unwrap_or("celsius");
///     Ok(Outcome::done().result(format!("{} in {unit}", body.city)).into())
/// }
///
/// let request = Request::of("weather", serde_json::json!({"city": "Kiel"}));
/// assert_eq!(execute(request), Ok(Outcome::done().result("Kiel in celsius").into()));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The workflow it belongs to.
    pub workflow: Workflow,
    /// The node it runs for.
    pub node: Node,
    /// The template's name; empty for an inline template.
    pub template: String,
    /// How often this node was begun anew by a user's retry of the whole workflow, from 0.
    pub attempt: u32,
    /// The same for every call about this node, whatever crashes between: for `Idempotency-Key` and the like.
    pub idempotency_key: String,
    /// The template's kind, one of the manifest's.
    pub kind: String,
    /// The template's body, every tag replaced.
    pub body: Value,
    /// `{"parameters": {name: value}, "artifacts": {name: location}}`.
    pub inputs: Value,
    /// The outputs that the template declares: `{"parameters": [{"name": …, "valueFrom": …}], "artifacts": [{"name": …}]}`.
    pub outputs: Value,
    /// When the node has to have ended, in milliseconds since 1970; none: no limit.
    pub deadline: Option<u64>,
    /// How often `pending` was answered before: 0 at first.
    pub round: u32,
    /// What the last `pending` left, as text.
    pub raw_state: Option<String>,
}

/// A workflow's name, namespace and UID.
///
/// ```
/// # use tiphys_plugin::Workflow;
/// assert_eq!(Workflow::default().name, "");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workflow {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: String,
}

/// A node's ID and full name, as in `status.nodes`.
///
/// ```
/// # use tiphys_plugin::Node;
/// assert_eq!(Node::default().id, "");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The key in `status.nodes`.
    pub id: String,
    /// `hello[0].greet`.
    pub name: String,
}

impl Request {
    /// A request for a body and nothing else, for tests.
    pub fn of(kind: impl Into<String>, body: Value) -> Request {
        Request {
            kind: kind.into(),
            body,
            ..Request::default()
        }
    }

    /// The body as a type.
    ///
    /// # Errors
    /// A body that is not one: the failure says what is wrong with it.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.body)
            .map_err(|error| Failure::new(format!("the body of {} is wrong: {error}", self.kind)))
    }

    /// An input parameter's value.
    pub fn input(&self, name: &str) -> Option<&str> {
        self.inputs.get("parameters")?.get(name)?.as_str()
    }

    /// An input artifact's location, to be given to [`crate::artifacts::open`].
    pub fn input_artifact(&self, name: &str) -> Option<&Value> {
        self.inputs.get("artifacts")?.get(name)
    }

    /// The output parameters that the template declares, each as written: `{"name": …, "valueFrom": …}`.
    pub fn declared_parameters(&self) -> &[Value] {
        declared(&self.outputs, "parameters")
    }

    /// The output artifacts that the template declares, each as written: `{"name": …, "path": …}`.
    pub fn declared_artifacts(&self) -> &[Value] {
        declared(&self.outputs, "artifacts")
    }

    /// What the last `pending` left; none at first.
    ///
    /// # Errors
    /// A state of another shape, as another version of the plug-in may have left it.
    pub fn state<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        self.raw_state
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|error| Failure::new(format!("the stored state cannot be read: {error}")))
    }
}

fn declared<'a>(outputs: &'a Value, which: &str) -> &'a [Value] {
    outputs
        .get(which)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
