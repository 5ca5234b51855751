//! Steps and tasks as calls.

use pest::Parser as _;
use serde_json::Value;
use tiphys_expr::{Program, TagKind, Text};

use super::Raiser;
use super::at::At;
use super::io::any_string;
use super::page::Item;
use super::says::{self, Bare};
use crate::expr;
use crate::fault::Faults;
use crate::grammar::{Grammar, Rule};
use crate::names::{Scope, Signature};
use crate::words::Body;

/// A tag as an expression without braces: `{{inputs.parameters.x}}` is `x`.
pub(super) fn expression(text: &str, scope: &Scope<'_>) -> Option<String> {
    let parsed = Text::parse(text);
    let tag = parsed.single_tag()?;
    let candidate = match &tag.kind {
        TagKind::Simple(name) => says::short(name, scope)?,
        TagKind::Expression(program) => says::shortened(program.as_ref().as_ref().ok()?, scope)?,
    };
    let lowered = lowered(&candidate, scope)?;
    (lowered.literal.is_none() && lowered.tag() == text).then_some(candidate)
}

/// As [`expression`], of a text that is an expression as a whole.
pub(super) fn bare_expression(text: &str, scope: &Scope<'_>) -> Option<String> {
    let program = Program::parse(text).ok()?;
    let candidate = says::shortened(&program, scope)?;
    let lowered = lowered(&candidate, scope)?;
    let meant = match &lowered.bare {
        Some(meaning) => expr::in_expression(&meaning.path),
        None => lowered.text.clone(),
    };
    // One literal, or a path that would be a tag, says something else where it stands.
    (lowered.literal.is_none() && lowered.bare.is_none() && meant == text).then_some(candidate)
}

/// What an expression lowers to where a statement has it.
fn lowered(candidate: &str, scope: &Scope<'_>) -> Option<expr::Lowered> {
    if candidate.contains(['\n', '`']) || !balanced(candidate) {
        return None;
    }
    let probe = format!("x(a: {candidate})");
    let statement = Grammar::parse(Rule::task_statement, &probe).ok()?.next()?;
    let call = statement
        .into_inner()
        .find(|pair| pair.as_rule() == Rule::call)?;
    let arguments: Vec<_> = call
        .into_inner()
        .find(|pair| pair.as_rule() == Rule::arguments)?
        .into_inner()
        .collect();
    let [argument] = arguments.as_slice() else {
        return None;
    };
    let found = argument
        .clone()
        .into_inner()
        .find(|pair| pair.as_rule() == Rule::expression)?;
    quietly(|faults| expr::expression(&found, &probe, 0, scope, faults))
}

fn balanced(text: &str) -> bool {
    quietly(|faults| {
        let tokens = crate::scan::tokens(text, faults);
        let file = crate::outline::outline(text, &tokens, faults);
        Some(file.statements.len() == 1)
    })
    .unwrap_or(false)
}

