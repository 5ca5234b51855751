//! The second walk over a text: every place where a name is used, and what it stands for.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::call::{self, Call, Modifier};
use super::define::Defined;
use super::path::{Path, holes, paths};
use super::signature::{name, named, pieces};
use super::{Foreign, Index, Outline, Scope, Symbol, SymbolKind, Target, Use};
use crate::names::ROOTS;
use crate::outline::{Statement, TEMPLATES};
use crate::scan::Kind;

pub(super) fn refer(outline: &Outline, defined: &Defined<'_>, index: &mut Index) {
    let scopes = index
        .templates
        .iter()
        .enumerate()
        .filter_map(|(at, (_, scope))| Some((scope.symbol?, at)))
        .collect();
    let mut referrer = Referrer {
        outline,
        index,
        scopes,
        volumes: volumes(index),
        found: Vec::new(),
    };
    for (statement, object) in &defined.objects {
        referrer.object(statement, *object);
    }
    let tasks: FxHashMap<*const Statement, usize> = defined
        .tasks
        .iter()
        .enumerate()
        .map(|(at, task)| (std::ptr::from_ref(task.statement), at))
        .collect();
    for (statement, template) in &defined.templates {
        let around = Around {
            object: index.templates[*template].0,
            template: Some(*template),
            item: None,
        };
        referrer.template(statement, around, &tasks, defined);
    }
    index.uses = referrer.found;
}

fn volumes(index: &Index) -> FxHashMap<(usize, &str), usize> {
    let volumes = index
        .symbols
        .iter()
        .enumerate()
        .filter(|(_, symbol)| symbol.kind == SymbolKind::Volume);
    volumes
        .filter_map(|(at, symbol)| Some(((symbol.owner?, symbol.name.as_str()), at)))
        .collect()
}

/// Where a name is looked up.
#[derive(Clone, Copy)]
struct Around {
    object: usize,
    template: Option<usize>,
    item: Option<usize>,
}

struct Referrer<'i> {
    outline: &'i Outline,
    index: &'i Index,
    /// Symbols of templates, and their numbers.
    scopes: FxHashMap<usize, usize>,
    volumes: FxHashMap<(usize, &'i str), usize>,
    found: Vec<Use>,
}

impl<'i> Referrer<'i> {
    fn push(&mut self, at: Range<usize>, target: Target) {
        self.found.push(Use { at, target });
    }

    fn object(&mut self, statement: &Statement, object: usize) {
        let around = Around {
            object,
            template: None,
            item: None,
        };
        self.texts(&statement.head, around);
        for line in statement.block.iter().flat_map(|block| &block.statements) {
            let word = self.outline.word(line);
            if TEMPLATES.contains(&word) {
                continue;
            }
            match word {
                "entry" | "on-exit" => {
                    self.template_name(line.head.start + 1, line.head.end, around)
                }
                "use" => self.library(line),
                "hook" => self.modifiers(&line.head, around),
                _ => self.texts(&line.head, around),
            }
            self.fields(line, around);
        }
    }

    fn library(&mut self, line: &Statement) {
        let words = self.outline.words(&line.head);
        let cluster = words.len() > 2 && self.outline.token(&words[1]) == "cluster";
        let Some(token) = words.get(if cluster { 2 } else { 1 }) else {
            return;
        };
        if let Some((library, at, _)) =
            name(&self.outline.text, token.start as usize, token.end as usize)
        {
            let foreign = Foreign {
                cluster,
                library,
                template: None,
                member: None,
            };
            self.push(at, Target::Foreign(foreign));
        }
    }

    fn template_name(&mut self, at: usize, end: usize, around: Around) {
        let Some(token) = self.outline.tokens.get(at).filter(|_| at < end) else {
            return;
        };
        let Some((name, at, _)) =
            name(&self.outline.text, token.start as usize, token.end as usize)
        else {
            return;
        };
        let target = self.index.objects[around.object].templates.get(&name);
        self.push(
            at,
            target.map_or(Target::Missing, |symbol| Target::Symbol(*symbol)),
        );
    }

