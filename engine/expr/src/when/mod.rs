//! `when`: conditions by govaluate's rules, bare words being strings (Argo's `shouldExecute`).

mod eval;
mod lexer;
mod parser;

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
/// Words without quotes are strings; numbers, and strings in quotes that are dates, are numbers; `==` of different types is
/// false; there are `&& || ! == != < <= > >= =~ !~ in (…) + - * / % ** & | ^ << >> ?: ??`.
///
/// # Errors
/// [`WhenError`].
pub fn evaluate(condition: &str) -> Result<bool, WhenError> {
    if condition.is_empty() {
        return Ok(true);
    }
    let named = || condition.to_owned();
    let root = read(condition).map_err(|message| WhenError::Invalid {
        condition: named(),
        message,
    })?;
    let value = match root {
        Some(root) => eval::value(&root).map_err(|message| WhenError::Failed {
            condition: named(),
            message,
        })?,
        None => eval::Value::Nil,
    };
    match value {
        eval::Value::Bool(flag) => Ok(flag),
        other => Err(WhenError::NotBoolean {
            condition: named(),
            got: other.shown(),
        }),
    }
}

fn read(condition: &str) -> Result<Option<parser::Node>, String> {
    let tokens = lexer::tokens(condition)?;
    parser::parse(&tokens)
}

/// Looks at a condition before the run. A literal one is read and its result checked; of one with tags the expressions alone
/// are, for a tag's value may bring operators with it.
///
/// # Errors
/// What [`evaluate`] would refuse whatever the tags' values are.
pub fn check(text: &Text) -> Result<(), WhenError> {
    if text.is_literal() {
        return evaluate(text.source()).map(|_| ());
    }
    for tag in text.tags() {
        if let TagKind::Expression(program) = &tag.kind
            && let Err(error) = &**program
        {
            return Err(WhenError::Invalid {
                condition: text.source().to_owned(),
                message: error.to_string(),
            });
        }
    }
    Ok(())
}
