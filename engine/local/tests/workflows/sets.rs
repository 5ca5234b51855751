//! Container sets and data templates, through the plug-ins that come with the engine.

use std::path::PathBuf;
use std::sync::Arc;

use tiphys_core::Run;
use tiphys_host::{ArtifactAccess, ArtifactGrant, Grant, Host, Options as HostOptions, Registry};
use tiphys_local::{Options, RunFolder, drive};
use tiphys_spec::{NodePhase, NodeStatus, WorkflowStatus};

use crate::bench::{Bench, planned_with, submitted};

fn registry() -> Arc<Registry> {
    let access = |access| ArtifactGrant {
        access,
        prefix: String::new(),
    };
    let grant = Grant {
        artifacts: vec![access(ArtifactAccess::List), access(ArtifactAccess::Read)],
        ..Grant::default()
    };
    let registry = Registry::new(Host::new(HostOptions::default()), vec![grant]);
    // `TIPHYS_DIST` names another folder of components to try.
    let folder = std::env::var("TIPHYS_DIST").unwrap_or_else(|_| "plugins/dist".to_owned());
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder);
    for name in ["container-set", "data"] {
        let path = folder.join(format!("{name}.wasm"));
        registry
            .add(std::fs::read(path).expect("a component"), name)
            .expect("a plug-in");
    }
    Arc::new(registry)
}

async fn run(bench: &Bench, templates: &str) -> (WorkflowStatus, RunFolder) {
    let yaml = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: wf}}\nspec:\n  entrypoint: main\n  templates:\n{templates}"
    );
    let submitted = submitted(&yaml);
    let folder = bench.home.create(&submitted).expect("a folder");
    let held = folder.hold().expect("the run is free");
    let registry = registry();
    let plan = Arc::new(planned_with(&submitted, registry.clone()));
    let run = Run::new(&plan, 1);
    let options = Options {
        plugins: Some(registry),
        ..Options::default()
    };
    let run = drive(plan, run, &held, bench.sandbox.clone(), options)
        .await
        .expect("it is driven");
    (run.status(), folder.clone())
}

fn node<'a>(status: &'a WorkflowStatus, name: &str) -> &'a NodeStatus {
    status
        .nodes
        .values()
        .find(|node| node.name == name)
        .unwrap_or_else(|| panic!("no node {name}"))
}

