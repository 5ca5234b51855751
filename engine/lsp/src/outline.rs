//! The names of a file as a tree.

use std::collections::HashMap;

use lsp_types::{DocumentSymbol, SymbolKind as Icon};
use tiphys_dsl::index::{Symbol, SymbolKind};

use crate::document::Document;
use crate::workspace::Workspace;

impl Workspace {
    #[must_use]
    pub fn symbols(&self, uri: &str) -> Vec<DocumentSymbol> {
        let Some(document) = self.get(uri).filter(|document| document.concerns_us()) else {
            return Vec::new();
        };
        let mut inside: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
        let symbols = &document.index().symbols;
        for (at, symbol) in symbols.iter().enumerate() {
            if is_shown(symbols, symbol) {
                inside.entry(symbol.owner).or_default().push(at);
            }
        }
        self.tree(document, None, &inside, 0)
    }

    fn tree(
        &self,
        document: &Document,
        owner: Option<usize>,
        inside: &HashMap<Option<usize>, Vec<usize>>,
        depth: usize,
    ) -> Vec<DocumentSymbol> {
        // Owners come before what they own; the bound is for indexes that say otherwise.
        if depth > 8 {
            return Vec::new();
        }
        let symbols = &document.index().symbols;
        let children = inside.get(&owner).into_iter().flatten();
        let shown = children.map(|&at| {
            let symbol = &symbols[at];
            let below = self.tree(document, Some(at), inside, depth + 1);
            self.entry(document, symbol, below)
        });
        shown.collect()
    }

    fn entry(
        &self,
        document: &Document,
        symbol: &Symbol,
        children: Vec<DocumentSymbol>,
    ) -> DocumentSymbol {
        let icon = match symbol.kind {
            SymbolKind::Workflow | SymbolKind::Cron => Icon::CLASS,
            SymbolKind::Library | SymbolKind::ClusterLibrary => Icon::MODULE,
            SymbolKind::Object => Icon::OBJECT,
            SymbolKind::Template => Icon::FUNCTION,
            SymbolKind::Parameter | SymbolKind::Item => Icon::VARIABLE,
            SymbolKind::Artifact | SymbolKind::OutArtifact | SymbolKind::Volume => Icon::FILE,
            SymbolKind::OutParameter => Icon::PROPERTY,
            SymbolKind::Task => Icon::EVENT,
        };
        let first = symbol.detail.split_whitespace().next().unwrap_or("?");
        let name = if symbol.name.is_empty() {
            first
        } else {
            &symbol.name
        };
        // Names stand inside of what they name, or an editor refuses them.
        let whole = symbol.whole.start.min(symbol.at.start)..symbol.whole.end.max(symbol.at.end);
        #[allow(deprecated)]
        DocumentSymbol {
            name: name.to_owned(),
            detail: brief(symbol),
            kind: icon,
            tags: None,
            deprecated: None,
            range: document.text.range(&whole, self.encoding),
            selection_range: document.text.range(&symbol.at, self.encoding),
            children: (!children.is_empty()).then_some(children),
        }
    }
}

/// Inputs of templates are left out, as an outline of a program leaves them out of its functions.
fn is_shown(symbols: &[Symbol], symbol: &Symbol) -> bool {
    match symbol.kind {
        SymbolKind::Item => false,
        SymbolKind::Parameter | SymbolKind::Artifact => {
            let owner = symbol.owner.map(|owner| symbols[owner].kind);
            owner != Some(SymbolKind::Template)
        }
        _ => true,
    }
}

/// The kind of a template, what a task calls.
fn brief(symbol: &Symbol) -> Option<String> {
    let detail = symbol.detail.as_str();
    let text = match symbol.kind {
        SymbolKind::Template => detail.split_whitespace().next()?,
        SymbolKind::Task => {
            let called = detail.split_once("= ").map_or(detail, |(_, called)| called);
            called.split('(').next()?
        }
        SymbolKind::Parameter => detail.split_once(": ")?.1,
        _ => return None,
    };
    Some(text.to_owned())
}
