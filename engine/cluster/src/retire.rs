//! What becomes of pods that have ended: they are let go, and deleted if the workflow says so (`podGC`).

use crate::client::{self, code, merge, patiently};
use crate::ground::Ground;
use crate::pods::api;
use crate::workflow::Id;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::ListParams;
use kube::core::{Selector, SelectorExt as _};
use serde_json::{Map, json};
use std::time::Duration;
use tiphys_pods::{COMPLETED, WORKFLOW};
use tiphys_spec as spec;
use tokio::time::Instant;

/// Keeps a pod's status until it has been read. Argo's name: its controller knows how to take it away.
pub(crate) const FINALIZER: &str = "workflows.argoproj.io/status";
/// Annotation of pods: `Strategy/delay`, for who finds the pod when its workflow is gone. Source: Argo.
const STRATEGY: &str = "workflows.argoproj.io/pod-gc-strategy";
/// Source: `podGCDeleteDelayDuration` of Argo's configuration.
const DELAY: &str = "5s";

/// Puts on a pod what its end will need.
pub(crate) fn mark(pod: &mut Pod, workflow: &spec::Workflow, delay: Option<&str>) {
    pod.metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
    let Some(gc) = &workflow.spec.pod_gc else {
        return;
    };
    let selected = gc.label_selector.as_ref().is_none_or(|selector| {
        let selector: Result<Selector, _> = selector.clone().try_into();
        selector.is_ok_and(|selector| selector.matches(pod.labels()))
    });
    if let Some(strategy) = gc.strategy.as_deref().filter(|_| selected) {
        let own = gc.delete_delay_duration.as_deref();
        let delay = own.or(delay).unwrap_or(DELAY);
        pod.annotations_mut()
            .insert(STRATEGY.to_owned(), format!("{strategy}/{delay}"));
    }
}

/// How long a pod that has ended may stay; none: for ever. `workflow`: how its workflow ended, if it has.
pub(crate) fn stay(pod: &Pod, workflow: Option<spec::WorkflowPhase>) -> Option<Duration> {
    let (strategy, delay) = pod.annotations().get(STRATEGY)?.split_once('/')?;
    let succeeded = pod
        .status
        .as_ref()
        .is_some_and(|status| status.phase.as_deref() == Some("Succeeded"));
    let due = match strategy {
        "OnPodCompletion" => true,
        "OnPodSuccess" => succeeded,
        "OnWorkflowCompletion" => workflow.is_some(),
        "OnWorkflowSuccess" => workflow == Some(spec::WorkflowPhase::Succeeded),
        _ => false,
    };
    let delay = tiphys_expr::duration::parse_or_seconds(delay).ok();
    let delay = delay.and_then(|nanos| u64::try_from(nanos).ok());
    due.then(|| delay.map_or(Duration::from_secs(5), Duration::from_nanos))
}

/// Lets go of a pod whose node's end is on record.
pub(crate) async fn retire(ground: &Ground, pod: &Pod) {
    if let Some(stay) = stay(pod, None) {
        tokio::time::sleep(stay).await;
        return delete(ground, pod).await;
    }
    let patch = json!({"metadata": {"labels": {COMPLETED: "true"}}});
    patch_off(ground, pod, patch).await;
}

/// Deletes the pods of a workflow that has ended, where it says so.
pub(crate) async fn collect(ground: &Ground, id: &Id, phase: spec::WorkflowPhase) {
    let api = api(ground, &id.namespace);
    let of = ListParams::default().labels(&format!("{WORKFLOW}={}", id.name));
    let pods = match patiently("list pods", || api.list(&of)).await {
        Ok(pods) => pods.items,
        Err(error) => return tracing::warn!(%error, "failed to list the pods of a workflow"),
    };
    let own = pods
        .iter()
        .filter(|pod| tiphys_pods::key(pod).is_some_and(|key| key.workflow == id.uid));
    let ended = Instant::now();
    for pod in own {
        if let Some(stay) = stay(pod, Some(phase)) {
            // From the workflow's end, and not from the end of the pod before.
            tokio::time::sleep_until(ended + stay).await;
            delete(ground, pod).await;
        }
    }
}

/// Takes a pod away.
pub(crate) async fn delete(ground: &Ground, pod: &Pod) {
    patch_off(ground, pod, json!({"metadata": {}})).await;
    let api = api(ground, &pod.namespace().unwrap_or_default());
    let grace = ground.settings.options.pod_gc.grace;
    client::delete_within("delete a pod", &api, &pod.name_any(), grace).await;
}

/// Writes a patch that takes the finalizer off as well.
async fn patch_off(ground: &Ground, pod: &Pod, mut patch: serde_json::Value) {
    let others: Vec<_> = pod
        .finalizers()
        .iter()
        .filter(|name| *name != FINALIZER)
        .collect();
    if others.len() < pod.finalizers().len() {
        patch["metadata"]["finalizers"] = json!(others);
    }
    if patch["metadata"].as_object().is_none_or(Map::is_empty) {
        return;
    }
    let api = api(ground, &pod.namespace().unwrap_or_default());
    let name = pod.name_any();
    if let Err(error) = merge("let go of a pod", &api, &name, patch).await
        && code(&error) != Some(404)
    {
        tracing::warn!(%error, pod = name, "failed to let go of a pod");
    }
}
