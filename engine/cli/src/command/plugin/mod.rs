//! `tiphys plugin`: the author's kit.

mod build;
mod inspect;
mod list;
mod new;
pub mod oci;
mod run;
mod test;

use crate::args::{Plugin, PluginCommand};
use crate::failure::Outcome;
use crate::printer::Printer;

pub fn plugin(args: &Plugin, printer: &Printer) -> Outcome {
    match &args.command {
        PluginCommand::New(args) => new::run(args, printer),
        PluginCommand::Build(args) => build::run(args, printer),
        PluginCommand::Test(args) => test::run(args, printer),
        PluginCommand::Run(args) => run::run(args, printer),
        PluginCommand::Inspect(args) => inspect::run(args, printer),
        PluginCommand::List(args) => list::run(args, printer),
        PluginCommand::Push(args) => oci::push(args, printer),
        PluginCommand::Pull(args) => oci::pull(args, printer),
        PluginCommand::Sign(args) => oci::sign(args, printer),
        PluginCommand::Verify(args) => oci::verify(args, printer),
        PluginCommand::Keygen(args) => oci::keygen(args, printer),
    }
}
