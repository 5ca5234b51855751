//! `artifactGC` in a cluster: pods delete the artifacts of a workflow that has ended or is being deleted. A finalizer keeps the object for as
//! long as they need it, and no longer: what cannot be deleted is told, and holds nobody up. Source: Argo's artifact garbage collection, but
//! for that: there the finalizer stays until somebody takes it away.

use crate::client::{code, delete, merge, patiently, spread, told};
use crate::ground::Ground;
use crate::kinds::{Meta, scope, workflows};
use crate::names::{ARTIFACT_GC, COMPLETED};
use crate::stored::{nodes, pack, stored};
use crate::workflow::{Id, fetch};
use crate::{pods, repository};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, LogParams, ObjectMeta, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Api, ResourceExt};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use tiphys_graph::plan::Plan;
use tiphys_pods::gc::{self, Collector, Doomed, Strategy};
use tiphys_spec as spec;

/// Keeps a workflow until its artifacts are deleted. Argo's name: its controller knows what to do with it.
const FINALIZER: &str = "workflows.argoproj.io/artifact-gc";
/// So many artifacts go by one pod: what reaches them is in its manifest.
const ONE_POD: usize = 500;
/// How long a pod may take, its start included.
const PATIENCE: Duration = Duration::from_secs(120);
/// Before another try.
const PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];
/// The type of the workflow's condition that says what could not be deleted. Source: Argo, as the reason of the event.
const CONDITION: &str = "ArtifactGCError";
const REASON: &str = "ArtifactGCFailed";

/// What a workflow is to have from its first write on; none if no artifact of it is ever to be deleted.
pub(crate) fn first(plan: &Plan, object: &Value) -> Option<Value> {
    let workflow = plan.workflow.spec.artifact_gc.as_ref();
    let mut wanted = HashSet::new();
    for template in &plan.templates {
        let outputs = template.spec.outputs.iter();
        let artifacts = outputs.flat_map(|outputs| &outputs.artifacts);
        wanted.extend(artifacts.filter_map(|artifact| gc::strategy(artifact, workflow)));
    }
    // Logs are artifacts, too, and no template names them.
    let logs = plan.templates.iter().any(|template| {
        let location = template.spec.archive_location.as_deref();
        let own = location.and_then(|location| location.archive_logs);
        own.or(plan.workflow.spec.archive_logs) == Some(true)
    });
    let log = spec::Artifact::default();
    wanted.extend(logs.then(|| gc::strategy(&log, workflow)).flatten());
    if wanted.is_empty() {
        return None;
    }
    let at_end = wanted.contains(&Strategy::OnWorkflowCompletion);
    let word = Strategy::OnWorkflowCompletion.as_str();
    let mut metadata = json!({"finalizers": held(&object["metadata"])});
    if at_end {
        metadata["annotations"] = json!({ARTIFACT_GC: word});
    }
    Some(metadata)
}

/// The finalizers of an object, and ours.
fn held(metadata: &Value) -> Vec<Value> {
    let mut all = metadata["finalizers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if !all.iter().any(|one| one == FINALIZER) {
        all.push(FINALIZER.into());
    }
    all
}

/// Has what a first write brings hold what the object has got meanwhile.
pub(crate) fn renew(first: &mut Value, object: &Value) {
    if first["metadata"]["finalizers"].is_array() {
        first["metadata"]["finalizers"] = held(&object["metadata"]).into();
    }
}

/// Whether there is something to do for a workflow that does not run.
pub(crate) fn due(meta: &Meta) -> bool {
    wanted(&meta.metadata)
}

fn wanted(metadata: &ObjectMeta) -> bool {
    let ours = metadata
        .finalizers
        .iter()
        .flatten()
        .any(|name| name == FINALIZER);
    let has = |map: &Option<BTreeMap<String, String>>, name: &str, value: &str| {
        let found = map.as_ref().and_then(|map| map.get(name));
        found.is_some_and(|found| found == value)
    };
    let ended = has(&metadata.labels, COMPLETED, "true")
        && has(
            &metadata.annotations,
            ARTIFACT_GC,
            Strategy::OnWorkflowCompletion.as_str(),
        );
    ours && (ended || metadata.deletion_timestamp.is_some())
}

