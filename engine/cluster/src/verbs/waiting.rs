//! What a workflow waits for: its run as the object and its plan tell it, and whether anybody runs it.

use super::{Cluster, Fault, Kind, Listing};
use crate::kinds::{cluster_templates, scope, templates};
use crate::prepare::text;
use crate::stored::stored;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DynamicObject, ListParams};
use serde_json::Value;
use std::sync::Arc;
use tiphys_core::{Reason, Run, decide};
use tiphys_graph::{Kinds, Library, Origin, Purpose};
use tiphys_pods::INSTANCE_ID;
use tiphys_spec::ObjectValue;

/// Whether a controller is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attendance {
    Runs,
    /// None: why that is known.
    Absent(String),
    /// Who asks may not see.
    Unknown,
}

impl Cluster {
    /// The shared templates and parameters that a workflow of this namespace may refer to, as far as they may be seen.
    pub async fn library(&self, kinds: Arc<dyn Kinds>) -> Library {
        let mut library = Library::new();
        library.kinds = kinds;
        let every = ListParams::default();
        let own = scope::<DynamicObject>(&self.client, Some(&self.namespace), &templates());
        let common = scope::<DynamicObject>(&self.client, None, &cluster_templates());
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.namespace);
        let labelled = every
            .clone()
            .labels("workflows.argoproj.io/configmap-type=Parameter");
        let (own, common, maps) =
            futures::join!(own.list(&every), common.list(&every), maps.list(&labelled));
        // What may not be seen is missed where it is referred to.
        let shared = own.into_iter().chain(common).flat_map(|list| list.items);
        for object in shared {
            let name = object.metadata.name.clone().unwrap_or_default();
            let read = tiphys_spec::read(&name, text(&object).as_bytes());
            for found in &read.objects {
                library.add(found, &read.source);
            }
        }
        for map in maps.into_iter().flat_map(|list| list.items) {
            let name = map.metadata.name.unwrap_or_default();
            library
                .config_maps
                .insert(name, map.data.unwrap_or_default());
        }
        library
    }

    /// What waits in a workflow, and why. None where the run cannot be told from the object: what the records themselves say is all
    /// there is then.
    pub async fn waiting(
        &self,
        object: &Value,
        node: &str,
        kinds: Arc<dyn Kinds>,
    ) -> Option<Vec<(String, Reason)>> {
        let typed: DynamicObject = serde_json::from_value(object.clone()).ok()?;
        let name = typed.metadata.name.clone().unwrap_or_default();
        let read = tiphys_spec::read(&name, text(&typed).as_bytes());
        let found = read.objects.iter().find_map(|found| match &found.value {
            ObjectValue::Workflow(workflow) => Some((workflow, found)),
            _ => None,
        });
        let (workflow, found) = found?;
        let origin = Origin::new(&read.source, &found.node);
        let mut library = Library::new();
        library.kinds = kinds.clone();
        let mut planned = tiphys_graph::plan(workflow, &origin, &library, Purpose::Run);
        if planned.plan.is_none() {
            let library = self.library(kinds).await;
            planned = tiphys_graph::plan(workflow, &origin, &library, Purpose::Run);
        }
        let plan = planned.plan?;
        let (status, extra) = stored(object).ok()?;
        if status.nodes.is_empty() {
            return Some(Vec::new());
        }
        let mut run = Run::restore(&plan, &status, &extra, 0);
        // What it would do now is not done: only where everything stands is of interest.
        decide(&plan, &mut run, Timestamp::now());
        if node.is_empty() {
            return Some(run.waiting(&plan));
        }
        let standing = run.why(&plan, node).into_iter();
        let waits = standing.filter_map(|(name, standing)| match standing {
            tiphys_core::Standing::Waits(reason) => Some((name, reason)),
            tiphys_core::Standing::Ended { .. } => None,
        });
        Some(waits.collect())
    }

    /// Whether a controller is there that would run a workflow: by its Lease.
    pub async fn attendance(&self, object: &Value) -> Attendance {
        let instance = object["metadata"]["labels"][INSTANCE_ID].as_str();
        let instance = instance.map_or_else(String::new, |id| format!("-{id}"));
        let name = format!("workflow-controller{instance}");
        let only = ListParams::default().fields(&format!("metadata.name={name}"));
        let all: Api<Lease> = Api::all(self.client.clone());
        let mut found = all.list(&only).await;
        // Who may not look everywhere may look where controllers are by custom, or here.
        let mut sure = found.is_ok();
        if found.is_err() {
            let mut leases = Vec::new();
            for namespace in ["argo", self.namespace.as_str()] {
                let api: Api<Lease> = Api::namespaced(self.client.clone(), namespace);
                match api.get_opt(&name).await {
                    Ok(lease) => leases.extend(lease),
                    Err(_) => sure = false,
                }
            }
            if leases.is_empty() {
                return Attendance::Unknown;
            }
            found = Ok(kube::core::ObjectList {
                types: kube::core::TypeMeta::default(),
                metadata: kube::core::ListMeta::default(),
                items: leases,
            });
        }
        let leases = found.map(|list| list.items).unwrap_or_default();
        of_leases(&name, &leases, sure, Timestamp::now())
    }

    /// All workflows, newest first.
    ///
    /// # Errors
    /// The server does not give them.
    pub async fn workflows(&self, listing: &Listing) -> Result<Vec<Value>, Fault> {
        let mut all = self.list(Kind::Workflow, listing).await?;
        let created = |object: &Value| {
            let text = object["metadata"]["creationTimestamp"].as_str();
            let name = object["metadata"]["name"].as_str();
            (
                text.unwrap_or_default().to_owned(),
                name.unwrap_or_default().to_owned(),
            )
        };
        all.sort_by_key(|object| std::cmp::Reverse(created(object)));
        Ok(all)
    }
}