fn quietly<T>(work: impl FnOnce(&mut Faults<'_>) -> Option<T>) -> Option<T> {
    let name = "".into();
    let places = crate::place::Places::new(&"".into());
    let mut faults = Faults {
        name: &name,
        places: &places,
        found: Vec::new(),
    };
    let made = work(&mut faults)?;
    faults.found.is_empty().then_some(made)
}

/// What a call says before its modifiers, and the fields that it does not say.
struct Call {
    text: String,
    rest: Vec<String>,
}

impl Raiser<'_> {
    pub fn task(&mut self, at: At<'_>, scope: &Scope<'_>, listed: bool) -> Item {
        let head = at
            .range()
            .map(|range| self.notes.take_before(range.start + 1))
            .unwrap_or_default();
        let name = at.text_at(&["name"]).unwrap_or_default();
        let looped = ["withItems", "withParam", "withSequence"]
            .iter()
            .any(|field| at.get(field).is_some());
        let scope = &if looped {
            scope.looping("item")
        } else {
            scope.clone()
        };
        if let Some(inline) = at.get("inline")
            && let Some(item) = self.inline_task(at, inline, name, scope)
        {
            return self.item(at, item.with(head));
        }
        let Call { mut text, rest } = self.call(at, name, scope);
        let mut block: Vec<Item> = Vec::new();
        for (key, value) in at.entries() {
            if matches!(
                key,
                "name" | "template" | "templateRef" | "arguments" | "depends" | "dependencies"
            ) && !rest.iter().any(|field| field == key)
            {
                continue;
            }
            match self.modifier(key, value, scope) {
                Some(modifier) => text.push_str(&format!(" {modifier}")),
                None if key == "hooks" => {
                    for (name, hook) in value.entries() {
                        let item = match self.hook(name, hook, scope) {
                            Some(text) => Item::new(text),
                            None => Item::block("hooks", vec![self.field(name, hook, scope)]),
                        };
                        block.push(self.item(hook, item));
                    }
                }
                None => block.push(self.field(key, value, scope)),
            }
        }
        if scope.root == "tasks" {
            text.push_str(&self.after(at, scope, listed));
        }
        let item = if block.is_empty() {
            Item::new(text)
        } else {
            Item::block(text, block)
        };
        let item = item.with(head);
        self.item(at, item)
    }

    fn inline_task(
        &mut self,
        at: At<'_>,
        inline: At<'_>,
        name: &str,
        scope: &Scope<'_>,
    ) -> Option<Item> {
        let body = ["container", "script"]
            .into_iter()
            .find(|field| inline.get(field).is_some())?;
        if !at.only(&["name", "inline"]) || !inline.only(&[body]) || name.is_empty() {
            return None;
        }
        let kind = if body == "container" {
            Body::Container
        } else {
            Body::Script
        };
        let own = Signature::default();
        let scope = Scope::of(scope.globals, &own);
        let mut text = format!("{} = {body}", says::name(name));
        let container = inline.get(body)?;
        let noted = self.image(container, &scope, &mut text);
        let block = self.container(container, kind, &scope, &["image"]);
        Some(Item::block(text, block).with(noted))
    }

    fn call(&mut self, at: At<'_>, name: &str, scope: &Scope<'_>) -> Call {
        let mut rest = Vec::new();
        let template = at.text_at(&["template"]);
        let reference = at.get("templateRef");
        let library = reference.and_then(|reference| library(reference));
        let target = match (template, &library) {
            (Some(template), None) if reference.is_none() => says::name(template),
            (None, Some(library)) => library.clone(),
            // Nothing that a call can say: its fields say it.
            _ => {
                return Call {
                    text: format!("{} = {}()", says::name(name), says::name(name)),
                    rest: vec![
                        "template".to_owned(),
                        "templateRef".to_owned(),
                        "arguments".to_owned(),
                    ],
                };
            }
        };
        let signature = template.and_then(|name| scope.globals.templates.get(name));
        let arguments = match at.get("arguments") {
            Some(arguments) => self.arguments(arguments, scope, signature),
            None => Some("()".to_owned()),
        };
        let arguments = arguments.unwrap_or_else(|| {
            rest.push("arguments".to_owned());
            "()".to_owned()
        });
        let own = template.or(reference.and_then(|reference| reference.text_at(&["template"])));
        let label = if own == Some(name) {
            String::new()
        } else {
            format!("{} = ", says::name(name))
        };
        Call {
            text: format!("{label}{target}{arguments}"),
            rest,
        }
    }

    /// `(name: value, …)`; nothing where an argument says more than that.
    pub fn arguments(
        &mut self,
        at: At<'_>,
        scope: &Scope<'_>,
        signature: Option<&Signature>,
    ) -> Option<String> {
        if !at.only(&["parameters", "artifacts"]) {
            return None;
        }
        let mut parts = Vec::new();
        for parameter in at
            .get("parameters")
            .map(|found| found.items())
            .unwrap_or_default()
        {
            let name = parameter.text_at(&["name"])?;
            if signature.is_some_and(|found| {
                found.artifact(name).is_some() && found.parameter(name).is_none()
            }) {
                return None;
            }
            let value = parameter
                .text_at(&["value"])
                .filter(|_| parameter.only(&["name", "value"]))?;
            parts.push(named(name, given(value, scope), signature));
        }
        for artifact in at
            .get("artifacts")
            .map(|found| found.items())
            .unwrap_or_default()
        {
            parts.push(artifact_argument(artifact, scope, signature)?);
        }
        let line = parts.join(", ");
        if line.len() > 100 || line.contains('\n') {
            let lines: Vec<String> = parts
                .iter()
                .map(|part| format!("  {}", part.replace('\n', "\n  ")))
                .collect();
            return Some(format!("(\n{}\n)", lines.join(",\n")));
        }
        Some(format!("({line})"))
    }

    fn modifier(&mut self, key: &str, at: At<'_>, scope: &Scope<'_>) -> Option<String> {
        let outer = Scope {
            item: None,
            ..scope.clone()
        };
        match (key, at.value) {
            ("when", Value::String(when)) => Some(condition(when, scope)),
            ("withItems", Value::Array(_)) => {
                let items: Vec<String> = at
                    .items()
                    .iter()
                    .map(|item| says::value(item.value, &outer))
                    .collect();
                let line = items.join(", ");
                Some(if line.len() > 100 {
                    let lines: Vec<String> =
                        items.iter().map(|item| format!("  {item},")).collect();
                    format!("for item in [\n{}\n]", lines.join("\n"))
                } else {
                    format!("for item in [{line}]")
                })
            }
            ("withParam", Value::String(list)) => {
                let list = expression(list, &outer)
                    .unwrap_or_else(|| says::text(list, &outer, Bare::Never));
                Some(format!("for item in {list}"))
            }
            ("withSequence", Value::Object(_)) => Some(sequence(at, &outer)),
            ("continueOn", Value::Object(map)) => {
                let on = |word: &str| map.get(word).map(|value| value == &Value::Bool(true));
                match (on("failed"), on("error"), map.len()) {
                    (Some(true), None, 1) => Some("continue on failed".to_owned()),
                    (None, Some(true), 1) => Some("continue on error".to_owned()),
                    (Some(true), Some(true), 2) => Some("continue on failed error".to_owned()),
                    _ => None,
                }
            }
            ("onExit", Value::String(name)) => Some(format!("on-exit {}", says::name(name))),
            ("hooks", Value::Object(map)) if map.len() == 1 => {
                let (name, hook) = at.entries().into_iter().next()?;
                self.hook(name, hook, scope)
            }
            _ => None,
        }
    }

    pub fn hook(&mut self, name: &str, at: At<'_>, scope: &Scope<'_>) -> Option<String> {
        if !at.only(&["template", "templateRef", "arguments", "expression"]) {
            return None;
        }
        let Call { text, rest } = self.call(at, "", scope);
        if !rest.is_empty() || text.starts_with("\"\" = \"\"") {
            return None;
        }
        let text = text.strip_prefix("\"\" = ").unwrap_or(&text);
        let condition = match at.text_at(&["expression"]) {
            Some(expression) => {
                let bare = bare_expression(expression, scope);
                format!(
                    " if {}",
                    bare.unwrap_or_else(|| says::text(expression, scope, Bare::Never))
                )
            }
            None => String::new(),
        };
        Some(format!("hook {} = {text}{condition}", says::name(name)))
    }

    /// What a task waits for, unless its arguments say so already.
    fn after(&mut self, at: At<'_>, scope: &Scope<'_>, listed: bool) -> String {
        let implied = used(at, scope);
        if let Some(dependencies) = at.get("dependencies") {
            let names: Vec<&str> = dependencies
                .items()
                .into_iter()
                .filter_map(|name| name.text())
                .collect();
            if listed && names == implied && at.get("depends").is_none() {
                return String::new();
            }
            let names: Vec<String> = names
                .iter()
                .map(|name| says::text(name, scope, Bare::Words))
                .collect();
            return format!(" after [{}]", names.join(", "));
        }
        match at.text_at(&["depends"]) {
            Some(depends) if !listed && !implied.is_empty() && depends == implied.join(" && ") => {
                String::new()
            }
            Some(depends) => format!(" after {}", depends_text(depends, scope)),
            None if implied.is_empty() => String::new(),
            None => " after none".to_owned(),
        }
    }
}

