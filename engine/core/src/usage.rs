//! What pods had of each resource, summed up: for the nodes around them and the workflow. Source: Argo's `resourcesDuration`.

use crate::NodeIx;
use crate::run::Run;
use std::collections::BTreeMap;
use tiphys_spec::NodeType;

/// Seconds by resource, in Argo's units.
pub(crate) type Used = BTreeMap<String, i64>;

fn add(sum: &mut Used, used: &Used) {
    for (resource, seconds) in used {
        let sum = sum.entry(resource.clone()).or_default();
        *sum = sum.saturating_add(*seconds);
    }
}

impl Run {
    /// A node has ended: it has what was within it, and counts for what it is within.
    pub(crate) fn sum_up(&mut self, ix: NodeIx) {
        let sum = match self.node(ix).r#type {
            Some(NodeType::Steps | NodeType::Dag) => std::mem::take(&mut self.at_mut(ix).used),
            // What only groups others has them for children.
            Some(NodeType::Retry | NodeType::StepGroup | NodeType::TaskGroup) => {
                let mut sum = Used::new();
                for id in &self.node(ix).children {
                    if let Some(child) = self.find_id(id) {
                        add(&mut sum, &self.node(child).resources_duration);
                    }
                }
                sum
            }
            _ => return self.count_usage(ix),
        };
        if self.node(ix).resources_duration != sum {
            self.edit(ix).resources_duration = sum;
        }
        self.count_usage(ix);
    }

    /// Adds what a node that has ended had to what it is within; each pod counts once at each level.
    pub(crate) fn count_usage(&mut self, ix: NodeIx) {
        let node = self.node(ix);
        let (kind, used) = (node.r#type, &node.resources_duration);
        let groups = [NodeType::Retry, NodeType::StepGroup, NodeType::TaskGroup];
        if used.is_empty() || kind.is_some_and(|kind| groups.contains(&kind)) {
            return;
        }
        let used = used.clone();
        if kind == Some(NodeType::Pod) {
            add(&mut self.flow.used, &used);
        }
        let boundary = self.node(ix).boundary_id.as_deref();
        if let Some(boundary) = boundary.and_then(|id| self.find_id(id)) {
            add(&mut self.at_mut(boundary).used, &used);
        }
    }
}
