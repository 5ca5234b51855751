//! Where things stand: an object's source, and a place inside the object that costs nothing until a fault needs it.

use std::ops::Range;
use std::sync::Arc;
use tiphys_spec::{Diagnostic, Node, Path, Segment, Severity, Source, Span};

/// Where an object was read from. Objects from an API have a name and no text; their faults carry a path and no span.
#[derive(Clone, Debug)]
pub struct Origin {
    name: Arc<str>,
    text: Option<(Arc<Source>, Arc<Node>)>,
}

impl Origin {
    /// An object that was read from a text: `node` is the object's own tree.
    #[must_use]
    pub fn new(source: &Arc<Source>, node: &Arc<Node>) -> Origin {
        Origin {
            name: Arc::clone(&source.name),
            text: Some((Arc::clone(source), Arc::clone(node))),
        }
    }

    /// An object without a text; diagnostics call it `name`.
    #[must_use]
    pub fn unread(name: &str) -> Origin {
        Origin {
            name: name.into(),
            text: None,
        }
    }

    /// The name that diagnostics give.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn span(&self, path: &Path) -> Option<Span> {
        self.text.as_ref().map(|(_, node)| node.locate(path))
    }

    fn key_span(&self, path: &Path) -> Option<Span> {
        self.text.as_ref().map(|(_, node)| node.locate_key(path))
    }

    fn span_within(&self, path: &Path, range: Range<usize>) -> Option<Span> {
        let (source, node) = self.text.as_ref()?;
        match node.at(path) {
            Some(scalar) if scalar.scalar().is_some_and(|s| range.end <= s.value.len()) => {
                Some(source.within(scalar, range))
            }
            _ => Some(node.locate(path)),
        }
    }
}

/// A place inside an object: a chain of steps on the stack. The path is built only when a fault is reported.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub origin: &'a Origin,
    link: Link<'a>,
}

#[derive(Clone, Copy)]
enum Link<'a> {
    Base(&'a Path),
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    pub fn new(origin: &'a Origin, base: &'a Path) -> At<'a> {
        At {
            origin,
            link: Link::Base(base),
        }
    }

    pub fn key<'b>(&'b self, key: &'b str) -> At<'b> {
        At {
            origin: self.origin,
            link: Link::Key(self, key),
        }
    }

    pub fn index(&self, index: usize) -> At<'_> {
        At {
            origin: self.origin,
            link: Link::Index(self, index),
        }
    }

    pub fn path(&self) -> Path {
        let mut tail = Vec::new();
        let mut at = self;
        let base = loop {
            at = match &at.link {
                Link::Base(path) => break *path,
                Link::Key(up, key) => {
                    tail.push(Segment::Key((*key).into()));
                    up
                }
                Link::Index(up, index) => {
                    tail.push(Segment::Index(*index));
                    up
                }
            };
        };
        base.segments()
            .iter()
            .cloned()
            .chain(tail.into_iter().rev())
            .collect()
    }

    fn fault(
        &self,
        severity: Severity,
        code: &'static str,
        message: impl Into<String>,
        path: Path,
        span: Option<Span>,
    ) -> Diagnostic {
        let fault = Diagnostic::new(severity, code, &self.origin.name, message).path(path);
        match span {
            Some(span) => fault.at(span),
            None => fault,
        }
    }

    /// A fault of the value here.
    pub fn report(
        &self,
        severity: Severity,
        code: &'static str,
        message: impl Into<String>,
    ) -> Diagnostic {
        let path = self.path();
        let span = self.origin.span(&path);
        self.fault(severity, code, message, path, span)
    }

    pub fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        self.report(Severity::Error, code, message)
    }

    pub fn warning(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        self.report(Severity::Warning, code, message)
    }

    pub fn info(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        self.report(Severity::Info, code, message)
    }

    /// An error of the key here: a field that should not be there, whatever its value.
    pub fn key_error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        let path = self.path();
        let span = self.origin.key_span(&path);
        self.fault(Severity::Error, code, message, path, span)
    }

    /// A fault of some bytes of the text here.
    pub fn within(
        &self,
        range: Range<usize>,
        severity: Severity,
        code: &'static str,
        message: impl Into<String>,
    ) -> Diagnostic {
        let path = self.path();
        let span = self.origin.span_within(&path, range);
        self.fault(severity, code, message, path, span)
    }
}

/// `fault` with a "did you mean" when one of `candidates` is near `written`.
pub(crate) fn suggest<'c>(
    fault: Diagnostic,
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Diagnostic {
    match tiphys_spec::diagnostic::nearest(written, candidates) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_becomes_a_path() {
        let (origin, base) = (Origin::unread("wf"), "spec".parse().unwrap());
        let root = At::new(&origin, &base);
        let fault = root.key("templates").index(2).key("a.b").error("x", "bad");
        assert_eq!(
            fault.path.unwrap().to_string(),
            "spec.templates[2][\"a.b\"]"
        );
    }
}
