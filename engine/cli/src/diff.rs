//! How two texts differ, as `diff -u` shows it.

use similar::{ChangeTag, TextDiff};

use crate::style;

/// Nothing where they do not.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let mut out = format!("--- {name}\n+++ {name}\n");
    let diff = TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().iter_hunks() {
        out.push_str(&style::paint(style::DIM, hunk.header()).to_string());
        out.push('\n');
        for change in hunk.iter_changes() {
            let line = change.value().trim_end_matches(['\n', '\r']);
            let line = match change.tag() {
                ChangeTag::Delete => style::paint(style::REMOVED, format!("-{line}")).to_string(),
                ChangeTag::Insert => style::paint(style::ADDED, format!("+{line}")).to_string(),
                ChangeTag::Equal => format!(" {line}"),
            };
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}
