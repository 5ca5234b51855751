//! The wire types of Tiphys: what users write and what a cluster stores (`argoproj.io/v1alpha1`, byte-compatible),
//! and reading and writing them with positions.
//!
//! Pure: no clock, no randomness, no environment, no file or network access. It knows nothing of graphs, runs or backends.

#[cfg(feature = "schema")]
pub mod crd;
pub mod decode;
pub mod diagnostic;
pub mod path;
pub mod read;
pub mod source;
pub mod types;
pub mod write;

pub use decode::decode;
pub use diagnostic::{Diagnostic, Mark, Severity, Span};
pub use path::{Path, Segment};
pub use read::{Kind, Object, ObjectValue, Read, read};
pub use source::{Node, NodeKind, Source};
pub use types::*;
