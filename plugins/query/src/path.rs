//! JSONPath: `$.a.b` as RFC 9535 has it, and kubectl's templates: `{.a.b}`, `{range .items[*]}{.name}{"\n"}{end}`.

use serde_json::Value;
use serde_json_path::JsonPath;

/// Longest path, in bytes.
const LONGEST: usize = 4096;
/// Deepest nesting of `{range}`.
const DEEPEST: usize = 8;

/// A path, or a text with paths in it.
#[derive(Debug)]
pub struct Path(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Found(JsonPath),
    Range(JsonPath, Vec<Part>),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn parse(source: &str) -> Result<Path, String> {
        if source.len() > LONGEST {
            return Err(format!("the path is longer than {LONGEST} bytes"));
        }
        if !source.contains('{') {
            return Ok(Path(vec![Part::Found(one(source)?)]));
        }
        let mut rest = source;
        let parts = template(&mut rest, 0)?;
        Ok(Path(parts))
    }

    /// The values that are found, in order; the texts between them are left out.
    #[must_use]
    pub fn values<'a>(&self, json: &'a Value) -> Vec<&'a Value> {
        let mut found = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(_) => {}
                Part::Found(path) | Part::Range(path, _) => found.extend(path.query(json).all()),
            }
        }
        found
    }

    /// The text that kubectl would print; none where no path leads anywhere.
    #[must_use]
    pub fn text(&self, json: &Value) -> Option<String> {
        let mut out = String::new();
        let found = print(&self.0, json, &mut out);
        found.then_some(out)
    }
}

fn print(parts: &[Part], json: &Value, out: &mut String) -> bool {
    let mut any = false;
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Found(path) => {
                for (index, value) in path.query(json).all().into_iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    out.push_str(&crate::text(value));
                    any = true;
                }
            }
            Part::Range(path, inner) => {
                for value in path.query(json).all() {
                    print(inner, value, out);
                    any = true;
                }
            }
        }
    }
    any
}

/// Texts and what stands in braces, up to the end or to `{end}`.
fn template(rest: &mut &str, depth: usize) -> Result<Vec<Part>, String> {
    if depth > DEEPEST {
        return Err(format!("ranges are nested deeper than {DEEPEST}"));
    }
    let mut parts = Vec::new();
    loop {
        let Some(open) = rest.find('{') else {
            if depth > 0 {
                return Err("a {range …} has no {end}".to_owned());
            }
            if !rest.is_empty() {
                parts.push(Part::Text((*rest).to_owned()));
            }
            return Ok(parts);
        };
        if open > 0 {
            parts.push(Part::Text(rest[..open].to_owned()));
        }
        let inside = &rest[open + 1..];
        let close = closing(inside).ok_or("a `{` is not closed")?;
        *rest = &inside[close + 1..];
        let inside = inside[..close].trim();
        if inside == "end" {
            return match depth {
                0 => Err("an {end} has no {range …}".to_owned()),
                _ => Ok(parts),
            };
        }
        if let Some(path) = inside.strip_prefix("range ") {
            let path = one(path)?;
            parts.push(Part::Range(path, template(rest, depth + 1)?));
        } else if inside.starts_with(['"', '\'']) {
            parts.push(Part::Text(quoted(inside)?));
        } else {
            parts.push(Part::Found(one(inside)?));
        }
    }
}

/// Where the brace is that closes what has been opened before this text.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, next) in text.char_indices() {
        match (quote, next) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), next) if next == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(next),
            (None, '}') => return Some(at),
            _ => {}
        }
    }
    None
}

fn quoted(text: &str) -> Result<String, String> {
    let wrong = || format!("{text} is no text in quotes");
    let quote = text.chars().next().ok_or_else(wrong)?;
    let inner = text[1..].strip_suffix(quote).ok_or_else(wrong)?;
    let json = match quote {
        '"' => text.to_owned(),
        _ => format!("\"{}\"", inner.replace("\\'", "'").replace('"', "\\\"")),
    };
    serde_json::from_str(&json).map_err(|_| wrong())
}

/// One path, in RFC 9535's words or kubectl's.
fn one(source: &str) -> Result<JsonPath, String> {
    JsonPath::parse(&normal(source))
        .map_err(|error| format!("{:?} is not a JSON path: {error}", source.trim()))
}

