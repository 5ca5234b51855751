//! The verbs on a cluster, as far as they can be seen without one: an API server that has one answer for each path.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use snapbox::cmd::{Command, OutputAssert};
use snapbox::{Assert, Data, Redactions};

const WORKFLOWS: &str = "/apis/argoproj.io/v1alpha1/namespaces/ci/workflows";
const PODS: &str = "/api/v1/namespaces/ci/pods";

type Answers = HashMap<&'static str, (u16, Value)>;

/// An API server. What is written to it is kept.
struct Server {
    folder: tempfile::TempDir,
    written: Arc<Mutex<Vec<(String, Value)>>>,
    port: u16,
}

impl Server {
    fn new(answers: Answers) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let written = Arc::new(Mutex::new(Vec::new()));
        let (answers, kept) = (Arc::new(answers), written.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answers, kept) = (answers.clone(), kept.clone());
                // Who goes away in the middle of it is no fault.
                std::thread::spawn(move || answer(&stream.unwrap(), &answers, &kept));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u", "namespace": "ci"}}],
            "clusters": [{"name": "c", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
            "users": [{"name": "u", "user": {}}],
        });
        std::fs::write(folder.path().join("kubeconfig"), config.to_string()).unwrap();
        Server {
            folder,
            written,
            port,
        }
    }

    fn run(&self, line: &str) -> OutputAssert {
        let mut redactions = Redactions::new();
        let mut hide = |name, pattern: &str| {
            let pattern = regex::Regex::new(pattern).unwrap();
            redactions.insert(name, pattern).unwrap();
        };
        hide("[PORT]", &format!("(?<redacted>{})", self.port));
        hide("[AGO]", "\\((?<redacted>[0-9a-z ]+) ago\\)");
        let kubeconfig = self.folder.path().join("kubeconfig");
        bare(line)
            .env("KUBECONFIG", kubeconfig)
            .with_assert(
                Assert::new()
                    .action_env("SNAPSHOTS")
                    .redact_with(redactions),
            )
            .assert()
    }
}

fn answer(stream: &TcpStream, answers: &Answers, kept: &Mutex<Vec<(String, Value)>>) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(count) = line.strip_prefix("content-length:") {
            length = count.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    if let Ok(body) = serde_json::from_slice(&body) {
        let told = (format!("{method} {path}"), body);
        kept.lock().unwrap().push(told);
    }
    let (code, text) = match answers.get(path) {
        Some((code, Value::String(text))) => (*code, text.clone()),
        Some((code, value)) => (*code, value.to_string()),
        None => {
            let name = path.rsplit('/').next().unwrap();
            let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "NotFound",
                "message": format!("{name} not found"), "code": 404, "details": {"name": name}});
            (404, status.to_string())
        }
    };
    let head = format!(
        "HTTP/1.1 {code} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(text.as_bytes());
}

/// The command where nobody says which cluster.
fn bare(line: &str) -> Command {
    let mut command = Command::new(snapbox::cmd::cargo_bin!("tiphys"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files"))
        .env("HOME", "/nowhere");
    for name in [
        "KUBECONFIG",
        "KUBERNETES_SERVICE_HOST",
        "TIPHYS_NAMESPACE",
        "TIPHYS_CONTEXT",
        "TIPHYS_HOME",
        "TIPHYS_LOG",
        "NO_COLOR",
    ] {
        command = command.env_remove(name);
    }
    command.args(line.split_whitespace())
}

fn snapshot(name: &str) -> Data {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "snapshots", name]
        .iter()
        .collect();
    Data::read_from(&path, Some(snapbox::data::DataFormat::Text))
}

fn expect(line: &str, code: i32, stderr: &str) {
    bare(line).assert().code(code).stderr_eq(stderr.to_owned());
}

/// A workflow of two steps, the first of which waits at a gate, and beside it a pod that cannot start.
fn waiting() -> Value {
    let at = "2026-01-01T00:00:00Z";
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": {"name": "ci", "namespace": "ci", "uid": "u", "resourceVersion": "5", "creationTimestamp": at},
        "spec": {"entrypoint": "main", "templates": [
            {"name": "main", "steps": [
                [{"name": "approve", "template": "approve"}, {"name": "build", "template": "build"}],
                [{"name": "deploy", "template": "build"}],
            ]},
            {"name": "approve", "suspend": {}},
            {"name": "build", "container": {"image": "nowhere.example/build", "command": ["build"]}},
        ]},
        "status": {"phase": "Running", "startedAt": at, "progress": "0/1", "nodes": {
            "ci": {"id": "ci", "name": "ci", "displayName": "ci", "type": "Steps", "phase": "Running", "startedAt": at, "templateName": "main",
                "templateScope": "local/ci", "children": ["ci-1"]},
            "ci-1": {"id": "ci-1", "name": "ci[0]", "displayName": "[0]", "type": "StepGroup", "phase": "Running", "startedAt": at,
                "boundaryID": "ci", "templateScope": "local/ci", "children": ["ci-2", "ci-3"]},
            "ci-2": {"id": "ci-2", "name": "ci[0].approve", "displayName": "approve", "type": "Suspend", "phase": "Running", "startedAt": at,
                "boundaryID": "ci", "templateName": "approve", "templateScope": "local/ci"},
            "ci-3": {"id": "ci-3", "name": "ci[0].build", "displayName": "build", "type": "Pod", "phase": "Pending", "startedAt": at,
                "boundaryID": "ci", "templateName": "build", "templateScope": "local/ci", "message": "ImagePullBackOff"},
        }},
    })
}

