//! Expressions over a few named values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::clock;
use jiff::Timestamp;
use tiphys_expr::{Env, Lookup, Program, Scope, Value};

/// Named values that an expression may speak of: `response`, `data` …
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<&'static str, Value>);

impl Names {
    /// Adds a name.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Names {
        self.0.insert(name, value);
        self
    }
}

impl Scope for Names {
    fn tag(&self, name: &str) -> Lookup<'_> {
        match self.0.get(name).map(Value::tag_text) {
            Some(Ok(text)) => Lookup::Found(Cow::Owned(text)),
            _ => Lookup::Missing,
        }
    }

    fn path(&self, path: &[&str]) -> Option<Value> {
        match path {
            [name] => self.0.get(name).cloned(),
            _ => None,
        }
    }
}

/// Whether an expression speaks of a path, of something below it or of something above it.
#[must_use]
pub fn speaks_of(program: &Program, path: &[&str]) -> bool {
    program.refs().iter().any(|reference| {
        let mut both = reference.path.iter().zip(path);
        both.all(|(its, wanted)| its == wanted)
    })
}

/// Evaluates an expression.
///
/// # Errors
/// The reason, in one line.
pub fn evaluate(program: &Program, names: &Names) -> Result<Value, String> {
    program
        .evaluate(&env(names))
        .map_err(|error| error.to_string())
}

/// Evaluates a condition.
///
/// # Errors
/// The reason, in one line; also a value that is neither true nor false.
pub fn holds(program: &Program, names: &Names) -> Result<bool, String> {
    program
        .evaluate_bool(&env(names))
        .map_err(|error| error.to_string())
}

fn env(names: &Names) -> Env<'_> {
    let millis = i64::try_from(clock::now()).unwrap_or(i64::MAX);
    Env {
        scope: names,
        now: Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX),
        seed: clock::now(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let response = Value::from(&serde_json::json!({"statusCode": 200, "body": "{\"a\": 1}"}));
        Names::default().with("response", response)
    }

    #[test]
    fn members_are_reached_and_what_is_missing_is_named() {
        let program = Program::parse("response.statusCode == 200").unwrap();
        assert_eq!(holds(&program, &names()), Ok(true));
        let program = Program::parse("fromJSON(response.body).a").unwrap();
        assert_eq!(evaluate(&program, &names()), Ok(Value::Int(1)));
        let program = Program::parse("nothing.at == 1").unwrap();
        let error = holds(&program, &names()).unwrap_err();
        assert!(error.contains("`nothing` is not in scope"), "{error}");
    }

    #[test]
    fn what_an_expression_speaks_of_is_known() {
        let program = Program::parse("response.headers['A'][0] == 'x'").unwrap();
        assert!(speaks_of(&program, &["response", "headers"]));
        assert!(!speaks_of(&program, &["response", "body"]));
        let program = Program::parse("len(response) > 0").unwrap();
        assert!(speaks_of(&program, &["response", "body"]));
    }
}
