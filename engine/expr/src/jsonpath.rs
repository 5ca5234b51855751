//! `jsonpath(text, path)`: one value for a path to one place, a list for a path to many.

use serde_json_path::JsonPath;

use crate::limits::Fuel;
use crate::value::Value;

/// Looks a path up in JSON text.
///
/// # Errors
/// Text that is no JSON, a path that cannot be read, a single place where nothing is.
pub(crate) fn query(text: &str, path: &str, fuel: &mut Fuel) -> Result<Value, String> {
    fuel.burn(text.len() / 16)
        .map_err(|error| error.to_string())?;
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("the text is not JSON: {error}"))?;
    if path.len() > 4096 {
        return Err("the path is longer than 4096 bytes".to_owned());
    }
    if path.matches(['(', '[', '!']).count() > 64
        || path.matches("..").count() > 2
        || path.matches('*').count() > 8
    {
        return Err("the path has too many parts".to_owned());
    }
    if path.matches("..").count() > 1 && text.len() > 16 << 10 {
        return Err("a path with two descents wants a text of at most 16 KiB".to_owned());
    }
    let parsed = JsonPath::parse(&normal(path))
        .map_err(|error| format!("{path:?} is not a JSON path: {error}"))?;
    let found = parsed.query(&json);
    if finds_many(path) {
        return Ok(Value::list(found.all().into_iter().map(go).collect()));
    }
    found
        .first()
        .map(go)
        .ok_or_else(|| format!("the JSON path {path:?} leads to nothing"))
}

/// Numbers as Go's `any` has them: floats.
fn go(json: &serde_json::Value) -> Value {
    crate::json::as_go(json)
}

/// Wildcards, descents, filters, slices and unions lead to many places.
fn finds_many(path: &str) -> bool {
    let mut quote = None;
    let mut previous = ' ';
    for next in path.chars() {
        match (quote, next) {
            (Some(open), next) if next == open && previous != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(next),
            (None, '*' | '?' | ':' | ',') => return true,
            (None, '.') if previous == '.' => return true,
            _ => {}
        }
        previous = next;
    }
    false
}

/// Names after a dot that RFC 9535 wants in quotes, such as `$.a-b`, in quotes; a leading `$` where there is none.
fn normal(path: &str) -> String {
    let path = path.trim();
    let mut out = String::with_capacity(path.len() + 8);
    if !path.starts_with('$') {
        out.push('$');
        if !path.starts_with(['.', '[']) {
            out.push('.');
        }
    }
    let mut depth = 0usize;
    let mut rest = path;
    while let Some(next) = rest.chars().next() {
        depth = match next {
            '[' | '(' => depth + 1,
            ']' | ')' => depth.saturating_sub(1),
            _ => depth,
        };
        rest = &rest[next.len_utf8()..];
        if next != '.' || depth > 0 {
            out.push(next);
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = &rest[..end];
        let plain = name
            .chars()
            .all(|next| next.is_alphanumeric() || next == '_')
            && !name.starts_with(|next: char| next.is_ascii_digit());
        if name.is_empty() || name == "*" || plain {
            out.push('.');
            continue;
        }
        if out.ends_with('.') {
            out.push('.');
        }
        out.push_str(&format!("[{}]", serde_json::Value::from(name)));
        rest = &rest[end..];
    }
    out
}
