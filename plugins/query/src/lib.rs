//! Taking values out of JSON: by JSONPath, as kubectl or RFC 9535 has it, by jq, by an expression.
//!
//! What is not here, and must not come: any reading of the world but of the host's clock, for the expressions' `now()` and jq's.

pub mod clock;
pub mod expression;
pub mod jq;
pub mod path;

use serde_json::Value;

/// A value as an output parameter has it: a string bare, everything else as JSON.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
