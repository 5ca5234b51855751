//! From a workflow to a plan: template and reference resolution, merges, static checks.
//!
//! Pure: no clock, no randomness, no environment, no file or network access. It knows nothing of runs or backends.

mod capture;
mod check;
mod checks;
mod effective;
mod globals;
mod library;
mod lower;
mod merge;
mod origin;
pub mod plan;
mod planner;
mod reach;
mod registry;
mod scope;
mod tags;

pub use check::{check, check_value};
pub use library::{KindFault, Kinds, Library, NoKinds, Shared, UnknownKind};
pub use origin::Origin;
pub use planner::{Planned, Purpose, plan};
