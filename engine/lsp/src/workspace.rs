//! All files that an editor has open, and those of its folders.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use lsp_types::TextDocumentContentChangeEvent;
use tiphys_graph::{Kinds, Library};
use tiphys_spec::Kind;

use crate::document::{Document, Notation};
use crate::text::{Encoding, Text};

/// Cheap to clone: a snapshot for whoever works on it meanwhile.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    pub encoding: Encoding,
    documents: BTreeMap<String, Arc<Document>>,
    /// What there is without any file: the template kinds that plug-ins provide.
    base: Library,
    library: Arc<OnceLock<Library>>,
}

impl Workspace {
    #[must_use]
    pub fn new(encoding: Encoding) -> Workspace {
        Workspace {
            encoding,
            ..Workspace::default()
        }
    }

    /// Checks templates of these kinds too.
    pub fn know(&mut self, kinds: Arc<dyn Kinds>) {
        self.base.kinds = kinds;
        self.library = Arc::default();
    }

    #[must_use]
    pub fn get(&self, uri: &str) -> Option<&Arc<Document>> {
        self.documents.get(uri)
    }

    pub fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.documents.values()
    }

    fn put(&mut self, document: Document) {
        self.library = Arc::default();
        self.documents
            .insert(document.uri.clone(), Arc::new(document));
    }

    /// An editor opens a file. What is none of ours is left alone.
    pub fn open(&mut self, uri: &str, language: &str, version: i32, text: &str) {
        let notation = if language == "flow" {
            Some(Notation::Flow)
        } else {
            Notation::of(uri)
        };
        let notation = notation.or((language == "yaml").then_some(Notation::Yaml));
        if let Some(notation) = notation {
            self.put(Document::new(
                uri,
                notation,
                Text::new(text),
                Some(version),
                true,
            ));
        }
    }

    pub fn change(&mut self, uri: &str, version: i32, changes: &[TextDocumentContentChangeEvent]) {
        let Some(document) = self.documents.get(uri) else {
            return;
        };
        let text = changes.iter().fold(document.text.clone(), |text, change| {
            text.changed(change, self.encoding)
        });
        let changed = Document::new(uri, document.notation, text, Some(version), true);
        self.put(changed);
    }

    /// An editor closes a file: it is as it is on the disk, if there.
    pub fn close(&mut self, uri: &str, on_disk: Option<&[u8]>) {
        self.documents.remove(uri);
        self.library = Arc::default();
        if let Some(bytes) = on_disk {
            self.found(uri, bytes);
        }
    }

    /// A file of the folder, as it is on the disk.
    pub fn found(&mut self, uri: &str, bytes: &[u8]) {
        let is_open = self
            .documents
            .get(uri)
            .is_some_and(|document| document.open);
        let Some(notation) = Notation::of(uri).filter(|_| !is_open) else {
            return;
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        let document = Document::new(uri, notation, Text::new(text), None, false);
        if document.concerns_us() {
            self.put(document);
        }
    }

    /// A file of the folder is gone.
    pub fn lost(&mut self, uri: &str) {
        if self
            .documents
            .get(uri)
            .is_some_and(|document| !document.open)
        {
            self.documents.remove(uri);
            self.library = Arc::default();
        }
    }

    /// Works out beforehand what answers need, so that none waits for it.
    pub fn warm(&self) {
        for document in self
            .documents
            .values()
            .filter(|document| document.concerns_us())
        {
            document.index();
        }
    }

    /// What all files offer to each other.
    pub fn library(&self) -> &Library {
        self.library.get_or_init(|| {
            let mut library = self.base.clone();
            for document in self
                .documents
                .values()
                .filter(|document| document.concerns_us())
            {
                let read = document.read();
                let shared = |kind: &Kind| {
                    matches!(
                        kind,
                        Kind::WorkflowTemplate | Kind::ClusterWorkflowTemplate | Kind::ConfigMap
                    )
                };
                for object in read.objects.iter().filter(|object| shared(&object.kind)) {
                    library.add(object, &read.source);
                }
            }
            library
        })
    }
}
