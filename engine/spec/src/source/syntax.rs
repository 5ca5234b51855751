//! What the parser refuses, in words for the person who wrote it.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use super::MAX_DEPTH;
use super::build::mark;
use crate::diagnostic::{Diagnostic, Mark, Span};

pub(super) fn explain(error: &ScanError, text: &str, name: &Arc<str>) -> Diagnostic {
    let at = mark(*error.marker());
    let (message, help) = words(error.kind());
    let code = match error.kind() {
        ErrorKind::RecursionLimitExceeded => "too-deep",
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed => "tab",
        _ => "syntax",
    };
    let fault = Diagnostic::error(code, name, message).at(Span::at(at));
    match unquoted_tag(text, at)
        .map(str::to_owned)
        .or(help.map(str::to_owned))
    {
        Some(help) => fault.help(help),
        None => fault,
    }
}

/// The usual reason in a workflow: text that starts with `{{` and has no quotes.
fn unquoted_tag(text: &str, at: Mark) -> Option<&'static str> {
    let offset = (at.offset as usize).min(text.len());
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next()?;
    let value = line
        .split_once(": ")
        .or_else(|| line.split_once("- "))
        .map_or(line, |(_, value)| value);
    value
        .trim_start()
        .starts_with("{{")
        .then_some("text that starts with `{{` needs quotes")
}

fn words(kind: &ErrorKind) -> (String, Option<&'static str>) {
    let (message, help) = match kind {
        ErrorKind::RecursionLimitExceeded => {
            return (
                format!("values are nested more than {MAX_DEPTH} deep"),
                None,
            );
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let message = format!(
                "text cannot start with `{}` here",
                character.escape_default()
            );
            return (message, Some("put the text in quotes"));
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            return (format!("this `{open}` is never closed"), None);
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("`{open}` is closed by `{close}`"), None);
        }
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed => ("a tab indents this line", Some("indent with spaces")),
        ErrorKind::UnclosedQuotedScalar => ("this quote is never closed", None),
        ErrorKind::MappingValueNotAllowed => (
            "a second `: ` on one line, or a line that does not line up with its map",
            Some("put text that holds `: ` in quotes, or correct the indentation"),
        ),
        ErrorKind::ExpectedBlockMappingKey => (
            "expected a key of the map above",
            Some("check the indentation, and the quotes of the value before"),
        ),
        ErrorKind::ExpectedBlockSequenceEntry => (
            "expected a `- ` of the list above",
            Some("check the indentation"),
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("expected `:` after this key", None)
        }
        ErrorKind::InvalidIndentation => ("the indentation fits nothing above", None),
        ErrorKind::BlockSequenceEntryNotAllowed => (
            "a list cannot start here",
            Some("begin the list on a line of its own"),
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar => (
            "text follows the closing quote",
            Some("put all of the text inside the quotes"),
        ),
        ErrorKind::UnknownQuotedScalarEscape => (
            "unknown escape in double quotes",
            Some("write `\\\\` for a backslash, or use single quotes"),
        ),
        ErrorKind::ExpectedFlowSequenceSeparator => ("expected `,` or `]`", None),
        ErrorKind::ExpectedFlowMappingSeparator => ("expected `,` or `}`", None),
        ErrorKind::UnexpectedEof => ("the text ends too early", None),
        other => return (other.to_string(), None),
    };
    (message.to_owned(), help)
}
