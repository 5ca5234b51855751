//! The binary against recorded runs of the reference engine, node for node: from their YAML, and from the `.flow` it is raised
//! to. Skipped where the recordings are not at hand.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Files whose tree cannot be equal, and why.
const DIFFERENT: [(&str, &str); 1] = [(
    "dag-task-level-timeout",
    "there, starting the pod used up the 20 s of a step that sleeps 15 s; here it ends in time",
)];

const TIPHYS: &str = env!("CARGO_BIN_EXE_tiphys");

/// The folder of the recordings.
fn recordings() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/conformance")
        .canonicalize()
        .unwrap_or_default();
    let python = Command::new("python3")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !folder.join("compare.py").is_file() || python.is_err() {
        println!("skipped: no recordings, or no python3, here");
        return None;
    }
    Some(folder)
}

/// Runs every file marked `local` by a command, in which `{file}` is its YAML, and holds the nodes against the recorded ones.
fn end_as_recorded(what: &str, folder: &Path, command: &str) {
    let home = tempfile::tempdir().expect("a folder");
    let output = Command::new("python3")
        .arg(folder.join("compare.py"))
        // Most of them sleep: what they wait for costs nothing.
        .args(["--jobs", "32", "--timeout", "170", "--run", command])
        .env("TIPHYS_HOME", home.path())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let different: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("differs "))
        .collect();
    for (file, why) in DIFFERENT {
        println!("different {file}: {why}");
    }
    println!("{what}: {}", text.lines().last().unwrap_or_default());
    let unexpected: Vec<&&str> = different
        .iter()
        .filter(|file| DIFFERENT.iter().all(|(known, _)| *known != **file))
        .collect();
    assert!(
        unexpected.is_empty() && text.contains("equal"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn local_files_end_as_recorded() {
    if let Some(folder) = recordings() {
        end_as_recorded("YAML", &folder, &format!("'{TIPHYS}' run {{file}} -o json"));
    }
}

#[test]
fn local_files_end_as_recorded_when_raised_to_flow() {
    let Some(folder) = recordings() else { return };
    let (workflows, raised) = (
        folder.join("workflows"),
        tempfile::tempdir().expect("a folder"),
    );
    let converted = Command::new(TIPHYS)
        .args(["convert", "--to", "flow", "--out"])
        .arg(raised.path())
        .arg(&workflows)
        .output()
        .expect("it runs");
    assert!(converted.status.success(), "{converted:?}");
    // The same place in the other folder, under its other name.
    let script = r#"f=${1#"$2"/}; exec "$0" run "$3/${f%.yaml}.flow" -o json"#;
    let (from, to) = (workflows.display(), raised.path().display());
    end_as_recorded(
        ".flow",
        &folder,
        &format!("sh -c '{script}' '{TIPHYS}' {{file}} '{from}' '{to}'"),
    );
}
