//! Containers: what they run, with what, and where.

use serde_json::Value;

use super::Raiser;
use super::at::At;
use super::notes::Taken;
use super::page::Item;
use super::says::{self, Bare};
use crate::names::Scope;
use crate::words::{self, Body, STATEMENTS, TEMPLATE, interpreter};

impl Raiser<'_> {
    /// The statements of a container; `skip` are fields that stand elsewhere.
    pub fn container(
        &mut self,
        at: At<'_>,
        body: Body,
        scope: &Scope<'_>,
        skip: &[&str],
    ) -> Vec<Item> {
        let mut block = Vec::new();
        let mut commanded = false;
        for (key, value) in at.entries() {
            match key {
                _ if skip.contains(&key) => {}
                "name" if value.text() == Some("") => {}
                "command" | "args" | "source" if is_texts(value) => {
                    let is_command = key != "source" || body == Body::Script;
                    if !std::mem::replace(&mut commanded, true) && is_command {
                        self.command(at, body, scope, &mut block);
                    }
                }
                "env" if let Some(item) = self.env(value, scope) => block.push(item),
                "volumeMounts" => block.extend(
                    value
                        .items()
                        .into_iter()
                        .map(|mount| self.mount(mount, scope)),
                ),
                "resources" => self.resources(value, scope, &mut block),
                _ => block.push(self.word(key, value, scope, words::CONTAINER)),
            }
        }
        block
    }

    fn command(&mut self, at: At<'_>, body: Body, scope: &Scope<'_>, block: &mut Vec<Item>) {
        let command = strings(at.get("command"));
        let args = strings(at.get("args"));
        let ranges: Vec<_> = ["command", "args", "source"]
            .iter()
            .filter_map(|key| at.get(key)?.range())
            .collect();
        let mut first = true;
        let texts = if body == Body::Script {
            script_texts(&command, &args, at.text_at(&["source"]), scope)
        } else {
            texts_of(&command, &args, scope)
        };
        for text in texts {
            let item = Item::new(text);
            let end = ranges.iter().map(|range| range.end).max();
            block.push(match end.filter(|_| std::mem::take(&mut first)) {
                Some(end) => {
                    let taken = self.notes.take(&ranges);
                    let _ = end;
                    item.with(taken)
                }
                None => item,
            });
        }
    }

    fn env(&mut self, at: At<'_>, scope: &Scope<'_>) -> Option<Item> {
        let head = at.range().map(|range| range.start);
        let mut lines = Vec::new();
        for variable in at.items() {
            let name = variable.text_at(&["name"])?;
            let text = match (variable.text_at(&["value"]), variable.get("valueFrom")) {
                (Some(text), None) => says::text(text, scope, Bare::Any),
                (None, Some(from)) => match super::io::reference(from, scope) {
                    Some(reference) => reference,
                    None => says::value(from.value, scope),
                },
                (None, None) => return None,
                _ => return None,
            };
            lines.push((variable, format!("{}: {text}", says::key(name))));
        }
        let taken = head
            .map(|head| self.notes.take_before(head + 1))
            .unwrap_or_default();
        let block = lines
            .into_iter()
            .map(|(variable, text)| self.item(variable, Item::new(text)))
            .collect();
        Some(Item::block("env", block).with(taken))
    }

    pub fn mount(&mut self, at: At<'_>, scope: &Scope<'_>) -> Item {
        let (Some(name), Some(path)) = (at.text_at(&["name"]), at.text_at(&["mountPath"])) else {
            let text = format!("volumeMounts: [{}]", says::value(at.value, scope));
            return self.item(at, Item::new(text));
        };
        let mut text = format!(
            "mount {} at {}",
            says::text(name, scope, Bare::Any),
            says::text(path, scope, Bare::Any)
        );
        if let Some(sub) = at.text_at(&["subPath"]) {
            text.push_str(&format!(" sub {}", says::text(sub, scope, Bare::Any)));
        }
        self.rest(at, text, &["name", "mountPath", "subPath"], scope)
    }

    /// A statement with the fields that it does not say in its block.
    pub fn rest(&mut self, at: At<'_>, text: String, said: &[&str], scope: &Scope<'_>) -> Item {
        let head = at
            .range()
            .map(|range| self.notes.take_before(range.start + 1))
            .unwrap_or_default();
        let rest: Vec<_> = at
            .entries()
            .into_iter()
            .filter(|(key, _)| !said.contains(key))
            .collect();
        let item = if rest.is_empty() {
            Item::new(text)
        } else {
            let block = rest
                .into_iter()
                .map(|(key, at)| self.field(key, at, scope))
                .collect();
            Item::block(text, block)
        };
        let item = item.with(head);
        self.item(at, item)
    }

    pub fn volume(&mut self, at: At<'_>, scope: &Scope<'_>) -> Item {
        let name = says::text(at.text_at(&["name"]).unwrap_or_default(), scope, Bare::Any);
        let kinds = [
            ("persistentVolumeClaim", "claimName", "claim"),
            ("secret", "secretName", "secret"),
            ("configMap", "name", "configmap"),
        ];
        if at.only(&["name", "emptyDir"]) && at.get("emptyDir").is_some_and(|empty| empty.only(&[]))
        {
            return self.item(at, Item::new(format!("volume {name} empty")));
        }
        for (field, key, word) in kinds {
            if let Some(source) = at
                .get(field)
                .filter(|source| at.only(&["name", field]) && source.only(&[key]))
                && let Some(source) = source.text_at(&[key])
            {
                let text = format!(
                    "volume {name} {word} {}",
                    says::text(source, scope, Bare::Any)
                );
                return self.item(at, Item::new(text));
            }
        }
        self.rest(at, format!("volume {name}"), &["name"], scope)
    }

    fn resources(&mut self, at: At<'_>, scope: &Scope<'_>, block: &mut Vec<Item>) {
        let known = |field: &str| {
            at.get(field).is_none_or(|amounts| {
                amounts.only(&["cpu", "memory", "ephemeral-storage"])
                    && amounts.map().is_some_and(|map| !map.is_empty())
            })
        };
        if !known("requests") || !known("limits") || at.map().is_some_and(|map| map.is_empty()) {
            block.push(self.field("resources", at, scope));
            return;
        }
        let start = block.len();
        for name in ["cpu", "memory", "ephemeral-storage"] {
            let amount = |field| {
                at.text_at(&[field, name])
                    .map(|amount| says::text(amount, scope, Bare::Any))
            };
            let word = if name == "ephemeral-storage" {
                "storage"
            } else {
                name
            };
            match (amount("requests"), amount("limits")) {
                (Some(asked), None) => block.push(Item::new(format!("{word} {asked}"))),
                (asked, Some(allowed)) => {
                    let asked = asked.unwrap_or_default();
                    block.push(Item::new(format!("{word} {asked}..{allowed}")));
                }
                (None, None) => {}
            }
        }
        for (key, value) in at.entries() {
            if !matches!(key, "requests" | "limits") {
                let inner = self.field(key, value, scope);
                block.push(Item::block("resources", vec![inner]));
            }
        }
        if let (Some(range), true) = (at.range(), block.len() > start) {
            let taken = self.notes.take_before(range.end);
            let item = std::mem::take(&mut block[start]);
            block[start] = item.with(taken);
        }
    }

    /// ` in IMAGE`, and the comments of that line.
    pub fn image(&mut self, container: At<'_>, scope: &Scope<'_>, text: &mut String) -> Taken {
        let Some(image) = container.get("image") else {
            return Taken::default();
        };
        let name = image.text().unwrap_or_default();
        text.push_str(&format!(" in {}", says::text(name, scope, Bare::Any)));
        match image.range() {
            Some(range) => self.notes.take(&[range]),
            None => Taken::default(),
        }
    }

    /// A container inside of a template.
    pub fn named(&mut self, word: &str, at: At<'_>, scope: &Scope<'_>) -> Item {
        let head = at
            .range()
            .map(|range| self.notes.take_before(range.start + 1))
            .unwrap_or_default();
        let name = says::name(at.text_at(&["name"]).unwrap_or_default());
        let mut text = format!("{word} {name}");
        let noted = self.image(at, scope, &mut text);
        let mut block = self.container(at, Body::Inner, scope, &["name", "image", "dependencies"]);
        if let Some(after) = at.get("dependencies") {
            let names: Vec<String> = strings(Some(after))
                .iter()
                .map(|name| says::text(name, scope, Bare::Any))
                .collect();
            let item = self.item(after, Item::new(format!("after {}", names.join(" "))));
            block.push(item);
        }
        let item = Item::block(text, block).with(noted).with(head);
        self.item(at, item)
    }
}

