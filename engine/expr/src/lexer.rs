//! Expression text → tokens.

use crate::program::SyntaxError;
use crate::value::Value;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Int(i64),
    Float(f64),
    Str(String),
    Name(String),
    /// `#`, `#index`, `#acc`: the name without its `#`.
    Pointer(String),
    Op(&'static str),
    End,
}

impl Token {
    /// As an error message shows it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Token::Int(number) => number.to_string(),
            Token::Float(number) => Value::Float(*number).go_text().unwrap_or_default(),
            Token::Str(text) => format!("{text:?}"),
            Token::Name(name) => format!("`{name}`"),
            Token::Pointer(name) => format!("`#{name}`"),
            Token::Op(symbol) => format!("`{symbol}`"),
            Token::End => "the end".to_owned(),
        }
    }
}

/// Longest first, so that the first that fits is the right one.
const SYMBOLS: [&str; 38] = [
    "?.[", "**", "??", "?.", "..", "==", "!=", "<=", ">=", "&&", "||", "?:", "::", "+", "-", "*",
    "/", "%", "^", "<", ">", "!", "?", ":", ".", ",", ";", "|", "(", ")", "[", "]", "{", "}", "=",
    "#", "&", "~",
];

/// All tokens with their offsets, closed by [`Token::End`].
pub(crate) fn tokens(source: &str) -> Result<Vec<(Token, usize)>, SyntaxError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            let close = rest
                .find("*/")
                .ok_or_else(|| SyntaxError::new(at, "a comment is not closed"))?;
            at += close + 2;
        } else {
            let (token, length) = token(rest, first).map_err(|error| error.shifted(at))?;
            found.push((token, at));
            at += length;
        }
    }
    found.push((Token::End, source.len()));
    Ok(found)
}

fn token(rest: &str, first: char) -> Result<(Token, usize), SyntaxError> {
    match first {
        '"' | '\'' => quoted(rest, first),
        '`' => raw(rest),
        '#' => {
            let name = name(&rest[1..]);
            Ok((Token::Pointer(name.to_owned()), 1 + name.len()))
        }
        '0'..='9' => number(rest),
        '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => number(rest),
        _ if starts_name(first) => {
            let name = name(rest);
            Ok((Token::Name(name.to_owned()), name.len()))
        }
        _ => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            // `a ?.5 : b` is a conditional with a number, not an optional chain.
            Some(&"?.") if rest[2..].starts_with(|next: char| next.is_ascii_digit()) => {
                Ok((Token::Op("?"), 1))
            }
            Some(&"?.[") => Ok((Token::Op("?."), 2)),
            Some(symbol) => Ok((Token::Op(symbol), symbol.len())),
            None => Err(SyntaxError::new(
                0,
                format!("the character {first:?} means nothing here"),
            )),
        },
    }
}

fn starts_name(first: char) -> bool {
    first == '_' || first == '$' || first.is_alphabetic()
}

fn name(rest: &str) -> &str {
    let end = rest
        .find(|next: char| !(starts_name(next) || next.is_numeric()))
        .unwrap_or(rest.len());
    &rest[..end]
}

/// `1`, `1_000`, `0x1F`, `0b1`, `0o7`, `1.5`, `.5`, `1e3`; `1..4` is a range and not a number with a point.
fn number(rest: &str) -> Result<(Token, usize), SyntaxError> {
    let radix = match rest.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0b" | "0B") => 2,
        Some("0o" | "0O") => 8,
        _ => 10,
    };
    let bad = |text: &str| SyntaxError::new(0, format!("{text:?} is not a number"));
    if radix != 10 {
        let length = 2 + rest[2..]
            .find(|next: char| !(next.is_ascii_alphanumeric() || next == '_'))
            .unwrap_or(rest.len() - 2);
        let number = i64::from_str_radix(&rest[2..length].replace('_', ""), radix)
            .map_err(|_| bad(&rest[..length]))?;
        return Ok((Token::Int(number), length));
    }
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        from + bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'_')
            .count()
    };
    let mut end = digits(0);
    let mut float = false;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        float = true;
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            float = true;
            end = digits(end + 1 + sign);
        }
    }
    if rest[end..].starts_with(starts_name) {
        let longer = end + name(&rest[end..]).len();
        return Err(bad(&rest[..longer]));
    }
    let text = rest[..end].replace('_', "");
    match float {
        true => text
            .parse()
            .map(Token::Float)
            .map_err(|_| bad(&rest[..end])),
        false => text
            .parse()
            .map(Token::Int)
            .map_err(|_| SyntaxError::new(0, format!("{text} does not fit an integer of 64 bits"))),
    }
    .map(|token| (token, end))
}

fn raw(rest: &str) -> Result<(Token, usize), SyntaxError> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let close = rest[at..]
            .find('`')
            .ok_or_else(|| SyntaxError::new(0, "a string is not closed"))?;
        text.push_str(&rest[at..at + close]);
        at += close + 1;
        if !rest[at..].starts_with('`') {
            return Ok((Token::Str(text), at));
        }
        text.push('`');
        at += 1;
    }
}

fn quoted(rest: &str, quote: char) -> Result<(Token, usize), SyntaxError> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let Some(next) = rest[at..].chars().next() else {
            return Err(SyntaxError::new(0, "a string is not closed"));
        };
        match next {
            _ if next == quote => return Ok((Token::Str(text), at + 1)),
            '\\' => at += escape(&rest[at..], &mut text).map_err(|error| error.shifted(at))?,
            _ => {
                text.push(next);
                at += next.len_utf8();
            }
        }
    }
}

/// Reads one escape and returns its length.
fn escape(rest: &str, text: &mut String) -> Result<usize, SyntaxError> {
    let bad = || SyntaxError::new(0, "an escape in a string is not valid");
    let kind = rest[1..]
        .chars()
        .next()
        .ok_or_else(|| SyntaxError::new(0, "a string is not closed"))?;
    let simple = match kind {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '\'' | '"' | '`' => kind,
        'x' | 'u' | 'U' | '0'..='7' => return numeric_escape(rest, kind, text).ok_or_else(bad),
        _ => return Err(bad()),
    };
    text.push(simple);
    Ok(2)
}

/// `\x41`, `\u2603`, `\U0001F600`, `\u{2603}`, `\101`.
fn numeric_escape(rest: &str, kind: char, text: &mut String) -> Option<usize> {
    if let Some(braced) = rest.strip_prefix("\\u{") {
        let close = braced.find('}')?;
        text.push(char::from_u32(
            u32::from_str_radix(&braced[..close], 16).ok()?,
        )?);
        return Some(3 + close + 1);
    }
    let (from, length, radix) = match kind {
        'x' => (2, 2, 16),
        'u' => (2, 4, 16),
        'U' => (2, 8, 16),
        _ => (1, 3, 8),
    };
    let digits = rest.get(from..from + length)?;
    text.push(char::from_u32(u32::from_str_radix(digits, radix).ok()?)?);
    Some(from + length)
}
