//! What crosses crates is tested here: which crate may use which, and recorded answers put to the whole engine.
