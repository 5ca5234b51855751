//! From a workflow to a plan: template and reference resolution, merges, static checks.
//!
//! Pure: no clock, no randomness, no environment, no file or network access. It knows nothing of runs or backends.

pub mod plan;
