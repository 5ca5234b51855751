//! `tiphys completion`: a script for a shell, which asks this program while the user types.

use clap_complete::env::Shells;

use crate::args::Completion;
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;

pub fn run(args: &Completion, printer: &Printer) -> Outcome {
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell).ok_or_else(|| {
        Failure::new(format!(
            "complete in `{}`: the shell is not known",
            args.shell
        ))
    })?;
    let mut script = Vec::new();
    let written = shell.write_registration("COMPLETE", "tiphys", "tiphys", "tiphys", &mut script);
    written.map_err(|error| Failure::new(format!("write the script: {error}")))?;
    printer.raw(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
