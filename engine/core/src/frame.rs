//! What a composite node knows of its children, and who waits for a node.

use crate::NodeIx;
use crate::scope::Aggregate;
use jiff::Timestamp;
use std::sync::{Arc, OnceLock};
use tiphys_spec as spec;

/// The state of a node that has children.
#[derive(Debug, Default)]
pub(crate) enum Frame {
    #[default]
    None,
    Steps(StepsFrame),
    Dag(DagFrame),
    Retry(RetryFrame),
}

/// A steps template under way.
#[derive(Debug, Default)]
pub(crate) struct StepsFrame {
    /// The group under way.
    pub group: u32,
    /// Its StepGroup node.
    pub group_node: Option<NodeIx>,
    /// Every opened group's slots, by group and step.
    pub slots: Vec<Vec<Slot>>,
    /// Slots of the group under way that have not settled.
    pub left: u32,
    /// The first fault that kept a child from starting.
    pub fault: Option<Fault>,
}

/// Why a group ends as Error.
#[derive(Debug)]
pub(crate) struct Fault {
    pub message: String,
}

/// A DAG template under way.
#[derive(Debug, Default)]
pub(crate) struct DagFrame {
    pub slots: Vec<Slot>,
    /// Dependencies of each task that have not settled.
    pub waits: Vec<u32>,
    /// Tasks that have not settled.
    pub left: u32,
    /// Targets, and the tasks they need in order, where `dag.target` was rendered for this run.
    pub chosen: Option<Box<Chosen>>,
}

/// Tasks of a DAG, by index: the targets, and what they need in an order where dependencies come first.
pub(crate) type Chosen = (Vec<u32>, Vec<u32>);

/// A retried template under way.
#[derive(Debug, Default)]
pub(crate) struct RetryFrame {
    pub attempts: Vec<NodeIx>,
    pub waiting: Option<Timestamp>,
}

/// One step or task: its node, or the nodes of its loop.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub state: SlotState,
    /// The single node; of a loop in a DAG, its TaskGroup.
    pub node: Option<NodeIx>,
    /// A loop's items and their nodes.
    pub each: Option<Box<Each>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SlotState {
    #[default]
    Waiting,
    Open,
    Settled,
}

/// A loop under way.
#[derive(Debug)]
pub(crate) struct Each {
    pub items: Arc<Vec<serde_json::Value>>,
    pub nodes: Vec<Option<NodeIx>>,
    pub left: u32,
    /// Made when first asked for, after the loop has settled.
    pub aggregate: OnceLock<Box<Aggregate>>,
}

/// Who is told when a node has settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Root,
    /// The workflow's exit handler.
    Exit,
    /// A hook of the workflow.
    WorkflowHook(u32),
    /// The StepGroup or TaskGroup itself: told nobody, settled by its frame.
    Group {
        frame: NodeIx,
    },
    Step {
        frame: NodeIx,
        group: u32,
        step: u32,
    },
    StepItem {
        frame: NodeIx,
        group: u32,
        step: u32,
        item: u32,
    },
    Task {
        frame: NodeIx,
        task: u32,
    },
    TaskItem {
        frame: NodeIx,
        task: u32,
        item: u32,
    },
    Attempt {
        retry: NodeIx,
        attempt: u32,
    },
    Hook {
        of: NodeIx,
        hook: u32,
    },
    /// A container of a container set: told nobody, its pod says how it stands.
    Member {
        pod: NodeIx,
    },
}

impl Owner {
    /// The steps or dag node in whose scope the call stands.
    pub fn frame(self) -> Option<NodeIx> {
        match self {
            Self::Group { frame }
            | Self::Step { frame, .. }
            | Self::StepItem { frame, .. }
            | Self::Task { frame, .. }
            | Self::TaskItem { frame, .. } => Some(frame),
            Self::Root
            | Self::Exit
            | Self::WorkflowHook(_)
            | Self::Attempt { .. }
            | Self::Hook { .. }
            | Self::Member { .. } => None,
        }
    }
}

/// A node that is to be started.
#[derive(Debug)]
pub(crate) struct Start {
    pub owner: Owner,
    /// Known once it waits.
    pub name: Option<Box<str>>,
    pub prepared: Option<Box<Prepared>>,
}

impl Start {
    pub fn of(owner: Owner) -> Self {
        Self {
            owner,
            name: None,
            prepared: None,
        }
    }
}

/// A call whose references are resolved.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    /// The `when` after replacement, where it was false.
    pub skipped: Option<String>,
    pub parameters: Vec<(String, Given)>,
    pub artifacts: Vec<(String, spec::Artifact)>,
    /// Optional artifact arguments that came to nothing.
    pub dropped: Vec<String>,
}

/// An argument's value.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    Value(String),
    /// The output of a skipped or omitted producer, by its name: the input's own default stands in.
    Absent(String),
}
