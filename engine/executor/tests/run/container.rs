//! A container, as far as the executor sees one: variables, a termination log, standard output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tiphys_executor::{Decoded, Report, Step};

pub struct Container {
    pub folder: TempDir,
    pub command: Command,
}

pub struct Ended {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub report: Report,
    pub message: String,
}

impl Container {
    pub fn new(step: &Step, words: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        // Signals as a container has them: who starts tests in the background ignores some, and so would the command.
        let mut command = Command::new("env");
        command
            .args(["--default-signal", env!("CARGO_BIN_EXE_tiphys-executor")])
            .args(["run", "--"])
            .args(words)
            .envs(step.to_env())
            .env("TIPHYS_TERMINATION_LOG", folder.path().join("message"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self { folder, command }
    }

    pub fn shell(step: &Step, script: &str) -> Self {
        Self::new(step, &["sh", "-c", script])
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn run(mut self) -> Ended {
        let child = self.command.spawn().unwrap();
        self.end(child)
    }

    /// The result and the exit code, without waiting for others that hold standard output.
    pub fn run_detached(mut self) -> (Option<String>, Option<i32>) {
        let output = fs::File::create(self.path("output")).unwrap();
        let status = self.command.stdout(output).status().unwrap();
        let message = fs::read_to_string(self.path("message")).unwrap();
        let result = match Report::decode(&message).unwrap() {
            Decoded::Whole(report) => report.result,
            Decoded::InLog { .. } => None,
        };
        (result, status.code())
    }

    /// Waits for the end, and reads the report as a controller does.
    pub fn end(self, child: Child) -> Ended {
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        let message = fs::read_to_string(self.path("message")).unwrap_or_default();
        let log = String::from_utf8_lossy(&stdout);
        let report = match Report::decode(&message) {
            Ok(Decoded::Whole(report)) => report,
            Ok(Decoded::InLog { chunks, digest, .. }) => {
                Report::from_log(&log, chunks, &digest).unwrap()
            }
            Err(_) => Report::default(),
        };
        Ended {
            code: status.code(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            stdout,
            report,
            message,
        }
    }
}

impl Ended {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    pub fn result(&self) -> &str {
        self.report.result.as_deref().unwrap()
    }
}

pub fn result() -> Step {
    Step {
        result: true,
        ..Step::default()
    }
}

/// Waits until something is so.
pub fn until(what: &str, so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(20), "never {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn until_there(path: &Path) {
    until(&format!("there: {}", path.display()), || path.exists());
}

/// By another program, for the tests' own code is safe.
pub fn kill(signal: &str, pid: u32) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -s {signal} {pid}")])
        .status()
        .unwrap();
    assert!(status.success());
}
