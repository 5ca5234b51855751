//! The tree a text stands for, every value and key with its place.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::path::{Path, Segment};

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// One value of a text, with its anchors, aliases and merge keys already followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value is written. A value reached through an alias keeps the place of its anchor.
    pub span: Span,
    pub kind: NodeKind,
    /// The `*alias` that brought this value here, when it was not written in place.
    pub alias: Option<Box<Span>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    Scalar(Scalar),
    Seq(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// The text meant, after unquoting, unescaping and folding.
    pub value: Box<str>,
    pub style: Style,
    /// The core tag it carries, if any: `!!str`, `!!int`, ….
    pub tag: Option<CoreTag>,
}

/// A tag that fixes a scalar's type whatever its text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoreTag {
    Str,
    Int,
    Float,
    Bool,
    Null,
    /// `!!binary`: base64, handed over as text.
    Binary,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: Arc<str>,
    pub key_span: Span,
    pub value: Node,
    /// True for an entry that came in through a merge key (`<<`).
    pub merged: bool,
}

impl Node {
    /// The value of `key`, for a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key == key)
    }

    /// The entries of a map; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::Seq(items) => items,
            _ => &[],
        }
    }

    #[must_use]
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    fn child(&self, segment: &Segment) -> Option<&Node> {
        match segment {
            Segment::Key(key) => self.get(key),
            Segment::Index(index) => self.items().get(*index),
        }
    }

    /// The value at `path` below this one.
    #[must_use]
    pub fn at(&self, path: &Path) -> Option<&Node> {
        path.segments()
            .iter()
            .try_fold(self, |node, segment| node.child(segment))
    }

    /// The place of the value at `path`, or of its nearest ancestor that exists.
    #[must_use]
    pub fn locate(&self, path: &Path) -> Span {
        let mut node = self;
        for segment in path.segments() {
            match node.child(segment) {
                Some(child) => node = child,
                None => break,
            }
        }
        node.span
    }

    /// The place of the key at the end of `path`; without such a key, that of the nearest thing that exists.
    #[must_use]
    pub fn locate_key(&self, path: &Path) -> Span {
        let key = match (path.parent(), path.last()) {
            (Some(parent), Some(Segment::Key(key))) => {
                self.at(&parent).and_then(|map| map.entry(key))
            }
            _ => None,
        };
        key.map_or_else(|| self.locate(path), |entry| entry.key_span)
    }
}
