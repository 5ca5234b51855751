//! The first walk over a text: every name that it gives.

use std::ops::Range;

use super::call::{self, Call, Modifier};
use super::signature::{name, named, pieces};
use super::{Foreign, Index, Outline, Scope, Symbol, SymbolKind, Target};
use crate::outline::{Block, Statement, TEMPLATES, TOP};
use crate::scan::Kind;

/// Longer declarations are shown up to here.
const SHOWN: usize = 160;

/// Where the second walk goes.
#[derive(Default)]
pub(super) struct Defined<'o> {
    /// Each with its number among the index's objects.
    pub objects: Vec<(&'o Statement, usize)>,
    /// Each with its number among the index's templates.
    pub templates: Vec<(&'o Statement, usize)>,
    pub tasks: Vec<Task<'o>>,
}

pub(super) struct Task<'o> {
    pub statement: &'o Statement,
    pub call: Call,
    pub symbol: usize,
    /// A number among the index's templates.
    pub template: usize,
    pub item: Option<usize>,
}

pub(super) fn define<'o>(outline: &'o Outline, index: &mut Index) -> Defined<'o> {
    let mut definer = Definer {
        outline,
        index,
        defined: Defined::default(),
    };
    for statement in &outline.file.statements {
        if TOP.contains(&outline.word(statement)) {
            definer.object(statement);
        }
    }
    definer.calls();
    definer.defined
}

impl Outline {
    /// The first word of a statement.
    pub(super) fn word(&self, statement: &Statement) -> &str {
        match self
            .tokens
            .get(statement.head.start)
            .filter(|_| !statement.head.is_empty())
        {
            Some(token) if token.kind == Kind::Word => self.token(token),
            _ => "",
        }
    }

    /// The bytes of a statement's head.
    pub(super) fn head(&self, statement: &Statement) -> Range<usize> {
        match (
            self.words(&statement.head).first(),
            self.words(&statement.head).last(),
        ) {
            (Some(first), Some(last)) => first.start as usize..last.end as usize,
            _ => {
                let open = statement
                    .block
                    .as_ref()
                    .and_then(|block| block.open)
                    .unwrap_or(statement.head.start);
                let at = self
                    .tokens
                    .get(open)
                    .map_or(self.text.len(), |token| token.start as usize);
                at..at
            }
        }
    }

    /// The bytes of a statement and its block.
    pub(super) fn whole(&self, statement: &Statement) -> Range<usize> {
        let head = self.head(statement);
        let end = statement
            .block
            .as_ref()
            .map_or(head.end, |block| self.end(block, head.end));
        head.start..end.max(head.end)
    }

    /// Where a block ends; one that is never closed ends with its last statement.
    pub(super) fn end(&self, block: &Block, otherwise: usize) -> usize {
        match (block.close, block.statements.last()) {
            (Some(close), _) => self.tokens[close].end as usize,
            (None, Some(last)) => self.whole(last).end,
            (None, None) => block
                .open
                .map_or(otherwise, |open| self.tokens[open].end as usize),
        }
    }
}

struct Definer<'o, 'i> {
    outline: &'o Outline,
    index: &'i mut Index,
    defined: Defined<'o>,
}

