//! Trees of values under construction, every value and key with its place in the `.flow` text.

use tiphys_spec::source::{CoreTag, Entry, Scalar, Style};
use tiphys_spec::{Node, NodeKind, Span};

pub(crate) fn map(span: Span) -> Node {
    Node {
        span,
        kind: NodeKind::Map(Vec::new()),
        alias: None,
    }
}

pub(crate) fn seq(span: Span, items: Vec<Node>) -> Node {
    Node {
        span,
        kind: NodeKind::Seq(items),
        alias: None,
    }
}

/// Text, whatever it looks like.
pub(crate) fn text(span: Span, style: Style, value: impl Into<Box<str>>) -> Node {
    let scalar = Scalar {
        value: value.into(),
        style,
        tag: (style == Style::Plain).then_some(CoreTag::Str),
    };
    Node {
        span,
        kind: NodeKind::Scalar(scalar),
        alias: None,
    }
}

/// A number, boolean or null by its text.
pub(crate) fn plain(span: Span, value: &str) -> Node {
    let scalar = Scalar {
        value: value.into(),
        style: Style::Plain,
        tag: None,
    };
    Node {
        span,
        kind: NodeKind::Scalar(scalar),
        alias: None,
    }
}

/// Puts `value` at `key`: maps are merged, lists joined. Gives the value back where something else stands there already.
pub(crate) fn put(
    into: &mut Node,
    key: &str,
    key_span: Span,
    value: Node,
) -> Result<(), Box<Node>> {
    let NodeKind::Map(entries) = &mut into.kind else {
        return Err(Box::new(value));
    };
    if let Some(entry) = entries.iter_mut().find(|entry| &*entry.key == key) {
        return merge(&mut entry.value, value);
    }
    entries.push(Entry {
        key: key.into(),
        key_span,
        value,
        merged: false,
    });
    Ok(())
}

fn merge(old: &mut Node, new: Node) -> Result<(), Box<Node>> {
    match (&mut old.kind, new.kind) {
        (NodeKind::Map(_), NodeKind::Map(entries)) => {
            for entry in entries {
                put(old, &entry.key, entry.key_span, entry.value)?;
            }
            Ok(())
        }
        (NodeKind::Seq(items), NodeKind::Seq(mut more)) => {
            items.append(&mut more);
            Ok(())
        }
        (_, kind) => Err(Box::new(Node {
            span: new.span,
            kind,
            alias: None,
        })),
    }
}

/// Puts `value` at the end of `path`, with maps on the way.
pub(crate) fn put_at(
    into: &mut Node,
    path: &[&str],
    key_span: Span,
    value: Node,
) -> Result<(), Box<Node>> {
    match path {
        [] => Ok(()),
        [key] => put(into, key, key_span, value),
        [key, rest @ ..] => {
            let mut outer = map(value.span);
            put_at(&mut outer, rest, key_span, value)?;
            put(into, key, key_span, outer)
        }
    }
}

/// JSON's idea of a number, `true`, `false` and `null`: all other bare words are text.
pub(crate) fn is_literal(word: &str) -> bool {
    matches!(word, "true" | "false" | "null") || is_number(word)
}

pub(crate) fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(word).is_ok()
}
