//! The names of a YAML file, as far as its fields tell them.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tiphys_dsl::index::{Foreign, Index, Scope, Symbol, SymbolKind, Target, Use, docs};
use tiphys_spec::{Kind, Node, Read, Source};

/// The key at a place, and where it stands.
pub(crate) fn key_at(read: &Read, offset: usize) -> Option<(String, Range<usize>)> {
    let covers = |range: &Range<usize>| range.start <= offset && offset <= range.end;
    fn walk(
        node: &Node,
        covers: &impl Fn(&Range<usize>) -> bool,
    ) -> Option<(String, Range<usize>)> {
        for entry in node.entries().iter().filter(|entry| !entry.merged) {
            let key = entry.key_span.range();
            if covers(&key) {
                return Some((entry.key.to_string(), key));
            }
            if let Some(found) = walk(&entry.value, covers) {
                return Some(found);
            }
        }
        node.items().iter().find_map(|item| walk(item, covers))
    }
    read.source
        .documents
        .iter()
        .filter(|document| covers(&document.span.range()))
        .find_map(|document| walk(document, &covers))
}

pub(crate) fn index(read: &Read) -> Index {
    let mut indexer = Indexer {
        source: &read.source,
        index: Index::default(),
    };
    for object in &read.objects {
        let kind = match object.kind {
            Kind::Workflow => SymbolKind::Workflow,
            Kind::WorkflowTemplate => SymbolKind::Library,
            Kind::ClusterWorkflowTemplate => SymbolKind::ClusterLibrary,
            Kind::CronWorkflow => SymbolKind::Cron,
            _ => continue,
        };
        indexer.object(kind, &object.node);
    }
    indexer
        .index
        .uses
        .sort_by_key(|name| (name.at.start, name.at.end));
    indexer.index
}

struct Indexer<'r> {
    source: &'r Arc<Source>,
    index: Index,
}

fn text(node: Option<&Node>) -> Option<&str> {
    Some(&node?.scalar()?.value)
}

impl<'r> Indexer<'r> {
    /// The letters of a name, without quotes.
    fn place(&self, node: &Node) -> Range<usize> {
        let length = node.scalar().map_or(0, |scalar| scalar.value.len());
        self.source.within(node, 0..length).range()
    }

    fn add(
        &mut self,
        kind: SymbolKind,
        name: &Node,
        whole: &Node,
        owner: Option<usize>,
        detail: String,
    ) -> usize {
        let symbol = Symbol {
            kind,
            name: text(Some(name)).unwrap_or_default().to_owned(),
            at: self.place(name),
            whole: whole.span.range(),
            owner,
            detail,
            doc: String::new(),
            optional: whole.get("value").is_some()
                || whole.get("default").is_some()
                || whole.get("valueFrom").is_some(),
        };
        self.index.symbols.push(symbol);
        self.index.symbols.len() - 1
    }

    fn push(&mut self, at: Range<usize>, target: Target) {
        self.index.uses.push(Use { at, target });
    }

    fn object(&mut self, kind: SymbolKind, node: &'r Node) {
        let metadata = node.get("metadata");
        let name = metadata.and_then(|metadata| {
            metadata
                .get("name")
                .or_else(|| metadata.get("generateName"))
        });
        let Some(spec) = node
            .get("spec")
            .and_then(|spec| spec.get("workflowSpec").or(Some(spec)))
        else {
            return;
        };
        let word = match kind {
            SymbolKind::Workflow => "Workflow",
            SymbolKind::Library => "WorkflowTemplate",
            SymbolKind::ClusterLibrary => "ClusterWorkflowTemplate",
            _ => "CronWorkflow",
        };
        let shown = text(name).unwrap_or_default();
        let symbol = self.add(
            kind,
            name.unwrap_or(node),
            node,
            None,
            format!("{word} {shown}"),
        );
        let mut scope = Scope {
            symbol: Some(symbol),
            range: node.span.range(),
            ..Scope::default()
        };
        self.inputs(spec.get("arguments"), symbol, &mut scope);
        let number = self.index.objects.len();
        self.index.objects.push(scope);
        let templates = spec.get("templates").map(Node::items).unwrap_or_default();
        let defined: Vec<(usize, &Node)> = templates
            .iter()
            .filter_map(|template| Some((self.template(template, number, symbol)?, template)))
            .collect();
        for field in ["entrypoint", "onExit"] {
            self.called(spec.get(field), number);
        }
        if let Some(reference) = spec.get("workflowTemplateRef") {
            self.library(reference, "name");
        }
        for (number_of_template, template) in defined {
            self.body(number, number_of_template, template);
        }
    }

