//! What the world tells the core. Facts only; the same fact twice, late or out of order does no harm.

use crate::effect::PodKey;
use crate::selector::Selector;
use jiff::Timestamp;
use std::collections::BTreeMap;
use tiphys_spec as spec;

/// One fact.
#[derive(Clone, Debug)]
pub enum Observation {
    /// The pod waits: no room, an image is being pulled.
    PodWaits {
        key: PodKey,
        message: String,
    },
    /// The pod's containers run; `ready` when every one of them says so (a daemon counts from then).
    PodStarted {
        key: PodKey,
        at: Timestamp,
        ready: bool,
        ip: Option<String>,
        host: Option<String>,
    },
    /// `N/M` from the pod's progress file.
    PodProgress {
        key: PodKey,
        progress: String,
    },
    PodFinished(Box<PodFinished>),
    /// A container of a container set went on. Only for containers of the pod's own template; others do no harm.
    ContainerChanged {
        key: PodKey,
        name: String,
        state: ContainerState,
    },
    /// The plug-in asks to be called again.
    PluginPending {
        key: PodKey,
        /// Of the call that this answers.
        round: u32,
        at: Timestamp,
        state: String,
        message: String,
    },
    /// The plug-in's answer is a pod.
    PluginPod {
        key: PodKey,
        /// Its `containerSet`, `container` or `script`, volumes and the like; tags replaced.
        template: Box<spec::Template>,
    },
    LocksAcquired {
        holder: String,
    },
    /// `lock` is the name of the first one that is taken; `message` is for people.
    LocksWaiting {
        holder: String,
        lock: String,
        message: String,
    },
    /// The locks can never be had: a limit that nobody knows.
    LocksRefused {
        holder: String,
        message: String,
    },
    MemoFound {
        node: String,
        outputs: Box<spec::Outputs>,
        created: Timestamp,
    },
    MemoMissing {
        node: String,
    },
    /// A metric does not take what it was to: the same name with another type, or another help.
    MetricRefused {
        reason: String,
    },
    /// A user's order.
    Asked(Command),
}

/// The end of a pod or plug-in call.
#[derive(Clone, Debug)]
pub struct PodFinished {
    pub key: PodKey,
    pub at: Timestamp,
    pub outcome: Outcome,
    pub message: Option<String>,
    /// Of `main`, where it ran.
    pub exit_code: Option<i32>,
    /// Content of each file that was asked for; none where the file is missing.
    pub parameters: Vec<(String, Option<String>)>,
    pub result: Option<String>,
    /// Saved artifacts, with location; logs among them.
    pub artifacts: Vec<spec::Artifact>,
    pub host: Option<String>,
    /// Seconds of each resource that its containers had, in Argo's units (`resourcesDuration`).
    pub used: BTreeMap<String, i64>,
    /// Another attempt would fail alike: the retry strategy is not asked.
    pub hopeless: bool,
}

/// How far a container of a container set has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    Running,
    /// With that exit code.
    Ended(i32),
    /// Never started, and why.
    Omitted(String),
}

/// How a pod ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// The user's code failed.
    Failed,
    /// An input, an output or the machinery failed.
    Error,
}

/// What a user may order.
#[derive(Clone, Debug)]
pub enum Command {
    /// Start nothing new; what runs goes on.
    Suspend,
    /// Undo `Suspend`, and leave suspend nodes alone.
    Unsuspend,
    /// Undo `Suspend` and end the suspend nodes that run, or those that match.
    Resume {
        selector: Option<Selector>,
        outputs: BTreeMap<String, String>,
        message: Option<String>,
    },
    /// End everything but exit handlers, which run; with a selector, fail the suspend nodes that match instead.
    Stop {
        selector: Option<Selector>,
        message: Option<String>,
    },
    /// End everything at once; exit handlers do not run.
    Terminate,
    /// Set outputs, phase or message of the suspend nodes that match.
    SetNode {
        selector: Selector,
        outputs: BTreeMap<String, String>,
        message: Option<String>,
        phase: Option<spec::NodePhase>,
    },
}
