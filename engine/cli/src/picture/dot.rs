//! The picture for Graphviz.

use std::fmt::Write;

use super::model::{Inner, Item, Picture};

/// A digraph; opened templates are clusters.
pub fn dot(picture: &Picture) -> String {
    let mut out = String::new();
    let mut line = |depth: usize, text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}{text}", "  ".repeat(depth));
    };
    line(0, format!("digraph {} {{", quoted(&picture.title)));
    line(1, "compound=true; fontname=\"Helvetica\";".to_owned());
    line(1, "node [shape=box, style=rounded, fontname=\"Helvetica\"]; edge [fontname=\"Helvetica\", fontsize=10];".to_owned());
    for item in std::iter::once(&picture.main).chain(&picture.hooks) {
        draw(item, 1, &mut line);
    }
    for hook in &picture.hooks {
        line(1, edge(&picture.main, hook, "", ", style=dashed"));
    }
    line(0, "}".to_owned());
    out
}

fn draw(item: &Item, depth: usize, line: &mut impl FnMut(usize, String)) {
    let shape = if item.kind == "suspend" {
        ", shape=octagon"
    } else {
        ""
    };
    match &item.inner {
        Some(inner) if !inner.items.is_empty() => {
            line(depth, format!("subgraph cluster_{} {{", item.id));
            line(
                depth + 1,
                format!("label={}; style=rounded;", quoted(&label(item))),
            );
            inside(inner, depth + 1, line);
            line(depth, "}".to_owned());
        }
        _ => line(
            depth,
            format!("n{} [label={}{shape}];", item.id, quoted(&label(item))),
        ),
    }
}

fn inside(inner: &Inner, depth: usize, line: &mut impl FnMut(usize, String)) {
    for item in &inner.items {
        draw(item, depth, line);
    }
    for (from, to, text) in pairs(inner) {
        line(depth, edge(&inner.items[from], &inner.items[to], text, ""));
    }
}

/// What follows what: the edges of a DAG, or every step of a group after every step of the one before.
pub fn pairs(inner: &Inner) -> Vec<(usize, usize, &str)> {
    if !inner.steps {
        return inner
            .edges
            .iter()
            .map(|edge| (edge.from, edge.to, edge.label.as_str()))
            .collect();
    }
    let count = inner.items.len();
    let next = |from: usize| {
        (0..count)
            .filter(move |to| inner.ranks[*to] == inner.ranks[from] + 1)
            .map(move |to| (from, to, ""))
    };
    (0..count).flat_map(next).collect()
}

/// An edge ends at a box inside a cluster and is cut at the cluster's border.
fn edge(from: &Item, to: &Item, text: &str, more: &str) -> String {
    let mut options = String::new();
    if anchor(from, true) != from.id {
        let _ = write!(options, ", ltail=cluster_{}", from.id);
    }
    if anchor(to, false) != to.id {
        let _ = write!(options, ", lhead=cluster_{}", to.id);
    }
    if !text.is_empty() {
        let _ = write!(options, ", label={}", quoted(text));
    }
    options.push_str(more);
    let options = options
        .strip_prefix(", ")
        .map(|options| format!(" [{options}]"))
        .unwrap_or_default();
    format!(
        "n{} -> n{}{options};",
        anchor(from, true),
        anchor(to, false)
    )
}

/// The box that stands for an item.
fn anchor(item: &Item, last: bool) -> usize {
    let items = item
        .inner
        .as_ref()
        .map(|inner| inner.items.as_slice())
        .unwrap_or_default();
    let next = if last { items.last() } else { items.first() };
    next.map_or(item.id, |inner| anchor(inner, last))
}

fn label(item: &Item) -> String {
    let mut lines = vec![item.name.clone()];
    if !item.template.is_empty() && item.template != item.name {
        lines.push(item.template.clone());
    }
    lines.extend(item.notes.iter().cloned());
    lines.join("\n")
}

fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    )
}
