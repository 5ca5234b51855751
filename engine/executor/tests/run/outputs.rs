//! What a command leaves gets out of the container, whatever it is.

use crate::container::{Container, Ended, result, until_there};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use tiphys_executor::{
    Content, FaultKind, File, OUTPUTS_LIMIT, Output, RESULT_LIMIT, Step, strip_report,
};

fn parameters(names: &[&str]) -> Step {
    let output = |name: &&str| Output {
        name: (*name).into(),
        path: format!("{name}.txt"),
    };
    Step {
        parameters: names.iter().map(output).collect(),
        ..Step::default()
    }
}

fn only_fault(ended: &Ended, kind: FaultKind, message: &str) {
    assert_eq!(ended.report.faults.len(), 1, "{:?}", ended.report.faults);
    let fault = &ended.report.faults[0];
    assert_eq!(fault.kind, kind);
    assert!(fault.message.contains(message), "{}", fault.message);
    assert!(ended.stderr.contains(message), "{}", ended.stderr);
}

#[test]
fn output_is_a_result_and_in_the_log() {
    let ended = Container::shell(&result(), "echo é; echo two; echo; echo err >&2").run();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.text(), "é\ntwo\n\n");
    assert_eq!(ended.result(), "é\ntwo\n");
    assert_eq!(ended.stderr, "err\n");
    let ended = Container::new(&result(), &["true"]).run();
    assert_eq!(ended.result(), "");
    let ended = Container::new(&Step::default(), &["echo", "x"]).run();
    assert_eq!(ended.text(), "x\n");
    assert_eq!(ended.report.result, None);
}

#[test]
fn output_appears_as_it_comes() {
    let mut container = Container::shell(
        &result(),
        "echo first; while ! test -e go; do sleep 0.01; done",
    );
    let mut child = container.command.spawn().unwrap();
    let mut first = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    assert_eq!(&first, b"first\n");
    fs::write(container.path("go"), "").unwrap();
    assert_eq!(container.end(child).result(), "first");
}

