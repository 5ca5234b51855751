//! The binary inside a step's container: PID 1 there, static, one thread, small.
//!
//! What is not here, and must not come: a network, an async runtime, an argument parser, a second thread. It writes the files of its
//! step, the termination message and standard output, and nothing else.

mod install;
mod run;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// The executor failed, not the command.
const FAILED: u8 = 64;

const HELP: &str = "\
What runs inside the container of a workflow's step.

Usage:
  tiphys-executor install PATH            copy this program to PATH, and stage if there is a step
  tiphys-executor stage                   write the files of the step
  tiphys-executor run -- COMMAND ARGS...  start COMMAND, read its outputs, report them

What to do is taken from TIPHYS_STEP. run writes its report to the file that
TIPHYS_TERMINATION_LOG names, or /dev/termination-log. It exits as COMMAND does;
with 127 if the image has no COMMAND, 126 if it cannot be executed, 64 if
something else fails.
";

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or("?")).collect();
    let code = match words[..] {
        ["install", _] => install::install(args[1].as_ref()),
        ["stage"] => install::stage(),
        ["run", "--", _, ..] => run::run(&args[2..]),
        ["--help" | "-h"] => say(HELP),
        ["--version" | "-V"] => say(concat!("tiphys-executor ", env!("CARGO_PKG_VERSION"), "\n")),
        _ => {
            complain(format_args!(
                "understand its arguments; see tiphys-executor --help"
            ));
            FAILED
        }
    };
    ExitCode::from(code)
}

fn say(text: &str) -> u8 {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => FAILED,
    }
}

/// Says on standard error what failed. Where that is closed, too, the exit code alone says it.
fn complain(what: std::fmt::Arguments<'_>) {
    tell(format_args!("failed to {what}"));
}

fn tell(what: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "tiphys-executor: {what}");
}
