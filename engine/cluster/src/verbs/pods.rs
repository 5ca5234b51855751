//! The pods of a workflow, as somebody sees them who asks why it waits or what it wrote.

use super::{Cluster, Fault, Kind};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{DeleteParams, ListParams};
use kube::{Api, ResourceExt};
use tiphys_pods::{NODE_ID, Sight, WORKFLOW, key, observe};

/// A pod.
#[derive(Clone, Debug, Default)]
pub struct PodView {
    pub name: String,
    /// ID of its node.
    pub node: String,
    /// Containers that have started, in the order in which they start, and whether each has ended.
    pub containers: Vec<(String, bool)>,
    /// Why it has not started, if anybody says.
    pub waits: Option<String>,
}

impl Cluster {
    pub(super) fn pod_api(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The pods of a workflow that are there.
    ///
    /// # Errors
    /// The server does not tell.
    pub async fn pods(&self, workflow: &str) -> Result<Vec<PodView>, Fault> {
        let own = ListParams::default().labels(&format!("{WORKFLOW}={workflow}"));
        let found = self.pod_api().list(&own).await;
        let found = found.map_err(|error| self.fault("list pods", Kind::Workflow, "", &error))?;
        Ok(found.items.iter().map(view).collect())
    }

    /// The last warning that anybody gave of a pod.
    pub async fn warning(&self, pod: &str) -> Option<String> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let of = format!("involvedObject.name={pod},involvedObject.kind=Pod,type=Warning");
        // Who may not see events gets the rest of the answer all the same.
        let mut found = events
            .list(&ListParams::default().fields(&of))
            .await
            .ok()?
            .items;
        let time = |event: &Event| {
            let last = event.last_timestamp.as_ref().map(|time| time.0);
            let series = event.series.as_ref();
            let series = series.and_then(|series| Some(series.last_observed_time.as_ref()?.0));
            let first = event.event_time.as_ref().map(|time| time.0);
            last.or(series).or(first)
        };
        // Several say the same in one second: the longest says why.
        let length = |event: &Event| event.message.as_ref().map(String::len);
        found.sort_by_key(|event| (time(event), length(event)));
        let last = found.pop()?;
        let reason = last.reason.unwrap_or_default();
        Some(format!("{reason}: {}", last.message.unwrap_or_default()))
    }

    /// Deletes pods; those that are gone, or that must not be deleted, stay as they are: the controller says what they stand in the way of.
    pub(super) async fn delete_pods(&self, names: &[String]) {
        let api = self.pod_api();
        for name in names {
            if let Err(error) = api.delete(name, &DeleteParams::default()).await {
                tracing::debug!(%error, name, "failed to delete a pod of the attempt before");
            }
        }
    }
}

fn view(pod: &Pod) -> PodView {
    let status = pod.status.clone().unwrap_or_default();
    let init = status.init_container_statuses.into_iter().flatten();
    let own = status.container_statuses.into_iter().flatten();
    let containers = init.chain(own).filter_map(|of| {
        let state = of.state?;
        let started = state.running.is_some() || state.terminated.is_some();
        started.then_some((of.name, state.terminated.is_some()))
    });
    let waits = key(pod).and_then(|key| match observe(&key, pod, Timestamp::now()) {
        Sight::Waits(reason) => Some(reason.unwrap_or_default()),
        _ => None,
    });
    PodView {
        name: pod.name_any(),
        node: pod.annotations().get(NODE_ID).cloned().unwrap_or_default(),
        containers: containers.collect(),
        waits,
    }
}
