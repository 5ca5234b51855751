//! A run: node records, and what is derived from them while it goes on.

use crate::effect::{Effect, PodKey};
use crate::frame::{Frame, Owner, Start};
use crate::name;
use crate::progress::Progress;
use crate::reason::Reason;
use crate::timer::Timers;
use crate::usage::Used;
use crate::{NodeIx, work::Work};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use tiphys_expr::Flat;
use tiphys_graph::plan::TemplateId;
use tiphys_spec as spec;
use tiphys_spec::{NodePhase, NodeType, WorkflowPhase};

/// A workflow on its way.
#[derive(Debug)]
pub struct Run {
    pub(crate) name: Arc<str>,
    pub(crate) namespace: Arc<str>,
    pub(crate) uid: Arc<str>,
    pub(crate) created: Timestamp,
    pub(crate) seed: u64,
    pub(crate) nodes: Vec<Node>,
    by_name: FxHashMap<Box<str>, NodeIx>,
    by_id: FxHashMap<Box<str>, NodeIx>,
    pub(crate) globals: Flat,
    pub(crate) flow: Flow,
    pub(crate) work: VecDeque<Work>,
    pub(crate) timers: Timers,
    pub(crate) effects: Vec<Effect>,
    changed: Vec<NodeIx>,
    pub(crate) flow_changed: bool,
    /// Boundaries in which there may be room again.
    pub(crate) roomy: Vec<NodeIx>,
    /// Step and task names of each template, made on first use.
    pub(crate) slots: FxHashMap<TemplateId, SlotNames>,
    /// Containers that ended since the last decision.
    pub(crate) ended: Vec<NodeIx>,
    pub(crate) of_all_pods: Option<Arc<spec::WorkflowSpec>>,
}

/// Group and index of each step, or 0 and index of each task, by name.
pub(crate) type SlotNames = Arc<FxHashMap<String, (u32, u32)>>;

/// One node: its record as Argo writes it, and what only a live run knows.
#[derive(Debug)]
pub(crate) struct Node {
    pub status: spec::NodeStatus,
    /// Taken up by this process: false for a restored record that nothing has reached yet.
    pub linked: bool,
    dirty: bool,
    pub template: Option<TemplateId>,
    pub owner: Owner,
    pub boundary: Option<NodeIx>,
    pub frame: Frame,
    pub stage: Stage,
    pub outbound: Vec<NodeIx>,
    /// Starts that wait for room among this boundary's children.
    pub parked: VecDeque<Start>,
    /// Children of this boundary that are active (Pod, Steps, DAG; Pending or Running).
    pub active: u32,
    /// Children of this boundary that failed.
    pub failed: u32,
    /// Counted in `active` of its boundary.
    pub counted: bool,
    /// Its pod was asked for and has not ended.
    pub pod: bool,
    /// Counted in the workflow's active pods.
    pub seated: bool,
    /// Told to end, and what it will say.
    pub doom: Option<String>,
    /// Another attempt would fail alike.
    pub hopeless: bool,
    /// Its owner has been told.
    pub settled: bool,
    pub locked: bool,
    /// Part of an exit handler.
    pub on_exit: bool,
    pub started: Timestamp,
    pub reason: Option<Reason>,
    /// Hook nodes that have not settled.
    pub hooks_left: u32,
    /// Hooks that have fired, by index.
    pub fired: Vec<u32>,
    pub depth: u32,
    pub capture_result: bool,
    pub memo_key: Option<(String, String)>,
    /// What of it is counted in the workflow's progress.
    pub measured: Option<Progress>,
    /// What its metrics have in real time was told.
    pub live_metrics: bool,
    /// Daemons among this boundary's children.
    pub daemons: Vec<NodeIx>,
    /// Of what has ended within this boundary.
    pub used: Used,
}

/// The condition of a workflow whose metrics have a fault. Source: Argo.
pub(crate) const METRICS_ERROR: &str = "MetricsError";

