//! What stands in brackets: `(name: type = value, artifact file at /path)`, `(name: value, …)`.

use std::ops::Range;

use crate::scan::{Kind, Token};

/// The number of the bracket that closes the one at `open`; the end of the tokens where none does.
pub(super) fn close(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The stretches between the commas of a bracket, as ranges of tokens.
pub(super) fn pieces(tokens: &[Token], open: usize) -> Vec<Range<usize>> {
    let end = close(tokens, open);
    let (mut found, mut start, mut depth) = (Vec::new(), open + 1, 0);
    for (at, token) in tokens.iter().enumerate().take(end).skip(open + 1) {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth -= 1,
            Kind::Comma if depth == 0 => {
                found.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(start..end);
    let solid = |range: &Range<usize>| {
        tokens[range.clone()]
            .iter()
            .any(|token| !matches!(token.kind, Kind::Newline | Kind::Comment))
    };
    found.retain(solid);
    found
}

/// A name at the start of a piece, and what comes behind it.
pub(super) struct Named {
    pub artifact: bool,
    pub name: String,
    /// In the file.
    pub at: Range<usize>,
    /// Behind the name: from the `:` or blank on.
    pub rest: Range<usize>,
}

/// Reads `artifact? name` at the start of `text[range]`.
pub(super) fn named(text: &str, range: Range<usize>) -> Option<Named> {
    let mut start = skip(text, range.start, range.end);
    let mut artifact = false;
    if let Some(rest) = text[start..range.end].strip_prefix("artifact")
        && rest.starts_with(char::is_whitespace)
    {
        artifact = true;
        start = skip(text, start + "artifact".len(), range.end);
    }
    let (name, at, end) = name(text, start, range.end)?;
    // What stands somewhere is a file.
    let placed = text[end..range.end]
        .split_whitespace()
        .next()
        .is_some_and(|word| word == "at");
    Some(Named {
        artifact: artifact || placed,
        name,
        at,
        rest: end..range.end,
    })
}

/// A bare or quoted name: its letters, where they stand, and where it ends.
pub(super) fn name(text: &str, start: usize, end: usize) -> Option<(String, Range<usize>, usize)> {
    let inside = text.get(start..end)?;
    let first = inside.chars().next()?;
    if matches!(first, '"' | '\'') {
        let length = inside[1..].find(first)?;
        let at = start + 1..start + 1 + length;
        return Some((text[at.clone()].to_owned(), at.clone(), at.end + 1));
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let length = inside.find(|c| !letter(c)).unwrap_or(inside.len());
    (length > 0).then(|| {
        (
            inside[..length].to_owned(),
            start..start + length,
            start + length,
        )
    })
}

/// Past blanks and comments.
fn skip(text: &str, mut at: usize, end: usize) -> usize {
    loop {
        let rest = &text[at..end];
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        if text[at..end].starts_with("//") {
            at += text[at..end].find('\n').unwrap_or(end - at);
        } else if blank == 0 || at == end {
            return at;
        }
    }
}
