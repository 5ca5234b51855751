//! The picture for Mermaid.

use std::fmt::Write;

use super::dot::pairs;
use super::model::{Item, Picture};

/// A flowchart; opened templates are subgraphs.
pub fn mermaid(picture: &Picture) -> String {
    let mut out = format!(
        "---\ntitle: {}\n---\nflowchart TD\n",
        quoted(&picture.title)
    );
    for item in std::iter::once(&picture.main).chain(&picture.hooks) {
        draw(item, 1, &mut out);
    }
    for hook in &picture.hooks {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "  n{} -.-> n{}", picture.main.id, hook.id);
    }
    out
}

fn draw(item: &Item, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let label = label(item);
    match &item.inner {
        Some(inner) if !inner.items.is_empty() => {
            let _ = writeln!(out, "{indent}subgraph n{} [{label}]", item.id);
            for item in &inner.items {
                draw(item, depth + 1, out);
            }
            for (from, to, text) in pairs(inner) {
                let arrow = if text.is_empty() {
                    "-->".to_owned()
                } else {
                    format!("-->|{}|", quoted(text))
                };
                let _ = writeln!(
                    out,
                    "{indent}  n{} {arrow} n{}",
                    inner.items[from].id, inner.items[to].id
                );
            }
            let _ = writeln!(out, "{indent}end");
        }
        _ if item.kind == "suspend" => {
            let _ = writeln!(out, "{indent}n{}{{{{{label}}}}}", item.id);
        }
        _ => {
            let _ = writeln!(out, "{indent}n{}({label})", item.id);
        }
    }
}

fn label(item: &Item) -> String {
    let mut lines = vec![item.name.clone()];
    if !item.template.is_empty() && item.template != item.name {
        lines.push(item.template.clone());
    }
    lines.extend(item.notes.iter().cloned());
    quoted(&lines.join("\n"))
}

fn quoted(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "\"{}\"",
        text.replace('\n', "<br/>")
            .replace('{', "&#123;")
            .replace('}', "&#125;")
    )
}