/// It lists what it waits for, and that is not what its arguments say.
pub(super) fn is_listed(at: At<'_>, scope: &Scope<'_>) -> bool {
    let Some(listed) = at.get("dependencies") else {
        return false;
    };
    let names: Vec<&str> = listed
        .items()
        .into_iter()
        .filter_map(|name| name.text())
        .collect();
    used(at, scope) != names
}

/// The tasks whose outputs a task uses, in the order in which lowering comes upon them.
fn used(at: At<'_>, scope: &Scope<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    let mut collect = |value: Option<At<'_>>| {
        if let Some(text) = value.and_then(|value| value.text()) {
            texts.push(text.to_owned());
        }
    };
    for kind in ["parameters", "artifacts"] {
        for argument in at
            .path(&["arguments", kind])
            .map(|found| found.items())
            .unwrap_or_default()
        {
            collect(argument.get("value"));
            collect(argument.get("from"));
        }
    }
    for (key, value) in at.entries() {
        match key {
            "when" | "withParam" => collect(Some(value)),
            "withSequence" => {
                collect(value.get("start"));
                collect(value.get("end"));
            }
            _ => {}
        }
    }
    let own = at.text_at(&["name"]).unwrap_or_default();
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        for task in mentioned(&text) {
            if task != own && scope.tasks.contains_key(&task) && !found.contains(&task) {
                found.push(task);
            }
        }
    }
    found
}

