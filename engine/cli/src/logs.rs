//! Logs of the containers of a run: read from their files, followed while they grow.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tiphys_local::RunFolder;
use tiphys_spec::{NodeStatus, NodeType};

use crate::{style, view};

/// A log that is read as it grows.
#[derive(Default)]
pub struct Tail {
    at: u64,
    /// The start of a line whose end has not come.
    rest: Vec<u8>,
}

impl Tail {
    /// The lines that have come since the last call; `all`: also one that has no end yet.
    pub fn read(&mut self, path: &Path, all: bool) -> Vec<String> {
        let mut read = || -> std::io::Result<()> {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(self.at))?;
            self.at += file.read_to_end(&mut self.rest)? as u64;
            Ok(())
        };
        // A log that is not there yet, or not any more, has no new lines.
        if read().is_err() {
            return Vec::new();
        }
        let end = if all {
            self.rest.len()
        } else {
            self.rest
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |newline| newline + 1)
        };
        let lines: Vec<u8> = self.rest.drain(..end).collect();
        if lines.is_empty() {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&lines);
        text.strip_suffix('\n')
            .unwrap_or(&text)
            .split('\n')
            .map(visible)
            .collect()
    }
}

/// A line as it can be shown: colours stay, whatever else would move the cursor goes.
pub fn visible(line: &str) -> String {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let line = line.rsplit('\r').next().unwrap_or(line);
    if !line.chars().any(|c| c.is_control() && c != '\t') {
        return line.to_owned();
    }
    let mut shown = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    let mut colored = false;
    while let Some(c) = chars.next() {
        match c {
            '\x1b' if chars.peek() == Some(&'[') => {
                chars.next();
                let mut code = String::new();
                for c in chars.by_ref() {
                    code.push(c);
                    if c.is_ascii_alphabetic() || code.len() > 32 {
                        break;
                    }
                }
                if code.ends_with('m') {
                    colored = true;
                    shown.push_str(&format!("\x1b[{code}"));
                }
            }
            '\t' => shown.push('\t'),
            c if c.is_control() => {}
            c => shown.push(c),
        }
    }
    if colored {
        shown.push_str("\x1b[0m");
    }
    shown
}

/// Whether a node has a log of its own: pods, and calls of plug-ins.
pub fn writes(node: &NodeStatus) -> bool {
    matches!(
        node.r#type,
        Some(NodeType::Pod | NodeType::Http | NodeType::Plugin)
    )
}

/// Follows the logs of all nodes of a run.
pub struct Follower {
    folder: RunFolder,
    open: HashMap<PathBuf, Tail>,
    /// Nodes that had ended when their logs were last read.
    done: HashSet<String>,
}

impl Follower {
    pub fn new(folder: &RunFolder) -> Follower {
        Follower {
            folder: folder.clone(),
            open: HashMap::new(),
            done: HashSet::new(),
        }
    }

    /// The lines that have come, each with its node's name before it.
    pub fn poll(&mut self, workflow: &str, nodes: &BTreeMap<String, NodeStatus>) -> Vec<String> {
        let mut lines = Vec::new();
        for node in nodes.values().filter(|node| writes(node)) {
            if self.done.contains(&node.id) || node.phase == Some(tiphys_spec::NodePhase::Pending) {
                continue;
            }
            let ended = node.phase.is_some_and(|phase| phase.terminal());
            for log in self.folder.logs(&node.id) {
                let tail = self.open.entry(log.path.clone()).or_default();
                let prefix = prefix(view::path(workflow, &node.name), &log.container);
                lines.extend(
                    tail.read(&log.path, ended)
                        .into_iter()
                        .map(|line| format!("{prefix}: {line}")),
                );
            }
            if ended {
                self.done.insert(node.id.clone());
            }
        }
        lines
    }
}

/// What stands before each line, in the colour of its node.
pub fn prefix(name: &str, container: &str) -> String {
    let name = if container == "main" {
        name.to_owned()
    } else {
        format!("{name}/{container}")
    };
    style::paint(style::of_name(&name), name)
}

/// The last lines of a node's main container.
pub fn last(folder: &RunFolder, node: &str, count: usize) -> Vec<String> {
    let log = folder
        .logs(node)
        .into_iter()
        .rfind(|log| log.container == "main");
    let lines = log
        .map(|log| Tail::default().read(&log.path, true))
        .unwrap_or_default();
    lines[lines.len().saturating_sub(count)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_pass() {
        assert_eq!(visible("a\x1b[2Jb\x1b[31mc\x07"), "ab\x1b[31mc\x1b[0m");
        assert_eq!(visible("10%\r50%\r"), "50%");
        assert_eq!(visible("plain\ttext"), "plain\ttext");
    }

    #[test]
    fn a_line_comes_when_its_end_has_come() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let mut tail = Tail::default();
        std::fs::write(&path, "one\ntw").unwrap();
        assert_eq!(tail.read(path.path(), false), ["one"]);
        std::fs::write(&path, "one\ntwo\n\nthree").unwrap();
        assert_eq!(tail.read(path.path(), false), ["two", ""]);
        assert_eq!(tail.read(path.path(), true), ["three"]);
        assert!(tail.read(Path::new("/nowhere"), true).is_empty());
    }
}
