//! From a workflow to the manifest of its first pod, by the core that runs it. `SNAPSHOTS=overwrite` writes the manifests anew.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use k8s_openapi::api::core::v1 as k8s;
use snapbox::{Assert, Data};
use std::path::{Path, PathBuf};
use tiphys_core::{Effect, Observation, Run, absorb, decide};
use tiphys_pods::{Entrypoint, PodError, Settings, render};

fn settings() -> Settings {
    let known = Entrypoint {
        entrypoint: vec!["/bin/known".to_owned()],
        cmd: vec!["--default".to_owned()],
    };
    Settings {
        executor_image: "tiphys/executor:test".to_owned(),
        executor_pull_policy: Some("IfNotPresent".to_owned()),
        git_image: "git/image:test".to_owned(),
        images: [("known/image".to_owned(), known)].into(),
        ..Settings::default()
    }
}

fn pod(text: &str, settings: &Settings) -> Result<k8s::Pod, PodError> {
    let plan = tiphys_benches::plan(&tiphys_benches::read(text));
    let mut run = Run::new(&plan, 1);
    let now = Timestamp::UNIX_EPOCH;
    let decision = decide(&plan, &mut run, now);
    let mut effects = decision.effects;
    // A kind that a plug-in provides: the plug-in of container sets answers the set itself.
    if let [Effect::CallPlugin(call)] = effects.as_slice() {
        let template = serde_json::from_value(serde_json::json!({"containerSet": call.body}));
        let answer = Observation::PluginPod {
            key: call.key.clone(),
            template: Box::new(template.unwrap()),
        };
        absorb(&plan, &mut run, [answer]);
        effects = decide(&plan, &mut run, now).effects;
    }
    let intent = effects.iter().find_map(|effect| match effect {
        Effect::CreatePod(intent) => Some(intent),
        _ => None,
    });
    render(intent.unwrap(), &plan.workflow, settings, now)
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> = files
        .filter(|file| !file.to_string_lossy().ends_with(".pod.yaml"))
        .collect();
    cases.sort();
    cases
}

#[test]
fn a_pod_has_what_its_step_needs() {
    let cases = cases();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let pod = pod(&std::fs::read_to_string(&case).unwrap(), &settings()).unwrap();
        let text = tiphys_spec::write::to_yaml(&pod).unwrap();
        Assert::new().action_env("SNAPSHOTS").eq(
            text,
            Data::read_from(&case.with_extension("pod.yaml"), None).raw(),
        );
    }
}

fn workflow(template: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: w, namespace: default}}\nspec: {{entrypoint: main, templates: [{{name: main, {template}}}]}}"
    )
}

#[test]
fn what_cannot_be_made_is_refused_by_name() {
    let two = "archiveLocation: {s3: {bucket: b}, gcs: {bucket: b}}";
    let cases = [
        (
            format!("container: {{image: a, command: [a]}}, {two}, outputs: {{artifacts: [{{name: big, path: /a}}]}}"),
            "output artifact `big` may be in several repositories",
        ),
        (
            "container: {image: unknown}, outputs: {parameters: [{name: a, valueFrom: {path: /a}}]}".to_owned(),
            "image `unknown` is started without `command`",
        ),
        (
            "container: {image: a, command: [a]}, inputs: {artifacts: [{name: big, path: /a, s3: {key: k}}]}".to_owned(),
            "input artifact `big` is in no repository",
        ),
        (
            "container: {image: a, command: [a]}, outputs: {artifacts: [{name: big, path: /a}]}".to_owned(),
            "output artifact `big` is in no repository",
        ),
        (
            "container: {image: a, command: [a]}, podSpecPatch: '[1]'".to_owned(),
            "failed to apply podSpecPatch: it is no map",
        ),
        (
            "container: {image: a, command: [a]}, podSpecPatch: '{\"hostNetwork\": \"perhaps\"}'".to_owned(),
            "failed to apply podSpecPatch: invalid type: string \"perhaps\", expected a boolean",
        ),
    ];
    for (template, want) in cases {
        let error = pod(&workflow(&template), &settings()).unwrap_err();
        let error = format!("failed to {error}");
        assert!(error.contains(want), "{template}: {error}");
    }
}

#[test]
fn a_controller_has_defaults_for_all_main_containers() {
    let defaults = serde_json::json!({"name": "main", "imagePullPolicy": "Never", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]});
    let settings = Settings {
        main_container: Some(serde_json::from_value(defaults).unwrap()),
        instance_id: Some("blue".to_owned()),
        ..settings()
    };
    let text = workflow("container: {image: a, command: [a], env: [{name: B, value: '2'}]}");
    let pod = pod(&text, &settings).unwrap();
    let main = &pod.spec.unwrap().containers[0];
    assert_eq!(main.image_pull_policy.as_deref(), Some("Never"));
    let env = main.env.as_ref().unwrap();
    let value = |name: &str| env.iter().find(|of| of.name == name).unwrap().value.clone();
    assert_eq!(
        (value("A").as_deref(), value("B").as_deref()),
        (Some("1"), Some("2"))
    );
    let labels = pod.metadata.labels.unwrap();
    assert_eq!(labels[tiphys_pods::INSTANCE_ID], "blue");
}
