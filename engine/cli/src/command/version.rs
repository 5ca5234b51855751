//! `tiphys version`.

use crate::args::{Version, VersionOutput};
use crate::failure::{Exit, Outcome};
use crate::printer::Printer;

pub fn run(args: &Version, printer: &Printer) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    match args.output {
        Some(VersionOutput::Json) => {
            let build = serde_json::json!({
                "version": version,
                "apiVersion": tiphys_spec::API_VERSION,
                "os": std::env::consts::OS,
                "arch": std::env::consts::ARCH,
            });
            printer.raw(&format!("{build:#}\n"));
        }
        None if args.short => printer.line(version),
        None => printer.line(format_args!(
            "tiphys {version} ({}, {})",
            std::env::consts::OS,
            std::env::consts::ARCH
        )),
    }
    Ok(Exit::Done)
}
