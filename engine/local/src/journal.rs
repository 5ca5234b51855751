//! The state of a run on disk: one line per decision, appended before what was decided is done.
//!
//! A line is in the kernel's hands when [`Journal::append`] returns. It outlives this process however that ends; it is not
//! forced to the disk, so a machine that loses its power may lose the last moments, and steps of those moments run again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tiphys_spec as spec;

use crate::Extra;
use crate::folder::FolderError;
use crate::node::without_children;

/// The state of a run as it was last written.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Nodes included.
    pub status: spec::WorkflowStatus,
    /// What the core keeps beside the status.
    pub extra: Extra,
}

/// One decision.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    nodes: Vec<spec::NodeStatus>,
    /// Children that came to a node's list; the list itself is not in `nodes` then.
    grown: FxHashMap<String, Vec<String>>,
    /// Fields of the status that changed; null where one went.
    status: Map<String, Value>,
    extra: Option<Extra>,
}

#[derive(Serialize)]
struct NewLine<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<Node<'a>>,
    #[serde(skip_serializing_if = "FxHashMap::is_empty")]
    grown: FxHashMap<&'a str, &'a [String]>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    status: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'a Extra>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Node<'a> {
    Whole(&'a spec::NodeStatus),
    Slim(Box<spec::NodeStatus>),
}

impl Stored {
    /// The last record of each node, and of all else. None: there is no journal, or nothing in it.
    pub(crate) fn read(path: &Path) -> Result<Option<Stored>, FolderError> {
        Ok(fold(path)?.map(|(stored, _)| stored))
    }
}

/// The state and the length of what is good.
fn fold(path: &Path) -> Result<Option<(Stored, u64)>, FolderError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FolderError::at(path, error)),
    };
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let (mut nodes, mut status, mut extra) = (
        std::collections::BTreeMap::new(),
        Map::new(),
        Extra::default(),
    );
    let (mut good, mut number, mut text) = (0, 0, Vec::new());
    loop {
        text.clear();
        let length = reader
            .read_until(b'\n', &mut text)
            .map_err(|error| FolderError::at(path, error))?;
        // What lacks its end was being written when the writer was killed: it was never acted upon.
        if length == 0 || text.last() != Some(&b'\n') {
            break;
        }
        number += 1;
        let line: Line = match serde_json::from_slice(&text) {
            Ok(line) => line,
            // After a loss of power the tail may hold anything.
            Err(_) if reader.by_ref().bytes().next().is_none() => break,
            Err(error) => {
                return Err(FolderError::Damaged {
                    path: path.to_owned(),
                    line: number,
                    reason: error.to_string(),
                });
            }
        };
        good += length as u64;
        merge(line, &mut nodes, &mut status, &mut extra);
    }
    if good == 0 {
        return Ok(None);
    }
    let damaged = |error: serde_json::Error| FolderError::Damaged {
        path: path.to_owned(),
        line: number,
        reason: error.to_string(),
    };
    let mut status: spec::WorkflowStatus =
        serde_json::from_value(Value::Object(status)).map_err(damaged)?;
    status.nodes = nodes;
    Ok(Some((Stored { status, extra }, good)))
}

fn merge(
    line: Line,
    nodes: &mut std::collections::BTreeMap<String, spec::NodeStatus>,
    status: &mut Map<String, Value>,
    extra: &mut Extra,
) {
    let mut grown = line.grown;
    for mut node in line.nodes {
        if let Some(new) = grown.remove(&node.id) {
            node.children = nodes
                .get_mut(&node.id)
                .map(|old| std::mem::take(&mut old.children))
                .unwrap_or_default();
            node.children.extend(new);
        }
        nodes.insert(node.id.clone(), node);
    }
    for (field, value) in line.status {
        if value.is_null() {
            status.remove(&field);
        } else {
            status.insert(field, value);
        }
    }
    if let Some(new) = line.extra {
        *extra = new;
    }
}

/// Lists of children up to this length are written whole with their node.
const SHORT: usize = 32;

/// A journal that is growing smaller than this is left alone.
const SMALL: u64 = 1 << 20;

/// The journal of a run, open for its one writer.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    /// Its length when it was last written anew.
    compact: u64,
    /// The length of each long list of children as written, and its last entry.
    children: FxHashMap<String, (usize, String)>,
    /// The status without nodes, as written.
    status: Map<String, Value>,
    extra: Extra,
}

