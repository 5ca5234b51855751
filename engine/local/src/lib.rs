//! The backend for one machine.
//!
//! Invariants, as absences: no Kubernetes client, no image format and no decision in this crate. What a step runs in is
//! [`sandbox`]'s business and nobody else's.

pub mod sandbox;
