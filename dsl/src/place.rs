//! Byte offsets to lines and columns, in time that does not depend on how long a line is.

use std::sync::Arc;

use tiphys_spec::{Mark, Span};

/// Bytes between two places whose number of characters is kept.
const STRIDE: usize = 128;

/// A text that knows where its lines start.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    text: Arc<str>,
    lines: Vec<u32>,
    /// The number of the line that byte `STRIDE * n` is on.
    on_line: Vec<u32>,
    /// Characters before byte `STRIDE * n`; empty for a text that is ASCII.
    characters: Vec<u32>,
}

impl Places {
    pub fn new(text: &Arc<str>) -> Places {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines: Vec<u32> = std::iter::once(0)
            .chain(newlines.map(|(at, _)| at as u32 + 1))
            .collect();
        let mut line = 0;
        let on_line = (0..=text.len()).step_by(STRIDE).map(|at| {
            while lines
                .get(line + 1)
                .is_some_and(|start| *start as usize <= at)
            {
                line += 1;
            }
            line as u32
        });
        let on_line = on_line.collect();
        let characters = if text.is_ascii() {
            Vec::new()
        } else {
            counted(text)
        };
        Places {
            text: Arc::clone(text),
            lines,
            on_line,
            characters,
        }
    }

    /// Characters before `offset`.
    fn count(&self, offset: usize) -> u32 {
        if self.characters.is_empty() {
            return offset as u32;
        }
        // A text that ends where a stride does has no count of its own there.
        let kept = (offset / STRIDE).min(self.characters.len().saturating_sub(1));
        let rest = &self.text.as_bytes()[kept * STRIDE..offset];
        let base = self.characters.get(kept).copied().unwrap_or_default();
        base + rest.iter().filter(|byte| starts(**byte)).count() as u32
    }

    pub fn mark(&self, offset: usize) -> Mark {
        let offset = offset.min(self.text.len());
        let first = self.on_line[offset / STRIDE] as usize + 1;
        let further = self.lines[first..].iter();
        let line = first
            + further
                .take_while(|start| **start as usize <= offset)
                .count();
        let start = self.lines[line - 1] as usize;
        Mark {
            offset: offset as u32,
            line: line as u32,
            column: self.count(offset) - self.count(start) + 1,
        }
    }

    pub fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.mark(start), self.mark(end))
    }
}

fn starts(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

fn counted(text: &str) -> Vec<u32> {
    let mut total = 0;
    text.as_bytes()
        .chunks(STRIDE)
        .map(|chunk| {
            let before = total;
            total += chunk.iter().filter(|byte| starts(**byte)).count() as u32;
            before
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_walk_over_the_text() {
        let text: Arc<str> = format!("aé\n{}\n\nß", "éx".repeat(300)).into();
        let places = Places::new(&text);
        for (offset, _) in text.char_indices() {
            assert_eq!(places.mark(offset), Mark::START.after(&text[..offset]));
        }
    }
}
