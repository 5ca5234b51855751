//! Templates.

use std::rc::Rc;

use serde_json::Value;

use super::Raiser;
use super::at::At;
use super::notes::Taken;
use super::page::Item;
use super::says;
use crate::names::{Globals, Input, Scope, Signature};
use crate::words::{self, Body};

/// The names that an object's templates may use, as lowering will see them.
pub(super) fn globals(spec: At<'_>, globals: &mut Globals) {
    if let Some(arguments) = spec.get("arguments") {
        globals.parameters = names(arguments, "parameters");
        globals.artifacts = names(arguments, "artifacts");
    }
    for template in spec
        .get("templates")
        .map(|found| found.items())
        .unwrap_or_default()
    {
        if let Some(name) = template.text_at(&["name"]) {
            globals
                .templates
                .insert(name.to_owned(), signature(template));
        }
    }
}

fn names(at: At<'_>, kind: &str) -> Vec<Input> {
    let items = at.get(kind).map(|found| found.items()).unwrap_or_default();
    let input = |item: &At<'_>| Input {
        name: item.text_at(&["name"]).unwrap_or_default().to_owned(),
        of: None,
        provided: true,
    };
    items.iter().map(input).collect()
}

pub(super) fn signature(template: At<'_>) -> Signature {
    let mut signature = Signature::default();
    if let Some(inputs) = template.get("inputs") {
        signature.parameters = names(inputs, "parameters");
        signature.artifacts = names(inputs, "artifacts");
    }
    if let Some(outputs) = template.get("outputs") {
        signature.out_parameters = names(outputs, "parameters")
            .into_iter()
            .map(|out| (out.name, None))
            .collect();
        signature.out_artifacts = names(outputs, "artifacts")
            .into_iter()
            .map(|out| out.name)
            .collect();
    }
    signature
}

const KINDS: [(&str, &str, Body); 10] = [
    ("container", "container", Body::Container),
    ("script", "script", Body::Script),
    ("steps", "steps", Body::Steps),
    ("dag", "dag", Body::Dag),
    ("suspend", "suspend", Body::Suspend),
    ("resource", "resource", Body::Resource),
    ("http", "http", Body::Http),
    ("data", "data", Body::Data),
    ("plugin", "plugin", Body::Plugin),
    ("containerSet", "container-set", Body::ContainerSet),
];

