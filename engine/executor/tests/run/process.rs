//! The command runs as it would without us: its exit code, its signals, its environment; and what cannot start says why.

use crate::container::{Container, Ended, kill, result, until, until_there};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};
use tiphys_executor::{Content, FaultKind, File, Output, Step};

fn fails(words: &[&str], code: i32, kind: FaultKind, message: &str) -> Ended {
    check(Container::new(&result(), words), code, kind, message)
}

fn check(container: Container, code: i32, kind: FaultKind, message: &str) -> Ended {
    let ended = container.run();
    assert_eq!((ended.code, ended.report.exit), (Some(code), code));
    assert_eq!(ended.report.faults[0].kind, kind);
    let error = ended.report.error().unwrap();
    assert!(error.contains(message), "{error}");
    assert_eq!(
        ended.stderr,
        format!("tiphys-executor: failed to {error}\n")
    );
    ended
}

#[test]
fn its_exit_code_is_ours() {
    for code in [0, 1, 3, 64, 127, 255] {
        let ended = Container::shell(&Step::default(), &format!("exit {code}")).run();
        assert_eq!((ended.code, ended.report.exit), (Some(code), code));
        assert_eq!((ended.report.faults.len(), &*ended.stderr), (0, ""));
    }
}

#[test]
fn a_signal_that_ends_it_is_said() {
    for (name, number) in [("KILL", 9), ("SEGV", 11), ("PIPE", 13)] {
        let ended = Container::shell(&Step::default(), &format!("kill -s {name} $$")).run();
        assert_eq!(ended.code, Some(128 + number));
        assert_eq!(ended.report.signal, Some(number));
        assert_eq!(ended.report.exit, 128 + number);
    }
}

#[test]
fn signals_reach_it_and_outputs_still_get_out() {
    for name in ["TERM", "INT", "HUP", "USR1", "USR2", "QUIT", "WINCH"] {
        let step = Step {
            parameters: vec![Output {
                name: "a".into(),
                path: "a.txt".into(),
            }],
            ..result()
        };
        let script = format!(
            "trap 'echo got {name}; exit 7' {name}; echo 1 >a.txt; echo up; : >ready; while :; do sleep 0.01; done"
        );
        let mut container = Container::shell(&step, &script);
        let child = container.command.spawn().unwrap();
        until_there(&container.path("ready"));
        kill(name, child.id());
        let ended = container.end(child);
        assert_eq!(ended.code, Some(7), "{name}");
        assert_eq!(ended.result(), format!("up\ngot {name}"));
        assert_eq!(ended.report.parameters["a"].as_deref(), Some("1"));
    }
}

#[test]
fn a_signal_that_it_does_not_handle_ends_it() {
    let mut container = Container::shell(&result(), "echo up; : >ready; exec sleep 20");
    let child = container.command.spawn().unwrap();
    until_there(&container.path("ready"));
    kill("TERM", child.id());
    let ended = container.end(child);
    assert_eq!((ended.code, ended.report.signal), (Some(143), Some(15)));
    assert_eq!(ended.result(), "up");
}

#[test]
fn a_command_may_ignore_the_signal_until_it_is_killed() {
    let script = "trap '' TERM; echo $$ >pid; mv pid ready; while :; do sleep 0.01; done";
    let mut container = Container::shell(&Step::default(), script);
    let mut child = container.command.spawn().unwrap();
    until_there(&container.path("ready"));
    kill("TERM", child.id());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(child.try_wait().unwrap(), None);
    let pid = fs::read_to_string(container.path("ready")).unwrap();
    kill("KILL", pid.trim().parse().unwrap());
    assert_eq!(container.end(child).code, Some(137));
}

#[test]
fn a_reader_that_hangs_does_not_hold_the_report_when_told_to_stop() {
    let step = Step {
        result: true,
        ..Step::default()
    };
    let mut container = Container::shell(&step, "seq 1 20000 && : >ready; exec sleep 20");
    let mut child = container.command.spawn().unwrap();
    // Nobody reads: the log is full, and `seq` with it.
    std::thread::sleep(Duration::from_millis(300));
    kill("TERM", child.id());
    let start = Instant::now();
    let message = container.path("message");
    until("a report", || {
        fs::read(&message).is_ok_and(|text| !text.is_empty())
    });
    assert!(start.elapsed() < Duration::from_secs(5));
    child.kill().unwrap();
    let text = fs::read_to_string(&message).unwrap();
    assert!(text.starts_with(r#"{"tiphys":1,"exit":143"#), "{text}");
    child.wait().unwrap();
}

#[test]
fn orphans_are_reaped_while_it_runs() {
    // Each is left by its parent, and ends before the command does.
    let script = "for i in $(seq 20); do (sleep 0.05 & echo $! >>pids); done; : >ready; while ! test -e go; do sleep 0.01; done; exit 6";
    let mut container = Container::shell(&Step::default(), script);
    let child = container.command.spawn().unwrap();
    until_there(&container.path("ready"));
    let pids = fs::read_to_string(container.path("pids")).unwrap();
    assert_eq!(pids.lines().count(), 20);
    for pid in pids.lines() {
        let process = std::path::PathBuf::from(format!("/proc/{pid}"));
        until("reaped", || !process.exists());
    }
    fs::write(container.path("go"), "").unwrap();
    assert_eq!(container.end(child).code, Some(6));
}

/// The command line that makes its program PID 1, where this machine lets us.
fn as_pid_1() -> Option<Command> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args([
            "--user",
            "--map-root-user",
            "--pid",
            "--fork",
            "--kill-child",
        ]);
        command
    };
    let may = unshare().arg("true").output();
    may.is_ok_and(|output| output.status.success())
        .then(unshare)
}

