//! `tiphys lint`: every fault of every file.

use std::collections::HashMap;

use tiphys_graph::{Library, check};
use tiphys_spec::{Diagnostic, Kind, Read, Severity, Source};

use super::counted;
use crate::args::{Lint, LintOutput, Plugins};
use crate::failure::{Exit, Failure, Outcome};
use crate::files::{self, Faults, Shelf};
use crate::plugins::Given;
use crate::printer::Printer;
use crate::{report, style};

pub fn run(args: &Lint, printer: &Printer) -> Outcome {
    let reads = files::read_all(&args.paths, args.stdin_name.as_deref())?;
    let faults = faults(&reads, args)?;
    print(&faults, args.output, printer)?;
    let count = |severity| {
        faults
            .diagnostics
            .iter()
            .filter(|fault| fault.severity == severity)
            .count()
    };
    let objects = reads
        .iter()
        .flat_map(|read| &read.objects)
        .filter(|object| is_ours(&object.kind))
        .count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if objects == 0 && errors == 0 {
        let files = args
            .paths
            .iter()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
            .join(", ");
        return Err(Failure::new(format!("find anything to lint in {files}"))
            .hint("workflows have `apiVersion: argoproj.io/v1alpha1`, or stand in `.flow` files"));
    }
    if matches!(args.output, LintOutput::Human | LintOutput::Simple) {
        printer.line(summary(errors, warnings, objects, reads.len()));
    }
    Ok(if errors > 0 { Exit::Usage } else { Exit::Done })
}

fn is_ours(kind: &Kind) -> bool {
    !matches!(kind, Kind::Other(_) | Kind::ConfigMap)
}

/// All that is wrong, in the order in which the files were named.
fn faults(reads: &[Read], args: &Lint) -> Result<Faults, Failure> {
    let mut shelf = Shelf::default();
    for read in reads {
        shelf.add(read)?;
    }
    shelf.library.complete = args.offline;
    let given = Plugins {
        plugin: args.plugin.clone(),
        ..Plugins::default()
    };
    shelf.library.kinds = Given::read(&given)?.registry()?;
    let mut faults = Faults::of(reads);
    for read in reads {
        faults.add(of_file(read, &shelf.library));
    }
    if args.strict {
        for fault in faults
            .diagnostics
            .iter_mut()
            .filter(|fault| fault.severity == Severity::Warning)
        {
            fault.severity = Severity::Error;
        }
    }
    faults.settle();
    Ok(faults)
}

/// What is wrong with the objects of a file. Where two files hold templates of one name, a file means its own.
fn of_file(read: &Read, library: &Library) -> Vec<Diagnostic> {
    let mut own = None;
    for object in read.objects.iter().filter(|object| {
        matches!(
            object.kind,
            Kind::WorkflowTemplate | Kind::ClusterWorkflowTemplate | Kind::ConfigMap
        )
    }) {
        own.get_or_insert_with(|| library.clone())
            .add(object, &read.source);
    }
    let library = own.as_ref().unwrap_or(library);
    read.objects
        .iter()
        .flat_map(|object| check(object, &read.source, library))
        .collect()
}

fn print(faults: &Faults, output: LintOutput, printer: &Printer) -> Result<(), Failure> {
    let sources: HashMap<&str, &Source> = faults
        .sources
        .iter()
        .map(|source| (&*source.name, &**source))
        .collect();
    match output {
        LintOutput::Human => {
            let told = |fault: &Diagnostic| {
                printer.line(format_args!(
                    "{}\n",
                    report::human(printer, fault, sources.get(&*fault.source).copied())
                ))
            };
            faults.diagnostics.iter().for_each(told);
        }
        LintOutput::Simple => faults
            .diagnostics
            .iter()
            .for_each(|fault| printer.line(report::simple(fault))),
        LintOutput::Github => faults
            .diagnostics
            .iter()
            .for_each(|fault| printer.line(report::github(fault))),
        LintOutput::Json => {
            let text = report::json(&faults.diagnostics).map_err(|error| Failure::of(&error))?;
            printer.raw(&format!("{text}\n"));
        }
    }
    Ok(())
}

fn summary(errors: usize, warnings: usize, objects: usize, files: usize) -> String {
    let looked_at = format!(
        "{} in {}",
        counted(objects, "object"),
        counted(files, "file")
    );
    let found = [
        (errors, "error", style::ERROR),
        (warnings, "warning", style::WARNING),
    ];
    let found: Vec<String> = found
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, word, color)| style::paint(*color, counted(*count, word)))
        .collect();
    if found.is_empty() {
        format!("{looked_at}: no faults found")
    } else {
        format!("{looked_at}: {}", found.join(" and "))
    }
}
