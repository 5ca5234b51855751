//! The binary as its users see it: what it prints, and how it exits. `SNAPSHOTS=overwrite` writes the snapshots anew.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use snapbox::cmd::{Command, OutputAssert};
use snapbox::{Assert, Data, Redactions};

/// A process that does not outlive its test.
struct Runner(std::process::Child);

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder of runs of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn command(&self, line: &str) -> Command {
        let command = Command::new(snapbox::cmd::cargo_bin!("tiphys"))
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files"));
        let command = command
            .env("TIPHYS_HOME", self.0.path())
            .env("TIPHYS_SANDBOX", "host")
            .env_remove("NO_COLOR")
            .env_remove("TIPHYS_LOG");
        command.args(line.split_whitespace()).with_assert(assert())
    }

    fn run(&self, line: &str) -> OutputAssert {
        self.command(line).assert()
    }

    /// Compares a table: how wide its columns are depends on what differs from run to run. A step that ends at once may not have
    /// been seen running.
    fn table(&self, line: &str, code: i32, expected: Data) {
        let output = self.run(line).code(code);
        let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        let text = regex::Regex::new("  +").unwrap().replace_all(&text, "  ");
        let lines = text.lines().filter(|line| !line.ends_with(" Running"));
        let text: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
        assert().eq(text, expected);
    }

    fn stdout(&self, line: &str) -> String {
        String::from_utf8(self.run(line).get_output().stdout.clone()).unwrap()
    }
}

/// What differs from run to run: random ends of names, hashes, times.
fn assert() -> Assert {
    let mut redactions = Redactions::new();
    let mut hide = |name, pattern: &str| {
        redactions
            .insert(name, regex::Regex::new(pattern).unwrap())
            .unwrap()
    };
    hide(
        "[POD]",
        "(?<redacted>(mixed|gate|greeter)-[a-z0-9]{5}-[a-z]+-[0-9]+)",
    );
    hide(
        "[ID]",
        "(?<redacted>(mixed|gate|greeter)-[a-z0-9]{5}-[0-9]+)",
    );
    hide("[NAME]", "(?<redacted>(mixed|gate|greeter)-[a-z0-9]{5})\\b");
    hide(
        "[UID]",
        "(?<redacted>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    );
    hide(
        "[TIME]",
        "(?<redacted>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z)",
    );
    hide(
        "[DATE]",
        "(?<redacted>[A-Z][a-z]{2} [A-Z][a-z]{2} \\d\\d \\d\\d:\\d\\d:\\d\\d \\+0000 \\(\\d+ seconds? ago\\))",
    );
    hide(
        "[DURATION]",
        "(?<redacted>\\b\\d+(\\.\\d)?(ms|s| seconds?)\\b)",
    );
    hide("[SANDBOX]", "  (?<redacted>host: .*)");
    hide("[NODE]", "\"hostNodeName\": \"(?<redacted>[^\"]+)\"");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    hide(
        "[HOST]",
        &format!("(?m)  (?<redacted>{})$", regex::escape(host.trim())),
    );
    Assert::new()
        .action_env("SNAPSHOTS")
        .redact_with(redactions)
}

fn snapshot(name: &str) -> Data {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "snapshots", name]
        .iter()
        .collect();
    Data::read_from(&path, Some(snapbox::data::DataFormat::Text))
}

#[test]
fn help_teaches() {
    let place = Place::new();
    place
        .run("--help")
        .success()
        .stdout_eq(snapshot("help.txt"));
    place
        .run("run --help")
        .success()
        .stdout_eq(snapshot("help-run.txt"));
    place
        .run("lint --help")
        .success()
        .stdout_eq(snapshot("help-lint.txt"));
    for command in [
        "graph",
        "list",
        "get",
        "why",
        "logs",
        "watch",
        "wait",
        "suspend",
        "resume",
        "stop",
        "terminate",
        "retry",
        "resubmit",
        "node set",
        "delete",
        "cp",
        "completion",
        "version",
    ] {
        place.run(&format!("{command} --help")).success();
    }
}

