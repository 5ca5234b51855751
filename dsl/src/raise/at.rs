//! A value of an object beside the tree it was read from: the one says what it is, the other where it stands.

use std::ops::Range;

use serde_json::{Map, Value};
use tiphys_spec::{Node, NodeKind};

#[derive(Clone, Copy)]
pub(super) struct At<'v> {
    pub value: &'v Value,
    pub node: Option<&'v Node>,
    /// Where the key begins, or the value where it has none.
    start: Option<usize>,
}

impl<'v> At<'v> {
    pub fn root(value: &'v Value, node: Option<&'v Node>) -> At<'v> {
        At {
            value,
            node,
            start: None,
        }
    }

    pub fn map(&self) -> Option<&'v Map<String, Value>> {
        self.value.as_object()
    }

    pub fn text(&self) -> Option<&'v str> {
        self.value.as_str()
    }

    pub fn get(&self, key: &str) -> Option<At<'v>> {
        let value = self.map()?.get(key)?;
        let entry = self.node.and_then(|node| node.entry(key));
        Some(At {
            value,
            node: entry.map(|entry| &entry.value),
            start: entry.map(|entry| entry.key_span.start.offset as usize),
        })
    }

    pub fn path(&self, path: &[&str]) -> Option<At<'v>> {
        path.iter().try_fold(*self, |at, key| at.get(key))
    }

    /// The text at `path`.
    pub fn text_at(&self, path: &[&str]) -> Option<&'v str> {
        self.path(path)?.text()
    }

    /// The entries of a map, as they were written; those without a place come last.
    pub fn entries(&self) -> Vec<(&'v str, At<'v>)> {
        let Some(map) = self.map() else {
            return Vec::new();
        };
        let mut entries: Vec<_> = map
            .keys()
            .filter_map(|key| Some((key.as_str(), self.get(key)?)))
            .collect();
        entries.sort_by_key(|(_, at)| at.start.unwrap_or(usize::MAX));
        entries
    }

    pub fn items(&self) -> Vec<At<'v>> {
        let Some(items) = self.value.as_array() else {
            return Vec::new();
        };
        let nodes = match self.node.map(|node| &node.kind) {
            Some(NodeKind::Seq(nodes)) if nodes.len() == items.len() => nodes.as_slice(),
            // One step where a list of one is meant.
            Some(NodeKind::Map(_)) if items.len() == 1 => {
                self.node.map(std::slice::from_ref).unwrap_or_default()
            }
            _ => &[],
        };
        let at = |(index, value)| {
            let node = nodes.get(index);
            At {
                value,
                node,
                start: node.map(|node| node.span.start.offset as usize),
            }
        };
        items.iter().enumerate().map(at).collect()
    }

    /// The fields are these and no others.
    pub fn only(&self, keys: &[&str]) -> bool {
        self.map()
            .is_some_and(|map| map.keys().all(|key| keys.contains(&key.as_str())))
    }

    /// Where it stands, its key included; nothing for what came in through an alias.
    pub fn range(&self) -> Option<Range<usize>> {
        let node = self.node?;
        let end = node
            .alias
            .as_deref()
            .map_or(node.span.end, |alias| alias.end)
            .offset as usize;
        let start = self.start.unwrap_or(node.span.start.offset as usize);
        Some(start..end.max(start + 1))
    }
}
