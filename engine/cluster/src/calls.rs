//! What is done by the controller itself and not by a pod: calls of plug-ins, resource templates. One that ends with the controller is made again under the same key.

use crate::agent::Agent;
use crate::artifacts::Artifacts;
use crate::client::{code, patiently, told};
use crate::ground::Ground;
use crate::resource;
use crate::workflow::{Id, Letter};
use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use tiphys_core::{Observation, Outcome, PluginCall, PodFinished, PodIntent, PodKey};
use tiphys_graph::plan::Plan;
use tiphys_host::{
    Entry, Hop, HttpError, HttpRequest, HttpResponse, Level, Reader, Refusal, World, Writer,
    perform,
};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

pub(crate) struct Calls {
    ground: Arc<Ground>,
    letters: UnboundedSender<Letter>,
    running: HashMap<PodKey, AbortHandle>,
    agent: Arc<Agent>,
}

impl Calls {
    pub(crate) fn new(ground: Arc<Ground>, id: Id, letters: UnboundedSender<Letter>) -> Calls {
        Calls {
            agent: Arc::new(Agent::new(ground.clone(), id)),
            ground,
            letters,
            running: HashMap::new(),
        }
    }

    /// Begins a call.
    pub(crate) fn begin(&mut self, call: PluginCall, plan: Arc<Plan>) {
        let key = call.key.clone();
        let ground = self.ground.clone();
        let settings = &ground.settings;
        let provided = settings.plugins.as_ref();
        let provided = provided.is_some_and(|registry| registry.find(&call.kind).is_some());
        if !provided && settings.executor_plugins.any() {
            let agent = self.agent.clone();
            return self.spawn(key, async move { agent.perform(call, &plan).await });
        }
        self.spawn(key, async move {
            let namespace = plan.workflow.metadata.namespace.clone().unwrap_or_default();
            let node = call.node_name.clone();
            let granted = ground.granted.of(&namespace);
            let artifacts = Artifacts::new(ground.clone(), namespace.clone(), &call);
            let world = Arc::new(ClusterWorld {
                ground: ground.clone(),
                namespace,
                node,
                artifacts,
            });
            let plugins = ground.settings.plugins.as_deref();
            perform(plugins, &granted, call, &plan.workflow.metadata, world).await
        });
    }

    /// Does what a resource template says.
    pub(crate) fn resource(&mut self, intent: PodIntent, plan: Arc<Plan>) {
        let key = intent.key.clone();
        let (ground, letters) = (self.ground.clone(), self.letters.clone());
        self.spawn(key, async move {
            let started = Observation::PodStarted {
                key: intent.key.clone(),
                at: Timestamp::now(),
                ready: true,
                ip: None,
                host: None,
            };
            let _ = letters.send(Letter::Seen(started));
            let workflow = &plan.workflow;
            let namespace = workflow.metadata.namespace.as_deref().unwrap_or_default();
            let account = intent.template.service_account_name.as_deref();
            let account = account.or(workflow.spec.service_account_name.as_deref());
            let finished = match ground.client_as(namespace, account.unwrap_or("default")) {
                Ok(client) => resource::run(client, &intent, workflow).await,
                Err(error) => ended(&intent.key, Outcome::Error, Some(told(&error))),
            };
            Observation::PodFinished(Box::new(finished))
        });
    }

    /// Goes on with something that ends with what the workflow hears of it. One of the same key that runs is ended.
    fn spawn(&mut self, key: PodKey, work: impl Future<Output = Observation> + Send + 'static) {
        let task = watched(key.clone(), self.letters.clone(), work);
        if let Some(before) = self.running.insert(key, task) {
            before.abort();
        }
    }

    /// Ends a call, if there is one of that key that runs; false if not.
    pub(crate) fn stop(&mut self, key: &PodKey) -> bool {
        let Some(task) = self.running.remove(key).filter(|task| !task.is_finished()) else {
            return false;
        };
        task.abort();
        let finished = ended(key, Outcome::Failed, None);
        let finished = Observation::PodFinished(Box::new(finished));
        let _ = self.letters.send(Letter::Seen(finished));
        true
    }

