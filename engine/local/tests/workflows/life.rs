//! Orders, locks, daemons, kills: what happens while a run is on its way.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{Bench, drive_on, one, submitted, text};
use tiphys_local::sandbox::{Kind, Sandbox};
use tiphys_local::{Control, Delivered, FolderError, Home, Options, Order};
use tokio::sync::mpsc;

/// A chain of steps, each of which leaves a line in a file of this machine.
fn chain(length: usize, marks: &Path, pause: &str) -> String {
    let steps: String = (0..length)
        .map(|step| format!("        - - {{name: s{step}, template: mark, arguments: {{parameters: [{{name: n, value: '{step}'}}]}}}}\n"))
        .collect();
    format!(
        r#"
kind: Workflow
apiVersion: argoproj.io/v1alpha1
metadata: {{name: wf}}
spec:
  entrypoint: main
  volumes: [{{name: marks, hostPath: {{path: {marks}, type: DirectoryOrCreate}}}}]
  templates:
    - name: main
      steps:
{steps}
    - name: mark
      inputs: {{parameters: [{{name: n}}]}}
      outputs: {{parameters: [{{name: out, valueFrom: {{path: /tmp/out}}}}]}}
      container:
        image: x
        command: [sh, -c, "sleep {pause}; echo {{{{inputs.parameters.n}}}} >> /marks/done; echo {{{{inputs.parameters.n}}}} > /tmp/out"]
        volumeMounts: [{{name: marks, mountPath: /marks}}]
"#,
        marks = marks.display()
    )
}

const VICTIM: &str = "TIPHYS_TEST_VICTIM";