#[test]
fn lint_shows_the_text() {
    let place = Place::new();
    place
        .run("lint broken.yaml")
        .code(2)
        .stdout_eq(snapshot("lint-human.txt"))
        .stderr_eq("");
    place
        .run("lint broken.yaml -o simple")
        .code(2)
        .stdout_eq(snapshot("lint-simple.txt"));
    place
        .run("lint broken.yaml -o json")
        .code(2)
        .stdout_eq(snapshot("lint-json.txt"));
    place
        .run("lint broken.yaml -o github")
        .code(2)
        .stdout_eq(snapshot("lint-github.txt"));
    place
        .run("lint --color always broken.yaml")
        .code(2)
        .stdout_eq(snapshot("lint-color.txt"));
}

#[test]
fn lint_ends_with_0_where_nothing_is_wrong() {
    let place = Place::new();
    place
        .run("lint pipeline.yaml mixed.yaml template.yaml")
        .success()
        .stdout_eq("3 objects in 3 files: no faults found\n");
    place
        .run("lint -o json gate.yaml")
        .success()
        .stdout_eq("[]\n");
    place.run("lint .").code(2);
    place
        .command("lint -")
        .stdin(
            std::fs::read_to_string(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/files/gate.yaml"
            ))
            .unwrap(),
        )
        .assert()
        .success();
}

#[test]
fn graph_in_every_form() {
    let place = Place::new();
    for (format, file) in [
        ("text", "graph.txt"),
        ("dot", "graph.dot"),
        ("mermaid", "graph.mmd"),
        ("svg", "graph.svg"),
    ] {
        place
            .run(&format!("graph pipeline.yaml -o {format}"))
            .success()
            .stdout_eq(snapshot(file));
    }
    place
        .run("graph pipeline.yaml --depth 1 --no-utf8")
        .success()
        .stdout_eq(snapshot("graph-depth.txt"));
    place
        .run("graph pipeline.yaml --entrypoint build")
        .success();
    place.run("graph template.yaml").success();
    place.run("graph broken.yaml").code(2);
}

#[test]
fn a_run_off_a_terminal() {
    let place = Place::new();
    place.table("run mixed.yaml -p who=me", 1, snapshot("run-lines.txt"));
    place
        .run("run mixed.yaml -p who=me")
        .code(1)
        .stderr_eq(snapshot("run-lines-stderr.txt"));
    place.run("run mixed.yaml --logs --color always").code(1);
    place.table("run mixed.yaml -o wide", 1, snapshot("run-wide.txt"));
    place
        .run("run mixed.yaml -o json --labels team=a --name mixed-aaaaa")
        .code(1)
        .stdout_eq(snapshot("run-json.txt"));
    place
        .run("run mixed.yaml -o name --watch=false")
        .code(1)
        .stdout_eq("[NAME]\n");
    let yaml = place.stdout("run gate.yaml mixed.yaml -o yaml --entrypoint bye");
    assert_eq!(yaml.matches("kind: Workflow\n").count(), 2, "{yaml}");
}

#[test]
fn a_template_runs_by_itself() {
    let place = Place::new();
    let json: serde_json::Value =
        serde_json::from_str(&place.stdout("run template.yaml -p what=hi -o json")).unwrap();
    assert_eq!(json["status"]["phase"], "Succeeded");
    assert_eq!(
        json["metadata"]["labels"]["workflows.argoproj.io/workflow-template"],
        "greeter"
    );
    assert_eq!(place.stdout("logs @latest --no-prefix"), "hi\n");
}

#[test]
fn a_run_looked_at_afterwards() {
    let place = Place::new();
    place
        .run("list")
        .success()
        .stdout_eq("")
        .stderr_eq("No workflows found\n");
    place.run("list -o json").success().stdout_eq("[]\n");
    place.run("run mixed.yaml --name mixed-aaaaa").code(1);
    place.table("list", 0, snapshot("list.txt"));
    place
        .run("list -o name --status failed")
        .success()
        .stdout_eq("[NAME]\n");
    place.run("list -o name --running").success().stdout_eq("");
    place.table("get @latest", 0, snapshot("get.txt"));
    place.run("get @latest -o wide --status Failed").success();
    place.table(
        "get @latest -o short --node-field-selector displayName=greet --no-utf8",
        0,
        snapshot("get-short.txt"),
    );
    place
        .run("logs @latest")
        .success()
        .stdout_eq(snapshot("logs.txt"));
    place
        .run("logs @latest greet --no-prefix")
        .success()
        .stdout_eq("hello world\n");
    place
        .run("logs @latest --grep fail --tail 1 --no-prefix")
        .success()
        .stdout_eq("about to fail\n");
    place.run("logs @latest nothing").code(2);
    place
        .run("why @latest")
        .success()
        .stdout_eq(snapshot("why.txt"));
    place.run("why @latest skipped").success();
    place.run("why @latest -o json").success();
    place
        .run("wait @latest")
        .code(1)
        .stdout_eq("[NAME] Failed at [TIME]\n");
    place.run("watch @latest").code(1);
    place
        .run("stop @latest")
        .code(2)
        .stderr_eq("error: failed to have `[NAME]` stopped: it has ended (Failed)\n");
    place
        .run("retry @latest -o name")
        .code(1)
        .stdout_eq("[NAME]\n");
    place
        .run("resubmit @latest --memoized -p who=you -o name")
        .code(1);
    place.run("delete --all --dry-run").success();
    place
        .run("delete mixed-aaaaa")
        .success()
        .stdout_eq("Workflow '[NAME]' deleted\n");
    place.run("delete mixed-aaaaa").code(2);
}

