//! Strings as YAML scalars.

use crate::source::{Meaning, plain};

/// Keys up to this long may stand before their `:` on one line.
const KEY: usize = 500;

/// A key of a map indented to `depth`, up to its `:`.
pub(super) fn key(text: &str, depth: usize, out: &mut String) {
    let long = text.len() > KEY;
    if long {
        out.push_str("? ");
    }
    line(text, out);
    if long {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
    out.push(':');
}

/// A string on one line, whatever it holds.
pub(super) fn line(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text)
    } else {
        quoted(text, out)
    }
}

/// A string value whose collection is indented to `depth`.
pub(super) fn text(text: &str, depth: usize, out: &mut String) {
    if is_block(text) {
        block(text, depth, out)
    } else {
        line(text, out)
    }
}

/// True when no reader takes the bare text for anything but itself.
fn is_plain(text: &str) -> bool {
    let ends = text.chars().next().zip(text.chars().next_back());
    let Some((first, last)) = ends else {
        return false;
    };
    let second = text.chars().nth(1);
    let starts = match first {
        '-' | '?' | ':' => second.is_some_and(|c| !c.is_whitespace() && !is_flow(c)),
        ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
        | '@' | '`' => false,
        '=' | '<' => text != "=" && text != "<<",
        _ => true,
    };
    starts
        && first != ' '
        && last != ' '
        && last != ':'
        && text.chars().all(|c| is_printable(c) && c != '\t')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("---")
        && !text.starts_with("...")
        && matches!(plain(text), Meaning::Text(_))
        && !is_number_elsewhere(text)
}

fn is_flow(c: char) -> bool {
    matches!(c, ',' | '[' | ']' | '{' | '}')
}

/// Dates (`2026-11-24…`) and base-sixty numbers (`12:30`) of YAML 1.1.
fn is_number_elsewhere(text: &str) -> bool {
    let digits =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let mut parts = text.splitn(3, '-');
    let date = parts
        .next()
        .is_some_and(|year| year.len() == 4 && digits(year))
        && parts
            .next()
            .is_some_and(|month| month.len() <= 2 && digits(month));
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = unsigned
        .split_once('.')
        .map_or(unsigned, |(whole, _)| whole);
    let sixty = unsigned.starts_with(|c: char| c.is_ascii_digit())
        && whole.contains(':')
        && whole.split(':').all(digits);
    date || sixty
}

pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// True for several lines that a `|` block keeps to the letter.
fn is_block(text: &str) -> bool {
    let body = text.trim_matches('\n');
    text.contains('\n')
        && body.contains(|c| !matches!(c, ' ' | '\t' | '\n'))
        && !body.starts_with('\t')
        && text.chars().all(|c| c == '\n' || is_printable(c))
}

fn block(text: &str, depth: usize, out: &mut String) {
    // Only a first line that starts flush shows how far the block is indented.
    out.push_str(if text.starts_with([' ', '\n']) {
        "|2"
    } else {
        "|"
    });
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "-",
        1 => "",
        _ => "+",
    });
    // Without its last newline, which the line it stands on brings.
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n("  ", depth + 1));
            out.push_str(line);
        }
    }
}

/// Single quotes where nothing needs an escape, double quotes else.
fn quoted(text: &str, out: &mut String) {
    if text.chars().all(|c| is_printable(c) && c != '\t') && text.contains(['"', '\\']) {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
        return;
    }
    out.push('"');
    text.chars().for_each(|c| escaped(c, out));
    out.push('"');
}

fn escaped(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_printable(c) => out.push(c),
        c if u32::from(c) <= 0xff => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
    }
}