    fn template(
        &mut self,
        statement: &Statement,
        around: Around,
        tasks: &FxHashMap<*const Statement, usize>,
        defined: &Defined<'_>,
    ) {
        self.texts(&statement.head, around);
        for line in statement.block.iter().flat_map(|block| &block.statements) {
            if self.outline.word(line) == "parallel" {
                for line in line.block.iter().flat_map(|block| &block.statements) {
                    self.line(line, around, tasks, defined);
                }
            } else {
                self.line(line, around, tasks, defined);
            }
        }
    }

    fn line(
        &mut self,
        line: &Statement,
        around: Around,
        tasks: &FxHashMap<*const Statement, usize>,
        defined: &Defined<'_>,
    ) {
        if let Some(task) = tasks
            .get(&std::ptr::from_ref(line))
            .map(|at| &defined.tasks[*at])
        {
            let around = Around {
                item: task.item,
                ..around
            };
            self.call(&task.call, around, true);
            self.modifiers(&task.call.rest, around);
            if task.call.inline.is_none() {
                for line in line.block.iter().flat_map(|block| &block.statements) {
                    self.modifiers(&line.head, around);
                    if !matches!(
                        self.outline.word(line),
                        "when" | "for" | "after" | "continue" | "on-exit" | "hook"
                    ) {
                        self.texts(&line.head, around);
                    }
                    self.fields(line, around);
                }
            }
            return;
        }
        match self.outline.word(line) {
            "out" => self.output(line, around),
            "retry" => {
                self.texts(&line.head, around);
                self.modifiers(&line.head, around);
            }
            "mount" => {
                self.mount(line, around);
                self.texts(&line.head, around);
            }
            _ => self.texts(&line.head, around),
        }
        self.fields(line, around);
    }

    fn mount(&mut self, line: &Statement, around: Around) {
        let Some(token) = self.outline.words(&line.head).get(1) else {
            return;
        };
        let own = around
            .template
            .and_then(|template| self.index.templates[template].1.symbol);
        let owners = [own, self.index.objects[around.object].symbol];
        let written = self.outline.token(token);
        let found = owners
            .into_iter()
            .flatten()
            .find_map(|owner| self.volumes.get(&(owner, written)));
        if let Some(volume) = found {
            self.push(token.range(), Target::Symbol(*volume));
        }
    }

    /// `out NAME = …`: an expression, unless it says where the value comes from.
    fn output(&mut self, line: &Statement, around: Around) {
        let words = self.outline.words(&line.head);
        let assign = words
            .iter()
            .position(|token| self.outline.token(token) == "=");
        let source = |at: usize| {
            words.get(at + 1).is_some_and(|token| {
                let known = matches!(
                    self.outline.token(token),
                    "file" | "json" | "jq" | "supplied" | "configmap" | "event"
                );
                known
                    && words
                        .get(at + 2)
                        .is_some_and(|next| next.kind == Kind::Open(b'('))
            })
        };
        match assign.filter(|at| !source(*at)) {
            Some(at) if at + 1 < words.len() => {
                let range = words[at + 1].start as usize..words[words.len() - 1].end as usize;
                self.expression(range, around);
            }
            _ => self.texts(&line.head, around),
        }
    }

    /// `${…}` in all that stands below a statement.
    fn fields(&mut self, statement: &Statement, around: Around) {
        for line in statement.block.iter().flat_map(|block| &block.statements) {
            self.texts(&line.head, around);
            self.fields(line, around);
        }
    }

    /// `${…}` in a statement.
    fn texts(&mut self, head: &Range<usize>, around: Around) {
        for token in self.outline.words(head) {
            if matches!(token.kind, Kind::Word | Kind::String | Kind::Fence) {
                for hole in holes(&self.outline.text, token.range()) {
                    self.expression(hole, around);
                }
            }
        }
    }

