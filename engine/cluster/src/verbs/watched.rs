//! One workflow, looked at for as long as somebody wants to know how it goes on.

use super::{Cluster, Fault, Kind, objects::value};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use kube::api::{DynamicObject, WatchEvent, WatchParams};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Between two tries to look again.
const PAUSE: Duration = Duration::from_millis(500);

/// A workflow's object, kept up to date.
pub struct Watched {
    cluster: Arc<Cluster>,
    object: Value,
    events: Option<BoxStream<'static, kube::Result<WatchEvent<DynamicObject>>>>,
}

impl Watched {
    /// Of an object that was just read.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, object: Value) -> Watched {
        Watched {
            cluster,
            object,
            events: None,
        }
    }

    #[must_use]
    pub fn object(&self) -> &Value {
        &self.object
    }

    #[must_use]
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }

    fn text(&self, field: &str) -> &str {
        self.object["metadata"][field].as_str().unwrap_or_default()
    }

    /// Waits until it has changed, at most so long: whether it has.
    ///
    /// # Errors
    /// It was deleted, or the server does not let anybody see it.
    pub async fn changed(&mut self, within: Duration) -> Result<bool, Fault> {
        let until = Instant::now() + within;
        loop {
            if self.events.is_none() && !self.begin(until).await? {
                return Ok(true);
            }
            let Some(events) = &mut self.events else {
                return Ok(false);
            };
            let Ok(event) = timeout_at(until, events.next()).await else {
                return Ok(false);
            };
            match event {
                Some(Ok(WatchEvent::Added(new) | WatchEvent::Modified(new))) => {
                    self.object = value(Kind::Workflow, &new);
                    return Ok(true);
                }
                Some(Ok(WatchEvent::Deleted(_))) => return Err(self.gone()),
                Some(Ok(WatchEvent::Bookmark(_))) => {}
                // Too old, or cut off: what is there now is read, and watched from there.
                Some(Ok(WatchEvent::Error(_)) | Err(_)) | None => {
                    self.events = None;
                    let fresh = self.read(until).await?;
                    if fresh {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Opens a watch from the version that is known; false if another version was read instead.
    async fn begin(&mut self, until: Instant) -> Result<bool, Fault> {
        let only = format!("metadata.name={}", self.name());
        let params = WatchParams::default().fields(&only).timeout(240);
        let api = self.cluster.api(Kind::Workflow);
        let events = api.watch(&params, self.text("resourceVersion")).await;
        match events {
            Ok(events) => self.events = Some(events.into_stream().boxed()),
            Err(error) => {
                let name = self.name().to_owned();
                let fault = self
                    .cluster
                    .fault("watch workflows", Kind::Workflow, &name, &error);
                // Who may not watch may still read now and then.
                if !matches!(fault, Fault::Forbidden { .. } | Fault::Unreachable { .. }) {
                    tracing::debug!(%fault, "failed to watch a workflow");
                }
                return Ok(!self.read(until).await?);
            }
        }
        Ok(true)
    }

    /// Reads it anew; whether it has changed.
    async fn read(&mut self, until: Instant) -> Result<bool, Fault> {
        sleep(PAUSE.min(until.saturating_duration_since(Instant::now()))).await;
        let new = match self.cluster.get(Kind::Workflow, self.name()).await {
            // A server that is away for a moment comes back.
            Err(Fault::Unreachable { .. }) => return Ok(false),
            Err(fault) if fault.missing() => return Err(self.gone()),
            answer => answer?,
        };
        if new["metadata"]["uid"] != self.object["metadata"]["uid"] {
            return Err(self.gone());
        }
        let changed =
            new["metadata"]["resourceVersion"] != self.object["metadata"]["resourceVersion"];
        self.object = new;
        Ok(changed)
    }

    fn gone(&self) -> Fault {
        Fault::Order(format!("follow `{}`: it was deleted", self.name()))
    }
}
