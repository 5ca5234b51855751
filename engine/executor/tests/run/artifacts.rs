//! What a command leaves for others is handed over whole, and is known to be saved before the container ends.

use crate::container::{Container, Ended, kill, until_there};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use tiphys_executor::{Artifact, Done, FaultKind, Saved, Step, Unsaved};

fn artifact(output: u32, name: &str, path: &str) -> Artifact {
    Artifact {
        output,
        name: name.into(),
        path: path.into(),
        optional: false,
    }
}

fn container(step: &Step, script: &str) -> (Container, PathBuf) {
    let mut container = Container::shell(step, script);
    let folder = container.path("outputs");
    container.command.env("TIPHYS_OUTPUTS", &folder);
    (container, folder)
}

/// Who saves: waits for what is handed over, and answers.
fn saver(folder: &Path, answer: Saved) -> JoinHandle<Done> {
    let folder = folder.to_owned();
    thread::spawn(move || {
        until_there(&folder.join("done"));
        let done = serde_json::from_slice(&fs::read(folder.join("done")).unwrap()).unwrap();
        fs::write(folder.join("part"), serde_json::to_vec(&answer).unwrap()).unwrap();
        fs::rename(folder.join("part"), folder.join("saved")).unwrap();
        done
    })
}

fn run(step: &Step, script: &str, answer: Saved) -> (Ended, Done, PathBuf, tempfile::TempDir) {
    let (container, folder) = container(step, script);
    let saver = saver(&folder, answer);
    // What was handed over is looked at when the container is gone.
    let kept = tempfile::TempDir::new().unwrap();
    let mut container = container;
    let child = container.command.spawn().unwrap();
    let done = saver.join().unwrap();
    let copy = kept.path().join("outputs");
    let status = std::process::Command::new("cp")
        .arg("-a")
        .args([&folder, &copy])
        .status();
    assert!(status.unwrap().success());
    (container.end(child), done, copy, kept)
}

/// Names and contents of an archive's files.
fn entries(file: &Path) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(File::open(file).unwrap());
    let mut all = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let link = entry
            .link_name()
            .unwrap()
            .map(|to| format!("-> {}", to.display()));
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        all.push((path, link.unwrap_or(text)));
    }
    all.sort();
    all
}

#[test]
fn files_and_folders_are_handed_over() {
    let step = Step {
        artifacts: vec![
            artifact(0, "file", "out/a.txt"),
            artifact(1, "folder", "out"),
            Artifact {
                optional: true,
                ..artifact(2, "perhaps", "nothing")
            },
        ],
        ..Step::default()
    };
    let answer = Saved {
        saved: vec![0, 1],
        faults: Vec::new(),
    };
    let script = "mkdir -p out/sub; echo a > out/a.txt; ln -s ../a.txt out/sub/link";
    let (ended, done, folder, _kept) = run(&step, script, answer);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.report.artifacts, [0, 1]);
    assert_eq!(done.artifacts.len(), 2);
    let text = |of: &str| of.to_owned();
    assert_eq!(
        entries(&folder.join(&done.artifacts[0].file)),
        [(text("a.txt"), text("a\n"))]
    );
    assert_eq!(
        entries(&folder.join(&done.artifacts[1].file)),
        [
            (text("out/"), text("")),
            (text("out/a.txt"), text("a\n")),
            (text("out/sub"), text("")),
            (text("out/sub/link"), text("-> ../a.txt")),
        ]
    );
}

#[test]
fn what_is_missing_or_not_saved_is_said() {
    let step = Step {
        artifacts: vec![artifact(0, "there", "a"), artifact(1, "missing", "b")],
        ..Step::default()
    };
    let answer = || Saved {
        saved: Vec::new(),
        faults: vec![Unsaved {
            output: 0,
            message: "save output artifact `there`: the bucket is full".into(),
        }],
    };
    let (ended, ..) = run(&step, "echo > a", answer());
    assert_eq!(ended.code, Some(64));
    let faults: Vec<_> = ended
        .report
        .faults
        .iter()
        .map(|fault| (fault.kind, fault.message.as_str()))
        .collect();
    assert_eq!(
        faults,
        [
            (
                FaultKind::ArtifactNotSaved,
                "save output artifact `missing`: there is nothing at b"
            ),
            (
                FaultKind::ArtifactNotSaved,
                "save output artifact `there`: the bucket is full"
            ),
        ]
    );
    // What failed need not have left anything.
    let (ended, done, ..) = run(&step, "exit 3", Saved::default());
    assert_eq!((ended.code, done), (Some(3), Done::default()));
    assert!(ended.report.faults.is_empty());
}

#[test]
fn the_log_has_both_outputs() {
    let step = Step {
        log: Some(7),
        logs: vec![7],
        result: true,
        ..Step::default()
    };
    let answer = Saved {
        saved: vec![7],
        faults: Vec::new(),
    };
    let (ended, done, folder, _kept) = run(
        &step,
        "echo out; sleep 0.1; echo err >&2; sleep 0.1; printf end",
        answer,
    );
    assert_eq!(ended.result(), "out\nend");
    assert_eq!((ended.text(), ended.stderr.as_str()), ("out\nend", "err\n"));
    assert_eq!((done.logs[0].output, done.logs.len()), (7, 1));
    let log = fs::read_to_string(folder.join(&done.logs[0].file)).unwrap();
    assert_eq!(log, "out\nerr\nend");
    assert_eq!(ended.report.artifacts, [7]);
}

#[test]
fn who_is_told_to_end_saves_first() {
    let step = Step {
        artifacts: vec![artifact(0, "a", "a")],
        ..Step::default()
    };
    let (mut container, folder) = container(&step, "echo > a; touch started; exec sleep 60");
    let child = container.command.spawn().unwrap();
    until_there(&container.path("started"));
    let saver = saver(
        &folder,
        Saved {
            saved: vec![0],
            faults: Vec::new(),
        },
    );
    kill("TERM", child.id());
    let ended = container.end(child);
    assert_eq!(
        (ended.code, ended.report.artifacts.as_slice()),
        (Some(143), &[0][..])
    );
    saver.join().unwrap();
}
