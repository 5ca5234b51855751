//! The project that `tiphys plugin new` writes out compiles and passes its own tests, from a copy of this crate beside it.

#![allow(clippy::unwrap_used, reason = "what goes wrong fails the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn a_new_project_compiles_from_a_copy() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("greet");
    let _ = std::fs::remove_dir_all(project.join("vendor"));
    copy(&here.join("template"), &project);
    let recipe = std::fs::read_to_string(here.join("template.json")).unwrap();
    let recipe: serde_json::Value = serde_json::from_str(&recipe).unwrap();
    for part in recipe["copies"].as_array().unwrap() {
        let path = |key: &str| part[key].as_str().unwrap();
        copy(&here.join(path("from")), &project.join(path("to")));
    }
    let lock = here.join("../../Cargo.lock");
    if lock.exists() {
        // The same versions as here, so that nothing has to be fetched.
        std::fs::copy(lock, project.join("Cargo.lock")).unwrap();
    }
    for target in [None, wasm()] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["check", "--quiet", "--offline"]);
        cargo.args(target.iter().flat_map(|target| ["--target", target]));
        cargo.current_dir(&project);
        cargo.env("CARGO_TARGET_DIR", project.join("target"));
        let output = cargo.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
}

/// The target of components, where this machine has it.
fn wasm() -> Option<&'static str> {
    let target = "wasm32-unknown-unknown";
    let mut rustc = Command::new("rustc");
    let output = rustc
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Path::new(folder.trim()).is_dir().then_some(target)
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
}
