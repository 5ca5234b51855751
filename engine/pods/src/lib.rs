//! Between the scheduler and Kubernetes, purely: [`render`] makes the manifest of a pod, [`observe`] reads a pod's status.
//!
//! What is not here, and must not come: a Kubernetes client, a clock, the environment, files.
//!
//! A pod gets only what its step needs:
//!
//! | the step has | the pod has |
//! |---|---|
//! | nothing but an exit code | the container as it is written, and nothing else |
//! | a script, a result, output parameters | the same container, its command under the executor, which an init container brings |
//! | a container set | all of its containers under the executor |
//! | raw input artifacts | an init container that writes them |
//! | input artifacts of a repository | the same, which loads them; it alone has the keys of secrets that this takes |
//! | output artifacts, an archived log | the executor, and a sidecar `wait` that saves what it hands over, and has the keys for that |
//!
//! No container gets a token for the API server unless the workflow asks for one (`serviceAccountName` or
//! `automountServiceAccountToken: true`).

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod agent;
mod artifacts;
mod container;
mod executor;
pub mod foreign;
pub mod gc;
mod inputs;
mod manifest;
mod names;
mod observe;
mod patch;
pub mod place;
pub mod quantity;
mod restart;
mod set;
mod settings;
pub mod trace;
mod usage;

pub use artifacts::{Artifacts, Input, Output, VARIABLE as ARTIFACTS};
pub use manifest::{PodError, claim_name, render};
pub use names::{ATTEMPT, COMPLETED, INSTANCE_ID, NODE_ID, NODE_NAME, ON_EXIT, UID, WORKFLOW};
pub use observe::{Sight, containers, key, observe, progress, read_report};
pub use restart::{again, lost, restarts};
pub use settings::{Entrypoint, Settings};
