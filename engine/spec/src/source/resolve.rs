//! What a scalar means when no type says so: YAML 1.1 as Kubernetes and Argo read it.

use super::{CoreTag, Node, NodeKind, Scalar, Style};

/// A scalar's meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(&'a str),
}

impl Node {
    /// True for `null`, `~` and nothing at all.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar(scalar) if scalar.meaning() == Meaning::Null)
    }
}

impl Scalar {
    /// What the text means where any value may stand.
    #[must_use]
    pub fn meaning(&self) -> Meaning<'_> {
        match self.tag {
            Some(CoreTag::Str | CoreTag::Binary) => Meaning::Text(&self.value),
            Some(CoreTag::Null) => Meaning::Null,
            Some(CoreTag::Float) => match plain(&self.value) {
                Meaning::Int(number) => Meaning::Float(number as f64),
                Meaning::Uint(number) => Meaning::Float(number as f64),
                other => other,
            },
            Some(CoreTag::Int | CoreTag::Bool) => plain(&self.value),
            None if self.style == Style::Plain => plain(&self.value),
            None => Meaning::Text(&self.value),
        }
    }

    /// True for a bare `yes`, `no`, `on`, `off`, `y` or `n`: a boolean in YAML 1.1, text in YAML 1.2.
    #[must_use]
    pub fn is_old_boolean(&self) -> bool {
        matches!(self.meaning(), Meaning::Bool(_))
            && !self.value.eq_ignore_ascii_case("true")
            && !self.value.eq_ignore_ascii_case("false")
    }
}

/// What a plain scalar's text means.
#[must_use]
pub fn plain(text: &str) -> Meaning<'_> {
    // Only these can begin anything but text; most texts end here.
    match text.as_bytes().first() {
        None => return Meaning::Null,
        Some(b'+' | b'-' | b'.' | b'0'..=b'9') => return number(text),
        Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O') => {}
        Some(_) => return Meaning::Text(text),
    }
    match text {
        "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "y" | "Y" | "on" | "On" | "ON" => {
            Meaning::Bool(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "n" | "N" | "off" | "Off" | "OFF" => {
            Meaning::Bool(false)
        }
        _ => Meaning::Text(text),
    }
}

fn number(text: &str) -> Meaning<'_> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Meaning::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Meaning::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Meaning::Float(f64::NAN),
        _ => {}
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_'))
    {
        return Meaning::Text(text);
    }
    let digits: std::borrow::Cow<'_, str> = if text.contains('_') {
        text.replace('_', "").into()
    } else {
        text.into()
    };
    integer(&digits)
        .or_else(|| is_float(&digits).then(|| digits.parse().ok().map(Meaning::Float))?)
        .unwrap_or(Meaning::Text(text))
}

/// Decimal, `0x`, `0b`, and octal as `0o` or with a leading zero.
fn integer(text: &str) -> Option<Meaning<'static>> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    match (negative, i64::try_from(size)) {
        (false, Ok(number)) => Some(Meaning::Int(number)),
        (false, Err(_)) => Some(Meaning::Uint(size)),
        (true, Ok(number)) => Some(Meaning::Int(-number)),
        (true, Err(_)) if size == i64::MIN.unsigned_abs() => Some(Meaning::Int(i64::MIN)),
        (true, Err(_)) => None,
    }
}

/// `[-+]? (\.[0-9]+ | [0-9]+(\.[0-9]*)?) ([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa_fits && exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_scalars_as_kubernetes_does() {
        let table = [
            ("", Meaning::Null),
            ("~", Meaning::Null),
            ("yes", Meaning::Bool(true)),
            ("Off", Meaning::Bool(false)),
            ("yEs", Meaning::Text("yEs")),
            ("30", Meaning::Int(30)),
            ("-0", Meaning::Int(0)),
            ("+7", Meaning::Int(7)),
            ("0x1F", Meaning::Int(31)),
            ("0644", Meaning::Int(420)),
            ("0o17", Meaning::Int(15)),
            ("08", Meaning::Float(8.0)),
            ("1_000", Meaning::Int(1000)),
            ("18446744073709551615", Meaning::Uint(u64::MAX)),
            ("-9223372036854775808", Meaning::Int(i64::MIN)),
            ("1e3", Meaning::Float(1000.0)),
            ("1.", Meaning::Float(1.0)),
            (".5", Meaning::Float(0.5)),
            ("1.2.3", Meaning::Text("1.2.3")),
            ("12:30", Meaning::Text("12:30")),
            ("2026-11-24", Meaning::Text("2026-11-24")),
            ("-", Meaning::Text("-")),
            (".", Meaning::Text(".")),
            ("1h", Meaning::Text("1h")),
            ("-.inf", Meaning::Float(f64::NEG_INFINITY)),
        ];
        for (text, meaning) in table {
            assert_eq!(plain(text), meaning, "{text:?}");
        }
    }
}
