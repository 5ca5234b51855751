//! Room: `parallelism` of the workflow and of templates, and template-level `failFast`. Who finds none waits, in order.

use crate::NodeIx;
use crate::effect::Effect;
use crate::frame::{Frame, Owner, Start};
use crate::reason::Reason;
use crate::run::Shutdown;
use crate::work::{Engine, Work};
use tiphys_graph::plan::{Body, Template};
use tiphys_spec::{NodePhase, NodeType};

/// Whether a start may go on now.
pub(crate) enum Room {
    Yes,
    /// Kept for later: among a boundary's children, or in the workflow.
    Later(Option<NodeIx>),
    Never,
}

impl Engine<'_> {
    /// Whether there is room among the boundary's children and in the workflow.
    pub fn room(&self, owner: Owner) -> Room {
        let flow = &self.run.flow;
        match flow.extra.shutdown {
            Some(Shutdown::Terminate) => return Room::Yes,
            Some(Shutdown::Stop) if !self.on_exit(owner) => return Room::Yes,
            _ => {}
        }
        if flow.extra.suspended {
            return Room::Later(None);
        }
        // An attempt has the place of its Retry node.
        if matches!(owner, Owner::Attempt { .. }) {
            return Room::Yes;
        }
        if let Some(boundary) = self.boundary_of(owner) {
            // A hook belongs to a node that was started: it is no new child.
            let hook = matches!(owner, Owner::Hook { .. });
            if self.failing_fast(boundary) && !hook {
                return Room::Never;
            }
            if self.full(boundary) {
                return Room::Later(Some(boundary));
            }
        }
        if self.crowded() {
            Room::Later(None)
        } else {
            Room::Yes
        }
    }

    /// The `parallelism` of a boundary's template is used up.
    fn full(&self, boundary: NodeIx) -> bool {
        let limit = self.template_at(boundary).and_then(|t| t.parallelism);
        limit.is_some_and(|limit| self.run.at(boundary).active as usize >= limit)
    }

    /// The workflow's `parallelism` is used up.
    fn crowded(&self) -> bool {
        let limit = self.plan.parallelism;
        limit.is_some_and(|limit| self.run.flow.active_pods >= limit)
    }

    /// Pods, steps and dags count among their boundary's active children; of a retried one its Retry node does, for as long as
    /// it tries.
    pub fn count(&mut self, ix: NodeIx) {
        self.measure(ix);
        let node = self.run.at(ix);
        let attempt = matches!(node.owner, Owner::Attempt { .. });
        if node.counted || attempt || !counts(node.status.r#type) {
            return;
        }
        let boundary = node.boundary;
        self.run.at_mut(ix).counted = true;
        if let Some(boundary) = boundary {
            self.run.at_mut(boundary).active += 1;
        }
    }

    /// A daemon that is ready gives up its place among its boundary's children: it ends only once they have.
    pub fn vacate(&mut self, ix: NodeIx) {
        let node = self.run.at_mut(ix);
        let counted = std::mem::take(&mut node.counted);
        if let Some(boundary) = node.boundary.filter(|_| counted) {
            let at = self.run.at_mut(boundary);
            at.active = at.active.saturating_sub(1);
            self.run.roomy.push(boundary);
            if self.failing_fast(boundary) && self.run.at(boundary).active == 0 {
                self.later(Work::FailFast(boundary));
            }
        }
    }

    /// Keeps a start until there is room.
    pub fn park(&mut self, boundary: Option<NodeIx>, start: Start) {
        match boundary {
            Some(ix) => self.run.at_mut(ix).parked.push_back(start),
            None => self.run.flow.parked.push_back(start),
        }
    }

    /// A child that will not be started because another failed.
    pub fn never(&mut self, owner: Owner, name: String) {
        let Some(boundary) = self.boundary_of(owner) else {
            return;
        };
        let start = Start {
            owner,
            name: Some(name.into()),
            prepared: None,
        };
        self.park(Some(boundary), start);
        if self.run.at(boundary).active == 0 {
            self.later(Work::FailFast(boundary));
        }
    }

    /// Whether a node that came this far by way of a lock, the memo cache or an earlier attempt has to wait for its pod.
    pub fn queue(&mut self, ix: NodeIx, template: &Template) -> bool {
        let pod = matches!(template.body, Body::Pod(_) | Body::Kind { .. });
        if !pod || self.run.at(ix).seated || !self.crowded() {
            return false;
        }
        self.run.at_mut(ix).reason = Some(Reason::Parallelism {
            scope: "the workflow".to_owned(),
            limit: self.plan.parallelism.unwrap_or(0),
        });
        self.run.flow.live.insert(ix);
        self.run.flow.queued.push_back(ix);
        true
    }

    /// Lets in what waited, as far as there is room; whether anything was.
    pub fn let_in(&mut self) -> bool {
        let mut any = false;
        while let Some(boundary) = self.run.roomy.pop() {
            for _ in 0..self.run.at(boundary).parked.len() {
                if self.full(boundary) {
                    break;
                }
                let Some(start) = self.run.at_mut(boundary).parked.pop_front() else {
                    break;
                };
                self.start(start);
                any = true;
            }
        }
        if any || self.run.flow.extra.suspended || self.crowded() {
            return any;
        }
        // One at a time: what it starts may take the room.
        if let Some(ix) = self.run.flow.queued.pop_front() {
            self.begin_body(ix);
            return true;
        }
        if let Some(start) = self.run.flow.parked.pop_front() {
            self.start(start);
            return true;
        }
        false
    }

    /// All that waits for room goes on, or waits anew.
    pub fn let_all_in(&mut self) {
        while let Some(start) = self.run.flow.parked.pop_front() {
            self.later(Work::Start(start));
        }
    }

    /// A template-level `failFast`, and a child that failed.
    pub fn failing_fast(&self, ix: NodeIx) -> bool {
        self.run.at(ix).failed > 0 && self.template_at(ix).is_some_and(|t| t.fail_fast)
    }

    /// A template-level `failFast` ends its boundary once nothing is active.
    pub fn fail_fast(&mut self, boundary: NodeIx) {
        if self.run.phase_of(boundary).terminal() || self.run.at(boundary).active > 0 {
            return;
        }
        let hook = |start: &Start| matches!(start.owner, Owner::Hook { .. });
        self.run.at_mut(boundary).parked.retain(hook);
        self.run.roomy.push(boundary);
        for ix in self.open_children(boundary) {
            if self.run.at(ix).pod {
                let key = self.run.pod_key(ix);
                self.run.effects.push(Effect::StopPod { key });
            }
            let message = "another child failed and failFast is set".to_owned();
            self.end(ix, NodePhase::Failed, Some(message));
        }
        // Their hooks, if they have any, come first.
        if self.run.at(boundary).active > 0 || !self.run.at(boundary).parked.is_empty() {
            return;
        }
        let message = "template has failed or errored children and failFast enabled".to_owned();
        if let Frame::Steps(frame) = &self.run.at(boundary).frame
            && let Some(group) = frame.group_node
        {
            self.end(group, NodePhase::Failed, Some(message.clone()));
        }
        self.seal(boundary);
        self.end(boundary, NodePhase::Failed, Some(message));
    }

    /// Children that have not ended though nothing is active: suspends, locks waited for, loops; not daemons, which end with it.
    fn open_children(&self, boundary: NodeIx) -> Vec<NodeIx> {
        let live = self.run.flow.live.iter().copied();
        let live = live.filter(|ix| self.run.at(*ix).boundary == Some(boundary));
        let slots = match &self.run.at(boundary).frame {
            Frame::Dag(frame) => frame.slots.as_slice(),
            _ => &[],
        };
        let groups = slots
            .iter()
            .filter_map(|slot| slot.each.as_ref().and(slot.node));
        let daemon = |ix: &NodeIx| self.run.node(*ix).daemoned == Some(true);
        live.chain(groups).filter(|ix| !daemon(ix)).collect()
    }
}

/// Whether nodes of that type take room.
pub(crate) fn counts(kind: Option<NodeType>) -> bool {
    matches!(
        kind,
        Some(NodeType::Pod | NodeType::Steps | NodeType::Dag | NodeType::Retry)
    )
}