/// A leading `$` where there is none, and names that RFC 9535 wants in quotes (`.a-b`, `.a\.b/c`) in quotes.
fn normal(path: &str) -> String {
    let path = path.trim();
    let path = path.strip_prefix('@').unwrap_or(path);
    let mut out = String::with_capacity(path.len() + 8);
    if !path.starts_with('$') {
        out.push('$');
        if !path.is_empty() && !path.starts_with(['.', '[']) {
            out.push('.');
        }
    }
    if path == "." {
        return out;
    }
    let mut rest = path;
    if out.ends_with('.') {
        out.pop();
        rest = name(rest, &mut out);
    }
    let mut depth = 0usize;
    let mut quote = None;
    while let Some(next) = rest.chars().next() {
        rest = &rest[next.len_utf8()..];
        match (quote, next) {
            (Some(open), next) if next == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(next),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, '.') if depth == 0 => {
                if let Some(after) = rest.strip_prefix('.') {
                    out.push_str("..");
                    rest = bare(after, &mut out);
                } else if !rest.starts_with('[') {
                    rest = name(rest, &mut out);
                }
                continue;
            }
            _ => {}
        }
        out.push(next);
    }
    out
}

/// A name after a dot, as `['name']`; gives what follows it.
fn name<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let (name, after) = segment(rest);
    match name.as_str() {
        "*" => out.push_str("[*]"),
        _ => out.push_str(&format!("[{}]", Value::from(name))),
    }
    after
}

/// What follows `..`: a name, a `*` or brackets.
fn bare<'a>(rest: &'a str, out: &mut String) -> &'a str {
    if rest.starts_with('[') {
        return rest;
    }
    name(rest, out)
}

fn segment(rest: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, next)) = chars.next() {
        match next {
            '.' | '[' => return (name, &rest[at..]),
            '\\' => name.extend(chars.next().map(|(_, escaped)| escaped)),
            next => name.push(next),
        }
    }
    (name, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod() -> Value {
        json!({
            "metadata": {"name": "p", "labels": {"app.kubernetes.io/name": "x", "a-b": "y"}},
            "status": {"conditions": [
                {"type": "Ready", "status": "True"},
                {"type": "Initialized", "status": "False"},
            ]},
            "items": [{"n": "a", "v": 1}, {"n": "b", "v": {"w": 2}}],
        })
    }

    fn text(path: &str) -> Option<String> {
        Path::parse(path).unwrap().text(&pod())
    }

    #[test]
    fn both_notations_find_the_same() {
        for path in [
            "$.metadata.name",
            ".metadata.name",
            "metadata.name",
            "{.metadata.name}",
            "{ $.metadata.name }",
            "$['metadata']['name']",
            "{.metadata['name']}",
        ] {
            assert_eq!(text(path).as_deref(), Some("p"), "{path}");
        }
    }

    #[test]
    fn names_that_need_quotes_or_escapes() {
        assert_eq!(
            text(r"{.metadata.labels.app\.kubernetes\.io/name}").as_deref(),
            Some("x")
        );
        assert_eq!(text("$.metadata.labels.a-b").as_deref(), Some("y"));
        assert_eq!(
            text("$.metadata.labels['app.kubernetes.io/name']").as_deref(),
            Some("x")
        );
    }

    #[test]
    fn filters_wildcards_descents_slices() {
        assert_eq!(
            text(r#"{.status.conditions[?(@.type=="Ready")].status}"#).as_deref(),
            Some("True")
        );
        assert_eq!(text("{.items[*].n}").as_deref(), Some("a b"));
        assert_eq!(text("{..w}").as_deref(), Some("2"));
        assert_eq!(text("{.items[-1].n}").as_deref(), Some("b"));
        assert_eq!(text("{.items[0:1].n}").as_deref(), Some("a"));
        assert_eq!(text("$.items[1].v").as_deref(), Some(r#"{"w":2}"#));
    }

    #[test]
    fn templates_are_printed_as_kubectl_does() {
        assert_eq!(
            text(r#"{range .items[*]}{.n}{"\t"}{.v}{"\n"}{end}"#).as_deref(),
            Some("a\t1\nb\t{\"w\":2}\n")
        );
        assert_eq!(text("name={.metadata.name}!").as_deref(), Some("name=p!"));
        assert!(text("{@}").unwrap().starts_with("{\"items\""));
        assert!(text("{.}").unwrap().starts_with("{\"items\""));
    }

    #[test]
    fn what_leads_nowhere_is_nothing() {
        assert_eq!(text("{.nope}"), None);
        assert_eq!(text("$.items[7]"), None);
        assert_eq!(text("x{.nope}"), None);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (path, says) in [
            ("{.a", "a `{` is not closed"),
            ("{range .a}", "a {range …} has no {end}"),
            ("{end}", "an {end} has no {range …}"),
            ("$.a[", "is not a JSON path"),
        ] {
            let error = Path::parse(path).unwrap_err();
            assert!(error.contains(says), "{path}: {error}");
        }
    }
}
