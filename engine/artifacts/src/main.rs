//! What loads and saves artifacts in a pod. It is PID 1 of the init container, and of the sidecar `wait`; no other container has what it
//! takes to reach a repository.

mod pod;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// What it was to do failed.
const FAILED: u8 = 64;

const HELP: &str = "\
What loads and saves the artifacts of a workflow's step.

Usage:
  tiphys-artifacts load [-- PROGRAM ARGS...]   load the inputs, then become PROGRAM
  tiphys-artifacts install TO [-- PROGRAM ARGS...]
                                               copy this program, then become PROGRAM
  tiphys-artifacts save                        wait for the outputs, save them, wait for TERM
  tiphys-artifacts delete                      delete the outputs; say of each what came of it

What to do is taken from TIPHYS_ARTIFACTS; secrets are files /argo/secret/NAME/KEY.
Outputs are handed over in the folder that TIPHYS_OUTPUTS names, or
/var/run/argo/outputs. If something fails, it exits with 64, and says why on
standard error and in the file that TIPHYS_TERMINATION_LOG names, or
/dev/termination-log.
";

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or("?")).collect();
    let done = match words[..] {
        ["load"] => pod::load(&[]),
        ["load", "--", _, ..] => pod::load(&args[2..]),
        ["install", to] => pod::install(to, &[]),
        ["install", to, "--", _, ..] => pod::install(to, &args[3..]),
        ["save"] => pod::save(),
        ["delete"] => pod::delete(),
        ["--help" | "-h"] => say(HELP),
        ["--version" | "-V"] => say(concat!(
            "tiphys-artifacts ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        )),
        _ => Err("understand its arguments; see tiphys-artifacts --help".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let reason = format!("failed to {reason}");
            // Where standard error is closed, the message is still there, and the other way round.
            let _ = writeln!(std::io::stderr(), "tiphys-artifacts: {reason}");
            let log = std::env::var_os("TIPHYS_TERMINATION_LOG");
            let _ = std::fs::write(log.unwrap_or_else(|| "/dev/termination-log".into()), reason);
            ExitCode::from(FAILED)
        }
    }
}

fn say(text: &str) -> Result<(), String> {
    let written = std::io::stdout().write_all(text.as_bytes());
    written.map_err(|error| format!("write: {error}"))
}
