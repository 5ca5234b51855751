//! The real binary, with real processes.

#![cfg(feature = "run")]
#![allow(clippy::unwrap_used)]

mod artifacts;
mod container;
mod outputs;
mod process;
mod set;
