//! What things are, in a few lines.

use std::ops::Range;
use std::sync::Arc;

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};
use tiphys_dsl::index::{Place, Spot, SymbolKind, Target, docs};

use crate::document::{Document, Notation};
use crate::names::{Found, called};
use crate::workspace::Workspace;
use crate::yaml;

impl Workspace {
    #[must_use]
    pub fn hover(&self, uri: &str, position: Position) -> Option<Hover> {
        let document = self.get(uri).filter(|document| document.concerns_us())?;
        let offset = document.text.offset(position, self.encoding);
        let (range, text) = self
            .name(document, offset)
            .or_else(|| word(document, offset))?;
        let contents = HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: text,
        });
        Some(Hover {
            contents,
            range: Some(document.text.range(&range, self.encoding)),
        })
    }

    fn name(&self, document: &Arc<Document>, offset: usize) -> Option<(Range<usize>, String)> {
        let (range, target) = document.index().at(offset)?;
        let text = match &target {
            Target::Known(path) => {
                let name = path
                    .trim_start_matches("task.")
                    .trim_start_matches("result.");
                format!("`{name}`\n\n{}", docs::known(path)?)
            }
            target => self.told(&self.resolve(document, target)?, document),
        };
        Some((range, text))
    }

    /// How it is written, what it is, and what its author says of it.
    pub(crate) fn told(&self, found: &Found, from: &Document) -> String {
        let symbol = found.symbol();
        let mut text = format!("```flow\n{}\n```\n", symbol.detail);
        let owner = symbol
            .owner
            .map(|owner| &found.document.index().symbols[owner])
            .filter(|owner| !owner.name.is_empty());
        text.push_str(&match owner {
            Some(owner) => format!(
                "{} of {} `{}`",
                called(symbol.kind),
                called(owner.kind),
                owner.name
            ),
            None => called(symbol.kind).to_owned(),
        });
        if found.document.uri != from.uri {
            text.push_str(&format!(" in {}", found.document.name()));
        }
        if !symbol.doc.is_empty() {
            text.push_str(&format!("\n\n{}", symbol.doc));
        }
        if symbol.kind == SymbolKind::Task
            && let Some(called) = found
                .document
                .index()
                .calls
                .get(&found.symbol)
                .and_then(|target| self.resolve(&found.document, target))
        {
            text.push_str(&format!("\n\n```flow\n{}\n```", called.symbol().detail));
        }
        text.push_str(&gives(self, found));
        text
    }
}

/// The outputs of a template, or of what a task calls.
fn gives(workspace: &Workspace, found: &Found) -> String {
    let called = match found.symbol().kind {
        SymbolKind::Template => Some(found.clone()),
        SymbolKind::Task => found
            .document
            .index()
            .calls
            .get(&found.symbol)
            .and_then(|target| workspace.resolve(&found.document, target)),
        _ => None,
    };
    let Some(template) = called else {
        return String::new();
    };
    let outputs = template
        .scope()
        .into_iter()
        .flat_map(|scope| scope.outputs.values());
    let mut lines: Vec<&str> = outputs
        .map(|output| template.document.index().symbols[*output].detail.as_str())
        .collect();
    lines.sort_unstable();
    if lines.is_empty() {
        String::new()
    } else {
        format!("\n\n```flow\n{}\n```", lines.join("\n"))
    }
}

/// The word of the language, or the field, at a place.
fn word(document: &Document, offset: usize) -> Option<(Range<usize>, String)> {
    if document.notation == Notation::Yaml {
        let (key, range) = yaml::key_at(document.read(), offset)?;
        let line = docs::field(&key)?;
        return Some((range, format!("`{key}`\n\n{line}")));
    }
    let text = &document.text.text;
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let end = offset
        + text
            .get(offset..)?
            .find(|c| !letter(c))
            .unwrap_or(text.len() - offset);
    let (place, spot, range) = document.outline().at(end);
    let written = &text[range.clone()];
    if written.is_empty() {
        return None;
    }
    let line = match (&spot, &place) {
        (Spot::Statement, Place::Fields(_)) => docs::field(written),
        (Spot::Statement, Place::File) => docs::line(docs::BLOCKS, written),
        (Spot::Statement, _) => docs::word(written).or_else(|| docs::field(written)),
        (Spot::Type, _) => docs::line(docs::TYPES, written),
        (Spot::Source, _) => docs::line(docs::SOURCES, written),
        _ => docs::line(docs::WORDS, written)
            .filter(|_| matches!(spot, Spot::Modifier | Spot::Nothing)),
    };
    let line = line.filter(|line| !line.is_empty())?;
    Some((range, format!("`{written}`\n\n{line}")))
}
