//! What ends a pass: a value its type refuses.

use std::fmt;

use serde::de;

use super::State;
use crate::diagnostic::{Diagnostic, nearest};
use crate::path::Path;
use crate::source::{Meaning, Node, NodeKind, Source};

#[derive(Debug)]
pub(super) struct Fault {
    kind: Kind,
    /// The innermost value it happened in; filled in on the way out.
    pub path: Option<Path>,
}

#[derive(Debug)]
enum Kind {
    Refused(String),
    Expected(String),
    Missing(&'static str),
    UnknownVariant(String, &'static [&'static str]),
}

#[derive(Debug)]
pub(super) struct Error(pub Box<Fault>);

impl Error {
    fn new(kind: Kind) -> Error {
        Error(Box::new(Fault { kind, path: None }))
    }

    pub fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Error {
        Error::new(Kind::UnknownVariant(variant.to_owned(), expected))
    }

    /// Notes where it happened, unless an inner value has.
    pub fn at(mut self, path: impl FnOnce() -> Path) -> Error {
        self.0.path.get_or_insert_with(path);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            Kind::Refused(message) => f.write_str(message),
            Kind::Expected(what) => write!(f, "expected {what}"),
            Kind::Missing(field) => write!(f, "the field `{field}` is missing"),
            Kind::UnknownVariant(variant, _) => write!(f, "unknown value `{variant}`"),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Error {
        Error::new(Kind::Refused(message.to_string()))
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Error {
        Error::new(Kind::Expected(expected.to_string()))
    }

    fn missing_field(field: &'static str) -> Error {
        Error::new(Kind::Missing(field))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Error {
        Error::unknown_variant(variant, expected)
    }
}

impl Fault {
    /// A field that is missing only because it was pruned has been reported as what it was.
    pub fn follows_from_pruning(&self, node: &Node, state: &State<'_>) -> bool {
        match self.kind {
            Kind::Missing(field) => node.get(field).is_some_and(|value| state.is_pruned(value)),
            _ => false,
        }
    }

    pub fn diagnostic(&self, node: &Node, source: &Source) -> Diagnostic {
        let (code, message) = match &self.kind {
            Kind::Refused(message) => (
                "invalid-value",
                format!("{} is not valid here: {message}", describe(node)),
            ),
            Kind::Expected(what) => (
                "wrong-type",
                format!("expected {}, found {}", named(what), describe(node)),
            ),
            Kind::Missing(field) => ("missing-field", format!("the field `{field}` is missing")),
            Kind::UnknownVariant(variant, expected) => {
                let known: Vec<_> = expected.iter().map(|known| format!("`{known}`")).collect();
                (
                    "unknown-value",
                    format!("`{}` is not one of {}", brief(variant), known.join(", ")),
                )
            }
        };
        let fault = Diagnostic::error(code, &source.name, message)
            .at(node.span)
            .path(self.path.clone().unwrap_or_default());
        match &self.kind {
            Kind::UnknownVariant(variant, expected) => {
                match nearest(variant, expected.iter().copied()) {
                    Some(near) => fault.help(format!("did you mean `{near}`?")),
                    None => fault,
                }
            }
            _ => fault,
        }
    }
}

/// The types' own names for what they expect, in words.
fn named(expected: &str) -> &str {
    match expected {
        "IntOrString" => "a whole number or text",
        "Quantity" => "a quantity",
        other => other,
    }
}

/// What a value looks like to its author.
pub(super) fn describe(node: &Node) -> String {
    let scalar = match &node.kind {
        NodeKind::Seq(_) => return "a list".to_owned(),
        NodeKind::Map(_) => return "a map".to_owned(),
        NodeKind::Scalar(scalar) => scalar,
    };
    let written = brief(&scalar.value);
    match scalar.meaning() {
        Meaning::Null => "nothing".to_owned(),
        Meaning::Bool(_) => format!("the boolean `{written}`"),
        Meaning::Int(_) | Meaning::Uint(_) | Meaning::Float(_) => format!("the number `{written}`"),
        Meaning::Text(_) => format!("the text `{written}`"),
    }
}

/// A text short enough to quote.
pub(super) fn brief(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(40).collect();
    if cut.len() == text.len() {
        cut
    } else {
        format!("{cut}…")
    }
}
