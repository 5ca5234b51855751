//! Diagnostics in the forms that `lint` prints.

mod github;
mod human;
mod json;

pub use github::github;
pub use human::{human, simple};
pub use json::json;