/// The workflow, if it is to be had.
async fn look(ground: &Ground, id: &Id) -> Option<DynamicObject> {
    fetch(ground, id).await.unwrap_or_else(|error| {
        tracing::warn!(
            workflow = id.name,
            "failed to get a workflow: {}",
            told(&error)
        );
        None
    })
}

/// Deletes what is to be deleted of a workflow, and lets go of it.
pub(crate) async fn collect(ground: &Ground, id: &Id) {
    let mut pauses = PAUSES.iter();
    loop {
        let Some(object) = look(ground, id).await else {
            return;
        };
        let ends = object.metadata.deletion_timestamp.is_some();
        let value = serde_json::to_value(&object).unwrap_or_default();
        if !wanted(&object.metadata) {
            return;
        }
        let work = Work::of(&value, ends);
        let done = work.run(ground, id).await;
        let forced = work.workflow.spec.artifact_gc.as_ref();
        let forced = ends && forced.is_some_and(|gc| gc.force_finalizer_removal == Some(true));
        if !done.faults.is_empty()
            && !forced
            && let Some(pause) = pauses.next()
        {
            record(ground, id, &done, Stage::Again).await;
            tokio::time::sleep(pause.mul_f64(1.0 + spread() / 4.0)).await;
            continue;
        }
        if !done.faults.is_empty() {
            let text = done.told();
            tracing::warn!(
                workflow = id.name,
                namespace = id.namespace,
                "failed to delete artifacts: {text}"
            );
            ground.events.fault(id, REASON, &text);
        }
        return record(ground, id, &done, Stage::Last { ends }).await;
    }
}

/// What there is to do for one workflow.
struct Work {
    workflow: spec::Workflow,
    /// The strategy that names the pods.
    strategy: Strategy,
    sweep: gc::Sweep,
}

/// Where the work is when it is written down.
#[derive(Clone, Copy)]
enum Stage {
    /// There will be another try.
    Again,
    /// Nothing more is done. `ends`: that was for a workflow that is being deleted, and all of it; one that is deleted meanwhile has more.
    Last { ends: bool },
}

/// What came of it.
#[derive(Default)]
struct Done {
    /// The artifacts that are gone, by node and name.
    gone: BTreeMap<String, HashSet<String>>,
    pods: Vec<String>,
    faults: Vec<String>,
}

impl Done {
    fn told(&self) -> String {
        let some: Vec<&str> = self.faults.iter().take(5).map(String::as_str).collect();
        match self.faults.len() - some.len() {
            0 => some.join("; "),
            more => format!("{}; and {more} more", some.join("; ")),
        }
    }
}

impl Work {
    fn of(object: &Value, ends: bool) -> Work {
        let strategies: &[Strategy] = if ends {
            &[Strategy::OnWorkflowCompletion, Strategy::OnWorkflowDeletion]
        } else {
            &[Strategy::OnWorkflowCompletion]
        };
        let bare = json!({"metadata": object["metadata"], "spec": object["spec"]});
        // What cannot be read has never run, and has no artifacts.
        let mut workflow: spec::Workflow = serde_json::from_value(bare).unwrap_or_default();
        let (status, _) = stored(object).unwrap_or_default();
        if let Some(kept) = status.stored_workflow_template_spec {
            let own = workflow.spec;
            workflow.spec = kept;
            workflow.spec.artifact_gc = own.artifact_gc.or(workflow.spec.artifact_gc.take());
            let account = own.service_account_name;
            workflow.spec.service_account_name =
                account.or(workflow.spec.service_account_name.take());
        }
        let found = status.artifact_repository_ref;
        let found = found.and_then(|found| found.artifact_repository);
        let location = found.as_ref().map(repository::location);
        let sweep = gc::sweep(&workflow.spec, &status.nodes, location.as_ref(), strategies);
        Work {
            strategy: if ends {
                Strategy::OnWorkflowDeletion
            } else {
                Strategy::OnWorkflowCompletion
            },
            workflow,
            sweep,
        }
    }