/// The process that is killed in the test below.
#[test]
#[ignore = "the other process of the test below"]
fn victim() {
    let Some(home) = std::env::var_os(VICTIM) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let home = Home::open(Path::new(&home)).expect("a home");
        let held = home.run("wf").expect("a run").hold().expect("it is free");
        let sandbox = Sandbox::open(Some(Kind::Host), &home.scratch())
            .await
            .expect("a sandbox");
        drive_on(&held, &sandbox, Options::default()).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let bench = Bench::new().await;
    let marks = bench.folder.path().join("marks");
    let folder = bench
        .home
        .create(&submitted(&chain(12, &marks, "0.02")))
        .expect("a folder");
    let mut kills = 0;
    for round in 0..40_u64 {
        let mut victim = Command::new(std::env::current_exe().expect("this program"))
            .args(["--ignored", "--exact", "life::victim"])
            .env(VICTIM, bench.home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a victim");
        std::thread::sleep(Duration::from_millis(60 + round * 7 % 90));
        if victim.try_wait().expect("its state").is_some() {
            break;
        }
        victim.kill().expect("a kill");
        victim.wait().expect("its end");
        kills += 1;
    }
    let ended = bench.go_on(&folder, Options::default()).await;
    assert_eq!(ended.phase(), "Succeeded");
    for step in 0..12 {
        assert_eq!(
            ended.parameter(&format!("s{step}"), "out"),
            Some(step.to_string())
        );
    }
    // A step that was killed after its line was written, and before it ended, runs again; one that had ended never does.
    let done = text(&marks.join("done"));
    let lines: Vec<usize> = done
        .lines()
        .map(|line| line.parse().expect("a number"))
        .collect();
    assert!(lines.is_sorted(), "{lines:?}");
    assert!(lines.len() <= 12 + kills, "{lines:?} after {kills} kills");
    assert!(kills >= 3, "it was killed only {kills} times");
    assert_eq!(ended.status.nodes.len(), 1 + 12 + 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_is_not_run_again_when_only_the_telling_was_lost() {
    let bench = Bench::new().await;
    let marks = bench.folder.path().join("marks");
    let ended = bench.run(&chain(3, &marks, "0")).await;
    let log = ended.folder.path().join("state.log");
    let whole = text(&log);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for kept in 1..lines.len() {
        let torn = &lines[kept][..lines[kept].len() / 2];
        std::fs::write(&log, lines[..kept].concat() + torn).expect("a shorter journal");
        let again = bench.go_on(&ended.folder, Options::default()).await;
        assert_eq!(again.phase(), "Succeeded", "after {kept} lines");
        assert_eq!(text(&marks.join("done")), "0\n1\n2\n", "after {kept} lines");
        assert_eq!(
            again.status.nodes.keys().collect::<Vec<_>>(),
            ended.status.nodes.keys().collect::<Vec<_>>()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_terminal_gives_orders() {
    let bench = Bench::new().await;
    let yaml = r#"
kind: Workflow
apiVersion: argoproj.io/v1alpha1
metadata: {name: wf}
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {name: wait, template: wait}
        - - {name: after, template: after}
    - {name: wait, suspend: {}}
    - name: after
      container: {image: x, command: [sleep, '60']}
"#;
    let folder = bench.home.create(&submitted(yaml)).expect("a folder");
    assert!(!folder.alive());
    let (second, run) = (folder.clone(), bench.go_on(&folder, Options::default()));
    let orders = std::thread::spawn(move || {
        let until = |what: &str| {
            let start = Instant::now();
            loop {
                let reasons = second.why("").expect("an answer").unwrap_or_default();
                if reasons.iter().any(|(_, reason)| reason.contains(what)) {
                    return;
                }
                assert!(start.elapsed() < Duration::from_secs(10), "{reasons:?}");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        until("suspended until it is resumed");
        assert!(second.alive());
        assert!(matches!(second.hold(), Err(FolderError::Alive(_))));
        let resume = Order::Resume {
            selector: Some("displayName=wait".into()),
            outputs: Default::default(),
            message: None,
        };
        assert_eq!(second.order(&resume).expect("taken"), Delivered::Taken);
        until("runs");
        let nonsense = Order::Stop {
            selector: Some("nonsense".into()),
            message: None,
        };
        assert!(
            second
                .order(&nonsense)
                .expect_err("refused")
                .to_string()
                .contains("no comparison")
        );
        assert_eq!(
            second.order(&Order::Terminate).expect("taken"),
            Delivered::Taken
        );
    });
    let start = Instant::now();
    let ended = run.await;
    orders.join().expect("all orders were taken");
    assert_eq!(ended.phase(), "Failed");
    assert!(start.elapsed() < Duration::from_secs(20));
    // The spawners of other tests are forks of this process, and have its locks until they close what they do not need.
    let ended = Instant::now();
    while folder.alive() {
        assert!(ended.elapsed() < Duration::from_secs(1), "it is still held");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(
        folder.summary().expect("a summary").phase,
        tiphys_spec::WorkflowPhase::Failed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_for_the_next_runner() {
    let bench = Bench::new().await;
    let yaml = one("suspend: {}");
    let folder = bench.home.create(&submitted(&yaml)).expect("a folder");
    let (controls, receiver) = mpsc::channel(1);
    controls.send(Control::Leave).await.expect("it is asked");
    let left = bench
        .go_on(
            &folder,
            Options {
                controls: Some(receiver),
                ..Options::default()
            },
        )
        .await;
    assert_eq!(left.phase(), "Running");
    let resume = Order::Resume {
        selector: None,
        outputs: Default::default(),
        message: None,
    };
    assert_eq!(folder.order(&resume).expect("left"), Delivered::Left);
    assert_eq!(
        bench.go_on(&folder, Options::default()).await.phase(),
        "Succeeded"
    );
    assert!(!folder.path().join("orders.jsonl").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_keep_to_a_mutex() {
    let bench = Bench::new().await;
    let log = bench.folder.path().join("marks");
    let yaml = |name: &str| {
        format!(
            r#"
kind: Workflow
apiVersion: argoproj.io/v1alpha1
metadata: {{name: {name}}}
spec:
  entrypoint: main
  volumes: [{{name: marks, hostPath: {{path: {}, type: DirectoryOrCreate}}}}]
  templates:
    - name: main
      steps: [[{{name: a, template: locked, withSequence: {{count: 3}}}}]]
    - name: locked
      synchronization: {{mutexes: [{{name: m}}]}}
      container:
        image: x
        command: [sh, -c, "mkdir /marks/inside || exit 9; sleep 0.05; rmdir /marks/inside"]
        volumeMounts: [{{name: marks, mountPath: /marks}}]
"#,
            log.display()
        )
    };
    let (one, two) = (yaml("one"), yaml("two"));
    let start = Instant::now();
    let (one, two) = tokio::join!(bench.run(&one), bench.run(&two));
    assert_eq!(
        (one.phase(), two.phase()),
        ("Succeeded", "Succeeded"),
        "{:?}",
        one.status.nodes
    );
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_serves_until_its_template_ends() {
    let yaml = r#"
kind: Workflow
apiVersion: argoproj.io/v1alpha1
metadata: {name: wf}
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {name: serve, template: serve}
        - - {name: ask, template: ask, arguments: {parameters: [{name: ip, value: "{{steps.serve.ip}}"}]}}
    - name: serve
      daemon: true
      container:
        image: x
        command: [python3, -c, "import time, http.server as h; time.sleep(0.3); h.HTTPServer(('127.0.0.1', 18472), h.SimpleHTTPRequestHandler).serve_forever()"]
        workingDir: /etc
        readinessProbe: {httpGet: {path: /hostname, port: 18472}}
    - name: ask
      inputs: {parameters: [{name: ip}]}
      container:
        image: x
        command: [python3, -c, "import urllib.request as u; u.urlopen('http://{{inputs.parameters.ip}}:18472/hostname')"]
"#;
    let options = Options {
        pods: Some(1),
        ..Options::default()
    };
    let bench = Bench::new().await;
    let ended = bench.run_with(yaml, options).await;
    assert_eq!(ended.phase(), "Succeeded", "{}", ended.log("ask"));
    assert_eq!(ended.end("serve").split(':').next(), Some("Succeeded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exec_probe_is_asked_in_the_container() {
    let yaml = r#"
kind: Workflow
apiVersion: argoproj.io/v1alpha1
metadata: {name: wf}
spec:
  entrypoint: main
  templates:
    - name: main
      steps: [[{name: serve, template: serve}], [{name: after, template: after}]]
    - name: serve
      daemon: true
      container:
        image: x
        command: [sh, -c, "sleep 0.2; touch /tmp/up; sleep 60"]
        readinessProbe: {exec: {command: [test, -e, /tmp/up]}}
    - {name: after, container: {image: x, command: ['true']}}
"#;
    let start = Instant::now();
    let bench = Bench::new().await;
    let ended = bench.run(yaml).await;
    assert_eq!(ended.phase(), "Succeeded");
    assert!(
        start.elapsed() > Duration::from_millis(200) && start.elapsed() < Duration::from_secs(10)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_a_step_and_its_time_to_say_goodbye() {
    let template = "activeDeadlineSeconds: 1\ncontainer: {image: x, command: [sh, -c, 'trap \"echo bye; exit 3\" TERM; while :; do sleep 0.05; done']}";
    let start = Instant::now();
    let bench = Bench::new().await;
    let ended = bench.run(&one(template)).await;
    assert_eq!(ended.phase(), "Failed");
    assert_eq!(ended.log("wf"), "bye\n");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn memoized_outputs_are_used_by_the_next_run() {
    let bench = Bench::new().await;
    let marks = bench.folder.path().join("marks");
    let yaml = |name: &str| {
        format!(
            r#"
kind: Workflow
apiVersion: argoproj.io/v1alpha1
metadata: {{name: {name}}}
spec:
  entrypoint: main
  volumes: [{{name: marks, hostPath: {{path: {}, type: DirectoryOrCreate}}}}]
  templates:
    - name: main
      memoize: {{key: k, maxAge: 1h, cache: {{configMap: {{name: c}}}}}}
      outputs: {{parameters: [{{name: p, valueFrom: {{path: /tmp/p}}}}]}}
      container:
        image: x
        command: [sh, -c, "echo x >> /marks/done; echo v > /tmp/p"]
        volumeMounts: [{{name: marks, mountPath: /marks}}]
"#,
            marks.display()
        )
    };
    for name in ["one", "two"] {
        let ended = bench.run(&yaml(name)).await;
        assert_eq!(ended.phase(), "Succeeded");
        assert_eq!(ended.parameter(name, "p").as_deref(), Some("v"));
    }
    assert_eq!(text(&marks.join("done")), "x\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_runs_what_failed_and_nothing_else() {
    let bench = Bench::new().await;
    let marks = bench.folder.path().join("marks");
    let yaml = chain(3, &marks, "0").replace(
        "sleep 0;",
        "[ {{inputs.parameters.n}} != 1 ] || [ -e /marks/mended ] || exit 7;",
    );
    let ended = bench.run(&yaml).await;
    assert_eq!(ended.end("s1"), "Failed: main: Error (exit code 7)");
    std::fs::write(marks.join("mended"), "").expect("a file");
    {
        let held = ended.folder.hold().expect("it is free");
        let stored = held.stored().expect("the state").expect("a state");
        let options = tiphys_core::RetryOptions::default();
        let (status, extra) =
            tiphys_core::retry(&stored.status, &stored.extra, &options).expect("it can be retried");
        held.replace_state(&tiphys_local::Stored { status, extra })
            .expect("it is stored");
    }
    let again = bench.go_on(&ended.folder, Options::default()).await;
    assert_eq!(again.phase(), "Succeeded");
    assert_eq!(text(&marks.join("done")), "0\n1\n2\n");
    let logs = again.folder.logs(&again.node("s1").id);
    assert_eq!(
        logs.iter().map(|log| log.attempt).collect::<Vec<_>>(),
        [0, 1]
    );
}