#[test]
fn orders_from_a_second_terminal() {
    let place = Place::new();
    let mut command = std::process::Command::new(snapbox::cmd::cargo_bin!("tiphys"));
    command
        .args(["run", "gate.yaml", "--name", "gate-aaaaa", "-o", "name"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files"));
    command
        .env("TIPHYS_HOME", place.0.path())
        .env("TIPHYS_SANDBOX", "host")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut first = Runner(command.spawn().unwrap());
    let started = std::time::Instant::now();
    while !place.stdout("why gate-aaaaa approve").contains("suspended") {
        assert!(started.elapsed().as_secs() < 30);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    place
        .run("why gate-aaaaa")
        .success()
        .stdout_eq(snapshot("why-waiting.txt"));
    place.table("get gate-aaaaa -o short", 0, snapshot("get-waiting.txt"));
    place
        .run("suspend @latest")
        .success()
        .stdout_eq("workflow [NAME] suspended\n");
    place
        .run("resume gate-aaaaa --node-field-selector displayNaem=x")
        .code(2);
    place
        .run("resume gate-aaaaa")
        .success()
        .stdout_eq("workflow [NAME] resumed\n");
    place.run("wait gate-aaaaa").success();
    assert!(first.0.wait().unwrap().success());
}

#[test]
fn what_cannot_be_done_is_said_with_what_can() {
    let place = Place::new();
    place.run("run nowhere.yaml").code(2).stderr_eq("error: failed to read nowhere.yaml: no such file or directory\nhint: check the path; `-` reads standard input\n");
    place.run("run broken.yaml").code(2);
    place.run("get nothing").code(2).stderr_eq("error: failed to find the run `nothing`: there is none of this name\nhint: `tiphys list` shows all runs\n");
    place.run("get @latest").code(2).stderr_eq("error: failed to find the newest run: there is none\nhint: run a workflow with `tiphys run FILE`\n");
    place.run("logs x --grep (").code(2);
    place.run("run").code(2);
    place.run("frobnicate").code(2);
    place.run("run mixed.yaml -p who").code(2);
    place.run("list --since yesterday").code(2);
    place.run("delete").code(2);
    place.command("run -").stdin("{").assert().code(2);
    place
        .command("run -")
        .stdin("kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\n")
        .assert()
        .code(2);
    place
        .command("run -")
        .stdin(&b"\xff\xfe"[..])
        .assert()
        .code(2);
    place
        .command("run gate.yaml --parameter-file -")
        .assert()
        .code(2);
}

#[test]
fn shells_complete() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            place
                .stdout(&format!("completion {shell}"))
                .contains("tiphys"),
            "{shell}"
        );
    }
    place
        .run("run template.yaml --name greeter-aaaaa")
        .success();
    let asked = place
        .command("-- tiphys get greet")
        .env("COMPLETE", "fish")
        .assert()
        .success();
    assert!(String::from_utf8_lossy(&asked.get_output().stdout).contains("greeter-aaaaa"));
}

#[test]
fn versions() {
    let place = Place::new();
    place
        .run("version --short")
        .success()
        .stdout_eq(concat!(env!("CARGO_PKG_VERSION"), "\n"));
    let json: serde_json::Value = serde_json::from_str(&place.stdout("version -o json")).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
}
