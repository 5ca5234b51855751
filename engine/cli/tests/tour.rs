//! The programs of the tour (`tests/flows`), each really run on this machine: how every part of them ends, and what it says.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Whoever waits for more than this waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

fn flows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/flows")
}

/// A folder of runs of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().expect("a folder"))
    }

    fn tiphys(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
        command
            .current_dir(flows())
            .env("TIPHYS_HOME", self.0.path())
            .env("TIPHYS_SANDBOX", "host")
            .args(line.split_whitespace())
            .stdin(Stdio::null());
        command
    }

    fn stdout(&self, line: &str) -> String {
        let output = self.tiphys(line).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Begins a run, which ends with this test.
    fn begin(&self, line: &str) -> Runner {
        let mut command = self.tiphys(&format!("run {line} -o json"));
        Runner(Some(
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts"),
        ))
    }

    fn run(&self, line: &str) -> Ran<'_> {
        self.ended(self.begin(line))
    }

    fn ended(&self, mut runner: Runner) -> Ran<'_> {
        let child = runner.0.take().expect("it was not waited for yet");
        let output = child.wait_with_output().expect("it ends");
        let object = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        Ran {
            place: self,
            code: output.status.code(),
            object,
        }
    }
}

/// A process that does not outlive its test.
struct Runner(Option<Child>);

impl Drop for Runner {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A workflow that has ended.
struct Ran<'a> {
    place: &'a Place,
    code: Option<i32>,
    object: Value,
}

impl Ran<'_> {
    fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().expect("a name")
    }

    fn nodes(&self) -> impl Iterator<Item = &Value> {
        self.object["status"]["nodes"]
            .as_object()
            .expect("nodes")
            .values()
    }

    /// `NAME TYPE PHASE` of every node but the workflow's own root and groups of steps, in order; `NAME` as users read it.
    fn tree(&self) -> Vec<String> {
        let text = |node: &Value, field: &str| node[field].as_str().unwrap_or_default().to_owned();
        let mut tree: Vec<String> = self
            .nodes()
            .filter(|node| node["name"] != self.name() && node["type"] != "StepGroup")
            .map(|node| {
                format!(
                    "{} {} {}",
                    text(node, "displayName"),
                    text(node, "type"),
                    text(node, "phase")
                )
            })
            .collect();
        tree.sort();
        tree
    }

    #[track_caller]
    fn ends(&self, phase: &str, tree: &[&str]) {
        assert_eq!(self.object["status"]["phase"], phase, "{:#}", self.object);
        assert_eq!(self.code, Some(i32::from(phase != "Succeeded")));
        assert_eq!(self.tree(), tree);
    }

    #[track_caller]
    fn node(&self, name: &str) -> &Value {
        self.nodes()
            .find(|node| node["displayName"] == name)
            .unwrap_or_else(|| panic!("no node {name}: {:?}", self.tree()))
    }

    /// The value of an output parameter, or `result`.
    #[track_caller]
    fn output(&self, node: &str, name: &str) -> &str {
        let outputs = &self.node(node)["outputs"];
        let value = match name {
            "result" => outputs["result"].as_str(),
            _ => outputs["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|parameter| parameter["name"] == name)
                .and_then(|parameter| parameter["value"].as_str()),
        };
        value.unwrap_or_else(|| panic!("no output {name} of {node}: {outputs}"))
    }

    fn log(&self, node: &str) -> String {
        self.place
            .stdout(&format!("logs {} {node} --no-prefix", self.name()))
    }
}

#[test]
fn hello() {
    let place = Place::new();
    let ran = place.run("01-hello.flow");
    ran.ends("Succeeded", &[]);
    assert_eq!(ran.log(ran.name()), "hello world\n");
}

#[test]
fn coinflip() {
    let place = Place::new();
    let ran = place.run("02-coinflip.flow");
    // However often it was tails, it ends with one heads.
    let tree = ran.tree();
    let count = |line: &str| tree.iter().filter(|found| *found == line).count();
    let tails = count("again Steps Succeeded");
    println!("tails {tails} times");
    let mut expected = vec!["flip Pod Succeeded"; tails + 1];
    expected.extend(vec!["again Steps Succeeded"; tails]);
    expected.extend(vec!["heads Skipped Skipped"; tails]);
    expected.extend(["again Skipped Skipped", "heads Pod Succeeded"]);
    expected.sort_unstable();
    ran.ends("Succeeded", &expected);
    let heads = ran
        .nodes()
        .find(|node| node["displayName"] == "heads" && node["type"] == "Pod")
        .and_then(|node| node["id"].as_str())
        .expect("heads");
    assert_eq!(ran.log(heads), "it was heads\n");
}

#[test]
fn fan_out() {
    let place = Place::new();
    let tree = [
        "part TaskGroup Succeeded",
        "part(0:1) Pod Succeeded",
        "part(1:2) Pod Succeeded",
        "part(2:3) Pod Succeeded",
        "total Pod Succeeded",
    ];
    let ran = place.run("03-fan-out.flow");
    ran.ends("Succeeded", &tree);
    assert_eq!(ran.output("part(2:3)", "result"), "6");
    assert_eq!(ran.log("total"), "12\n");
    let ran = place.run("03-fan-out.flow -p numbers=[20,1]");
    assert_eq!(ran.log("total"), "42\n");
}

