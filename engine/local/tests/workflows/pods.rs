//! One pod at a time: what it is given, what it leaves, what is said when it fails.

use crate::bench::{Bench, one};
use tiphys_local::Options;

/// Runs each template, and looks at the end of its pod.
async fn ends(cases: &[(&str, &str)]) {
    for (template, end) in cases {
        let bench = Bench::new().await;
        let ended = bench.run(&one(template)).await;
        assert_eq!(ended.end("wf"), *end, "{template}\n{}", ended.log("wf"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_are_said_in_argos_words() {
    ends(&[
        ("container: {image: x, command: ['true']}", "Succeeded: "),
        ("container: {image: x, command: [sh, -c], args: ['exit 3']}", "Failed: main: Error (exit code 3)"),
        (
            "container: {image: x, command: [no-such-command]}",
            "Failed: main: Error (exit code 64): failed to find name in PATH: exec: \"no-such-command\": executable file not found in $PATH",
        ),
        ("container: {image: x, command: [sh, -c, 'kill -9 $$$$']}", "Failed: main: Error (exit code 137)"),
        ("container: {image: x, args: [sh, -c, 'exit 4']}", "Failed: main: Error (exit code 4)"),
        (
            "initContainers: [{name: first, image: x, command: [sh, -c, 'exit 2']}]\ncontainer: {image: x, command: ['true']}",
            "Error: first: Error (exit code 2)",
        ),
        (
            "sidecars: [{name: side, image: x, command: [sh, -c, 'exit 5']}]\ncontainer: {image: x, command: [sleep, '0.3']}",
            "Failed: side: Error (exit code 5)",
        ),
        (
            "sidecars: [{name: side, image: x, command: [sleep, '60']}]\ncontainer: {image: x, command: ['true']}",
            "Succeeded: ",
        ),
        (
            "outputs: {artifacts: [{name: a, path: /tmp/none}]}\ncontainer: {image: x, command: ['true']}",
            "Error: failed to save output artifact `a`: there is nothing at /tmp/none",
        ),
        ("outputs: {artifacts: [{name: a, path: /tmp/none, optional: true}]}\ncontainer: {image: x, command: ['true']}", "Succeeded: "),
        ("outputs: {artifacts: [{name: a, path: /tmp/none}]}\ncontainer: {image: x, command: ['false']}", "Failed: main: Error (exit code 1)"),
        ("resource: {action: get, manifest: 'a: b'}", "Error: resource templates need a cluster"),
        (
            "volumes: [{name: v, nfs: {server: s, path: /}}]\ncontainer: {image: x, command: ['true'], volumeMounts: [{name: v, mountPath: /v}]}",
            "Error: volume `v`: nfs volumes need a cluster",
        ),
        (
            "container: {image: x, command: ['true'], resources: {limits: {nvidia.com/gpu: 1}}}",
            "Error: container `main`: the resource `nvidia.com/gpu` needs a cluster",
        ),
        (
            "inputs: {artifacts: [{name: a, path: /in, s3: {endpoint: e, bucket: b, key: k}}]}\ncontainer: {image: x, command: ['true']}",
            "Error: init: Error (exit code 64): artifact a failed to load: the s3 bucket `b` is not on this machine: map it to a folder, \
             or leave bucket and endpoint out to use the local artifact repository",
        ),
        (
            "container: {image: x, command: ['true'], env: [{name: E, valueFrom: {secretKeyRef: {name: s, key: k}}}]}",
            "Error: env `E`: the Secret `s` was not given beside the workflow",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_is_given_its_environment() {
    let yaml = one(r#"
metadata: {labels: {mine: yes-it-is}}
container:
  image: x
  command: [sh, -c]
  args: ["echo $(A)/$B/$C/$D/$P_key/$HIDDEN; echo '$$(A) $(NONE)'; pwd; env | grep ^ARGO | sort"]
  workingDir: /tmp/there
  env:
    - {name: A, value: a}
    - {name: B, value: "b$(A)"}
    - {name: C, valueFrom: {fieldRef: {fieldPath: "metadata.labels['mine']"}}}
    - {name: D, valueFrom: {configMapKeyRef: {name: map, key: key}}}
    - {name: HIDDEN, valueFrom: {secretKeyRef: {name: hidden, key: key}}}
  envFrom: [{prefix: P_, configMapRef: {name: map}}]
"#);
    let beside = "\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: map}\ndata: {key: text}\n---\nkind: Secret\napiVersion: v1\nmetadata: {name: hidden}\nstringData: {key: s3cret}\n";
    let bench = Bench::new().await;
    let ended = bench.run(&(yaml + beside)).await;
    let log = ended.log("wf");
    assert!(
        log.starts_with("a/ba/yes-it-is/text/text/s3cret\n$(A) $(NONE)\n/tmp/there\n"),
        "{log}"
    );
    for line in [
        "ARGO_CONTAINER_NAME=main",
        "ARGO_NODE_ID=wf",
        "ARGO_WORKFLOW_NAME=wf",
        "ARGO_DEADLINE=0001-01-01T00:00:00Z",
    ] {
        assert!(log.lines().any(|there| there == line), "{line} in\n{log}");
    }
    let state = std::fs::read_to_string(ended.folder.path().join("state.log")).expect("a journal");
    assert!(!state.contains("s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_hold_what_they_say_and_are_shared() {
    let yaml = one(r#"
volumes:
  - {name: work, emptyDir: {}}
  - {name: map, configMap: {name: map, items: [{key: key, path: sub/file}]}}
  - {name: me, downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}
  - {name: claim, persistentVolumeClaim: {claimName: lasting}}
initContainers:
  - {name: before, image: x, command: [sh, -c, "echo before > /pad/before"], mirrorVolumeMounts: true}
sidecars:
  - {name: beside, image: x, command: [sh, -c, "echo beside > /pad/beside; sleep 60"], mirrorVolumeMounts: true}
inputs:
  artifacts:
    - {name: inside, path: /pad/deep/art, raw: {data: artifact}}
    - {name: outside, path: /opt/art, raw: {data: out}}
outputs:
  parameters: [{name: p, valueFrom: {path: /pad/out}}]
container:
  image: x
  command: [sh, -c]
  args:
    - |
      while ! [ -e /pad/beside ]; do sleep 0.01; done
      cat /pad/before /pad/beside /map/sub/file /me/name /pad/deep/art /opt/art /one/file
      echo; echo changed >> /opt/art
      echo x 2>/dev/null > /map/new && echo written
      printf 'out\n\n' > /pad/out; echo kept > /claim/kept
  volumeMounts:
    - {name: work, mountPath: /pad}
    - {name: map, mountPath: /map}
    - {name: me, mountPath: /me}
    - {name: claim, mountPath: /claim}
    - {name: map, mountPath: /one, subPath: sub}
"#);
    let bench = Bench::new().await;
    let ended = bench.run(&(yaml + "\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: map}\ndata: {key: 'text,'}\n")).await;
    assert_eq!(ended.end("wf"), "Succeeded: ", "{}", ended.log("wf"));
    assert_eq!(ended.log("wf"), "before\nbeside\ntext,wfartifactouttext,\n");
    assert_eq!(
        ended.parameter("wf", "p").as_deref(),
        Some("out\n"),
        "one newline is taken off"
    );
    assert_eq!(
        crate::bench::text(&bench.home.path().join("claims/default/lasting/kept")),
        "kept\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_results_and_artifacts_go_from_step_to_step() {
    let yaml = r#"
kind: Workflow
apiVersion: argoproj.io/v1alpha1
metadata: {name: wf}
spec:
  entrypoint: main
  volumeClaimTemplates:
    - {metadata: {name: shared}, spec: {accessModes: [ReadWriteOnce]}}
  templates:
    - name: main
      steps:
        - - {name: make, template: make}
        - - name: use
            template: use
            arguments:
              parameters: [{name: said, value: "{{steps.make.outputs.result}}"}]
              artifacts:
                - {name: file, from: "{{steps.make.outputs.artifacts.file}}"}
                - {name: tree, from: "{{steps.make.outputs.artifacts.tree}}"}
    - name: make
      outputs:
        artifacts:
          - {name: file, path: /tmp/file}
          - {name: tree, path: /tmp/tree, archive: {none: {}}}
      script:
        image: x
        command: [sh]
        volumeMounts: [{name: shared, mountPath: /both}]
        source: |
          echo content > /tmp/file; mkdir -p /tmp/tree/a; echo deep > /tmp/tree/a/b; echo on > /both/volume
          echo err >&2
          echo said
    - name: use
      inputs:
        parameters: [{name: said}]
        artifacts: [{name: file, path: /data/file}, {name: tree, path: /data/tree, mode: 0755}]
      container:
        image: x
        command: [sh, -c, "echo {{inputs.parameters.said}}; cat /data/file /data/tree/a/b /both/volume"]
        volumeMounts: [{name: shared, mountPath: /both}]
"#;
    let options = Options {
        archive_logs: true,
        ..Options::default()
    };
    let bench = Bench::new().await;
    let ended = bench.run_with(yaml, options).await;
    assert_eq!(ended.phase(), "Succeeded", "{:?}", ended.status.nodes);
    assert_eq!(ended.log("use"), "said\ncontent\ndeep\non\n");
    let outputs = ended.node("make").outputs.clone().expect("outputs");
    let outputs = serde_json::to_value(&outputs.artifacts).expect("json");
    let pod = tiphys_core::pod_name("wf", "wf[0].make", "make");
    assert_eq!(
        outputs[0]["s3"],
        serde_json::json!({"key": format!("wf/{pod}/file.tgz")})
    );
    assert_eq!(
        outputs[2],
        serde_json::json!({"name": "main-logs", "s3": {"key": format!("wf/{pod}/main.log")}})
    );
    assert_eq!(
        crate::bench::text(&bench.home.artifacts().join(format!("wf/{pod}/main.log")))
            .lines()
            .count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_end_of_a_long_output_is_a_result() {
    let yaml = r#"
kind: Workflow
apiVersion: argoproj.io/v1alpha1
metadata: {name: wf}
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {name: long, template: long}
        - - {name: next, template: next, when: "'{{steps.long.outputs.result}}' == ''"}
    - name: next
      container: {image: x, command: ['true']}
    - name: long
      container: {image: x, command: [sh, -c, "head -c 300000 /dev/zero | tr '\\0' a; echo; echo end"]}
"#;
    let bench = Bench::new().await;
    let ended = bench.run(yaml).await;
    let result = ended
        .node("long")
        .outputs
        .as_ref()
        .and_then(|outputs| outputs.result.clone())
        .expect("a result");
    assert_eq!(result.len(), (256 << 10) - 1);
    assert!(result.ends_with("a\nend"));
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told() {
    let template = "container: {image: x, command: [sh, -c, 'echo 3/7 > $ARGO_PROGRESS_FILE']}";
    let (events, mut heard) = tokio::sync::broadcast::channel(1000);
    let options = Options {
        events: Some(events),
        ..Options::default()
    };
    Bench::new().await.run_with(&one(template), options).await;
    let mut progress = Vec::new();
    while let Ok(event) = heard.try_recv() {
        if let tiphys_local::Event::Nodes(nodes) = event {
            progress.extend(nodes.iter().filter_map(|node| node.progress.clone()));
        }
    }
    assert!(progress.iter().any(|told| told == "3/7"), "{progress:?}");
}
