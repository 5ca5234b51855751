//! The wire types: every field of the eight `argoproj.io/v1alpha1` kinds, status included, under Argo's JSON names.
//! What Kubernetes defines (containers, volumes, selectors, metadata, times) is `k8s-openapi`'s.
//!
//! Absent and empty are one and the same, as in Argo's own model (Go's `omitempty`): an empty list or map is not written.

mod any;
mod artifact;
mod cron;
mod event;
mod io;
mod phase;
#[cfg(feature = "schema")]
mod schema;
mod status;
mod task;
mod template;
mod workflow;

pub use any::{Amount, AnyString, Item, ParallelSteps, Plugin};
pub use artifact::*;
pub use cron::*;
pub use event::*;
pub use io::*;
pub use phase::{NodePhase, NodeType, WorkflowPhase};
pub use status::*;
pub use task::*;
pub use template::*;
pub use workflow::*;

/// The API group and version of every kind here.
pub const API_VERSION: &str = "argoproj.io/v1alpha1";