/// The same, once its second step has failed.
fn failed() -> Value {
    let at = "2026-01-01T00:00:07Z";
    let mut object = waiting();
    object["metadata"]["name"] = "done".into();
    let status = &mut object["status"];
    let text = status.to_string().replace("\"ci", "\"done");
    *status = serde_json::from_str(&text).unwrap();
    status["phase"] = "Failed".into();
    status["message"] = "child 'done-3' failed".into();
    status["finishedAt"] = at.into();
    for node in status["nodes"].as_object_mut().unwrap().values_mut() {
        let phase = if node["type"] == "Suspend" {
            "Succeeded"
        } else {
            "Failed"
        };
        node["phase"] = phase.into();
        node["finishedAt"] = at.into();
    }
    status["nodes"]["done-3"]["message"] = "Error (exit code 2)".into();
    object
}

fn pod() -> Value {
    json!({
        "metadata": {"name": "ci-build-1", "annotations": {
            "workflows.argoproj.io/node-id": "ci-3", "tiphys.dev/workflow-uid": "u", "tiphys.dev/attempt": "0"}},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "main", "ready": false, "restartCount": 0, "image": "", "imageID": "",
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"nowhere.example/build\""}}}]},
    })
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items})
}

fn server() -> Server {
    let event = json!({"type": "Warning", "reason": "Failed", "message": "no such host", "metadata": {}, "involvedObject": {},
        "lastTimestamp": "2026-01-01T00:00:09Z"});
    let log = "2026-01-01T00:00:01.5Z one\n2026-01-01T00:00:02Z two\n";
    let mut ran = pod();
    ran["status"]["containerStatuses"][0]["state"] = json!({"running": {}});
    Server::new(HashMap::from([
        (WORKFLOWS, (200, list(&[waiting()]))),
        (
            "/apis/argoproj.io/v1alpha1/namespaces/ci/workflows/ci",
            (200, waiting()),
        ),
        (
            "/apis/argoproj.io/v1alpha1/namespaces/ci/workflows/done",
            (200, failed()),
        ),
        (
            "/api/v1/namespaces/ci/pods/done-build-1041332543/log",
            (200, log.into()),
        ),
        (PODS, (200, list(&[pod()]))),
        ("/api/v1/namespaces/ci/events", (200, list(&[event]))),
        ("/apis/coordination.k8s.io/v1/leases", (200, list(&[]))),
        ("/api/v1/namespaces/ran/pods", (200, list(&[ran]))),
        (
            "/apis/argoproj.io/v1alpha1/namespaces/ran/workflows/ci",
            (200, waiting()),
        ),
        (
            "/api/v1/namespaces/ran/pods/ci-build-1/log",
            (200, log.into()),
        ),
        (
            "/apis/argoproj.io/v1alpha1/namespaces/closed/workflows",
            (
                403,
                json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403,
                "message": "workflows.argoproj.io is forbidden: User \"jo\" cannot list resource \"workflows\" in API group \"argoproj.io\" in the namespace \"closed\""}),
            ),
        ),
    ]))
}

