//! One file per command.

mod again;
mod completion;
mod convert;
mod copy;
mod cron;
mod delete;
mod fmt;
mod get;
mod graph;
mod lint;
mod list;
mod logs;
mod orders;
pub mod plugin;
mod run;
mod shared;
mod submit;
mod version;
mod watch;
mod why;

use tiphys_cluster::verbs::Kind;
use tiphys_local::Order;

use crate::args::{Cli, Command, NodeCommand};
use crate::failure::{Failure, Outcome};
use crate::printer::Printer;

pub use run::heading;

/// Carries out what was typed.
pub fn run(cli: &Cli, printer: &Printer) -> Outcome {
    let global = &cli.global;
    refuse(cli)?;
    match &cli.command {
        Command::Submit(args) => submit::run(args, global, printer),
        Command::Cron(args) => cron::run(args, global, printer),
        Command::Template(args) => shared::run(Kind::Template, &args.command, global, printer),
        Command::ClusterTemplate(args) => {
            shared::run(Kind::ClusterTemplate, &args.command, global, printer)
        }
        Command::Run(args) => run::run(args, global, printer),
        Command::Lint(args) => lint::run(args, printer),
        Command::Fmt(args) => fmt::run(args, printer),
        Command::Lsp(args) => crate::lsp::serve(args),
        Command::Convert(args) => convert::run(args, printer),
        Command::Graph(args) => graph::run(args, printer),
        Command::List(args) => list::run(args, global, printer),
        Command::Get(args) => get::run(args, global, printer),
        Command::Why(args) => why::run(args, global, printer),
        Command::Logs(args) => logs::run(args, global, printer),
        Command::Watch(args) => watch::watch(args, global, printer),
        Command::Wait(args) => watch::wait(args, global, printer),
        Command::Suspend(args) => {
            orders::give(&args.names, &Order::Suspend, "suspended", global, printer)
        }
        Command::Resume(args) => orders::resume(args, global, printer),
        Command::Stop(args) => orders::stop(args, global, printer),
        Command::Terminate(args) => orders::give(
            &args.names,
            &Order::Terminate,
            "terminated",
            global,
            printer,
        ),
        Command::Retry(args) => again::retry(args, global, printer),
        Command::Resubmit(args) => again::resubmit(args, global, printer),
        Command::Node(args) => match &args.command {
            NodeCommand::Set(args) => orders::set(args, global, printer),
        },
        Command::Delete(args) => delete::run(args, global, printer),
        Command::Cp(args) => copy::run(args, global, printer),
        Command::Plugin(args) => plugin::plugin(args, printer),
        Command::Completion(args) => completion::run(args, printer),
        Command::Version(args) => version::run(args, printer),
    }
}

/// What has no meaning in a cluster is not done on this machine instead.
fn refuse(cli: &Cli) -> Result<(), Failure> {
    let Some(flag) = cli.global.reach.typed() else {
        return Ok(());
    };
    let (what, hint) = match &cli.command {
        Command::Run(_) => (
            "run a workflow in a cluster",
            "`tiphys submit` hands it to the cluster's controller",
        ),
        Command::Cp(_) => (
            "copy artifacts of a workflow in a cluster",
            "they are in the artifact repository: `tiphys get NAME -o json` says where",
        ),
        Command::Lint(_)
        | Command::Fmt(_)
        | Command::Convert(_)
        | Command::Lsp(_)
        | Command::Graph(_)
        | Command::Plugin(_)
        | Command::Completion(_)
        | Command::Version(_) => ("do this in a cluster", "it needs none: leave the flag out"),
        _ => return Ok(()),
    };
    Err(Failure::new(format!("{what}: `{flag}` is for other commands")).hint(hint))
}

/// `1 file`, `2 files`.
pub fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
