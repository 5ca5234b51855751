//! A text and its lines: bytes to an editor's positions and back.

use std::ops::Range;
use std::sync::Arc;

use lsp_types::{Position, TextDocumentContentChangeEvent};

/// What an editor counts characters in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    #[default]
    Utf16,
}

#[derive(Clone, Debug)]
pub struct Text {
    pub text: Arc<str>,
    starts: Arc<[u32]>,
}

impl Text {
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Text {
        let text = text.into();
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(newlines.map(|(at, _)| at as u32 + 1))
            .collect();
        Text { text, starts }
    }

    fn line(&self, line: usize) -> Range<usize> {
        let start = self
            .starts
            .get(line)
            .map_or(self.text.len(), |start| *start as usize);
        let end = self
            .starts
            .get(line + 1)
            .map_or(self.text.len(), |next| *next as usize - 1);
        start..end.max(start)
    }

    /// The byte at a position; what lies behind the end of a line is its end.
    #[must_use]
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let line = self.line(position.line as usize);
        let text = self.text.get(line.clone()).unwrap_or_default();
        let text = text.strip_suffix('\r').unwrap_or(text);
        let wanted = position.character as usize;
        let mut count = 0;
        for (at, letter) in text.char_indices() {
            if count >= wanted {
                return line.start + at;
            }
            count += width(letter, encoding);
        }
        line.start + text.len()
    }

    #[must_use]
    pub fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let offset = offset.min(self.text.len());
        let line = self
            .starts
            .partition_point(|start| *start as usize <= offset)
            - 1;
        let before = self
            .text
            .get(self.starts[line] as usize..offset)
            .unwrap_or_default();
        let character = match encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 if before.is_ascii() => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        Position::new(line as u32, character as u32)
    }

    #[must_use]
    pub fn range(&self, range: &Range<usize>, encoding: Encoding) -> lsp_types::Range {
        lsp_types::Range::new(
            self.position(range.start, encoding),
            self.position(range.end, encoding),
        )
    }

    /// The text after an edit of a user's.
    #[must_use]
    pub fn changed(&self, change: &TextDocumentContentChangeEvent, encoding: Encoding) -> Text {
        let Some(range) = change.range else {
            return Text::new(change.text.as_str());
        };
        let start = self.offset(range.start, encoding);
        let end = self.offset(range.end, encoding).max(start);
        let (before, after) = (&self.text[..start], &self.text[end..]);
        Text::new([before, &change.text, after].concat())
    }
}

fn width(letter: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => letter.len_utf8(),
        Encoding::Utf16 => letter.len_utf16(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_editors_do() {
        let text = Text::new("aß😀b\r\nx\n");
        for (encoding, characters) in [
            (Encoding::Utf16, [0, 1, 2, 4, 5]),
            (Encoding::Utf8, [0, 1, 3, 7, 8]),
        ] {
            for (offset, character) in [0, 1, 3, 7, 8].into_iter().zip(characters) {
                let position = Position::new(0, character);
                assert_eq!(text.position(offset, encoding), position);
                assert_eq!(text.offset(position, encoding), offset);
            }
        }
        assert_eq!(text.offset(Position::new(0, 99), Encoding::Utf16), 8);
        assert_eq!(
            text.offset(Position::new(9, 0), Encoding::Utf16),
            text.text.len()
        );
        assert_eq!(text.position(10, Encoding::Utf16), Position::new(1, 0));
    }

    #[test]
    fn takes_edits() {
        let text = Text::new("one\ntwo 😀 three\n");
        let range = lsp_types::Range::new(Position::new(1, 4), Position::new(1, 6));
        let change = TextDocumentContentChangeEvent {
            range: Some(range),
            range_length: None,
            text: "2".to_owned(),
        };
        assert_eq!(
            &*text.changed(&change, Encoding::Utf16).text,
            "one\ntwo 2 three\n"
        );
    }
}