#[test]
fn the_end_of_a_long_output_is_kept() {
    let ended = Container::shell(&result(), "seq 1 300000; printf end").run();
    let log = ended.text();
    let own: String = log
        .lines()
        .filter(|line| !strip_report(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let own = own.strip_suffix('\n').unwrap();
    assert!(own.starts_with("1\n2\n") && own.ends_with("\n300000\nend"));
    assert_eq!(ended.result().len(), RESULT_LIMIT);
    assert!(own.ends_with(ended.result()));
    assert!(ended.report.result_truncated);
}

#[test]
fn a_reader_that_is_slow_loses_nothing() {
    let mut container = Container::shell(&result(), "seq 1 200000; exit 3");
    let child = container.command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let ended = container.end(child);
    assert_eq!(ended.code, Some(3));
    assert!(ended.text().contains("\n199999\n200000\n"));
    assert!(ended.result().ends_with("\n200000"));
}

#[test]
fn a_reader_that_goes_away_leaves_the_result() {
    let mut container = Container::shell(
        &result(),
        "echo one; sleep 0.2; echo two; sleep 0.2; echo three",
    );
    let mut child = container.command.spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(container.end(child).result(), "one\ntwo\nthree");
}

#[test]
fn parameters_come_from_files() {
    let mut step = parameters(&["a", "b", "none", "empty"]);
    step.parameters[2].path = "a.txt/none".into();
    let ended = Container::shell(
        &step,
        "printf 'x\\n\\n' >a.txt; printf 'é\"$' >b.txt; : >empty.txt; exit 2",
    )
    .run();
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.message,
        r#"{"tiphys":1,"exit":2,"parameters":{"a":"x\n","b":"é\"$","empty":"","none":null}}"#
    );
}

#[test]
fn what_is_too_long_for_the_message_is_in_the_log() {
    let script =
        "for i in $(seq 3000); do echo $i-$(($i * 7919 % 10007)); done >a.txt; printf half";
    let check = |step: &Step| {
        let ended = Container::shell(step, script).run();
        assert_eq!(ended.code, Some(0));
        assert!(ended.message.starts_with(r#"{"tiphys":1,"exit":0,"log":"#));
        let value = ended.report.parameters["a"].clone().unwrap();
        assert!(value.starts_with("1-7919\n2-5831\n") && value.lines().count() == 3000);
        let mut lines = ended.text().lines();
        assert_eq!(lines.next(), Some("half"));
        assert!(lines.filter(|line| !line.is_empty()).all(strip_report));
    };
    check(&parameters(&["a"]));
    check(&Step {
        result: true,
        ..parameters(&["a"])
    });
}

#[test]
fn a_message_is_as_long_as_the_step_says() {
    let step = Step {
        message_limit: 120,
        ..parameters(&["a"])
    };
    let ended = Container::shell(&step, "head -c 150 /etc/services /dev/urandom | od >a.txt").run();
    assert!(ended.message.len() <= 120 && ended.message.contains("\"log\":1"));
    assert!(ended.report.parameters["a"].is_some());
}

#[test]
fn a_parameter_that_is_no_text_is_a_fault() {
    let ended = Container::shell(
        &parameters(&["a", "b"]),
        "printf 'ab\\377' >a.txt; echo 1 >b.txt",
    )
    .run();
    assert_eq!((ended.code, ended.report.exit), (Some(64), 0));
    only_fault(
        &ended,
        FaultKind::ParameterNotText,
        "read the parameter `a` from a.txt: it is no text in UTF-8, from byte 2 on",
    );
    assert_eq!(ended.report.parameters["b"].as_deref(), Some("1"));
}

#[test]
fn what_is_no_readable_file_is_a_fault() {
    for (script, reason) in [
        ("mkdir a.txt", "is a directory"),
        ("mkfifo a.txt", "no regular file"),
        ("ln -s a.txt a.txt", "symbolic link"),
    ] {
        let ended = Container::shell(&parameters(&["a"]), script).run();
        only_fault(&ended, FaultKind::ParameterUnreadable, reason);
    }
    let ended = Container::shell(&parameters(&["a"]), "mkdir a.txt; exit 5").run();
    assert_eq!(ended.code, Some(5));
}

#[test]
fn outputs_have_a_limit_and_it_is_said() {
    let all = format!("head -c {OUTPUTS_LIMIT} /dev/zero >a.txt");
    let ended = Container::shell(&parameters(&["a"]), &all).run();
    assert_eq!(ended.code, Some(64));
    only_fault(
        &ended,
        FaultKind::OutputsTooLarge,
        "they have 1048577 bytes",
    );

    let ended = Container::shell(&parameters(&["a"]), "truncate -s 9G a.txt").run();
    only_fault(
        &ended,
        FaultKind::OutputsTooLarge,
        "it has 9663676416 bytes",
    );

    let many = "head -c 600000 /dev/zero >a.txt; cp a.txt b.txt";
    let ended = Container::shell(&parameters(&["a", "b"]), many).run();
    only_fault(&ended, FaultKind::OutputsTooLarge, "the parameter `b`");
}

#[test]
fn files_are_there_before_the_command() {
    let file = |path: &str, content: &[u8], mode| File {
        path: path.into(),
        content: Content::of(content.to_vec()),
        mode,
    };
    let large: Vec<u8> = (0..1_000_000u32)
        .map(|i| (i.wrapping_mul(i) >> 7) as u8)
        .collect();
    let step = Step {
        files: vec![
            file(
                "deep/er/script",
                b"#!/bin/sh\necho $$-$1 >own; cat raw\n",
                Some(0o755),
            ),
            file("raw", &large, Some(0o600)),
            file("plain", b"", None),
        ],
        ..result()
    };
    let mut container = Container::new(&step, &["deep/er/script", "one"]);
    let child = container.command.spawn().unwrap();
    let folder = container.folder.path().to_owned();
    let mode = |name: &str| {
        fs::metadata(folder.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    until_there(&folder.join("own"));
    assert_eq!(
        (mode("deep/er/script"), mode("raw"), mode("plain")),
        (0o755, 0o600, 0o644)
    );
    let ended = container.end(child);
    assert_eq!(ended.code, Some(0));
    assert_eq!(&ended.stdout[..large.len()], large);
}

#[test]
fn a_file_that_cannot_be_written_is_a_fault() {
    let step = Step {
        files: vec![File {
            path: "/proc/nothing/here".into(),
            content: Content::of(Vec::new()),
            mode: None,
        }],
        ..Step::default()
    };
    let ended = Container::new(&step, &["touch", "ran"]).run();
    assert_eq!((ended.code, ended.report.exit), (Some(64), 64));
    only_fault(
        &ended,
        FaultKind::FileNotWritten,
        "write /proc/nothing/here: ",
    );
}

#[test]
fn what_stays_behind_does_not_hold_the_step() {
    let start = Instant::now();
    let ended = Container::shell(&result(), "sleep 5 & echo done").run_detached();
    assert_eq!((ended.0.as_deref(), ended.1), (Some("done"), Some(0)));
    assert!(start.elapsed() < Duration::from_secs(3));
    // One that never stops to write.
    let ended = Container::shell(&result(), "echo done; timeout 5 yes & exit 4").run_detached();
    assert_eq!(ended.1, Some(4));
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn what_a_helper_adds_at_the_end_counts() {
    let ended = Container::shell(&result(), "echo one; (sleep 0.02; echo two) &").run();
    assert_eq!(ended.result(), "one\ntwo");
}
