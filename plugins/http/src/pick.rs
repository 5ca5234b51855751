//! One value out of a response: `jsonPath`, `jqFilter`, `expression`, `header`.

use serde_json::Value;
use tiphys_expr::Program;
use tiphys_plugin_query::expression::{evaluate, speaks_of};
use tiphys_plugin_query::{jq::Filter, path::Path};

use crate::answer::{Answer, Asked};

/// Where a value is to be taken from.
#[derive(Debug)]
pub(crate) enum Pick {
    Path(Path),
    Filter(Filter),
    Expression(Box<Program>),
    Header(String),
    /// The target of the link of that relation in the header Link.
    Link(String),
}

/// The keys of a `valueFrom` that say where a value is.
pub(crate) const KEYS: [&str; 5] = ["jsonPath", "jqFilter", "expression", "header", "link"];

impl Pick {
    /// Reads the key of an object that says where; none where it has no such key.
    ///
    /// # Errors
    /// The key whose value is wrong, and why.
    pub(crate) fn read(from: &Value) -> Result<Option<Pick>, (&'static str, String)> {
        for key in KEYS {
            let Some(value) = from.get(key).filter(|value| !value.is_null()) else {
                continue;
            };
            let Some(text) = value.as_str() else {
                return Err((key, "a text is wanted".to_owned()));
            };
            let pick = match key {
                "jsonPath" => Path::parse(text).map(Pick::Path),
                "jqFilter" => Filter::parse(text).map(Pick::Filter),
                "expression" => Program::parse(text)
                    .map(|program| Pick::Expression(Box::new(program)))
                    .map_err(|error| error.to_string()),
                "header" => Ok(Pick::Header(text.to_owned())),
                _ => Ok(Pick::Link(text.to_owned())),
            };
            return pick.map(Some).map_err(|reason| (key, reason));
        }
        Ok(None)
    }

    /// Whether the response's body has to be in memory for it.
    pub(crate) fn wants_body(&self) -> bool {
        match self {
            Pick::Path(_) | Pick::Filter(_) => true,
            Pick::Expression(program) => speaks_of(program, &["response", "body"]),
            Pick::Header(_) | Pick::Link(_) => false,
        }
    }

    /// The value as text; none where nothing is there.
    ///
    /// # Errors
    /// The reason, in one line.
    pub(crate) fn text(&self, answer: &Answer, asked: &Asked) -> Result<Option<String>, String> {
        let json = || answer.json().ok_or("the response's body is no JSON");
        match self {
            Pick::Path(path) => Ok(path.text(json()?)),
            Pick::Filter(filter) => filter.text(json()?),
            Pick::Expression(program) => {
                let value = evaluate(program, &answer.names(asked))?;
                match value.is_nil() {
                    true => Ok(None),
                    false => value
                        .tag_text()
                        .map(Some)
                        .map_err(|error| error.to_string()),
                }
            }
            Pick::Header(name) => {
                let values: Vec<&str> = answer.header(name).collect();
                Ok((!values.is_empty()).then(|| values.join(", ")))
            }
            Pick::Link(relation) => Ok(crate::origin::link(answer.header("link"), relation)),
        }
    }
}
