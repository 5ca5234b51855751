//! From stored records back to a run. Records are taken up one by one by the very code that would have made them.

use crate::NodeIx;
use crate::body::measurable;
use crate::frame::Owner;
use crate::progress::Progress;
use crate::room::counts;
use crate::run::{Extra, FlowStage, METRICS_ERROR, Run, Stage};
use crate::work::{Engine, Work};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tiphys_graph::plan::Plan;
use tiphys_spec::{self as spec, NodePhase, NodeType};

impl Run {
    /// A new run of `plan.workflow`, whose `metadata` holds name, namespace, uid and creation time. `seed` feeds the random functions
    /// of expressions.
    #[must_use]
    pub fn new(plan: &Plan, seed: u64) -> Self {
        Self::blank(&plan.workflow, seed)
    }

    /// A run as it was stored. Unfinished work is asked for again, under the same keys.
    ///
    /// What a decision asked for about nodes that had ended by then is not: after a crash between storing and performing, the backend
    /// itself stops the pods, and gives back the locks, of nodes whose record says that they have ended.
    #[must_use]
    pub fn restore(plan: &Plan, status: &spec::WorkflowStatus, extra: &Extra, seed: u64) -> Self {
        let mut run = Self::blank(&plan.workflow, seed);
        let time = |time: &Option<Time>| time.as_ref().map(|time| time.0);
        run.flow.started = time(&status.started_at);
        run.flow.finished = time(&status.finished_at);
        run.flow.phase = status.phase.unwrap_or_default();
        run.flow.message.clone_from(&status.message);
        run.flow.outputs = status.outputs.clone().unwrap_or_default();
        run.flow.extra = extra.clone();
        let fault = status.conditions.iter();
        let mut fault = fault.filter(|of| of.r#type.as_deref() == Some(METRICS_ERROR));
        run.flow.metric_fault = fault.next().and_then(|of| of.message.clone());
        if run.flow.phase.completed() {
            run.flow.stage = FlowStage::Done;
            run.work.clear();
        }
        // In order of creation as far as the records tell: what came first gets the plain ID again.
        let mut records: Vec<&spec::NodeStatus> = status.nodes.values().collect();
        records.sort_by(|a, b| {
            (&a.started_at.as_ref().map(|t| t.0), &a.id)
                .cmp(&(&b.started_at.as_ref().map(|t| t.0), &b.id))
        });
        for record in records {
            run.insert(record.clone());
        }
        let count = u32::try_from(run.nodes.len()).unwrap_or(u32::MAX);
        (0..count).for_each(|index| run.seat(NodeIx(index)));
        for parameter in run.flow.outputs.parameters.clone() {
            if let Some(value) = parameter.value {
                run.globals.set(
                    format!("workflow.outputs.parameters.{}", parameter.name),
                    value.0,
                );
            }
        }
        run
    }
}

impl Run {
    /// What runs keeps its room, and what failed counts as failed, from the start: nodes are taken up in no certain order.
    fn seat(&mut self, ix: NodeIx) {
        let phase = self.phase_of(ix);
        if phase.terminal() {
            self.count_usage(ix);
        }
        let record = self.node(ix);
        let flag = record.node_flag.as_deref();
        let attempt = flag.is_some_and(|flag| flag.retried == Some(true));
        let asked = record.r#type == Some(NodeType::Pod) && record.progress.is_some();
        let counted =
            !phase.terminal() && counts(record.r#type) && !attempt && record.daemoned != Some(true);
        let boundary = record.boundary_id.as_deref();
        let boundary = boundary.and_then(|id| self.find_id(id));
        // Also what nobody takes up any more, as the nodes inside a boundary that has ended.
        if measurable(record.r#type) {
            self.measure(ix, Progress::on_record(record.progress.as_deref()));
            if phase.terminal() {
                self.measured(ix);
            }
        }
        if !phase.terminal() && asked {
            self.at_mut(ix).seated = true;
            self.flow.active_pods += 1;
        }
        self.at_mut(ix).counted = counted;
        if let Some(boundary) = boundary {
            let boundary = self.at_mut(boundary);
            boundary.active += u32::from(counted);
            boundary.failed += u32::from(phase.unsuccessful() && !attempt);
        }
    }
}

impl Engine<'_> {
    /// Takes up a stored record as the node of this owner.
    pub fn adopt(&mut self, ix: NodeIx, owner: Owner) {
        let boundary = self.boundary_of(owner);
        let on_exit = self.on_exit(owner);
        let template = self.resolve(owner).ok();
        let depth = self.depth(owner);
        let capture = self.call_of(owner).is_some_and(|call| call.capture_result);
        let outbound: Vec<NodeIx> = self
            .run
            .node(ix)
            .outbound_nodes
            .iter()
            .filter_map(|id| self.run.find_id(id))
            .collect();
        let node = self.run.at_mut(ix);
        node.linked = true;
        node.owner = owner;
        node.boundary = boundary;
        node.on_exit = on_exit;
        node.depth = depth;
        node.template = template;
        node.capture_result = capture;
        node.outbound = outbound;
        let phase = node.status.phase.unwrap_or_default();
        self.adopt_members(ix);
        self.place(ix, owner);
        self.note(ix, owner);
        if !phase.terminal() {
            return self.take_up(ix);
        }
        if phase == NodePhase::Succeeded || phase.unsuccessful() {
            self.link_attempts(ix);
        }
        self.run.at_mut(ix).stage = Stage::Ended;
        match owner {
            Owner::Attempt { retry, .. } => self.later(Work::Attempted { retry, attempt: ix }),
            _ => self.later(Work::Hooks(ix)),
        }
    }