    fn inputs(&mut self, node: Option<&Node>, owner: usize, scope: &mut Scope) {
        for (field, kind) in [
            ("parameters", SymbolKind::Parameter),
            ("artifacts", SymbolKind::Artifact),
        ] {
            for item in node
                .and_then(|node| node.get(field))
                .map(Node::items)
                .unwrap_or_default()
            {
                let Some(name) = item.get("name") else {
                    continue;
                };
                let value = text(item.get("value").or_else(|| item.get("default")))
                    .map(|value| format!(" = {value}"));
                let detail = format!(
                    "{}{}",
                    text(Some(name)).unwrap_or_default(),
                    value.unwrap_or_default()
                );
                let symbol = self.add(kind, name, item, Some(owner), detail);
                let names = if kind == SymbolKind::Parameter {
                    &mut scope.inputs
                } else {
                    &mut scope.artifacts
                };
                names
                    .entry(text(Some(name)).unwrap_or_default().to_owned())
                    .or_insert(symbol);
            }
        }
    }

    /// The names of a template; gives its number.
    fn template(&mut self, node: &Node, object: usize, owner: usize) -> Option<usize> {
        let name = node.get("name")?;
        let kinds = docs::TEMPLATES
            .iter()
            .map(|(kind, _)| *kind)
            .chain(["containerSet"]);
        let body = kinds
            .into_iter()
            .find(|kind| node.get(kind).is_some())
            .unwrap_or("template");
        let shown = text(Some(name)).unwrap_or_default().to_owned();
        let symbol = self.add(
            SymbolKind::Template,
            name,
            node,
            Some(owner),
            format!("{body} {shown}"),
        );
        let mut scope = Scope {
            symbol: Some(symbol),
            range: node.span.range(),
            body: body.to_owned(),
            ..Scope::default()
        };
        self.inputs(node.get("inputs"), symbol, &mut scope);
        let signature: Vec<&str> = scope
            .inputs
            .values()
            .chain(scope.artifacts.values())
            .map(|input| self.index.symbols[*input].name.as_str())
            .collect();
        if !signature.is_empty() {
            let mut signature = signature;
            signature.sort_unstable();
            self.index.symbols[symbol].detail = format!("{body} {shown}({})", signature.join(", "));
        }
        for (field, kind) in [
            ("parameters", SymbolKind::OutParameter),
            ("artifacts", SymbolKind::OutArtifact),
        ] {
            for item in node
                .get("outputs")
                .and_then(|outputs| outputs.get(field))
                .map(Node::items)
                .unwrap_or_default()
            {
                let Some(name) = item.get("name") else {
                    continue;
                };
                let shown = text(Some(name)).unwrap_or_default();
                let output = self.add(kind, name, item, Some(symbol), format!("out {shown}"));
                scope.outputs.entry(shown.to_owned()).or_insert(output);
            }
        }
        for task in tasks(node) {
            let Some(name) = task.get("name") else {
                continue;
            };
            let called = text(task.get("template"))
                .or_else(|| text(task.get("templateRef")?.get("template")))
                .unwrap_or("…");
            let shown = text(Some(name)).unwrap_or_default();
            let task = self.add(
                SymbolKind::Task,
                name,
                task,
                Some(symbol),
                format!("{shown} = {called}()"),
            );
            scope.tasks.entry(shown.to_owned()).or_insert(task);
        }
        self.index.objects[object]
            .templates
            .entry(shown)
            .or_insert(symbol);
        self.index.templates.push((object, scope));
        Some(self.index.templates.len() - 1)
    }

