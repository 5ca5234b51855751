//! The live view, on a terminal of the test's own.

#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

struct Terminal {
    screen: vt100::Parser,
    output: Receiver<Vec<u8>>,
    master: Box<dyn MasterPty>,
    child: Box<dyn Child + Send + Sync>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

impl Terminal {
    fn start(home: &Path, line: &str, rows: u16, cols: u16) -> Terminal {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tiphys"));
        command.args(line.split_whitespace());
        command.cwd(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files"));
        command.env("TIPHYS_HOME", home);
        command.env("TIPHYS_SANDBOX", "host");
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            screen: vt100::Parser::new(rows, cols, 1000),
            output,
            master: pair.master,
            child,
        }
    }

    fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until the screen shows `text`.
    fn until(&mut self, text: &str) {
        let start = Instant::now();
        while !self.contents().contains(text) {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "`{text}` does not come:\n{}",
                self.contents()
            );
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(100)) {
                self.screen.process(&bytes);
            }
        }
    }

    fn press(&mut self, keys: &[u8]) {
        use std::io::Write;
        self.master.take_writer().unwrap().write_all(keys).unwrap();
    }

    fn interrupt(&self) {
        let pid = self.child.process_id().unwrap().to_string();
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap();
    }

    /// The exit code, once everything that was written is on the screen.
    fn end(&mut self) -> u32 {
        let status = self.child.wait().unwrap();
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.screen.process(&bytes);
        }
        assert!(
            !self.screen.screen().hide_cursor(),
            "the cursor is given back"
        );
        status.exit_code()
    }
}

#[test]
fn the_tree_shows_and_stays() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), "run mixed.yaml", 30, 100);
    assert_eq!(terminal.end(), 1);
    let contents = terminal.contents();
    for line in [
        "STEP",
        "├─── ✔ greet",
        "├─── ○ skipped",
        "└─── ✖ broken",
        ".onExit",
        "Failed in",
    ] {
        assert_eq!(contents.matches(line).count(), 1, "{line}:\n{contents}");
    }
    assert!(
        contents.contains("broken wrote last:\n  about to fail"),
        "{contents}"
    );
}

#[test]
fn what_waits_is_shown_with_its_reason_and_ctrl_c_stops() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), "run gate.yaml", 30, 100);
    terminal.until("ǁ approve");
    terminal.until("suspended until it is resumed");
    terminal.until("◷ after");
    terminal.until("waits for approve");
    terminal.press(b"\x03");
    terminal.until("stopping; exit handlers run");
    assert_eq!(terminal.end(), 130);
    let contents = terminal.contents();
    assert!(
        contents.contains("✖ approve") && contents.contains("Failed (Terminated) in"),
        "{contents}"
    );
    assert!(!contents.contains('◷'), "{contents}");
}

#[test]
fn ctrl_c_twice_terminates() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), "run gate.yaml", 30, 100);
    terminal.until("ǁ approve");
    terminal.interrupt();
    terminal.until("stopping");
    terminal.interrupt();
    terminal.until("terminating");
    assert_eq!(terminal.end(), 130);
    assert!(
        terminal
            .contents()
            .contains("Stopped with strategy 'Terminate'"),
        "{}",
        terminal.contents()
    );
}

#[test]
fn a_small_terminal_is_not_overrun() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), "run gate.yaml", 4, 24);
    terminal.until("ǁ approve");
    terminal
        .master
        .resize(PtySize {
            rows: 5,
            cols: 30,
            pixel_width: 0,
            pixel_height: 0,
        })
        .unwrap();
    terminal.screen.screen_mut().set_size(5, 30);
    terminal.until("more");
    for _ in 0..10 {
        if let Ok(bytes) = terminal.output.recv_timeout(Duration::from_millis(100)) {
            terminal.screen.process(&bytes);
        }
    }
    // Drawn again and again, it is there once.
    assert_eq!(
        terminal.contents().matches("approve").count(),
        1,
        "{}",
        terminal.contents()
    );
    terminal.interrupt();
    assert_eq!(terminal.end(), 130);
}

#[test]
fn standard_output_is_kept_for_the_object() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(
        home.path(),
        "run mixed.yaml -o name --entrypoint bye",
        30,
        100,
    );
    assert_eq!(terminal.end(), 0);
    let contents = terminal.contents();
    assert!(
        contents.contains("✔ mixed-")
            && contents
                .trim_end()
                .lines()
                .last()
                .is_some_and(|line| line.starts_with("mixed-")),
        "{contents}"
    );
}