    fn expression(&mut self, range: Range<usize>, around: Around) {
        for path in paths(&self.outline.text, range.clone()) {
            self.path(&path, around);
        }
        if self.outline.text[range.clone()].contains("${") {
            for hole in holes(&self.outline.text, range) {
                for path in paths(&self.outline.text, hole) {
                    self.path(&path, around);
                }
            }
        }
    }

    fn call(&mut self, call: &Call, around: Around, arguments: bool) {
        let mut target = Target::Missing;
        if let Some((library, at)) = &call.library {
            let library = Foreign {
                cluster: call.cluster,
                library: library.clone(),
                template: None,
                member: None,
            };
            let template = call.template.as_ref().map(|(name, _)| name.clone());
            target = Target::Foreign(Foreign {
                template,
                ..library.clone()
            });
            self.push(at.clone(), Target::Foreign(library));
        } else if let Some((name, _)) = &call.template {
            let found = self.index.objects[around.object].templates.get(name);
            target = found.map_or(Target::Missing, |symbol| Target::Symbol(*symbol));
        }
        if let Some((_, at)) = &call.template {
            self.push(at.clone(), target.clone());
        }
        let Some(open) = call.open.filter(|_| arguments) else {
            return;
        };
        let tokens = &self.outline.tokens[..call.rest.end];
        for piece in pieces(tokens, open) {
            let bytes = tokens[piece.start].start as usize..tokens[piece.end - 1].end as usize;
            let Some(argument) = named(&self.outline.text, bytes) else {
                continue;
            };
            let input = self.input(&target, &argument.name, argument.artifact);
            self.push(argument.at, input);
            let value = &self.outline.text[argument.rest.clone()];
            let colon = value
                .find(':')
                .map_or(argument.rest.end, |colon| argument.rest.start + colon + 1);
            self.expression(colon..argument.rest.end, around);
        }
    }

    /// An input of what is called.
    fn input(&self, target: &Target, name: &str, artifact: bool) -> Target {
        match target {
            Target::Symbol(template) => {
                let scope = self
                    .scopes
                    .get(template)
                    .map(|at| &self.index.templates[*at].1);
                let found = scope.and_then(|scope| match artifact {
                    true => scope.artifacts.get(name),
                    false => scope.inputs.get(name).or_else(|| scope.artifacts.get(name)),
                });
                found.map_or(Target::Missing, |symbol| Target::Symbol(*symbol))
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
        }
    }

    fn modifiers(&mut self, range: &Range<usize>, around: Around) {
        for modifier in call::modifiers(self.outline, range) {
            match modifier {
                Modifier::Expression(range) => self.expression(range, around),
                Modifier::After(range) => self.after(range, around),
                Modifier::OnExit((name, at)) => {
                    let found = self.index.objects[around.object].templates.get(&name);
                    let target = found.map_or(Target::Missing, |symbol| Target::Symbol(*symbol));
                    self.push(at, target);
                }
                Modifier::Hook(call) => self.call(&call, around, true),
                Modifier::Item(_) => {}
            }
        }
    }

    /// Names of tasks; what follows the point is a result.
    fn after(&mut self, range: Range<usize>, around: Around) {
        for path in paths(&self.outline.text, range) {
            let task = self.task(self.word(&path[0]), around);
            self.push(
                path[0].clone(),
                task.map_or(Target::Missing, Target::Symbol),
            );
            if let Some(result) = path.get(1) {
                self.push(
                    result.clone(),
                    Target::Known(format!("result.{}", self.word(result))),
                );
            }
        }
    }

    fn word(&self, range: &Range<usize>) -> &'i str {
        self.outline.text.get(range.clone()).unwrap_or_default()
    }

    fn task(&self, name: &str, around: Around) -> Option<usize> {
        self.index.templates[around.template?]
            .1
            .tasks
            .get(name)
            .copied()
    }

