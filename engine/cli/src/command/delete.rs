//! `tiphys delete`: runs and all that they left.

use jiff::Timestamp;

use crate::args::{Delete, Global};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::runs;

pub fn run(args: &Delete, global: &Global, printer: &Printer) -> Outcome {
    let home = runs::home(global)?;
    let filter = &args.filter;
    let filtered = args.all
        || filter.completed
        || filter.running
        || filter.older.is_some()
        || filter.since.is_some()
        || filter.prefix.is_some()
        || !filter.status.is_empty()
        || !filter.selector.is_empty();
    if args.names.is_empty() && !filtered {
        return Err(Failure::new("delete: no run is named").hint(
            "name runs, or choose them with --all, --completed, --older, --prefix or --status",
        ));
    }
    let mut names = Vec::new();
    for name in &args.names {
        names.push(runs::find(&home, name)?.name().to_owned());
    }
    if filtered {
        let list = runs::matching(&home, filter, Timestamp::now())?;
        // Chosen by a filter, a run that goes on is passed over.
        names.extend(
            list.into_iter()
                .filter(|run| run.phase.completed() || args.force)
                .map(|run| run.name),
        );
    }
    names.sort();
    names.dedup();
    if names.is_empty() {
        printer.line("No resources found");
    }
    for name in names {
        let folder = runs::find(&home, &name)?;
        let phase = folder.summary().map_err(|error| Failure::of(&error))?.phase;
        if folder.alive() {
            return Err(Failure::new(format!("delete `{name}`: it is being run"))
                .hint(format!("stop it first: `tiphys stop {name}`")));
        }
        if !phase.completed() && !args.force {
            return Err(
                Failure::new(format!("delete `{name}`: it has not ended")).hint(format!(
                    "`tiphys resume {name}` goes on with it; `--force` deletes it all the same"
                )),
            );
        }
        if !args.dry_run {
            home.delete(&name).map_err(|error| Failure::of(&error))?;
        }
        printer.line(format_args!(
            "Workflow '{name}' deleted{}",
            if args.dry_run { " (dry run)" } else { "" }
        ));
    }
    Ok(Exit::Done)
}
