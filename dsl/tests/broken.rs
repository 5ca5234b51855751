//! Broken files and the report that each must give, line for line. `UPDATE=1` writes the reports anew, for a review.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;

use tiphys_graph::Library;

struct Case {
    title: String,
    text: String,
    report: Vec<String>,
}

fn cases(table: &str) -> Vec<Case> {
    let case = |part: &str| {
        let (title, rest) = part.split_once('\n').unwrap();
        let (text, report) = rest.split_once("\n=>\n").unwrap();
        Case {
            title: title.to_owned(),
            text: text.to_owned(),
            report: report
                .lines()
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    };
    table.split("## ").skip(1).map(case).collect()
}

/// Everything that is wrong with a file, as lint tells it: the language's own faults, then the graph's.
fn report(text: &str) -> Vec<String> {
    let compiled = tiphys_dsl::compile("x", text.as_bytes());
    let mut found = compiled.diagnostics.clone();
    for object in compiled.objects.iter().filter(|object| object.complete) {
        found.extend(tiphys_graph::check(
            object,
            &compiled.source,
            &Library::default(),
        ));
    }
    tiphys_spec::diagnostic::sort(&mut found);
    found
        .iter()
        .map(|fault| fault.to_string().strip_prefix("x:").unwrap().to_owned())
        .collect()
}

#[test]
fn every_broken_file_gives_its_report() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken/table.txt");
    let table = std::fs::read_to_string(&path).unwrap();
    let cases = cases(&table);
    if std::env::var_os("UPDATE").is_some() {
        let shown = |case: &Case| {
            format!(
                "## {}\n{}\n=>\n{}\n",
                case.title,
                case.text,
                report(&case.text).join("\n")
            )
        };
        std::fs::write(
            &path,
            cases.iter().map(shown).collect::<Vec<_>>().join("\n"),
        )
        .unwrap();
        return;
    }
    println!("broken files {}", cases.len());
    assert!(cases.len() >= 80);
    for case in &cases {
        assert!(!case.report.is_empty(), "{}: no fault", case.title);
        assert_eq!(report(&case.text), case.report, "{}", case.title);
    }
}
