//! Condition → tokens, and whether each may follow the one before.

use crate::limits;
use crate::time;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    /// A string in quotes that is a date: its seconds since 1970.
    Time(f64),
    Bool(bool),
    /// A bare word: a string.
    Word(String),
    Comma,
    Open,
    Close,
    Prefix(&'static str),
    Comparator(&'static str),
    Logical(&'static str),
    Modifier(&'static str),
    Ternary(&'static str),
}

const PREFIXES: [&str; 3] = ["-", "!", "~"];
const MODIFIERS: [&str; 11] = ["+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>"];
const COMPARATORS: [&str; 8] = ["==", "!=", ">", ">=", "<", "<=", "=~", "!~"];
const LOGICALS: [&str; 2] = ["&&", "||"];
const TERNARIES: [&str; 3] = ["?", ":", "??"];

impl Token {
    fn kind(&self) -> &'static str {
        match self {
            Token::Number(_) => "NUMERIC",
            Token::Text(_) => "STRING",
            Token::Time(_) => "TIME",
            Token::Bool(_) => "BOOLEAN",
            Token::Word(_) => "VARIABLE",
            Token::Comma => "SEPARATOR",
            Token::Open => "CLAUSE",
            Token::Close => "CLAUSE_CLOSE",
            Token::Prefix(_) => "PREFIX",
            Token::Comparator(_) => "COMPARATOR",
            Token::Logical(_) => "LOGICALOP",
            Token::Modifier(_) => "MODIFIER",
            Token::Ternary(_) => "TERNARY",
        }
    }

    fn shown(&self) -> String {
        match self {
            Token::Number(number) | Token::Time(number) => crate::format::go_float(*number),
            Token::Text(text) | Token::Word(text) => text.clone(),
            Token::Bool(flag) => flag.to_string(),
            Token::Comma => ",".to_owned(),
            Token::Open => "(".to_owned(),
            Token::Close => ")".to_owned(),
            Token::Prefix(symbol)
            | Token::Comparator(symbol)
            | Token::Logical(symbol)
            | Token::Modifier(symbol)
            | Token::Ternary(symbol) => (*symbol).to_owned(),
        }
    }

    /// A value can stand here: an operand, or what opens one.
    fn opens_operand(&self) -> bool {
        use Token::{Bool, Number, Open, Prefix, Text, Time, Word};
        matches!(
            self,
            Number(_) | Text(_) | Time(_) | Bool(_) | Word(_) | Open | Prefix(_)
        )
    }

    fn is_operator(&self) -> bool {
        matches!(
            self,
            Token::Comparator(_)
                | Token::Logical(_)
                | Token::Modifier(_)
                | Token::Ternary(_)
                | Token::Comma
        )
    }

    /// Whether `next` may follow this token (`None`: the beginning).
    fn allows(before: Option<&Token>, next: &Token) -> bool {
        use Token::{Bool, Close, Modifier, Number, Open, Prefix, Ternary, Text, Time, Word};
        match before {
            None => next.opens_operand(),
            Some(Open) => next.opens_operand() || matches!(next, Close),
            Some(Number(_) | Bool(_) | Text(_) | Word(_) | Close) => {
                next.is_operator() || matches!(next, Close)
            }
            Some(Time(_)) => {
                (next.is_operator() && !matches!(next, Ternary(_))) || matches!(next, Close)
            }
            Some(Modifier(_)) => next.opens_operand() && !matches!(next, Time(_)),
            // govaluate refuses `!word`, for a word is a string and `!` wants none.
            Some(Prefix(_)) => matches!(next, Number(_) | Bool(_) | Open),
            Some(_) => next.opens_operand(),
        }
    }
}

/// All tokens, each in a place where it may stand.
pub(super) fn tokens(condition: &str) -> Result<Vec<Token>, String> {
    if condition.len() > limits::SOURCE {
        return Err(format!("it is longer than {} bytes", limits::SOURCE));
    }
    let mut found: Vec<Token> = Vec::new();
    let mut rest = condition.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = token(rest, first, found.last())?;
        if !Token::allows(found.last(), &token) {
            let (kind, shown) = found
                .last()
                .map_or(("UNKNOWN", "<nil>".to_owned()), |before| {
                    (before.kind(), before.shown())
                });
            let message = format!(
                "cannot transition token types from {kind} [{shown}] to {} [{}]",
                token.kind(),
                token.shown()
            );
            return Err(message);
        }
        found.push(token);
        rest = after.trim_start();
    }
    if matches!(found.last(), Some(last) if last.is_operator() || matches!(last, Token::Prefix(_)))
    {
        return Err("unexpected end of expression".to_owned());
    }
    let opened = found.iter().filter(|token| **token == Token::Open).count();
    let closed = found.iter().filter(|token| **token == Token::Close).count();
    if opened == closed {
        Ok(found)
    } else {
        Err("unbalanced parenthesis".to_owned())
    }
}

fn token<'c>(
    rest: &'c str,
    first: char,
    before: Option<&Token>,
) -> Result<(Token, &'c str), String> {
    match first {
        '0'..='9' => number(rest),
        ',' => Ok((Token::Comma, &rest[1..])),
        '(' => Ok((Token::Open, &rest[1..])),
        ')' => Ok((Token::Close, &rest[1..])),
        '[' => escaped(&rest[1..], &[']'], "unclosed parameter bracket")
            .map(|(text, after)| (Token::Word(text), after)),
        '\'' | '"' => quoted(&rest[1..]),
        _ if first.is_alphabetic() => word(rest),
        _ => symbol(rest, before),
    }
}

fn number(rest: &str) -> Result<(Token, &str), String> {
    if let Some(hex) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
        let end = hex
            .find(|next: char| !next.is_ascii_hexdigit())
            .unwrap_or(hex.len());
        let number = u64::from_str_radix(&hex[..end], 16)
            .map_err(|_| format!("unable to parse hex value '{}'", &hex[..end]))?;
        return Ok((Token::Number(number as f64), &hex[end..]));
    }
    let end = rest
        .find(|next: char| !(next.is_ascii_digit() || next == '.'))
        .unwrap_or(rest.len());
    let number = rest[..end]
        .parse()
        .map_err(|_| format!("unable to parse numeric value '{}'", &rest[..end]))?;
    Ok((Token::Number(number), &rest[end..]))
}

