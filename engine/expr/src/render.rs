//! Putting values in the place of tags.

use std::borrow::Cow;

use crate::eval::EvalError;
use crate::limits::TooLarge;
use crate::program::{Program, SyntaxError};
use crate::scope::{Env, Lookup};
use crate::value::{JsonError, Value};

/// What becomes of a tag whose name means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unresolved {
    /// It stays in the text as it stands, for a later stage or for another program (Argo's "allow unresolved").
    Keep,
    /// It is an error.
    Fail,
}

/// Why a text cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The whole text is one simple tag, and its name is an optional output of a skipped or omitted producer: the consumer's
    /// default may take its place (argo 4.0.7).
    #[error(
        "unable to substitute {{{{{name}}}}}: output is an absent optional output, and there is no default"
    )]
    Absent { name: String },
    /// The same within a longer text, where no default can take its place.
    #[error(
        "unable to substitute {{{{{name}}}}}: output is an absent optional output within a longer text"
    )]
    AbsentWithin { name: String },
    /// A tag whose name is not in scope; for an expression the first such name in it.
    #[error("failed to resolve {{{{{name}}}}}")]
    Unresolved { name: String },
    /// A function that does not exist.
    #[error("failed to resolve {{{{={expression}}}}}: the function `{function}` does not exist{}", hint(.suggestion))]
    UnknownFunction {
        expression: String,
        function: String,
        suggestion: Option<String>,
    },
    /// An expression that gives nil though all its names are in scope.
    #[error("failed to evaluate expression `{expression}`: it gives nil")]
    Nil { expression: String },
    #[error("failed to evaluate expression `{expression}`: {error}")]
    Syntax {
        expression: String,
        error: SyntaxError,
    },
    #[error("failed to evaluate expression `{expression}`: {error}")]
    Eval {
        expression: String,
        error: EvalError,
    },
    #[error("failed to write the result of expression `{expression}`: {error}")]
    Json {
        expression: String,
        error: JsonError,
    },
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

fn hint(suggestion: &Option<String>) -> String {
    suggestion
        .as_ref()
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

/// A tag's text, or `None` where it stays as it stands.
pub(crate) type Filled<'a> = Result<Option<Cow<'a, str>>, RenderError>;

pub(crate) fn simple<'a>(
    name: &str,
    whole: bool,
    env: &Env<'a>,
    unresolved: Unresolved,
) -> Filled<'a> {
    let trimmed = name.trim();
    match (env.scope.tag(trimmed), unresolved) {
        (Lookup::Found(text), _) => Ok(Some(text)),
        (Lookup::Absent, _) if whole => Err(RenderError::Absent {
            name: trimmed.to_owned(),
        }),
        (Lookup::Absent, _) => Err(RenderError::AbsentWithin {
            name: trimmed.to_owned(),
        }),
        (Lookup::Missing, Unresolved::Keep) => Ok(None),
        (Lookup::Missing, Unresolved::Fail) => Err(RenderError::Unresolved {
            name: trimmed.to_owned(),
        }),
    }
}

pub(crate) fn expression<'a>(
    program: &Program,
    env: &Env<'a>,
    unresolved: Unresolved,
) -> Filled<'a> {
    let source = || program.source().trim().to_owned();
    if program.deferred(env).is_some() {
        return Ok(None);
    }
    if let Some(unknown) = program.unknown_functions().first() {
        return match unresolved {
            Unresolved::Keep => Ok(None),
            Unresolved::Fail => Err(RenderError::UnknownFunction {
                expression: source(),
                function: unknown.name.clone(),
                suggestion: unknown.suggestion.clone(),
            }),
        };
    }
    let (value, fault) = match program.evaluate(env) {
        Ok(Value::Nil) => (Value::Nil, None),
        Ok(value) => {
            let text = value.tag_text().map_err(|error| RenderError::Json {
                expression: source(),
                error,
            })?;
            return Ok(Some(Cow::Owned(text)));
        }
        Err(error) => (Value::Nil, Some(error)),
    };
    debug_assert!(value.is_nil());
    match (program.first_missing(env), unresolved, fault) {
        (Some(_), Unresolved::Keep, _) => Ok(None),
        (Some(name), Unresolved::Fail, _) => Err(RenderError::Unresolved { name }),
        (None, _, Some(error)) => Err(RenderError::Eval {
            expression: source(),
            error,
        }),
        (None, _, None) => Err(RenderError::Nil {
            expression: source(),
        }),
    }
}