    async fn run(&self, ground: &Ground, id: &Id) -> Done {
        let mut done = Done {
            faults: self.sweep.faults.clone(),
            ..Done::default()
        };
        for (who, all) in &self.sweep.doomed {
            for doomed in all.chunks(ONE_POD) {
                let name = who.name(&id.name, self.strategy);
                match self.sweep_one(ground, id, who, doomed).await {
                    Ok(said) => {
                        for (nth, of) in doomed.iter().enumerate() {
                            let artifact = &of.artifact.name;
                            match said.get(&nth) {
                                Some(Ok(())) => {
                                    let names = done.gone.entry(of.node.clone()).or_default();
                                    names.insert(artifact.clone());
                                }
                                Some(Err(reason)) => done.faults.push(format!("artifact `{artifact}` of node {}: {reason}", of.node)),
                                None => done.faults.push(format!(
                                    "artifact `{artifact}` of node {}: pod {name} ended before it said what became of it",
                                    of.node
                                )),
                            }
                        }
                        done.pods.push(name);
                    }
                    Err(reason) => done
                        .faults
                        .push(format!("{} artifacts: {reason}", doomed.len())),
                }
            }
        }
        done
    }

    /// Has a pod delete some artifacts; what it said of each.
    async fn sweep_one(
        &self,
        ground: &Ground,
        id: &Id,
        who: &Collector,
        doomed: &[Doomed],
    ) -> Result<BTreeMap<usize, Result<(), String>>, String> {
        let patch = self.workflow.spec.artifact_gc.as_ref();
        let patch = patch.and_then(|gc| gc.pod_spec_patch.as_deref());
        let settings = &ground.settings.pods;
        let pod = gc::collector(who, self.strategy, &self.workflow, patch, doomed, settings);
        let pod = pod.map_err(|error| format!("failed to {error}"))?;
        let name = pod.name_any();
        let api = pods::api(ground, &id.namespace);
        make(&api, &pod, id, doomed).await?;
        let ended = await_condition(api.clone(), &name, |pod: Option<&Pod>| pod.is_none_or(over));
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        let said = match ended {
            Ok(Ok(Some(pod))) => {
                let params = LogParams::default();
                let log = patiently("read the log of a pod", || api.logs(&name, &params));
                let log = log.await.map_err(|error| {
                    format!("failed to read the log of pod {name}: {}", told(&error))
                });
                // What it says by its end goes before what it did not say.
                log.map(|log| gc::said(&log))
                    .and_then(|said| match message(&pod) {
                        Some(reason) if said.is_empty() => Err(format!("pod {name}: {reason}")),
                        _ => Ok(said),
                    })
            }
            Ok(Ok(None)) => Err(format!("pod {name} was deleted before it ended")),
            Ok(Err(error)) => Err(format!("failed to watch pod {name}: {error}")),
            Err(_) => Err(format!(
                "pod {name} did not end within {} s",
                PATIENCE.as_secs()
            )),
        };
        remove(&api, &name).await;
        said
    }
}

