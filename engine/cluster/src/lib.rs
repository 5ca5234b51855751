//! Backend: Kubernetes. The only crate that knows a Kubernetes client.
//!
//! ```text
//! operate_all(client, settings, stop)
//!   follow      what is there, what comes, what goes: workflows (their metadata), pods, templates
//!   fleet       one task per workflow that is to run; everybody hears what concerns them
//!   workflow    the loop of one: absorb, decide, store (one patch of what changed), perform
//! ```
//!
//! A workflow's own task is the only one that writes its object, each write on the version that was last read or written: what somebody
//! else wrote meanwhile is taken in first. No decision is taken from a copy that the watch brought: it brings only that something changed.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod admission;
mod agent;
mod artifacts;
mod budget;
mod calls;
mod claims;
mod client;
mod cron;
mod custom;
mod edits;
mod events;
mod expiry;
mod fleet;
mod follow;
mod gc;
mod granted;
mod ground;
mod holding;
mod images;
mod kinds;
mod lease;
mod locks;
mod memo;
mod metrics;
mod names;
mod patch;
mod pods;
mod prepare;
mod record;
mod refuse;
mod repository;
mod resource;
mod restrict;
mod retention;
mod retire;
mod shelf;
mod stored;
mod trace;
pub mod verbs;
mod workflow;

pub use admission::Parallelism;
pub use agent::ExecutorPlugins;
pub use client::config_map;
pub use events::{Level, Telling};
pub use fleet::{Blind, operate_all};
pub use ground::{Defaults, Options, PodGc, Rate, Settings};
pub use kube::Config;
pub use lease::{LeaseError, Turn};
pub use metrics::Metrics;
pub use names::{ATTEMPT, COMPLETED, EXPIRES, PHASE, POD_NAME_FORMAT};
pub use record::{Record, TooLarge};
pub use restrict::{Referencing, Restrictions};
pub use retention::Retention;
pub use stored::{StoredError, stored};
pub use trace::Traces;
