//! Objects as YAML, the comments of the text that they were read from beside what they were written for.

use std::collections::hash_map::Entry;
use std::ops::Range;

use rustc_hash::FxHashMap;
use serde::{Serialize, Serializer};
use tiphys_spec::source::{Comment, Meaning};
use tiphys_spec::write::{self, WriteError};
use tiphys_spec::{Node, NodeKind, Object, Path, Segment, Source};

/// Writes objects as YAML documents. Comments of `source`, whatever its notation, stand above or behind the same fields.
///
/// # Errors
/// An object has no text: see [`WriteError`].
pub fn yaml(objects: &[Object], source: &Source) -> Result<String, WriteError> {
    let mut documents = Vec::new();
    let mut notes: Vec<&Comment> = source.comments.iter().collect();
    for (at, object) in objects.iter().enumerate() {
        let text = document(object)?;
        // A comment above the next object is that one's.
        let until = objects
            .get(at + 1)
            .map_or(usize::MAX, |next| next.node.span.start.offset as usize);
        let own_end = object.node.span.end.offset as usize;
        let split = notes.partition_point(|note| {
            let start = note.span.start.offset as usize;
            start < own_end || start < until && !note.own_line || at + 1 == objects.len()
        });
        let rest = notes.split_off(split);
        documents.push(commented(text, &object.node, source, &notes));
        notes = rest;
    }
    Ok(documents.join("---\n"))
}

/// An object as it was written, field by field; by its type where that does not say the same.
fn document(object: &Object) -> Result<String, WriteError> {
    let typed = || write::to_yaml(&object.value);
    let Ok(text) = write::to_yaml(&Tree(&object.node, true)) else {
        return typed();
    };
    let back = tiphys_spec::read("", text.as_bytes());
    let data = |object: &Object| serde_json::to_value(&object.value).ok();
    match back.objects.as_slice() {
        [one] if data(one) == data(object) => Ok(text),
        _ => typed(),
    }
}

/// A tree in its own order; an object's header comes first.
struct Tree<'n>(&'n Node, bool);

const HEADER: [&str; 3] = ["apiVersion", "kind", "metadata"];

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.kind {
            NodeKind::Map(entries) => {
                let first = HEADER
                    .iter()
                    .filter(|_| self.1)
                    .filter_map(|key| self.0.entry(key));
                let rest = entries
                    .iter()
                    .filter(|entry| !self.1 || !HEADER.contains(&&*entry.key));
                serializer.collect_map(
                    first
                        .chain(rest)
                        .map(|entry| (&*entry.key, Tree(&entry.value, false))),
                )
            }
            NodeKind::Seq(items) => {
                serializer.collect_seq(items.iter().map(|item| Tree(item, false)))
            }
            NodeKind::Scalar(scalar) => match scalar.meaning() {
                Meaning::Null => serializer.serialize_unit(),
                Meaning::Bool(value) => serializer.serialize_bool(value),
                Meaning::Int(number) => serializer.serialize_i64(number),
                Meaning::Uint(number) => serializer.serialize_u64(number),
                Meaning::Float(number) => serializer.serialize_f64(number),
                Meaning::Text(text) => serializer.serialize_str(text),
            },
        }
    }
}

/// `text`, the YAML of the object whose tree is `node`, with comments.
fn commented(text: String, node: &Node, source: &Source, notes: &[&Comment]) -> String {
    if notes.is_empty() {
        return text;
    }
    let read = tiphys_spec::read("", text.as_bytes());
    let Some(written) = read.source.documents.first() else {
        return text;
    };
    let lines = lines(written);
    let mut anchors = Vec::new();
    collect(node, &mut Path::root(), &lines, &mut anchors);
    anchors.sort_by_key(|anchor| (anchor.0, anchor.1));
    let mut above: FxHashMap<usize, Vec<&str>> = FxHashMap::default();
    let mut behind: FxHashMap<usize, &str> = FxHashMap::default();
    let count = text.lines().count();
    for note in notes {
        let at = note.span.start.offset as usize;
        let comment = note.text.trim_end();
        if note.own_line {
            let next = anchors.partition_point(|anchor| anchor.0 < at);
            let line = anchors.get(next).map_or(count, |anchor| anchor.2);
            above.entry(line).or_default().push(comment);
            continue;
        }
        let start = source.text[..at]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let on_line = anchors.partition_point(|anchor| anchor.0 < start);
        let line = anchors
            .get(on_line)
            .filter(|anchor| anchor.0 < at)
            .or_else(|| anchors[..on_line].last());
        let line = line.map_or(0, |anchor| anchor.2);
        match behind.entry(line) {
            Entry::Occupied(_) => above.entry(line).or_default().push(comment),
            Entry::Vacant(free) => {
                free.insert(comment);
            }
        }
    }
    let with = merge(&text, &above, &behind);
    // Never at the cost of the data.
    let again = tiphys_spec::read("", with.as_bytes());
    let same = again.source.documents.len() == 1
        && again
            .source
            .documents
            .iter()
            .all(|other| same(other, written));
    if same { with } else { text }
}