#[test]
fn as_pid_1_it_does_all_the_same() {
    let Some(mut command) = as_pid_1() else {
        eprintln!("skipped: no PID namespaces here");
        return;
    };
    let step = result();
    let container = Container::shell(
        &step,
        "trap 'echo bye; exit 9' TERM; echo $PPID; (sleep 0.01 & ); kill -s TERM $PPID; while :; do sleep 0.01; done",
    );
    let log = container.path("message");
    let executor = container.command.get_program();
    command.arg(executor).args(container.command.get_args());
    command
        .envs(step.to_env())
        .env("TIPHYS_TERMINATION_LOG", &log);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(9));
    assert_eq!(
        fs::read_to_string(log).unwrap(),
        r#"{"tiphys":1,"exit":9,"result":"1\nbye"}"#
    );
}

#[test]
fn its_environment_is_the_containers() {
    let mut container = Container::shell(
        &result(),
        "cat; env | grep -c ^TIPHYS_; echo $OWN; ps -o pgid= -p $$ | tr -d ' '; echo $$; exit 0",
    );
    container.command.env("OWN", "here").env("TIPHYS_ELSE", "x");
    let ended = container.run();
    let lines: Vec<&str> = ended.result().lines().collect();
    assert_eq!(lines[..2], ["0", "here"]);
    assert_eq!(lines[2], lines[3], "a process group of its own");
}

#[test]
fn its_signals_are_as_they_were() {
    let ended = Container::shell(&result(), "grep -E 'Sig(Blk|Ign|Pnd)' /proc/self/status").run();
    let blocked = ended
        .result()
        .lines()
        .find(|line| line.starts_with("SigBlk"));
    assert_eq!(blocked, Some("SigBlk:\t0000000000000000"));
}

#[test]
fn standard_input_is_inherited() {
    let mut container = Container::new(&result(), &["cat"]);
    let file = container.path("in");
    fs::write(&file, "from stdin").unwrap();
    container.command.stdin(fs::File::open(file).unwrap());
    assert_eq!(container.run().result(), "from stdin");
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let mut container = Container::new(&result(), &["no-such-command", "x"]);
    container.command.env("PATH", "/bin:/nowhere");
    check(
        container,
        127,
        FaultKind::CommandNotFound,
        "start the command: the image has no `no-such-command` in PATH (/bin:/nowhere); take an image that has it",
    );
    fails(
        &["/opt/no/such"],
        127,
        FaultKind::CommandNotFound,
        "the image has no `/opt/no/such`; take",
    );
}

#[test]
fn a_command_that_cannot_be_executed_is_named() {
    let write = |container: &Container, content: &[u8], mode| {
        let path = container.path("it");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let kind = FaultKind::CommandNotExecutable;
    let container = Container::new(&result(), &["./it"]);
    write(&container, b"#!/bin/sh\n", 0o644);
    check(
        container,
        126,
        kind,
        "`./it` may not be executed; give it the permission",
    );

    let container = Container::new(&result(), &["./it"]);
    write(&container, b"#!/usr/bin/pythons -u\r\n", 0o755);
    check(
        container,
        126,
        kind,
        "the image has no `/usr/bin/pythons`, which the first line of `./it` names",
    );

    let container = Container::new(&result(), &["./it"]);
    write(&container, b"\x7fELF\x02\x01\x01 not for here", 0o755);
    check(container, 126, kind, "`./it` is no program for this node");

    let container = Container::new(&result(), &["./it"]);
    write(&container, b"echo no first line\n", 0o755);
    check(container, 126, kind, "a script needs a first line with #!");

    fails(&["/tmp"], 126, kind, "`/tmp` is a folder");
}

#[test]
fn a_step_that_is_not_said_is_a_fault() {
    let mut container = Container::new(&Step::default(), &["touch", "ran"]);
    container.command.env_remove("TIPHYS_STEP");
    check(
        container,
        64,
        FaultKind::StepUnreadable,
        "the container has no environment variable TIPHYS_STEP",
    );
    let mut container = Container::new(&Step::default(), &["touch", "ran"]);
    container.command.env("TIPHYS_STEP", "{");
    check(container, 64, FaultKind::StepUnreadable, "is damaged");
}

#[test]
fn a_report_that_cannot_be_written_is_said() {
    let mut container = Container::new(&Step::default(), &["true"]);
    container
        .command
        .env("TIPHYS_TERMINATION_LOG", "/nowhere/log");
    let ended = container.run();
    assert_eq!(ended.code, Some(64));
    assert!(
        ended
            .stderr
            .contains("failed to write the report to /nowhere/log: ")
    );
}

fn executor() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tiphys-executor"))
}