/// Makes the pod, or takes up one that was made before the controller was killed.
async fn make(api: &Api<Pod>, pod: &Pod, id: &Id, doomed: &[Doomed]) -> Result<(), String> {
    let name = pod.name_any();
    let params = PostParams::default();
    for _ in 0..3 {
        let made = patiently("create a pod", || api.create(&params, pod)).await;
        let error = match made {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if code(&error) != Some(409) {
            return Err(format!("failed to create pod {name}: {}", told(&error)));
        }
        let there = patiently("get a pod", || api.get_opt(&name)).await;
        match there {
            Ok(Some(there)) if gc::deletes(&there, &id.uid, doomed) => return Ok(()),
            Ok(Some(there)) if gc::of(&there) => {
                remove(api, &name).await;
            }
            Ok(Some(_)) => return Err(format!("pod {name} is there, and is somebody else's")),
            Ok(None) => {}
            Err(error) => return Err(told(&error)),
        }
    }
    Err(format!(
        "failed to create pod {name}: one of that name does not go"
    ))
}

/// Takes a pod away, and waits until it is gone: another one of the same name may follow.
async fn remove(api: &Api<Pod>, name: &str) {
    delete("delete a pod", api, name).await;
    let gone = await_condition(api.clone(), name, |pod: Option<&Pod>| pod.is_none());
    let _ = tokio::time::timeout(PATIENCE, gone).await;
}

fn over(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// Why a pod has failed, in its own words or the kubelet's.
fn message(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let states = status.container_statuses.iter().flatten();
    let mut ends = states.filter_map(|status| status.state.as_ref()?.terminated.as_ref());
    let said = ends.find_map(|end| end.message.clone().filter(|text| !text.is_empty()));
    said.or_else(|| status.message.clone())
}

/// Writes what became of the artifacts. At last the object is let go, if all was done for its end, or nothing is left to do then.
async fn record(ground: &Ground, id: &Id, done: &Done, stage: Stage) {
    let api = scope::<DynamicObject>(&ground.client, Some(&id.namespace), &workflows());
    loop {
        let Some(object) = look(ground, id).await else {
            return;
        };
        let Some(patch) = patch(&object, done, stage) else {
            return;
        };
        match merge("store a workflow", &api, &id.name, patch).await {
            Err(error) if code(&error) == Some(409) => {}
            Err(error) if code(&error) == Some(404) => return,
            Err(error) => {
                return tracing::warn!(
                    workflow = id.name,
                    "failed to let go of a workflow: {}",
                    told(&error)
                );
            }
            Ok(_) => return,
        }
    }
}

fn patch(object: &DynamicObject, done: &Done, stage: Stage) -> Option<Value> {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    let mut parts = Map::new();
    let mut metadata = Map::new();
    // Nobody reads what an object says that is about to go.
    if !matches!(stage, Stage::Last { ends: true }) {
        let status = status(&value, done);
        if !status.is_empty() {
            parts.insert("status".to_owned(), status.into());
        }
    }
    if let Stage::Last { ends } = stage {
        metadata.insert("annotations".to_owned(), json!({ARTIFACT_GC: null}));
        // With what is about to be written.
        if let Some(new) = parts.get("status") {
            marked(&mut value["status"], new);
        }
        let left = Work::of(&value, true);
        if ends || (left.sweep.doomed.is_empty() && left.sweep.faults.is_empty()) {
            let finalizers = object.finalizers().iter();
            let others: Vec<_> = finalizers.filter(|name| *name != FINALIZER).collect();
            metadata.insert("finalizers".to_owned(), json!(others));
        }
    }
    if parts.is_empty() && metadata.is_empty() {
        return None;
    }
    metadata.insert(
        "resourceVersion".to_owned(),
        json!(object.metadata.resource_version),
    );
    parts.insert("metadata".to_owned(), metadata.into());
    Some(parts.into())
}

/// The status as it will be, as far as nodes go.
fn marked(status: &mut Value, new: &Value) {
    if let Some(packed) = new.get("compressedNodes") {
        status["compressedNodes"] = packed.clone();
    }
    for (id, node) in new["nodes"].as_object().into_iter().flatten() {
        status["nodes"][id]["outputs"]["artifacts"] = node["outputs"]["artifacts"].clone();
    }
}

/// What is new in the status: artifacts that are gone, pods that saw to it, and what stays.
fn status(object: &Value, done: &Done) -> Map<String, Value> {
    let old = &object["status"];
    let mut status = Map::new();
    let mut all = nodes(old).unwrap_or_default();
    let mut changed = Map::new();
    for (id, names) in &done.gone {
        let Some(artifacts) = all
            .get_mut(id)
            .and_then(|node| node["outputs"]["artifacts"].as_array_mut())
        else {
            continue;
        };
        for artifact in artifacts.iter_mut() {
            if artifact["name"]
                .as_str()
                .is_some_and(|name| names.contains(name))
            {
                artifact["deleted"] = true.into();
            }
        }
        changed.insert(id.clone(), json!({"outputs": {"artifacts": artifacts}}));
    }
    if !changed.is_empty() {
        let packed = old["compressedNodes"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        if packed {
            status.insert("compressedNodes".to_owned(), pack(&all).into());
        } else {
            status.insert("nodes".to_owned(), changed.into());
        }
    }
    let pods: Map<String, Value> = done
        .pods
        .iter()
        .map(|name| (name.clone(), true.into()))
        .collect();
    let word = Strategy::OnWorkflowCompletion.as_str();
    status.insert(
        "artifactGCStatus".to_owned(),
        json!({"strategiesProcessed": {word: true}, "podsRecouped": pods}),
    );
    let conditions = old["conditions"].as_array().cloned().unwrap_or_default();
    let mut new: Vec<Value> = conditions
        .iter()
        .filter(|one| one["type"] != CONDITION)
        .cloned()
        .collect();
    if !done.faults.is_empty() {
        new.push(json!({"type": CONDITION, "status": "True", "message": done.told()}));
    }
    if new != conditions {
        status.insert("conditions".to_owned(), new.into());
    }
    status
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn object(deleted: bool, packed: bool) -> DynamicObject {
        let artifacts = json!([
            {"name": "early", "s3": {"key": "e"}, "artifactGC": {"strategy": "OnWorkflowCompletion"}},
            {"name": "late", "s3": {"key": "l"}, "artifactGC": {"strategy": "OnWorkflowDeletion"}},
        ]);
        let nodes = json!({"w": {"id": "w", "name": "w", "type": "Pod", "outputs": {"artifacts": artifacts}}});
        let repository = json!({"artifactRepository": {"s3": {"bucket": "b"}}});
        let mut status = json!({"phase": "Succeeded", "artifactRepositoryRef": repository});
        if packed {
            status["compressedNodes"] = pack(nodes.as_object().unwrap()).into();
        } else {
            status["nodes"] = nodes;
        }
        let mut object = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {"name": "w", "uid": "u", "resourceVersion": "7", "finalizers": ["other", FINALIZER], "annotations": {ARTIFACT_GC: "OnWorkflowCompletion"}},
            "spec": {"entrypoint": "m", "templates": [{"name": "m"}]}, "status": status,
        });
        if deleted {
            object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        serde_json::from_value(object).unwrap()
    }

    /// At a workflow's end.
    const LAST: Stage = Stage::Last { ends: false };

    fn done(names: &[&str], faults: &[&str]) -> Done {
        let names: HashSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Done {
            gone: BTreeMap::from([("w".to_owned(), names)]),
            pods: vec!["p".to_owned()],
            faults: faults.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn an_object_is_held_while_something_is_left_to_delete() {
        let patched = patch(&object(false, false), &done(&["early"], &[]), LAST).unwrap();
        assert_eq!(
            patched["metadata"],
            json!({"resourceVersion": "7", "annotations": {ARTIFACT_GC: null}})
        );
        assert_eq!(
            patched["status"]["nodes"]["w"]["outputs"]["artifacts"][0]["deleted"],
            true
        );
        assert_eq!(
            patched["status"]["nodes"]["w"]["outputs"]["artifacts"][1]["deleted"],
            Value::Null
        );
        let all = patch(&object(false, false), &done(&["early", "late"], &[]), LAST).unwrap();
        assert_eq!(all["metadata"]["finalizers"], json!(["other"]));
    }

    #[test]
    fn who_is_being_deleted_is_let_go_whatever_stays() {
        let patched = patch(
            &object(true, false),
            &done(&[], &["no"]),
            Stage::Last { ends: true },
        )
        .unwrap();
        assert_eq!(patched["metadata"]["finalizers"], json!(["other"]));
        assert_eq!(patched["status"], Value::Null);
    }

    #[test]
    fn who_is_deleted_meanwhile_stays_for_what_that_deletes() {
        let patched = patch(&object(true, false), &done(&["early"], &[]), LAST).unwrap();
        assert_eq!(patched["metadata"]["finalizers"], Value::Null);
    }

    #[test]
    fn what_stays_is_said_and_another_try_takes_it_back() {
        let patched = patch(&object(false, false), &done(&[], &["no"]), Stage::Again).unwrap();
        assert_eq!(patched["status"]["conditions"][0]["message"], "no");
        assert_eq!(patched["metadata"], json!({"resourceVersion": "7"}));
        let mut told = object(false, false);
        told.data["status"]["conditions"] = patched["status"]["conditions"].clone();
        let patched = patch(&told, &done(&["early"], &[]), LAST).unwrap();
        assert_eq!(patched["status"]["conditions"], json!([]));
    }

    #[test]
    fn packed_nodes_stay_packed() {
        let patched = patch(&object(false, true), &done(&["early", "late"], &[]), LAST).unwrap();
        assert_eq!(patched["metadata"]["finalizers"], json!(["other"]));
        let all = nodes(&patched["status"]).unwrap();
        assert_eq!(all["w"]["outputs"]["artifacts"][1]["deleted"], true);
    }

    #[test]
    fn the_first_write_keeps_the_finalizers_of_others() {
        let mut first = json!({"metadata": {"finalizers": [FINALIZER]}});
        renew(&mut first, &json!({"metadata": {"finalizers": ["other"]}}));
        assert_eq!(first["metadata"]["finalizers"], json!(["other", FINALIZER]));
    }
}
