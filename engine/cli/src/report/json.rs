//! Diagnostics for programs. The names of the fields are a promise: fields may come, none goes.

use serde::Serialize;
use tiphys_spec::{Diagnostic, Span};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    file: &'a str,
    severity: String,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(flatten)]
    place: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place,
}

impl From<Span> for Place {
    fn from(span: Span) -> Place {
        Place {
            line: span.start.line,
            column: span.start.column,
            end_line: span.end.line,
            end_column: span.end.column,
        }
    }
}

impl<'a> From<&'a Diagnostic> for Entry<'a> {
    fn from(fault: &'a Diagnostic) -> Entry<'a> {
        Entry {
            file: &fault.source,
            severity: fault.severity.to_string(),
            code: fault.code,
            message: &fault.message,
            path: fault.path.as_ref().map(ToString::to_string),
            place: fault.span.map(Place::from),
            help: fault.help.as_deref(),
            related: fault
                .related
                .iter()
                .map(|(span, message)| Related {
                    message,
                    place: (*span).into(),
                })
                .collect(),
        }
    }
}

/// An array with an object per diagnostic.
pub fn json(faults: &[Diagnostic]) -> Result<String, serde_json::Error> {
    let entries: Vec<Entry<'_>> = faults.iter().map(Entry::from).collect();
    serde_json::to_string_pretty(&entries)
}
