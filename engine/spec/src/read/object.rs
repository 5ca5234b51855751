//! The objects a file can hold.

use std::fmt;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;

use super::header::Header;
use crate::decode::decode;
use crate::diagnostic::Diagnostic;
use crate::source::{Node, Source};
use crate::types::{
    ClusterWorkflowTemplate, CronWorkflow, Workflow, WorkflowArtifactGCTask, WorkflowEventBinding,
    WorkflowTaskResult, WorkflowTaskSet, WorkflowTemplate,
};

/// One object of a file.
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

macro_rules! kinds {
    ($($kind:ident($type:ty),)*) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($kind,)*
            /// A kind that is not read into a type here.
            Other(Arc<str>),
        }

        /// An object as its type.
        #[derive(Clone, Debug, PartialEq)]
        pub enum ObjectValue {
            $($kind(Box<$type>),)*
            Other { api_version: String, kind: String, value: serde_json::Value },
        }

        impl Kind {
            /// The kinds that are read into types.
            pub const NAMES: &[&str] = &[$(stringify!($kind)),*];

            #[must_use]
            pub fn named(name: &str) -> Kind {
                match name {
                    $(stringify!($kind) => Kind::$kind,)*
                    other => Kind::Other(other.into()),
                }
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Kind::$kind => stringify!($kind),)*
                    Kind::Other(kind) => kind,
                }
            }
        }

        impl ObjectValue {
            pub(super) fn decode(
                kind: &Kind,
                header: &Header,
                node: &Node,
                source: &Source,
                diagnostics: &mut Vec<Diagnostic>,
            ) -> Option<ObjectValue> {
                match kind {
                    $(Kind::$kind => {
                        let value: $type = decode(node, source, diagnostics)?;
                        Some(ObjectValue::$kind(Box::new(value)))
                    })*
                    Kind::Other(kind) => Some(ObjectValue::Other {
                        api_version: header.api_version.to_string(),
                        kind: kind.to_string(),
                        value: decode(node, source, diagnostics)?,
                    }),
                }
            }
        }

        impl serde::Serialize for ObjectValue {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(ObjectValue::$kind(value) => value.serialize(serializer),)*
                    ObjectValue::Other { value, .. } => value.serialize(serializer),
                }
            }
        }
    };
}

kinds! {
    Workflow(Workflow),
    WorkflowTemplate(WorkflowTemplate),
    ClusterWorkflowTemplate(ClusterWorkflowTemplate),
    CronWorkflow(CronWorkflow),
    WorkflowEventBinding(WorkflowEventBinding),
    WorkflowTaskSet(WorkflowTaskSet),
    WorkflowTaskResult(WorkflowTaskResult),
    WorkflowArtifactGCTask(WorkflowArtifactGCTask),
    ConfigMap(ConfigMap),
}

impl Kind {
    /// The `apiVersion` of this kind; none for kinds that are not ours to know.
    #[must_use]
    pub fn api_version(&self) -> Option<&'static str> {
        match self {
            Kind::Other(_) => None,
            Kind::ConfigMap => Some("v1"),
            _ => Some(crate::types::API_VERSION),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