    /// A record that an earlier workflow left hangs under nothing yet.
    fn place(&mut self, ix: NodeIx, owner: Owner) {
        let Some(boundary) = self.run.at(ix).boundary else {
            return;
        };
        if self.run.node(ix).boundary_id.is_none() {
            let id = self.run.node(boundary).id.clone();
            self.run.edit(ix).boundary_id = Some(id);
            for parent in self.parents(owner) {
                self.run.add_child(parent, ix);
            }
        }
    }

    /// Goes on with a node that had not ended.
    fn take_up(&mut self, ix: NodeIx) {
        // Its pod, if it had one, is asked for again under the same key; a daemon that was ready is taken to be so still.
        let pod = self.run.node(ix).r#type == Some(NodeType::Pod);
        let daemon = &mut self.run.at_mut(ix).status.daemoned;
        let ready = pod && std::mem::take(daemon) == Some(true);
        if self
            .call_of(self.run.at(ix).owner)
            .is_some_and(|call| !call.hooks.is_empty())
        {
            self.later(Work::Running(ix));
        }
        self.live_metrics(ix);
        self.advance(ix);
        if ready {
            self.ready(ix);
        }
        self.close(ix);
    }

    /// The attempts of a retried node that has ended: its outbound node is the last of them.
    fn link_attempts(&mut self, ix: NodeIx) {
        if self.run.node(ix).r#type != Some(NodeType::Retry) {
            return;
        }
        self.run.at_mut(ix).frame = crate::frame::Frame::Retry(crate::frame::RetryFrame::default());
        for attempt in 0.. {
            let owner = Owner::Attempt { retry: ix, attempt };
            let Some(found) = self.run.find(&self.name_of(owner)) else {
                return;
            };
            let boundary = self.run.at(ix).boundary;
            let outbound: Vec<NodeIx> = self
                .run
                .node(found)
                .outbound_nodes
                .iter()
                .filter_map(|id| self.run.find_id(id))
                .collect();
            let node = self.run.at_mut(found);
            (
                node.linked,
                node.owner,
                node.boundary,
                node.stage,
                node.outbound,
            ) = (true, owner, boundary, Stage::Ended, outbound);
            self.note(found, owner);
        }
    }

    pub fn adopt_group(&mut self, ix: NodeIx, frame: NodeIx) {
        let node = self.run.at_mut(ix);
        (node.linked, node.owner, node.boundary) = (true, Owner::Group { frame }, Some(frame));
    }

    pub fn adopt_task_group(&mut self, ix: NodeIx, owner: Owner) {
        let template = self.resolve(owner).ok();
        let node = self.run.at_mut(ix);
        (node.linked, node.owner, node.boundary, node.template) =
            (true, owner, owner.frame(), template);
        self.note(ix, owner);
    }
}
