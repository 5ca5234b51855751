//! What a quoted or bare text says: its letters, and the `${…}` in it.

use std::ops::Range;

use tiphys_spec::source::Style;

use crate::expr;
use crate::fault::Faults;
use crate::names::Scope;
use crate::scan;

/// A part of a text.
#[derive(Debug, PartialEq)]
enum Piece<'t> {
    Letters(String),
    /// The inside of a `${…}` and its offset in the written text. Soft: left as it stands when it names nothing.
    Hole {
        inside: &'t str,
        at: usize,
        soft: bool,
    },
}

/// A text with its names looked up.
#[derive(Debug)]
pub(crate) struct Said {
    pub text: String,
    pub style: Style,
    /// Steps or tasks that it mentions.
    pub tasks: Vec<String>,
}

/// The text that `written` stands for; `base` is its place in the file.
pub(crate) fn say(written: &str, base: usize, scope: &Scope<'_>, faults: &mut Faults<'_>) -> Said {
    if let Some((text, style)) = plain(written) {
        return Said {
            text: text.to_owned(),
            style,
            tasks: Vec::new(),
        };
    }
    let (pieces, style) = pieces(written, base, faults);
    let mut said = Said {
        text: String::new(),
        style,
        tasks: Vec::new(),
    };
    for piece in pieces {
        let (inside, at, soft) = match piece {
            Piece::Letters(letters) => {
                said.text.push_str(&letters);
                continue;
            }
            Piece::Hole { inside, at, soft } => (inside, at, soft),
        };
        let lowered = if soft {
            expr::quiet(inside, scope)
        } else {
            expr::hole(inside, base + at, scope, faults)
        };
        match lowered {
            Some(lowered) => {
                said.text.push_str(&lowered.tag());
                for task in lowered.tasks {
                    if !said.tasks.contains(&task) {
                        said.tasks.push(task);
                    }
                }
            }
            None => {
                said.text.push_str("${");
                said.text.push_str(inside);
                said.text.push('}');
            }
        }
    }
    said
}

/// The letters of a text in which `${` has no meaning: a name, a key.
pub(crate) fn letters(written: &str, base: usize, faults: &mut Faults<'_>) -> String {
    let (pieces, _) = pieces(written, base, faults);
    pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Letters(letters) => letters,
            Piece::Hole { inside, .. } => format!("${{{inside}}}"),
        })
        .collect()
}

/// A text that is its letters: nothing in it stands for anything else.
fn plain(written: &str) -> Option<(&str, Style)> {
    if written
        .bytes()
        .any(|byte| matches!(byte, b'$' | b'\\' | b'`'))
    {
        return None;
    }
    let inside = || written.get(1..written.len() - 1);
    Some(match written.as_bytes().first() {
        Some(b'"') => (inside()?, Style::DoubleQuoted),
        Some(b'\'') => (inside()?, Style::SingleQuoted),
        _ => (written, Style::Plain),
    })
}

fn pieces<'t>(written: &'t str, base: usize, faults: &mut Faults<'_>) -> (Vec<Piece<'t>>, Style) {
    match written.as_bytes().first() {
        Some(b'"') => (string(written, base, faults), Style::DoubleQuoted),
        Some(b'\'') => {
            let inside = written[1..written.len() - 1].to_owned();
            (vec![Piece::Letters(inside)], Style::SingleQuoted)
        }
        Some(b'`') => (fence(written), Style::Literal),
        _ => (holes(written, 0, false), Style::Plain),
    }
}

fn push(pieces: &mut Vec<Piece<'_>>, letters: &str) {
    match pieces.last_mut() {
        Some(Piece::Letters(last)) => last.push_str(letters),
        _ => pieces.push(Piece::Letters(letters.to_owned())),
    }
}

fn string<'t>(written: &'t str, base: usize, faults: &mut Faults<'_>) -> Vec<Piece<'t>> {
    let mut pieces = Vec::new();
    let end = written.len() - 1;
    let mut at = 1;
    while at < end {
        let rest = &written[at..end];
        if rest.starts_with("${")
            && let Some(length) = scan::hole(rest)
        {
            pieces.push(Piece::Hole {
                inside: &rest[2..length - 1],
                at: at + 2,
                soft: false,
            });
            at += length;
        } else if rest.starts_with('\\') {
            let length = escape(rest, base + at, &mut pieces, faults);
            at += length;
        } else {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let length = rest[first..]
                .find(['$', '\\'])
                .map_or(rest.len(), |next| next + first);
            push(&mut pieces, &rest[..length]);
            at += length;
        }
    }
    pieces
}

