//! Faults of the language's own, collected while a text is read.

use std::ops::Range;
use std::sync::Arc;

use tiphys_spec::Diagnostic;

use crate::place::Places;

/// More than this is told of no file.
const MAX_FAULTS: usize = 500;

pub(crate) struct Faults<'p> {
    pub name: &'p Arc<str>,
    pub places: &'p Places,
    pub found: Vec<Diagnostic>,
}

impl Faults<'_> {
    /// Without help where `help` is empty.
    pub fn error(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.found.len() >= MAX_FAULTS {
            return;
        }
        let span = self.places.span(range.start, range.end);
        let fault = Diagnostic::error(code, self.name, message).at(span);
        let help = help.into();
        self.found.push(if help.is_empty() {
            fault
        } else {
            fault.help(help)
        });
    }
}

/// `did you mean …`, or nothing.
pub(crate) fn did_you_mean<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> String {
    match tiphys_spec::diagnostic::nearest(written, candidates) {
        Some(near) => format!("did you mean `{near}`?"),
        None => String::new(),
    }
}
