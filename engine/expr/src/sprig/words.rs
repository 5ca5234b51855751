//! Text: case styles, abbreviation, wrapping, plurals.

use super::strings::one;
use crate::builtins::{Entry, Fault};
use crate::limits;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("abbrev", |args| {
        args.count(2, 2)?;
        Ok(Value::from(abbreviated(args.str(1)?, 0, args.int(0)?)))
    }),
    ("abbrevboth", |args| {
        args.count(3, 3)?;
        Ok(Value::from(abbreviated(
            args.str(2)?,
            args.int(0)?,
            args.int(1)?,
        )))
    }),
    ("camelcase", |args| one(args, camel)),
    ("initials", |args| {
        one(args, |text| {
            text.split_whitespace()
                .filter_map(|word| word.chars().next())
                .collect()
        })
    }),
    ("kebabcase", |args| one(args, |text| joined(text, '-'))),
    ("plural", |args| {
        args.count(3, 3)?;
        Ok(args.value(if args.int(2)? == 1 { 0 } else { 1 })?.clone())
    }),
    ("snakecase", |args| one(args, |text| joined(text, '_'))),
    ("swapcase", |args| one(args, swap)),
    ("wrap", |args| {
        args.count(2, 2)?;
        wrapped(args.str(1)?, args.int(0)?, "\n")
    }),
    ("wrapWith", |args| {
        args.count(3, 3)?;
        wrapped(args.str(2)?, args.int(0)?, args.str(1)?)
    }),
];

/// At most `width` characters, with `...` where something was cut; nothing under a width of 4.
fn abbreviated(text: &str, offset: i64, width: i64) -> String {
    let chars: Vec<char> = text.chars().collect();
    let length = chars.len() as i64;
    if width < 4 || (offset > 0 && width < 7) || length <= width {
        return text.to_owned();
    }
    let offset = offset.clamp(0, length);
    let offset = if length - offset < width - 3 {
        length - (width - 3)
    } else {
        offset
    };
    let take = |from: i64, count: i64| {
        chars
            .iter()
            .skip(from.max(0) as usize)
            .take(count.max(0) as usize)
            .collect::<String>()
    };
    if offset <= 4 {
        return take(0, width - 3) + "...";
    }
    if offset + width - 3 < length {
        return format!("...{}...", take(offset, width - 6));
    }
    format!("...{}", take(length - (width - 3), width - 3))
}

/// `first_name` → `FirstName`.
fn camel(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut up = true;
    let mut started = false;
    for next in text.chars() {
        if matches!(next, '_' | '-' | ' ' | '.') {
            if !started {
                out.push(next);
            }
            up = true;
        } else {
            if up {
                out.extend(next.to_uppercase())
            } else {
                out.push(next)
            }
            up = false;
            started = true;
        }
    }
    out
}

/// `FirstName`, `first name` → `first_name`.
fn joined(text: &str, connector: char) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (index, next) in chars.iter().enumerate() {
        let previous = index.checked_sub(1).map(|before| chars[before]);
        let following = chars.get(index + 1);
        if matches!(next, '_' | '-' | ' ' | '.') {
            out.push(connector);
            continue;
        }
        let after_lower =
            previous.is_some_and(|before| before.is_lowercase() || before.is_numeric());
        let ends_acronym = previous.is_some_and(char::is_uppercase)
            && following.is_some_and(|after| after.is_lowercase());
        if next.is_uppercase() && (after_lower || ends_acronym) {
            out.push(connector);
        }
        out.extend(next.to_lowercase());
    }
    out
}

fn swap(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_space = true;
    for next in text.chars() {
        match next {
            _ if next.is_uppercase() => out.extend(next.to_lowercase()),
            _ if next.is_lowercase() && after_space => out.extend(next.to_uppercase()),
            _ if next.is_lowercase() => out.extend(next.to_uppercase()),
            _ => out.push(next),
        }
        after_space = next.is_whitespace();
    }
    out
}

/// Lines of at most `width` characters, broken at spaces, and within words that are longer.
fn wrapped(text: &str, width: i64, newline: &str) -> Result<Value, Fault> {
    let width = width.max(1) as usize;
    let newline = if newline.is_empty() { "\n" } else { newline };
    limits::text(text.len().saturating_add(
        (text.len() / width + text.matches(' ').count() + 1).saturating_mul(newline.len()),
    ))?;
    let mut out = String::with_capacity(text.len() + 8);
    let chars: Vec<char> = text.chars().collect();
    let mut rest = chars.as_slice();
    while rest.len() > width {
        if rest[0] == ' ' {
            rest = &rest[1..];
            continue;
        }
        let space = rest[..=width].iter().rposition(|next| *next == ' ');
        let (cut, skip) = space.map_or((width, 0), |space| (space, 1));
        out.extend(&rest[..cut]);
        out.push_str(newline);
        rest = &rest[cut + skip..];
    }
    out.extend(rest);
    Ok(Value::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles() {
        assert_eq!(joined("FirstName", '_'), "first_name");
        assert_eq!(joined("HTTPServer", '-'), "http-server");
        assert_eq!(camel("http_server"), "HttpServer");
        assert_eq!(abbreviated("hello world", 0, 5), "he...");
        assert_eq!(abbreviated("1234 5678 9123", 5, 10), "...5678...");
    }
}
