//! Texts as the language writes them: tags as `${…}`, quotes where they are needed.

use serde_json::Value;
use tiphys_expr::{Program, TagKind, Text};

use crate::build::is_literal;
use crate::expr;
use crate::fault::Faults;
use crate::grammar::{Grammar, Rule};
use crate::names::Scope;
use crate::scan::is_word;
use crate::text;

enum Part {
    Letters(String),
    Hole(String),
}

/// Whether words that look like numbers and booleans may stand bare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    /// Text is text wherever it stands.
    Any,
    /// What looks like a number would be one.
    Words,
    /// Quotes always.
    Never,
}

/// A text where any value can stand.
pub(super) fn text(value: &str, scope: &Scope<'_>, bare: Bare) -> String {
    let parts = parts(value, scope);
    if bare != Bare::Never {
        let word = bare_word(&parts);
        if let Some(word) = word
            && (bare == Bare::Any || !is_literal(&word))
            && !word.ends_with(':')
            && !word.starts_with(['=', '?'])
            && says(&word, value, scope)
        {
            return word;
        }
    }
    quoted(value, &parts, scope)
}

fn bare_word(parts: &[Part]) -> Option<String> {
    let mut word = String::new();
    for part in parts {
        match part {
            Part::Letters(letters) if letters.contains("${") => return None,
            Part::Letters(letters) => word.push_str(letters),
            Part::Hole(inside) => word.push_str(&format!("${{{inside}}}")),
        }
    }
    is_word(&word).then_some(word)
}

fn quoted(value: &str, parts: &[Part], scope: &Scope<'_>) -> String {
    let lines = value.trim_end_matches('\n').contains('\n');
    let holes = parts.iter().any(|part| matches!(part, Part::Hole(_)));
    let hard = value.contains(['"', '\\']) || letters_hold(parts, "${");
    let mut candidates = Vec::new();
    if lines {
        candidates.push(fenced(value, parts, scope));
    }
    if !hard || value.contains('\n') && !lines {
        candidates.push(string(parts));
    }
    if !holes {
        candidates.push(format!("'{value}'"));
    }
    if !value.contains(['`', '\n']) {
        candidates.push(format!("`{}`", soft(parts, scope)));
    }
    candidates.push(string(parts));
    let found = candidates
        .into_iter()
        .find(|candidate| is_whole(candidate) && says(candidate, value, scope));
    found.unwrap_or_else(|| string(&[Part::Letters(value.to_owned())]))
}

fn letters_hold(parts: &[Part], what: &str) -> bool {
    parts
        .iter()
        .any(|part| matches!(part, Part::Letters(letters) if letters.contains(what)))
}

/// Whether a candidate is one token.
fn is_whole(candidate: &str) -> bool {
    let name = "".into();
    let places = crate::place::Places::new(&"".into());
    let mut faults = Faults {
        name: &name,
        places: &places,
        found: Vec::new(),
    };
    let tokens = crate::scan::tokens(candidate, &mut faults);
    faults.found.is_empty()
        && matches!(tokens.as_slice(), [one] if one.end as usize == candidate.len())
}

/// Whether a written text means `value`.
fn says(written: &str, value: &str, scope: &Scope<'_>) -> bool {
    let name = "".into();
    let places = crate::place::Places::new(&"".into());
    let mut faults = Faults {
        name: &name,
        places: &places,
        found: Vec::new(),
    };
    let said = text::say(written, 0, scope, &mut faults);
    faults.found.is_empty() && said.text == value
}

fn string(parts: &[Part]) -> String {
    let mut out = String::from("\"");
    for part in parts {
        match part {
            Part::Hole(inside) => out.push_str(&format!("${{{inside}}}")),
            Part::Letters(letters) => {
                let mut rest = letters.chars().peekable();
                while let Some(c) = rest.next() {
                    match c {
                        '"' => out.push_str("\\\""),
                        '\\' => out.push_str("\\\\"),
                        '\n' => out.push_str("\\n"),
                        '\r' => out.push_str("\\r"),
                        '\t' => out.push_str("\\t"),
                        '$' if rest.peek() == Some(&'{') => out.push_str("\\$"),
                        c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
                        c => out.push(c),
                    }
                }
                // A `$` before a hole is a letter.
                if out.ends_with('$') && !out.ends_with("\\$") {
                    out.pop();
                    out.push_str("\\$");
                }
            }
        }
    }
    out.push('"');
    out
}

/// The inside of a fence: `${` doubled where it would be taken for a name.
fn soft(parts: &[Part], scope: &Scope<'_>) -> String {
    let mut out = String::new();
    for part in parts {
        let letters = match part {
            Part::Hole(inside) => {
                out.push_str(&format!("${{{inside}}}"));
                continue;
            }
            Part::Letters(letters) => letters,
        };
        let mut at = 0;
        while let Some(next) = letters[at..].find("${") {
            let start = at + next;
            out.push_str(&letters[at..start]);
            let names = match crate::scan::hole(&letters[start..]) {
                Some(length) => {
                    expr::quiet(&letters[start + 2..start + length - 1], scope).is_some()
                }
                None => false,
            };
            out.push_str(if names || letters[..start].ends_with('$') {
                "$${"
            } else {
                "${"
            });
            at = start + 2;
        }
        out.push_str(&letters[at..]);
    }
    out
}

