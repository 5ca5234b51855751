//! Whole workflows, really run on this machine.

#[path = "workflows/bench.rs"]
mod bench;
#[path = "workflows/life.rs"]
mod life;
#[path = "workflows/pods.rs"]
mod pods;
#[path = "workflows/speed.rs"]
mod speed;
#[path = "workflows/unapplied.rs"]
mod unapplied;
