//! `tiphys delete`: runs and all that they left.

use jiff::Timestamp;

use crate::args::{Delete, Global};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::runs::Place;

pub fn run(args: &Delete, global: &Global, printer: &Printer) -> Outcome {
    let place = Place::of(global)?;
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
        names.push(place.find(name)?.name().to_owned());
    }
    if filtered {
        let list = place.matching(filter, false, Timestamp::now())?;
        // Chosen by a filter, a run that goes on is passed over.
        names.extend(
            list.into_iter()
                .map(|run| run.summary)
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
        let run = place.find(&name)?;
        run.removable(args.force)?;
        if !args.dry_run {
            run.delete()?;
        }
        printer.line(format_args!(
            "Workflow '{name}' deleted{}",
            if args.dry_run { " (dry run)" } else { "" }
        ));
    }
    Ok(Exit::Done)
}
