//! What is wrong with a text, where, and what to do about it.

use std::fmt;
use std::sync::Arc;

use crate::path::Path;

/// A place in a text. Lines and columns count from 1, columns in characters; `offset` counts bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    pub offset: u32,
    pub line: u32,
    pub column: u32,
}

impl Mark {
    /// The first character of a text.
    pub const START: Mark = Mark {
        offset: 0,
        line: 1,
        column: 1,
    };

    /// This place moved past `text`.
    #[must_use]
    pub fn after(mut self, text: &str) -> Mark {
        self.offset += text.len() as u32;
        match text.rfind('\n') {
            Some(newline) => {
                self.line += text.bytes().filter(|byte| *byte == b'\n').count() as u32;
                self.column = 1 + text[newline + 1..].chars().count() as u32;
            }
            None => self.column += text.chars().count() as u32,
        }
        self
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A stretch of a text; `end` is the place after its last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub start: Mark,
    pub end: Mark,
}

impl Span {
    #[must_use]
    pub fn new(start: Mark, end: Mark) -> Span {
        Span { start, end }
    }

    /// The empty stretch at `mark`.
    #[must_use]
    pub fn at(mark: Mark) -> Span {
        Span {
            start: mark,
            end: mark,
        }
    }

    /// The bytes covered.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start.offset as usize..self.end.offset as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Error,
    Warning,
    Info,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        })
    }
}

/// One fault in a user's input. `Display` gives it on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable name for this kind of fault, such as `unknown-field`.
    pub code: &'static str,
    pub severity: Severity,
    /// One line, without a final full stop.
    pub message: String,
    /// The value concerned, inside its object.
    pub path: Option<Path>,
    pub span: Option<Span>,
    /// The name of the file.
    pub source: Arc<str>,
    /// What would put it right.
    pub help: Option<String>,
    /// Other places that matter, each with what it has to do with the fault.
    pub related: Vec<(Span, String)>,
}

impl Diagnostic {
    #[must_use]
    pub fn new(
        severity: Severity,
        code: &'static str,
        source: &Arc<str>,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            code,
            severity,
            message: one_line(message.into()),
            path: None,
            span: None,
            source: Arc::clone(source),
            help: None,
            related: Vec::new(),
        }
    }

    #[must_use]
    pub fn error(code: &'static str, source: &Arc<str>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, source, message)
    }

    #[must_use]
    pub fn warning(
        code: &'static str,
        source: &Arc<str>,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, source, message)
    }

    #[must_use]
    pub fn at(mut self, span: Span) -> Diagnostic {
        self.span = Some(span);
        self
    }

    #[must_use]
    pub fn path(mut self, path: Path) -> Diagnostic {
        self.path = Some(path);
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(one_line(help.into()));
        self
    }

    #[must_use]
    pub fn related(mut self, span: Span, what: impl Into<String>) -> Diagnostic {
        self.related.push((span, what.into()));
        self
    }

    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.source)?;
        if let Some(span) = self.span {
            write!(f, "{}:", span.start)?;
        }
        write!(f, " {}[{}]: {}", self.severity, self.code, self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Text of a user's file may hold anything; a message shows its line ends and control characters as escapes.
fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let shown = |c: char| {
        if c.is_control() {
            c.escape_debug().to_string()
        } else {
            c.to_string()
        }
    };
    text.chars().map(shown).collect()
}

/// Puts diagnostics in the order of the text; those with no place come first.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        let place = |d: &Diagnostic| d.span.map(|span| span.start.offset);
        (&a.source, place(a), a.severity).cmp(&(&b.source, place(b), b.severity))
    });
}

/// Whether any of them is an error.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

/// The candidate that `written` was most likely meant to be, if one is near enough.
#[must_use]
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = written.to_ascii_lowercase();
    let allowed = match written.chars().count() {
        0 => return None,
        1..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let distance = |candidate: &str| match candidate.to_ascii_lowercase() {
        lower if lower == folded => 0,
        lower if lower.len().abs_diff(folded.len()) > allowed => usize::MAX,
        lower => strsim::damerau_levenshtein(&lower, &folded),
    };
    let (best, near) = candidates
        .into_iter()
        .map(|c| (c, distance(c)))
        .min_by_key(|(_, near)| *near)?;
    (near <= allowed && near < written.chars().count()).then_some(best)
}
