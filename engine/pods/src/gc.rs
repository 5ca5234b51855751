//! `artifactGC`: which artifacts of a workflow are to be deleted, and the pods that do it. Source: Argo's artifact garbage collection; unlike
//! Argo's, such a pod is told all it needs by its manifest, and asks the API server for nothing.

use crate::artifacts::{self, Artifacts, Output, entrust};
use crate::inputs::{own_container, tell};
use crate::manifest::PodError;
use crate::names::{ARTIFACTS_IN_IMAGE, COMPONENT, INSTANCE_ID, UID, WORKFLOW};
use crate::patch;
use crate::place::place;
use crate::settings::Settings;
use k8s_openapi::api::core::v1 as k8s;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::{BTreeMap, HashSet};
use tiphys_core::fnv32a;
use tiphys_spec as spec;

/// The label [`COMPONENT`] of these pods.
const WORD: &str = "artifact-gc";
/// Names of pods are no longer.
const LONGEST: usize = 253;

/// When artifacts are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    OnWorkflowCompletion,
    OnWorkflowDeletion,
}

impl Strategy {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::OnWorkflowCompletion => "OnWorkflowCompletion",
            Strategy::OnWorkflowDeletion => "OnWorkflowDeletion",
        }
    }

    fn short(self) -> &'static str {
        match self {
            Strategy::OnWorkflowCompletion => "wfcomp",
            Strategy::OnWorkflowDeletion => "wfdel",
        }
    }

    fn read(word: Option<&str>) -> Option<Strategy> {
        [Strategy::OnWorkflowCompletion, Strategy::OnWorkflowDeletion]
            .into_iter()
            .find(|strategy| word == Some(strategy.as_str()))
    }
}

/// When an artifact is deleted; none: never. Its own word goes before the workflow's.
#[must_use]
pub fn strategy(
    artifact: &spec::Artifact,
    workflow: Option<&spec::WorkflowLevelArtifactGc>,
) -> Option<Strategy> {
    let own = artifact.artifact_gc.as_deref();
    let own = own.and_then(|gc| gc.strategy.as_deref());
    let word = own
        .filter(|word| !word.is_empty())
        .or_else(|| workflow?.strategy.as_deref());
    Strategy::read(word)
}

/// As whom a pod deletes artifacts, and what it is marked with.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collector {
    pub account: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

impl Collector {
    fn of(
        artifact: &spec::Artifact,
        workflow: Option<&spec::WorkflowLevelArtifactGc>,
        spec: &spec::WorkflowSpec,
    ) -> Collector {
        let own = artifact.artifact_gc.as_deref();
        let account = own.and_then(|gc| gc.service_account_name.as_ref());
        let account = account.or_else(|| workflow?.service_account_name.as_ref());
        let metadata = own.and_then(|gc| gc.pod_metadata.as_ref());
        let metadata = metadata.or_else(|| workflow?.pod_metadata.as_ref());
        Collector {
            account: account.or(spec.service_account_name.as_ref()).cloned(),
            labels: metadata.map(|of| of.labels.clone()).unwrap_or_default(),
            annotations: metadata
                .map(|of| of.annotations.clone())
                .unwrap_or_default(),
        }
    }

    /// The name of its pod. Source: Argo.
    #[must_use]
    pub fn name(&self, workflow: &str, strategy: Strategy) -> String {
        let account = self.account.as_deref().unwrap_or("default");
        let mut text = account.to_owned();
        for (name, value) in self.labels.iter().chain(&self.annotations) {
            text.push_str(name);
            text.push_str(value);
        }
        let end = format!("-artgc-{}-{}", strategy.short(), fnv32a(&text));
        // Names of workflows are of letters that take one byte each.
        let begin = &workflow[..workflow.floor_char_boundary(LONGEST - end.len())];
        format!("{begin}{end}")
    }
}

/// An artifact to delete.
#[derive(Clone, Debug, PartialEq)]
pub struct Doomed {
    pub node: String,
    /// With all that it takes to reach it; its `name` is that in the node's outputs.
    pub artifact: spec::Artifact,
}

/// What there is to delete of a workflow.
#[derive(Debug, Default, PartialEq)]
pub struct Sweep {
    pub doomed: BTreeMap<Collector, Vec<Doomed>>,
    /// Artifacts that nobody knows how to reach.
    pub faults: Vec<String>,
}

