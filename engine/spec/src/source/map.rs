//! A map while it is read: pairs keys with values, drops duplicates, folds in merge keys.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Entry, Node, NodeKind, Style};
use crate::diagnostic::{Diagnostic, Span};

/// Maps up to this long are searched key by key.
const SMALL: usize = 12;

#[derive(Default)]
pub(super) struct MapFrame {
    entries: Vec<Entry>,
    index: FxHashMap<Arc<str>, usize>,
    key: Option<Key>,
    merges: Vec<Node>,
    /// This map is `{{…}}`, text without its quotes.
    pub unquoted: bool,
}

enum Key {
    Named(Arc<str>, Span),
    Merge,
    /// Not a scalar: its value is dropped.
    Unusable,
}

impl MapFrame {
    /// Takes the next key or value, in turn. `tag`: this map's text starts with `{{`.
    pub fn push(
        &mut self,
        node: Node,
        keys: &mut FxHashSet<Arc<str>>,
        tag: bool,
        name: &Arc<str>,
    ) -> Option<Diagnostic> {
        match self.key.take() {
            None => self.key(node, keys, tag, name),
            Some(Key::Unusable) => None,
            Some(Key::Merge) => {
                self.merges.push(node);
                None
            }
            Some(Key::Named(key, span)) => self.entry(key, span, node, name),
        }
    }

    fn key(
        &mut self,
        node: Node,
        keys: &mut FxHashSet<Arc<str>>,
        tag: bool,
        name: &Arc<str>,
    ) -> Option<Diagnostic> {
        let span = node.alias.as_deref().map_or(node.span, |alias| *alias);
        let NodeKind::Scalar(scalar) = &node.kind else {
            self.key = Some(Key::Unusable);
            self.unquoted |= tag;
            return (!tag).then(|| {
                Diagnostic::error("unusable-key", name, "a list or map cannot be a key").at(span)
            });
        };
        if &*scalar.value == "<<" && scalar.style == Style::Plain {
            self.key = Some(Key::Merge);
            return None;
        }
        let key = keys.get(&*scalar.value).cloned().unwrap_or_else(|| {
            let key: Arc<str> = (&*scalar.value).into();
            keys.insert(Arc::clone(&key));
            key
        });
        self.key = Some(Key::Named(key, span));
        None
    }

    fn find(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= SMALL {
            return self.entries.iter().position(|entry| &*entry.key == key);
        }
        self.index.get(key).copied()
    }

    fn insert(&mut self, entry: Entry) {
        if self.entries.len() == SMALL {
            let known = self
                .entries
                .iter()
                .enumerate()
                .map(|(at, entry)| (Arc::clone(&entry.key), at));
            self.index = known.collect();
        }
        if self.entries.len() >= SMALL {
            self.index
                .insert(Arc::clone(&entry.key), self.entries.len());
        }
        self.entries.push(entry);
    }

    fn entry(
        &mut self,
        key: Arc<str>,
        key_span: Span,
        value: Node,
        name: &Arc<str>,
    ) -> Option<Diagnostic> {
        let Some(before) = self.find(&key) else {
            self.insert(Entry {
                key,
                key_span,
                value,
                merged: false,
            });
            return None;
        };
        let entry = &mut self.entries[before];
        let line = entry.key_span.start.line;
        let message =
            format!("the key `{key}` is set twice in this map: what line {line} says is lost");
        let fault = Diagnostic::warning("duplicate-key", name, message)
            .at(key_span)
            .help("put both under one key")
            .related(entry.key_span, "first set here");
        *entry = Entry {
            key,
            key_span,
            value,
            merged: false,
        };
        Some(fault)
    }

    /// The finished entries: what is written here wins over what is merged in, an earlier merge over a later one.
    pub fn close(mut self, name: &Arc<str>) -> (Vec<Entry>, Vec<Diagnostic>) {
        let mut faults = Vec::new();
        for merge in std::mem::take(&mut self.merges) {
            let sources = match merge.kind {
                NodeKind::Seq(items) => items,
                _ => vec![merge],
            };
            for source in sources {
                let NodeKind::Map(entries) = source.kind else {
                    let span = source.alias.as_deref().map_or(source.span, |alias| *alias);
                    faults.push(
                        Diagnostic::error("merge", name, "`<<` merges maps, and this is none")
                            .at(span),
                    );
                    continue;
                };
                for entry in entries {
                    if self.find(&entry.key).is_none() {
                        self.insert(Entry {
                            merged: true,
                            ..entry
                        });
                    }
                }
            }
        }
        (self.entries, faults)
    }
}
