//! Workflows, libraries and crons: what stands in the head, what in the block.

use tiphys_spec::{API_VERSION, Kind};

use super::Raiser;
use super::at::At;
use super::field::word_of;
use super::page::Item;
use super::says::{self, Bare};
use crate::names::{Globals, Scope};
use crate::words;

/// Whether an object has a block of its own; what is not in its usual form is written as fields.
pub(super) fn is_sugared(kind: &Kind, at: At<'_>) -> bool {
    word_of(kind).is_some()
        && at.text_at(&["kind"]) == Some(kind.as_str())
        && at.text_at(&["apiVersion"]) == Some(API_VERSION)
}

impl Raiser<'_> {
    pub fn object(&mut self, at: At<'_>, kind: &Kind, end: usize) -> Vec<Item> {
        let cron = *kind == Kind::CronWorkflow;
        let spec = at.path(if cron {
            &["spec", "workflowSpec"]
        } else {
            &["spec"]
        });
        let mut globals = Globals::default();
        if let Some(spec) = spec {
            super::template::globals(spec, &mut globals);
        }
        let scope = Scope::global(&globals);
        let mut text = word_of(kind).unwrap_or("workflow").to_owned();
        let mut named = true;
        let name = at.text_at(&["metadata", "name"]);
        let generated = at.text_at(&["metadata", "generateName"]);
        match (kind, name, generated) {
            (Kind::Workflow, None, Some(prefix)) if prefix.ends_with('-') && prefix.len() > 1 => {
                text.push_str(&format!(" {}", says::name(&prefix[..prefix.len() - 1])));
            }
            (Kind::Workflow, Some(name), None) => {
                text.push_str(&format!(" named {}", says::name(name)))
            }
            (kind, Some(name), None) if *kind != Kind::Workflow => {
                text.push_str(&format!(" {}", says::name(name)))
            }
            _ => named = false,
        }
        let arguments = spec.and_then(|spec| spec.get("arguments"));
        let uses = spec.is_some_and(|spec| spec.get("workflowTemplateRef").is_some());
        let signature = arguments
            .filter(|_| !(cron && uses))
            .and_then(|arguments| self.signature(arguments, &scope, "arguments"));
        if let Some(signature) = &signature {
            text.push_str(signature);
        }
        if cron {
            self.schedule(at, &mut text);
        }
        let mut ranges = Vec::new();
        for path in [
            &["apiVersion"][..],
            &["kind"],
            &["metadata"],
            &["spec"],
            &["spec", "workflowSpec"],
        ] {
            let found = at.path(path).and_then(|found| found.range());
            ranges.extend(found.map(|range| range.start..range.start + 1));
        }
        for path in [
            &["metadata", "name"][..],
            &["metadata", "generateName"],
            &["spec", "schedules"],
            &["spec", "timezone"],
        ] {
            ranges.extend(at.path(path).and_then(|found| found.range()));
        }
        if signature.is_some() {
            ranges.extend(arguments.and_then(|found| found.range()));
        }
        if let Some(first) = ranges.iter().map(|range| range.start).min() {
            ranges.push(first.min(at.range().map_or(first, |range| range.start))..first + 1);
        }
        let taken = self.notes.take(&ranges);
        let mut block = Vec::new();
        for (key, value) in at.entries() {
            match key {
                "apiVersion" | "kind" | "spec" => {}
                "metadata" => self.metadata(value, named, &scope, &mut block),
                _ => block.push(self.field(key, value, &scope)),
            }
        }
        if cron {
            self.cron_fields(at, &scope, &mut block);
        }
        if let Some(spec) = spec {
            self.spec(spec, kind, signature.is_some(), &globals, &mut block);
        }
        let mut item = Item::block(text, block).with(taken);
        item.closing = self.closing(end);
        item.apart = true;
        vec![item]
    }

    fn schedule(&mut self, at: At<'_>, text: &mut String) {
        let globals = Globals::default();
        let scope = Scope::global(&globals);
        for schedule in at
            .path(&["spec", "schedules"])
            .map(|found| found.items())
            .unwrap_or_default()
        {
            text.push_str(&format!(
                " {}",
                says::text(schedule.text().unwrap_or_default(), &scope, Bare::Never)
            ));
        }
        if let Some(zone) = at.text_at(&["spec", "timezone"]) {
            text.push_str(&format!(" in {}", says::text(zone, &scope, Bare::Never)));
        }
    }

    fn metadata(&mut self, at: At<'_>, named: bool, scope: &Scope<'_>, block: &mut Vec<Item>) {
        for (key, value) in at.entries() {
            match key {
                "name" | "generateName" if named => {}
                "name" | "generateName" | "namespace" => {
                    let text = says::text(value.text().unwrap_or_default(), scope, Bare::Any);
                    let colon = if key == "namespace" { "" } else { ":" };
                    block.push(self.item(value, Item::new(format!("{key}{colon} {text}"))));
                }
                "labels" => self.labels(value, scope, block),
                "annotations" => self.annotations(value, scope, block),
                _ => block.push(Item::block("metadata", vec![self.field(key, value, scope)])),
            }
        }
    }

    fn annotations(&mut self, at: At<'_>, scope: &Scope<'_>, block: &mut Vec<Item>) {
        let mut rest = Vec::new();
        let head = at
            .range()
            .map(|range| self.notes.take_before(range.start + 1))
            .unwrap_or_default();
        let mut head = Some(head);
        for (key, value) in at.entries() {
            let word = match key {
                "workflows.argoproj.io/description" => Some("description"),
                "workflows.argoproj.io/title" => Some("title"),
                "workflows.argoproj.io/version" => Some("version"),
                _ => None,
            };
            let text = says::text(value.text().unwrap_or_default(), scope, Bare::Any);
            let text = match word {
                Some(word) => Item::new(format!("{word} {text}")),
                None => Item::new(format!("{}: {text}", says::key(key))),
            };
            let item = self.item(value, text);
            match word {
                Some(_) => {
                    let item = item.with(head.take().unwrap_or_default());
                    block.push(item);
                }
                None => rest.push(item),
            }
        }
        if !rest.is_empty() || at.map().is_some_and(|map| map.is_empty()) {
            block.push(Item::block("annotations", rest).with(head.take().unwrap_or_default()));
        }
    }

    fn cron_fields(&mut self, at: At<'_>, scope: &Scope<'_>, block: &mut Vec<Item>) {
        for (key, value) in at
            .get("spec")
            .map(|spec| spec.entries())
            .unwrap_or_default()
        {
            match key {
                "schedules" | "timezone" | "workflowSpec" => {}
                "concurrencyPolicy" => {
                    let policy = value.text().unwrap_or_default();
                    let item = match policy {
                        "Allow" | "Forbid" | "Replace" => {
                            Item::new(format!("concurrency {}", policy.to_ascii_lowercase()))
                        }
                        other => Item::new(format!(
                            "concurrencyPolicy: {}",
                            says::text(other, scope, Bare::Words)
                        )),
                    };
                    block.push(self.item(value, item));
                }
                _ => match words::CRON.iter().find(|(_, field)| *field == key) {
                    Some((word, _)) => {
                        let text = format!("{word} {}", says::value(value.value, scope));
                        block.push(self.item(value, Item::new(text)));
                    }
                    None => block.push(self.field(key, value, scope)),
                },
            }
        }
    }

    fn spec(
        &mut self,
        spec: At<'_>,
        kind: &Kind,
        signed: bool,
        globals: &Globals,
        block: &mut Vec<Item>,
    ) {
        let scope = Scope::global(globals);
        let templates = spec
            .get("templates")
            .map(|templates| templates.items())
            .unwrap_or_default();
        let library = matches!(kind, Kind::WorkflowTemplate | Kind::ClusterWorkflowTemplate);
        let names: Vec<&str> = templates
            .iter()
            .filter_map(|template| template.text_at(&["name"]))
            .collect();
        let implied = names
            .iter()
            .find(|name| **name == "main")
            .or(names.first())
            .filter(|_| !library)
            .copied();
        if implied.is_some() && spec.get("entrypoint").is_none() {
            block.push(Item::new("entry none"));
        }
        let uses = spec.get("workflowTemplateRef");
        for (key, value) in spec.entries() {
            match key {
                "entrypoint" if value.text() == implied => {}
                "arguments" if signed => {}
                "arguments"
                    if uses.is_some_and(|uses| {
                        self.use_text(uses, spec, &scope)
                            .is_some_and(|text| text.ends_with(')'))
                    }) => {}
                "workflowTemplateRef" => {
                    let arguments = if signed { None } else { Some(spec) };
                    let item = match self.use_text(value, arguments.unwrap_or(value), &scope) {
                        Some(text) => Item::new(text),
                        None => Item::new(format!(
                            "workflowTemplateRef: {}",
                            says::value(value.value, &scope)
                        )),
                    };
                    block.push(self.item(value, item));
                }
                "templates" => {
                    for (number, template) in templates.iter().enumerate() {
                        let item = self.template(*template, number, globals);
                        block.push(item);
                    }
                }
                "volumes" => block.extend(
                    value
                        .items()
                        .into_iter()
                        .map(|volume| self.volume(volume, &scope)),
                ),
                "volumeClaimTemplates" => block.extend(
                    value
                        .items()
                        .into_iter()
                        .map(|claim| self.claim(claim, &scope)),
                ),
                "hooks" => {
                    for (name, hook) in value.entries() {
                        let item = match self.hook(name, hook, &scope) {
                            Some(text) => Item::new(text),
                            None => Item::block("hooks", vec![self.field(name, hook, &scope)]),
                        };
                        block.push(self.item(hook, item));
                    }
                }
                "retryStrategy" => block.push(self.retry(value, &scope)),
                "synchronization" => self.locks(value, &scope, block),
                "metrics" => self.metrics(value, &scope, block),
                _ => block.push(self.word(key, value, &scope, words::SPEC)),
            }
        }
    }

    /// A field by its word, where it has one.
    pub fn word(&mut self, key: &str, at: At<'_>, scope: &Scope<'_>, table: words::Words) -> Item {
        for (word, path) in table {
            let mut parts = path.split('.');
            if parts.next() != Some(key) {
                continue;
            }
            let rest: Vec<&str> = parts.collect();
            let single = rest.iter().try_fold(at, |at, key| {
                at.get(key)
                    .filter(|_| at.map().is_some_and(|map| map.len() == 1))
            });
            let Some(value) = single else { continue };
            if value.value.is_object() {
                if matches!(*word, "labels" | "annotations" | "node-selector") {
                    return self.texts(word, value, scope);
                }
                let item = self.field(word, value, scope);
                return Item {
                    text: item.text.replacen(": {", " {", 1),
                    ..item
                };
            }
            let text = match value.value {
                serde_json::Value::Bool(true) => (*word).to_owned(),
                serde_json::Value::String(text) if matches!(*word, "image" | "workdir") => {
                    format!("{word} {}", says::text(text, scope, Bare::Any))
                }
                other => format!("{word} {}", says::value(other, scope)),
            };
            return self.item(at, Item::new(text));
        }
        self.field(key, at, scope)
    }

    /// `use NAME(arguments)`.
    fn use_text(&mut self, uses: At<'_>, spec: At<'_>, scope: &Scope<'_>) -> Option<String> {
        let cluster = match uses.get("clusterScope") {
            None => "",
            Some(at) if at.value == &serde_json::Value::Bool(true) => "cluster ",
            Some(_) => return None,
        };
        let name = uses
            .text_at(&["name"])
            .filter(|_| uses.only(&["name", "clusterScope"]))?;
        let arguments = match spec.get("arguments") {
            Some(arguments) if spec.get("templates").is_none() => {
                self.arguments(arguments, scope, None)
            }
            _ => None,
        };
        Some(format!(
            "use {cluster}{}{}",
            says::name(name),
            arguments.unwrap_or_default()
        ))
    }

    fn claim(&mut self, at: At<'_>, scope: &Scope<'_>) -> Item {
        let storage = at.path(&["spec", "resources", "requests", "storage"]);
        let modes = at
            .path(&["spec", "accessModes"])
            .map(|modes| modes.items())
            .unwrap_or_default();
        let simple = at.only(&["apiVersion", "kind", "metadata", "spec"])
            && at
                .text_at(&["apiVersion"])
                .is_none_or(|version| version == "v1")
            && at
                .text_at(&["kind"])
                .is_none_or(|kind| kind == "PersistentVolumeClaim")
            && at.get("metadata").is_some_and(|at| at.only(&["name"]))
            && at
                .get("spec")
                .is_some_and(|at| at.only(&["accessModes", "resources"]))
            && at
                .path(&["spec", "resources"])
                .is_some_and(|at| at.only(&["requests"]))
            && at
                .path(&["spec", "resources", "requests"])
                .is_some_and(|at| at.only(&["storage"]));
        let item = match (
            simple,
            at.text_at(&["metadata", "name"]),
            storage,
            modes.as_slice(),
        ) {
            (true, Some(name), Some(storage), [mode]) => {
                let mode = match mode.text().unwrap_or_default() {
                    "ReadWriteOnce" => String::new(),
                    other => format!(" {other}"),
                };
                let name = says::text(name, scope, Bare::Any);
                Item::new(format!(
                    "claim {name} {}{mode}",
                    says::text(storage.text().unwrap_or_default(), scope, Bare::Any)
                ))
            }
            _ => Item::new(format!(
                "volumeClaimTemplates: [{}]",
                says::value(at.value, scope)
            )),
        };
        self.item(at, item)
    }

    pub fn locks(&mut self, at: At<'_>, scope: &Scope<'_>, block: &mut Vec<Item>) {
        for (key, value) in at.entries() {
            if !matches!(key, "mutexes" | "semaphores") {
                block.push(Item::block(
                    "synchronization",
                    vec![self.field(key, value, scope)],
                ));
                continue;
            }
            for lock in value.items() {
                let item = self.lock(key, lock, scope);
                block.push(self.item(lock, item));
            }
        }
    }

    fn lock(&mut self, key: &str, lock: At<'_>, scope: &Scope<'_>) -> Item {
        let (mut text, handled) = if key == "mutexes" {
            let name = lock.text_at(&["name"]).unwrap_or_default();
            (
                format!("mutex {}", says::text(name, scope, Bare::Any)),
                "name",
            )
        } else {
            let key = lock
                .get("configMapKeyRef")
                .filter(|key| key.only(&["name", "key"]));
            match key.and_then(|key| Some((key.text_at(&["name"])?, key.text_at(&["key"])?))) {
                Some((name, key)) => {
                    let (name, key) = (
                        says::text(name, scope, Bare::Any),
                        says::text(key, scope, Bare::Any),
                    );
                    (format!("semaphore {name} {key}"), "configMapKeyRef")
                }
                None => ("semaphore".to_owned(), ""),
            }
        };
        let rest: Vec<Item> = lock
            .entries()
            .into_iter()
            .filter(|(key, _)| *key != handled)
            .map(|(key, at)| {
                Item::new(format!(
                    "{}: {}",
                    says::key(key),
                    says::value(at.value, scope)
                ))
            })
            .collect();
        if rest.is_empty() {
            return Item::new(text);
        }
        text.truncate(text.trim_end().len());
        Item::block(text, rest)
    }

    pub fn metrics(&mut self, at: At<'_>, scope: &Scope<'_>, block: &mut Vec<Item>) {
        for metric in at
            .get("prometheus")
            .map(|found| found.items())
            .unwrap_or_default()
        {
            let kinds: Vec<&str> = ["counter", "gauge", "histogram"]
                .into_iter()
                .filter(|kind| metric.get(kind).is_some())
                .collect();
            let known = metric.only(&[
                "name",
                "help",
                "labels",
                "when",
                "counter",
                "gauge",
                "histogram",
            ]);
            let (Some(name), [kind], true) = (metric.text_at(&["name"]), kinds.as_slice(), known)
            else {
                let text = format!(
                    "metrics: {{prometheus: [{}]}}",
                    says::value(metric.value, scope)
                );
                block.push(self.item(metric, Item::new(text)));
                continue;
            };
            let value = metric.text_at(&[kind, "value"]).unwrap_or_default();
            let mut text = format!(
                "{kind} {} = {}",
                says::text(name, scope, Bare::Any),
                says::text(value, scope, Bare::Any)
            );
            if let Some(help) = metric.text_at(&["help"]) {
                text.push_str(&format!(" {}", says::text(help, scope, Bare::Never)));
            }
            let head = metric
                .range()
                .map(|range| self.notes.take_before(range.start + 1))
                .unwrap_or_default();
            let mut inside = Vec::new();
            for (key, field) in metric.entries() {
                match key {
                    "name" | "help" => {}
                    "labels" => inside.push(self.metric_labels(field, scope)),
                    "when" => {
                        let when = says::text(field.text().unwrap_or_default(), scope, Bare::Never);
                        inside.push(self.item(field, Item::new(format!("when {when}"))));
                    }
                    _ => {
                        for (key, field) in field
                            .entries()
                            .into_iter()
                            .filter(|(key, _)| *key != "value")
                        {
                            let item = match field.value {
                                serde_json::Value::Bool(true) => self.item(field, Item::new(key)),
                                _ => self.field(key, field, scope),
                            };
                            inside.push(item);
                        }
                    }
                }
            }
            let mut item = if inside.is_empty() {
                Item::new(text)
            } else {
                Item::block(text, inside)
            };
            item = item.with(head);
            block.push(self.item(metric, item));
        }
    }

    fn metric_labels(&mut self, at: At<'_>, scope: &Scope<'_>) -> Item {
        let labels = at.items();
        if labels.iter().any(|label| label.text_at(&["key"]).is_none()) {
            return self.field("labels", at, scope);
        }
        let block = labels
            .into_iter()
            .map(|label| {
                let value = says::text(
                    label.text_at(&["value"]).unwrap_or_default(),
                    scope,
                    Bare::Any,
                );
                Item::new(format!(
                    "{}: {value}",
                    says::key(label.text_at(&["key"]).unwrap_or_default())
                ))
            })
            .collect();
        self.item(at, Item::block("labels", block))
    }
}
