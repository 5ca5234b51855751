//! Diagnostics in the forms that `lint` prints.

mod github;
mod human;
mod json;

use tiphys_spec::Severity;

use crate::files::Faults;
use crate::printer::Printer;

pub use github::github;
pub use human::{human, simple};
pub use json::json;

/// Tells faults for people, on standard error.
pub fn tell(faults: &Faults, printer: &Printer) {
    let told = faults
        .diagnostics
        .iter()
        .filter(|fault| fault.severity != Severity::Info);
    for fault in told {
        let source = faults
            .sources
            .iter()
            .find(|source| source.name == fault.source);
        printer.note(format_args!(
            "{}\n",
            human(printer, fault, source.map(|source| &**source))
        ));
    }
}
