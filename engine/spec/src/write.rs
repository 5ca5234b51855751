//! Any object of the wire types as YAML or JSON text. Fields stand in the order of their struct.

mod scalar;
mod tree;

use serde::Serialize;

use tree::Tree;

/// Why a value has no text: a map whose keys are no strings, or a type's own `Serialize` that fails.
#[derive(Debug, thiserror::Error)]
#[error("write the value as JSON")]
pub struct WriteError(#[from] serde_json::Error);

/// JSON, indented by two. Characters that a YAML reader would refuse stand as escapes.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, WriteError> {
    let text = serde_json::to_string_pretty(value)?;
    let safe = |c: char| c == '\n' || scalar::is_printable(c);
    if text.chars().all(safe) {
        return Ok(text);
    }
    // Only strings hold such characters, and all of them lie in the first plane.
    let escaped = |c: char| {
        if safe(c) {
            c.to_string()
        } else {
            format!("\\u{:04x}", u32::from(c))
        }
    };
    Ok(text.chars().map(escaped).collect())
}

/// One YAML document in block style, ending in a newline. Strings have quotes exactly where a reader of YAML 1.1 or 1.2
/// would misread them; several lines are a `|` block.
pub fn to_yaml<T: Serialize + ?Sized>(value: &T) -> Result<String, WriteError> {
    let tree: Tree = serde_json::from_str(&serde_json::to_string(value)?)?;
    let mut out = String::new();
    root(&tree, &mut out);
    Ok(out)
}

/// Several documents, `---` between them.
pub fn to_yaml_documents<T: Serialize>(values: &[T]) -> Result<String, WriteError> {
    let documents: Result<Vec<_>, _> = values.iter().map(to_yaml).collect();
    Ok(documents?.join("---\n"))
}

fn root(tree: &Tree, out: &mut String) {
    match tree {
        Tree::Map(entries) if !entries.is_empty() => map(entries, 0, out),
        Tree::Seq(items) if !items.is_empty() => seq(items, 0, out),
        Tree::Text(text) => {
            scalar::line(text, out);
            out.push('\n');
        }
        flat => {
            leaf(flat, 0, out);
            out.push('\n');
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Entries, the first where `out` stands, the others on lines indented to `depth`.
fn map(entries: &[(String, Tree)], depth: usize, out: &mut String) {
    for (position, (key, value)) in entries.iter().enumerate() {
        if position > 0 {
            indent(depth, out);
        }
        scalar::key(key, depth, out);
        match value {
            Tree::Map(entries) if !entries.is_empty() => {
                out.push('\n');
                indent(depth + 1, out);
                map(entries, depth + 1, out);
            }
            Tree::Seq(items) if !items.is_empty() => {
                out.push('\n');
                indent(depth, out);
                seq(items, depth, out);
            }
            flat => {
                out.push(' ');
                leaf(flat, depth, out);
                out.push('\n');
            }
        }
    }
}

/// Items, the first where `out` stands, the others on lines indented to `depth`.
fn seq(items: &[Tree], depth: usize, out: &mut String) {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            indent(depth, out);
        }
        out.push_str("- ");
        match item {
            Tree::Map(entries) if !entries.is_empty() => map(entries, depth + 1, out),
            Tree::Seq(items) if !items.is_empty() => seq(items, depth + 1, out),
            flat => {
                leaf(flat, depth, out);
                out.push('\n');
            }
        }
    }
}

/// A value on the rest of a line, or as a block below it; without the final newline.
fn leaf(tree: &Tree, depth: usize, out: &mut String) {
    match tree {
        Tree::Null => out.push_str("null"),
        Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Tree::Number(number) => out.push_str(&number.to_string()),
        Tree::Text(text) => scalar::text(text, depth, out),
        Tree::Seq(_) => out.push_str("[]"),
        Tree::Map(_) => out.push_str("{}"),
    }
}
