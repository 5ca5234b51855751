//! What a pod had of each resource, and for how long. Source: Argo's `resourcesDuration`.

use crate::quantity;
use k8s_openapi::api::core::v1 as k8s;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::collections::BTreeMap;

/// What a container counts with that says nothing. Source: Argo.
const DEFAULTS: [(&str, &str); 2] = [("cpu", "100m"), ("memory", "100Mi")];

/// How much of a resource for a second is one, in thousandths. Source: Argo.
fn unit(resource: &str) -> i128 {
    let whole: i128 = match resource {
        "memory" => 100 << 20,
        "storage" | "ephemeral-storage" => 10 << 30,
        _ => 1,
    };
    whole * 1000
}

/// Seconds of each resource, of the containers that have ended: what they asked for, whatever they took.
pub(crate) fn used(pod: &k8s::Pod) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    let (Some(spec), Some(status)) = (&pod.spec, &pod.status) else {
        return BTreeMap::new();
    };
    let containers = spec
        .init_containers
        .iter()
        .flatten()
        .chain(&spec.containers);
    for container in containers {
        let milliseconds = ran(status, &container.name);
        for (resource, milli) in asked(container) {
            let sum = sums.entry(resource.to_owned()).or_default();
            *sum += milli.saturating_mul(milliseconds) / unit(resource);
        }
    }
    let whole = |milliseconds: i128| i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX);
    let sums = sums.into_iter();
    sums.map(|(name, sum)| (name, whole(sum))).collect()
}

/// How long a container ran, in milliseconds.
fn ran(status: &k8s::PodStatus, name: &str) -> i128 {
    let all = status.init_container_statuses.iter().flatten();
    let mut all = all.chain(status.container_statuses.iter().flatten());
    let ended = all
        .find(|of| of.name == name)
        .and_then(|of| of.state.as_ref()?.terminated.as_ref());
    let span = ended.and_then(|ended| {
        let (start, end) = (ended.started_at.as_ref()?, ended.finished_at.as_ref()?);
        Some(end.0.duration_since(start.0).as_millis().max(0))
    });
    span.unwrap_or_default()
}

/// What it asked for, in thousandths; of what it only limits, that.
fn asked(container: &k8s::Container) -> BTreeMap<&str, i128> {
    let given = container.resources.as_ref();
    let limits = given.and_then(|given| given.limits.as_ref());
    let requests = given.and_then(|given| given.requests.as_ref());
    let read = |(name, of): (&'static str, &'static str)| Some((name, quantity::milli(of)?));
    let mut all: BTreeMap<&str, i128> = DEFAULTS.into_iter().filter_map(read).collect();
    for (name, Quantity(text)) in limits.into_iter().chain(requests).flatten() {
        if let Some(milli) = quantity::milli(text) {
            all.insert(name, milli);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn each_container_counts_for_as_long_as_it_ran() {
        let ended = |name: &str, seconds: u32| -> Value {
            let times = json!({"exitCode": 0, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": format!("2026-01-01T00:00:{seconds:02}Z")});
            json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": {"terminated": times}})
        };
        let asks = |requests: Value, limits: Value| json!({"requests": requests, "limits": limits});
        let pod = json!({
            "spec": {
                "initContainers": [{"name": "init"}],
                "containers": [
                    {"name": "main", "resources": asks(json!({"cpu": "1500m"}), json!({"cpu": 2, "memory": "1Gi", "nvidia.com/gpu": 1}))},
                    {"name": "runs", "resources": asks(json!({"cpu": "9"}), json!({}))},
                ],
            },
            "status": {
                "initContainerStatuses": [ended("init", 10)],
                "containerStatuses": [ended("main", 20)],
            },
        });
        // cpu: 10 * 0.1 + 20 * 1.5; memory: 10 * 1 + 20 * 10.24, both in 100Mi.
        let want = [("cpu", 31), ("memory", 214), ("nvidia.com/gpu", 20)];
        let want = want.map(|(name, sum)| (name.to_owned(), sum));
        let pod = serde_json::from_value(pod).unwrap();
        assert_eq!(used(&pod), BTreeMap::from(want));
        assert_eq!(used(&k8s::Pod::default()), BTreeMap::new());
    }
}
