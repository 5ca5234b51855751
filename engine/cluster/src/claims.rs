//! `volumeClaimTemplates`: claims that are made with a workflow, mounted by its pods, and deleted at its end.

use crate::client::{code, delete, merge, patiently, told};
use crate::ground::Ground;
use crate::workflow::Id;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use std::collections::BTreeMap;
use tiphys_pods::{WORKFLOW, claim_name};
use tiphys_spec as spec;

/// Kubernetes' finalizer of claims that a pod mounts; pods that have ended count as well.
const PROTECTION: &str = "kubernetes.io/pvc-protection";

fn api(ground: &Ground, id: &Id) -> Api<PersistentVolumeClaim> {
    Api::namespaced(ground.client.clone(), &id.namespace)
}

/// Makes the claims that are not there yet.
///
/// # Errors
/// One cannot be made, or is there and belongs to somebody else.
pub(crate) async fn make(
    ground: &Ground,
    id: &Id,
    spec: &spec::WorkflowSpec,
) -> Result<(), String> {
    let api = api(ground, id);
    for template in &spec.volume_claim_templates {
        let claim = claim(id, template);
        let params = PostParams::default();
        let made = patiently("make a claim", || api.create(&params, &claim)).await;
        match made {
            Ok(_) => {}
            Err(error) if code(&error) == Some(409) => owned(&api, id, &claim.name_any()).await?,
            Err(error) => return Err(told(&error)),
        }
    }
    Ok(())
}

async fn owned(api: &Api<PersistentVolumeClaim>, id: &Id, name: &str) -> Result<(), String> {
    let there = patiently("get a claim", || api.get(name)).await;
    let there = there.map_err(|error| told(&error))?;
    let ours = there
        .owner_references()
        .iter()
        .any(|owner| *owner.uid == *id.uid);
    ours.then_some(()).ok_or_else(|| {
        format!("PersistentVolumeClaim `{name}` is there and belongs to somebody else")
    })
}

fn claim(id: &Id, template: &PersistentVolumeClaim) -> PersistentVolumeClaim {
    let own = template.metadata.name.as_deref().unwrap_or_default();
    let mut labels: BTreeMap<String, String> = template.metadata.labels.clone().unwrap_or_default();
    labels.insert(WORKFLOW.to_owned(), id.name.clone());
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(claim_name(&id.name, own)),
            labels: Some(labels),
            annotations: template.metadata.annotations.clone(),
            owner_references: Some(vec![id.owner()]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// Deletes the claims of a workflow that has ended, where it says so. Source: Argo; by default if it succeeded.
pub(crate) async fn collect(
    ground: &Ground,
    id: &Id,
    spec: &spec::WorkflowSpec,
    phase: spec::WorkflowPhase,
) {
    let gc = spec.volume_claim_gc.as_ref();
    let always = gc.and_then(|gc| gc.strategy.as_deref()) == Some("OnWorkflowCompletion");
    if !always && phase != spec::WorkflowPhase::Succeeded {
        return;
    }
    let api = api(ground, id);
    for template in &spec.volume_claim_templates {
        let own = template.metadata.name.as_deref().unwrap_or_default();
        let name = claim_name(&id.name, own);
        delete("delete a claim", &api, &name).await;
        // Its pods have ended and stay: for Kubernetes they still use it.
        let Ok(Some(claim)) = patiently("get a claim", || api.get_opt(&name)).await else {
            continue;
        };
        let others: Vec<_> = claim
            .finalizers()
            .iter()
            .filter(|finalizer| *finalizer != PROTECTION)
            .collect();
        let patch = json!({"metadata": {"finalizers": others}});
        let _ = merge("let go of a claim", &api, &name, patch).await;
    }
}
