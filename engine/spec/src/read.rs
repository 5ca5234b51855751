//! Bytes to objects: which kinds a file holds, and each as its type.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::source::{Node, Source};

/// All that a file holds, and all that is wrong with it, in the order of its text.
#[derive(Clone, Debug)]
pub struct Read {
    pub objects: Vec<Object>,
    pub diagnostics: Vec<Diagnostic>,
    pub source: Arc<Source>,
}

#[derive(Clone, Debug)]
pub struct Object {
    pub kind: Kind,
    /// Which document of the file it came from, from 0.
    pub document: usize,
    /// Its own tree: paths inside the object start here.
    pub node: Arc<Node>,
    pub value: ObjectValue,
    /// False when some of its text could not be taken over into `value`; a diagnostic says what.
    pub complete: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Workflow,
    WorkflowTemplate,
    ClusterWorkflowTemplate,
    CronWorkflow,
    WorkflowEventBinding,
    WorkflowTaskSet,
    WorkflowTaskResult,
    WorkflowArtifactGCTask,
    ConfigMap,
    Other(Arc<str>),
}

/// An object as its type. The types of our own kinds join as they are defined.
#[derive(Clone, Debug)]
pub enum ObjectValue {
    ConfigMap(Box<k8s_openapi::api::core::v1::ConfigMap>),
    Other { api_version: String, kind: String, value: serde_json::Value },
}

impl Kind {
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Kind::Workflow => "Workflow",
            Kind::WorkflowTemplate => "WorkflowTemplate",
            Kind::ClusterWorkflowTemplate => "ClusterWorkflowTemplate",
            Kind::CronWorkflow => "CronWorkflow",
            Kind::WorkflowEventBinding => "WorkflowEventBinding",
            Kind::WorkflowTaskSet => "WorkflowTaskSet",
            Kind::WorkflowTaskResult => "WorkflowTaskResult",
            Kind::WorkflowArtifactGCTask => "WorkflowArtifactGCTask",
            Kind::ConfigMap => "ConfigMap",
            Kind::Other(kind) => kind,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a file: every document, every object, every fault.
#[must_use]
pub fn read(name: &str, bytes: &[u8]) -> Read {
    let mut diagnostics = Vec::new();
    let source = Arc::new(Source::parse(name, bytes, &mut diagnostics));
    Read { objects: Vec::new(), diagnostics, source }
}