    pub(crate) fn abandon(&mut self) {
        self.running.drain().for_each(|(_, task)| task.abort());
    }
}

/// Goes on with something whose outcome a workflow waits for. A fault of the engine's own is an outcome, too: nobody waits for ever.
pub(crate) fn watched(
    key: PodKey,
    letters: UnboundedSender<Letter>,
    work: impl Future<Output = Observation> + Send + 'static,
) -> AbortHandle {
    let task = tokio::spawn(work);
    let handle = task.abort_handle();
    tokio::spawn(async move {
        let said = match task.await {
            Ok(said) => said,
            Err(error) if error.is_cancelled() => return,
            Err(_) => {
                let reason = "internal error: the controller's log says more".to_owned();
                let ended = ended(&key, Outcome::Error, Some(reason));
                Observation::PodFinished(Box::new(ended))
            }
        };
        let _ = letters.send(Letter::Seen(said));
    });
    handle
}

/// An end that brings nothing.
pub(crate) fn ended(key: &PodKey, outcome: Outcome, message: Option<String>) -> PodFinished {
    PodFinished {
        key: key.clone(),
        at: Timestamp::now(),
        outcome,
        message,
        exit_code: None,
        parameters: Vec::new(),
        result: None,
        artifacts: Vec::new(),
        host: None,
        used: Default::default(),
        hopeless: false,
    }
}

/// The world of a plug-in in a cluster: the workflow's own namespace, and the network.
struct ClusterWorld {
    ground: Arc<Ground>,
    namespace: String,
    node: String,
    artifacts: Artifacts,
}

fn refused(error: &kube::Error) -> Refusal {
    match code(error) {
        Some(404) => Refusal::NotFound(told(error)),
        _ => Refusal::Failed(told(error)),
    }
}

#[async_trait]
impl World for ClusterWorld {
    fn now(&self) -> u64 {
        u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
    }

    fn log(&self, level: Level, line: &str) {
        let (node, level) = (&self.node, level.name());
        // A plug-in may say anything: it is for who looks for it.
        tracing::debug!(node, level, "{line}");
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        private: bool,
    ) -> Result<HttpResponse, HttpError> {
        self.ground.wire.send(Hop { request, private }).await
    }

    async fn secret(&self, name: &str, key: &str) -> Result<Vec<u8>, Refusal> {
        let api: Api<Secret> = Api::namespaced(self.ground.client.clone(), &self.namespace);
        let secret = patiently("read a Secret", || api.get(name)).await;
        let data = secret.map_err(|error| refused(&error))?.data;
        let value = data.unwrap_or_default().remove(key);
        value
            .map(|bytes| bytes.0)
            .ok_or_else(|| Refusal::NotFound(format!("key `{key}` of the Secret `{name}`")))
    }

    async fn config_map(&self, name: &str, key: &str) -> Result<String, Refusal> {
        let api: Api<ConfigMap> = Api::namespaced(self.ground.client.clone(), &self.namespace);
        let map = patiently("read a ConfigMap", || api.get(name)).await;
        let data = map.map_err(|error| refused(&error))?.data;
        let value = data.unwrap_or_default().remove(key);
        value.ok_or_else(|| Refusal::NotFound(format!("key `{key}` of the ConfigMap `{name}`")))
    }

    async fn entries(
        &self,
        location: &Value,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, Refusal> {
        self.artifacts.list(location, after, limit).await
    }

    async fn open(&self, location: &Value) -> Result<Box<dyn Reader>, Refusal> {
        self.artifacts.open(location).await
    }

    async fn create(&self, name: &str) -> Result<Box<dyn Writer>, Refusal> {
        self.artifacts.create(name)
    }
}