    fn own(&self, around: Around) -> Option<&'i Scope> {
        Some(&self.index.templates[around.template?].1)
    }

    /// Every segment of a path that stands for something.
    fn path(&mut self, path: &Path, around: Around) {
        let words: Vec<&str> = path.iter().map(|range| self.word(range)).collect();
        let item = around.item.map(|item| (item, &self.index.symbols[item]));
        if let Some((item, _)) = item.filter(|(_, Symbol { name, .. })| name == words[0]) {
            return self.push(path[0].clone(), Target::Symbol(item));
        }
        let own = self.own(around);
        let object = &self.index.objects[around.object];
        let input = |scope: &Scope, name: &str| {
            scope
                .inputs
                .get(name)
                .or_else(|| scope.artifacts.get(name))
                .copied()
        };
        if let Some(found) = own
            .filter(|_| words.len() == 1 || words.get(1) == Some(&"path"))
            .and_then(|own| input(own, words[0]))
        {
            return self.push(path[0].clone(), Target::Symbol(found));
        }
        if let Some(task) = self.task(words[0], around) {
            self.push(path[0].clone(), Target::Symbol(task));
            return self.task_member(task, &path[1..], &words[1..]);
        }
        if let Some(found) = object.inputs.get(words[0]).filter(|_| words.len() == 1) {
            return self.push(path[0].clone(), Target::Symbol(*found));
        }
        if words.get(1) == Some(&"path")
            && let Some(found) = own.and_then(|own| own.outputs.get(words[0]))
        {
            return self.push(path[0].clone(), Target::Symbol(*found));
        }
        match words.as_slice() {
            ["inputs", "parameters", name, ..] => {
                self.named(&path[2], own.and_then(|own| own.inputs.get(*name)))
            }
            ["inputs", "artifacts", name, ..] => {
                self.named(&path[2], own.and_then(|own| own.artifacts.get(*name)))
            }
            ["outputs", _, name, ..] => {
                self.named(&path[2], own.and_then(|own| own.outputs.get(*name)))
            }
            ["workflow", "parameters", name, ..] => self.named(&path[2], object.inputs.get(*name)),
            ["steps" | "tasks", name, ..] => {
                let task = self.task(name, around);
                self.named(&path[1], task.as_ref());
                if let Some(task) = task {
                    self.task_member(task, &path[2..], &words[2..]);
                }
            }
            _ if ROOTS.contains(&words[0]) => {
                let whole = path[0].start..path[path.len() - 1].end;
                self.push(whole, Target::Known(words.join(".")));
            }
            _ => self.push(path[0].clone(), Target::Missing),
        }
    }

    fn named(&mut self, at: &Range<usize>, found: Option<&usize>) {
        self.push(
            at.clone(),
            found.map_or(Target::Missing, |symbol| Target::Symbol(*symbol)),
        );
    }

    /// What stands behind a task: an output of what it calls, or something that every task has.
    fn task_member(&mut self, task: usize, path: &[Range<usize>], words: &[&str]) {
        let (at, name) = match (path, words) {
            ([_, _, at, ..], ["outputs", "parameters" | "artifacts", name, ..]) => (at, *name),
            ([at, last, ..], ["outputs", name, ..]) => {
                return self.push(at.start..last.end, Target::Known(format!("task.{name}")));
            }
            ([at, ..], [name, ..]) => (at, *name),
            _ => return,
        };
        let target = match self.index.calls.get(&task) {
            Some(Target::Symbol(template)) => {
                let scope = self
                    .scopes
                    .get(template)
                    .map(|at| &self.index.templates[*at].1);
                match scope.and_then(|scope| scope.outputs.get(name)) {
                    Some(symbol) => Target::Symbol(*symbol),
                    None => Target::Known(format!("task.{name}")),
                }
            }
            _ if super::docs::known(&format!("task.{name}")).is_some() => {
                Target::Known(format!("task.{name}"))
            }
            Some(Target::Foreign(foreign)) => Target::Foreign(Foreign {
                member: Some((SymbolKind::OutParameter, name.to_owned())),
                ..foreign.clone()
            }),
            _ => Target::Missing,
        };
        self.push(at.clone(), target);
    }
}