/// How far a node that runs a template has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Created,
    Locking,
    Memo,
    Body,
    Ended,
}

/// The workflow as a whole.
#[derive(Debug)]
pub(crate) struct Flow {
    pub phase: WorkflowPhase,
    pub message: Option<String>,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub outputs: spec::Outputs,
    pub extra: Extra,
    pub stage: FlowStage,
    pub active_pods: usize,
    pub parked: VecDeque<Start>,
    /// Nodes that have their locks and wait for room among the workflow's pods.
    pub queued: VecDeque<NodeIx>,
    pub total: u64,
    pub completed: u64,
    pub deadline: Option<Timestamp>,
    pub hooks_left: u32,
    /// Hooks of the workflow that have fired, by index.
    pub fired: Vec<u32>,
    /// Hooks of nodes that have fired and not settled, all over the workflow.
    pub open_hooks: u32,
    /// Only hooks are waited for.
    pub closing: bool,
    /// `workflow.status` as expressions see it: the phase when this decision began.
    pub seen_phase: WorkflowPhase,
    pub lock_wait: Option<Reason>,
    /// Of all pods that have ended.
    pub used: Used,
    /// What was wrong with a metric last.
    pub metric_fault: Option<String>,
    /// Nodes that have begun, have no children, and have not ended: pods, suspends, waits for a lock, pauses before a retry.
    pub live: BTreeSet<NodeIx>,
    pub root: Option<NodeIx>,
    pub exit: Option<NodeIx>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FlowStage {
    New,
    Locking,
    Main,
    Exit,
    Done,
}

/// What Argo's status has no place for; store it beside the status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Extra {
    /// How often the whole workflow was retried: the attempt in every [`PodKey`].
    pub attempt: u32,
    pub suspended: bool,
    pub shutdown: Option<Shutdown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shutdown_message: Option<String>,
}

/// `spec.shutdown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shutdown {
    Stop,
    Terminate,
}

impl Shutdown {
    /// The word as Argo writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "Stop",
            Self::Terminate => "Terminate",
        }
    }
}

/// What a new node needs.
pub(crate) struct NewNode {
    pub name: String,
    pub kind: NodeType,
    pub phase: NodePhase,
    pub owner: Owner,
    pub boundary: Option<NodeIx>,
    pub message: Option<String>,
    pub on_exit: bool,
    pub depth: u32,
    pub now: Timestamp,
}

impl Run {
    pub(crate) fn blank(workflow: &spec::Workflow, seed: u64) -> Self {
        let meta = &workflow.metadata;
        Self {
            name: meta.name.as_deref().unwrap_or("workflow").into(),
            namespace: meta.namespace.as_deref().unwrap_or("default").into(),
            uid: meta.uid.as_deref().unwrap_or_default().into(),
            created: meta
                .creation_timestamp
                .as_ref()
                .map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            seed,
            nodes: Vec::new(),
            by_name: FxHashMap::default(),
            by_id: FxHashMap::default(),
            globals: Flat::new(),
            flow: Flow {
                phase: WorkflowPhase::Unknown,
                message: None,
                started: None,
                finished: None,
                outputs: spec::Outputs::default(),
                extra: Extra {
                    suspended: workflow.spec.suspend.unwrap_or(false),
                    shutdown: match workflow.spec.shutdown.as_deref() {
                        Some("Stop") => Some(Shutdown::Stop),
                        Some("Terminate") => Some(Shutdown::Terminate),
                        _ => None,
                    },
                    ..Extra::default()
                },
                stage: FlowStage::New,
                active_pods: 0,
                parked: VecDeque::new(),
                queued: VecDeque::new(),
                total: 0,
                completed: 0,
                deadline: None,
                hooks_left: 0,
                fired: Vec::new(),
                open_hooks: 0,
                closing: false,
                seen_phase: WorkflowPhase::Unknown,
                lock_wait: None,
                used: Used::new(),
                metric_fault: None,
                live: BTreeSet::new(),
                root: None,
                exit: None,
            },
            work: VecDeque::from([Work::Begin]),
            timers: Timers::default(),
            effects: Vec::new(),
            changed: Vec::new(),
            flow_changed: false,
            roomy: Vec::new(),
            slots: FxHashMap::default(),
            ended: Vec::new(),
            of_all_pods: None,
        }
    }