impl<'o> Definer<'o, '_> {
    fn doc(&self, statement: &Statement) -> String {
        let comments = statement
            .leading
            .iter()
            .filter_map(|at| self.outline.tokens.get(*at));
        let lines = comments.map(|token| self.outline.token(token).trim_start_matches('/').trim());
        lines.collect::<Vec<_>>().join("\n")
    }

    fn shown(&self, range: Range<usize>) -> String {
        let text = self.outline.text.get(range).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        let line = words.join(" ");
        if line.chars().count() <= SHOWN {
            line
        } else {
            line.chars().take(SHOWN).chain(['…']).collect()
        }
    }

    fn add(
        &mut self,
        kind: SymbolKind,
        (name, at): (String, Range<usize>),
        statement: &Statement,
        owner: Option<usize>,
    ) -> usize {
        let symbol = Symbol {
            kind,
            name,
            at,
            whole: self.outline.whole(statement),
            owner,
            detail: self.shown(self.outline.head(statement)),
            doc: self.doc(statement),
            optional: false,
        };
        self.index.symbols.push(symbol);
        self.index.symbols.len() - 1
    }

    fn object(&mut self, statement: &'o Statement) {
        let outline = self.outline;
        let word = outline.word(statement);
        let (kind, skipped): (_, &[&str]) = match word {
            "workflow" => (SymbolKind::Workflow, &["named"]),
            "library" => (SymbolKind::Library, &[]),
            "cluster" => (SymbolKind::ClusterLibrary, &["library"]),
            "cron" => (SymbolKind::Cron, &[]),
            _ => (SymbolKind::Object, &[]),
        };
        let words = outline.words(&statement.head);
        let named_word = words.len() > 2 && skipped.contains(&outline.token(&words[1]));
        let written = words
            .get(if named_word { 2 } else { 1 })
            .filter(|token| token.kind == Kind::Word);
        let found =
            written.and_then(|token| name(&outline.text, token.start as usize, token.end as usize));
        let found = match found {
            Some((name, at, _)) => (name, at),
            None => (
                String::new(),
                words.first().map_or(0..0, |token| token.range()),
            ),
        };
        let symbol = self.add(kind, found, statement, None);
        let number = self.index.objects.len();
        let mut scope = Scope {
            symbol: Some(symbol),
            range: outline.whole(statement),
            ..Scope::default()
        };
        if matches!(
            kind,
            SymbolKind::Workflow
                | SymbolKind::Library
                | SymbolKind::ClusterLibrary
                | SymbolKind::Cron
        ) {
            self.signature(statement, symbol, &mut scope);
        }
        self.index.objects.push(scope);
        self.defined.objects.push((statement, number));
        for line in statement.block.iter().flat_map(|block| &block.statements) {
            let word = outline.word(line);
            let template =
                TEMPLATES.contains(&word) && (line.block.is_some() || line.head.len() > 1);
            let flag = word == "suspend"
                && line.block.is_none()
                && outline
                    .words(&line.head)
                    .get(1)
                    .is_some_and(|token| matches!(outline.token(token), "true" | "false"));
            if kind != SymbolKind::Object && template && !flag {
                self.template(line, number, symbol);
            } else if matches!(word, "volume" | "claim") {
                self.volume(line, symbol);
            }
        }
    }

    fn volume(&mut self, statement: &Statement, owner: usize) {
        let second = self.outline.words(&statement.head).get(1).copied();
        if let Some((name, at, _)) = second
            .and_then(|token| name(&self.outline.text, token.start as usize, token.end as usize))
        {
            self.add(SymbolKind::Volume, (name, at), statement, Some(owner));
        }
    }

    /// The inputs in the brackets of a head.
    fn signature(&mut self, statement: &Statement, owner: usize, scope: &mut Scope) {
        let tokens = &self.outline.tokens[..statement.head.end];
        let Some(open) = statement
            .head
            .clone()
            .find(|at| tokens[*at].kind == Kind::Open(b'('))
        else {
            return;
        };
        for piece in pieces(tokens, open) {
            let (first, last) = (
                tokens[piece.start].start as usize,
                tokens[piece.end - 1].end as usize,
            );
            let Some(input) = named(&self.outline.text, first..last) else {
                continue;
            };
            let rest = &self.outline.text[input.rest.clone()];
            let symbol = Symbol {
                kind: if input.artifact {
                    SymbolKind::Artifact
                } else {
                    SymbolKind::Parameter
                },
                name: input.name.clone(),
                at: input.at.clone(),
                whole: first..last,
                owner: Some(owner),
                detail: self.shown(first..last),
                doc: String::new(),
                optional: rest.contains('=') || rest.contains('{') || rest.contains("optional"),
            };
            self.index.symbols.push(symbol);
            let names = if input.artifact {
                &mut scope.artifacts
            } else {
                &mut scope.inputs
            };
            names
                .entry(input.name)
                .or_insert(self.index.symbols.len() - 1);
        }
    }

    fn template(&mut self, statement: &'o Statement, object: usize, owner: usize) {
        let outline = self.outline;
        let second = outline
            .words(&statement.head)
            .get(1)
            .filter(|token| matches!(token.kind, Kind::Word | Kind::String | Kind::Raw));
        let found =
            second.and_then(|token| name(&outline.text, token.start as usize, token.end as usize));
        let found = found.map_or_else(
            || {
                (
                    String::new(),
                    outline
                        .words(&statement.head)
                        .first()
                        .map_or(0..0, |token| token.range()),
                )
            },
            |(name, at, _)| (name, at),
        );
        let name = found.0.clone();
        let symbol = self.add(SymbolKind::Template, found, statement, Some(owner));
        let mut scope = Scope {
            symbol: Some(symbol),
            range: outline.whole(statement),
            body: outline.word(statement).to_owned(),
            ..Scope::default()
        };
        self.signature(statement, symbol, &mut scope);
        if !name.is_empty() {
            self.index.objects[object]
                .templates
                .entry(name)
                .or_insert(symbol);
        }
        self.body(statement, object, symbol, scope);
    }

    /// The outputs, steps and tasks of a template.
    fn body(&mut self, statement: &'o Statement, object: usize, owner: usize, scope: Scope) {
        let number = self.index.templates.len();
        let calls = matches!(scope.body.as_str(), "steps" | "dag");
        self.index.templates.push((object, scope));
        self.defined.templates.push((statement, number));
        for line in statement.block.iter().flat_map(|block| &block.statements) {
            match self.outline.word(line) {
                "out" => self.output(line, owner, number),
                "volume" => self.volume(line, owner),
                "raw" | "outputs" | "outputs:" | "inputs" | "inputs:" => {
                    self.index.templates[number].1.open = true
                }
                "parallel" if calls => {
                    for line in line.block.iter().flat_map(|block| &block.statements) {
                        self.task(line, object, owner, number);
                    }
                }
                _ if calls => self.task(line, object, owner, number),
                _ => {}
            }
        }
    }

    fn output(&mut self, statement: &Statement, owner: usize, template: usize) {
        let head = self.outline.head(statement);
        let Some(out) = named(
            &self.outline.text,
            (head.start + "out".len()).min(head.end)..head.end,
        ) else {
            return;
        };
        let kind = if out.artifact {
            SymbolKind::OutArtifact
        } else {
            SymbolKind::OutParameter
        };
        let symbol = self.add(kind, (out.name.clone(), out.at), statement, Some(owner));
        self.index.templates[template]
            .1
            .outputs
            .entry(out.name)
            .or_insert(symbol);
    }

    fn task(&mut self, statement: &'o Statement, object: usize, owner: usize, template: usize) {
        let Some(call) = call::read(self.outline, &statement.head) else {
            return;
        };
        let Some(found) = call.name().cloned() else {
            return;
        };
        let symbol = self.add(SymbolKind::Task, found.clone(), statement, Some(owner));
        self.index.templates[template]
            .1
            .tasks
            .entry(found.0)
            .or_insert(symbol);
        if let Some(kind) = &call.inline {
            let scope = Scope {
                range: self.outline.whole(statement),
                body: kind.clone(),
                open: true,
                ..Scope::default()
            };
            self.body(statement, object, symbol, scope);
        }
        let item = self.item(statement, &call, symbol);
        self.defined.tasks.push(Task {
            statement,
            call,
            symbol,
            template,
            item,
        });
    }

    /// The loop's name, in the head or in the block.
    fn item(&mut self, statement: &'o Statement, call: &Call, owner: usize) -> Option<usize> {
        let outline = self.outline;
        let block = statement
            .block
            .iter()
            .filter(|_| call.inline.is_none())
            .flat_map(|block| &block.statements);
        let lines = block
            .filter(|line| outline.word(line) == "for")
            .map(|line| line.head.clone());
        let ranges = std::iter::once(call.rest.clone()).chain(lines);
        let found = ranges
            .flat_map(|range| call::modifiers(outline, &range))
            .find_map(|modifier| match modifier {
                Modifier::Item(found) => Some(found),
                _ => None,
            })?;
        Some(self.add(SymbolKind::Item, found, statement, Some(owner)))
    }

    /// Which template each step or task calls.
    fn calls(&mut self) {
        for task in &self.defined.tasks {
            let Some((name, _)) = &task.call.template else {
                continue;
            };
            let object = self.index.templates[task.template].0;
            let target = match &task.call.library {
                Some((library, _)) => Target::Foreign(Foreign {
                    cluster: task.call.cluster,
                    library: library.clone(),
                    template: Some(name.clone()),
                    member: None,
                }),
                None => self.index.objects[object]
                    .templates
                    .get(name)
                    .map_or(Target::Missing, |symbol| Target::Symbol(*symbol)),
            };
            self.index.calls.insert(task.symbol, target);
        }
    }
}
