//! `ttlStrategy`: workflows that have ended are deleted some time after. When is written into the object with its end, so that nobody has to
//! read whole objects to know it.

use crate::client::{code, patiently, told};
use crate::ground::Ground;
use crate::kinds::{Meta, scope, workflows};
use crate::names::EXPIRES;
use crate::workflow::Id;
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use kube::api::{DeleteParams, DynamicObject, Preconditions, PropagationPolicy};
use std::time::Duration;
use tiphys_spec::{TtlStrategy, WorkflowPhase};

/// When a workflow that has ended may go; none: never. Source: Argo; what failed by an error waits for `secondsAfterCompletion` only.
pub(crate) fn due(
    strategy: Option<&TtlStrategy>,
    phase: WorkflowPhase,
    finished: Timestamp,
) -> Option<Timestamp> {
    let strategy = strategy?;
    let own = match phase {
        WorkflowPhase::Succeeded => strategy.seconds_after_success,
        WorkflowPhase::Failed => strategy.seconds_after_failure,
        _ => None,
    };
    let seconds = own.or(strategy.seconds_after_completion)?;
    finished
        .saturating_add(SignedDuration::from_secs(seconds))
        .ok()
}

/// When that is, of a workflow's metadata.
pub(crate) fn read(meta: &Meta) -> Option<Timestamp> {
    meta.annotations().get(EXPIRES)?.parse().ok()
}

/// Deletes a workflow when its time has come, unless somebody has written to it until then.
pub(crate) async fn expire(ground: &Ground, id: &Id, version: &str, at: Timestamp) {
    let wait = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default();
    tokio::time::sleep(wait).await;
    delete(ground, id, version, "its time was over").await;
}

/// Deletes a workflow that has ended, unless somebody has written to it.
pub(crate) async fn delete(ground: &Ground, id: &Id, version: &str, why: &str) {
    let api = scope::<DynamicObject>(&ground.client, Some(&id.namespace), &workflows());
    let params = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        preconditions: Some(Preconditions {
            uid: Some(id.uid.to_string()),
            resource_version: Some(version.to_owned()),
        }),
        ..DeleteParams::default()
    };
    let done = patiently("delete a workflow", || api.delete(&id.name, &params)).await;
    match done {
        // Written to meanwhile: that was heard of, and its end is set anew.
        Err(error) if matches!(code(&error), Some(404 | 409)) => {}
        Err(error) => {
            tracing::warn!(
                workflow = id.name,
                "failed to delete a workflow: {}",
                told(&error)
            );
        }
        Ok(_) => {
            tracing::info!(
                workflow = id.name,
                namespace = id.namespace,
                "deleted, {why}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_depends_on_how_it_ended() {
        let end = Timestamp::UNIX_EPOCH;
        let strategy = TtlStrategy {
            seconds_after_completion: Some(1),
            seconds_after_success: Some(2),
            seconds_after_failure: None,
        };
        let at = |phase| due(Some(&strategy), phase, end).map(|at| at.as_second());
        assert_eq!(at(WorkflowPhase::Succeeded), Some(2));
        assert_eq!(at(WorkflowPhase::Failed), Some(1));
        assert_eq!(at(WorkflowPhase::Error), Some(1));
        assert_eq!(due(None, WorkflowPhase::Error, end), None);
    }
}
