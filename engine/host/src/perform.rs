//! From the scheduler's call to what it hears of it: the same for every backend, which brings its own [`World`].

use crate::{Call, Ending, Grant, Registry, World};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tiphys_core::{Observation, Outcome, PluginCall, PodFinished, PodKey};
use tiphys_spec as spec;

/// Carries out a call for a node of `workflow`, with what the registry grants and `more`. What goes wrong is an observation, too.
pub async fn perform(
    registry: Option<&Registry>,
    more: &[Grant],
    call: PluginCall,
    workflow: &ObjectMeta,
    world: Arc<dyn World>,
) -> Observation {
    let (key, round) = (call.key.clone(), call.round);
    match make(registry, more, call, workflow, world).await {
        Ok((ending, name)) => observed(key, round, ending, &name),
        Err(message) => ended(key, Outcome::Error, Some(message), &Value::Null),
    }
}

async fn make(
    registry: Option<&Registry>,
    more: &[Grant],
    call: PluginCall,
    workflow: &ObjectMeta,
    world: Arc<dyn World>,
) -> Result<(Ending, String), String> {
    let kind = call.kind.clone();
    let unknown =
        || format!("templates of the kind `{kind}` need a plug-in, and none is installed");
    let registry = registry.ok_or_else(unknown)?;
    let slot = registry.find(&kind).ok_or_else(unknown)?;
    // Loading may mean compiling, which would keep others waiting.
    let (host, held) = (registry.host().clone(), slot.clone());
    let loaded = tokio::task::spawn_blocking(move || held.plugin(&host)).await;
    let plugin = loaded.map_err(|error| error.to_string())??;
    let name = plugin.manifest.name.clone();
    let grants = registry
        .grants(&slot, &plugin, more)
        .map_err(|fault| format!("the grants of plug-in `{name}` are not valid: {fault}"))?;
    let (ending, usage) = registry
        .host()
        .call(&plugin, request(call, workflow), &grants, world)
        .await;
    tracing::debug!(plugin = name, time = ?usage.time, memory = usage.memory, requests = usage.requests, "plug-in called");
    Ok((ending, name))
}

fn request(call: PluginCall, workflow: &ObjectMeta) -> Call {
    let inputs = call.inputs.unwrap_or_default();
    let value = |parameter: spec::Parameter| {
        let value = parameter.value.or(parameter.default)?;
        Some((parameter.name, value.0.to_string()))
    };
    let location = |artifact: &spec::Artifact| {
        Some((artifact.name.clone(), serde_json::to_value(artifact).ok()?))
    };
    Call {
        workflow_name: workflow.name.clone().unwrap_or_default(),
        workflow_namespace: workflow.namespace.clone().unwrap_or_default(),
        workflow_uid: call.key.workflow.to_string(),
        node_id: call.key.node,
        node_name: call.node_name,
        template_name: call.template_name,
        attempt: call.key.attempt,
        kind: call.kind,
        body: call.body,
        artifacts: inputs.artifacts.iter().filter_map(location).collect(),
        parameters: inputs.parameters.into_iter().filter_map(value).collect(),
        outputs: call.outputs,
        deadline: call
            .deadline
            .and_then(|at| u64::try_from(at.as_millisecond()).ok()),
        round: call.round,
        state: call.state,
    }
}

fn observed(key: PodKey, round: u32, ending: Ending, plugin: &str) -> Observation {
    match ending {
        Ending::Done(outputs) => {
            let message = outputs
                .get("message")
                .and_then(Value::as_str)
                .map(str::to_owned);
            ended(key, Outcome::Succeeded, message, &outputs)
        }
        Ending::Failed {
            message,
            retryable,
            outputs,
        } => match ended(key, Outcome::Failed, Some(message), &outputs) {
            Observation::PodFinished(done) => Observation::PodFinished(Box::new(PodFinished {
                hopeless: !retryable,
                ..*done
            })),
            other => other,
        },
        Ending::Pending {
            after,
            state,
            message,
        } => Observation::PluginPending {
            key,
            round,
            at: later(after),
            state,
            message,
        },
        Ending::Pod(mut pod) => match serde_json::from_value(pod["template"].take()) {
            Ok(template) => Observation::PluginPod {
                key,
                template: Box::new(template),
            },
            Err(error) => {
                let message = format!("plug-in `{plugin}` answered a pod that is none: {error}");
                ended(key, Outcome::Error, Some(message), &Value::Null)
            }
        },
        Ending::Graph(_) => {
            let message = format!(
                "plug-in `{plugin}` answered a graph, which this version of the engine does not run"
            );
            ended(key, Outcome::Error, Some(message), &Value::Null)
        }
        Ending::Broken { message } => {
            let message = format!("plug-in `{plugin}` {message}");
            ended(key, Outcome::Error, Some(message), &Value::Null)
        }
    }
}

fn later(after: Duration) -> Timestamp {
    let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
    Timestamp::now()
        .saturating_add(after)
        .unwrap_or(Timestamp::MAX)
}

fn ended(key: PodKey, outcome: Outcome, message: Option<String>, outputs: &Value) -> Observation {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let object = |name: &str| {
        outputs
            .get(name)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
    };
    let artifact = |(name, location): (&String, &Value)| {
        let found: spec::Artifact = serde_json::from_value(location.clone()).ok()?;
        Some(spec::Artifact {
            name: name.clone(),
            path: None,
            ..found
        })
    };
    Observation::PodFinished(Box::new(PodFinished {
        key,
        at: Timestamp::now(),
        outcome,
        message,
        exit_code: outputs
            .get("exitCode")
            .map(text)
            .and_then(|code| code.parse().ok()),
        parameters: object("parameters")
            .map(|(name, value)| (name.clone(), Some(text(value))))
            .collect(),
        result: outputs
            .get("result")
            .filter(|result| !result.is_null())
            .map(text),
        artifacts: object("artifacts").filter_map(artifact).collect(),
        host: None,
        used: Default::default(),
        hopeless: false,
    }))
}