fn merge(
    text: &str,
    above: &FxHashMap<usize, Vec<&str>>,
    behind: &FxHashMap<usize, &str>,
) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let note = |comment: &str| {
        if comment.is_empty() || comment.starts_with([' ', '!', '#']) {
            format!("#{comment}")
        } else {
            format!("# {comment}")
        }
    };
    let mut count = 0;
    for (at, line) in text.lines().enumerate() {
        let indent = &line[..line.len() - line.trim_start().len()];
        for comment in above.get(&at).into_iter().flatten() {
            out.extend([indent, &note(comment), "\n"]);
        }
        out.push_str(line);
        if let Some(comment) = behind.get(&at) {
            out.extend([" ", &note(comment)]);
        }
        out.push('\n');
        count = at + 1;
    }
    for comment in above.get(&count).into_iter().flatten() {
        out.extend([&note(comment), "\n"]);
    }
    out
}

/// The line of each value of a document, by its path.
fn lines(written: &Node) -> FxHashMap<Path, usize> {
    let mut found = FxHashMap::default();
    fn walk(node: &Node, path: &mut Path, found: &mut FxHashMap<Path, usize>) {
        let children: Vec<(Segment, usize, &Node)> = match &node.kind {
            NodeKind::Map(entries) => entries
                .iter()
                .map(|entry| {
                    (
                        Segment::Key(entry.key.clone()),
                        entry.key_span.start.line as usize,
                        &entry.value,
                    )
                })
                .collect(),
            NodeKind::Seq(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| (Segment::Index(at), item.span.start.line as usize, item))
                .collect(),
            NodeKind::Scalar(_) => Vec::new(),
        };
        for (segment, line, child) in children {
            path.push(segment);
            found.insert(path.clone(), line.saturating_sub(1));
            walk(child, path, found);
            path.pop();
        }
    }
    found.insert(Path::root(), 0);
    walk(written, &mut Path::root(), &mut found);
    found
}

/// Where each value starts in the text it was read from, how deep it is, and its line in the YAML.
type Anchor = (usize, usize, usize);

fn collect(node: &Node, path: &mut Path, lines: &FxHashMap<Path, usize>, found: &mut Vec<Anchor>) {
    if path.is_root() {
        found.extend(
            lines
                .get(path)
                .map(|line| (node.span.start.offset as usize, 0, *line)),
        );
    }
    let children: Vec<(Segment, Range<usize>, &Node)> = match &node.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .map(|entry| {
                (
                    Segment::Key(entry.key.clone()),
                    entry.key_span.range(),
                    &entry.value,
                )
            })
            .collect(),
        NodeKind::Seq(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| (Segment::Index(at), item.span.range(), item))
            .collect(),
        NodeKind::Scalar(_) => Vec::new(),
    };
    for (segment, range, child) in children {
        path.push(segment);
        found.extend(
            lines
                .get(path)
                .map(|line| (range.start, path.segments().len(), *line)),
        );
        collect(child, path, lines, found);
        path.pop();
    }
}

/// Equal but for places.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (NodeKind::Scalar(a), NodeKind::Scalar(b)) => a == b,
        (NodeKind::Seq(a), NodeKind::Seq(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (NodeKind::Map(a), NodeKind::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.key == b.key && same(&a.value, &b.value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_stay_beside_what_they_are_written_for() {
        let flow = "\
// What this does.
workflow named say(text: string = hi) { // says it
  parallelism 2 // not more

  // The one template.
  container main {
    image busybox
    // Mind the quotes.
    run echo \"${text}\" // said
  }
  // The end.
}

// A second one.
library shared {
  container a { image busybox }
}
// Really the end.
";
        let compiled = crate::compile("x.flow", flow.as_bytes());
        assert!(compiled.is_sound(), "{:?}", compiled.diagnostics);
        let text = yaml(&compiled.objects, &compiled.source).unwrap();
        let expected = "\
# What this does.
apiVersion: argoproj.io/v1alpha1 # says it
kind: Workflow
metadata:
  name: say
spec:
  arguments:
    parameters:
    - name: text
      value: hi
  parallelism: 2 # not more
  entrypoint: main
  templates:
  # The one template.
  - name: main
    container:
      image: busybox
      # Mind the quotes.
      command: # said
      - echo
      args:
      - \"{{workflow.parameters.text}}\"
# The end.
---
# A second one.
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: shared
spec:
  templates:
  - name: a
    container:
      image: busybox
# Really the end.
";
        assert_eq!(text, expected);
    }
}
