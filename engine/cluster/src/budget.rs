//! `podDisruptionBudget`: how many of a workflow's pods may be evicted at once; made with it, and deleted at its end. Source: Argo.

use crate::client::{code, delete, patiently, told};
use crate::ground::Ground;
use crate::workflow::Id;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, ResourceExt};
use std::collections::BTreeMap;
use tiphys_pods::WORKFLOW;

fn api(ground: &Ground, id: &Id) -> Api<PodDisruptionBudget> {
    Api::namespaced(ground.client.clone(), &id.namespace)
}

/// Makes the budget of a workflow, called as it is, unless it is there.
///
/// # Errors
/// It cannot be made, or one of that name is somebody else's.
pub(crate) async fn make(
    ground: &Ground,
    id: &Id,
    wanted: &PodDisruptionBudgetSpec,
) -> Result<(), String> {
    let api = api(ground, id);
    let params = PostParams::default();
    let budget = budget(id, wanted);
    let made = patiently("make a PodDisruptionBudget", || {
        api.create(&params, &budget)
    });
    match made.await {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some(409) => {
            let there = patiently("get a PodDisruptionBudget", || api.get(&id.name)).await;
            let there = there.map_err(|error| told(&error))?;
            let owners = there.owner_references();
            let ours = owners.iter().any(|owner| *owner.uid == *id.uid);
            ours.then_some(()).ok_or_else(|| {
                let name = &id.name;
                format!("PodDisruptionBudget `{name}` is there and belongs to somebody else")
            })
        }
        Err(error) => Err(told(&error)),
    }
}

/// Deletes it.
pub(crate) async fn collect(ground: &Ground, id: &Id) {
    delete("delete a PodDisruptionBudget", &api(ground, id), &id.name).await;
}

fn budget(id: &Id, wanted: &PodDisruptionBudgetSpec) -> PodDisruptionBudget {
    let labels = BTreeMap::from([(WORKFLOW.to_owned(), id.name.clone())]);
    let mut spec = wanted.clone();
    spec.selector.get_or_insert_with(|| LabelSelector {
        match_labels: Some(labels.clone()),
        ..LabelSelector::default()
    });
    PodDisruptionBudget {
        metadata: ObjectMeta {
            name: Some(id.name.clone()),
            labels: Some(labels),
            owner_references: Some(vec![id.owner()]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_selects_the_workflows_own_pods_unless_it_says_otherwise() {
        let id = Id {
            namespace: "team".to_owned(),
            name: "w".to_owned(),
            uid: "u".into(),
        };
        let made = budget(&id, &PodDisruptionBudgetSpec::default());
        let selector = made.spec.unwrap().selector.unwrap();
        assert_eq!(selector.match_labels.unwrap()[WORKFLOW], "w");
        let own = PodDisruptionBudgetSpec {
            selector: Some(LabelSelector::default()),
            ..PodDisruptionBudgetSpec::default()
        };
        let made = budget(&id, &own);
        assert_eq!(made.spec.unwrap().selector, own.selector);
        assert_eq!(made.metadata.owner_references.unwrap()[0].uid, "u");
    }
}
