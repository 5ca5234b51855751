//! Bytes to objects: which kinds a file holds, and each as its type.

mod header;
mod object;

use std::sync::Arc;

pub use object::{Kind, Object, ObjectValue};

use crate::diagnostic::{self, Diagnostic};
use crate::source::{Node, Source};
use header::Header;

/// All that a file holds, and all that is wrong with it, in the order of its text.
#[derive(Clone, Debug)]
pub struct Read {
    pub objects: Vec<Object>,
    pub diagnostics: Vec<Diagnostic>,
    pub source: Arc<Source>,
}

impl Read {
    /// True when nothing is wrong; warnings may remain.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !diagnostic::has_errors(&self.diagnostics)
    }
}

/// Reads a file: every document, every object, every fault. `name` is what diagnostics call it.
#[must_use]
pub fn read(name: &str, bytes: &[u8]) -> Read {
    let mut diagnostics = Vec::new();
    let source = Source::parse(name, bytes, &mut diagnostics);
    let mut reader = Reader {
        source: &source,
        diagnostics,
        objects: Vec::new(),
    };
    for (document, node) in source.documents.iter().enumerate() {
        reader.document(document, node, None);
    }
    let Reader {
        mut diagnostics,
        objects,
        ..
    } = reader;
    diagnostic::sort(&mut diagnostics);
    Read {
        objects,
        diagnostics,
        source: Arc::new(source),
    }
}

/// Reads one object from a tree of its own, as a text in another notation gives it.
pub fn object(
    document: usize,
    node: &Arc<Node>,
    source: &Source,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Object> {
    let mut reader = Reader {
        source,
        diagnostics: Vec::new(),
        objects: Vec::new(),
    };
    match header::of(node, None, source) {
        Ok(header) => reader.object(document, node, &header),
        Err(fault) => reader.diagnostics.push(*fault),
    }
    diagnostics.append(&mut reader.diagnostics);
    reader.objects.pop()
}

struct Reader<'s> {
    source: &'s Source,
    diagnostics: Vec<Diagnostic>,
    objects: Vec<Object>,
}

impl Reader<'_> {
    /// Reads one object, or the items of a list of them, which take the header of the list where they have none.
    fn document(&mut self, document: usize, node: &Arc<Node>, list: Option<&Header>) {
        let header = match header::of(node, list, self.source) {
            Ok(header) => header,
            Err(fault) => return self.diagnostics.push(*fault),
        };
        match header.items(node) {
            Some((items, header)) => {
                for item in items {
                    self.document(document, &Arc::new(item.clone()), header.as_ref());
                }
            }
            None => self.object(document, node, &header),
        }
    }

    fn object(&mut self, document: usize, node: &Arc<Node>, header: &Header) {
        let before = self.diagnostics.len();
        let kind = header.kind(node, self.source, &mut self.diagnostics);
        let value = ObjectValue::decode(&kind, header, node, self.source, &mut self.diagnostics);
        let complete = !diagnostic::has_errors(&self.diagnostics[before..]);
        if let Some(value) = value {
            let node = Arc::clone(node);
            self.objects.push(Object {
                kind,
                document,
                node,
                value,
                complete,
            });
        }
    }
}