fn is_texts(at: At<'_>) -> bool {
    match at.value {
        Value::String(_) => true,
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_string),
        _ => false,
    }
}

fn strings<'v>(at: Option<At<'v>>) -> Vec<&'v str> {
    at.map(|at| {
        at.items()
            .into_iter()
            .filter_map(|item| item.text())
            .collect()
    })
    .unwrap_or_default()
}

fn words_of(texts: &[&str], scope: &Scope<'_>) -> String {
    let words: Vec<String> = texts
        .iter()
        .map(|text| says::text(text, scope, Bare::Any))
        .collect();
    words.join(" ")
}

fn texts_of(command: &[&str], args: &[&str], scope: &Scope<'_>) -> Vec<String> {
    match (command, args) {
        ([program, option], [code]) if interpreter(program) == Some(*option) => {
            vec![format!(
                "{program} {}",
                says::text(code, scope, Bare::Never)
            )]
        }
        ([program, option], [code])
            if interpreter(program).is_some()
                && option.starts_with('-')
                && crate::scan::is_word(option)
                && !option.contains("${") =>
        {
            vec![format!(
                "{program} {option} {}",
                says::text(code, scope, Bare::Never)
            )]
        }
        ([program], args) => vec![format!(
            "run {}",
            words_of(&[&[*program], args].concat(), scope)
        )],
        (command, args) => {
            let mut texts = Vec::new();
            for (word, list) in [("command", command), ("args", args)] {
                if !list.is_empty() {
                    texts.push(format!("{word} {}", words_of(list, scope)));
                }
            }
            texts
        }
    }
}

