//! HTTP templates of the real command. One that polls goes on after `kill -9` where it was: what it asked for is not asked for again.
//! And a thousand of them at once. `TIPHYS_DIST` names a folder with another component than the one that is built in.
#![allow(clippy::print_stdout)]

mod runs;
#[path = "runs/server.rs"]
mod server;

use runs::{json, tiphys, tree};
use serde_json::Value;
use server::{Answer, Asked, Server};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Three jobs side by side, and one after them.
const WORKFLOW: &str = r#"
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  entrypoint: main
  templates:
  - name: job
    inputs: {parameters: [{name: job}]}
    outputs: {parameters: [{name: state, valueFrom: {jsonPath: "$.state"}}]}
    plugin:
      http:
        url: "SERVER/jobs/{{inputs.parameters.job}}"
        method: POST
        body: "{{inputs.parameters.job}}"
        idempotencyKey: true
        poll: {every: 100ms}
  - name: main
    dag:
      tasks:
      - {name: side, template: job, withItems: [a, b, c], arguments: {parameters: [{name: job, value: "{{item}}"}]}}
      - {name: last, template: job, depends: side, arguments: {parameters: [{name: job, value: last}]}}
"#;

const JOBS: [&str; 4] = ["a", "b", "c", "last"];

/// How often a job is asked for before it is done.
const ROUNDS: usize = 4;

/// Accepts a job by POST, and has done it when it was asked for some times. The last answer takes its time, so that a kill comes before
/// what follows from it.
fn job(asked: &Asked, before: usize) -> Answer {
    let done = asked.method == "GET" && before >= ROUNDS;
    let (status, state, after) = if done {
        (200, "done", 250)
    } else {
        (202, "running", 20)
    };
    let body = format!("{{\"job\": \"{}\", \"state\": \"{state}\"}}", asked.target);
    Answer {
        status,
        head: format!("location: {}\r\n", asked.target),
        body,
        after: Duration::from_millis(after),
    }
}

/// A run against a server.
fn run(home: &Path, server: &Server, file: &Path) -> Command {
    let mut command = tiphys(home);
    command
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .args([
            "run",
            "-o",
            "json",
            "--allow-http",
            &server.address.to_string(),
        ])
        .arg(file);
    if let Some(folder) = std::env::var_os("TIPHYS_DIST") {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        command
            .arg("--plugin")
            .arg(root.join(folder).join("http.wasm"));
    }
    command
}

fn resumed(home: &Path, name: &str) -> Value {
    let again = |word: &str| {
        let mut command = tiphys(home);
        json(
            command
                .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
                .args([word, "-o", "json", name]),
        )
    };
    again("resume")
        .or_else(|| again("get"))
        .expect("a workflow")
}

fn written(home: &Path, name: &str, server: &Server) -> std::path::PathBuf {
    let file = home.join(format!("{name}.yaml"));
    let text = WORKFLOW
        .replace("NAME", name)
        .replace("SERVER", &format!("http://{}", server.address));
    std::fs::write(&file, text).expect("written");
    file
}

/// Kills a run once all of this was asked so many times, and after those milliseconds.
fn killed(
    home: &Path,
    server: &Server,
    name: &str,
    method: &str,
    jobs: &[&str],
    number: usize,
    after: u64,
) -> Value {
    let mut child = run(home, server, &written(home, name, server))
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    for job in jobs {
        server.wait(method, &format!("/jobs/{job}"), number);
    }
    std::thread::sleep(Duration::from_millis(after));
    child.kill().expect("a kill");
    child.wait().expect("its end");
    json(tiphys(home).args(["get", "-o", "json", name])).expect("a run")
}

fn undisturbed(home: &Path) -> Value {
    let server = Server::start(job);
    let object = json(&mut run(
        home,
        &server,
        &written(home, "polling-0", &server),
    ))
    .expect("a workflow");
    assert_eq!(object["status"]["phase"], "Succeeded", "{object}");
    for name in JOBS {
        let target = format!("/jobs/{name}");
        assert_eq!(
            (server.count("POST", &target), server.count("GET", &target)),
            (1, ROUNDS + 1),
            "{name}"
        );
    }
    object
}

