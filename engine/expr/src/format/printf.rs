//! Go's `Sprintf` for one integer, as `withSequence.format` uses it.

use crate::limits;

/// Why a format does not suit one integer. Go would put `%!verb(int=1)` into the text instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("`%{0}` does not format an integer; use %d, %x, %X, %o, %O, %b, %c, %q, %U or %v")]
    Verb(char),
    #[error("the format has no verb for the number; write %d where it should stand")]
    NoVerb,
    #[error("the format has a second verb, and there is one number only")]
    SecondVerb,
    #[error("the format ends within a verb")]
    Unfinished,
    #[error("the format's width or precision is larger than {0}")]
    Wide(usize),
}

#[derive(Default)]
struct Flags {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

const WIDEST: usize = 1000;

/// The number in the format's place: `t%02X` of 10 is `t0A`.
///
/// # Errors
/// [`FormatError`], where Go's result would carry a `%!…` mark.
pub fn sequence(format: &str, number: i64) -> Result<String, FormatError> {
    let mut out = String::new();
    let mut rest = format;
    let mut used = false;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (flags, after) = flags(rest)?;
        let verb = after.chars().next().ok_or(FormatError::Unfinished)?;
        rest = &after[verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
            continue;
        }
        if used {
            return Err(FormatError::SecondVerb);
        }
        used = true;
        out.push_str(&formatted(verb, &flags, number)?);
    }
    out.push_str(rest);
    if used {
        Ok(out)
    } else {
        Err(FormatError::NoVerb)
    }
}

fn flags(rest: &str) -> Result<(Flags, &str), FormatError> {
    let mut flags = Flags::default();
    let mut rest = rest;
    loop {
        match rest.chars().next() {
            Some('-') => flags.minus = true,
            Some('+') => flags.plus = true,
            Some('#') => flags.sharp = true,
            Some(' ') => flags.space = true,
            Some('0') => flags.zero = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    rest = rest.strip_prefix("[1]").unwrap_or(rest);
    (flags.width, rest) = digits(rest)?;
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, after) = digits(after)?;
        flags.precision = Some(precision.unwrap_or(0));
        rest = after;
    }
    Ok((flags, rest.strip_prefix("[1]").unwrap_or(rest)))
}

fn digits(rest: &str) -> Result<(Option<usize>, &str), FormatError> {
    let end = rest
        .find(|next: char| !next.is_ascii_digit())
        .unwrap_or(rest.len());
    if end == 0 {
        return Ok((None, rest));
    }
    match rest[..end].parse() {
        Ok(width) if width <= WIDEST.min(limits::TEXT) => Ok((Some(width), &rest[end..])),
        _ => Err(FormatError::Wide(WIDEST)),
    }
}

fn formatted(verb: char, flags: &Flags, number: i64) -> Result<String, FormatError> {
    let size = number.unsigned_abs();
    let character = u32::try_from(number)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('\u{fffd}');
    let (prefix, digits) = match verb {
        'd' | 'v' => ("", size.to_string()),
        'b' => (if flags.sharp { "0b" } else { "" }, format!("{size:b}")),
        'o' => (if flags.sharp { "0" } else { "" }, format!("{size:o}")),
        'O' => ("0o", format!("{size:o}")),
        'x' => (if flags.sharp { "0x" } else { "" }, format!("{size:x}")),
        'X' => (if flags.sharp { "0X" } else { "" }, format!("{size:X}")),
        'c' => return Ok(padded(flags, character.to_string())),
        'q' => return Ok(padded(flags, format!("{character:?}"))),
        'U' => return Ok(padded(flags, format!("U+{size:04X}"))),
        other => return Err(FormatError::Verb(other)),
    };
    if flags.precision == Some(0) && number == 0 {
        return Ok(padded(flags, String::new()));
    }
    let sign = match number {
        ..0 => "-",
        _ if flags.plus => "+",
        _ if flags.space => " ",
        _ => "",
    };
    let least = match (flags.precision, flags.width) {
        (Some(precision), _) => precision,
        (None, Some(width)) if flags.zero && !flags.minus => width.saturating_sub(sign.len()),
        _ => 0,
    };
    Ok(padded(flags, format!("{sign}{prefix}{digits:0>least$}")))
}

fn padded(flags: &Flags, text: String) -> String {
    let width = flags.width.unwrap_or(0);
    if flags.minus {
        format!("{text:<width$}")
    } else {
        format!("{text:>width$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_flags_and_faults() {
        for (format, number, expected) in [
            ("%d", 7, "7"),
            ("%05d", -9, "-0009"),
            ("t%02Xz", 10, "t0Az"),
            ("%#x|%%", 255, "0xff|%"),
            ("%-5d|", 3, "3    |"),
            ("%+d", 3, "+3"),
            ("%5.3d", 7, "  007"),
            ("%c", 65, "A"),
            ("%U", 65, "U+0041"),
            ("%b", -5, "-101"),
            ("%O", 8, "0o10"),
        ] {
            assert_eq!(
                sequence(format, number).as_deref(),
                Ok(expected),
                "{format}"
            );
        }
        assert_eq!(sequence("%s", 1), Err(FormatError::Verb('s')));
        assert_eq!(sequence("x", 1), Err(FormatError::NoVerb));
        assert_eq!(sequence("%d%d", 1), Err(FormatError::SecondVerb));
        assert_eq!(sequence("a%", 1), Err(FormatError::Unfinished));
        assert_eq!(sequence("%99999999d", 1), Err(FormatError::Wide(1000)));
    }
}
