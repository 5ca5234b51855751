//! How long the command keeps its users waiting. The bounds are on what users run: without optimisation nothing is held to them.
#![allow(clippy::print_stdout)]

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;
const TIMES: usize = 10;

/// From the start of the process to its exit.
fn tiphys(home: &Path, args: &[&str]) -> ExitStatus {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
    command
        .env("TIPHYS_HOME", home)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().expect("it runs")
}

/// The longest of ten calls after one that warms up, in the best of up to three rounds: a machine that has other things to do,
/// too, is not what is looked at.
fn longest(what: &str, bound: Duration, codes: &[i32], call: impl Fn() -> ExitStatus) {
    if cfg!(debug_assertions) {
        println!("skipped: {what} is timed with --release only");
        return;
    }
    let timed = || {
        let start = Instant::now();
        let status = call();
        let time = start.elapsed();
        assert!(
            status.code().is_some_and(|code| codes.contains(&code)),
            "{what}: {status}"
        );
        time
    };
    timed();
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let most = (0..TIMES).map(|_| timed()).max().unwrap_or_default();
        best = best.min(most);
        if best < bound {
            break;
        }
    }
    println!("{what}: {best:?} at most, {bound:?} promised");
    assert!(best < bound, "{what}: {best:?}");
}

#[test]
fn hello_ends_at_once() {
    let home = tempfile::tempdir().expect("a folder");
    let flow = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/flows/01-hello.flow"
    );
    let yaml = home.path().join("hello.yaml");
    let written = Command::new(env!("CARGO_BIN_EXE_tiphys"))
        .args(["convert", flow, "--out"])
        .arg(&yaml)
        .output();
    assert!(written.expect("it runs").status.success());
    let yaml = yaml.to_str().expect("a path in UTF-8");
    for (what, file) in [("hello.flow", flow), ("hello.yaml", yaml)] {
        longest(what, Duration::from_millis(150), &[0], || {
            tiphys(home.path(), &["run", "--sandbox", "host", file])
        });
    }
}

#[test]
fn a_folder_of_workflows_is_checked_at_once() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/workflows");
    if !folder.is_dir() {
        println!("skipped: no recordings here");
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    let folder = folder.to_str().expect("a path in UTF-8");
    // Faults that it finds are no faults of its own.
    longest(
        "lint of a folder",
        Duration::from_millis(100),
        &[0, 2],
        || tiphys(home.path(), &["lint", folder]),
    );
}