fn fenced(value: &str, parts: &[Part], scope: &Scope<'_>) -> String {
    let mut longest = 2;
    for run in value.split(|c| c != '`') {
        longest = longest.max(run.len());
    }
    let ticks = "`".repeat(longest + 1);
    let body = soft(parts, scope);
    let newline = if body.ends_with('\n') { "" } else { "\u{0}" };
    // Without a last line end, the closing ticks stand behind the last letter.
    format!("{ticks}\n{body}{newline}{ticks}").replace('\u{0}', "")
}

fn parts(value: &str, scope: &Scope<'_>) -> Vec<Part> {
    let parsed = Text::parse(value);
    let mut parts = Vec::new();
    let mut at = 0;
    for tag in parsed.tags() {
        let hole = match &tag.kind {
            TagKind::Simple(name) => {
                short(name, scope).filter(|_| tag.range.len() == name.len() + 4)
            }
            TagKind::Expression(program) => match &**program {
                Ok(program) => shortened(program, scope),
                Err(_) => None,
            },
        };
        if let Some(inside) = hole {
            push(&mut parts, &value[at..tag.range.start]);
            let written = format!("${{{inside}}}");
            if says(&written, &value[tag.range.clone()], scope) {
                parts.push(Part::Hole(inside));
            } else {
                push(&mut parts, &value[tag.range.clone()]);
            }
            at = tag.range.end;
        }
    }
    push(&mut parts, &value[at..]);
    parts
}

fn push(parts: &mut Vec<Part>, letters: &str) {
    match parts.last_mut() {
        _ if letters.is_empty() => {}
        Some(Part::Letters(last)) => last.push_str(letters),
        _ => parts.push(Part::Letters(letters.to_owned())),
    }
}

/// The shortest name of what a path leads to.
pub(super) fn short(path: &str, scope: &Scope<'_>) -> Option<String> {
    let full: Vec<&str> = path.split('.').collect();
    shortest(&full, scope)
}

fn shortest(full: &[&str], scope: &Scope<'_>) -> Option<String> {
    let brief = match full {
        ["inputs" | "workflow", "parameters", name] | ["inputs", "artifacts", name] => {
            Some((*name).to_owned())
        }
        ["inputs", "artifacts", name, "path"]
        | ["outputs", "parameters" | "artifacts", name, "path"] => Some(format!("{name}.path")),
        [
            "steps" | "tasks",
            task,
            "outputs",
            "parameters" | "artifacts",
            rest @ ..,
        ] if !rest.is_empty() => Some(format!("{task}.{}", rest.join("."))),
        ["steps" | "tasks", task, "outputs", rest @ ..] if !rest.is_empty() => {
            Some(format!("{task}.{}", rest.join(".")))
        }
        ["steps" | "tasks", task, rest @ ..] if !rest.is_empty() => {
            Some(format!("{task}.{}", rest.join(".")))
        }
        _ => None,
    };
    [brief, Some(full.join("."))]
        .into_iter()
        .flatten()
        .find(|candidate| {
            let parts: Vec<&str> = candidate.split('.').collect();
            let meant = scope.resolve(&parts);
            is_path(candidate) && meant.is_some_and(|meant| meant.path == full)
        })
}

fn is_path(text: &str) -> bool {
    use pest::Parser as _;
    Grammar::parse(Rule::path, text)
        .is_ok_and(|mut pairs| pairs.next().is_some_and(|pair| pair.as_str() == text))
}

/// An expression with short names in it.
pub(super) fn shortened(program: &Program, scope: &Scope<'_>) -> Option<String> {
    let source = program.source();
    let mut out = String::new();
    let mut at = 0;
    for reference in program.refs() {
        let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
        let Some(end) = extent(source, reference.offset, &path) else {
            continue;
        };
        if reference.offset < at {
            continue;
        }
        if let Some(short) = shortest(&path, scope) {
            out.push_str(&source[at..reference.offset]);
            out.push_str(&short);
            at = end;
        }
    }
    out.push_str(&source[at..]);
    Some(out)
}

/// Where the text of a path ends.
fn extent(source: &str, start: usize, path: &[&str]) -> Option<usize> {
    let mut at = start;
    for (index, part) in path.iter().enumerate() {
        let rest = &source[at..];
        let forms: Vec<String> = match index {
            0 => vec![(*part).to_owned()],
            _ => vec![
                format!(".{part}"),
                format!("['{part}']"),
                format!("[\"{part}\"]"),
            ],
        };
        at += forms
            .iter()
            .find(|form| rest.starts_with(form.as_str()))?
            .len();
    }
    Some(at)
}

/// Any value, on one line where texts allow it.
pub(super) fn value(value: &Value, scope: &Scope<'_>) -> String {
    match value {
        Value::String(string) => text(string, scope, Bare::Words),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| self::value(item, scope)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, entry)| format!("{}: {}", key(name), self::value(entry, scope)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

pub(super) fn key(name: &str) -> String {
    let is_plain = |name: &str| {
        is_word(name) && !name.contains(':') && !name.contains("${") && !name.starts_with('@')
    };
    if let Some(own) = name
        .strip_prefix(crate::lower::OURS)
        .filter(|own| is_plain(own))
    {
        return format!("@{own}");
    }
    if is_plain(name) {
        return name.to_owned();
    }
    string(&[Part::Letters(name.to_owned())])
}

pub(super) fn name(name: &str) -> String {
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if plain {
        return name.to_owned();
    }
    string(&[Part::Letters(name.to_owned())])
}
