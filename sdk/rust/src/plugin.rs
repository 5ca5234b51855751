//! What an author writes.

use serde_json::Value;

use crate::manifest::Manifest;
use crate::outcome::{Failure, Outcome};
use crate::request::Request;

/// A plug-in: what it is, what is wrong with a body, and one call.
///
/// ```
/// use tiphys_plugin::{Failure, Fault, Kind, Manifest, Outcome, Plugin, Request};
/// use tiphys_plugin::serde_json::Value;
///
/// struct Even;
///
/// impl Plugin for Even {
///     fn manifest() -> Manifest {
///         Manifest::new("even", "1.0.0").kind(Kind::new("even"))
///     }
///
///     fn validate(_kind: &str, body: &Value) -> Vec<Fault> {
///         match body["number"].as_i64() {
///             Some(number) if number % 2 != 0 => vec![Fault::new("/number", "an even number is wanted")],
///             _ => Vec::new(),
///         }
///     }
///
///     fn execute(_: Request) -> Result<Outcome, Failure> {
///         Ok(Outcome::done().into())
///     }
/// }
///
/// let faults = Even::validate("even", &serde_json::json!({"number": 3}));
/// assert_eq!(faults, [Fault::new("/number", "an even number is wanted")]);
/// ```
pub trait Plugin {
    /// What the plug-in is, which kinds it gives and what it asks to be granted. It must be the same every time.
    fn manifest() -> Manifest;

    /// What is wrong with a body, beyond what its schema finds. Values with tags (`{{…}}`) are not known yet.
    fn validate(kind: &str, body: &Value) -> Vec<Fault> {
        let _ = (kind, body);
        Vec::new()
    }

    /// Runs a template once.
    ///
    /// # Errors
    /// A [`Failure`]: what the user reads, and whether another attempt may fare better.
    fn execute(request: Request) -> Result<Outcome, Failure>;
}

/// A fault in a template's body.
///
/// ```
/// use tiphys_plugin::Fault;
/// let fault = Fault::new("/headers/0/name", "a header needs a name");
/// assert_eq!(fault.pointer, "/headers/0/name");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer (RFC 6901) into the body; empty for the body itself.
    pub pointer: String,
    /// One line, without a final full stop.
    pub message: String,
}

impl Fault {
    /// A fault at a place.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault {
            pointer: pointer.into(),
            message: message.into(),
        }
    }
}
