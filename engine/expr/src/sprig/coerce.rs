//! sprig's lenient conversions: what is no number is zero, what is no list is an error.

use crate::builtins::Fault;
use crate::value::Value;

/// `toInt64`: floats are cut, text is read with Go's prefixes, everything else is 0.
pub(super) fn int(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Duration(number) => *number,
        Value::Named(named) => named.number,
        Value::Float(number) => *number as i64,
        Value::Bool(flag) => i64::from(*flag),
        Value::Str(text) => parse_int(text).unwrap_or(0),
        _ => 0,
    }
}

/// Go's `ParseInt` with base 0: `12`, `-0x1f`, `0b1`, `0o7`, `017`.
fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match (lower.get(..2), lower.strip_prefix('0')) {
        (Some("0x"), _) => (16, &lower[2..]),
        (Some("0b"), _) => (2, &lower[2..]),
        (Some("0o"), _) => (8, &lower[2..]),
        (_, Some(octal)) if !octal.is_empty() => (8, octal),
        _ => (10, lower.as_str()),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    i64::try_from(if negative { -number } else { number }).ok()
}

/// `toFloat64`.
pub(super) fn float(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Str(text) => text.parse().unwrap_or(0.0),
        other => int(other) as f64,
    }
}

/// `strval`: text as it is, everything else by `%v`.
pub(super) fn text(value: &Value) -> Result<String, Fault> {
    Ok(value.go_text()?)
}

/// `empty`: nil, false, zero, the empty text, list or map.
pub(super) fn empty(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::Bool(flag) => !flag,
        Value::Int(number) | Value::Duration(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Named(named) => named.number == 0,
        Value::Str(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Table(entries) => entries.is_empty(),
        Value::Time(_) | Value::Zone(_) | Value::Version(_) => false,
    }
}

/// `strslice`: a list's items as text without the nils, one value as a list of one.
pub(super) fn texts(value: &Value) -> Result<Vec<String>, Fault> {
    match value {
        Value::List(items) => items
            .iter()
            .filter(|item| !item.is_nil())
            .map(text)
            .collect(),
        Value::Nil => Ok(Vec::new()),
        other => Ok(vec![text(other)?]),
    }
}
