//! Calls of plug-ins. One that is killed with this process is made again under the same key.

mod world;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tiphys_core::{Observation, Outcome, PluginCall, PodFinished, PodKey, pod_name};
use tiphys_host::{Call, Ending, Registry, Wire};
use tiphys_spec as spec;

use crate::pod::Ground;
use world::LocalWorld;

/// The calls that run.
#[derive(Clone)]
pub(crate) struct Calls {
    ground: Arc<Ground>,
    plugins: Option<Arc<Registry>>,
    wire: Arc<Wire>,
    running: Arc<Mutex<HashMap<PodKey, tokio::task::AbortHandle>>>,
}

impl Calls {
    pub(crate) fn new(ground: Arc<Ground>, plugins: Option<Arc<Registry>>) -> Calls {
        Calls {
            ground,
            plugins,
            wire: Arc::default(),
            running: Arc::default(),
        }
    }

    /// Begins a call, unless it runs.
    pub(crate) fn begin(&self, call: PluginCall) {
        let mut running = self.running();
        if running.contains_key(&call.key) {
            return;
        }
        let (calls, key) = (self.clone(), call.key.clone());
        let task = tokio::spawn(async move {
            let key = call.key.clone();
            let observation = calls.make(call).await;
            calls.running().remove(&key);
            let _ = calls.ground.observations.send(observation);
        });
        running.insert(key, task.abort_handle());
    }

    /// Ends a call that runs; its end is told by who ends its pod.
    pub(crate) fn stop(&self, key: &PodKey) {
        if let Some(task) = self.running().remove(key) {
            task.abort();
        }
    }

    pub(crate) fn abandon(&self) {
        self.running().drain().for_each(|(_, task)| task.abort());
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<PodKey, tokio::task::AbortHandle>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn make(&self, call: PluginCall) -> Observation {
        let (key, round) = (call.key.clone(), call.round);
        match self.call(call).await {
            Ok((ending, name)) => observed(key, round, ending, &name),
            Err(message) => ended(key, Outcome::Error, Some(message), &Value::Null),
        }
    }

    async fn call(&self, call: PluginCall) -> Result<(Ending, String), String> {
        let kind = call.kind.clone();
        let unknown =
            || format!("templates of the kind `{kind}` need a plug-in, and none is installed");
        let registry = self.plugins.clone().ok_or_else(unknown)?;
        let slot = registry.find(&kind).ok_or_else(unknown)?;
        // Loading may mean compiling, which would keep others waiting.
        let (host, held) = (registry.host().clone(), slot.clone());
        let loaded = tokio::task::spawn_blocking(move || held.plugin(&host)).await;
        let plugin = loaded.map_err(|error| error.to_string())??;
        let name = plugin.manifest.name.clone();
        let grants = registry
            .grants(&slot, &plugin)
            .map_err(|fault| format!("the grants of plug-in `{name}` are not valid: {fault}"))?;
        let world = Arc::new(LocalWorld::new(&self.ground, self.wire.clone(), &call));
        let (ending, usage) = registry
            .host()
            .call(&plugin, self.request(call), &grants, world.clone())
            .await;
        tracing::debug!(plugin = name, time = ?usage.time, memory = usage.memory, requests = usage.requests, "plug-in called");
        Ok((ending, name))
    }

    fn request(&self, call: PluginCall) -> Call {
        let workflow = &self.ground.plan.workflow.metadata;
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
}

/// The pod's name of a call: artifacts stand under it, as those of a pod do.
fn place(ground: &Ground, call: &PluginCall) -> String {
    let workflow = ground
        .plan
        .workflow
        .metadata
        .name
        .as_deref()
        .unwrap_or_default();
    pod_name(workflow, &call.node_name, &call.template_name)
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
        hopeless: false,
    }))
}
