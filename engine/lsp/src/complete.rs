//! What can be written at a place.

use std::sync::Arc;

use lsp_types::{
    CompletionItem, CompletionItemKind as Kind, CompletionTextEdit, Documentation,
    InsertTextFormat, MarkupContent, MarkupKind, Position, TextEdit,
};
use tiphys_dsl::index::{self, Form, Offer, Place, Spot, SymbolKind, Target, docs};

use crate::document::{Document, Notation};
use crate::names::{Found, called};
use crate::workspace::Workspace;

/// A list under construction.
struct List<'w> {
    workspace: &'w Workspace,
    document: &'w Arc<Document>,
    offset: usize,
    /// What is replaced.
    word: lsp_types::Range,
    snippets: bool,
    items: Vec<CompletionItem>,
}

impl Workspace {
    /// Words and names for a place of a `.flow` file. `snippets`: the editor takes texts with places to fill in.
    #[must_use]
    pub fn completion(&self, uri: &str, position: Position, snippets: bool) -> Vec<CompletionItem> {
        let Some(document) = self
            .get(uri)
            .filter(|document| document.notation == Notation::Flow)
        else {
            return Vec::new();
        };
        let offset = document.text.offset(position, self.encoding);
        let (place, spot, word) = document.outline().at(offset);
        let word = document.text.range(&word, self.encoding);
        let mut list = List {
            workspace: self,
            document,
            offset,
            word,
            snippets,
            items: Vec::new(),
        };
        list.spot(&place, &spot);
        list.items
    }
}

