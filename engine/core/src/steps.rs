//! Steps: groups one after another, the steps of a group side by side.

use crate::NodeIx;
use crate::frame::{Fault, Frame, Owner, Slot, SlotState, Start, StepsFrame};
use crate::render::Place;
use crate::work::{Engine, Work};
use tiphys_graph::plan::{Body, Call};
use tiphys_spec::{NodePhase, NodeType};

impl<'a> Engine<'a> {
    fn groups(&self, ix: NodeIx) -> &'a [Vec<Call>] {
        match self.body(ix) {
            Some(Body::Steps(groups)) => groups,
            _ => &[],
        }
    }

    pub fn open_steps(&mut self, ix: NodeIx) {
        self.index_slots(ix);
        self.run.at_mut(ix).frame = Frame::Steps(StepsFrame::default());
        self.running(ix);
        self.open_group(ix, 0);
    }

    fn steps(&mut self, ix: NodeIx) -> Option<&mut StepsFrame> {
        match &mut self.run.at_mut(ix).frame {
            Frame::Steps(frame) => Some(frame),
            _ => None,
        }
    }

    fn open_group(&mut self, ix: NodeIx, group: u32) {
        let groups = self.groups(ix);
        let Some(calls) = groups.get(group as usize) else {
            return self.steps_done(ix);
        };
        let name = format!("{}[{group}]", self.run.node(ix).name);
        let node = match self.run.find(&name) {
            Some(node) => {
                self.adopt_group(node, ix);
                node
            }
            None => {
                let parents = self.group_parents(ix);
                let node = self.node(
                    Owner::Group { frame: ix },
                    name,
                    NodeType::StepGroup,
                    NodePhase::Running,
                    None,
                );
                let scope = self.run.node(ix).template_scope.clone();
                self.run.edit(node).template_scope = scope;
                for parent in parents {
                    self.run.add_child(parent, node);
                }
                node
            }
        };
        let Some(frame) = self.steps(ix) else { return };
        frame.group = group;
        frame.group_node = Some(node);
        frame.fault = None;
        frame.slots.push(
            calls
                .iter()
                .map(|_| Slot {
                    state: SlotState::Open,
                    ..Slot::default()
                })
                .collect(),
        );
        frame.left = u32::try_from(calls.len()).unwrap_or(u32::MAX);
        if calls.is_empty() {
            return self.close_group(ix);
        }
        if let Err(message) = self.open_steps_of(ix, group, calls) {
            self.end(
                node,
                NodePhase::Error,
                Some(format!("failed to resolve references: {message}")),
            );
            self.steps_failed(ix, node);
        }
    }

    /// References of the whole group first: a fault in one keeps every step of it from starting.
    fn open_steps_of(&mut self, ix: NodeIx, group: u32, calls: &'a [Call]) -> Result<(), String> {
        let mut starts = Vec::new();
        for (step, call) in calls.iter().enumerate() {
            let owner = Owner::Step {
                frame: ix,
                group,
                step: u32::try_from(step).unwrap_or(u32::MAX),
            };
            match &call.each {
                Some(each) => {
                    let items = self.items(each, call, owner)?;
                    starts.push((owner, Err(items)));
                }
                None if self.run.find(&self.name_of(owner)).is_some() => {
                    starts.push((owner, Ok(None)))
                }
                None => {
                    let prepared = self.prepare(
                        call,
                        Place {
                            frame: Some(ix),
                            ..Place::default()
                        },
                    )?;
                    starts.push((owner, Ok(Some(Box::new(prepared)))));
                }
            }
        }
        for (owner, start) in starts {
            match start {
                Ok(prepared) => self.later(Work::Start(Start {
                    owner,
                    name: None,
                    prepared,
                })),
                Err(items) => self.open_loop(owner, items),
            }
        }
        Ok(())
    }

    /// The first group hangs off the steps node, each later one off the ends of the group before.
    fn group_parents(&self, ix: NodeIx) -> Vec<NodeIx> {
        let Frame::Steps(StepsFrame {
            group_node: Some(previous),
            ..
        }) = &self.run.at(ix).frame
        else {
            return vec![ix];
        };
        let ends = self.ends(&self.children_of_group(ix));
        if ends.is_empty() {
            vec![*previous]
        } else {
            ends
        }
    }

    fn children_of_group(&self, ix: NodeIx) -> Vec<NodeIx> {
        let Frame::Steps(frame) = &self.run.at(ix).frame else {
            return Vec::new();
        };
        let slots = frame.slots.last().map(Vec::as_slice).unwrap_or_default();
        slots
            .iter()
            .flat_map(|slot| {
                let items = slot
                    .each
                    .as_deref()
                    .map(|each| each.nodes.as_slice())
                    .unwrap_or_default();
                slot.node.into_iter().chain(items.iter().flatten().copied())
            })
            .collect()
    }

    /// A child could not be started: the group ends as Error once its others have ended.
    pub fn group_fault(&mut self, ix: NodeIx, message: String) {
        if let Some(frame) = self.steps(ix) {
            frame.fault.get_or_insert(Fault { message });
        }
    }

    pub fn step_settled(&mut self, ix: NodeIx, group: u32) {
        let Some(frame) = self.steps(ix) else { return };
        if frame.group != group {
            return;
        }
        frame.left = frame.left.saturating_sub(1);
        if frame.left == 0 {
            self.close_group(ix);
        }
    }

    fn close_group(&mut self, ix: NodeIx) {
        let Some(frame) = self.steps(ix) else { return };
        let (Some(node), group) = (frame.group_node, frame.group) else {
            return;
        };
        let fault = frame.fault.take();
        if let Some(slots) = frame.slots.last_mut() {
            slots
                .iter_mut()
                .for_each(|slot| slot.state = SlotState::Settled);
        }
        if self.run.phase_of(ix).terminal() {
            return;
        }
        // A later group on record was begun before the failure.
        let next = format!("{}[{}]", self.run.node(ix).name, group + 1);
        if self.failing_fast(ix) && self.run.find(&next).is_none() {
            return self.fail_fast(ix);
        }
        let (phase, message) = match fault {
            Some(fault) => (NodePhase::Error, Some(fault.message)),
            None => match self.failed_step(ix, group) {
                Some(id) => (NodePhase::Failed, Some(format!("child '{id}' failed"))),
                None => (NodePhase::Succeeded, None),
            },
        };
        self.end(node, phase, message);
        if self.run.phase_of(node).unsuccessful() {
            self.steps_failed(ix, node);
        } else {
            self.open_group(ix, group + 1);
        }
    }

    /// The ID of the first step that failed and does not let the group go on.
    fn failed_step(&self, ix: NodeIx, group: u32) -> Option<String> {
        let calls = self.groups(ix).get(group as usize)?;
        let Frame::Steps(frame) = &self.run.at(ix).frame else {
            return None;
        };
        let slots = frame.slots.last()?;
        calls.iter().zip(slots).find_map(|(call, slot)| {
            let items = slot
                .each
                .as_deref()
                .map(|each| each.nodes.as_slice())
                .unwrap_or_default();
            let failed = slot
                .node
                .iter()
                .chain(items.iter().flatten())
                .find(|node| match self.run.phase_of(**node) {
                    NodePhase::Failed => !call.continue_on.failed,
                    NodePhase::Error => !call.continue_on.error,
                    _ => false,
                })?;
            Some(self.run.node(*failed).id.clone())
        })
    }

    fn steps_failed(&mut self, ix: NodeIx, group: NodeIx) {
        let message = self.run.node(group).message.clone();
        self.seal(ix);
        self.end(ix, NodePhase::Failed, message);
    }

    fn steps_done(&mut self, ix: NodeIx) {
        self.seal(ix);
        self.compose(ix);
    }

    /// Notes the ends of a steps or dag node: what a follower hangs off.
    pub fn seal(&mut self, ix: NodeIx) {
        let ends = match &self.run.at(ix).frame {
            Frame::Steps(_) => self.ends(&self.children_of_group(ix)),
            Frame::Dag(frame) => match self.body(ix) {
                Some(Body::Dag(dag)) => {
                    let targets = frame
                        .chosen
                        .as_deref()
                        .map_or(&dag.targets, |(targets, _)| targets);
                    let targets: Vec<NodeIx> = targets
                        .iter()
                        .filter_map(|task| frame.slots.get(*task as usize)?.node)
                        .collect();
                    self.ends(&targets)
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let ids = ends
            .iter()
            .map(|end| self.run.node(*end).id.clone())
            .collect();
        self.run.edit(ix).outbound_nodes = ids;
        self.run.at_mut(ix).outbound = ends;
    }

    /// Where each of these nodes ends, each end once.
    pub fn ends(&self, nodes: &[NodeIx]) -> Vec<NodeIx> {
        let mut ends = Vec::new();
        let mut seen = rustc_hash::FxHashSet::default();
        let mut stack: Vec<NodeIx> = nodes.iter().rev().copied().collect();
        while let Some(ix) = stack.pop() {
            let node = self.run.at(ix);
            let hit = node
                .status
                .memoization_status
                .as_deref()
                .is_some_and(|memo| memo.hit == Some(true));
            match (&node.frame, node.status.r#type) {
                (Frame::Retry(frame), Some(NodeType::Retry)) => {
                    let last = frame.attempts.last().copied().unwrap_or(ix);
                    if seen.insert(last) {
                        ends.push(last);
                    }
                }
                (_, Some(NodeType::TaskGroup)) => {
                    let slot = match node.owner {
                        Owner::Task { .. } => self.slot(node.owner),
                        _ => None,
                    };
                    let items: Vec<NodeIx> = slot
                        .and_then(|slot| slot.each.as_deref())
                        .map_or(Vec::new(), |each| {
                            each.nodes.iter().flatten().copied().collect()
                        });
                    if items.is_empty() {
                        if seen.insert(ix) {
                            ends.push(ix);
                        }
                    } else {
                        stack.extend(items.into_iter().rev());
                    }
                }
                // A pod's are the last containers of its set.
                (_, Some(NodeType::Steps | NodeType::Dag | NodeType::Pod))
                    if !hit && !node.outbound.is_empty() =>
                {
                    for end in &node.outbound {
                        if seen.insert(*end) {
                            ends.push(*end);
                        }
                    }
                }
                _ => {
                    if seen.insert(ix) {
                        ends.push(ix);
                    }
                }
            }
        }
        ends
    }
}