    /// The name of a template of the same object.
    fn called(&mut self, node: Option<&Node>, object: usize) -> Target {
        let Some((node, name)) = node.and_then(|node| Some((node, text(Some(node))?))) else {
            return Target::Missing;
        };
        if name.contains("{{") {
            return Target::Missing;
        }
        let target = self.index.objects[object]
            .templates
            .get(name)
            .map_or(Target::Missing, |symbol| Target::Symbol(*symbol));
        let at = self.place(node);
        self.push(at, target.clone());
        target
    }

    fn library(&mut self, node: &Node, field: &str) -> Option<Foreign> {
        let name = node.get(field)?;
        let foreign = Foreign {
            cluster: text(node.get("clusterScope")) == Some("true"),
            library: text(Some(name))?.to_owned(),
            template: None,
            member: None,
        };
        let at = self.place(name);
        self.push(at, Target::Foreign(foreign.clone()));
        Some(foreign)
    }

    fn body(&mut self, object: usize, template: usize, node: &'r Node) {
        let mut calls = FxHashMap::default();
        for task in tasks(node) {
            let mut target = Target::Missing;
            if let Some(reference) = task.get("templateRef") {
                if let Some((library, name)) = self
                    .library(reference, "name")
                    .zip(reference.get("template"))
                {
                    target = Target::Foreign(Foreign {
                        template: text(Some(name)).map(str::to_owned),
                        ..library
                    });
                    let at = self.place(name);
                    self.push(at, target.clone());
                }
            } else {
                target = self.called(task.get("template"), object);
            }
            self.called(task.get("onExit"), object);
            if let Some(symbol) = text(task.get("name"))
                .and_then(|name| self.index.templates[template].1.tasks.get(name))
            {
                calls.insert(*symbol, target.clone());
            }
            for (field, artifact) in [("parameters", false), ("artifacts", true)] {
                for argument in task
                    .get("arguments")
                    .and_then(|arguments| arguments.get(field))
                    .map(Node::items)
                    .unwrap_or_default()
                {
                    self.argument(argument, &target, artifact);
                }
            }
            self.waits(task, template);
        }
        self.index.calls.extend(calls);
        self.tags(node, object, template);
    }

    fn argument(&mut self, node: &Node, target: &Target, artifact: bool) {
        let Some((node, name)) = node
            .get("name")
            .and_then(|node| Some((node, text(Some(node))?)))
        else {
            return;
        };
        let target = match target {
            Target::Symbol(template) => {
                let scope = self.index.scope_of(*template);
                let names = scope.map(|scope| {
                    if artifact {
                        &scope.artifacts
                    } else {
                        &scope.inputs
                    }
                });
                names
                    .and_then(|names| names.get(name))
                    .map_or(Target::Missing, |symbol| Target::Symbol(*symbol))
            }
            Target::Foreign(foreign) => {
                let kind = if artifact {
                    SymbolKind::Artifact
                } else {
                    SymbolKind::Parameter
                };
                Target::Foreign(Foreign {
                    member: Some((kind, name.to_owned())),
                    ..foreign.clone()
                })
            }
            _ => Target::Missing,
        };
        let at = self.place(node);
        self.push(at, target);
    }

    /// `depends` and `dependencies`.
    fn waits(&mut self, task: &Node, template: usize) {
        let nodes = task
            .get("dependencies")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .chain(task.get("depends"));
        for node in nodes {
            for (range, word) in words(text(Some(node)).unwrap_or_default()) {
                let name = word.split('.').next().unwrap_or_default();
                if let Some(symbol) = self.index.templates[template].1.tasks.get(name).copied() {
                    let at = self
                        .source
                        .within(node, range.start..range.start + name.len())
                        .range();
                    self.push(at, Target::Symbol(symbol));
                }
            }
        }
    }

