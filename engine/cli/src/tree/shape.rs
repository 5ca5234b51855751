//! What is below what: node records name their boundary; attempts and step groups are found by their names.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use tiphys_spec::{NodeStatus, NodeType};

/// Siblings that are drawn alike.
pub enum Block<'a> {
    /// A task, an attempt, a container, a hook.
    One(&'a NodeStatus),
    /// The steps of one group.
    Group(Vec<&'a NodeStatus>),
}

impl<'a> Block<'a> {
    pub fn filtered(&self, shows: impl Fn(&'a NodeStatus) -> bool) -> Block<'a> {
        match self {
            Block::One(node) if shows(node) => Block::One(node),
            Block::One(_) => Block::Group(Vec::new()),
            Block::Group(nodes) => {
                Block::Group(nodes.iter().copied().filter(|node| shows(node)).collect())
            }
        }
    }

    pub fn nodes(&self) -> &[&'a NodeStatus] {
        match self {
            Block::One(node) => std::slice::from_ref(node),
            Block::Group(nodes) => nodes,
        }
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Block::Group(nodes) if nodes.is_empty())
    }
}

pub struct Shape<'a> {
    members: HashMap<&'a str, Vec<&'a NodeStatus>>,
    attempts: HashMap<&'a str, Vec<&'a NodeStatus>>,
    attempt: HashSet<&'a str>,
}

impl<'a> Shape<'a> {
    pub fn of(nodes: &'a BTreeMap<String, NodeStatus>) -> Shape<'a> {
        let mut shape = Shape {
            members: HashMap::new(),
            attempts: HashMap::new(),
            attempt: HashSet::new(),
        };
        let retries = nodes
            .values()
            .filter(|node| node.r#type == Some(NodeType::Retry));
        let retries: HashMap<&str, &NodeStatus> =
            retries.map(|retry| (retry.name.as_str(), retry)).collect();
        for node in nodes.values() {
            if let Some(retry) = retried(&node.name).and_then(|name| retries.get(name)) {
                shape.attempt.insert(&node.id);
                shape.attempts.entry(&retry.id).or_default().push(node);
            }
        }
        shape
            .attempts
            .values_mut()
            .for_each(|attempts| attempts.sort_by_key(|node| (started(node), index(&node.name))));
        for node in nodes
            .values()
            .filter(|node| !shape.attempt.contains(node.id.as_str()))
        {
            if let Some(boundary) = node
                .boundary_id
                .as_deref()
                .filter(|boundary| *boundary != node.id)
            {
                shape.members.entry(boundary).or_default().push(node);
            }
        }
        shape
    }

    pub fn is_attempt(&self, node: &NodeStatus) -> bool {
        self.attempt.contains(node.id.as_str())
    }

    /// The node itself, or the only attempt of a retry.
    pub fn stand_in(&self, node: &'a NodeStatus) -> &'a NodeStatus {
        match self.attempts.get(node.id.as_str()).map(Vec::as_slice) {
            Some([only]) => only,
            _ => node,
        }
    }

    /// What hangs below a node, in order.
    pub fn blocks(&self, node: &'a NodeStatus) -> Vec<Block<'a>> {
        let mut blocks: Vec<Block<'a>> = self
            .attempts
            .get(node.id.as_str())
            .into_iter()
            .flatten()
            .map(|node| Block::One(node))
            .collect();
        let (mut groups, mut others) = (BTreeMap::<usize, Vec<&'a NodeStatus>>::new(), Vec::new());
        for member in self.members.get(node.id.as_str()).into_iter().flatten() {
            match member.r#type {
                Some(NodeType::StepGroup | NodeType::TaskGroup) => {}
                _ => match group(member, node) {
                    Some(group) => groups.entry(group).or_default().push(member),
                    None => others.push(*member),
                },
            }
        }
        sort(&mut others);
        blocks.extend(groups.into_values().map(|mut nodes| {
            sort(&mut nodes);
            Block::Group(nodes)
        }));
        blocks.extend(others.into_iter().map(Block::One));
        blocks
    }
}

/// The name of the node that an attempt of this name is of: `name(0)`.
fn retried(attempt: &str) -> Option<&str> {
    let (name, number) = attempt.strip_suffix(')')?.rsplit_once('(')?;
    number.parse::<u64>().is_ok().then_some(name)
}

/// The number of the step group that a node of a steps template is in.
fn group(member: &NodeStatus, steps: &NodeStatus) -> Option<usize> {
    if steps.r#type != Some(NodeType::Steps) {
        return None;
    }
    let tail = member
        .name
        .strip_prefix(steps.name.as_str())?
        .strip_prefix('[')?;
    tail.split_once(']')?.0.parse().ok()
}

fn started(node: &NodeStatus) -> Option<Timestamp> {
    node.started_at.as_ref().map(|time| time.0)
}

/// The number of a loop item or attempt: `name(3:value)`, `name(3)`.
fn index(name: &str) -> Option<u64> {
    let inside = name.rfind('(').map(|open| &name[open + 1..]);
    let first = name.find('(').map(|open| &name[open + 1..]);
    [first, inside].into_iter().flatten().find_map(|text| {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text[..digits].parse().ok()
    })
}

/// By start, then the number in a loop, then the name.
pub fn sort(nodes: &mut [&NodeStatus]) {
    nodes.sort_by(|a, b| {
        let key = |node: &NodeStatus| (started(node), index(&node.display_name));
        (started(a).is_none(), key(a))
            .cmp(&(started(b).is_none(), key(b)))
            .then_with(|| a.display_name.cmp(&b.display_name))
    });
}
