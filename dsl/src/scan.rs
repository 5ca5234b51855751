//! A text as tokens: quotes, brackets, line ends and comments; everything else is a word. Never fails: what is wrong is told
//! of and passed over.

use crate::fault::Faults;

/// How deep brackets, blocks and `${…}` may nest.
pub(crate) const MAX_DEPTH: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    /// `"…"`
    String,
    /// `'…'`
    Raw,
    /// Between backticks.
    Fence,
    Open(u8),
    Close(u8),
    Comma,
    Semicolon,
    Newline,
    Comment,
    /// A quote that is never closed: the statement cannot be read.
    Broken,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

impl Token {
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        &text[self.range()]
    }
}

pub(crate) fn tokens(text: &str, faults: &mut Faults<'_>) -> Vec<Token> {
    let mut found = Vec::with_capacity(text.len() / 5);
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let (kind, length) = match bytes[at] {
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            0xef if text[at..].starts_with('\u{feff}') => {
                at += 3;
                continue;
            }
            b'\n' => (Kind::Newline, 1),
            b'{' | b'(' | b'[' => (Kind::Open(bytes[at]), 1),
            b'}' | b')' | b']' => (Kind::Close(bytes[at]), 1),
            b',' => (Kind::Comma, 1),
            b';' => (Kind::Semicolon, 1),
            b'/' if bytes.get(at + 1) == Some(&b'/') => (Kind::Comment, line(&text[at..])),
            b'"' => closed(Kind::String, string(&text[at..]), &text[at..], at, faults),
            b'\'' => closed(Kind::Raw, raw(&text[at..]), &text[at..], at, faults),
            b'`' => fence(&text[at..], at, faults),
            _ => match word(&text[at..]) {
                Ok(length) => (Kind::Word, length),
                Err(length) => {
                    let help = "close it with `}`, or write `\\${` in quotes for the letters";
                    faults.error(
                        "unclosed-hole",
                        at..at + length,
                        "this `${` is never closed",
                        help,
                    );
                    (Kind::Broken, length)
                }
            },
        };
        found.push(Token {
            kind,
            start: at as u32,
            end: (at + length) as u32,
        });
        at += length;
    }
    found
}

fn line(text: &str) -> usize {
    let end = text.find('\n').unwrap_or(text.len());
    text[..end].trim_end_matches('\r').len()
}

fn closed(
    kind: Kind,
    length: Option<usize>,
    rest: &str,
    at: usize,
    faults: &mut Faults<'_>,
) -> (Kind, usize) {
    if let Some(length) = length {
        return (kind, length);
    }
    let length = line(rest).max(1);
    faults.error(
        "unclosed-quote",
        at..at + length,
        "this quote is never closed on its line",
        "close it, or write several lines between ``` and ```",
    );
    (Kind::Broken, length)
}

/// Length of a `"…"`, holes and escapes passed over.
fn string(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' => return None,
            b'\\' => at += 1 + text.get(at + 1..)?.chars().next()?.len_utf8(),
            b'$' if bytes.get(at + 1) == Some(&b'{') => at += hole(&text[at..])?,
            _ => at += 1,
        }
    }
}

fn raw(text: &str) -> Option<usize> {
    let end = 1 + text[1..].find(['\'', '\n'])?;
    text[end..].starts_with('\'').then_some(end + 1)
}

/// Length of a `${…}`.
pub(crate) fn hole(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (2, 1);
    loop {
        match bytes.get(at)? {
            b'\n' => return None,
            b'{' if depth == MAX_DEPTH => return None,
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at + 1),
            b'}' => depth -= 1,
            b'\'' => at += raw(&text[at..])? - 1,
            b'"' => at += plain_string(&text[at..])? - 1,
            _ => {}
        }
        at += 1;
    }
}

fn plain_string(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' => return None,
            b'\\' => at += 1 + text.get(at + 1..)?.chars().next()?.len_utf8(),
            _ => at += 1,
        }
    }
}

fn fence(text: &str, at: usize, faults: &mut Faults<'_>) -> (Kind, usize) {
    let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
    match text[ticks..].find(&text[..ticks]) {
        Some(end) => (Kind::Fence, ticks + end + ticks),
        None => {
            let help = format!("close it with {}", "`".repeat(ticks.min(8)));
            faults.error(
                "unclosed-fence",
                at..at + ticks,
                "this text is never closed",
                help,
            );
            // Only a short fence can be a slip of the pen; a block of code takes all that follows.
            let length = if ticks < 3 { line(text) } else { text.len() };
            (Kind::Broken, length.max(ticks))
        }
    }
}

/// All of them are ASCII, and so no part of another letter.
fn is_special(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\r'
            | b'\n'
            | b'{'
            | b'}'
            | b'['
            | b']'
            | b'('
            | b')'
            | b','
            | b';'
            | b'"'
            | b'\''
            | b'`'
    )
}

/// Length of a word; the length up to the line's end where a hole in it is not closed.
fn word(text: &str) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'$' && bytes.get(at + 1) == Some(&b'{') {
            at += hole(&text[at..]).ok_or_else(|| line(text).max(1))?;
        } else if is_special(*byte) {
            break;
        } else {
            at += 1;
        }
    }
    Ok(at)
}

/// True for text that can stand without quotes.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.starts_with("//") && word(text) == Ok(text.len())
}
