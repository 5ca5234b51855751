//! Text as Go's `fmt` makes it.

mod printf;

pub use printf::{FormatError, sequence};

use crate::limits::{self, TooLarge};
use crate::value::Value;

/// A float by `%v`: shortest digits, an exponent below 1e-4 and from 1e21.
pub fn go_float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        exponent(number)
    } else {
        format!("{number}")
    }
}

/// A float by `%f`: six decimals.
pub fn go_fixed(number: f64) -> String {
    format!("{number:.6}")
}

/// `1e+21`, `1.5e-07`: the exponent has a sign and at least two digits.
pub(crate) fn exponent(number: f64) -> String {
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, power)) => {
            let (sign, power) = power
                .strip_prefix('-')
                .map_or(('+', power), |power| ('-', power));
            format!("{digits}e{sign}{power:0>2}")
        }
        None => text,
    }
}

/// Any value by `%v`: `[1 2]`, `map[a:1]`, `<nil>`.
pub(crate) fn go_value(value: &Value) -> Result<String, TooLarge> {
    let mut out = String::new();
    write_go(&mut out, value)?;
    Ok(out)
}

fn write_go(out: &mut String, value: &Value) -> Result<(), TooLarge> {
    limits::text(out.len())?;
    match value {
        Value::Nil => out.push_str("<nil>"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&go_float(*number)),
        Value::Str(text) => out.push_str(text),
        Value::Duration(nanos) => out.push_str(&crate::duration::format(*nanos)),
        Value::Time(time) => out.push_str(&crate::time::go_string(time)),
        Value::Zone(zone) => out.push_str(&crate::time::zone_name(zone)),
        Value::Named(named) => out.push_str(named.name),
        Value::Version(version) => out.push_str(version.original()),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write_go(out, item)?;
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push_str("map[");
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write_go(out, value)?;
            }
            out.push(']');
        }
        Value::Table(entries) => {
            out.push_str("map[");
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write_go(out, key)?;
                out.push(':');
                write_go(out, value)?;
            }
            out.push(']');
        }
    }
    Ok(())
}

/// A loop item's part of its node's name, as in `p(0:n:1,s:a)`: parentheses removed, a map's keys sorted and joined as
/// `k:v`, a list as `[1 2]`, line breaks and quotes escaped as in JSON (Argo's `generateNodeName`).
pub fn item_name(item: &serde_json::Value) -> String {
    let shown = match item {
        serde_json::Value::Object(entries) => {
            let mut keys: Vec<&String> = entries.keys().collect();
            keys.sort_unstable();
            keys.iter()
                .map(|key| format!("{key}:{}", item_text(&entries[*key])))
                .collect::<Vec<_>>()
                .join(",")
        }
        serde_json::Value::Array(items) => format!(
            "[{}]",
            items.iter().map(item_text).collect::<Vec<_>>().join(" ")
        ),
        other => item_text(other),
    };
    shown.replace(['(', ')'], "")
}

/// One item by `%v`: its JSON text, a string's without the quotes.
fn item_text(item: &serde_json::Value) -> String {
    match item {
        serde_json::Value::String(text) => {
            let mut out = String::new();
            crate::json::escaped(&mut out, text, true);
            out
        }
        other => Value::from(other).json_text().unwrap_or_default(),
    }
}

/// What `{{item}}` is: a string bare, all else its compact JSON text.
pub fn item_value(item: &serde_json::Value) -> String {
    match item {
        serde_json::Value::String(text) => text.clone(),
        other => Value::from(other).json_text().unwrap_or_default(),
    }
}

/// A child's name: `p(0:a)`.
pub fn child_name(parent: &str, index: usize, item: &serde_json::Value) -> String {
    format!("{parent}({index}:{})", item_name(item))
}
