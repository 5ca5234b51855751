//! Broken files, and every fault that is found in them.
//!
//! A case is a title (`### …`), a text, and after `>>>` the diagnostics, one a line. `@` alone on the first line of a text
//! stands for the head of a workflow up to `spec:`, `@a` for a head with entrypoint `a` up to `templates:`. `$ run` as the
//! first line plans for a run instead of checking; `$ complete` says that the library is complete. Every object but the last
//! of a text is given as library. `BLESS=1 cargo test -p tiphys-graph --test faults` writes what is found into the files.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use tiphys_graph::{Library, Origin, Purpose, check, plan};
use tiphys_spec::{ObjectValue, Workflow, diagnostic, read};

const HEAD: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec:\n";
const ENTRY: &str = "  entrypoint: a\n  templates:\n";

struct Case {
    title: String,
    text: String,
    want: String,
}

fn cases(table: &str) -> Vec<Case> {
    let one = |case: &str| {
        let (title, rest) = case.split_once('\n').unwrap();
        let (text, want) = rest.split_once(">>>\n").unwrap_or((rest, ""));
        Case {
            title: title.trim().to_owned(),
            text: text.to_owned(),
            want: want.trim_end().to_owned(),
        }
    };
    table.split("### ").skip(1).map(one).collect()
}

fn found(case: &Case) -> String {
    let (mut library, mut purpose) = (Library::new(), Purpose::Lint);
    let mut text = case.text.as_str();
    while let Some((word, rest)) = text
        .strip_prefix("$ ")
        .and_then(|rest| rest.split_once('\n'))
    {
        match word {
            "run" => purpose = Purpose::Run,
            "complete" => library.complete = true,
            other => panic!("{}: {other}", case.title),
        }
        text = rest;
    }
    let text = match text.split_once('\n') {
        Some(("@", rest)) => format!("{HEAD}{rest}"),
        Some(("@a", rest)) => format!("{HEAD}{ENTRY}{rest}"),
        _ => text.to_owned(),
    };
    let read = read("f", text.as_bytes());
    let (object, others) = read
        .objects
        .split_last()
        .unwrap_or_else(|| panic!("{}: {:?}", case.title, read.diagnostics));
    for other in others {
        library.add(other, &read.source);
    }
    let mut faults = read.diagnostics.clone();
    let ours = match (&object.value, purpose) {
        (ObjectValue::Workflow(workflow), Purpose::Run) => {
            run(workflow, &Origin::new(&read.source, &object.node), &library)
        }
        _ => check(object, &read.source, &Arc::new(library)),
    };
    ours.iter().for_each(|fault| documented(fault.code));
    faults.extend(ours);
    diagnostic::sort(&mut faults);
    let mut lines = String::new();
    for fault in faults {
        writeln!(lines, "{fault}").unwrap();
    }
    lines.trim_end().to_owned()
}

fn run(workflow: &Workflow, origin: &Origin, library: &Library) -> Vec<diagnostic::Diagnostic> {
    let planned = plan(workflow, origin, library, Purpose::Run);
    assert_eq!(
        planned.plan.is_none(),
        diagnostic::has_errors(&planned.diagnostics)
    );
    planned.diagnostics
}

#[test]
fn every_fault_is_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let bless = std::env::var_os("BLESS").is_some();
    let (mut count, mut faults, mut wrong) = (0, 0, String::new());
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let table = std::fs::read_to_string(&path).unwrap();
        let mut blessed = table.split("### ").next().unwrap_or_default().to_owned();
        for case in cases(&table) {
            let got = found(&case);
            count += 1;
            faults += got.lines().count();
            write!(blessed, "### {}\n{}>>>\n{got}\n\n", case.title, case.text).unwrap();
            if got != case.want {
                write!(
                    wrong,
                    "{}: {}\nwant\n{}\ngot\n{got}\n\n",
                    path.display(),
                    case.title,
                    case.want
                )
                .unwrap();
            }
        }
        if bless {
            std::fs::write(&path, blessed.trim_end().to_owned() + "\n").unwrap();
        }
    }
    println!("{count} broken files, {faults} faults");
    assert!(bless || wrong.is_empty(), "{wrong}");
    assert!(count >= 120, "{count} cases");
}

/// Every code is in the table of the crate's documentation.
fn documented(code: &str) {
    let table = include_str!("../src/lib.rs");
    assert!(
        table.contains(&format!("| `{code}` |")),
        "`{code}` is not documented"
    );
}
