//! Workflows that cannot run: they say why, with the place, and the controller goes on.

use crate::client::{code, merge};
use crate::ground::Ground;
use crate::kinds::{scope, workflows};
use crate::names::{COMPLETED, PHASE};
use crate::workflow::Id;
use jiff::Timestamp;
use kube::api::DynamicObject;
use serde_json::json;
use tiphys_spec::Diagnostic;

/// Why a workflow cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is no workflow. Argo says `cannot unmarshall spec`.
    Unreadable(String),
    /// It cannot have what it needs from its start.
    Claim(String),
    /// Its artifacts have no place. A fragment that fits after "failed to ".
    Repository(String),
    /// What became of it cannot be kept. A fragment that fits after "failed to ".
    Lost(String),
    /// A fault of the engine's own.
    Internal,
    /// It is one that can never run. Argo says `invalid spec`, too.
    Invalid(String),
}

impl Fault {
    pub(crate) fn invalid(diagnostics: &[Diagnostic]) -> Fault {
        Fault::Invalid(words(diagnostics))
    }
}

/// # Errors
/// The object's text has faults.
pub(crate) fn unsound(diagnostics: &[Diagnostic]) -> Result<(), Fault> {
    if tiphys_spec::diagnostic::has_errors(diagnostics) {
        return Err(Fault::Unreadable(words(diagnostics)));
    }
    Ok(())
}

/// Each fault with its place in the object.
fn words(diagnostics: &[Diagnostic]) -> String {
    let word = |fault: &Diagnostic| {
        let place = fault.path.as_ref().map(ToString::to_string);
        let place = place.filter(|path| !path.is_empty());
        let place = place.map_or_else(String::new, |path| format!("{path}: "));
        let help = fault.help.as_ref();
        let help = help.map_or_else(String::new, |help| format!(" ({help})"));
        format!("{place}{}{help}", fault.message)
    };
    let faults = diagnostics.iter().filter(|fault| fault.is_error());
    faults.map(word).collect::<Vec<_>>().join("; ")
}

/// Marks the workflow.
pub(crate) async fn refuse(ground: &Ground, id: &Id, fault: &Fault) {
    let (phase, message) = match fault {
        Fault::Unreadable(reason) => ("Error", format!("cannot read the workflow: {reason}")),
        Fault::Claim(reason) => ("Error", format!("failed to make its volumes: {reason}")),
        Fault::Repository(reason) | Fault::Lost(reason) => ("Error", format!("failed to {reason}")),
        Fault::Internal => (
            "Error",
            "internal error: the controller's log says more".to_owned(),
        ),
        Fault::Invalid(reason) => ("Failed", format!("invalid spec: {reason}")),
    };
    tracing::info!(workflow = id.name, namespace = id.namespace, "{message}");
    let now = format!("{:.0}", Timestamp::now());
    let mut patch = json!({
        "metadata": {"uid": id.uid, "labels": {PHASE: phase, COMPLETED: "true"}},
        "status": {
            "phase": phase, "message": message, "finishedAt": now,
            "conditions": [{"type": "Completed", "status": "True"}],
        },
    });
    // It never began.
    if !matches!(fault, Fault::Lost(_)) {
        patch["status"]["startedAt"] = now.into();
        patch["status"]["progress"] = "0/0".into();
    }
    let api = scope::<DynamicObject>(&ground.client, Some(&id.namespace), &workflows());
    if let Err(error) = merge("refuse a workflow", &api, &id.name, patch).await
        && code(&error) != Some(404)
    {
        tracing::warn!(%error, workflow = id.name, "failed to say why a workflow cannot run");
    }
}