#[test]
fn artifacts() {
    let place = Place::new();
    let ran = place.run("04-artifacts.flow");
    ran.ends("Succeeded", &["read Pod Succeeded", "write Pod Succeeded"]);
    assert_eq!(
        ran.node("write")["outputs"]["artifacts"][0]["name"],
        "letter"
    );
    assert_eq!(ran.log("read"), "hello\n");
}

#[test]
fn retry() {
    let place = Place::new();
    let ran = place.run("05-retry.flow");
    let name = ran.name();
    let tree = [
        format!("{name}(0) Pod Failed"),
        format!("{name}(1) Pod Succeeded"),
        format!("{name}.onExit Pod Succeeded"),
    ];
    ran.ends("Succeeded", &tree.each_ref().map(String::as_str));
    assert_eq!(ran.node(name)["type"], "Retry");
    let farewell = ran.log(&format!("{name}.onExit"));
    assert!(farewell.starts_with("Succeeded after "), "{farewell}");
}

#[test]
fn approval() {
    let place = Place::new();
    let runner = place.begin("06-approval.flow --name approval");
    let started = Instant::now();
    while !place.stdout("why approval ask").contains("suspended") {
        assert!(started.elapsed() < PATIENCE, "it never asks");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(place.stdout("get approval").contains("Running"));
    let resumed = place.stdout("resume approval -p answer=yes");
    assert_eq!(resumed, "workflow approval resumed\n");
    let ran = place.ended(runner);
    ran.ends(
        "Succeeded",
        &["ask Suspend Succeeded", "publish Pod Succeeded"],
    );
    assert_eq!(ran.output("ask", "answer"), "yes");
    assert_eq!(ran.log("publish"), "published: yes\n");
}

#[test]
fn loops() {
    let place = Place::new();
    let ran = place.run("07-loops.flow");
    assert_eq!(ran.object["status"]["phase"], "Succeeded");
    let pods = ran.nodes().filter(|node| node["type"] == "Pod");
    let mut said: Vec<String> = pods
        .filter_map(|node| node["id"].as_str())
        .map(|id| ran.log(id))
        .collect();
    said.sort();
    assert_eq!(
        said.concat(),
        "alpine:3.23\napple\ndebian:12\nnumber 1\nnumber 2\nnumber 3\npear\n"
    );
    for group in ["count", "fruit", "image"] {
        assert_eq!(ran.node(group)["phase"], "Succeeded", "{group}");
    }
    let time = |node: &str, field: &str| ran.node(node)[field].as_str().unwrap_or_default();
    assert!(time("count", "finishedAt") <= time("fruit", "startedAt"));
    assert!(time("fruit", "finishedAt") <= time("image", "startedAt"));
}

#[test]
fn recover() {
    let place = Place::new();
    let ran = place.run("08-recover.flow");
    let tree = [
        "build Pod Succeeded",
        "deploy Skipped Omitted",
        "test Pod Failed",
        "tidy Pod Succeeded",
    ];
    // As in Argo, what was left out because of a failure counts as that failure.
    ran.ends("Failed", &tree);
    assert_eq!(ran.node("test")["message"], "main: Error (exit code 1)");
    assert_eq!(ran.log("test"), "testing unit\n");
    assert_eq!(ran.log("tidy"), "tidy\n");
}

#[test]
fn resources() {
    let place = Place::new();
    let ran = place.run("09-resources.flow");
    ran.ends("Succeeded", &[]);
    let said = format!("hello the {}", ran.name());
    assert_eq!(ran.output(ran.name(), "note"), said);
    assert_eq!(ran.log(ran.name()), said + "\n");
}

#[test]
fn nightly() {
    let place = Place::new();
    // The library, which stands first, is what `run` would take of the whole file: the cron is run from a file of its own.
    let text = std::fs::read_to_string(flows().join("10-nightly.flow")).expect("the program");
    let (library, cron) = text.split_at(text.find("\ncron ").expect("a cron"));
    let file = |name: &str, text: &str| {
        let path = place.0.path().join(name);
        std::fs::write(&path, text).expect("it is written");
        path.display().to_string()
    };
    let (library, cron) = (file("library.flow", library), file("cron.flow", cron));
    let ran = place.run(&format!("{cron} --with {library}"));
    ran.ends("Succeeded", &["say-it Pod Succeeded"]);
    assert!(ran.name().starts_with("nightly-"), "{}", ran.name());
    assert_eq!(
        ran.object["metadata"]["labels"]["workflows.argoproj.io/cron-workflow"],
        "nightly"
    );
    assert_eq!(ran.log("say-it"), "good night\n");
}

/// Whoever adds a program to the tour says here how it ends.
#[test]
fn every_program_is_run() {
    let source = include_str!("tour.rs");
    for entry in std::fs::read_dir(flows()).expect("the tour").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(source.contains(&format!("(\"{name}")), "{name} is not run");
    }
}
