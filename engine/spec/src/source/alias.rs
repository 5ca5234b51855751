//! Anchors and aliases: a value written once, standing in several places.

use super::build::{Abandoned, Builder};
use super::{CoreTag, MAX_DEPTH, Node, NodeKind, Scalar, Style};
use crate::diagnostic::{Diagnostic, Span};

/// Copies that aliases may make: this many, and ten times what is written.
const COPIES: usize = 100_000;

pub(super) struct Anchored {
    node: Node,
    size: usize,
    depth: usize,
}

impl Builder<'_> {
    /// Keeps a copy of `node` for the aliases to come.
    pub fn anchor(&mut self, anchor: usize, node: &Node) -> Result<(), Abandoned> {
        let (size, depth) = measure(node);
        self.copy(size, node.span)?;
        self.anchors.insert(
            anchor,
            Anchored {
                node: node.clone(),
                size,
                depth,
            },
        );
        Ok(())
    }

    pub fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Abandoned> {
        let Some(found) = self.anchors.get(&anchor) else {
            self.report(
                Diagnostic::error(
                    "alias-cycle",
                    self.name,
                    "an alias stands inside its own anchor",
                )
                .at(span),
            );
            return Err(Abandoned);
        };
        let (size, depth) = (found.size, found.depth);
        if self.stack.len() + depth > MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        self.copy(size, span)?;
        if let Some(found) = self.anchors.get(&anchor) {
            let node = Node {
                alias: Some(Box::new(span)),
                ..found.node.clone()
            };
            self.place(node);
        }
        Ok(())
    }

    pub fn unknown_alias(&mut self, name: &str, span: Span) -> Result<(), Abandoned> {
        self.report(
            Diagnostic::error(
                "unknown-alias",
                self.name,
                format!("no anchor `&{name}` stands before this alias"),
            )
            .at(span)
            .help(format!("quote it if text is meant: \"*{name}\"")),
        );
        let scalar = Scalar {
            value: format!("*{name}").into(),
            style: Style::Plain,
            tag: Some(CoreTag::Str),
        };
        self.finish(
            Node {
                span,
                kind: NodeKind::Scalar(scalar),
                alias: None,
            },
            0,
        )
    }

    fn copy(&mut self, size: usize, span: Span) -> Result<(), Abandoned> {
        self.copied += size;
        if self.copied <= COPIES + 10 * self.written {
            return Ok(());
        }
        self.report(
            Diagnostic::error(
                "alias-limit",
                self.name,
                "aliases expand to too many values",
            )
            .at(span),
        );
        Err(Abandoned)
    }
}

/// How many values a tree holds, and how deep it goes. Trees are never deeper than `MAX_DEPTH`.
fn measure(node: &Node) -> (usize, usize) {
    let join = |(size, depth): (usize, usize), child: &Node| {
        let (s, d) = measure(child);
        (size + s, depth.max(d + 1))
    };
    match &node.kind {
        NodeKind::Scalar(_) => (1, 0),
        NodeKind::Seq(items) => items.iter().fold((1, 1), join),
        NodeKind::Map(entries) => entries.iter().map(|entry| &entry.value).fold((1, 1), join),
    }
}