/// The artifacts in the outputs of pods that were not deleted yet, and are to be by one of some strategies. `spec` is the effective one;
/// `repository` is where those are that say no place of their own. What a cache of another workflow gave stays with that.
#[must_use]
pub fn sweep(
    spec: &spec::WorkflowSpec,
    nodes: &BTreeMap<String, spec::NodeStatus>,
    repository: Option<&spec::ArtifactLocation>,
    strategies: &[Strategy],
) -> Sweep {
    let mut sweep = Sweep::default();
    let mut seen = HashSet::new();
    let workflow = spec.artifact_gc.as_ref();
    let given = |node: &&spec::NodeStatus| {
        let cached = node.memoization_status.as_ref();
        node.r#type == Some(spec::NodeType::Pod)
            && cached.is_none_or(|cached| cached.hit != Some(true))
    };
    for node in nodes.values().filter(given) {
        let template = node.template_name.as_deref().unwrap_or_default();
        let template = spec.templates.iter().find(|of| of.name == template);
        let location = template.and_then(|of| of.archive_location.as_deref());
        let outputs = node.outputs.iter().flat_map(|outputs| &outputs.artifacts);
        for artifact in outputs {
            let due = strategy(artifact, workflow).is_some_and(|due| strategies.contains(&due));
            if !due || artifact.deleted == Some(true) {
                continue;
            }
            match reach(artifact, location, repository) {
                Ok(whole) => {
                    let key = serde_json::to_string(&spec::Artifact {
                        name: String::new(),
                        ..whole.clone()
                    });
                    // What cannot be compared is another's.
                    let first = key.map_or(true, |key| seen.insert(key));
                    if !first {
                        continue;
                    }
                    let of = Collector::of(artifact, workflow, spec);
                    sweep.doomed.entry(of).or_default().push(Doomed {
                        node: node.id.clone(),
                        artifact: whole,
                    });
                }
                Err(reason) => sweep.faults.push(format!(
                    "artifact `{}` of node {}: {reason}",
                    artifact.name, node.name
                )),
            }
        }
    }
    sweep
}

fn reach(
    artifact: &spec::Artifact,
    template: Option<&spec::ArtifactLocation>,
    repository: Option<&spec::ArtifactLocation>,
) -> Result<spec::Artifact, &'static str> {
    let own = template.filter(|location| {
        let bare = spec::ArtifactLocation {
            archive_logs: None,
            ..(*location).clone()
        };
        bare != spec::ArtifactLocation::default()
    });
    let found = place(artifact, own.or(repository), None);
    let found = found.map_err(|_| "no repository is known to hold it")?;
    let text = serde_json::to_string(&found.whole).unwrap_or_default();
    if text.contains("{{") {
        return Err("its template's archiveLocation has tags, whose values are not on record");
    }
    Ok(found.whole)
}