impl List<'_> {
    fn spot(&mut self, place: &Place, spot: &Spot) {
        match spot {
            Spot::Statement => self.statement(place),
            Spot::Target => self.target(),
            Spot::Argument { call } => self.arguments(*call),
            Spot::Expression { path } => self.expression(path),
            Spot::After => self.tasks(),
            Spot::Modifier => index::modifiers()
                .iter()
                .for_each(|offer| self.offer(offer)),
            Spot::Type => self.lines(docs::TYPES, Kind::TYPE_PARAMETER),
            Spot::Template => self.templates(false),
            Spot::Library => self.libraries(""),
            Spot::Source => {
                self.lines(docs::SOURCES, Kind::FUNCTION);
                self.expression(&[]);
            }
            Spot::Nothing => {}
        }
    }

    fn add(
        &mut self,
        label: &str,
        kind: Kind,
        detail: Option<String>,
        doc: Option<String>,
    ) -> &mut CompletionItem {
        let edit = TextEdit {
            range: self.word,
            new_text: label.to_owned(),
        };
        self.items.push(CompletionItem {
            label: label.to_owned(),
            kind: Some(kind),
            detail,
            documentation: doc.filter(|doc| !doc.is_empty()).map(|value| {
                Documentation::MarkupContent(MarkupContent {
                    kind: MarkupKind::Markdown,
                    value,
                })
            }),
            text_edit: Some(CompletionTextEdit::Edit(edit)),
            ..CompletionItem::default()
        });
        let last = self.items.len() - 1;
        &mut self.items[last]
    }

    fn text(&mut self, text: String) {
        let (range, snippets) = (self.word, self.snippets);
        if let Some(item) = self.items.last_mut() {
            item.insert_text_format = snippets.then_some(InsertTextFormat::SNIPPET);
            item.text_edit = Some(CompletionTextEdit::Edit(TextEdit {
                range,
                new_text: text,
            }));
        }
    }

    fn lines(&mut self, lines: &[(&str, &str)], kind: Kind) {
        for (name, line) in lines {
            self.add(name, kind, None, Some((*line).to_owned()));
        }
    }

    fn offer(&mut self, offer: &Offer) {
        let kind = if offer.form == Form::Field {
            Kind::FIELD
        } else {
            Kind::KEYWORD
        };
        self.add(&offer.word, kind, None, Some(offer.line.to_owned()));
        if offer.form == Form::Field {
            let end = if self.snippets { ": $0" } else { ": " };
            self.text(format!("{}{end}", offer.word));
        }
    }

    fn statement(&mut self, place: &Place) {
        index::statements(place)
            .iter()
            .for_each(|offer| self.offer(offer));
        match place {
            Place::Template(kind) if matches!(kind.as_str(), "steps" | "dag") => self.target(),
            Place::Parallel => self.target(),
            Place::Template(kind) if kind == "plugin" => self.kinds(),
            _ => {}
        }
    }

    /// The kinds of template that plug-ins provide.
    fn kinds(&mut self) {
        let known = self
            .workspace
            .library()
            .kinds
            .check("", &serde_json::Value::Null)
            .err()
            .map(|unknown| unknown.known);
        for kind in known.into_iter().flatten() {
            self.add(
                &kind,
                Kind::MODULE,
                Some("a plug-in's kind of template".to_owned()),
                None,
            );
        }
    }

    /// What can be called here: the object's templates, those of a library, the libraries.
    fn target(&mut self) {
        let word = self
            .document
            .text
            .offset(self.word.start, self.workspace.encoding);
        let before = &self.document.text.text[..word];
        if let Some(before) = before.strip_suffix('/') {
            let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            let start = before.len() - before.chars().rev().take_while(|c| letter(*c)).count();
            let cluster = before[..start].trim_end().ends_with("cluster");
            return self.templates_of(&before[start..], cluster);
        }
        self.templates(true);
        self.libraries("/");
    }

    fn templates(&mut self, call: bool) {
        let index = Arc::clone(self.document.index());
        let symbols = index
            .object_at(self.offset)
            .into_iter()
            .flat_map(|scope| scope.templates.values().copied());
        let document = Arc::clone(self.document);
        let mut symbols: Vec<usize> = symbols.collect();
        symbols.sort_unstable();
        for symbol in symbols {
            self.template(
                &Found {
                    document: Arc::clone(&document),
                    symbol,
                },
                call,
            );
        }
    }

    fn templates_of(&mut self, library: &str, cluster: bool) {
        let kind = if cluster {
            SymbolKind::ClusterLibrary
        } else {
            SymbolKind::Library
        };
        let found = self
            .workspace
            .libraries()
            .into_iter()
            .find(|found| found.symbol().name == library && found.symbol().kind == kind);
        let Some(found) = found else { return };
        let mut symbols: Vec<usize> = found
            .scope()
            .into_iter()
            .flat_map(|scope| scope.templates.values().copied())
            .collect();
        symbols.sort_unstable();
        for symbol in symbols {
            self.template(
                &Found {
                    document: Arc::clone(&found.document),
                    symbol,
                },
                true,
            );
        }
    }

    fn template(&mut self, found: &Found, call: bool) {
        let symbol = found.symbol();
        self.add(
            &symbol.name,
            Kind::FUNCTION,
            Some(symbol.detail.clone()),
            Some(symbol.doc.clone()),
        );
        if !call || !self.snippets {
            return;
        }
        let symbols = &found.document.index().symbols;
        let scope = found.scope();
        let inputs = scope
            .into_iter()
            .flat_map(|scope| scope.inputs.values().chain(scope.artifacts.values()));
        let mut needed: Vec<usize> = inputs
            .copied()
            .filter(|input| !symbols[*input].optional)
            .collect();
        needed.sort_unstable();
        let holes: Vec<String> = needed
            .iter()
            .enumerate()
            .map(|(nth, input)| format!("{}: ${{{}}}", symbols[*input].name, nth + 1))
            .collect();
        self.text(format!("{}({})$0", symbol.name, holes.join(", ")));
    }

    fn libraries(&mut self, end: &str) {
        for found in self.workspace.libraries() {
            let symbol = found.symbol();
            let cluster = if symbol.kind == SymbolKind::ClusterLibrary {
                "cluster "
            } else {
                ""
            };
            let label = format!("{cluster}{}{end}", symbol.name);
            let detail = format!("{} in {}", called(symbol.kind), found.document.name());
            self.add(&label, Kind::MODULE, Some(detail), Some(symbol.doc.clone()));
        }
    }

    fn symbol(&mut self, document: &Document, symbol: usize, kind: Kind) {
        let symbol = &document.index().symbols[symbol];
        let (name, detail, doc) = (
            symbol.name.clone(),
            symbol.detail.clone(),
            symbol.doc.clone(),
        );
        self.add(&name, kind, Some(detail), Some(doc));
    }

    /// Inputs of what is called at `call`.
    fn arguments(&mut self, call: usize) {
        let index = Arc::clone(self.document.index());
        let first = index.uses.partition_point(|name| name.at.start < call);
        let called = index.uses[first..]
            .iter()
            .take(3)
            .take_while(|name| name.at.start < self.offset)
            .find_map(|name| {
                let found = self.workspace.resolve(self.document, &name.target)?;
                (found.symbol().kind == SymbolKind::Template).then_some(found)
            });
        let Some(called) = called else { return };
        let symbols = &called.document.index().symbols;
        let inputs = called
            .scope()
            .into_iter()
            .flat_map(|scope| scope.inputs.values().chain(scope.artifacts.values()));
        let mut inputs: Vec<usize> = inputs.copied().collect();
        inputs.sort_unstable();
        for input in inputs {
            let symbol = &symbols[input];
            let mark = if symbol.kind == SymbolKind::Artifact {
                "artifact "
            } else {
                ""
            };
            let label = format!("{mark}{}: ", symbol.name);
            let item = self.add(
                &label,
                Kind::PROPERTY,
                Some(symbol.detail.clone()),
                Some(symbol.doc.clone()),
            );
            // What has to be given comes first.
            item.sort_text = Some(format!("{}{label}", u8::from(symbol.optional)));
        }
    }

    fn tasks(&mut self) {
        let index = Arc::clone(self.document.index());
        let own = |symbol: usize| {
            let whole = &index.symbols[symbol].whole;
            whole.start <= self.offset && self.offset <= whole.end
        };
        let tasks = index
            .template_at(self.offset)
            .into_iter()
            .flat_map(|(_, scope)| scope.tasks.values().copied());
        let mut tasks: Vec<usize> = tasks.filter(|task| !own(*task)).collect();
        tasks.sort_unstable();
        let document = Arc::clone(self.document);
        tasks
            .into_iter()
            .for_each(|task| self.symbol(&document, task, Kind::VARIABLE));
    }

    fn expression(&mut self, path: &[String]) {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let index = Arc::clone(self.document.index());
        let document = Arc::clone(self.document);
        let own = index.template_at(self.offset).map(|(_, scope)| scope);
        let object = index.object_at(self.offset);
        let mut all = |names: Option<&tiphys_dsl::index::Scope>,
                       pick: fn(&tiphys_dsl::index::Scope) -> Vec<usize>,
                       kind: Kind| {
            let mut symbols = names.map(pick).unwrap_or_default();
            symbols.sort_unstable();
            symbols
                .into_iter()
                .for_each(|symbol| self.symbol(&document, symbol, kind));
        };
        match words.as_slice() {
            [] => {
                all(
                    own,
                    |scope| {
                        scope
                            .inputs
                            .values()
                            .chain(scope.artifacts.values())
                            .copied()
                            .collect()
                    },
                    Kind::VARIABLE,
                );
                all(
                    object,
                    |scope| scope.inputs.values().copied().collect(),
                    Kind::VARIABLE,
                );
                self.items_of_loops();
                self.tasks();
                self.lines(docs::ROOTS, Kind::MODULE);
            }
            ["after"] => self.lines(docs::RESULTS, Kind::ENUM_MEMBER),
            ["workflow", "parameters"] => all(
                object,
                |scope| scope.inputs.values().copied().collect(),
                Kind::VARIABLE,
            ),
            ["workflow"] => self.lines(docs::OF_THE_WORKFLOW, Kind::PROPERTY),
            ["inputs"] => self.lines(
                &[
                    ("parameters", "Texts that the template was given"),
                    ("artifacts", "Files that it was given"),
                ],
                Kind::PROPERTY,
            ),
            ["inputs", "parameters"] => all(
                own,
                |scope| scope.inputs.values().copied().collect(),
                Kind::VARIABLE,
            ),
            ["inputs", "artifacts"] => all(
                own,
                |scope| scope.artifacts.values().copied().collect(),
                Kind::VARIABLE,
            ),
            ["steps" | "tasks"] => self.tasks(),
            ["steps" | "tasks", task]
            | ["steps" | "tasks", task, "outputs", _]
            | [task]
            | [task, "outputs", _] => {
                let task = own.and_then(|scope| scope.tasks.get(*task)).copied();
                if let Some(task) = task {
                    self.outputs(task, !words.contains(&"outputs"));
                }
            }
            _ => {}
        }
    }

    fn items_of_loops(&mut self) {
        let index = Arc::clone(self.document.index());
        let document = Arc::clone(self.document);
        let around = |symbol: &tiphys_dsl::index::Symbol| {
            symbol.kind == SymbolKind::Item
                && symbol.whole.start <= self.offset
                && self.offset <= symbol.whole.end
        };
        let items: Vec<usize> = index
            .symbols
            .iter()
            .enumerate()
            .filter(|(_, symbol)| around(symbol))
            .map(|(at, _)| at)
            .collect();
        items
            .into_iter()
            .for_each(|item| self.symbol(&document, item, Kind::VARIABLE));
    }

    /// What a task gives.
    fn outputs(&mut self, task: usize, with_common: bool) {
        let index = Arc::clone(self.document.index());
        let called = index
            .calls
            .get(&task)
            .filter(|target| !matches!(target, Target::Missing));
        if let Some(found) = called.and_then(|target| self.workspace.resolve(self.document, target))
        {
            let mut outputs: Vec<usize> = found
                .scope()
                .into_iter()
                .flat_map(|scope| scope.outputs.values().copied())
                .collect();
            outputs.sort_unstable();
            for output in outputs {
                self.symbol(&found.document, output, Kind::PROPERTY);
            }
        }
        if with_common {
            self.lines(docs::OF_A_TASK, Kind::PROPERTY);
        }
    }
}
