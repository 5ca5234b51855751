//! Calls of plug-ins. One that is killed with this process is made again under the same key.

mod world;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tiphys_core::{Observation, PluginCall, PodKey, pod_name};
use tiphys_host::{Registry, Wire, perform};

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
        let world = Arc::new(LocalWorld::new(&self.ground, self.wire.clone(), &call));
        let workflow = &self.ground.plan.workflow.metadata;
        perform(self.plugins.as_deref(), &[], call, workflow, world).await
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
