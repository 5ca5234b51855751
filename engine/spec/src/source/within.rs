//! A place inside a scalar's value, found again in the text as it was written.
//!
//! Folding, chomping and indentation change only blanks. So the characters that are not blank are walked side by side, in
//! the value and in the text, escapes counting as what they stand for.

use std::ops::Range;

use super::Style;
use crate::diagnostic::{Mark, Span};

/// The place of `range` of `value`, whose text is `raw`, starting at `start`; none where the two do not agree.
pub(super) fn place(
    raw: &str,
    start: Mark,
    style: Style,
    value: &str,
    range: Range<usize>,
) -> Option<Span> {
    let quoted = matches!(style, Style::SingleQuoted | Style::DoubleQuoted);
    let mut units = Units {
        rest: if quoted {
            raw.get(1..raw.len().checked_sub(1)?)?
        } else {
            raw
        },
        at: if quoted {
            start.after(&raw[..1])
        } else {
            start
        },
        style,
    };
    let end = range.end.max(range.start + 1);
    let mut begin = None;
    let mut last = units.at;
    for (offset, wanted) in value.char_indices().take_while(|(offset, _)| *offset < end) {
        let inside = offset + wanted.len_utf8() > range.start;
        if is_blank(wanted) {
            if inside {
                begin.get_or_insert(last);
            }
            continue;
        }
        let unit = units.solid()?;
        if unit.meaning != wanted {
            return None;
        }
        if inside {
            begin.get_or_insert(unit.span.start);
        }
        last = unit.span.end;
    }
    let begin = begin.unwrap_or(last);
    Some(Span::new(
        begin,
        if range.is_empty() {
            begin
        } else {
            last.max(begin)
        },
    ))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

struct Unit {
    meaning: char,
    span: Span,
}

struct Units<'a> {
    rest: &'a str,
    at: Mark,
    style: Style,
}

impl Units<'_> {
    /// The next character that is not blank.
    fn solid(&mut self) -> Option<Unit> {
        loop {
            let (meaning, length) = self.next()?;
            let start = self.at;
            self.at = start.after(&self.rest[..length]);
            self.rest = &self.rest[length..];
            if let Some(meaning) = meaning.filter(|c| !is_blank(*c)) {
                return Some(Unit {
                    meaning,
                    span: Span::new(start, self.at),
                });
            }
        }
    }

    /// What stands next, and over how many bytes; a line continuation means nothing.
    fn next(&self) -> Option<(Option<char>, usize)> {
        let first = self.rest.chars().next()?;
        match (self.style, first) {
            (Style::SingleQuoted, '\'') if self.rest.starts_with("''") => Some((Some('\''), 2)),
            (Style::DoubleQuoted, '\\') => {
                escape(&self.rest[1..]).map(|(meaning, length)| (meaning, length + 1))
            }
            _ => Some((Some(first), first.len_utf8())),
        }
    }
}

fn escape(rest: &str) -> Option<(Option<char>, usize)> {
    let letter = rest.chars().next()?;
    let hex = |digits: usize| u32::from_str_radix(rest.get(1..=digits)?, 16).ok();
    let plain = |c| Some((Some(c), letter.len_utf8()));
    match letter {
        '\n' | '\r' => Some((None, 1)),
        'n' | 't' | 'r' => plain(' '),
        '0' => plain('\0'),
        'a' => plain('\u{7}'),
        'b' => plain('\u{8}'),
        'v' => plain('\u{b}'),
        'f' => plain('\u{c}'),
        'e' => plain('\u{1b}'),
        'N' => plain('\u{85}'),
        '_' => plain('\u{a0}'),
        'L' => plain('\u{2028}'),
        'P' => plain('\u{2029}'),
        'x' => Some((Some(char::from_u32(hex(2)?)?), 3)),
        'U' => Some((Some(char::from_u32(hex(8)?)?), 9)),
        'u' => match hex(4)? {
            high @ 0xd800..=0xdbff => {
                let low =
                    u32::from_str_radix(rest.get(5..)?.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
                let code = 0x10000 + ((high - 0xd800) << 10) + low.checked_sub(0xdc00)?;
                Some((Some(char::from_u32(code)?), 11))
            }
            code => Some((Some(char::from_u32(code)?), 5)),
        },
        other => plain(other),
    }
}
