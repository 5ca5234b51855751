//! The scheduler: [`absorb`] takes facts in, [`decide`] says what to do. Pure and synchronous.
//!
//! What is not here, and must not come: a clock, randomness, the environment, files, sockets, threads, async. Time is an argument.
//! Work is proportional to change: one finished node costs its dependants, never the whole workflow.
//!
//! ```text
//! loop:  absorb(plan, run, observations)        facts change node records and mark what has to be looked at
//!        decide(plan, run, now) → Decision      what was marked is worked off; new effects, changed nodes, when to call again
//!        store the changed nodes, then perform the effects (law 4: state before action)
//! ```
//!
//! The state of a run is its node records (`status.nodes`, Argo's own form) and nothing that could not be derived from them and the
//! plan: [`Run::restore`] rebuilds everything else from stored records by the same code that builds it the first time.

mod absorb;
mod again;
mod body;
mod dag;
mod each;
mod effect;
mod finish;
mod flow;
mod frame;
mod kind;
pub mod line;
mod member;
mod metrics;
mod name;
mod observation;
mod orders;
mod outputs;
mod progress;
mod reason;
mod render;
mod restore;
mod retry;
mod room;
mod run;
mod scope;
mod selector;
mod start;
mod steps;
mod timer;
mod usage;
mod why;
mod work;

pub use again::{RetryOptions, resubmit, retry};
pub use effect::{
    Effect, InputFile, LockName, LockRequest, Measure, OutputFile, PluginCall, PodIntent, PodKey,
    Sample,
};
pub use member::container_retries;
pub use name::{display_name, fnv32a, node_id, pod_name};
pub use observation::{Command, ContainerState, Observation, Outcome, PodFinished};
pub use reason::Reason;
pub use run::{Extra, Run, Shutdown};
pub use selector::Selector;
pub use why::Standing;

use jiff::Timestamp;
use tiphys_graph::plan::Plan;

/// Index of a node record within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeIx(pub u32);

/// What to do next.
#[derive(Debug, Default)]
pub struct Decision {
    /// To perform, in order, once `changed` is stored.
    pub effects: Vec<Effect>,
    /// Node records that differ from what was last handed out, each once.
    pub changed: Vec<NodeIx>,
    /// Fields of `status` other than `nodes` differ (phase, message, outputs, progress, times, conditions), or `spec.suspend`/`spec.shutdown`.
    pub workflow_changed: bool,
    /// Call `decide` again at this time at the latest, even if nothing was observed.
    pub wake_at: Option<Timestamp>,
    /// The workflow has ended; nothing more will come.
    pub finished: bool,
}

/// Takes facts in. The same fact twice, a late one, or one about an earlier attempt does no harm.
pub fn absorb(_plan: &Plan, run: &mut Run, observations: impl IntoIterator<Item = Observation>) {
    for observation in observations {
        absorb::absorb(run, observation);
    }
}

/// Works off what was marked, as of `now`.
pub fn decide(plan: &Plan, run: &mut Run, now: Timestamp) -> Decision {
    work::Engine { plan, run, now }.decide()
}
