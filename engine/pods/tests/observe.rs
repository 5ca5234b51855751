//! What is to be seen of a pod, in the words of Kubernetes' own status.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use k8s_openapi::api::core::v1 as k8s;
use serde_json::{Value, json};
use tiphys_core::{ContainerState, PodKey};
use tiphys_executor::{Fault, FaultKind, Report, Step};
use tiphys_pods::{
    ATTEMPT, Artifacts, NODE_ID, Output, Sight, UID, WORKFLOW, containers, foreign, key, observe,
    read_report,
};
use tiphys_spec::Artifact;

fn now() -> Timestamp {
    "2026-01-01T00:01:00Z".parse().unwrap()
}

/// A pod with the container `main`, under the executor or not.
fn pod(wrapped: bool, status: Value) -> k8s::Pod {
    let env = if wrapped {
        json!([{"name": "TIPHYS_STEP", "value": "{}"}])
    } else {
        json!([])
    };
    serde_json::from_value(json!({
        "metadata": {"name": "p", "annotations": {NODE_ID: "w-1", UID: "u", ATTEMPT: "2"}},
        "spec": {
            "nodeName": "here",
            "initContainers": [{"name": "init"}, {"name": "proxy", "restartPolicy": "Always"}],
            "containers": [{"name": "main", "env": env}],
        },
        "status": status,
    }))
    .unwrap()
}

/// What is seen, in one line.
fn told(pod: &k8s::Pod) -> String {
    match observe(&key(pod).unwrap(), pod, now()) {
        Sight::Waits(reason) => format!("waits: {}", reason.unwrap_or_default()),
        Sight::Runs {
            at,
            ready,
            ip,
            host,
        } => {
            format!(
                "runs since {at}, ready {ready}, {} on {}",
                ip.unwrap_or_default(),
                host.unwrap_or_default()
            )
        }
        Sight::EndedInLog { chunks, digest, .. } => format!("in log: {chunks} of {digest}"),
        Sight::EndedElsewhere(ended) => format!("elsewhere: {:?}", ended.outcome),
        Sight::Ended(ended) => {
            let code = ended
                .exit_code
                .map_or("-".to_owned(), |code| code.to_string());
            format!(
                "{:?} {code} {} result {:?} {:?}: {}",
                ended.outcome,
                ended.at,
                ended.result,
                ended.parameters,
                ended.message.unwrap_or_default()
            )
        }
    }
}

fn check(wrapped: bool, status: Value, want: &str) {
    let pod = pod(wrapped, status);
    assert_eq!(
        told(&pod),
        want,
        "{}",
        serde_json::to_string(&pod.status).unwrap()
    );
}

fn main_ended(code: i32, reason: &str, message: &str) -> Value {
    let phase = if code == 0 { "Succeeded" } else { "Failed" };
    json!({"phase": phase, "containerStatuses": [{"name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": {"terminated": {
        "exitCode": code, "reason": reason, "message": message, "finishedAt": "2026-01-01T00:00:09Z"}}}]})
}

fn container(state: Value, ready: bool) -> Value {
    json!([{"name": "main", "image": "", "imageID": "", "ready": ready, "restartCount": 0, "state": state}])
}

fn report(change: impl FnOnce(&mut Report)) -> String {
    let mut report = Report::default();
    change(&mut report);
    report.encode().message
}

#[test]
fn a_pod_that_waits_says_why() {
    check(false, json!({}), "waits: ");
    let unschedulable = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}]);
    check(
        false,
        json!({"phase": "Pending", "conditions": unschedulable}),
        "waits: Unschedulable: 0/1 nodes are available",
    );
    let pull = json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"x\""}});
    check(
        false,
        json!({"phase": "Pending", "containerStatuses": container(pull, false)}),
        "waits: ImagePullBackOff: Back-off pulling image \"x\"",
    );
    for usual in ["PodInitializing", "ContainerCreating"] {
        let state = json!({"waiting": {"reason": usual}});
        check(
            false,
            json!({"phase": "Pending", "containerStatuses": container(state, false)}),
            "waits: ",
        );
    }
}

#[test]
fn a_pod_runs_from_the_start_of_its_main_container() {
    let state = json!({"running": {"startedAt": "2026-01-01T00:00:05Z"}});
    for ready in [false, true] {
        check(
            false,
            json!({"phase": "Running", "podIP": "10.0.0.7", "containerStatuses": container(state.clone(), ready)}),
            &format!("runs since 2026-01-01T00:00:05Z, ready {ready}, 10.0.0.7 on here"),
        );
    }
}

