//! Bodies of plug-in kinds, checked where they stand: in YAML and in `.flow`.

use std::path::PathBuf;
use std::process::Command;

fn lint(name: &str, text: &str, plugins: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), text).expect("a file");
    let mut tiphys = Command::new(env!("CARGO_BIN_EXE_tiphys"));
    tiphys
        .args(["lint", "-o", "simple", "--offline", name])
        .current_dir(folder.path());
    for plugin in plugins {
        tiphys
            .arg("--plugin")
            .arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(plugin));
    }
    let output = tiphys.output().expect("tiphys runs");
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

const GREET: &str = "../host/tests/fixtures/greet-0.1.0.wasm";

#[test]
fn a_block_of_a_plugin_kind_is_checked_against_its_schema() {
    let flow = "workflow w {\n  steps main { hello() }\n\n  plugin hello {\n    greet: {\n      nam: Ada\n    }\n  }\n}\n";
    let (good, told) = lint("w.flow", flow, &[GREET]);
    assert!(!good);
    assert!(
        told.contains("w.flow:6:7: error[plugin-body]") || told.contains("w.flow:5:"),
        "{told}"
    );
    assert!(told.contains("nam"), "{told}");
    let (good, told) = lint("w.flow", &flow.replace("nam:", "name:"), &[GREET]);
    assert!(good, "{told}");
    // What only the plug-in itself can tell.
    let (good, told) = lint("w.flow", &flow.replace("nam: Ada", "name: \" \""), &[GREET]);
    assert!(
        !good && told.contains("w.flow:6:") && told.contains("says nobody"),
        "{told}"
    );
}

#[test]
fn yaml_gets_the_same_checks() {
    let yaml = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec:\n  entrypoint: main\n  templates:\n  - name: main\n    plugin:\n      greet:\n        name: 3\n";
    let (good, told) = lint("w.yaml", yaml, &[GREET]);
    assert!(
        !good && told.contains("w.yaml:10:") && told.contains("plugin-body"),
        "{told}"
    );
    // A value that a tag gives is not known yet.
    let (good, told) = lint(
        "w.yaml",
        &yaml
            .replace("name: 3", "name: 'x', wait: '{{workflow.name}}'")
            .replace("        name", "        {name")
            .replace("}}'", "}}'}"),
        &[GREET],
    );
    assert!(good, "{told}");
    let (good, told) = lint("w.yaml", &yaml.replace("greet:", "great:"), &[GREET]);
    assert!(
        !good && told.contains("unknown-kind") && told.contains("greet"),
        "{told}"
    );
}

#[test]
fn the_kinds_that_come_with_tiphys_are_known() {
    let flow = "workflow w {\n  steps main { get() }\n\n  http get {\n    url: \"https://a.test\"\n    methd: GET\n  }\n}\n";
    let (good, told) = lint("w.flow", flow, &[]);
    assert!(!good && told.contains("w.flow:6:"), "{told}");
}