    /// The node's record.
    #[must_use]
    pub fn node(&self, ix: NodeIx) -> &spec::NodeStatus {
        &self.nodes[ix.0 as usize].status
    }

    /// The record of that ID, if there is one.
    #[must_use]
    pub fn node_by_id(&self, id: &str) -> Option<&spec::NodeStatus> {
        self.find_id(id).map(|ix| self.node(ix))
    }

    /// All records, in order of creation.
    pub fn nodes(&self) -> impl Iterator<Item = &spec::NodeStatus> {
        self.nodes.iter().map(|node| &node.status)
    }

    /// The workflow's phase.
    #[must_use]
    pub fn phase(&self) -> WorkflowPhase {
        self.flow.phase
    }

    /// Whether the workflow has ended.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.flow.stage == FlowStage::Done
    }

    /// Whether the whole workflow is suspended.
    #[must_use]
    pub fn suspended(&self) -> bool {
        self.flow.extra.suspended
    }

    /// What Argo's status has no place for.
    #[must_use]
    pub fn extra(&self) -> &Extra {
        &self.flow.extra
    }

    /// The suspend nodes that wait.
    pub fn suspend_nodes(&self) -> impl Iterator<Item = &spec::NodeStatus> {
        let live = self.flow.live.iter().map(|ix| self.node(*ix));
        live.filter(|node| {
            node.r#type == Some(NodeType::Suspend) && node.phase == Some(NodePhase::Running)
        })
    }

    /// The workflow's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn at(&self, ix: NodeIx) -> &Node {
        &self.nodes[ix.0 as usize]
    }

    pub(crate) fn at_mut(&mut self, ix: NodeIx) -> &mut Node {
        &mut self.nodes[ix.0 as usize]
    }

    /// The record's fields for a change; it will be handed out as changed.
    pub(crate) fn edit(&mut self, ix: NodeIx) -> &mut spec::NodeStatus {
        let node = &mut self.nodes[ix.0 as usize];
        if !node.dirty {
            node.dirty = true;
            self.changed.push(ix);
        }
        &mut node.status
    }

    pub(crate) fn phase_of(&self, ix: NodeIx) -> NodePhase {
        self.at(ix).status.phase.unwrap_or_default()
    }

    pub(crate) fn find(&self, name: &str) -> Option<NodeIx> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn find_id(&self, id: &str) -> Option<NodeIx> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn pod_key(&self, ix: NodeIx) -> PodKey {
        PodKey {
            workflow: self.uid.clone(),
            node: self.node(ix).id.clone(),
            attempt: self.flow.extra.attempt,
        }
    }

    /// The node that a key means, if it is of this run and not of an earlier attempt at it.
    pub(crate) fn keyed(&self, key: &PodKey) -> Option<NodeIx> {
        (key.workflow == self.uid && key.attempt == self.flow.extra.attempt)
            .then(|| self.find_id(&key.node))
            .flatten()
    }

    pub(crate) fn take_changed(&mut self) -> Vec<NodeIx> {
        for ix in &self.changed {
            self.nodes[ix.0 as usize].dirty = false;
        }
        std::mem::take(&mut self.changed)
    }

    /// Two names may hash to one ID (32 bits): the later one gets the hash of a longer text, so that no record is lost.
    fn free_id(&self, node: &str) -> String {
        let mut id = name::node_id(&self.name, node);
        let mut salt = 0u32;
        while self.by_id.contains_key(id.as_str()) {
            salt += 1;
            id = name::node_id(&self.name, &format!("{node}#{salt}"));
        }
        id
    }

    pub(crate) fn create(&mut self, new: NewNode) -> NodeIx {
        let boundary = new.boundary.map(|b| self.node(b));
        let status = spec::NodeStatus {
            id: self.free_id(&new.name),
            display_name: name::display_name(&new.name, boundary.map(|b| b.name.as_str())),
            boundary_id: boundary.map(|b| b.id.clone()),
            r#type: Some(new.kind),
            phase: Some(new.phase),
            message: new.message,
            started_at: Some(Time(new.now)),
            finished_at: new.phase.terminal().then_some(Time(new.now)),
            name: new.name,
            ..spec::NodeStatus::default()
        };
        let ix = self.insert(status);
        let node = self.at_mut(ix);
        node.linked = true;
        node.owner = new.owner;
        node.boundary = new.boundary;
        node.on_exit = new.on_exit;
        node.depth = new.depth;
        node.started = new.now;
        self.edit(ix);
        ix
    }

    /// Takes a record in, unlinked.
    pub(crate) fn insert(&mut self, status: spec::NodeStatus) -> NodeIx {
        // A run of 4 billion nodes does not fit into memory.
        let ix = NodeIx(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.by_name.insert(status.name.as_str().into(), ix);
        self.by_id.insert(status.id.as_str().into(), ix);
        self.nodes.push(Node {
            started: status
                .started_at
                .as_ref()
                .map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            status,
            linked: false,
            dirty: false,
            template: None,
            owner: Owner::Root,
            boundary: None,
            frame: Frame::None,
            stage: Stage::Created,
            outbound: Vec::new(),
            parked: VecDeque::new(),
            active: 0,
            failed: 0,
            counted: false,
            pod: false,
            seated: false,
            doom: None,
            hopeless: false,
            settled: false,
            locked: false,
            on_exit: false,
            reason: None,
            hooks_left: 0,
            fired: Vec::new(),
            depth: 0,
            capture_result: false,
            memo_key: None,
            measured: None,
            live_metrics: false,
            daemons: Vec::new(),
            used: Used::new(),
        });
        ix
    }

    pub(crate) fn add_child(&mut self, parent: NodeIx, child: NodeIx) {
        let id = self.node(child).id.clone();
        self.edit(parent).children.push(id);
    }

    /// Everything but the nodes.
    #[must_use]
    pub fn summary(&self) -> spec::WorkflowStatus {
        let flow = &self.flow;
        let completed = flow.stage == FlowStage::Done;
        let outputs = (!flow.outputs.parameters.is_empty() || !flow.outputs.artifacts.is_empty())
            .then(|| flow.outputs.clone());
        spec::WorkflowStatus {
            phase: Some(flow.phase),
            message: flow.message.clone(),
            started_at: flow.started.map(Time),
            finished_at: flow.finished.map(Time),
            progress: Some(format!("{}/{}", flow.completed, flow.total)),
            outputs,
            conditions: self.conditions(completed),
            resources_duration: flow.used.clone(),
            ..spec::WorkflowStatus::default()
        }
    }

    fn conditions(&self, completed: bool) -> Vec<spec::Condition> {
        let condition = |name: &str, message: Option<String>| spec::Condition {
            r#type: Some(name.to_owned()),
            status: Some("True".to_owned()),
            message,
        };
        let fault = self.flow.metric_fault.clone();
        let mut all = Vec::new();
        all.extend(completed.then(|| condition("Completed", None)));
        all.extend(fault.map(|fault| condition(METRICS_ERROR, Some(fault))));
        all
    }

    /// Something is wrong with a metric: the workflow goes on, and says so.
    pub(crate) fn metric_fault(&mut self, fault: String) {
        if self.flow.metric_fault.as_ref() != Some(&fault) {
            self.flow.metric_fault = Some(fault);
            self.flow_changed = true;
        }
    }

    /// The whole status, nodes included.
    #[must_use]
    pub fn status(&self) -> spec::WorkflowStatus {
        let mut status = self.summary();
        status.nodes = self
            .nodes()
            .map(|node| (node.id.clone(), node.clone()))
            .collect();
        status
    }
}