fn told(status: &WorkflowStatus, name: &str) -> (NodePhase, String) {
    let node = node(status, name);
    (
        node.phase.expect("a phase"),
        node.message.clone().unwrap_or_default(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_wait_for_each_other_and_share_a_volume() {
    let bench = Bench::new().await;
    let (status, folder) = run(
        &bench,
        r#"  - name: main
    volumes: [{name: work, emptyDir: {}}]
    outputs: {parameters: [{name: all, valueFrom: {path: /work/all}}]}
    containerSet:
      volumeMounts: [{name: work, mountPath: /work}]
      containers:
      - {name: a, image: x, command: [sh, -c, 'sleep 0.2; echo a > /work/a']}
      - {name: b, image: x, command: [sh, -c, 'test -e /work/a && echo b > /work/b'], dependencies: [a]}
      - {name: c, image: x, command: [sh, -c, 'test -e /work/a && echo c > /work/c'], dependencies: [a]}
      - {name: main, image: x, command: [sh, -c, 'cat /work/a /work/b /work/c | tee /work/all; echo said'], dependencies: [b, c]}
"#,
    )
    .await;
    assert_eq!(told(&status, "wf"), (NodePhase::Succeeded, String::new()));
    let outputs = node(&status, "wf").outputs.clone().expect("outputs");
    assert_eq!(
        outputs.parameters[0]
            .value
            .as_ref()
            .map(|value| value.0.as_str()),
        Some("a\nb\nc")
    );
    assert_eq!(outputs.exit_code.as_deref(), Some("0"));
    for name in ["wf.a", "wf.b", "wf.c", "wf.main"] {
        assert_eq!(told(&status, name).0, NodePhase::Succeeded, "{name}");
    }
    let log = folder.pod(&node(&status, "wf").id, 0).join("main.log");
    assert_eq!(
        std::fs::read_to_string(log).expect("a log"),
        "a\nb\nc\nsaid\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_container_that_failed_is_never_started() {
    let bench = Bench::new().await;
    let (status, folder) = run(
        &bench,
        r#"  - name: main
    containerSet:
      containers:
      - {name: a, image: x, command: [sh, -c, 'exit 3']}
      - {name: b, image: x, command: [sh, -c, 'echo b'], dependencies: [a]}
      - {name: c, image: x, command: [sh, -c, 'echo c'], dependencies: [b]}
      - {name: d, image: x, command: [sh, -c, 'echo d']}
"#,
    )
    .await;
    assert_eq!(
        told(&status, "wf"),
        (NodePhase::Failed, "a: Error (exit code 3)".to_owned())
    );
    assert_eq!(
        told(&status, "wf.a"),
        (NodePhase::Failed, "Error (exit code 3)".to_owned())
    );
    assert_eq!(
        told(&status, "wf.b"),
        (
            NodePhase::Omitted,
            "omitted: container `a` failed".to_owned()
        )
    );
    assert_eq!(
        told(&status, "wf.c"),
        (
            NodePhase::Omitted,
            "omitted: container `b` was not run".to_owned()
        )
    );
    assert_eq!(told(&status, "wf.d").0, NodePhase::Succeeded);
    let pod = folder.pod(&node(&status, "wf").id, 0);
    assert!(
        !pod.join("b.log").exists(),
        "it left no trace, for it was not started"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_is_started_again_where_its_set_says_so() {
    let bench = Bench::new().await;
    let (status, _) = run(
        &bench,
        r#"  - name: main
    volumes: [{name: work, emptyDir: {}}]
    containerSet:
      retryStrategy: {retries: 2}
      volumeMounts: [{name: work, mountPath: /work}]
      containers:
      - {name: a, image: x, command: [sh, -c, 'echo x >> /work/n; test $(wc -l < /work/n) -eq 3']}
"#,
    )
    .await;
    assert_eq!(told(&status, "wf"), (NodePhase::Succeeded, String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_template_lists_what_earlier_steps_have_saved() {
    let bench = Bench::new().await;
    let (status, _) = run(
        &bench,
        r#"  - name: main
    steps:
    - - {name: make, template: make, arguments: {parameters: [{name: key, value: '{{item}}'}]}, withItems: [b.txt, a.txt, c.log]}
    - - {name: list, template: list}
    - - {name: use, template: use, arguments: {parameters: [{name: key, value: '{{item}}'}]}, withParam: '{{steps.list.outputs.result}}'}
  - name: make
    inputs: {parameters: [{name: key}]}
    container: {image: x, command: [sh, -c, 'echo x > /tmp/x']}
    outputs: {artifacts: [{name: x, path: /tmp/x, archive: {none: {}}, s3: {key: 'in/{{inputs.parameters.key}}'}}]}
  - name: list
    data:
      source: {artifactPaths: {name: in, s3: {key: in/}}}
      transformation: [{expression: 'filter(data, {# endsWith ".txt"})'}]
  - name: use
    inputs: {parameters: [{name: key}]}
    container: {image: x, command: ['true']}
"#,
    )
    .await;
    assert_eq!(told(&status, "wf").0, NodePhase::Succeeded);
    let list = node(&status, "wf[1].list");
    assert_eq!(
        list.outputs
            .as_ref()
            .and_then(|outputs| outputs.result.as_deref()),
        Some(r#"["in/a.txt","in/b.txt"]"#)
    );
    assert_eq!(
        status
            .nodes
            .values()
            .filter(|node| node.name.starts_with("wf[2].use("))
            .count(),
        2
    );
}
