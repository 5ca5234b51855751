//! A container of a set: it waits for those that it depends on, says how it ended, and starts again as often as it may.

use crate::container::{Container, kill, until_there};
use std::fs;
use std::time::{Duration, Instant};
use tiphys_executor::{FaultKind, Output, Step};

/// Waits for `a`, whose file is written after a moment, and marks itself.
fn waiting(code: &str) -> Container {
    let step = |folder: &std::path::Path| Step {
        after: vec![folder.join("a/exitcode").display().to_string()],
        mark: Some(folder.join("b/exitcode").display().to_string()),
        ..Step::default()
    };
    let mut container = Container::shell(&Step::default(), "cat a/exitcode");
    let folder = container.folder.path().to_owned();
    container.command.envs(step(&folder).to_env());
    fs::create_dir(folder.join("a")).unwrap();
    let code = code.to_owned();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        fs::write(folder.join("a/part"), code).unwrap();
        fs::rename(folder.join("a/part"), folder.join("a/exitcode")).unwrap();
    });
    container
}

#[test]
fn it_starts_when_the_other_has_succeeded() {
    let container = waiting("0");
    let (mark, since) = (container.path("b/exitcode"), Instant::now());
    let mut container = container;
    let child = container.command.spawn().unwrap();
    until_there(&mark);
    assert_eq!(fs::read_to_string(&mark).unwrap(), "0");
    assert!(since.elapsed() >= Duration::from_millis(150));
    let ended = container.end(child);
    assert_eq!((ended.code, &*ended.stdout), (Some(0), &b"0"[..]));
}

#[test]
fn it_is_omitted_when_the_other_has_failed() {
    let container = waiting("3");
    let mark = container.path("b/exitcode");
    let mut container = container;
    let child = container.command.spawn().unwrap();
    until_there(&mark);
    // Who waits for this one is not run either.
    assert_eq!(fs::read_to_string(&mark).unwrap(), "64");
    let ended = container.end(child);
    assert_eq!((ended.code, &*ended.stdout), (Some(64), &b""[..]));
    assert_eq!(ended.report.faults[0].kind, FaultKind::Omitted);
    assert_eq!(
        ended.report.faults[0].message,
        "omitted: container `a` failed"
    );
    assert_eq!(
        ended.stderr,
        "tiphys-executor: omitted: container `a` failed\n"
    );
}

#[test]
fn a_signal_ends_the_waiting() {
    let step = Step {
        after: vec!["never/exitcode".to_owned()],
        ..Step::default()
    };
    let mut container = Container::shell(&step, "echo ran");
    let child = container.command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    kill("TERM", child.id());
    let ended = container.end(child);
    assert_eq!((ended.code, &*ended.stdout), (Some(64), &b""[..]));
    assert_eq!(
        ended.report.faults[0].message,
        "omitted: the pod was told to end"
    );
}

#[test]
fn one_that_fails_starts_again_as_often_as_it_may() {
    let script = "echo >>tries; exit $(($(wc -l <tries) < 3))";
    for (retries, code, tries) in [(0, 1, 1), (1, 1, 2), (2, 0, 3), (9, 0, 3)] {
        let step = Step {
            retries,
            pause: 10,
            ..Step::default()
        };
        let mut container = Container::shell(&step, script);
        let counted = container.path("tries");
        let child = container.command.spawn().unwrap();
        let status = child.wait_with_output().unwrap().status;
        assert_eq!(status.code(), Some(code), "{retries}");
        assert_eq!(fs::read_to_string(counted).unwrap().lines().count(), tries);
    }
}

#[test]
fn its_outputs_are_read_when_the_others_have_ended() {
    let mut container = Container::shell(&Step::default(), "true");
    let folder = container.folder.path().to_owned();
    let step = Step {
        until: vec![folder.join("a/exitcode").display().to_string()],
        mark: Some(folder.join("main/exitcode").display().to_string()),
        parameters: vec![Output {
            name: "out".into(),
            path: "out".into(),
        }],
        ..Step::default()
    };
    container.command.envs(step.to_env());
    let child = container.command.spawn().unwrap();
    // The other waits for this one, and is waited for.
    until_there(&folder.join("main/exitcode"));
    fs::write(folder.join("out"), "of the other").unwrap();
    fs::create_dir(folder.join("a")).unwrap();
    fs::write(folder.join("a/exitcode"), "0").unwrap();
    let ended = container.end(child);
    assert_eq!(
        ended.report.parameters["out"].as_deref(),
        Some("of the other")
    );
}
