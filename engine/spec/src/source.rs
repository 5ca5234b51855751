//! YAML and JSON text as a tree of values with their places.
//!
//! The events come from `granit-parser`, the kept and tested parser under `serde-saphyr`: it alone gives byte positions,
//! comments, recovery at the next document and limits on nesting, and it reads JSON too (tabs, surrogate pairs).
//!
//! Plain scalars mean what they mean to Kubernetes' YAML reader, which Argo uses (YAML 1.1): `yes`, `on`, `0644`, `1_000`
//! are a boolean and numbers where any value may stand. Dates and `12:30` are text. See [`Meaning`]. Keys are text as written.

mod alias;
mod build;
mod map;
mod node;
mod resolve;
mod syntax;
mod within;

use std::ops::Range;
use std::sync::Arc;

pub use node::{CoreTag, Entry, Node, NodeKind, Scalar, Style};
pub use resolve::{Meaning, plain};

use crate::diagnostic::{Diagnostic, Mark, Span};
use crate::path::Path;

/// How deep lists and maps may nest, aliases followed.
pub const MAX_DEPTH: usize = 128;

/// A text, its documents and its comments.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file's name, as diagnostics give it.
    pub name: Arc<str>,
    pub text: Arc<str>,
    /// One tree per document that holds anything, in the order of the text.
    pub documents: Vec<Arc<Node>>,
    /// In the order of the text.
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
        let name: Arc<str> = name.into();
        let Some(text) = decoded(&name, bytes, diagnostics) else {
            return Source {
                name,
                text: String::from_utf8_lossy(bytes).into(),
                documents: Vec::new(),
                comments: Vec::new(),
            };
        };
        let mut builder = build::Builder::new(&name, text, diagnostics);
        builder.run();
        let (documents, comments) = (builder.documents, builder.comments);
        Source {
            text: text.into(),
            name,
            documents,
            comments,
        }
    }

    /// The place of the value at `path` in document number `document`, or of its nearest ancestor that exists.
    #[must_use]
    pub fn locate(&self, document: usize, path: &Path) -> Span {
        self.documents
            .get(document)
            .map_or(Span::at(Mark::START), |root| root.locate(path))
    }

    /// The place of the key at the end of `path` in document number `document`.
    #[must_use]
    pub fn locate_key(&self, document: usize, path: &Path) -> Span {
        self.documents
            .get(document)
            .map_or(Span::at(Mark::START), |root| root.locate_key(path))
    }

    /// The place of the bytes `range` of a scalar's value: exact for all characters but blanks, whatever its quoting and
    /// folding. For anything but a scalar, the place of the whole.
    #[must_use]
    pub fn within(&self, node: &Node, range: Range<usize>) -> Span {
        let raw = self.text.get(node.span.range());
        let found = node.scalar().zip(raw).and_then(|(scalar, raw)| {
            within::place(raw, node.span.start, scalar.style, &scalar.value, range)
        });
        found.unwrap_or(node.span)
    }
}

/// The text of `bytes`, if it is one.
fn decoded<'a>(
    name: &Arc<str>,
    bytes: &'a [u8],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a str> {
    if u32::try_from(bytes.len()).is_err() {
        diagnostics.push(Diagnostic::error(
            "too-large",
            name,
            "the file is larger than 4 GiB",
        ));
        return None;
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Some(text),
        Err(error) => error,
    };
    let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
    let fault = Diagnostic::error("encoding", name, "the file is not UTF-8 text")
        .at(Span::at(Mark::START.after(&before)))
        .help("save it as UTF-8");
    diagnostics.push(fault);
    None
}