fn script_texts(
    command: &[&str],
    args: &[&str],
    source: Option<&str>,
    scope: &Scope<'_>,
) -> Vec<String> {
    let mut texts = Vec::new();
    if !args.is_empty() {
        texts.push(format!("args {}", words_of(args, scope)));
    }
    let Some(source) = source else {
        if !command.is_empty() {
            texts.push(format!("command {}", words_of(command, scope)));
        }
        return texts;
    };
    let code = says::text(source, scope, Bare::Never);
    let reserved = |word: &&str| {
        let word = *word;
        STATEMENTS.contains(&word)
            || TEMPLATE.iter().any(|(known, _)| *known == word)
            || word.ends_with(':')
            || word.contains(':')
    };
    let fenced = code.starts_with('`')
        || command
            .first()
            .is_some_and(|program| interpreter(program).is_some());
    let bare = command
        .first()
        .is_some_and(|program| crate::scan::is_word(program) && !program.contains("${"));
    if args.is_empty() && fenced && bare && !command.first().is_some_and(reserved) {
        texts.push(format!("{} {code}", words_of(command, scope)));
        return texts;
    }
    if !command.is_empty() {
        texts.push(format!("command {}", words_of(command, scope)));
    }
    texts.push(format!("source {code}"));
    texts
}
