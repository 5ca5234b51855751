//! Pods that were lost before they began: made once more, for nothing of the step has happened. Source: Argo's `failedPodRestart`.

use k8s_openapi::api::core::v1 as k8s;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Annotation of pods: how often one of that name was lost before it.
const RESTARTS: &str = "tiphys.dev/restarts";
/// What the kubelet and the node controller say of a pod that they did not let begin. Source: Argo.
const REASONS: [&str; 4] = [
    "Evicted",
    "NodeAffinity",
    "NodeShutdown",
    "UnexpectedAdmissionError",
];

/// Why a pod that has failed never began; none if it did, or failed for another reason.
#[must_use]
pub fn lost(pod: &k8s::Pod) -> Option<&str> {
    let status = pod.status.as_ref()?;
    let reason = status.reason.as_deref().filter(|r| REASONS.contains(r))?;
    let began = |of: &k8s::ContainerStatus| {
        let states = [of.state.as_ref(), of.last_state.as_ref()];
        let ran = |state: &k8s::ContainerState| {
            let ended = state.terminated.as_ref();
            state.running.is_some() || ended.is_some_and(|ended| ended.started_at.is_some())
        };
        of.restart_count > 0 || states.into_iter().flatten().any(ran)
    };
    let own = status.container_statuses.iter().flatten();
    (status.phase.as_deref() == Some("Failed") && !own.into_iter().any(began)).then_some(reason)
}

/// How often pods of that name were lost before this one.
#[must_use]
pub fn restarts(pod: &k8s::Pod) -> u32 {
    let notes = pod.metadata.annotations.as_ref();
    let count = notes.and_then(|notes| notes.get(RESTARTS)?.parse().ok());
    count.unwrap_or(0)
}

/// The same pod, to be made again.
#[must_use]
pub fn again(pod: &k8s::Pod) -> k8s::Pod {
    let mut annotations = pod.metadata.annotations.clone().unwrap_or_default();
    annotations.insert(RESTARTS.to_owned(), (restarts(pod) + 1).to_string());
    let mut spec = pod.spec.clone();
    if let Some(spec) = &mut spec {
        // Where it was is where it was lost.
        spec.node_name = None;
    }
    k8s::Pod {
        metadata: ObjectMeta {
            name: pod.metadata.name.clone(),
            namespace: pod.metadata.namespace.clone(),
            labels: pod.metadata.labels.clone(),
            annotations: Some(annotations),
            owner_references: pod.metadata.owner_references.clone(),
            finalizers: pod.metadata.finalizers.clone(),
            ..ObjectMeta::default()
        },
        spec,
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(status: Value) -> k8s::Pod {
        let pod = json!({"metadata": {"name": "p", "uid": "u", "resourceVersion": "7"}, "spec": {"nodeName": "n", "containers": []}, "status": status});
        serde_json::from_value(pod).unwrap()
    }

    #[test]
    fn only_what_never_began_is_lost() {
        let main = |state: Value| json!([{"name": "main", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state}]);
        let ended = json!({"terminated": {"exitCode": 1, "startedAt": "2026-01-01T00:00:00Z"}});
        let waits = json!({"waiting": {"reason": "PodInitializing"}});
        for (status, want) in [
            (
                json!({"phase": "Failed", "reason": "Evicted"}),
                Some("Evicted"),
            ),
            (
                json!({"phase": "Failed", "reason": "NodeShutdown", "containerStatuses": main(waits.clone())}),
                Some("NodeShutdown"),
            ),
            (
                json!({"phase": "Failed", "reason": "Evicted", "containerStatuses": main(ended)}),
                None,
            ),
            (
                json!({"phase": "Failed", "reason": "DeadlineExceeded"}),
                None,
            ),
            (json!({"phase": "Pending", "reason": "Evicted"}), None),
            (json!({"phase": "Failed"}), None),
        ] {
            assert_eq!(lost(&pod(status.clone())), want, "{status}");
        }
    }

    #[test]
    fn it_is_made_again_wherever_there_is_room() {
        let first = pod(json!({"phase": "Failed", "reason": "Evicted"}));
        let second = again(&first);
        assert_eq!((restarts(&first), restarts(&second)), (0, 1));
        assert_eq!(restarts(&again(&second)), 2);
        assert_eq!(second.metadata.uid, None);
        assert_eq!(second.metadata.resource_version, None);
        assert_eq!(second.spec.unwrap().node_name, None);
        assert_eq!(second.status, None);
    }
}
