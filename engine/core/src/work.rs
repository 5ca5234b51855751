//! The decision: what was marked is worked off, one item at a time.

use crate::frame::{Owner, Start};
use crate::observation::{Command, PodFinished};
use crate::run::{FlowStage, Run};
use crate::timer::Due;
use crate::{Decision, NodeIx};
use jiff::Timestamp;
use tiphys_graph::plan::Plan;
use tiphys_spec as spec;

/// Something to look at.
#[derive(Debug)]
pub(crate) enum Work {
    /// The run is new, or restored.
    Begin,
    Start(Start),
    /// A node runs: hooks may fire.
    Running(NodeIx),
    /// A node has ended: hooks, then its owner.
    Hooks(NodeIx),
    /// An attempt of a retried node has ended.
    Attempted {
        retry: NodeIx,
        attempt: NodeIx,
    },
    PodDone(NodeIx, Box<PodFinished>),
    /// A plug-in's answer is a pod.
    PluginPod(NodeIx, Box<spec::Template>),
    /// A daemon is ready.
    Ready(NodeIx),
    LocksAcquired(NodeIx),
    WorkflowLocksAcquired,
    /// Of a node, or of the workflow itself.
    LocksRefused(Option<NodeIx>, String),
    MemoFound(NodeIx, Box<spec::Outputs>, Timestamp),
    MemoMissing(NodeIx),
    Asked(Box<Command>),
    /// A boundary whose `failFast` keeps it from starting more.
    FailFast(NodeIx),
    Due(Due),
}

/// The one place that changes a run.
pub(crate) struct Engine<'a> {
    pub plan: &'a Plan,
    pub run: &'a mut Run,
    pub now: Timestamp,
}

impl Engine<'_> {
    pub fn decide(mut self) -> Decision {
        self.run.flow.seen_phase = self.run.flow.phase;
        self.stamp_members();
        loop {
            while let Some(due) = self.run.timers.pop(self.now) {
                self.later(Work::Due(due));
            }
            while let Some(work) = self.run.work.pop_front() {
                self.perform(work);
            }
            // What was begun just now may be due already: a restored node whose time is up.
            let due = self.run.timers.next().is_some_and(|at| at <= self.now);
            if !self.let_in() && !self.workflow_hooks() && !due {
                break;
            }
        }
        let changed = self.run.take_changed();
        changed.iter().for_each(|ix| self.live_metrics(*ix));
        let (nodes, flow) = (&self.run.nodes, &self.run.flow);
        let done = flow.stage == FlowStage::Done;
        self.run.timers.prune(|due| {
            done || match due {
                Due::Workflow => false,
                Due::Node(ix)
                | Due::Pending(ix)
                | Due::Suspend(ix)
                | Due::Backoff(ix)
                | Due::Call(ix) => nodes[ix.0 as usize]
                    .status
                    .phase
                    .is_some_and(spec::NodePhase::terminal),
            }
        });
        Decision {
            effects: std::mem::take(&mut self.run.effects),
            changed,
            workflow_changed: std::mem::take(&mut self.run.flow_changed),
            wake_at: self.run.timers.next(),
            finished: self.run.finished(),
        }
    }

    fn perform(&mut self, work: Work) {
        match work {
            Work::Begin => self.begin(),
            Work::Start(start) => self.start(start),
            Work::Running(ix) => self.hooks(ix),
            Work::Hooks(ix) => self.hooks(ix),
            Work::Attempted { retry, attempt } => self.attempted(retry, attempt),
            Work::PodDone(ix, finished) => self.pod_done(ix, *finished),
            Work::PluginPod(ix, template) => self.plugin_pod(ix, *template),
            Work::Ready(ix) => self.ready(ix),
            Work::LocksAcquired(ix) => self.locks_acquired(ix),
            Work::LocksRefused(of, message) => self.locks_refused(of, message),
            Work::WorkflowLocksAcquired => self.workflow_locks_acquired(),
            Work::MemoFound(ix, outputs, created) => self.memo_found(ix, outputs, created),
            Work::MemoMissing(ix) => self.begin_body(ix),
            Work::Asked(command) => self.obey(*command),
            Work::FailFast(ix) => self.fail_fast(ix),
            Work::Due(due) => self.due(due),
        }
    }

    pub fn later(&mut self, work: Work) {
        self.run.work.push_back(work);
    }

    pub fn later_start(&mut self, owner: Owner) {
        self.later(Work::Start(Start::of(owner)));
    }
}
