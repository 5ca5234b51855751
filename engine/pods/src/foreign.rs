//! Pods that Argo's controller made for a workflow that is this engine's now: they are seen through, and made only once.
//!
//! They have no marks of this engine. Argo's executor stands beside the step's containers, and tells of outputs in a `WorkflowTaskResult`
//! that has the node's ID for a name.

use crate::names::{COMPONENT, NODE_ID, UID, WORKFLOW};
use k8s_openapi::api::core::v1 as k8s;
use serde::Deserialize;
use serde_json::Value;
use tiphys_core::{ContainerState, Outcome, PodFinished, PodKey};
use tiphys_spec as spec;

/// Label of a `WorkflowTaskResult`: `"true"` once all is in it.
const COMPLETE: &str = "workflows.argoproj.io/report-outputs-completed";
/// The containers of Argo's executor. Source: Argo; `supervisor` is that of pods without an init container.
const EXECUTORS: [&str; 2] = ["wait", "supervisor"];
/// Containers that bring artifact drivers have this before their names.
const DRIVER: &str = "artifact-plugin-";
/// How a sidecar ends that was told to: by TERM or KILL.
const TOLD: [i32; 2] = [143, 137];

/// Whether Argo's controller made a pod.
#[must_use]
pub fn is(pod: &k8s::Pod) -> bool {
    let notes = pod.metadata.annotations.as_ref();
    notes.is_some_and(|notes| notes.contains_key(NODE_ID) && !notes.contains_key(UID))
}

/// Which node's pod it is. Argo retries a whole workflow without a count: what it made is of the first attempt.
pub(crate) fn key(pod: &k8s::Pod) -> Option<PodKey> {
    let meta = &pod.metadata;
    let labels = meta.labels.as_ref()?;
    if !is(pod) || !labels.contains_key(WORKFLOW) || labels.contains_key(COMPONENT) {
        return None;
    }
    let owner = meta.owner_references.iter().flatten().find(|owner| {
        owner.kind == crate::names::CONTROLLER && owner.api_version == spec::API_VERSION
    })?;
    Some(PodKey {
        workflow: owner.uid.as_str().into(),
        node: meta.annotations.as_ref()?.get(NODE_ID)?.clone(),
        attempt: 0,
    })
}

/// Whether its outputs are told of in a `WorkflowTaskResult`.
pub(crate) fn reports(pod: &k8s::Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    is(pod)
        && containers
            .into_iter()
            .any(|of| EXECUTORS.contains(&&*of.name))
}

/// Whether a container is one of the step's own.
fn own(name: &str) -> bool {
    !EXECUTORS.contains(&name) && !name.starts_with(DRIVER)
}

/// What is wrong with the containers beside `main`. Source: Argo's `inferFailedReason`.
pub(crate) fn fault<'s>(
    statuses: impl Iterator<Item = (&'s k8s::ContainerStatus, &'s k8s::ContainerStateTerminated)>,
) -> Option<(
    Outcome,
    &'s k8s::ContainerStatus,
    &'s k8s::ContainerStateTerminated,
)> {
    statuses
        .filter(|(of, state)| {
            let executor = EXECUTORS.contains(&&*of.name);
            state.exit_code != 0 && (executor || !TOLD.contains(&state.exit_code))
        })
        .map(|(of, state)| match own(&of.name) {
            true => (Outcome::Failed, of, state),
            false => (Outcome::Error, of, state),
        })
        .min_by_key(|(outcome, ..)| *outcome != Outcome::Error)
}

/// How far its containers have come: for nodes of a container set, which are all that anybody asks for.
pub(crate) fn containers(pod: &k8s::Pod) -> Vec<(String, ContainerState)> {
    let statuses = pod.status.iter();
    let statuses = statuses.flat_map(|status| status.container_statuses.iter().flatten());
    let state = |of: &k8s::ContainerStatus| {
        let state = of.state.as_ref()?;
        match &state.terminated {
            Some(ended) => Some(ContainerState::Ended(ended.exit_code)),
            None => state.running.as_ref().map(|_| ContainerState::Running),
        }
    };
    statuses
        .filter(|of| own(&of.name))
        .filter_map(|of| Some((of.name.clone(), state(of)?)))
        .collect()
}

/// What is of use of a `WorkflowTaskResult`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TaskResult {
    outputs: spec::Outputs,
    phase: String,
    message: Option<String>,
}

/// Whether all is in a `WorkflowTaskResult` that will ever be.
#[must_use]
pub fn complete(result: &Value) -> bool {
    result["metadata"]["labels"][COMPLETE] == "true"
}

/// Puts what a `WorkflowTaskResult` says into the end of its pod. `result`: or why it could not be had.
pub fn read_result(ended: &mut PodFinished, result: Result<&Value, String>) {
    let read = result.and_then(|result| {
        serde_json::from_value::<TaskResult>(result.clone())
            .map_err(|error| format!("failed to read its WorkflowTaskResult: {error}"))
    });
    let result = match read {
        Ok(result) => result,
        // A step that failed may have left none; its failure says enough.
        Err(_) if ended.outcome != Outcome::Succeeded => return,
        Err(reason) => {
            ended.outcome = Outcome::Error;
            ended.message = Some(format!("the step's outputs are lost: {reason}"));
            return;
        }
    };
    let TaskResult {
        outputs,
        phase,
        message,
    } = result;
    let parameters = outputs.parameters.into_iter();
    ended.parameters = parameters
        .map(|of| (of.name, of.value.map(|value| value.0)))
        .collect();
    ended.result = outputs.result;
    ended.artifacts = outputs.artifacts;
    let said = match phase.as_str() {
        "Failed" => Outcome::Failed,
        "Error" => Outcome::Error,
        _ => return,
    };
    if ended.outcome == Outcome::Succeeded {
        ended.outcome = said;
        ended.message = message.filter(|message| !message.is_empty());
    }
}
