//! Inputs in the brackets behind a name; outputs; retries.

use super::Raiser;
use super::at::At;
use super::page::Item;
use super::says::{self, Bare};
use crate::lower::POLICIES;
use crate::names::Scope;

impl Raiser<'_> {
    /// `(name = value, artifact name at /path)`; nothing where a field has no place in it.
    pub fn signature(&mut self, at: At<'_>, scope: &Scope<'_>, _of: &str) -> Option<String> {
        if !at.only(&["parameters", "artifacts"]) {
            return None;
        }
        let mut parts = Vec::new();
        for parameter in at
            .get("parameters")
            .map(|found| found.items())
            .unwrap_or_default()
        {
            parts.push(parameter_text(parameter, scope)?);
        }
        for artifact in at
            .get("artifacts")
            .map(|found| found.items())
            .unwrap_or_default()
        {
            parts.push(artifact_text(artifact, scope)?);
        }
        let line = parts.join(", ");
        if parts.is_empty() {
            return Some(String::new());
        }
        Some(if line.len() > 104 || line.contains('\n') {
            let lines: Vec<String> = parts
                .iter()
                .map(|part| format!("  {}", part.replace('\n', "\n  ")))
                .collect();
            format!("(\n{}\n)", lines.join(",\n"))
        } else {
            format!("({line})")
        })
    }

    pub fn outputs(&mut self, at: At<'_>, scope: &Scope<'_>, block: &mut Vec<Item>) {
        for (key, value) in at.entries() {
            match key {
                "parameters" => {
                    for parameter in value.items() {
                        let item = out_parameter(parameter, scope);
                        block.push(self.item(parameter, item));
                    }
                }
                "artifacts" => {
                    for artifact in value.items() {
                        let item = self.out_artifact(artifact, scope);
                        block.push(self.item(artifact, item));
                    }
                }
                _ => block.push(Item::block("outputs", vec![self.field(key, value, scope)])),
            }
        }
    }

    fn out_artifact(&mut self, at: At<'_>, scope: &Scope<'_>) -> Item {
        let head = at
            .range()
            .map(|range| self.notes.take_before(range.start + 1))
            .unwrap_or_default();
        let mark = artifact_mark(at);
        let name = says::name(at.text_at(&["name"]).unwrap_or_default());
        let mut text = format!("out {mark}{name}");
        let mut rest = Vec::new();
        let mut entries = at.entries();
        let order = [
            "name",
            "path",
            "from",
            "fromExpression",
            "optional",
            "archive",
            "globalName",
        ];
        entries.sort_by_key(|(key, _)| {
            order
                .iter()
                .position(|known| known == key)
                .unwrap_or(order.len())
        });
        for (key, value) in entries {
            match (key, value.value) {
                ("name", _) => {}
                ("path", serde_json::Value::String(path)) => {
                    text.push_str(&format!(" at {}", says::text(path, scope, Bare::Any)));
                }
                ("from", serde_json::Value::String(from)) => {
                    match super::task::expression(from, scope) {
                        Some(reference) => text.push_str(&format!(" = {reference}")),
                        None => rest.push(self.field(key, value, scope)),
                    }
                }
                ("fromExpression", serde_json::Value::String(expression)) => {
                    match super::task::bare_expression(expression, scope) {
                        Some(expression) => text.push_str(&format!(" = {expression}")),
                        None => rest.push(self.field(key, value, scope)),
                    }
                }
                ("optional", serde_json::Value::Bool(true)) => text.push_str(" optional"),
                ("archive", _)
                    if value.only(&["none"])
                        && value.get("none").is_some_and(|none| none.only(&[])) =>
                {
                    text.push_str(" plain")
                }
                ("globalName", serde_json::Value::String(name)) => {
                    text.push_str(&format!(" as {}", says::name(name)))
                }
                _ => rest.push(self.field(key, value, scope)),
            }
        }
        let item = if rest.is_empty() {
            Item::new(text)
        } else {
            Item::block(text, rest)
        };
        item.with(head)
    }

    pub fn retry(&mut self, at: At<'_>, scope: &Scope<'_>) -> Item {
        let head = at
            .range()
            .map(|range| self.notes.take_before(range.start + 1))
            .unwrap_or_default();
        let mut text = "retry".to_owned();
        let mut rest = Vec::new();
        let mut entries = at.entries();
        let order = ["limit", "retryPolicy", "backoff", "expression"];
        entries.sort_by_key(|(key, _)| {
            order
                .iter()
                .position(|known| known == key)
                .unwrap_or(order.len())
        });
        for (key, value) in entries {
            let part = match key {
                "limit" => Some(says::value(value.value, scope)),
                "retryPolicy" => POLICIES
                    .iter()
                    .find(|(_, policy)| Some(*policy) == value.text())
                    .map(|(word, _)| format!("on {word}")),
                "backoff" => backoff(value, scope),
                "expression" => value.text().map(|expression| {
                    let bare = super::task::bare_expression(expression, scope);
                    format!(
                        "if {}",
                        bare.unwrap_or_else(|| says::text(expression, scope, Bare::Never))
                    )
                }),
                _ => None,
            };
            match part {
                Some(part) => text.push_str(&format!(" {part}")),
                None => rest.push(self.field(key, value, scope)),
            }
        }
        let item = if rest.is_empty() {
            Item::new(text)
        } else {
            Item::block(text, rest)
        };
        let item = item.with(head);
        self.item(at, item)
    }
}

