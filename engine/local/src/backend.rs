//! Performing effects: one exhaustive match. Nothing here waits; what comes of an effect comes as an observation.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tiphys_core::{Effect, LockRequest, Observation};
use tiphys_host::Registry;
use tokio::sync::mpsc;

use crate::plugin::Calls;
use crate::pod::{Ground, Pods};
use crate::store::{Store, StoreError};

/// How long after a failure the store is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// The world of one run on this machine.
pub(crate) struct Backend {
    pods: Pods,
    calls: Calls,
    /// Work for the store, in order: what is given back must not overtake what is asked for.
    store: mpsc::UnboundedSender<Effect>,
    clerk: tokio::task::JoinHandle<()>,
}

impl Backend {
    /// `path` is the store's file, which is made when it is first needed.
    pub(crate) fn new(ground: Ground, plugins: Option<Arc<Registry>>, path: &Path) -> Backend {
        let observations = ground.observations.clone();
        let (sender, effects) = mpsc::unbounded_channel();
        let clerk = Clerk {
            store: Store::new(path.to_owned(), ground.folder.name(), observations.clone()),
            submitted: ground.submitted.clone(),
            observations,
        };
        let clerk = tokio::spawn(clerk.work(effects));
        let pods = Pods::new(ground);
        Backend {
            calls: Calls::new(pods.ground().clone(), plugins),
            pods,
            store: sender,
            clerk,
        }
    }

    pub(crate) fn perform(&self, effect: Effect) {
        match effect {
            Effect::CreatePod(intent) => self.pods.create(*intent),
            Effect::StopPod { key } => {
                self.calls.stop(&key);
                self.pods.stop(key);
            }
            Effect::CallPlugin(call) => self.calls.begin(*call),
            Effect::AcquireLocks(_)
            | Effect::ReleaseLocks { .. }
            | Effect::LookupMemo { .. }
            | Effect::SaveMemo { .. } => {
                let _ = self.store.send(effect);
            }
            // Nobody asks a run on one machine for them.
            Effect::Measure { .. } => {}
        }
    }

    /// Finishes what was asked of the store, and ends what still runs: at once if it is to run again another time, or as it may
    /// end if the run has ended.
    pub(crate) async fn close(self, ended: bool) {
        self.calls.abandon();
        if ended {
            self.pods.settle().await
        } else {
            self.pods.abandon()
        }
        drop(self.store);
        let _ = tokio::time::timeout(Duration::from_secs(5), self.clerk).await;
    }
}

/// Who does the work for the store.
struct Clerk {
    store: Store,
    submitted: Arc<crate::submitted::Submitted>,
    observations: mpsc::UnboundedSender<Observation>,
}

impl Clerk {
    async fn work(self, mut effects: mpsc::UnboundedReceiver<Effect>) {
        while let Some(effect) = effects.recv().await {
            match effect {
                Effect::AcquireLocks(request) => self.acquire(*request).await,
                Effect::ReleaseLocks { holder } => {
                    while let Err(error) = self.store.release(holder.clone()).await {
                        tracing::warn!("failed to {error}");
                        tokio::time::sleep(AGAIN).await;
                    }
                }
                Effect::LookupMemo { node, cache, key } => {
                    // A cache that cannot be read costs time, not the run.
                    let found = warned(self.store.recall(cache, key).await).flatten();
                    let _ = self.observations.send(match found {
                        Some((outputs, created)) => Observation::MemoFound {
                            node,
                            outputs: Box::new(outputs),
                            created,
                        },
                        None => Observation::MemoMissing { node },
                    });
                }
                Effect::SaveMemo {
                    node,
                    cache,
                    key,
                    outputs,
                } => {
                    warned(self.store.remember(cache, key, node, *outputs).await);
                }
                Effect::CreatePod(_)
                | Effect::StopPod { .. }
                | Effect::CallPlugin(_)
                | Effect::Measure { .. } => {}
            }
        }
    }

    async fn acquire(&self, mut request: LockRequest) {
        for lock in request
            .locks
            .iter_mut()
            .filter(|lock| lock.limit.is_none() && !lock.mutex)
        {
            lock.limit = self.limit(&lock.name);
        }
        // Nobody else will give the limit while this run goes on: waiting for it would be waiting for ever.
        if let Some(lock) = request.locks.iter().find(|lock| lock.limit.is_none()) {
            let message = format!(
                "the limit of semaphore {} is not known: give its ConfigMap beside the workflow",
                lock.name
            );
            let _ = self.observations.send(Observation::LocksRefused {
                holder: request.holder,
                message,
            });
            return;
        }
        while let Err(error) = self.store.acquire(request.clone()).await {
            let lock = request
                .locks
                .first()
                .map(|lock| lock.name.clone())
                .unwrap_or_default();
            let message = format!("failed to {error}");
            let _ = self.observations.send(Observation::LocksWaiting {
                holder: request.holder.clone(),
                lock,
                message,
            });
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// The limit that a ConfigMap given beside the workflow says: `<ns>/ConfigMap/<name>/<key>`.
    fn limit(&self, lock: &str) -> Option<u32> {
        let (_, map) = lock.split_once("/ConfigMap/")?;
        let (name, key) = map.split_once('/')?;
        let value = self.submitted.config_map(name)?.remove(key)?;
        String::from_utf8(value).ok()?.trim().parse().ok()
    }
}

fn warned<T>(done: Result<T, StoreError>) -> Option<T> {
    done.map_err(|error| tracing::warn!("failed to {error}"))
        .ok()
}
