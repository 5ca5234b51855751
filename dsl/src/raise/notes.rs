//! Comments of a source, each waiting for the statement that takes its place.

use std::ops::Range;

use tiphys_spec::{Node, NodeKind, Source};

struct Note {
    /// Where the key or item begins that the comment belongs to: the next one, or for a comment behind one, that one.
    anchor: usize,
    text: String,
    own_line: bool,
    taken: bool,
}

pub(super) struct Notes {
    notes: Vec<Note>,
    first: usize,
}

/// Comments for one statement.
#[derive(Default)]
pub(super) struct Taken {
    pub leading: Vec<String>,
    pub trailing: Option<String>,
}

impl Notes {
    pub fn new(source: &Source) -> Notes {
        let mut starts = Vec::new();
        source
            .documents
            .iter()
            .for_each(|node| collect(node, &mut starts));
        starts.sort_unstable();
        starts.dedup();
        let lines: Vec<usize> = std::iter::once(0)
            .chain(
                source
                    .text
                    .bytes()
                    .enumerate()
                    .filter(|(_, byte)| *byte == b'\n')
                    .map(|(at, _)| at + 1),
            )
            .collect();
        let note = |comment: &tiphys_spec::source::Comment| {
            let at = comment.span.start.offset as usize;
            let line = lines[lines.partition_point(|start| *start <= at) - 1];
            let next = starts.partition_point(|start| *start < at);
            let on_line = starts.partition_point(|start| *start < line);
            let anchor = match comment.own_line {
                false if on_line < next => starts[on_line],
                _ => starts.get(next).copied().unwrap_or(usize::MAX),
            };
            Note {
                anchor,
                text: comment.text.to_string(),
                own_line: comment.own_line,
                taken: false,
            }
        };
        Notes {
            notes: source.comments.iter().map(note).collect(),
            first: 0,
        }
    }

    /// The comments that belong to what stands in one of these places.
    pub fn take(&mut self, ranges: &[Range<usize>]) -> Taken {
        let mut taken = Taken::default();
        let mut behind = Vec::new();
        while self.notes.get(self.first).is_some_and(|note| note.taken) {
            self.first += 1;
        }
        for note in self.notes[self.first..]
            .iter_mut()
            .filter(|note| !note.taken)
        {
            if ranges.iter().any(|range| range.contains(&note.anchor)) {
                note.taken = true;
                if !note.own_line {
                    behind.push(taken.leading.len());
                }
                taken.leading.push(note.text.clone());
            }
        }
        if let [one] = behind.as_slice() {
            taken.trailing = Some(taken.leading.remove(*one));
        }
        taken
    }

    /// All that is left before `end`; with the largest number, all that is left.
    pub fn take_before(&mut self, end: usize) -> Taken {
        if end == usize::MAX {
            self.notes
                .iter_mut()
                .filter(|note| note.anchor == end)
                .for_each(|note| note.anchor -= 1);
        }
        self.take(std::slice::from_ref(&(0..end)))
    }

    pub fn any(&self, range: &Range<usize>) -> bool {
        self.notes
            .iter()
            .any(|note| !note.taken && range.contains(&note.anchor))
    }
}

fn collect(node: &Node, starts: &mut Vec<usize>) {
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Seq(items) => {
            for item in items.iter().filter(|item| item.alias.is_none()) {
                starts.push(item.span.start.offset as usize);
                collect(item, starts);
            }
        }
        NodeKind::Map(entries) => {
            for entry in entries.iter().filter(|entry| !entry.merged) {
                starts.push(entry.key_span.start.offset as usize);
                if entry.value.alias.is_none() {
                    collect(&entry.value, starts);
                }
            }
        }
    }
}
