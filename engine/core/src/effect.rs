//! What the core asks of the world. An effect leaves no choice open and may be performed twice without harm: its key names it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use tiphys_spec as spec;

/// Names one pod for ever: at most one exists per key (law 2, promise P1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PodKey {
    /// `metadata.uid` of the workflow.
    pub workflow: Arc<str>,
    /// `status.nodes[].id`.
    pub node: String,
    /// How often this node was begun anew: 0, and one more after each `retry` of the whole workflow.
    pub attempt: u32,
}

impl fmt::Display for PodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.workflow, self.node, self.attempt)
    }
}

/// One thing to do. A backend matches it exhaustively.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Start the pod; already there is as good as started. Its life comes back as [`crate::Observation`]s.
    CreatePod(Box<PodIntent>),
    /// End the pod: TERM, then KILL after its grace period. Its end comes back as `PodFinished`; a pod that never started, or is
    /// unknown, comes back as `PodFinished` as well.
    StopPod { key: PodKey },
    /// Take all of the locks for the holder, or none; answer `LocksAcquired` or `LocksWaiting`, and `LocksAcquired` once they are free.
    AcquireLocks(Box<LockRequest>),
    /// Give back all that the holder has or waits for.
    ReleaseLocks { holder: String },
    /// Ask the memo cache; answer `MemoFound` or `MemoMissing`.
    LookupMemo {
        node: String,
        cache: String,
        key: String,
    },
    /// Remember the outputs of a node.
    SaveMemo {
        node: String,
        cache: String,
        key: String,
        outputs: Box<spec::Outputs>,
    },
    /// Run a template of a kind that a plug-in provides; answer `PodFinished`, `PluginPending` or `PluginPod` under the same key.
    CallPlugin(Box<PluginCall>),
    /// Add to the metrics that a node declares, or the workflow: `of` is the node's ID, or the workflow's UID. What grew in real time for it grows
    /// no more, unless that is among the samples. It is asked once, and not again after a restart; but what grows is asked for anew.
    Measure { of: String, samples: Vec<Sample> },
}

/// What is added to a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub help: String,
    /// Sorted by their keys.
    pub labels: Vec<(String, String)>,
    pub measure: Measure,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// Of a counter; not less than 0.
    Count(f64),
    /// Of a gauge.
    Set(f64),
    Add(f64),
    /// Of a gauge: the seconds since then, until the same metric is set.
    Since(Timestamp),
    /// Of a histogram, and its upper bounds.
    Observe(f64, Vec<f64>),
}

/// A pod to start: everything about it, tags replaced.
#[derive(Clone, Debug)]
pub struct PodIntent {
    pub key: PodKey,
    /// Argo's pod name, version 2 (`<workflow>-<template>-<hash>`).
    pub name: String,
    pub node_name: String,
    pub template_name: String,
    /// container, script, resource with sidecars, init containers, volumes and metadata, tags replaced. `inputs` and
    /// `outputs.parameters` of it are not used, they are below; but a resource's `outputs.parameters` say what to read off its object.
    pub template: Arc<spec::Template>,
    /// What the workflow says of all its pods, tags replaced: volumes, scheduling, metadata, `podSpecPatch`; nothing else is in it.
    pub workflow: Arc<spec::WorkflowSpec>,
    pub inputs: Vec<InputFile>,
    pub parameters: Vec<OutputFile>,
    /// Artifacts to save: name, path, archive, mode; a location of its own or none (then the repository's).
    pub artifacts: Vec<spec::Artifact>,
    /// Somebody reads `outputs.result`: standard output of `main` is wanted.
    pub capture_result: bool,
    pub daemon: bool,
    /// Part of an exit handler: not stopped with the workflow.
    pub on_exit: bool,
    /// When the pod has to have ended, if ever. The core asks for the stop itself; a cluster may enforce it too.
    pub deadline: Option<Timestamp>,
    /// Seconds between TERM and KILL.
    pub grace: u32,
}

/// An input artifact to place in the pod.
#[derive(Clone, Debug)]
pub struct InputFile {
    pub name: String,
    /// Where it comes from: a driver with its key, `raw` data, or an output of an earlier node.
    pub artifact: spec::Artifact,
    pub path: String,
    pub optional: bool,
}

/// A file whose content becomes an output parameter.
#[derive(Clone, Debug)]
pub struct OutputFile {
    pub name: String,
    pub path: String,
}

/// Locks wanted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRequest {
    /// `<namespace>/<workflow>` or `<namespace>/<workflow>/<node id>`, as Argo's.
    pub holder: String,
    pub locks: Vec<LockName>,
    /// Higher goes first, then the older workflow.
    pub priority: i64,
    pub created: Timestamp,
}

/// One lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockName {
    /// `<ns>/Mutex/<name>`, `<ns>/ConfigMap/<cm>/<key>`, `<ns>/Database/<key>`, as Argo names them.
    pub name: String,
    /// How many may hold it; none: the backend has to find it out (a ConfigMap or database of the cluster).
    pub limit: Option<u32>,
    pub mutex: bool,
}

/// A call of a plug-in kind.
#[derive(Clone, Debug)]
pub struct PluginCall {
    pub key: PodKey,
    pub node_name: String,
    pub template_name: String,
    pub kind: String,
    /// The template's body, tags replaced.
    pub body: serde_json::Value,
    pub inputs: Option<spec::Inputs>,
    /// The outputs that the template declares, tags replaced.
    pub outputs: serde_json::Value,
    /// Where the template's artifacts are kept, tags replaced.
    pub location: Option<Box<spec::ArtifactLocation>>,
    pub deadline: Option<Timestamp>,
    /// How often the plug-in asked to be called again, from 0.
    pub round: u32,
    /// What it left the last time.
    pub state: Option<String>,
}
