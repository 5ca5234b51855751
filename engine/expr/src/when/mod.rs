//! `when`: conditions by govaluate's rules, bare words being strings.

use crate::text::{TagKind, Text};

/// Why a condition has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// It cannot be read.
    #[error("invalid 'when' expression '{condition}': {message}")]
    Invalid { condition: String, message: String },
    /// It can be read, and its operands do not fit.
    #[error("failed to evaluate 'when' expression '{condition}': {message}")]
    Failed { condition: String, message: String },
    /// It gives something else than true or false.
    #[error("expected boolean evaluation for '{condition}', got {got}")]
    NotBoolean { condition: String, got: String },
}

/// Evaluates a condition after its tags have been replaced. An empty one holds.
///
/// # Errors
/// [`WhenError`].
pub fn evaluate(condition: &str) -> Result<bool, WhenError> {
    Err(WhenError::Invalid {
        condition: condition.to_owned(),
        message: String::new(),
    })
}

/// Looks at a condition before the run: a literal one is read whole, one with tags only as far as its expressions go.
///
/// # Errors
/// What [`evaluate`] would refuse whatever the tags' values are.
pub fn check(text: &Text) -> Result<(), WhenError> {
    let _ = (text, TagKind::Simple(String::new()));
    Ok(())
}