/// The pod that deletes some artifacts: as many as fit into a manifest, about a thousand.
///
/// # Errors
/// The workflow's patch of it is no patch.
pub fn collector(
    of: &Collector,
    strategy: Strategy,
    workflow: &spec::Workflow,
    patch_text: Option<&str>,
    doomed: &[Doomed],
    settings: &Settings,
) -> Result<k8s::Pod, PodError> {
    let name = workflow.metadata.name.as_deref().unwrap_or_default();
    let nobody = k8s::PodSecurityContext {
        run_as_non_root: Some(true),
        ..k8s::PodSecurityContext::default()
    };
    let mut main = own_container("main", None, Some(&nobody), settings);
    main.command = Some([ARTIFACTS_IN_IMAGE, "delete"].map(str::to_owned).to_vec());
    let mut volumes = Vec::new();
    entrust(
        &mut main,
        &mut volumes,
        doomed.iter().map(|of| &of.artifact),
    );
    tell(&mut main, artifacts::VARIABLE, &told(doomed));
    let mut spec = k8s::PodSpec {
        restart_policy: Some("Never".to_owned()),
        service_account_name: of.account.clone(),
        automount_service_account_token: Some(false),
        security_context: Some(nobody),
        containers: vec![main],
        volumes: Some(volumes).filter(|volumes| !volumes.is_empty()),
        ..k8s::PodSpec::default()
    };
    if let Some(text) = patch_text {
        spec = patch::patch(&spec, text)?;
    }
    let mut labels = of.labels.clone();
    labels.insert(COMPONENT.to_owned(), WORD.to_owned());
    labels.insert(WORKFLOW.to_owned(), name.to_owned());
    if let Some(instance) = &settings.instance_id {
        labels.insert(INSTANCE_ID.to_owned(), instance.clone());
    }
    let mut annotations = of.annotations.clone();
    let uid = workflow.metadata.uid.clone().unwrap_or_default();
    annotations.insert(UID.to_owned(), uid);
    Ok(k8s::Pod {
        metadata: ObjectMeta {
            name: Some(of.name(name, strategy)),
            namespace: workflow.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: Some(annotations),
            // No owner: it is there to outlive it.
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    })
}

fn told(doomed: &[Doomed]) -> Artifacts {
    let outputs = doomed.iter().map(|of| Output {
        artifact: of.artifact.clone(),
        recorded: spec::Artifact::default(),
        log: false,
    });
    Artifacts {
        outputs: outputs.collect(),
        ..Artifacts::default()
    }
}

/// Whether a pod was made to delete exactly these artifacts, of the workflow with that UID.
#[must_use]
pub fn deletes(pod: &k8s::Pod, uid: &str, doomed: &[Doomed]) -> bool {
    let annotations = pod.metadata.annotations.as_ref();
    let of = annotations.and_then(|all| all.get(UID));
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let variables = containers.flat_map(|container| container.env.iter().flatten());
    let variables: BTreeMap<_, _> = variables
        .map(|variable| (variable.name.as_str(), variable.value.as_deref()))
        .collect();
    let lookup = |name: &str| (*variables.get(name)?).map(str::to_owned);
    let made: Result<Artifacts, _> = tiphys_executor::from_env(artifacts::VARIABLE, lookup);
    of.is_some_and(|of| of == uid) && made.is_ok_and(|made| made == told(doomed))
}

/// Whether a pod was made to delete artifacts.
#[must_use]
pub fn of(pod: &k8s::Pod) -> bool {
    let labels = pod.metadata.labels.as_ref();
    labels
        .and_then(|all| all.get(COMPONENT))
        .is_some_and(|word| word == WORD)
}

/// What such a pod said, line by line: of each artifact, by its number, whether it is gone, or why not.
#[must_use]
pub fn said(log: &str) -> BTreeMap<usize, Result<(), String>> {
    let line = |line: &str| {
        let said: serde_json::Value = serde_json::from_str(line).ok()?;
        let number = usize::try_from(said["output"].as_u64()?).ok()?;
        let done = if said["deleted"] == true {
            Ok(())
        } else {
            Err(said["error"].as_str().unwrap_or("it stays").to_owned())
        };
        Some((number, done))
    };
    log.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::{Value, json};

    fn spec() -> spec::WorkflowSpec {
        serde_json::from_value(json!({
            "artifactGC": {"strategy": "OnWorkflowDeletion", "serviceAccountName": "gc"},
            "serviceAccountName": "steps",
            "templates": [
                {"name": "here"},
                {"name": "elsewhere", "archiveLocation": {"s3": {"bucket": "other"}}},
                {"name": "tagged", "archiveLocation": {"s3": {"bucket": "{{workflow.name}}"}}},
            ],
        }))
        .unwrap()
    }

    fn node(id: &str, template: &str, artifacts: Value) -> (String, spec::NodeStatus) {
        let node = json!({"id": id, "name": id, "type": "Pod", "templateName": template, "outputs": {"artifacts": artifacts}});
        (id.to_owned(), serde_json::from_value(node).unwrap())
    }

    fn repository() -> spec::ArtifactLocation {
        serde_json::from_value(
            json!({"s3": {"bucket": "b", "accessKeySecret": {"name": "s", "key": "k"}}}),
        )
        .unwrap()
    }

    fn at(key: &str) -> Value {
        json!({"name": "a", "s3": {"key": key}})
    }

    /// `ACCOUNT: NODE BUCKET/KEY`, of each.
    fn keys(sweep: &Sweep) -> Vec<String> {
        let mut keys = Vec::new();
        for (who, all) in &sweep.doomed {
            for doomed in all {
                let s3 = serde_json::to_value(&doomed.artifact).unwrap()["s3"].clone();
                let text = |field: &str| s3[field].as_str().unwrap().to_owned();
                let account = who.account.as_deref().unwrap();
                keys.push(format!(
                    "{account}: {} {}/{}",
                    doomed.node,
                    text("bucket"),
                    text("key")
                ));
            }
        }
        keys
    }

    #[test]
    fn each_artifact_goes_when_it_says_once_and_by_who_may() {
        let own = |strategy: &str, more: Value| {
            let mut gc = json!({"strategy": strategy});
            gc.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            json!({"name": "b", "s3": {"key": strategy}, "artifactGC": gc})
        };
        let mut hit = node("w-5", "here", json!([at("cached")]));
        hit.1.memoization_status = Some(Box::new(
            serde_json::from_value(json!({"hit": true})).unwrap(),
        ));
        let mut steps = node("w-6", "here", json!([at("passed-on")]));
        steps.1.r#type = Some(spec::NodeType::Steps);
        let gone = json!({"name": "c", "s3": {"key": "gone"}, "deleted": true});
        let nodes = BTreeMap::from([
            node(
                "w-1",
                "here",
                json!([
                    at("one"),
                    own("OnWorkflowCompletion", json!({"serviceAccountName": "own"})),
                    own("Never", json!({}))
                ]),
            ),
            node("w-2", "here", json!([at("one"), gone])),
            node("w-3", "elsewhere", json!([at("three")])),
            node("w-4", "tagged", json!([at("four")])),
            hit,
            steps,
        ]);
        let all = |strategies: &[Strategy]| sweep(&spec(), &nodes, Some(&repository()), strategies);
        let done = all(&[Strategy::OnWorkflowCompletion]);
        assert_eq!(keys(&done), ["own: w-1 b/OnWorkflowCompletion"]);
        let done = all(&[Strategy::OnWorkflowDeletion]);
        assert_eq!(keys(&done), ["gc: w-1 b/one", "gc: w-3 other/three"]);
        assert_eq!(done.faults.len(), 1);
        assert!(
            done.faults[0].contains("archiveLocation has tags"),
            "{:?}",
            done.faults
        );
        let none = sweep(&spec(), &nodes, None, &[Strategy::OnWorkflowDeletion]);
        assert!(
            none.faults[0].contains("no repository is known"),
            "{:?}",
            none.faults
        );
    }

    #[test]
    fn its_pod_has_the_secrets_and_no_token() {
        let nodes = BTreeMap::from([node("w-1", "here", json!([at("one")]))]);
        let found = sweep(
            &spec(),
            &nodes,
            Some(&repository()),
            &[Strategy::OnWorkflowDeletion],
        );
        let (who, doomed) = found.doomed.first_key_value().unwrap();
        let workflow = serde_json::from_value(
            json!({"metadata": {"name": "w", "namespace": "n", "uid": "u"}}),
        )
        .unwrap();
        let patch = Some("{priorityClassName: low}");
        let settings = Settings::default();
        let pod = collector(
            who,
            Strategy::OnWorkflowDeletion,
            &workflow,
            patch,
            doomed,
            &settings,
        )
        .unwrap();
        let value = serde_json::to_value(&pod).unwrap();
        assert_eq!(
            value["metadata"]["name"],
            who.name("w", Strategy::OnWorkflowDeletion)
        );
        assert!(
            value["metadata"]["name"]
                .as_str()
                .unwrap()
                .starts_with("w-artgc-wfdel-")
        );
        assert_eq!(value["metadata"]["ownerReferences"], Value::Null);
        assert_eq!(value["spec"]["serviceAccountName"], "gc");
        assert_eq!(value["spec"]["automountServiceAccountToken"], false);
        assert_eq!(value["spec"]["priorityClassName"], "low");
        assert_eq!(value["spec"]["volumes"][0]["secret"]["secretName"], "s");
        assert!(deletes(&pod, "u", doomed));
        assert!(!deletes(&pod, "v", doomed));
        assert!(!deletes(&pod, "u", &[]));
        assert!(
            collector(
                who,
                Strategy::OnWorkflowDeletion,
                &workflow,
                Some("["),
                doomed,
                &settings
            )
            .is_err()
        );
    }

    #[test]
    fn what_it_says_is_read_line_by_line() {
        let log =
            "{\"output\":0,\"deleted\":true}\nnoise\n{\"output\":2,\"error\":\"no\"}\n{\"output\":";
        let said = said(log);
        assert_eq!(said.len(), 2);
        assert_eq!(said[&0], Ok(()));
        assert_eq!(said[&2], Err("no".to_owned()));
    }
}
