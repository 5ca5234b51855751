//! What the host would not do.

use std::fmt;

use crate::outcome::Failure;

/// Why the host did not do what it was asked. As a [`Failure`] it is retryable where another time may go well.
///
/// ```
/// use tiphys_plugin::{Failure, Refusal};
///
/// let failure = Failure::from(Refusal::NotFound("there is no Secret token".to_owned()));
/// assert_eq!(failure.message, "there is no Secret token");
/// assert!(!failure.retryable);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The operator did not grant it: which grant, and how to give it.
    NotGranted(String),
    /// There is no such thing.
    NotFound(String),
    /// More than the limit allows: which limit.
    Limit(String),
    /// It went wrong, and may go well another time.
    Failed(String),
}

impl Refusal {
    /// The host's words.
    pub fn message(&self) -> &str {
        match self {
            Refusal::NotGranted(text)
            | Refusal::NotFound(text)
            | Refusal::Limit(text)
            | Refusal::Failed(text) => text,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.message())
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let retryable = matches!(refusal, Refusal::Failed(_));
        let (Refusal::NotGranted(message)
        | Refusal::NotFound(message)
        | Refusal::Limit(message)
        | Refusal::Failed(message)) = refusal;
        Failure {
            message,
            retryable,
            outputs: None,
        }
    }
}
