//! The wire types of Tiphys: what users write and what a cluster stores (`argoproj.io/v1alpha1`, byte-compatible),
//! and reading and writing them with positions.
//!
//! Pure: no clock, no randomness, no environment, no file or network access. It knows nothing of graphs, runs or backends.

pub mod types;

pub use types::*;
