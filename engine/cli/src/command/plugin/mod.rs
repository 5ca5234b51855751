//! `tiphys plugin`: the author's kit.

mod build;
mod inspect;
mod new;
mod project;
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
        PluginCommand::List(args) => inspect::list(args, printer),
    }
}
