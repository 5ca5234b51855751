//! What a name means, in whichever file that is.

use std::ops::Range;
use std::sync::Arc;

use tiphys_dsl::index::{Foreign, Scope, Symbol, SymbolKind, Target};

use crate::document::Document;
use crate::workspace::Workspace;

/// Something that a file defines.
#[derive(Clone)]
pub(crate) struct Found {
    pub document: Arc<Document>,
    pub symbol: usize,
}

impl Found {
    pub fn symbol(&self) -> &Symbol {
        &self.document.index().symbols[self.symbol]
    }

    /// The names of the template or object that it is.
    pub fn scope(&self) -> Option<&Scope> {
        self.document.index().scope_of(self.symbol)
    }
}

impl Workspace {
    pub(crate) fn resolve(&self, document: &Arc<Document>, target: &Target) -> Option<Found> {
        match target {
            Target::Symbol(symbol) => Some(Found {
                document: Arc::clone(document),
                symbol: *symbol,
            }),
            Target::Foreign(foreign) => self.find(document, foreign),
            Target::Known(_) | Target::Missing => None,
        }
    }

    /// What a library offers; a file means its own first.
    fn find(&self, document: &Arc<Document>, foreign: &Foreign) -> Option<Found> {
        let others = self.documents().filter(|other| other.uri != document.uri);
        std::iter::once(document)
            .chain(others)
            .filter(|document| document.concerns_us())
            .find_map(|document| {
                let symbol = document.index().find(foreign)?;
                Some(Found {
                    document: Arc::clone(document),
                    symbol,
                })
            })
    }

    /// Every place where something is used, in all files.
    pub(crate) fn uses(&self, found: &Found) -> Vec<(Arc<Document>, Range<usize>)> {
        let own = &found.document;
        let local = own
            .index()
            .uses
            .iter()
            .filter(|name| name.target == Target::Symbol(found.symbol));
        let mut uses: Vec<_> = local
            .map(|name| (Arc::clone(own), name.at.clone()))
            .collect();
        let Some(foreign) = own.index().foreign(found.symbol) else {
            return uses;
        };
        for document in self.documents().filter(|document| document.concerns_us()) {
            let index = document.index();
            let meant = index.uses.iter().filter(
                |name| matches!(&name.target, Target::Foreign(other) if same(other, &foreign)),
            );
            uses.extend(meant.map(|name| (Arc::clone(document), name.at.clone())));
        }
        uses
    }

    /// All libraries, each with its file and scope.
    pub(crate) fn libraries(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for document in self.documents().filter(|document| document.concerns_us()) {
            let objects = document
                .index()
                .objects
                .iter()
                .filter_map(|scope| scope.symbol);
            let libraries = objects.filter(|symbol| {
                let kind = document.index().symbols[*symbol].kind;
                matches!(kind, SymbolKind::Library | SymbolKind::ClusterLibrary)
            });
            found.extend(libraries.map(|symbol| Found {
                document: Arc::clone(document),
                symbol,
            }));
        }
        found
    }
}

/// The two name the same; whether an input is a parameter or an artifact is not always said where it is used.
fn same(a: &Foreign, b: &Foreign) -> bool {
    let gives =
        |kind: SymbolKind| matches!(kind, SymbolKind::OutParameter | SymbolKind::OutArtifact);
    let member = match (&a.member, &b.member) {
        (Some((a_kind, a)), Some((b_kind, b))) => a == b && gives(*a_kind) == gives(*b_kind),
        (None, None) => true,
        _ => false,
    };
    member && a.cluster == b.cluster && a.library == b.library && a.template == b.template
}

/// What a symbol is to a person.
pub(crate) fn called(kind: SymbolKind) -> &'static str {
    match kind {
        SymbolKind::Workflow => "workflow",
        SymbolKind::Library => "library",
        SymbolKind::ClusterLibrary => "cluster library",
        SymbolKind::Cron => "cron",
        SymbolKind::Object => "object",
        SymbolKind::Template => "template",
        SymbolKind::Parameter => "parameter",
        SymbolKind::Artifact => "artifact",
        SymbolKind::OutParameter => "output",
        SymbolKind::OutArtifact => "output artifact",
        SymbolKind::Task => "task",
        SymbolKind::Item => "item of the loop",
        SymbolKind::Volume => "volume",
    }
}
