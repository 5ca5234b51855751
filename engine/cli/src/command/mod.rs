//! One file per command.

mod completion;
mod graph;
mod lint;
mod version;

use crate::args::{Cli, Command};
use crate::failure::Outcome;
use crate::printer::Printer;

/// Carries out what was typed.
pub fn run(cli: Cli, printer: &Printer) -> Outcome {
    match cli.command {
        Command::Lint(args) => lint::run(&args, printer),
        Command::Graph(args) => graph::run(&args, printer),
        Command::Completion(args) => completion::run(&args, printer),
        Command::Version(args) => version::run(&args, printer),
        _ => Ok(crate::failure::Exit::Done),
    }
}

/// `1 file`, `2 files`.
pub fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
