//! The `tiphys` command.
//!
//! `args` says what can be typed, `command` holds one file per command, and whatever a user sees goes through `printer`.

mod args;
mod artifact;
mod clock;
mod command;
mod complete;
mod diff;
mod failure;
mod files;
mod logs;
mod lsp;
mod notation;
mod object;
mod picture;
mod plugins;
mod printer;
mod project;
mod report;
mod runs;
mod session;
mod sheet;
mod size;
mod style;
mod submit;
mod table;
mod text;
mod trace;
mod tree;
mod view;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

fn main() -> ExitCode {
    // Before any thread: steps on this machine are started by a small helper process, which is this executable again.
    tiphys_local::sandbox::spawner_main();
    clap_complete::CompleteEnv::with_factory(args::Cli::command).complete();
    failure::report_bugs();
    let cli = args::Cli::parse();
    trace::begin(&cli.global);
    let printer = printer::Printer::new(&cli.global);
    match command::run(&cli, &printer) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            printer.failure(&failure);
            failure.exit.into()
        }
    }
}
