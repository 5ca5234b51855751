//! Values ↔ JSON text as Go's `encoding/json` writes and reads it.

use crate::limits::{self, Fuel, TooLarge};
use crate::value::{JsonError, Value};

/// Compact text; `html` escapes `<`, `>` and `&` as Go's `json.Marshal` does.
pub(crate) fn compact(value: &Value, html: bool) -> Result<String, JsonError> {
    let mut out = String::new();
    write(&mut out, value, html, None, 0)?;
    Ok(out)
}

/// Text over several lines, indented by two spaces a level.
pub(crate) fn pretty(value: &Value, html: bool) -> Result<String, JsonError> {
    let mut out = String::new();
    write(&mut out, value, html, Some(2), 0)?;
    Ok(out)
}

fn write(
    out: &mut String,
    value: &Value,
    html: bool,
    indent: Option<usize>,
    level: usize,
) -> Result<(), JsonError> {
    limits::text(out.len())?;
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Duration(nanos) => out.push_str(&nanos.to_string()),
        Value::Named(named) => out.push_str(&named.number.to_string()),
        Value::Float(number) if number.is_finite() => out.push_str(&float(*number)),
        Value::Float(number) => return Err(JsonError::Number(crate::format::go_float(*number))),
        Value::Str(text) => string(out, text, html),
        Value::Time(time) => string(out, &crate::time::rfc3339_nano(time), html),
        Value::Version(version) => string(out, version.original(), html),
        Value::Zone(_) => out.push_str("{}"),
        Value::Table(_) => return Err(JsonError::Keys),
        Value::List(items) => {
            let count = items.len();
            group(
                out,
                ('[', ']'),
                count,
                indent,
                level,
                &mut items.iter(),
                |out, item| write(out, item, html, indent, level + 1),
            )?;
        }
        Value::Map(entries) => {
            let count = entries.len();
            group(
                out,
                ('{', '}'),
                count,
                indent,
                level,
                &mut entries.iter(),
                |out, (key, value)| {
                    string(out, key, html);
                    out.push_str(if indent.is_some() { ": " } else { ":" });
                    write(out, value, html, indent, level + 1)
                },
            )?;
        }
    }
    Ok(())
}

fn group<T>(
    out: &mut String,
    (open, close): (char, char),
    count: usize,
    indent: Option<usize>,
    level: usize,
    items: &mut dyn Iterator<Item = T>,
    mut one: impl FnMut(&mut String, T) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    let line = |out: &mut String, level: usize| {
        if let Some(width) = indent
            && count > 0
        {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width * level));
        }
    };
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        line(out, level + 1);
        one(out, item)?;
    }
    line(out, level);
    out.push(close);
    Ok(())
}

/// A float as Go's JSON has it: plain digits from 1e-6 below 1e21, else an exponent of at least two digits where positive.
pub(crate) fn float(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = crate::format::exponent(number);
        // Go's JSON writes e-9 for e-09.
        return text.replace("e-0", "e-");
    }
    format!("{number}")
}

/// A quoted string.
pub(crate) fn string(out: &mut String, text: &str, html: bool) {
    out.push('"');
    escaped(out, text, html);
    out.push('"');
}

/// The inside of a quoted string.
pub(crate) fn escaped(out: &mut String, text: &str, html: bool) {
    for next in text.chars() {
        match next {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '<' | '>' | '&' if html => out.push_str(&format!("\\u{:04x}", next as u32)),
            '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", next as u32)),
            next if (next as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", next as u32)),
            next => out.push(next),
        }
    }
}

/// The value for serde.
pub(crate) fn to_serde(value: &Value) -> Result<serde_json::Value, JsonError> {
    serde(value, &mut Fuel::default())
}

fn serde(value: &Value, fuel: &mut Fuel) -> Result<serde_json::Value, JsonError> {
    // Lists may share their items many times over: what is written out is what counts.
    fuel.burn(64)?;
    Ok(match value {
        Value::Nil => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Str(text) => {
            fuel.burn(text.len())?;
            serde_json::Value::String(text.to_string())
        }
        Value::List(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| serde(item, fuel)).collect();
            serde_json::Value::Array(items?)
        }
        Value::Map(entries) => {
            let mut object = serde_json::Map::new();
            for (key, value) in entries.iter() {
                object.insert(key.clone(), serde(value, fuel)?);
            }
            serde_json::Value::Object(object)
        }
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            (*number as i64).into()
        }
        Value::Float(number) => {
            let json = serde_json::Number::from_f64(*number);
            let json = json.ok_or_else(|| JsonError::Number(crate::format::go_float(*number)))?;
            serde_json::Value::Number(json)
        }
        other => serde_json::from_str(&compact(other, false)?).map_err(|_| JsonError::Keys)?,
    })
}

/// JSON text → value, every number a float as Go's `any` has it; `None` for what is no JSON.
///
/// # Errors
/// The reader's reason.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    limits::text(text.len())
        .map_err(|TooLarge { what, limit }| format!("{what} is beyond the limit of {limit}"))?;
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(as_go(&json))
}

pub(crate) fn as_go(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::Array(items) => Value::list(items.iter().map(as_go).collect()),
        serde_json::Value::Object(entries) => Value::map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), as_go(value))),
        ),
        other => Value::from(other),
    }
}