fn mentioned(text: &str) -> Vec<String> {
    let parsed = Text::parse(text);
    let mut found = Vec::new();
    for tag in parsed.tags() {
        match &tag.kind {
            TagKind::Simple(name) => {
                let mut parts = name.split('.');
                if parts.next() == Some("tasks") {
                    found.extend(parts.next().map(str::to_owned));
                }
            }
            TagKind::Expression(program) => {
                for reference in program
                    .as_ref()
                    .as_ref()
                    .map(Program::refs)
                    .unwrap_or_default()
                {
                    if let [root, task, ..] = reference.path.as_slice()
                        && root == "tasks"
                    {
                        found.push(task.clone());
                    }
                }
            }
        }
    }
    found
}

/// `library/template` or `cluster library/template`.
fn library(at: At<'_>) -> Option<String> {
    if !at.only(&["name", "template", "clusterScope"]) {
        return None;
    }
    let cluster = match at.get("clusterScope").map(|found| found.value) {
        None => "",
        Some(Value::Bool(true)) => "cluster ",
        Some(_) => return None,
    };
    let (name, template) = (at.text_at(&["name"])?, at.text_at(&["template"])?);
    Some(format!(
        "{cluster}{}/{}",
        says::name(name),
        says::name(template)
    ))
}

/// The value of an argument.
fn given(value: &str, scope: &Scope<'_>) -> String {
    if let Some(expression) = expression(value, scope) {
        return expression;
    }
    let literal = value
        .parse::<i64>()
        .is_ok_and(|number| number >= 0 && number.to_string() == value)
        || matches!(value, "true" | "false");
    if literal {
        return any_string(value, scope);
    }
    says::text(value, scope, Bare::Never)
}

/// `name: value`, or the value alone where there is no doubt what it is for.
fn named(name: &str, value: String, signature: Option<&Signature>) -> String {
    let same = crate::lower::implied_input(&value, signature);
    if same.as_deref() == Some(name)
        && !value.starts_with('{')
        && (!value.contains(':') || value.starts_with(['"', '\'', '`']))
    {
        return value;
    }
    format!("{}: {value}", says::name(name))
}

fn artifact_argument(
    at: At<'_>,
    scope: &Scope<'_>,
    signature: Option<&Signature>,
) -> Option<String> {
    let name = at.text_at(&["name"])?;
    let known = signature
        .is_some_and(|found| found.artifact(name).is_some() && found.parameter(name).is_none());
    let mark = if known { "" } else { "artifact " };
    let key = says::name(name);
    if at.only(&["name", "from"])
        && let Some(from) = expression(at.text_at(&["from"])?, scope)
    {
        return Some(if known {
            named(name, from, signature)
        } else {
            format!("{mark}{key}: {from}")
        });
    }
    let fields: Vec<String> = at
        .entries()
        .into_iter()
        .filter(|(key, _)| *key != "name")
        .map(|(key, at)| format!("{}: {}", says::key(key), says::value(at.value, scope)))
        .collect();
    Some(format!("{mark}{key}: {{{}}}", fields.join(", ")))
}

fn sequence(at: At<'_>, scope: &Scope<'_>) -> String {
    let bound = |key: &str| {
        let text = at.text_at(&[key])?;
        let number = text
            .parse::<u64>()
            .is_ok_and(|number| number.to_string() == text);
        if number {
            return Some(text.to_owned());
        }
        expression(text, scope)
            .filter(|path| !path.contains(['(', ' ', '\'', '[']))
            .or_else(|| {
                let quoted = says::text(text, scope, Bare::Never);
                quoted.starts_with('"').then_some(quoted)
            })
    };
    if at.only(&["start", "end"])
        && let (Some(start), Some(end)) = (bound("start"), bound("end"))
    {
        return format!("for item in {start}..{end}");
    }
    let fields: Vec<String> = at
        .entries()
        .into_iter()
        .map(|(key, at)| format!("{key}: {}", says::value(at.value, scope)))
        .collect();
    format!("for item in sequence({})", fields.join(", "))
}