fn backoff(at: At<'_>, scope: &Scope<'_>) -> Option<String> {
    if !at.only(&["duration", "factor", "maxDuration", "cap"]) {
        return None;
    }
    let part = |key: &str| {
        let text = at.text_at(&[key])?;
        let number = text
            .parse::<u64>()
            .is_ok_and(|number| number.to_string() == text);
        Some(says::text(
            text,
            scope,
            if number { Bare::Any } else { Bare::Words },
        ))
    };
    let mut text = format!("backoff {}", part("duration")?);
    if let Some(factor) = at.get("factor") {
        text.push_str(&format!(" x{}", factor.value.as_u64()?));
    }
    if let Some(max) = part("maxDuration") {
        text.push_str(&format!(" max {max}"));
    }
    if let Some(cap) = part("cap") {
        text.push_str(&format!(" cap {cap}"));
    }
    Some(text)
}

/// A value that is text, whatever it looks like: numbers that stay as they are may stand bare.
pub(super) fn any_string(text: &str, scope: &Scope<'_>) -> String {
    let same = text
        .parse::<i64>()
        .is_ok_and(|number| number.to_string() == text);
    says::text(text, scope, if same { Bare::Any } else { Bare::Words })
}

fn parameter_text(at: At<'_>, scope: &Scope<'_>) -> Option<String> {
    let mut text = says::name(at.text_at(&["name"])?);
    let mut rest = Vec::new();
    let mut given = false;
    for (key, value) in at.entries() {
        match key {
            "name" => {}
            "enum" => {
                let choices: Vec<String> = value
                    .items()
                    .iter()
                    .filter_map(|choice| choice.text())
                    .map(|choice| says::text(choice, scope, Bare::Any))
                    .collect();
                text.push_str(&format!(": enum({})", choices.join(", ")));
            }
            _ => {}
        }
    }
    for (key, value) in at.entries() {
        match key {
            "name" | "enum" => {}
            "value" | "default" if !given => {
                given = true;
                let sign = if key == "value" { "=" } else { "?=" };
                text.push_str(&format!(" {sign} {}", any_string(value.text()?, scope)));
            }
            "valueFrom" if !given => match reference(value, scope) {
                Some(source) => {
                    given = true;
                    text.push_str(&format!(" = {source}"));
                }
                None => rest.push((key, value)),
            },
            _ => rest.push((key, value)),
        }
    }
    Some(with_fields(text, &rest, scope))
}

