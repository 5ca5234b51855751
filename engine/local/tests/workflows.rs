//! Whole workflows, really run on this machine.
#![allow(clippy::print_stdout)]

#[path = "workflows/bench.rs"]
mod bench;
#[path = "workflows/beside.rs"]
mod beside;
#[path = "workflows/life.rs"]
mod life;
#[path = "workflows/pods.rs"]
mod pods;
#[path = "workflows/sets.rs"]
mod sets;
#[path = "workflows/speed.rs"]
mod speed;
#[path = "workflows/unapplied.rs"]
mod unapplied;