#[test]
fn help_tells_of_clusters() {
    for (line, file) in [
        ("submit --help", "help-submit.txt"),
        ("cron --help", "help-cron.txt"),
        ("template --help", "help-template.txt"),
    ] {
        bare(line)
            .with_assert(Assert::new().action_env("SNAPSHOTS"))
            .assert()
            .success()
            .stdout_eq(snapshot(file));
    }
    for command in [
        "cluster-template",
        "cron list",
        "cron get",
        "cron create",
        "cron delete",
        "template lint",
    ] {
        bare(&format!("{command} --help")).assert().success();
    }
}

#[test]
fn who_has_no_cluster_is_told_how_to_choose_one() {
    let hint = "hint: give a file with `--kubeconfig`, or name it in KUBECONFIG\n";
    expect(
        "list -n ci",
        2,
        &format!(
            "error: failed to read the kubeconfig /nowhere.yaml: there is no such file\n{hint}"
        )
        .replace("/nowhere.yaml", "~/.kube/config"),
    );
    expect(
        "get x --kubeconfig /nowhere.yaml",
        2,
        &format!(
            "error: failed to read the kubeconfig /nowhere.yaml: there is no such file\n{hint}"
        ),
    );
    server().run("list --context other").code(2).stderr_eq(
        "error: failed to choose a cluster: [..]/kubeconfig has no context `other`\nhint: give one with `--context`: test\n",
    );
}

#[test]
fn what_has_no_meaning_in_a_cluster_is_refused_by_name() {
    expect(
        "run gate.yaml -n ci",
        2,
        "error: failed to run a workflow in a cluster: `--namespace` is for other commands\nhint: `tiphys submit` hands it to the cluster's controller\n",
    );
    expect(
        "cp x out --context test",
        2,
        "error: failed to copy artifacts of a workflow in a cluster: `--context` is for other commands\nhint: they are in the artifact repository: `tiphys get NAME -o json` says where\n",
    );
    expect(
        "lint gate.yaml --namespace ci",
        2,
        "error: failed to do this in a cluster: `--namespace` is for other commands\nhint: it needs none: leave the flag out\n",
    );
}

#[test]
fn faults_are_found_before_anybody_is_asked() {
    let output = bare("submit broken.yaml -n ci").assert().code(2);
    let text = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(
        text.contains("broken.yaml:") && !text.contains("kubeconfig"),
        "{text}"
    );
    bare("submit --from pod/x").assert().code(2);
}

#[test]
fn a_workflow_of_a_cluster_looks_as_one_of_this_machine() {
    let server = server();
    server.run("list -n ci -o name").success().stdout_eq("ci\n");
    server.run("get @latest -n ci -o name").stdout_eq("ci\n");
    server
        .run("get done -n ci")
        .success()
        .stdout_eq(snapshot("cluster-get.txt"));
    server.run("wait done -n ci").code(1);
    server
        .run("why done -n ci")
        .success()
        .stdout_eq(snapshot("cluster-why-failed.txt"));
    server
        .run("get nope -n ci")
        .code(2)
        .stderr_eq("error: failed to find workflow `nope` in the namespace `ci`\nhint: `tiphys list -n ci` shows all that are there\n");
    server
        .run("list -n closed")
        .code(2)
        .stderr_eq(snapshot("cluster-forbidden.txt"));
    server
        .run("why ci -n ci")
        .success()
        .stdout_eq(snapshot("cluster-why.txt"));
}

#[test]
fn logs_have_their_pod_before_them() {
    let server = server();
    server
        .run("logs ci -n ran")
        .success()
        .stdout_eq("ci-build-1: one\nci-build-1: two\n");
    server
        .run("logs ci build -n ran --timestamps --no-prefix --grep two")
        .success()
        .stdout_eq("2026-01-01T00:00:02.000Z two\n");
    server.run("logs ci nope -n ran").code(2);
}

#[test]
fn an_order_is_the_change_that_argo_makes() {
    let server = server();
    server
        .run("resume ci -n ci")
        .success()
        .stdout_eq("workflow ci resumed\n");
    server.run("terminate ci -n ci").success();
    server.run("retry ci -n ci").code(2).stderr_eq(
        "error: failed to retry `ci`: workflow must be Failed or Error to retry, it is Running\n",
    );
    let written = server.written.lock().unwrap();
    let (path, node) = &written[0];
    assert_eq!(*path, format!("PATCH {WORKFLOWS}/ci"));
    assert_eq!(node["status"]["nodes"]["ci-2"]["phase"], "Succeeded");
    let want = json!({"metadata": {"uid": "u"}, "spec": {"shutdown": "Terminate"}});
    assert_eq!(written[1].1, want);
}
