//! YAML and JSON text as a tree of values with their places.

mod node;

use std::ops::Range;
use std::sync::Arc;

pub use node::{CoreTag, Entry, Node, NodeKind, Scalar, Style};

use crate::diagnostic::{Diagnostic, Mark, Span};
use crate::path::Path;

/// A text, its documents and its comments.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file's name, as diagnostics give it.
    pub name: Arc<str>,
    pub text: Arc<str>,
    /// One tree per document that holds anything, in the order of the text.
    pub documents: Vec<Arc<Node>>,
    pub comments: Vec<Comment>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// From the `#` to the end of the line.
    pub span: Span,
    /// What follows the `#`, as written.
    pub text: Box<str>,
    /// True when nothing but blanks stands before it on its line.
    pub own_line: bool,
}

impl Source {
    /// Reads a text. Faults go to `diagnostics`; documents that could not be read are left out.
    pub fn parse(name: &str, bytes: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Source {
        let _ = diagnostics;
        Source {
            name: name.into(),
            text: String::from_utf8_lossy(bytes).into(),
            documents: Vec::new(),
            comments: Vec::new(),
        }
    }

    /// The place of the value at `path` in document number `document`, or of its nearest ancestor that exists.
    #[must_use]
    pub fn locate(&self, document: usize, path: &Path) -> Span {
        self.documents.get(document).map_or(Span::at(Mark::START), |root| root.locate(path))
    }

    /// The place of the key at the end of `path` in document number `document`.
    #[must_use]
    pub fn locate_key(&self, document: usize, path: &Path) -> Span {
        self.documents.get(document).map_or(Span::at(Mark::START), |root| root.locate_key(path))
    }

    /// The place of the bytes `range` of a scalar's value, as exactly as its quoting and folding allow.
    #[must_use]
    pub fn within(&self, scalar: &Node, range: Range<usize>) -> Span {
        let _ = range;
        scalar.span
    }
}