fn escaped<'c>(
    rest: &'c str,
    closing: &[char],
    unclosed: &str,
) -> Result<(String, &'c str), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, next)) = chars.next() {
        match next {
            '\\' => text.extend(chars.next().map(|(_, kept)| kept)),
            next if closing.contains(&next) => return Ok((text, &rest[at + next.len_utf8()..])),
            next => text.push(next),
        }
    }
    Err(unclosed.to_owned())
}

fn quoted(rest: &str) -> Result<(Token, &str), String> {
    let (text, after) = escaped(rest, &['\'', '"'], "unclosed string literal")?;
    let token = match date(&text) {
        Some(seconds) => Token::Time(seconds),
        None => Token::Text(text),
    };
    Ok((token, after))
}

/// The layouts in which a string is a date.
const LAYOUTS: [&str; 14] = [
    "Mon Jan _2 15:04:05 2006",
    "Mon Jan _2 15:04:05 MST 2006",
    "Mon Jan 02 15:04:05 -0700 2006",
    "3:04PM",
    "2006-01-02T15:04:05Z07:00",
    "2006-01-02T15:04:05.999999999Z07:00",
    "2006-01-02",
    "2006-01-02 15:04",
    "2006-01-02 15:04:05",
    "2006-01-02 15:04:05-07:00",
    "2006-01-02T15Z0700",
    "2006-01-02T15:04Z0700",
    "2006-01-02T15:04:05Z0700",
    "2006-01-02T15:04:05.999999999Z0700",
];

fn date(text: &str) -> Option<f64> {
    if text.len() < 5 || text.len() > 40 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let zone = jiff::tz::TimeZone::UTC;
    LAYOUTS
        .iter()
        .find_map(|layout| time::parse(layout, text, &zone).ok())
        .map(|at| at.timestamp().as_second() as f64)
}

fn word(rest: &str) -> Result<(Token, &str), String> {
    let end = rest
        .find(|next: char| !(next.is_alphanumeric() || matches!(next, '_' | '.')))
        .unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    let token = match word {
        "true" => Token::Bool(true),
        "false" => Token::Bool(false),
        "in" | "IN" => Token::Comparator("in"),
        _ if word.contains('.') => {
            return Err(format!(
                "'{word}' is read as a member of something; put it in quotes"
            ));
        }
        _ => Token::Word(word.to_owned()),
    };
    Ok((token, after))
}

/// A run of characters that are no letters, digits, brackets or quotes is one operator: `==-1` is none.
fn symbol<'c>(rest: &'c str, before: Option<&Token>) -> Result<(Token, &'c str), String> {
    let ends =
        |next: char| next.is_alphanumeric() || next.is_whitespace() || "()[]'\"".contains(next);
    let end = rest.find(ends).unwrap_or(rest.len());
    let (run, after) = rest.split_at(end);
    let one_of = |known: &[&'static str]| known.iter().copied().find(|symbol| *symbol == run);
    let token = match one_of(&PREFIXES) {
        Some(symbol) if Token::allows(before, &Token::Prefix(symbol)) => {
            Some(Token::Prefix(symbol))
        }
        _ => one_of(&MODIFIERS)
            .map(Token::Modifier)
            .or_else(|| one_of(&LOGICALS).map(Token::Logical))
            .or_else(|| one_of(&COMPARATORS).map(Token::Comparator))
            .or_else(|| one_of(&TERNARIES).map(Token::Ternary)),
    };
    let hint = "try wrapping the affected expression in quotes (\")";
    token
        .map(|token| (token, after))
        .ok_or_else(|| format!("invalid token: '{run}' (hint: {hint})"))
}