#[test]
fn a_pod_ends_as_its_main_container_does() {
    let at = "2026-01-01T00:00:09Z";
    check(
        false,
        main_ended(0, "Completed", ""),
        &format!("Succeeded 0 {at} result None []: "),
    );
    check(
        false,
        main_ended(3, "Error", ""),
        &format!("Failed 3 {at} result None []: main: Error (exit code 3)"),
    );
    check(
        false,
        main_ended(1, "Error", "no disk"),
        &format!("Failed 1 {at} result None []: main: Error (exit code 1): no disk"),
    );
    check(
        false,
        main_ended(137, "OOMKilled", ""),
        &format!("Failed 137 {at} result None []: main: OOMKilled (exit code 137)"),
    );
    // The main container is over, a sidecar is not: nobody waits for it.
    let mut status = main_ended(0, "Completed", "");
    status["phase"] = "Running".into();
    check(false, status, &format!("Succeeded 0 {at} result None []: "));
}

#[test]
fn a_pod_that_something_else_ended_says_what() {
    check(
        false,
        json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}),
        "Failed - 2026-01-01T00:01:00Z result None []: The node was low on resource: memory.",
    );
    check(
        false,
        json!({"phase": "Failed", "reason": "NodeLost"}),
        "Failed - 2026-01-01T00:01:00Z result None []: NodeLost",
    );
    let init = json!([{"name": "init", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": 64, "reason": "Error", "message": "no room"}}}]);
    check(
        true,
        json!({"phase": "Failed", "initContainerStatuses": init}),
        "Error - 2026-01-01T00:01:00Z result None []: init: Error (exit code 64): no room",
    );
    let waits = container(
        json!({"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"s\" not found"}}),
        false,
    );
    check(
        false,
        json!({"phase": "Failed", "containerStatuses": waits}),
        "Error - 2026-01-01T00:01:00Z result None []: Pod failed before main container starts due to CreateContainerConfigError: secret \"s\" not found",
    );
}

#[test]
fn outputs_come_by_the_termination_message() {
    let at = "2026-01-01T00:00:09Z";
    let message = report(|report| {
        report.result = Some("42".to_owned());
        report.parameters = [
            ("a".to_owned(), Some("x".to_owned())),
            ("b".to_owned(), None),
        ]
        .into();
    });
    check(
        true,
        main_ended(0, "Completed", &message),
        &format!("Succeeded 0 {at} result Some(\"42\") [(\"a\", Some(\"x\")), (\"b\", None)]: "),
    );
    // A failed command's outputs are there as well, and the report is no message for people.
    let message = report(|report| (report.exit, report.result) = (2, Some("half".to_owned())));
    check(
        true,
        main_ended(2, "Error", &message),
        &format!("Failed 2 {at} result Some(\"half\") []: main: Error (exit code 2)"),
    );
}

#[test]
fn outputs_that_are_lost_are_an_error() {
    for message in ["", "{\"ex", "nonsense"] {
        let told = told(&pod(true, main_ended(0, "Completed", message)));
        assert!(
            told.starts_with("Error 0 ")
                && told.contains("the step's outputs are lost: failed to "),
            "{told}"
        );
    }
    // Killed together with its executor: that it was killed is the reason.
    check(
        true,
        main_ended(137, "OOMKilled", ""),
        "Failed 137 2026-01-01T00:00:09Z result None []: main: OOMKilled (exit code 137)",
    );
}

#[test]
fn large_outputs_come_by_the_log() {
    let mut noise = 1_u32;
    let mut letter = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + u8::try_from(noise >> 27).unwrap() % 26)
    };
    let large: String = (0..100_000).map(|_| letter()).collect();
    let encoded = Report {
        result: Some(large.clone()),
        ..Report::default()
    }
    .encode();
    let pod = pod(true, main_ended(0, "Completed", &encoded.message));
    let Sight::EndedInLog {
        ended,
        chunks,
        digest,
    } = observe(&key(&pod).unwrap(), &pod, now())
    else {
        panic!("{}", told(&pod))
    };
    let log = format!("hello\n{}", encoded.log.unwrap());
    let mut whole = ended.clone();
    read_report(&mut whole, &pod, Ok(&log), chunks, &digest);
    assert_eq!((whole.result, whole.message), (Some(large), None));
    for lost in [Ok("hello\n"), Err("failed to read the log: 404".to_owned())] {
        let mut other = ended.clone();
        read_report(&mut other, &pod, lost, chunks, &digest);
        assert_eq!(other.outcome, tiphys_core::Outcome::Error);
        assert!(
            other
                .message
                .unwrap()
                .starts_with("the step's outputs are lost: failed to ")
        );
    }
}

