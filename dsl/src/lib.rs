//! The `.flow` language: a second notation for workflows, libraries and crons, made to be read and written by people.
//!
//! [`compile`] makes objects of a text, [`raise`] makes a text of objects, [`format`] lays a text out.
//!
//! Pure: no clock, no randomness, no environment, no file or network access. Nothing here panics, hangs or overflows the
//! stack on any input: nesting has a limit, and what goes beyond is a fault with a place.

mod build;
mod compile;
mod expr;
mod fault;
mod format;
mod grammar;
pub mod index;
mod lower;
mod names;
mod outline;
mod place;
mod raise;
mod scan;
mod text;
mod types;
mod words;
mod yaml;

pub use compile::{Compiled, compile};
pub use format::format;
pub use raise::{Raised, raise};
pub use yaml::yaml;