impl Journal {
    /// Opens it, cutting off a torn end.
    pub(crate) fn open(path: &Path) -> Result<Journal, FolderError> {
        let (stored, length) = fold(path)?.unwrap_or_default();
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path);
        let file = file
            .and_then(|file| file.set_len(length).map(|()| file))
            .map_err(|error| FolderError::at(path, error))?;
        let mut journal = Journal {
            path: path.to_owned(),
            file,
            length,
            compact: SMALL,
            children: FxHashMap::default(),
            status: Map::new(),
            extra: Extra::default(),
        };
        journal.remember(&stored);
        Ok(journal)
    }

    fn remember(&mut self, stored: &Stored) {
        let long = stored
            .status
            .nodes
            .values()
            .filter(|node| node.children.len() > SHORT);
        self.children = long
            .filter_map(|node| {
                Some((
                    node.id.clone(),
                    (node.children.len(), node.children.last()?.clone()),
                ))
            })
            .collect();
        self.status = fields(&stored.status);
        self.extra = stored.extra.clone();
    }

    /// Writes what a decision changed. Nothing is written if nothing differs.
    pub(crate) fn append<'a>(
        &mut self,
        nodes: impl Iterator<Item = &'a spec::NodeStatus>,
        rest: Option<(&spec::WorkflowStatus, &Extra)>,
    ) -> Result<(), FolderError> {
        let mut line = NewLine {
            nodes: Vec::new(),
            grown: FxHashMap::default(),
            status: Map::new(),
            extra: None,
        };
        for node in nodes {
            match self.growth(node) {
                Some(new) => {
                    line.grown.insert(&node.id, new);
                    line.nodes
                        .push(Node::Slim(Box::new(without_children(node))));
                }
                None => line.nodes.push(Node::Whole(node)),
            }
        }
        let mut extra = None;
        if let Some((status, new)) = rest {
            line.status = self.difference(fields(status));
            extra = (*new != self.extra).then_some(new);
        }
        line.extra = extra;
        if line.nodes.is_empty() && line.status.is_empty() && line.extra.is_none() {
            return Ok(());
        }
        let mut bytes =
            serde_json::to_vec(&line).map_err(|error| FolderError::at(&self.path, error.into()))?;
        bytes.push(b'\n');
        self.file
            .write_all(&bytes)
            .map_err(|error| FolderError::at(&self.path, error))?;
        self.length += bytes.len() as u64;
        if let Some(extra) = extra {
            self.extra = extra.clone();
        }
        Ok(())
    }

    /// The new end of a long list of children, if the list has only grown.
    fn growth<'a>(&mut self, node: &'a spec::NodeStatus) -> Option<&'a [String]> {
        let Some(last) = node.children.last().filter(|_| node.children.len() > SHORT) else {
            self.children.remove(&node.id);
            return None;
        };
        let old = self
            .children
            .insert(node.id.clone(), (node.children.len(), last.clone()));
        let (length, end) = old?;
        (length <= node.children.len() && node.children[length - 1] == end)
            .then(|| &node.children[length..])
    }

    fn difference(&mut self, new: Map<String, Value>) -> Map<String, Value> {
        let mut difference = Map::new();
        for field in self.status.keys().filter(|field| !new.contains_key(*field)) {
            difference.insert(field.clone(), Value::Null);
        }
        for (field, value) in &new {
            if self.status.get(field) != Some(value) {
                difference.insert(field.clone(), value.clone());
            }
        }
        self.status = new;
        difference
    }

    /// Whether it has grown to several times its content.
    pub(crate) fn bloated(&self) -> bool {
        self.length > SMALL && self.length > self.compact.saturating_mul(4)
    }

    /// Writes it anew with nothing in it twice.
    pub(crate) fn compact(&mut self, stored: &Stored) -> Result<(), FolderError> {
        Journal::write(&self.path, stored)?;
        let file = OpenOptions::new().append(true).open(&self.path);
        self.file = file.map_err(|error| FolderError::at(&self.path, error))?;
        self.length = self
            .file
            .metadata()
            .map_err(|error| FolderError::at(&self.path, error))?
            .len();
        self.compact = self.length.max(SMALL);
        self.remember(stored);
        Ok(())
    }

    /// Replaces the journal by one with that content.
    pub(crate) fn write(path: &Path, stored: &Stored) -> Result<(), FolderError> {
        let line = NewLine {
            nodes: stored.status.nodes.values().map(Node::Whole).collect(),
            grown: FxHashMap::default(),
            status: fields(&stored.status),
            extra: Some(&stored.extra),
        };
        let written = || -> io::Result<()> {
            let mut bytes = serde_json::to_vec(&line)?;
            bytes.push(b'\n');
            let new = path.with_extension("new");
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(&bytes)?;
            file.sync_data()?;
            fs::rename(&new, path)
        };
        written().map_err(|error| FolderError::at(path, error))
    }
}