#[test]
fn a_pod_of_somebody_else_has_no_key() {
    let mut pod = pod(false, json!({}));
    let want = PodKey {
        workflow: "u".into(),
        node: "w-1".to_owned(),
        attempt: 2,
    };
    assert_eq!(key(&pod), Some(want));
    for annotation in [NODE_ID, UID, ATTEMPT] {
        let mut other = pod.clone();
        other
            .metadata
            .annotations
            .as_mut()
            .unwrap()
            .remove(annotation);
        assert_eq!(key(&other), None, "{annotation}");
    }
    pod.metadata.annotations = None;
    assert_eq!(key(&pod), None);
}

#[test]
fn containers_of_a_set_go_on_one_by_one() {
    let step = |name: &str, after: &[&str]| {
        let mark = |name: &str| format!("/var/run/argo/ctr/{name}/exitcode");
        let step = Step {
            after: after.iter().map(|name| mark(name)).collect(),
            mark: Some(mark(name)),
            ..Step::default()
        };
        let env = step.to_env().into_iter();
        let env: Vec<Value> = env
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        json!({"name": name, "env": env})
    };
    let omitted = Report {
        faults: vec![Fault {
            kind: FaultKind::Omitted,
            message: "omitted: container `b` failed".to_owned(),
        }],
        exit: 64,
        ..Report::default()
    };
    let running = json!({"running": {}});
    let ended = |code: i32, message: &str| json!({"terminated": {"exitCode": code, "reason": "Error", "message": message}});
    let states = |states: &[(&str, Value)]| -> Vec<(String, ContainerState)> {
        let status = states.iter().map(|(name, state)| {
            json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state})
        });
        let pod: k8s::Pod = serde_json::from_value(json!({
            "metadata": {"name": "p"},
            "spec": {"containers": [step("a", &[]), step("b", &["a"]), step("c", &["b"])]},
            "status": {"phase": "Running", "containerStatuses": status.collect::<Vec<_>>()},
        }))
        .unwrap();
        containers(&pod)
    };
    let is = |name: &str, state: ContainerState| (name.to_owned(), state);
    // All of them run for Kubernetes; `b` and `c` wait for the one before.
    let all = states(&[
        ("a", running.clone()),
        ("b", running.clone()),
        ("c", running.clone()),
    ]);
    assert_eq!(all, [is("a", ContainerState::Running)]);
    let all = states(&[("a", ended(0, "")), ("b", running.clone()), ("c", running)]);
    assert_eq!(
        all,
        [
            is("a", ContainerState::Ended(0)),
            is("b", ContainerState::Running)
        ]
    );
    let message = omitted.encode().message;
    let all = states(&[
        ("a", ended(0, "")),
        ("b", ended(3, "")),
        ("c", ended(64, &message)),
    ]);
    let why = "omitted: container `b` failed".to_owned();
    let want = [
        is("a", ContainerState::Ended(0)),
        is("b", ContainerState::Ended(3)),
        is("c", ContainerState::Omitted(why)),
    ];
    assert_eq!(all, want);
    // No pod but a set's has any.
    assert!(containers(&pod(true, main_ended(0, "Completed", ""))).is_empty());
}

#[test]
fn artifacts_that_are_saved_are_what_the_manifest_says_of_them() {
    let report = Report {
        artifacts: vec![0, 2],
        ..Report::default()
    };
    let message = report.encode().message;
    let mut pod = pod(true, main_ended(0, "Completed", &message));
    let output = |name: &str| Output {
        artifact: Artifact {
            name: format!("{name}, with credentials"),
            ..Artifact::default()
        },
        recorded: Artifact {
            name: name.to_owned(),
            ..Artifact::default()
        },
        log: false,
    };
    let all = Artifacts {
        outputs: ["a", "b", "main-logs"].map(output).into(),
        ..Artifacts::default()
    };
    let env = tiphys_executor::to_env(tiphys_pods::ARTIFACTS, &all);
    let env: Vec<_> = env
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let wait = json!({"name": "wait", "restartPolicy": "Always", "env": env});
    let init = pod.spec.as_mut().unwrap().init_containers.as_mut().unwrap();
    init.push(serde_json::from_value(wait).unwrap());
    let Sight::Ended(ended) = observe(&key(&pod).unwrap(), &pod, now()) else {
        panic!("{}", told(&pod))
    };
    let names: Vec<_> = ended
        .artifacts
        .iter()
        .map(|artifact| artifact.name.as_str())
        .collect();
    assert_eq!(names, ["a", "main-logs"]);
}

