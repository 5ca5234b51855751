//! Valid files, damaged at random: planning never panics, and what has an error has no plan.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod reading;

use proptest::prelude::*;
use tiphys_graph::{Library, Origin, Purpose, check, plan};
use tiphys_spec::{diagnostic, read};

const SEED: &str = include_str!("mutations/seed.yaml");
const WORDS: [&str; 24] = [
    "{{",
    "}}",
    "{{=",
    "steps.",
    "tasks.",
    "item",
    "a",
    "b",
    "''",
    "null",
    "-1",
    "[]",
    "{}",
    "&&",
    "depends: ",
    "withItems: ",
    "inline: ",
    "é",
    "{{inputs.parameters.x}}",
    "templateRef: ",
    "dag: ",
    "*x",
    "99999999999999999999",
    "\"",
];

fn survives(text: &str) {
    let read = read("f", text.as_bytes());
    let mut library = Library::new();
    for object in &read.objects {
        library.add(object, &read.source);
    }
    for object in &read.objects {
        let _ = check(object, &read.source, &library);
        if let Some(workflow) = reading::workflow(object) {
            for purpose in [Purpose::Lint, Purpose::Run] {
                let planned = plan(
                    &workflow,
                    &Origin::new(&read.source, &object.node),
                    &library,
                    purpose,
                );
                assert!(planned.plan.is_none() || !diagnostic::has_errors(&planned.diagnostics));
            }
        }
    }
}

#[test]
fn the_seed_is_valid() {
    let read = read("f", SEED.as_bytes());
    assert_eq!(read.diagnostics, []);
    for object in &read.objects {
        assert_eq!(
            check(object, &read.source, &Library::new())
                .iter()
                .filter(|f| f.is_error())
                .count(),
            0
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_damaged_file_has_faults_and_no_panic(edits in prop::collection::vec((0usize..4, any::<prop::sample::Index>(), 0usize..WORDS.len()), 1..6)) {
        let mut lines: Vec<String> = SEED.lines().map(str::to_owned).collect();
        for (kind, at, word) in edits {
            let at = at.index(lines.len());
            match kind {
                0 => { lines.remove(at); }
                1 => { let line = lines[at].clone(); lines.insert(at, line); }
                2 => {
                    let line = &mut lines[at];
                    let value = line.find(": ").map_or(line.len(), |colon| colon + 2);
                    line.replace_range(value.., WORDS[word]);
                }
                _ => {
                    let line = &mut lines[at];
                    let middle = (0..=line.len() / 2).rev().find(|i| line.is_char_boundary(*i)).unwrap_or(0);
                    line.insert_str(middle, WORDS[word]);
                }
            }
            if lines.is_empty() { break; }
        }
        survives(&lines.join("\n"));
    }
}

#[test]
fn deep_inline_templates_end() {
    let mut template = serde_json::json!({"container": {"image": "i"}});
    for _ in 0..40 {
        template = serde_json::json!({"steps": [[{"name": "x", "inline": template}]]});
    }
    template["name"] = "a".into();
    let workflow: tiphys_spec::Workflow = serde_json::from_value(
        serde_json::json!({"spec": {"entrypoint": "a", "templates": [template]}}),
    )
    .unwrap();
    let planned = plan(
        &workflow,
        &Origin::unread("w"),
        &Library::new(),
        Purpose::Run,
    );
    let codes: Vec<&str> = planned.diagnostics.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["inline-too-deep"]);
}
