//! Every program of the reference and of the tour: compiled, planned, laid out, and raised again.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;

use tiphys_graph::{Library, Origin, Purpose};
use tiphys_spec::ObjectValue;

fn holds(name: &str, text: &str) {
    let compiled = tiphys_dsl::compile(name, text.as_bytes());
    assert!(
        compiled.diagnostics.is_empty(),
        "{}",
        compiled.diagnostics[0]
    );
    let mut library = Library::new();
    for object in &compiled.objects {
        library.add(object, &compiled.source);
    }
    for object in &compiled.objects {
        let faults = tiphys_graph::check(object, &compiled.source, &library);
        let errors: Vec<String> = faults
            .iter()
            .filter(|fault| fault.is_error())
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        if let ObjectValue::Workflow(workflow) = &object.value {
            let planned = tiphys_graph::plan(
                workflow,
                &Origin::new(&compiled.source, &object.node),
                &library,
                Purpose::Lint,
            );
            assert!(
                planned.diagnostics.iter().all(|fault| !fault.is_error()),
                "{name}"
            );
        }
    }
    let laid_out = tiphys_dsl::format(name, text).unwrap();
    let again = tiphys_dsl::compile(name, laid_out.as_bytes());
    let raised = tiphys_dsl::raise(&compiled.objects, &compiled.source);
    let back = tiphys_dsl::compile(name, raised.text.as_bytes());
    let json = |objects: &[tiphys_spec::Object]| -> Vec<serde_json::Value> {
        objects
            .iter()
            .map(|object| serde_json::to_value(&object.value).unwrap())
            .collect()
    };
    assert_eq!(json(&compiled.objects), json(&again.objects), "{laid_out}");
    assert_eq!(
        json(&compiled.objects),
        json(&back.objects),
        "{}",
        raised.text
    );
    assert!(raised.as_fields.is_empty(), "{}", raised.text);
}

#[test]
fn the_reference_says_what_compiles() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut count = 0;
    for part in text.split("\n```flow\n").skip(1) {
        let end = part.find("\n```\n").unwrap();
        count += 1;
        holds(&format!("example {count}"), &part[..=end]);
    }
    println!("examples {count}");
    assert!(count >= 8);
}

#[test]
fn the_tour_compiles_and_plans() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/flows");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        assert_eq!(
            tiphys_dsl::format(&name, &text).unwrap(),
            text,
            "{name} is not laid out"
        );
        holds(&name, &text);
        count += 1;
    }
    assert!(count >= 10, "{count}");
}
