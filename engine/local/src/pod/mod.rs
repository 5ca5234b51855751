//! One pod: inputs staged, init containers one after another, main with its sidecars, outputs saved.

mod ending;
mod env;
mod expand;
mod identity;
mod life;
mod mount;
mod outputs;
mod part;
mod probe;
mod progress;
mod set;
mod stage;
mod unapplied;
mod volume;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tiphys_core::{Observation, PodFinished, PodIntent, PodKey};
use tiphys_graph::plan::Plan;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::artifacts::Artifacts;
use crate::folder::RunFolder;
use crate::sandbox::Sandbox;
use crate::submitted::Submitted;
use ending::Ending;
pub use unapplied::unapplied;

/// What all pods of a run stand on.
pub(crate) struct Ground {
    pub folder: RunFolder,
    pub plan: Arc<Plan>,
    pub submitted: Arc<Submitted>,
    pub artifacts: Artifacts,
    pub sandbox: Sandbox,
    pub archive_logs: bool,
    /// The name of this machine.
    pub host: String,
    /// How many pods may run at once.
    pub room: Arc<Semaphore>,
    pub observations: mpsc::UnboundedSender<Observation>,
}

/// The pods that run.
#[derive(Clone)]
pub(crate) struct Pods {
    ground: Arc<Ground>,
    running: Arc<Mutex<HashMap<PodKey, Running>>>,
}

struct Running {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Pods {
    pub(crate) fn new(ground: Ground) -> Pods {
        Pods {
            ground: Arc::new(ground),
            running: Arc::default(),
        }
    }

    pub(crate) fn ground(&self) -> &Arc<Ground> {
        &self.ground
    }

    /// Starts a pod, unless it runs; tells of its end again if it has ended.
    pub(crate) fn create(&self, intent: PodIntent) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.contains_key(&intent.key) {
            return;
        }
        let (stop, stopped) = watch::channel(false);
        let (pods, key) = (self.clone(), intent.key.clone());
        let task = tokio::spawn(async move {
            let key = intent.key.clone();
            let finished = life::live(pods.ground.clone(), intent, stopped).await;
            // Who asks for it again from now on finds the records.
            pods.running
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&key);
            let _ = pods
                .ground
                .observations
                .send(Observation::PodFinished(Box::new(finished)));
        });
        running.insert(key, Running { stop, task });
    }

    /// Ends a pod. One that does not run has ended.
    pub(crate) fn stop(&self, key: PodKey) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match running.get(&key) {
            Some(pod) => {
                pod.stop.send_replace(true);
            }
            None => {
                let folder = self.ground.folder.pod(&key.node, key.attempt);
                let ending = Ending::kept(&folder).or_else(|| {
                    let exit = crate::sandbox::Exit::read(&stage::Files(&folder).record("main"))
                        .ok()
                        .flatten()?;
                    Some(Ending::of_main(&exit, None))
                });
                let finished = finished(
                    key,
                    ending.unwrap_or_else(Ending::unbegun),
                    outputs::Outputs::default(),
                    &self.ground.host,
                );
                let _ = self
                    .ground
                    .observations
                    .send(Observation::PodFinished(Box::new(finished)));
            }
        }
    }

    /// Ends what still runs, with the time that each has to end, and waits for it.
    pub(crate) async fn settle(&self) {
        let pods: Vec<_> = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain()
            .collect();
        for (_, pod) in &pods {
            pod.stop.send_replace(true);
        }
        for (_, pod) in pods {
            let _ = pod.task.await;
        }
    }

    /// Kills what still runs, without a record: it runs again when the run is resumed.
    pub(crate) fn abandon(&self) {
        for (_, pod) in self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain()
        {
            pod.task.abort();
        }
    }
}

fn finished(key: PodKey, ending: Ending, outputs: outputs::Outputs, host: &str) -> PodFinished {
    PodFinished {
        key,
        at: ending.at,
        outcome: ending.outcome,
        message: ending.message,
        exit_code: ending.exit_code,
        parameters: outputs.parameters,
        result: outputs.result,
        artifacts: outputs.artifacts,
        host: Some(host.to_owned()),
        used: Default::default(),
        hopeless: false,
    }
}
