//! The binary against recorded runs of the reference engine, node for node. Skipped where the recordings are not at hand.

use std::path::Path;
use std::process::Command;

/// Files whose tree cannot be equal, and why.
const DIFFERENT: [(&str, &str); 2] = [
    (
        "container-set-template__outputs-result-workflow",
        "containerSet is a plug-in kind",
    ),
    (
        "dag-task-level-timeout",
        "there, starting the pod used up the 20 s of a step that sleeps 15 s; here it ends in time",
    ),
];

#[test]
fn local_files_end_as_recorded() {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/compare.py");
    if !script.is_file() || Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: no recordings, or no python3, here");
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    let output = Command::new("python3")
        .arg(script)
        .args(["--jobs", "8", "--timeout", "170", "--run"])
        .arg(format!(
            "{} run {{file}} -o json",
            env!("CARGO_BIN_EXE_tiphys")
        ))
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
    println!("{}", text.lines().last().unwrap_or_default());
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