fn of_leases(name: &str, leases: &[Lease], sure: bool, now: Timestamp) -> Attendance {
    let mut last = None;
    for lease in leases {
        let Some(spec) = &lease.spec else { continue };
        let held = spec.holder_identity.as_deref();
        let held = held.is_some_and(|holder| !holder.is_empty());
        let renewed = spec.renew_time.as_ref().map(|time| time.0);
        let age = renewed.map(|at| now.duration_since(at).as_secs());
        let lasts = spec.lease_duration_seconds.unwrap_or(15);
        // Twice: this clock is not the controller's.
        if held && age.is_some_and(|age| age < i64::from(lasts) * 2) {
            return Attendance::Runs;
        }
        let namespace = lease.metadata.namespace.clone().unwrap_or_default();
        last = Some(match age {
            Some(age) if held => format!(
                "the Lease {namespace}/{name} was last renewed {age} s ago, and is good for {lasts} s"
            ),
            _ => format!("nobody holds the Lease {namespace}/{name}"),
        });
    }
    match last {
        Some(why) if sure => Attendance::Absent(why),
        None if sure => Attendance::Absent(format!("there is no Lease {name}")),
        _ => Attendance::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lease(holder: &str, renewed: &str) -> Lease {
        let spec =
            json!({"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": renewed});
        let lease = json!({"metadata": {"namespace": "argo"}, "spec": spec});
        serde_json::from_value(lease).unwrap()
    }

    #[test]
    fn a_lease_that_is_renewed_has_a_controller() {
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().unwrap();
        let of = |leases: &[Lease], sure| of_leases("workflow-controller", leases, sure, now);
        let fresh = lease("a", "2026-01-01T00:00:50.000000Z");
        let old = lease("a", "2026-01-01T00:00:20.000000Z");
        let free = lease("", "2026-01-01T00:00:59.000000Z");
        assert_eq!(of(&[old.clone(), fresh], true), Attendance::Runs);
        let absent = |why: &str| Attendance::Absent(why.to_owned());
        assert_eq!(
            of(std::slice::from_ref(&old), true),
            absent(
                "the Lease argo/workflow-controller was last renewed 40 s ago, and is good for 15 s"
            )
        );
        assert_eq!(
            of(&[free], true),
            absent("nobody holds the Lease argo/workflow-controller")
        );
        assert_eq!(
            of(&[], true),
            absent("there is no Lease workflow-controller")
        );
        assert_eq!(of(&[old], false), Attendance::Unknown);
    }
}
