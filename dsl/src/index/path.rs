//! Names in expressions: `flip.result`, `size`, `workflow.parameters.day`.

use std::ops::Range;

/// Words of expressions and statements that are no names.
const WORDS: [&str; 19] = [
    "true",
    "false",
    "nil",
    "null",
    "in",
    "not",
    "and",
    "or",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "let",
    "if",
    "else",
    "when",
    "for",
    "after",
    "none",
];

/// A path, segment by segment.
pub(super) type Path = Vec<Range<usize>>;

/// The paths of an expression; texts in quotes, functions, members and words are left out.
pub(super) fn paths(text: &str, range: Range<usize>) -> Vec<Path> {
    let mut found = Vec::new();
    let bytes = &text.as_bytes()[..range.end];
    let mut at = range.start;
    while at < range.end {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => at = quoted(bytes, at, quote),
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += bytes[at..]
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .unwrap_or(range.end - at);
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let path = path(bytes, at);
                let end = path.last().map_or(at + 1, |last| last.end);
                let member = at > range.start && matches!(bytes[at - 1], b'.' | b'#');
                let called = bytes.get(end) == Some(&b'(');
                let word = &text[path[0].clone()];
                let key = bytes.get(end) == Some(&b':') && path.len() == 1;
                let keyword = path.len() == 1 && WORDS.contains(&word);
                if !(member || called || key || keyword) {
                    found.push(path);
                }
                at = end;
            }
            byte if byte.is_ascii_digit() => {
                at += bytes[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric())
                    .count();
            }
            _ => at += 1,
        }
    }
    found
}

fn quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 2,
            _ if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A path: names may hold hyphens, and end in none.
fn path(bytes: &[u8], start: usize) -> Path {
    let mut found = vec![segment(bytes, start)];
    while let Some(last) = found.last().map(|last| last.end)
        && bytes.get(last) == Some(&b'.')
        && bytes
            .get(last + 1)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    {
        found.push(segment(bytes, last + 1));
    }
    found
}

fn segment(bytes: &[u8], start: usize) -> Range<usize> {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut end = start
        + bytes[start..]
            .iter()
            .take_while(|byte| letter(byte))
            .count();
    while end > start + 1 && bytes[end - 1] == b'-' {
        end -= 1;
    }
    start..end
}

/// The insides of the `${…}` of a text.
pub(super) fn holes(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while let Some(next) = text[at..range.end].find("${") {
        let start = at + next;
        let bytes = text.as_bytes();
        let escaped = start > range.start && matches!(bytes[start - 1], b'$' | b'\\');
        match crate::scan::hole(&text[start..range.end]).filter(|_| !escaped) {
            Some(length) => {
                found.push(start + 2..start + length - 1);
                at = start + length;
            }
            None => at = start + 2,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names() {
        for (text, expected) in [
            ("flip.result == \"heads\"", "flip.result"),
            ("a-b.c - d && !e", "a-b.c d e"),
            ("len(x) > 3 && x in [1, y]", "x x y"),
            ("{a: b, 'c': d}", "b d"),
            ("${not}", ""),
            ("size-", "size"),
            ("x.", "x"),
            ("'a b", ""),
        ] {
            let found = paths(text, 0..text.len());
            let shown: Vec<&str> = found
                .iter()
                .map(|path| &text[path[0].start..path[path.len() - 1].end])
                .collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
        let text = "a ${b} $${c} ${d.e} ${f";
        let shown: Vec<&str> = holes(text, 0..text.len())
            .into_iter()
            .map(|hole| &text[hole])
            .collect();
        assert_eq!(shown, ["b", "d.e"]);
    }
}