    /// `{{…}}` in all texts of a template.
    fn tags(&mut self, node: &Node, object: usize, template: usize) {
        if let Some(scalar) = node.scalar().filter(|scalar| scalar.value.contains("{{")) {
            let value = &*scalar.value;
            let mut at = 0;
            while let Some(open) = value[at..].find("{{").map(|open| at + open + 2) {
                let Some(close) = value[open..].find("}}").map(|close| open + close) else {
                    break;
                };
                for (range, word) in words(&value[open..close]) {
                    self.path(node, open + range.start, word, object, template);
                }
                at = close + 2;
            }
        }
        for entry in node.entries().iter().filter(|entry| !entry.merged) {
            self.tags(&entry.value, object, template);
        }
        node.items()
            .iter()
            .for_each(|item| self.tags(item, object, template));
    }

    fn path(&mut self, node: &Node, start: usize, word: &str, object: usize, template: usize) {
        let parts: Vec<&str> = word.split('.').collect();
        let own = &self.index.templates[template].1;
        let name = |nth: usize| parts.get(nth).copied().unwrap_or_default();
        let mut found: Vec<(usize, Target)> = Vec::new();
        let known =
            |found: Option<&usize>| found.map_or(Target::Missing, |symbol| Target::Symbol(*symbol));
        match parts.as_slice() {
            ["inputs", "parameters", ..] => found.push((2, known(own.inputs.get(name(2))))),
            ["inputs", "artifacts", ..] => found.push((2, known(own.artifacts.get(name(2))))),
            ["workflow", "parameters", _, ..] => {
                found.push((2, known(self.index.objects[object].inputs.get(name(2)))))
            }
            ["workflow", _, ..] => found.push((1, Target::Known(word.to_owned()))),
            ["steps" | "tasks", task, rest @ ..] => {
                let task = own.tasks.get(*task).copied();
                found.push((1, known(task.as_ref())));
                match (task.and_then(|task| self.index.calls.get(&task)), rest) {
                    (
                        Some(Target::Symbol(called)),
                        ["outputs", "parameters" | "artifacts", output, ..],
                    ) => {
                        let scope = self.index.scope_of(*called);
                        found.push((4, known(scope.and_then(|scope| scope.outputs.get(*output)))));
                    }
                    (
                        Some(Target::Foreign(foreign)),
                        ["outputs", "parameters" | "artifacts", output, ..],
                    ) => {
                        let member = Some((SymbolKind::OutParameter, (*output).to_owned()));
                        found.push((
                            4,
                            Target::Foreign(Foreign {
                                member,
                                ..foreign.clone()
                            }),
                        ));
                    }
                    (_, ["outputs", output, ..]) => {
                        found.push((3, Target::Known(format!("task.{output}"))))
                    }
                    (_, [output, ..]) => found.push((2, Target::Known(format!("task.{output}")))),
                    _ => {}
                }
            }
            _ => {}
        }
        for (nth, target) in found.into_iter().filter(|(nth, _)| *nth < parts.len()) {
            let from = start
                + parts[..nth]
                    .iter()
                    .map(|part| part.len() + 1)
                    .sum::<usize>();
            let at = self
                .source
                .within(node, from..from + parts[nth].len())
                .range();
            self.push(at, target);
        }
    }
}

/// The steps or tasks of a template.
fn tasks(node: &Node) -> impl Iterator<Item = &Node> {
    let groups = node.get("steps").map(Node::items).unwrap_or_default();
    let steps = groups.iter().flat_map(|group| {
        if group.items().is_empty() {
            std::slice::from_ref(group)
        } else {
            group.items()
        }
    });
    let tasks = node
        .get("dag")
        .and_then(|dag| dag.get("tasks"))
        .map(Node::items)
        .unwrap_or_default();
    steps.chain(tasks)
}

/// Paths of an expression or tag, with their places; texts in quotes are left out.
fn words(text: &str) -> Vec<(Range<usize>, &str)> {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if matches!(c, '"' | '\'') {
            at += 1 + rest[1..].find(c).map_or(rest.len() - 1, |close| close + 1);
        } else if letter(c) {
            let length = rest.find(|c| !letter(c)).unwrap_or(rest.len());
            found.push((at..at + length, &rest[..length]));
            at += length;
        } else {
            at += c.len_utf8();
        }
    }
    found
}