/// The status without its nodes, as JSON.
fn fields(status: &spec::WorkflowStatus) -> Map<String, Value> {
    let slim;
    let status = if status.nodes.is_empty() {
        status
    } else {
        slim = spec::WorkflowStatus {
            nodes: std::collections::BTreeMap::new(),
            ..status.clone()
        };
        &slim
    };
    match serde_json::to_value(status) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn node(id: &str, children: usize) -> spec::NodeStatus {
        let children = (0..children).map(|child| format!("{id}-{child}")).collect();
        spec::NodeStatus {
            id: id.to_owned(),
            name: id.to_owned(),
            children,
            ..spec::NodeStatus::default()
        }
    }

    fn status(message: Option<&str>) -> spec::WorkflowStatus {
        spec::WorkflowStatus {
            message: message.map(str::to_owned),
            ..spec::WorkflowStatus::default()
        }
    }

    #[test]
    fn the_last_record_of_each_node_counts_and_a_torn_end_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.log");
        assert!(Stored::read(&path).unwrap().is_none());
        let mut journal = Journal::open(&path).unwrap();
        journal
            .append(
                [&node("a", 1), &node("b", 0)].into_iter(),
                Some((&status(Some("m")), &Extra::default())),
            )
            .unwrap();
        journal
            .append(
                [&node("a", 2)].into_iter(),
                Some((
                    &status(None),
                    &Extra {
                        suspended: true,
                        ..Extra::default()
                    },
                )),
            )
            .unwrap();
        let length = fs::metadata(&path).unwrap().len();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"nodes\":[{\"id\":\"a\"").unwrap();
        for _ in 0..2 {
            let stored = Stored::read(&path).unwrap().unwrap();
            assert_eq!(stored.status.nodes["a"], node("a", 2));
            assert_eq!(stored.status.nodes["b"], node("b", 0));
            assert_eq!(
                (stored.status.message, stored.extra.suspended),
                (None, true)
            );
            drop(Journal::open(&path).unwrap());
            assert_eq!(fs::metadata(&path).unwrap().len(), length);
        }
    }

    #[test]
    fn damage_elsewhere_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.log");
        fs::write(&path, "{}\nnonsense\n{}\n").unwrap();
        assert!(
            Stored::read(&path)
                .unwrap_err()
                .to_string()
                .contains("line 2 is damaged")
        );
    }

    #[test]
    fn a_long_list_of_children_is_not_written_again_when_it_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.log");
        let mut journal = Journal::open(&path).unwrap();
        for children in 1..2000 {
            journal
                .append([&node("a", children)].into_iter(), None)
                .unwrap();
            if children % 500 == 0 {
                journal = Journal::open(&path).unwrap();
            }
        }
        assert!(
            fs::metadata(&path).unwrap().len() < 300_000,
            "{}",
            fs::metadata(&path).unwrap().len()
        );
        assert_eq!(
            Stored::read(&path).unwrap().unwrap().status.nodes["a"],
            node("a", 1999)
        );
        // Another list altogether is written whole.
        let mut other = node("a", 100);
        other.children.reverse();
        journal.append([&other].into_iter(), None).unwrap();
        assert_eq!(
            Stored::read(&path).unwrap().unwrap().status.nodes["a"],
            other
        );
    }

    #[test]
    fn what_is_there_many_times_over_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.log");
        let mut journal = Journal::open(&path).unwrap();
        let mut last = node("a", 0);
        let mut compacted = 0;
        for round in 0..60 {
            last.message = Some(format!("{round}{}", "x".repeat(100_000)));
            journal.append([&last].into_iter(), None).unwrap();
            if journal.bloated() {
                compacted += 1;
                let nodes = [("a".to_owned(), last.clone())].into();
                let stored = Stored {
                    status: spec::WorkflowStatus {
                        nodes,
                        ..status(None)
                    },
                    extra: Extra::default(),
                };
                journal.compact(&stored).unwrap();
            }
        }
        assert_eq!(compacted, 1);
        assert_eq!(
            Stored::read(&path).unwrap().unwrap().status.nodes["a"],
            last
        );
        assert!(fs::metadata(&path).unwrap().len() < 4 << 20);
    }
}