/// `when …`: a condition where it comes out the same, else Argo's text.
fn condition(when: &str, scope: &Scope<'_>) -> String {
    let candidates = [
        condition_text(when, scope, true),
        condition_text(when, scope, false),
        whole_expression(when, scope),
    ];
    for candidate in candidates.into_iter().flatten() {
        if says_when(&candidate, when, scope) {
            return format!("when {candidate}");
        }
    }
    format!("when {}", says::text(when, scope, Bare::Never))
}

fn whole_expression(when: &str, scope: &Scope<'_>) -> Option<String> {
    when.starts_with("{{=")
        .then(|| expression(when, scope))
        .flatten()
}

/// The condition with names in place of tags, quotes around tags taken off.
fn condition_text(when: &str, scope: &Scope<'_>, unquote: bool) -> Option<String> {
    let parsed = Text::parse(when);
    let mut out = String::new();
    let mut at = 0;
    for tag in parsed.tags() {
        let TagKind::Simple(name) = &tag.kind else {
            return None;
        };
        let short = says::short(name, scope)?;
        let (mut start, mut end) = (tag.range.start, tag.range.end);
        let quote = when[..start]
            .chars()
            .next_back()
            .filter(|c| matches!(c, '"' | '\''));
        if unquote
            && let Some(quote) = quote
            && when[end..].starts_with(quote)
        {
            start -= 1;
            end += 1;
        }
        out.push_str(when.get(at..start)?);
        out.push_str(&short);
        at = end;
    }
    out.push_str(when.get(at..)?);
    Some(out)
}

fn says_when(candidate: &str, when: &str, scope: &Scope<'_>) -> bool {
    if candidate.contains(['\n', '`', '{', '}', ';']) || !balanced(candidate) {
        return false;
    }
    let probe = format!("x() when {candidate}");
    let Ok(mut pairs) = Grammar::parse(Rule::task_statement, &probe) else {
        return false;
    };
    let clauses: Vec<_> = pairs
        .next()
        .map(|pair| pair.into_inner().collect())
        .unwrap_or_default();
    let [_, clause, _] = clauses.as_slice() else {
        return false;
    };
    let Some(expression) = clause
        .clone()
        .into_inner()
        .next()
        .filter(|_| clause.as_rule() == Rule::when)
    else {
        return false;
    };
    let mut tokens = expression.clone().into_inner();
    let single_text = tokens
        .next()
        .is_some_and(|token| matches!(token.as_rule(), Rule::string | Rule::raw))
        && tokens.next().is_none();
    !single_text
        && quietly(|faults| expr::when(&expression, &probe, 0, scope, faults))
            .is_some_and(|found| found.text == when)
}

/// `after …`: names and results in small letters where that comes out the same.
fn depends_text(depends: &str, scope: &Scope<'_>) -> String {
    let mut out = String::new();
    let mut rest = depends;
    while let Some(dot) = rest.find('.') {
        let (before, after) = rest.split_at(dot + 1);
        out.push_str(before);
        let end = after
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(after.len());
        for (at, c) in after[..end].chars().enumerate() {
            if c.is_ascii_uppercase() {
                out.push_str(if at > 0 { "-" } else { "" });
                out.push(c.to_ascii_lowercase());
            } else {
                out.push(c);
            }
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    let probe = format!("x() after {out}");
    let same = balanced(&out)
        && Grammar::parse(Rule::task_statement, &probe).is_ok_and(|mut pairs| {
            let clauses: Vec<_> = pairs
                .next()
                .map(|pair| pair.into_inner().collect())
                .unwrap_or_default();
            let [_, clause, _] = clauses.as_slice() else {
                return false;
            };
            let inner = clause.clone().into_inner().next();
            inner.is_some_and(|inner| {
                inner.as_rule() == Rule::expression && expr::after(&inner, &probe, 0) == depends
            })
        });
    if same {
        out
    } else {
        says::text(depends, scope, Bare::Never)
    }
}
