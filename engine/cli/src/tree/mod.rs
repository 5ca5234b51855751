//! The nodes of a run as a tree: which become rows, in which order, and what is drawn before each. Pure.
//!
//! What a reader should not be bothered with is left out: step groups only indent, groups of loop items are not rows, a retry
//! with one attempt is that attempt, and omitted nodes show on demand only.

mod columns;
mod shape;

use std::collections::{BTreeMap, HashSet};

use tiphys_spec::{NodePhase, NodeStatus};

pub use columns::{Columns, Facts, lines, pod_name};
use shape::{Block, Shape};

/// How a tree is drawn.
pub struct Look<'a> {
    pub utf8: bool,
    /// Omitted nodes too.
    pub omitted: bool,
    /// Which nodes are shown; those above a shown one always are.
    pub keep: &'a dyn Fn(&NodeStatus) -> bool,
}

/// A node in its place.
pub struct Row<'a> {
    /// What is drawn before it.
    pub lead: String,
    pub node: &'a NodeStatus,
}

/// Every node that can be a row, as the trees have them from top to bottom.
pub fn in_order<'a>(
    workflow: &str,
    nodes: &'a BTreeMap<String, NodeStatus>,
) -> Vec<&'a NodeStatus> {
    let look = Look {
        utf8: true,
        omitted: true,
        keep: &|_| true,
    };
    let trees = rows(workflow, nodes, &look);
    trees.into_iter().flatten().map(|row| row.node).collect()
}

/// The rows of the trees of a run: its own, then those of its hooks, its exit handler last.
pub fn rows<'a>(
    workflow: &str,
    nodes: &'a BTreeMap<String, NodeStatus>,
    look: &Look<'_>,
) -> Vec<Vec<Row<'a>>> {
    let shape = Shape::of(nodes);
    let is_root = |node: &&NodeStatus| node.name == workflow;
    let hook = format!("{workflow}.hooks.");
    let exit = format!("{workflow}.onExit");
    let mut roots: Vec<&NodeStatus> = nodes.values().filter(is_root).collect();
    let mut hooks: Vec<&NodeStatus> = nodes
        .values()
        .filter(|node| node.boundary_id.is_none() && node.name.starts_with(&hook))
        .collect();
    hooks.retain(|node| !shape.is_attempt(node));
    shape::sort(&mut hooks);
    roots.extend(hooks);
    roots.extend(nodes.values().filter(|node| node.name == exit));
    let draw = |root: &'a NodeStatus| {
        let mut drawing = Drawing {
            shape: &shape,
            look,
            shown: HashSet::new(),
            rows: Vec::new(),
        };
        if drawing.mark(root, 0) {
            drawing.node(root, " ".to_owned(), " ");
        }
        drawing.rows
    };
    roots
        .into_iter()
        .map(draw)
        .filter(|rows| !rows.is_empty())
        .collect()
}

/// How deep a tree is drawn; records that are their own ancestors end here too.
const MAX_DEPTH: usize = 200;

struct Drawing<'s, 'a> {
    shape: &'s Shape<'a>,
    look: &'s Look<'s>,
    /// IDs of the nodes that become rows.
    shown: HashSet<&'a str>,
    rows: Vec<Row<'a>>,
}

impl<'a> Drawing<'_, 'a> {
    /// Finds the nodes to show from here on down: those that are wanted and those above them.
    fn mark(&mut self, node: &'a NodeStatus, depth: usize) -> bool {
        let node = self.shape.stand_in(node);
        if depth > MAX_DEPTH || self.shown.contains(node.id.as_str()) {
            return false;
        }
        let mut wanted =
            (self.look.keep)(node) && (self.look.omitted || node.phase != Some(NodePhase::Omitted));
        for child in self.shape.blocks(node).iter().flat_map(Block::nodes) {
            wanted |= self.mark(child, depth + 1);
        }
        if wanted {
            self.shown.insert(&node.id);
        }
        wanted
    }

    fn shows(&self, node: &'a NodeStatus) -> bool {
        self.shown.contains(self.shape.stand_in(node).id.as_str())
    }

    fn node(&mut self, node: &'a NodeStatus, lead: String, below: &str) {
        let node = self.shape.stand_in(node);
        // Once drawn, never again: this ends any circle.
        if self.shown.remove(node.id.as_str()) {
            self.rows.push(Row {
                lead: self.glyphs(lead),
                node,
            });
            self.blocks(&self.shape.blocks(node), below);
        }
    }

    fn blocks(&mut self, blocks: &[Block<'a>], below: &str) {
        let shown: Vec<Block<'a>> = blocks
            .iter()
            .map(|block| block.filtered(|node| self.shows(node)))
            .filter(|block| !block.is_empty())
            .collect();
        for (position, block) in shown.iter().enumerate() {
            let last = position + 1 == shown.len();
            let (tee, bar) = if last { ("└", " ") } else { ("├", "│") };
            match block {
                Block::One(node) => {
                    self.node(node, format!("{below}{tee}─ "), &format!("{below}{bar}  "));
                }
                Block::Group(nodes) if nodes.len() == 1 => {
                    self.node(
                        nodes[0],
                        format!("{below}{tee}─── "),
                        &format!("{below}{bar}    "),
                    );
                }
                Block::Group(nodes) => {
                    for (index, node) in nodes.iter().enumerate() {
                        let end = index + 1 == nodes.len();
                        let (outer, inner) = if index == 0 {
                            (format!("{tee}─"), "┬")
                        } else {
                            (format!("{bar} "), if end { "└" } else { "├" })
                        };
                        let stem = if end { " " } else { "│" };
                        self.node(
                            node,
                            format!("{below}{outer}{inner}─ "),
                            &format!("{below}{bar} {stem}  "),
                        );
                    }
                }
            }
        }
    }

    fn glyphs(&self, lead: String) -> String {
        if self.look.utf8 {
            return lead;
        }
        lead.chars()
            .map(|c| match c {
                '├' => '+',
                '└' => '`',
                '│' => '|',
                '─' | '┬' => '-',
                other => other,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