/// A pod as Argo's controller makes it; how `wait`, `main` and a sidecar ended.
fn of_argo(wait: i32, main: i32, sidecar: i32) -> k8s::Pod {
    let ended = |name: &str, code: i32| {
        let state =
            json!({"exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" }});
        json!({"name": name, "state": {"terminated": state}})
    };
    let phase = if wait + main + sidecar == 0 {
        "Succeeded"
    } else {
        "Failed"
    };
    serde_json::from_value(json!({
        "metadata": {
            "name": "w-say-1",
            "labels": {WORKFLOW: "w", "workflows.argoproj.io/completed": "false"},
            "annotations": {NODE_ID: "w-1", "workflows.argoproj.io/node-name": "w.say"},
            "ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "w", "uid": "u", "controller": true}],
        },
        "spec": {"containers": [{"name": "wait"}, {"name": "main"}, {"name": "proxy"}]},
        "status": {"phase": phase, "containerStatuses": [ended("wait", wait), ended("main", main), ended("proxy", sidecar)]},
    }))
    .unwrap()
}

#[test]
fn pods_of_argos_are_seen_through() {
    let pod = of_argo(0, 0, 0);
    let want = PodKey {
        workflow: "u".into(),
        node: "w-1".to_owned(),
        attempt: 0,
    };
    assert_eq!(key(&pod), Some(want));
    for (codes, want) in [
        ((0, 0, 0), "elsewhere: Succeeded"),
        ((0, 0, 143), "elsewhere: Succeeded"),
        ((0, 0, 137), "elsewhere: Succeeded"),
        ((0, 3, 143), "elsewhere: Failed"),
        ((0, 0, 1), "elsewhere: Failed"),
    ] {
        let (wait, main, sidecar) = codes;
        assert_eq!(told(&of_argo(wait, main, sidecar)), want, "{codes:?}");
    }
    let lost = told(&of_argo(1, 0, 0));
    assert!(
        lost.starts_with("Error 0") && lost.ends_with("wait: Error (exit code 1)"),
        "{lost}"
    );
    // Of an agent, or of nobody's workflow.
    let mut agent = pod.clone();
    let labels = agent.metadata.labels.as_mut().unwrap();
    labels.insert(
        "workflows.argoproj.io/component".to_owned(),
        "agent".to_owned(),
    );
    assert_eq!(key(&agent), None);
    let mut stray = pod;
    stray.metadata.owner_references = None;
    assert_eq!(key(&stray), None);
}

#[test]
fn outputs_of_argos_pods_come_by_its_task_results() {
    let ended = || {
        let pod = of_argo(0, 0, 0);
        match observe(&key(&pod).unwrap(), &pod, now()) {
            Sight::EndedElsewhere(ended) => ended,
            other => panic!("{other:?}"),
        }
    };
    let result = |more: Value| {
        let mut result = json!({
            "metadata": {"name": "w-1", "labels": {"workflows.argoproj.io/report-outputs-completed": "true"}},
            "outputs": {
                "exitCode": "0",
                "result": "hi",
                "parameters": [{"name": "n", "value": 5, "valueFrom": {"path": "/n"}}],
                "artifacts": [{"name": "main-logs", "s3": {"key": "w/w-1/main.log"}}],
            },
        });
        result
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        result
    };
    let whole = result(json!({}));
    assert!(foreign::complete(&whole));
    let mut end = ended();
    foreign::read_result(&mut end, Ok(&whole));
    assert_eq!(end.outcome, tiphys_core::Outcome::Succeeded);
    assert_eq!(end.parameters, [("n".to_owned(), Some("5".to_owned()))]);
    assert_eq!(end.result.as_deref(), Some("hi"));
    assert_eq!(end.artifacts[0].name, "main-logs");
    let mut end = ended();
    let failed = result(json!({"phase": "Error", "message": "no such bucket"}));
    foreign::read_result(&mut end, Ok(&failed));
    assert_eq!(end.outcome, tiphys_core::Outcome::Error);
    assert_eq!(end.message.as_deref(), Some("no such bucket"));
    let mut end = ended();
    foreign::read_result(&mut end, Err("there is none".to_owned()));
    assert_eq!(
        end.message.as_deref(),
        Some("the step's outputs are lost: there is none")
    );
    assert!(!foreign::complete(&json!({"metadata": {"labels": {}}})));
}