impl Raiser<'_> {
    pub fn template(&mut self, at: At<'_>, number: usize, globals: &Globals) -> Item {
        let own = signature(at);
        let scope = Scope::of(globals, &own);
        let bodies: Vec<_> = KINDS
            .iter()
            .filter(|(field, ..)| at.get(field).is_some())
            .collect();
        let name = at.text_at(&["name"]).unwrap_or_default();
        let plain = self.plain.contains(&number) || bodies.len() != 1 || name.is_empty();
        let unsigned = Signature::default();
        let mut item = if plain {
            self.plain_template(at, &Scope::of(globals, &unsigned))
        } else {
            self.sugared(at, bodies[0], &scope, name)
        };
        item.apart = true;
        item
    }

    fn plain_template(&mut self, at: At<'_>, scope: &Scope<'_>) -> Item {
        let head = at
            .range()
            .map(|range| self.notes.take_before(range.start + 1))
            .unwrap_or_default();
        let name = at.text_at(&["name"]).unwrap_or_default();
        let mut block = Vec::new();
        for (key, value) in at.entries() {
            if key != "name" {
                block.push(self.field(key, value, scope));
            }
        }
        let block = vec![Item::block("raw", block)];
        let item = Item::block(format!("template {}", says::name(name)), block).with(head);
        self.item(at, item)
    }

    fn sugared(
        &mut self,
        at: At<'_>,
        (field, word, body): &(&str, &str, Body),
        scope: &Scope<'_>,
        name: &str,
    ) -> Item {
        let mut text = format!("{word} {}", says::name(name));
        let inputs = at.get("inputs");
        let signature = inputs
            .and_then(|inputs| self.signature(inputs, &Scope::global(scope.globals), "inputs"));
        if let Some(signature) = &signature {
            text.push_str(signature);
        }
        let mut ranges: Vec<_> = at
            .range()
            .map(|range| range.start..range.start + 1)
            .into_iter()
            .collect();
        ranges.extend(at.get("name").and_then(|name| name.range()));
        if signature.is_some() {
            ranges.extend(inputs.and_then(|inputs| inputs.range()));
        }
        let start = at.range().map_or(0, |range| range.start);
        ranges.push(0..start + 1);
        let head = self.notes.take(&ranges);
        let mut noted = Taken::default();
        if let Some(container) = at.get(field).filter(|_| body.is_container()) {
            noted = self.image(container, scope, &mut text);
        }
        let mut block = Vec::new();
        let scope = self.inside(at, *body, scope);
        for (key, value) in at.entries() {
            match key {
                "name" => {}
                "inputs" if signature.is_some() => {}
                key if key == *field => block.extend(self.body(value, *body, &scope)),
                _ => self.template_field(key, value, &scope, &mut block),
            }
        }
        let mut item = Item::block(text, block).with(noted).with(head);
        if *body == Body::Suspend && item.block.as_ref().is_some_and(Vec::is_empty) {
            item.block = None;
        }
        if let Some(range) = at.range() {
            item.closing = self.closing(range.end);
        }
        item
    }

    /// The scope with the steps or tasks of a template in it.
    fn inside<'g>(&self, at: At<'_>, body: Body, scope: &Scope<'g>) -> Scope<'g> {
        let mut scope = scope.clone();
        let tasks: Vec<At<'_>> = match body {
            Body::Steps => {
                scope.root = "steps";
                at.get("steps")
                    .map(|steps| steps.items())
                    .unwrap_or_default()
                    .iter()
                    .flat_map(At::items)
                    .collect()
            }
            Body::Dag => {
                scope.root = "tasks";
                at.path(&["dag", "tasks"])
                    .map(|tasks| tasks.items())
                    .unwrap_or_default()
            }
            _ => return scope,
        };
        let named = |task: &At<'_>| {
            let name = task.text_at(&["name"])?.to_owned();
            Some((name, task.text_at(&["template"]).map(str::to_owned)))
        };
        scope.tasks = Rc::new(tasks.iter().filter_map(named).collect());
        scope
    }

    pub fn template_field(
        &mut self,
        key: &str,
        at: At<'_>,
        scope: &Scope<'_>,
        block: &mut Vec<Item>,
    ) {
        match key {
            "outputs" => self.outputs(at, scope, block),
            "retryStrategy" => {
                let item = self.retry(at, scope);
                block.push(item);
            }
            "volumes" => block.extend(
                at.items()
                    .into_iter()
                    .map(|volume| self.volume(volume, scope)),
            ),
            "sidecars" => block.extend(
                at.items()
                    .into_iter()
                    .map(|at| self.named("sidecar", at, scope)),
            ),
            "initContainers" => block.extend(
                at.items()
                    .into_iter()
                    .map(|at| self.named("init", at, scope)),
            ),
            "synchronization" => self.locks(at, scope, block),
            "metrics" => self.metrics(at, scope, block),
            "metadata" => {
                for (key, value) in at.entries() {
                    match key {
                        "labels" => self.labels(value, scope, block),
                        "annotations" => block.push(self.texts(key, value, scope)),
                        _ => {
                            block.push(Item::block("metadata", vec![self.field(key, value, scope)]))
                        }
                    }
                }
            }
            "memoize" => {
                let item = self.memoize(at, scope);
                block.push(item);
            }
            "securityContext" | "failFast" => {
                let inner = self.field(key, at, scope);
                block.push(Item::block("raw", vec![inner]));
            }
            _ => block.push(self.word(key, at, scope, words::TEMPLATE)),
        }
    }

    fn memoize(&mut self, at: At<'_>, scope: &Scope<'_>) -> Item {
        let key = at.text_at(&["key"]);
        let cache = at.text_at(&["cache", "configMap", "name"]);
        let simple = at.only(&["key", "cache", "maxAge"])
            && at
                .path(&["cache", "configMap"])
                .is_some_and(|cache| cache.only(&["name"]))
            && at
                .get("cache")
                .is_some_and(|cache| cache.only(&["configMap"]));
        match (key, cache) {
            (Some(key), Some(cache)) if simple => {
                let (key, cache) = (
                    says::text(key, scope, says::Bare::Any),
                    says::text(cache, scope, says::Bare::Any),
                );
                let age = match at.text_at(&["maxAge"]) {
                    Some(age) => format!(" for {}", says::text(age, scope, says::Bare::Any)),
                    None => String::new(),
                };
                self.item(at, Item::new(format!("memoize {key} in {cache}{age}")))
            }
            _ => self.field("memoize", at, scope),
        }
    }

    fn body(&mut self, at: At<'_>, body: Body, scope: &Scope<'_>) -> Vec<Item> {
        match body {
            Body::Container | Body::Script => {
                if let Some(range) = at.range() {
                    let head = self.notes.take_before(range.start + 1);
                    let mut block = self.container(at, body, scope, &["image"]);
                    if let Some(first) = block.first_mut() {
                        let item = std::mem::take(first);
                        *first = item.with(head);
                    }
                    return block;
                }
                self.container(at, body, scope, &["image"])
            }
            Body::Steps => self.steps(at, scope),
            Body::Dag => self.dag(at, scope),
            Body::ContainerSet => self.set(at, scope),
            Body::Suspend | Body::Resource | Body::Http => at
                .entries()
                .into_iter()
                .map(|(key, at)| self.word(key, at, scope, body.words()))
                .collect(),
            _ => at
                .entries()
                .into_iter()
                .map(|(key, at)| self.field(key, at, scope))
                .collect(),
        }
    }

    fn set(&mut self, at: At<'_>, scope: &Scope<'_>) -> Vec<Item> {
        let mut block = Vec::new();
        for (key, value) in at.entries() {
            match key {
                "containers" => block.extend(value.items().into_iter().map(|at| {
                    let mut item = self.named("container", at, scope);
                    item.apart = false;
                    item
                })),
                "volumeMounts" => block.extend(
                    value
                        .items()
                        .into_iter()
                        .map(|mount| self.mount(mount, scope)),
                ),
                _ => block.push(self.field(key, value, scope)),
            }
        }
        block
    }

    fn dag(&mut self, at: At<'_>, scope: &Scope<'_>) -> Vec<Item> {
        let mut block = Vec::new();
        for (key, value) in at.entries() {
            match key {
                "tasks" => {
                    let tasks = value.items();
                    let listed = tasks
                        .iter()
                        .any(|task| super::task::is_listed(*task, scope));
                    block.extend(tasks.into_iter().map(|task| self.task(task, scope, listed)));
                }
                "failFast" if value.value == &Value::Bool(false) => {
                    block.push(self.item(value, Item::new("fail-fast false")))
                }
                _ => block.push(self.word(key, value, scope, words::DAG)),
            }
        }
        block
    }

    fn steps(&mut self, at: At<'_>, scope: &Scope<'_>) -> Vec<Item> {
        let mut block = Vec::new();
        for group in at.items() {
            let steps = group.items();
            if let [step] = steps.as_slice() {
                block.push(self.task(*step, scope, false));
                continue;
            }
            let head = group
                .range()
                .map(|range| self.notes.take_before(range.start + 1))
                .unwrap_or_default();
            let items = steps
                .into_iter()
                .map(|step| self.task(step, scope, false))
                .collect();
            block.push(Item::block("parallel", items).with(head));
        }
        block
    }
}
