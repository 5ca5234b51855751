//! The language server, driven over standard input and output by a client library of its own.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod client;
mod features;
mod speed;
