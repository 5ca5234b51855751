//! The program in the pod of executor plug-ins.

mod call;
mod tokens;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Where each plug-in has its token: `TOKENS/PLUGIN/token`.
const TOKENS: &str = "/var/run/argo";

const HELP: &str = "\
What runs in the pod of a workflow's executor plug-ins.

Usage:
  tiphys-agent tokens PLUGIN...          make a token for each of them
  tiphys-agent hold                      wait until it is told to end
  tiphys-agent call PLUGIN PORT LENGTH   send LENGTH bytes of standard input to the plug-in
                                         at that port, and print what came of it as JSON
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["tokens", ref plugins @ ..] => tokens::make(Path::new(TOKENS), plugins),
        ["hold"] => hold(),
        ["call", plugin, port, length] => call::call(Path::new(TOKENS), plugin, port, length),
        ["--help" | "-h"] => say(HELP),
        ["--version" | "-V"] => say(concat!("tiphys-agent ", env!("CARGO_PKG_VERSION"), "\n")),
        _ => Err("understand its arguments; see tiphys-agent --help".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = writeln!(io::stderr(), "tiphys-agent: failed to {reason}");
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> Result<(), String> {
    let said = io::stdout().write_all(text.as_bytes());
    said.map_err(|error| format!("write: {error}"))
}

/// As the first process of a container it has to ask for signals, or the container ends only by KILL.
fn hold() -> Result<(), String> {
    let signals = Signals::new([SIGTERM, SIGINT]);
    let mut signals = signals.map_err(|error| format!("listen for signals: {error}"))?;
    signals.forever().next();
    Ok(())
}
