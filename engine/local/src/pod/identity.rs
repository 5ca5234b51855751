//! What a pod can be told about itself: the fields of the downward API, and the variables that Argo gives its containers.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as k8s;
use tiphys_core::{PodIntent, fnv32a};
use tiphys_pods::quantity;
use tiphys_spec as spec;

use super::part::Part;

/// Where a container finds the folder of its pod that Argo's executor uses.
pub(super) const RUN_ARGO: &str = "/var/run/argo";

/// A pod, as its containers see it.
pub(super) struct Identity {
    pub name: String,
    pub namespace: String,
    pub workflow: String,
    pub uid: String,
    pub node_id: String,
    pub host: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    service_account: String,
    deadline: String,
    capture_result: bool,
}

impl Identity {
    pub(super) fn new(intent: &PodIntent, workflow: &spec::Workflow, host: &str) -> Identity {
        let name = workflow.metadata.name.clone().unwrap_or_default();
        let (mut labels, mut annotations) = (BTreeMap::new(), BTreeMap::new());
        labels.insert("workflows.argoproj.io/workflow".to_owned(), name.clone());
        labels.insert(
            "workflows.argoproj.io/completed".to_owned(),
            "false".to_owned(),
        );
        annotations.insert(
            "workflows.argoproj.io/node-name".to_owned(),
            intent.node_name.clone(),
        );
        annotations.insert(
            "workflows.argoproj.io/node-id".to_owned(),
            intent.key.node.clone(),
        );
        for metadata in workflow
            .spec
            .pod_metadata
            .iter()
            .chain(&intent.template.metadata)
        {
            labels.extend(metadata.labels.clone());
            annotations.extend(metadata.annotations.clone());
        }
        let account = intent
            .template
            .service_account_name
            .clone()
            .or_else(|| workflow.spec.service_account_name.clone());
        Identity {
            name: intent.name.clone(),
            namespace: workflow
                .metadata
                .namespace
                .clone()
                .unwrap_or_else(|| "default".to_owned()),
            workflow: name,
            uid: uid(&intent.key.to_string()),
            node_id: intent.key.node.clone(),
            host: host.to_owned(),
            labels,
            annotations,
            service_account: account.unwrap_or_else(|| "default".to_owned()),
            deadline: intent.deadline.map_or_else(
                || "0001-01-01T00:00:00Z".to_owned(),
                |at| format!("{at:.0}"),
            ),
            capture_result: intent.capture_result,
        }
    }

    /// The value of `fieldRef`; none for a field that there is not.
    pub(super) fn field(&self, path: &str) -> Option<String> {
        let lines = |map: &BTreeMap<String, String>| {
            map.iter()
                .map(|(key, value)| format!("{key}={value:?}"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        Some(match path {
            "metadata.name" => self.name.clone(),
            "metadata.namespace" => self.namespace.clone(),
            "metadata.uid" => self.uid.clone(),
            "metadata.labels" => lines(&self.labels),
            "metadata.annotations" => lines(&self.annotations),
            "spec.nodeName" => self.host.clone(),
            "spec.serviceAccountName" => self.service_account.clone(),
            "status.hostIP" | "status.podIP" | "status.hostIPs" | "status.podIPs" => {
                "127.0.0.1".to_owned()
            }
            _ => {
                let subscript = |of: &str| {
                    path.strip_prefix(of)?
                        .strip_prefix("['")?
                        .strip_suffix("']")
                };
                if let Some(key) = subscript("metadata.labels") {
                    self.labels.get(key).cloned().unwrap_or_default()
                } else {
                    self.annotations
                        .get(subscript("metadata.annotations")?)
                        .cloned()
                        .unwrap_or_default()
                }
            }
        })
    }

    /// The variables that every container of a pod has in Argo.
    pub(super) fn variables(&self, container: &str) -> Vec<(String, String)> {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![
            text("ARGO_CONTAINER_NAME", container),
            text("ARGO_NODE_ID", &self.node_id),
            text(
                "ARGO_INCLUDE_SCRIPT_OUTPUT",
                if self.capture_result { "true" } else { "false" },
            ),
            text("ARGO_DEADLINE", &self.deadline),
            text("ARGO_WORKFLOW_NAME", &self.workflow),
            text("ARGO_PROGRESS_FILE", &format!("{RUN_ARGO}/progress")),
            text("ARGO_PROGRESS_PATCH_TICK_DURATION", "1m0s"),
            text("ARGO_PROGRESS_FILE_TICK_DURATION", "3s"),
        ]
    }
}

/// The value of `resourceFieldRef`: of the container, or what the machine has where it has no limit.
pub(super) fn resource(selector: &k8s::ResourceFieldSelector, part: &Part) -> Option<String> {
    let (kind, name) = selector.resource.split_once('.')?;
    let given = |map: &Option<BTreeMap<String, _>>| -> Option<i128> {
        let quantity: &k8s_openapi::apimachinery::pkg::api::resource::Quantity =
            map.as_ref()?.get(name)?;
        quantity::milli(&quantity.0)
    };
    let limit = given(&part.resources.limits);
    let amount = match kind {
        "limits" => limit.or_else(|| machine(name)),
        "requests" => given(&part.resources.requests).or(limit).or(Some(0)),
        _ => None,
    }?;
    let divisor = selector
        .divisor
        .as_ref()
        .and_then(|divisor| quantity::milli(&divisor.0))
        .filter(|divisor| *divisor > 0);
    let divisor = divisor.unwrap_or(1000);
    Some(((amount + divisor - 1) / divisor).to_string())
}

/// What this machine has of a resource, in thousandths.
fn machine(name: &str) -> Option<i128> {
    match name {
        "cpu" => std::thread::available_parallelism()
            .ok()
            .map(|count| count.get() as i128 * 1000),
        "memory" => {
            let text = std::fs::read_to_string("/proc/meminfo").ok()?;
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("MemTotal:"))?;
            Some(
                line.trim()
                    .strip_suffix("kB")?
                    .trim()
                    .parse::<i128>()
                    .ok()?
                    * 1_024_000,
            )
        }
        _ => Some(0),
    }
}

/// A UUID that is always the same for the same pod.
fn uid(key: &str) -> String {
    let hash = |salt: &str| fnv32a(&format!("{key}{salt}"));
    let (a, b, c, d) = (hash("a"), hash("b"), hash("c"), hash("d"));
    format!(
        "{a:08x}-{:04x}-4{:03x}-8{:03x}-{:04x}{d:08x}",
        b >> 16,
        b & 0xfff,
        c >> 20,
        c & 0xffff
    )
}
