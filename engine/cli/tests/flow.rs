//! `.flow` files on the command line: lint, graph, fmt, convert. `SNAPSHOTS=overwrite` writes the snapshots anew.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use snapbox::cmd::{Command, OutputAssert};
use snapbox::{Assert, Data};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notations");

fn assert() -> Assert {
    Assert::new().action_env("SNAPSHOTS")
}

fn snapshot(name: &str) -> Data {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(name);
    Data::read_from(&path, Some(snapbox::data::DataFormat::Text))
}

fn tiphys_in(folder: &Path, line: &str) -> OutputAssert {
    tiphys_with(folder, line, "")
}

fn tiphys_with(folder: &Path, line: &str, input: &str) -> OutputAssert {
    let command = Command::new(snapbox::cmd::cargo_bin!("tiphys"))
        .current_dir(folder)
        .with_assert(assert());
    command
        .args(line.split_whitespace())
        .stdin(input.to_owned())
        .assert()
}

fn tiphys(line: &str) -> OutputAssert {
    tiphys_in(Path::new(FILES), line)
}

fn stdout(output: &OutputAssert) -> String {
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(FILES).join(name)).unwrap()
}

fn copy() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in/deep");
    std::fs::create_dir_all(&path).unwrap();
    for name in ["coin.flow", "crooked.flow"] {
        std::fs::copy(Path::new(FILES).join(name), path.join(name)).unwrap();
    }
    std::fs::copy(
        Path::new(FILES).join("shared.yaml"),
        folder.path().join("in/shared.yaml"),
    )
    .unwrap();
    std::fs::write(folder.path().join("in/other.yaml"), "a: 1\n").unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

#[test]
fn lint_reads_flow_beside_yaml() {
    tiphys("lint coin.flow shared.yaml crooked.flow").success();
    tiphys("lint broken.flow")
        .code(2)
        .stdout_eq(snapshot("flow-lint.txt"));
    let folder = tiphys("lint .").code(2);
    assert!(
        stdout(&folder).contains("in 4 files"),
        "{}",
        stdout(&folder)
    );
}

#[test]
fn standard_input_tells_what_it_is() {
    let flow = file("coin.flow");
    tiphys_with(Path::new(FILES), "lint -", &flow).success();
    tiphys_with(Path::new(FILES), "lint - --stdin-name x.flow", &flow).success();
    tiphys_with(Path::new(FILES), "lint - --stdin-name x.yaml", &flow).code(2);
    tiphys_with(Path::new(FILES), "graph -", &flow)
        .success()
        .stdout_eq(snapshot("flow-graph.txt"));
    tiphys("graph crooked.flow --with shared.yaml").success();
}

#[test]
fn fmt_shows_checks_and_writes() {
    tiphys("fmt coin.flow --check").code(0).stdout_eq("");
    tiphys("fmt crooked.flow --diff")
        .code(0)
        .stdout_eq(snapshot("flow-fmt-diff.txt"));
    tiphys("fmt coin.flow crooked.flow --check")
        .code(1)
        .stdout_eq("crooked.flow\n")
        .stderr_eq("1 of 2 files would be changed\n");
    tiphys("fmt broken.flow")
        .code(2)
        .stderr_eq(snapshot("flow-fmt-broken.txt"));
    tiphys("fmt shared.yaml").code(2);
    let laid = stdout(&tiphys_with(
        Path::new(FILES),
        "fmt -",
        &file("crooked.flow"),
    ));
    let (_folder, root) = copy();
    tiphys_in(&root, "fmt")
        .success()
        .stderr_eq("1 file changed, 1 as they were\n");
    assert_eq!(
        std::fs::read_to_string(root.join("in/deep/crooked.flow")).unwrap(),
        laid
    );
    tiphys_in(&root, "fmt --check").success();
}

#[test]
fn convert_goes_both_ways() {
    tiphys("convert coin.flow")
        .success()
        .stdout_eq(snapshot("flow-convert.yaml"));
    tiphys("convert shared.yaml")
        .success()
        .stdout_eq(snapshot("flow-convert.flow"));
    tiphys("convert shared.yaml --to json")
        .success()
        .stdout_eq(snapshot("flow-convert.json"));
    let back = stdout(&tiphys_with(
        Path::new(FILES),
        "convert - --to yaml",
        &stdout(&tiphys("convert shared.yaml")),
    ));
    assert!(
        back.starts_with("# Texts for all.\n") && back.contains("name: say # says it"),
        "{back}"
    );
    tiphys("convert shared.yaml coin.flow --stats")
        .success()
        .stdout_eq(snapshot("flow-convert-stats.txt"));
    tiphys("convert broken.flow").code(2);
}

#[test]
fn convert_keeps_the_folders() {
    let (_folder, root) = copy();
    tiphys_in(&root, "convert in --out out --to flow")
        .success()
        .stderr_eq("3 files written, 1 file without workflows passed over\n");
    for name in [
        "out/shared.flow",
        "out/deep/coin.flow",
        "out/deep/crooked.flow",
    ] {
        assert!(root.join(name).is_file(), "{name}");
    }
    tiphys_in(&root, "lint out").success();
    tiphys_in(&root, "convert in/deep/coin.flow --out coin.json").success();
    assert!(
        std::fs::read_to_string(root.join("coin.json"))
            .unwrap()
            .starts_with('{')
    );
    std::fs::copy(root.join("in/deep/coin.flow"), root.join("coin.flow")).unwrap();
    std::fs::copy(root.join("coin.json"), root.join("in/deep/coin.json")).unwrap();
    // Two files must not become one.
    tiphys_in(&root, "convert in --out once --to yaml").code(2);
    assert!(!root.join("once").exists());
}
