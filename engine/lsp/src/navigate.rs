//! Where names are given, and where they are used.

use std::ops::Range;
use std::sync::Arc;

use lsp_types::{DocumentHighlight, Location, Position};
use tiphys_dsl::index::Target;

use crate::document::Document;
use crate::names::Found;
use crate::workspace::Workspace;

impl Workspace {
    pub(crate) fn location(&self, document: &Document, range: &Range<usize>) -> Option<Location> {
        Some(Location {
            uri: document.uri.parse().ok()?,
            range: document.text.range(range, self.encoding),
        })
    }

    /// What stands at a position, and what it means.
    pub(crate) fn at(
        &self,
        uri: &str,
        position: Position,
    ) -> Option<(&Arc<Document>, Range<usize>, Target)> {
        let document = self.get(uri).filter(|document| document.concerns_us())?;
        let offset = document.text.offset(position, self.encoding);
        let (range, target) = document.index().at(offset)?;
        Some((document, range, target))
    }

    pub(crate) fn found_at(&self, uri: &str, position: Position) -> Option<Found> {
        let (document, _, target) = self.at(uri, position)?;
        self.resolve(document, &target)
    }

    #[must_use]
    pub fn definition(&self, uri: &str, position: Position) -> Option<Location> {
        let found = self.found_at(uri, position)?;
        self.location(&found.document, &found.symbol().at)
    }

    #[must_use]
    pub fn references(
        &self,
        uri: &str,
        position: Position,
        with_definition: bool,
    ) -> Vec<Location> {
        let Some(found) = self.found_at(uri, position) else {
            return Vec::new();
        };
        let definition =
            with_definition.then(|| (Arc::clone(&found.document), found.symbol().at.clone()));
        let mut places: Vec<_> = definition.into_iter().chain(self.uses(&found)).collect();
        places.sort_by(|a, b| (&a.0.uri, a.1.start).cmp(&(&b.0.uri, b.1.start)));
        places.dedup_by(|a, b| a.0.uri == b.0.uri && a.1 == b.1);
        places
            .iter()
            .filter_map(|(document, range)| self.location(document, range))
            .collect()
    }

    /// The same name in the same file.
    #[must_use]
    pub fn highlights(&self, uri: &str, position: Position) -> Vec<DocumentHighlight> {
        let here = self
            .references(uri, position, true)
            .into_iter()
            .filter(|place| place.uri.as_str() == uri);
        here.map(|place| DocumentHighlight {
            range: place.range,
            kind: None,
        })
        .collect()
    }
}