#[test]
fn it_installs_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/bin/tiphys-executor");
    for _ in 0..2 {
        let status = executor().arg("install").arg(&path).status().unwrap();
        assert!(status.success());
    }
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o755
    );
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    let output = Command::new(&path).arg("--version").output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        concat!("tiphys-executor ", env!("CARGO_PKG_VERSION"), "\n")
    );
    let output = executor()
        .args(["install", "/proc/no/way"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("failed to install to /proc/no/way: ")
    );
}

#[test]
fn arguments_that_it_does_not_know_are_refused() {
    for args in [
        &[][..],
        &["run"],
        &["run", "--"],
        &["run", "ls"],
        &["install"],
    ] {
        let output = executor().args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--help"));
    }
    let output = executor().arg("--help").output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"What runs inside"));
}

/// Without the start of the command itself, an executor must cost nothing to speak of.
#[test]
fn it_costs_little() {
    let time = |run: &dyn Fn()| {
        let start = Instant::now();
        (0..200).for_each(|_| run());
        start.elapsed() / 200
    };
    let folder = tempfile::tempdir().unwrap();
    let plain = time(&|| assert!(Command::new("/bin/true").status().unwrap().success()));
    let ours = time(&|| {
        let mut command = executor();
        command.args(["run", "--", "/bin/true"]);
        command.env("TIPHYS_STEP", r#"{"result":true}"#);
        command.env("TIPHYS_TERMINATION_LOG", folder.path().join("message"));
        assert!(command.status().unwrap().success());
    });
    println!("/bin/true: {plain:?}; by tiphys-executor: {ours:?}");
    // A build for tests on a machine that does much else; a real one takes less than 5 ms.
    assert!(ours < plain * 10 + Duration::from_millis(50), "{ours:?}");
}

#[test]
fn files_are_there_before_the_command_s_container_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/a.conf");
    let step = Step {
        files: vec![File {
            path: file.to_str().unwrap().to_owned(),
            content: Content::Text("a=$(HOME)".into()),
            mode: Some(0o640),
        }],
        ..Step::default()
    };
    let program = folder.path().join("bin/executor");
    let install = ["install", program.to_str().unwrap()];
    for words in [&["stage"][..], &install] {
        let status = executor().args(words).envs(step.to_env()).status().unwrap();
        assert!(status.success());
        assert_eq!(fs::read_to_string(&file).unwrap(), "a=$(HOME)");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o640);
        fs::remove_file(&file).unwrap();
    }
    let output = executor().arg("stage").output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("no environment variable TIPHYS_STEP")
    );
    let damaged = executor()
        .args(install)
        .env("TIPHYS_STEP", "{")
        .output()
        .unwrap();
    assert_eq!(damaged.status.code(), Some(64));
}

#[test]
fn a_command_waits_for_who_looks_first_and_its_container_for_who_looks_after() {
    let mut container = Container::shell(&Step::default(), "echo ran; touch ran");
    let (before, after) = (
        container.path("ctr/main/before"),
        container.path("ctr/main/after"),
    );
    let step = Step {
        hold_before: Some(before.display().to_string()),
        hold_after: Some(after.display().to_string()),
        ..Step::default()
    };
    container.command.envs(step.to_env());
    let ran = container.path("ran");
    let mut child = container.command.spawn().unwrap();
    until_there(before.parent().unwrap());
    std::thread::sleep(Duration::from_millis(150));
    assert!(!ran.exists(), "it did not wait");
    std::fs::write(&before, "").unwrap();
    until_there(&ran);
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(
        child.try_wait().unwrap(),
        None,
        "it did not wait at its end"
    );
    std::fs::write(&after, "").unwrap();
    let ended = container.end(child);
    assert_eq!((ended.code, &*ended.stdout), (Some(0), &b"ran\n"[..]));
    assert!(
        ended
            .stderr
            .contains("the command starts when there is a file"),
        "{}",
        ended.stderr
    );
}

#[test]
fn one_that_waits_for_who_looks_ends_when_it_is_told() {
    let mut container = Container::shell(&Step::default(), "touch ran");
    let before = container.path("ctr/main/before");
    let step = Step {
        hold_before: Some(before.display().to_string()),
        ..Step::default()
    };
    container.command.envs(step.to_env());
    let child = container.command.spawn().unwrap();
    until_there(before.parent().unwrap());
    kill("TERM", child.id());
    let ended = container.end(child);
    assert_eq!(ended.code, Some(64));
    assert_eq!(
        ended.report.faults[0].message,
        "omitted: the pod was told to end"
    );
}