/// Reads `\n` and its like; gives the length read.
fn escape(rest: &str, at: usize, pieces: &mut Vec<Piece<'_>>, faults: &mut Faults<'_>) -> usize {
    let letter = rest[1..].chars().next().unwrap_or('\\');
    let simple = match letter {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '0' => Some('\0'),
        '"' | '\\' | '$' | '\'' | '/' => Some(letter),
        _ => None,
    };
    if let Some(simple) = simple {
        push(pieces, simple.encode_utf8(&mut [0; 4]));
        return 2;
    }
    if letter == 'u'
        && let Some((code, length)) = code_point(rest)
    {
        push(pieces, code.encode_utf8(&mut [0; 4]));
        return length;
    }
    let length = 1 + letter.len_utf8();
    let help = "write `\\\\` for a backslash, or put the text in single quotes";
    faults.error(
        "unknown-escape",
        at..at + length,
        format!("`\\{letter}` is no escape"),
        help,
    );
    length
}

/// `\u{1f600}` or `\u00e9`.
fn code_point(rest: &str) -> Option<(char, usize)> {
    let digits = &rest[2..];
    let (digits, length) = match digits.strip_prefix('{') {
        Some(inside) => {
            let end = inside.find('}')?;
            (&inside[..end], end + 4)
        }
        None => (digits.get(..4)?, 6),
    };
    Some((
        char::from_u32(u32::from_str_radix(digits, 16).ok()?)?,
        length,
    ))
}

/// The holes of a text without escapes. In a soft one, `$${` is `${`.
fn holes(text: &str, offset: usize, soft: bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if soft && rest.starts_with("$${") {
            push(&mut pieces, "${");
            at += 3;
        } else if rest.starts_with("${")
            && let Some(length) = scan::hole(rest)
        {
            pieces.push(Piece::Hole {
                inside: &rest[2..length - 1],
                at: offset + at + 2,
                soft,
            });
            at += length;
        } else {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let length = rest[first..]
                .find('$')
                .map_or(rest.len(), |next| next + first);
            push(&mut pieces, &rest[..length]);
            at += length;
        }
    }
    pieces
}

/// The lines between backticks, without what indents them.
fn fence(written: &str) -> Vec<Piece<'_>> {
    let ticks = written.bytes().take_while(|byte| *byte == b'`').count();
    let inside = &written[ticks..written.len() - ticks];
    let mut pieces = Vec::new();
    for (line, range) in fence_lines(inside) {
        let mut more = holes(&inside[range.clone()], ticks + range.start, true);
        if let (Some(Piece::Letters(_)), Some(Piece::Letters(first))) =
            (pieces.last(), more.first())
        {
            let first = first.clone();
            push(&mut pieces, &first);
            more.remove(0);
        }
        pieces.append(&mut more);
        if line {
            push(&mut pieces, "\n");
        }
    }
    pieces
}

/// The stretches of a fence that count, and whether a line ends behind each.
fn fence_lines(inside: &str) -> Vec<(bool, Range<usize>)> {
    let body = match inside
        .strip_prefix('\n')
        .or_else(|| inside.strip_prefix("\r\n"))
    {
        Some(body) => inside.len() - body.len(),
        None => return vec![(false, 0..inside.len())],
    };
    let text = &inside[body..];
    let last = text.rfind('\n').map_or(0, |newline| newline + 1);
    let closing = &text[last..];
    let by_fence = closing.trim_matches([' ', '\t']).is_empty();
    let indent: &str = if by_fence {
        closing
    } else {
        common_indent(text)
    };
    let mut lines = Vec::new();
    let mut at = body;
    for line in text.split_inclusive('\n') {
        let content = line.strip_suffix('\n').unwrap_or(line);
        let cut = content
            .bytes()
            .zip(indent.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let ends = content.len() < line.len();
        if ends || !by_fence {
            lines.push((ends, at + cut..at + content.len()));
        }
        at += line.len();
    }
    lines
}

/// The blanks that all lines start with.
fn common_indent(text: &str) -> &str {
    let indents = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let length = line.len() - line.trim_start_matches([' ', '\t']).len();
            &line[..length]
        });
    indents
        .reduce(|a, b| {
            let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
            &a[..same]
        })
        .unwrap_or_default()
}

/// The text of a fence whose holes are left as they are: what a formatter lays out anew.
pub(crate) fn fence_text(written: &str) -> String {
    let ticks = written.bytes().take_while(|byte| *byte == b'`').count();
    let inside = &written[ticks..written.len() - ticks];
    let mut text = String::new();
    for (line, range) in fence_lines(inside) {
        text.push_str(&inside[range]);
        if line {
            text.push('\n');
        }
    }
    text
}
