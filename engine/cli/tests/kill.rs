//! `kill -9` of `tiphys run` at random moments, then `tiphys resume`: the final tree equals an uninterrupted run's, and no step that
//! had succeeded runs twice.

mod runs;

use runs::{json, tiphys, tree};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

/// Each pod leaves a line under its own name; the file is on the host, so it outlives the pod.
const WORKFLOW: &str = r#"
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  entrypoint: main
  onExit: bye
  volumes: [{name: mark, hostPath: {path: MARK}}]
  templates:
  - name: t
    inputs: {parameters: [{name: i, default: "0"}]}
    outputs: {parameters: [{name: o, valueFrom: {path: /tmp/o}}]}
    container:
      image: busybox
      command: [sh, -c]
      args: ["sleep 0.0$(($$ % 5)); echo r{{inputs.parameters.i}} > /tmp/o; echo x >> /mark/{{pod.name}}"]
      volumeMounts: [{name: mark, mountPath: /mark}]
  - name: flaky
    retryStrategy: {limit: 3}
    container:
      image: busybox
      command: [sh, -c]
      args: ["echo x >> /mark/{{pod.name}}; exit {{=asInt(retries) < 2 ? 1 : 0}}"]
      volumeMounts: [{name: mark, mountPath: /mark}]
  - name: bye
    steps: [[{name: b, template: t, hooks: {exit: {template: t}}}]]
  - name: inner
    inputs: {parameters: [{name: v}]}
    steps:
    - - {name: a, template: t, arguments: {parameters: [{name: i, value: "{{inputs.parameters.v}}"}]}, hooks: {exit: {template: t}}}
      - {name: f, template: flaky}
    - - {name: b, template: t, withItems: [1, 2], arguments: {parameters: [{name: i, value: "{{steps.a.outputs.parameters.o}}-{{item}}"}]}}
  - name: main
    dag:
      tasks:
      - {name: A, template: t}
      - {name: B, template: inner, depends: A, withSequence: {count: 3}, arguments: {parameters: [{name: v, value: "{{item}}"}]}}
      - {name: C, template: t, depends: A.Failed}
      - {name: D, template: t, depends: B && C.Omitted}
"#;

struct Case {
    folder: tempfile::TempDir,
    file: PathBuf,
    name: String,
}

impl Case {
    fn new(index: usize) -> Case {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, name) = (folder.path().join("w.yaml"), format!("kill-{index}"));
        let marks = folder.path().join("marks");
        std::fs::create_dir(&marks).expect("a folder");
        let text = WORKFLOW
            .replace("NAME", &name)
            .replace("MARK", marks.to_str().expect("a plain path"));
        std::fs::write(&file, text).expect("written");
        Case { folder, file, name }
    }

    /// How often a pod ran.
    fn marks(&self, pod: &str) -> usize {
        let text = std::fs::read_to_string(self.folder.path().join("marks").join(pod));
        text.map_or(0, |text| text.lines().count())
    }
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let kills: usize = std::env::var("TIPHYS_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(50);
    let home = tempfile::tempdir().expect("a folder");
    let first = Case::new(0);
    let object = json(
        tiphys(home.path())
            .args(["run", "-o", "json"])
            .arg(&first.file),
    )
    .expect("a workflow");
    assert_eq!(object["status"]["phase"], "Succeeded");
    let want = tree(&object);
    let (mut interrupted, mut checked) = (0, 0);
    for index in 1..=kills {
        let case = Case::new(index);
        let mut child = tiphys(home.path())
            .args(["run", "-o", "json"])
            .arg(&case.file)
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        // Moments spread evenly over the length of a run.
        std::thread::sleep(Duration::from_millis(8 + 500 * index as u64 / kills as u64));
        child.kill().expect("a kill");
        child.wait().expect("its end");
        let Some(before) = json(tiphys(home.path()).args(["get", "-o", "json", &case.name])) else {
            continue; // killed before there was a run
        };
        let succeeded: BTreeSet<String> = before["status"]["nodes"]
            .as_object()
            .into_iter()
            .flat_map(|nodes| nodes.values())
            .filter(|node| node["type"] == "Pod" && node["phase"] == "Succeeded")
            .filter_map(|node| Some(node["name"].as_str()?.to_owned()))
            .collect();
        interrupted += usize::from(before["status"]["finishedAt"].is_null());
        let resumed = tiphys(home.path())
            .args(["resume", "-o", "json", &case.name])
            .stderr(Stdio::piped())
            .output()
            .expect("it runs");
        let after = serde_json::from_slice(&resumed.stdout)
            .ok()
            .or_else(|| json(tiphys(home.path()).args(["get", "-o", "json", &case.name])))
            .expect("a workflow");
        let said = String::from_utf8_lossy(&resumed.stderr);
        assert_eq!(tree(&after), want, "kill {index}: {said}");
        for node in after["status"]["nodes"]
            .as_object()
            .expect("nodes")
            .values()
        {
            let (name, template) = (
                node["name"].as_str().expect("a name"),
                node["templateName"].as_str(),
            );
            if succeeded.contains(name) {
                let pod = tiphys_core::pod_name(&case.name, name, template.unwrap_or_default());
                assert_eq!(case.marks(&pod), 1, "{name} of kill {index}");
                checked += 1;
            }
        }
    }
    println!(
        "{kills} kills, {interrupted} in the middle of a run; {checked} steps that had succeeded did not run again"
    );
    assert!(
        interrupted > kills / 4,
        "the kills came too early or too late: {interrupted} of {kills}"
    );
}

/// What a list shows is in a file of its own. Who is killed between the two leaves the list behind the run, never ahead of it: a
/// run that is said to have ended cannot be taken up.
#[test]
fn the_list_is_never_ahead_of_the_run() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("w.yaml");
    std::fs::write(&file, GATE).expect("written");
    let ask = |args: &[&str]| json(tiphys(home.path()).args(args));
    let mut child = tiphys(home.path())
        .arg("run")
        .arg(&file)
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let waits = |object: &serde_json::Value| {
        let mut nodes = object["status"]["nodes"].as_object().into_iter().flatten();
        nodes.any(|(_, node)| node["type"] == "Suspend" && node["phase"] == "Running")
    };
    while !ask(&["get", "gate", "-o", "json"]).is_some_and(|object| waits(&object)) {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("a kill");
    child.wait().expect("its end");
    // Where a new summary is to be written there is a folder, so that its writer comes no further.
    let new = home.path().join("runs/gate/summary.new");
    std::fs::create_dir(&new).expect("a folder");
    let resume = ["resume", "gate", "--message", "go", "-o", "json"];
    assert!(ask(&resume).is_none(), "it could not go on");
    std::fs::remove_dir(&new).expect("removed");
    let listed = || {
        let text = std::fs::read(home.path().join("runs/gate/summary.json")).expect("a summary");
        let summary: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        summary["phase"].clone()
    };
    let phase = |object: serde_json::Value| object["status"]["phase"].clone();
    let run = ask(&["get", "gate", "-o", "json"]).map(phase);
    assert_eq!(
        (run, listed()),
        (Some("Succeeded".into()), "Running".into())
    );
    let after = ask(&["resume", "gate", "-o", "json"]).expect("it is taken up");
    assert_eq!(after["status"]["phase"], "Succeeded");
    assert_eq!(listed(), "Succeeded");
}

const GATE: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: gate}
spec:
  entrypoint: main
  templates:
  - {name: main, suspend: {}}
";