fn with_fields(text: String, rest: &[(&str, At<'_>)], scope: &Scope<'_>) -> String {
    if rest.is_empty() {
        return text;
    }
    let fields: Vec<String> = rest
        .iter()
        .map(|(key, at)| format!("{}: {}", says::key(key), says::value(at.value, scope)))
        .collect();
    format!("{text} {{{}}}", fields.join(", "))
}

/// `configmap(NAME, KEY)` and its like.
pub(super) fn reference(at: At<'_>, scope: &Scope<'_>) -> Option<String> {
    let word = [("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")]
        .into_iter()
        .find(|(field, _)| at.get(field).is_some());
    if let Some((field, word)) = word.filter(|(field, _)| at.only(&[field])) {
        let found = at.get(field).filter(|found| found.only(&["name", "key"]))?;
        let (name, key) = (found.text_at(&["name"])?, found.text_at(&["key"])?);
        return Some(format!(
            "{word}({}, {})",
            says::text(name, scope, Bare::Any),
            says::text(key, scope, Bare::Any)
        ));
    }
    if let Some(event) = at.text_at(&["event"]).filter(|_| at.only(&["event"])) {
        return Some(format!("event({})", says::text(event, scope, Bare::Never)));
    }
    let supplied = at.get("supplied").filter(|_| at.only(&["supplied"]));
    supplied.map(|_| "supplied()".to_owned())
}

/// What stands `at` a path is known to be a file.
fn artifact_mark(at: At<'_>) -> &'static str {
    let placed = at.text_at(&["path"]).is_some();
    if placed { "" } else { "artifact " }
}

fn artifact_text(at: At<'_>, scope: &Scope<'_>) -> Option<String> {
    let mut text = format!(
        "{}{}",
        artifact_mark(at),
        says::name(at.text_at(&["name"])?)
    );
    let mut rest = Vec::new();
    if let Some(path) = at.text_at(&["path"]) {
        text.push_str(&format!(" at {}", says::text(path, scope, Bare::Any)));
    }
    for (key, value) in at.entries() {
        match (key, value.value) {
            ("name" | "path", _) => {}
            ("optional", serde_json::Value::Bool(true)) => text.push_str(" optional"),
            _ => rest.push((key, value)),
        }
    }
    Some(with_fields(text, &rest, scope))
}

fn out_parameter(at: At<'_>, scope: &Scope<'_>) -> Item {
    let mut text = format!(
        "out {}",
        says::name(at.text_at(&["name"]).unwrap_or_default())
    );
    let mut rest = Vec::new();
    for (key, value) in at.entries() {
        match key {
            "name" | "globalName" => {}
            "valueFrom" => match source(value, scope) {
                Some(source) => text.push_str(&format!(" = {source}")),
                None => rest.push((key, value)),
            },
            _ => rest.push((key, value)),
        }
    }
    if let Some(name) = at.text_at(&["globalName"]) {
        text.push_str(&format!(" as {}", says::name(name)));
    }
    if rest.is_empty() {
        return Item::new(text);
    }
    let fields = rest.iter().map(|(key, at)| {
        Item::new(format!(
            "{}: {}",
            says::key(key),
            says::value(at.value, scope)
        ))
    });
    Item::block(text, fields.collect())
}

/// Where an output's value comes from.
fn source(at: At<'_>, scope: &Scope<'_>) -> Option<String> {
    let default = match at.get("default") {
        Some(default) => format!(" ?? {}", any_string(default.text()?, scope)),
        None => String::new(),
    };
    for (field, word) in [("path", "file"), ("jsonPath", "json"), ("jqFilter", "jq")] {
        if let Some(text) = at
            .text_at(&[field])
            .filter(|_| at.only(&[field, "default"]))
        {
            return Some(format!(
                "{word}({}){default}",
                says::text(text, scope, Bare::Any)
            ));
        }
    }
    if let Some(text) = at
        .text_at(&["parameter"])
        .filter(|_| at.only(&["parameter"]))
    {
        return super::task::expression(text, scope);
    }
    if let Some(text) = at
        .text_at(&["expression"])
        .filter(|_| at.only(&["expression"]))
    {
        return super::task::bare_expression(text, scope);
    }
    if at.get("supplied").is_some() && at.only(&["supplied", "default"]) {
        return Some(format!("supplied(){default}"));
    }
    reference(at, scope)
}
