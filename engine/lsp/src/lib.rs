//! What an editor asks about workflow files, answered from their texts: the language server without its wires.
//!
//! A [`Workspace`] is a value. It is handed texts, and answers; it reads no file, knows no clock and starts no thread. Names
//! are looked up in an index of tokens that is made anew for every key that is pressed; the whole of compiling and checking
//! happens for diagnostics only, which may come a moment later.

mod action;
mod answer;
mod complete;
mod diagnose;
mod document;
mod hover;
mod names;
mod navigate;
mod outline;
mod rename;
mod text;
mod tokens;
mod workspace;
mod yaml;

pub use action::CONVERT;
pub use answer::{Fault, Server};
pub use document::{Document, Notation};
pub use text::{Encoding, Text};
pub use workspace::Workspace;