#[test]
fn a_job_that_is_polled_is_asked_for_once_whatever_is_killed() {
    let home = tempfile::tempdir().expect("a folder");
    let want = tree(&undisturbed(home.path()));
    let mut interrupted = 0;
    // While an answer is on its way, and between two rounds.
    let side = [
        (1, 0),
        (1, 40),
        (2, 0),
        (2, 70),
        (3, 10),
        (3, 50),
        (4, 0),
        (4, 90),
        (5, 0),
        (5, 100),
    ]
    .map(|(number, after)| (&JOBS[..3], number, after));
    let last = [(1, 0), (2, 30), (3, 70), (4, 10), (5, 0), (5, 100)]
        .map(|(number, after)| (&JOBS[3..], number, after));
    let moments: Vec<_> = side.into_iter().chain(last).collect();
    for (index, (jobs, number, after)) in moments.iter().enumerate() {
        let (server, name) = (Server::start(job), format!("polling-{}", index + 1));
        let before = killed(home.path(), &server, &name, "GET", jobs, *number, *after);
        interrupted += usize::from(before["status"]["finishedAt"].is_null());
        let moment = format!("killed {after} ms after {jobs:?} were asked for {number} times");
        assert_eq!(tree(&resumed(home.path(), &name)), want, "{moment}");
        for name in JOBS {
            assert_eq!(
                server.count("POST", &format!("/jobs/{name}")),
                1,
                "{name}, {moment}"
            );
        }
    }
    println!(
        "{} kills, {interrupted} in the middle of a run; each job was begun once",
        moments.len()
    );
    assert!(
        interrupted > moments.len() / 2,
        "the kills came too late: {interrupted}"
    );
}

/// Whether the server got a request that nobody waits for any more cannot be known; it can tell by the key.
#[test]
fn a_request_that_was_cut_off_is_made_again_under_its_key() {
    let home = tempfile::tempdir().expect("a folder");
    let slow = |asked: &Asked, before| Answer {
        after: Duration::from_millis(if asked.method == "POST" { 300 } else { 5 }),
        ..job(asked, before)
    };
    let server = Server::start(slow);
    killed(home.path(), &server, "cut", "POST", &JOBS[..3], 1, 0);
    let object = resumed(home.path(), "cut");
    assert_eq!(object["status"]["phase"], "Succeeded", "{object}");
    let mut all = Vec::new();
    for name in JOBS {
        let target = format!("/jobs/{name}");
        let asked = server.asked();
        let mut keys: Vec<_> = asked
            .iter()
            .filter(|asked| asked.method == "POST" && asked.target == target)
            .map(|asked| asked.key.clone())
            .collect();
        assert_eq!(keys.len(), if name == "last" { 1 } else { 2 }, "{name}");
        keys.dedup();
        assert_eq!(keys.len(), 1, "{name}: {keys:?}");
        all.extend(keys);
    }
    all.sort();
    all.dedup();
    assert!(
        all.len() == JOBS.len() && all.iter().all(Option::is_some),
        "{all:?}"
    );
}

#[test]
fn a_thousand_requests_cost_little() {
    const STEPS: usize = 1000;
    let home = tempfile::tempdir().expect("a folder");
    let server = Server::start(|_, _| Answer {
        status: 200,
        head: String::new(),
        body: "ok".to_owned(),
        after: Duration::ZERO,
    });
    let task = |index: usize| {
        // Ten layers of a hundred.
        let depends = index
            .checked_sub(100)
            .map(|before| format!(", depends: t{before}"))
            .unwrap_or_default();
        format!(
            "      - {{name: t{index}, template: get{depends}, arguments: {{parameters: [{{name: i, value: \"{index}\"}}]}}}}\n"
        )
    };
    let head = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: thousand}}\nspec:\n  entrypoint: main\n  templates:\n  - name: get\n    \
         inputs: {{parameters: [{{name: i}}]}}\n    http: {{url: \"http://{}/{{{{inputs.parameters.i}}}}\"}}\n  - name: main\n    dag:\n      tasks:\n",
        server.address
    );
    let file = home.path().join("thousand.yaml");
    std::fs::write(&file, head + &(0..STEPS).map(task).collect::<String>()).expect("written");
    // The first run may have to compile the component.
    let warm = home.path().join("warm");
    json(run(&warm, &server, &file).args(["--name", "warm"]));
    let (before, connections) = (server.busy(), server.connections());
    let began = Instant::now();
    let object = json(&mut run(home.path(), &server, &file)).expect("a workflow");
    let wall = began.elapsed();
    assert_eq!(object["status"]["phase"], "Succeeded");
    let done = object["status"]["nodes"]
        .as_object()
        .expect("nodes")
        .values()
        .filter(|node| node["type"] == "HTTP" && node["phase"] == "Succeeded");
    assert_eq!(done.count(), STEPS);
    assert_eq!(server.asked().len(), 2 * STEPS, "each is asked once");
    let pods = home.path().join("runs/thousand/pods");
    let folders = pods.read_dir().map_or(0, Iterator::count);
    let busy = server.busy() - before;
    let own = (wall - busy) / STEPS as u32;
    println!(
        "{STEPS} requests in {wall:?}, {busy:?} of it at the server: {own:?} each, over {} connections, {folders} folders of pods",
        server.connections() - connections
    );
    if folders > 0 {
        println!(
            "NOT_YET: a call is no pod: the plug-in writes to the log, which has its place in a pod's folder"
        );
    }
    if cfg!(debug_assertions) {
        println!("skipped: figures count in release mode only");
        return;
    }
    assert!(wall < Duration::from_secs(5), "{wall:?}");
    assert!(own < Duration::from_millis(1), "{own:?}");
}
