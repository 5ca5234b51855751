//! Backend: Kubernetes. So far, how a run is kept in its Workflow object: [`Record`] writes what changed and nothing else.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod names;
mod patch;
mod record;
mod stored;

pub use names::{ATTEMPT, COMPLETED, PHASE, POD_NAME_FORMAT};
pub use record::{Record, TooLarge};
pub use stored::{StoredError, stored};
