//! The world of a plug-in on this machine: what was given beside the workflow, the artifact folder, the network.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tiphys_core::PluginCall;
use tiphys_host::{
    Entry, FileReader, Hop, HttpError, HttpRequest, HttpResponse, Level, Reader, Refusal, Wire,
    World, Writer,
};
use tiphys_spec as spec;

use super::place;
use crate::artifacts::{ArtifactError, Artifacts, Find};
use crate::pod::Ground;
use crate::submitted::Submitted;

pub(super) struct LocalWorld {
    artifacts: Artifacts,
    submitted: Arc<Submitted>,
    wire: Arc<Wire>,
    /// Of this attempt of the node.
    folder: PathBuf,
    log: Mutex<Option<File>>,
    /// Of the keys of its artifacts.
    prefix: String,
    /// The output artifacts that the template declares.
    declared: Vec<spec::Artifact>,
}

impl LocalWorld {
    pub(super) fn new(ground: &Ground, wire: Arc<Wire>, call: &PluginCall) -> LocalWorld {
        let declared = call.outputs.get("artifacts").cloned().unwrap_or_default();
        LocalWorld {
            artifacts: ground.artifacts.clone(),
            submitted: ground.submitted.clone(),
            wire,
            folder: ground.folder.pod(&call.key.node, call.key.attempt),
            log: Mutex::new(None),
            prefix: format!("{}/{}", ground.folder.name(), place(ground, call)),
            declared: serde_json::from_value(declared).unwrap_or_default(),
        }
    }

    fn open_log(&self) -> std::io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("main.log"))
    }
}

#[async_trait]
impl World for LocalWorld {
    fn now(&self) -> u64 {
        u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
    }

    fn log(&self, level: Level, line: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.is_none() {
            *log = self
                .open_log()
                .inspect_err(|error| tracing::warn!("failed to keep the log of a plug-in: {error}"))
                .ok();
        }
        if let Some(file) = log.as_mut() {
            let text = match level {
                Level::Info => format!("{line}\n"),
                _ => format!("{}: {line}\n", level.name()),
            };
            let _ = file.write_all(text.as_bytes());
        }
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        private: bool,
    ) -> Result<HttpResponse, HttpError> {
        self.wire.send(Hop { request, private }).await
    }

    async fn secret(&self, name: &str, key: &str) -> Result<Vec<u8>, Refusal> {
        let secret = self
            .submitted
            .secret(name)
            .ok_or_else(|| missing("Secret", name))?;
        secret
            .get(key)
            .cloned()
            .ok_or_else(|| Refusal::NotFound(format!("key `{key}` of the Secret `{name}`")))
    }

    async fn config_map(&self, name: &str, key: &str) -> Result<String, Refusal> {
        let map = self
            .submitted
            .config_map(name)
            .ok_or_else(|| missing("ConfigMap", name))?;
        let bytes = map
            .get(key)
            .ok_or_else(|| Refusal::NotFound(format!("key `{key}` of the ConfigMap `{name}`")))?;
        String::from_utf8(bytes.clone()).map_err(|_| {
            Refusal::Failed(format!("key `{key}` of the ConfigMap `{name}` is no text"))
        })
    }

    async fn entries(
        &self,
        location: &Value,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, Refusal> {
        let artifact = read(location)?;
        let (artifacts, after) = (self.artifacts.clone(), after.map(str::to_owned));
        let found =
            blocking(move || artifacts.list(&artifact, after.as_deref(), limit as usize)).await?;
        Ok(found
            .into_iter()
            .map(|listed| Entry {
                key: listed.key,
                size: listed.size,
            })
            .collect())
    }

    async fn open(&self, location: &Value) -> Result<Box<dyn Reader>, Refusal> {
        let artifact = read(location)?;
        let (artifacts, folder) = (self.artifacts.clone(), self.folder.clone());
        let file = blocking(move || {
            let folder = folder.join("in");
            fs::create_dir_all(&folder).map_err(|error| ArtifactError::at(&folder, error))?;
            let copy = folder.join(format!("read-{}", crate::artifacts::unique()));
            artifacts.load(&artifact, &copy)?;
            let file = File::open(&copy).map_err(|error| ArtifactError::at(&copy, error));
            // It lives as long as it is open.
            let _ = crate::artifacts::tree::remove(&copy);
            file
        });
        Ok(Box::new(FileReader(file.await?)))
    }

    async fn create(&self, name: &str) -> Result<Box<dyn Writer>, Refusal> {
        let artifact = tiphys_artifacts::made(&self.declared, name);
        let artifact = artifact.map_err(|error| Refusal::Failed(error.to_string()))?;
        let path = self.folder.join("out").join(name);
        let folder = self.folder.join("out");
        let made = path.clone();
        let file = blocking(move || {
            fs::create_dir_all(&folder).map_err(|error| ArtifactError::at(&folder, error))?;
            File::create(&made).map_err(|error| ArtifactError::at(&made, error))
        });
        Ok(Box::new(FileWriter {
            file: file.await?,
            path: Some(path),
            artifact,
            artifacts: self.artifacts.clone(),
            prefix: self.prefix.clone(),
        }))
    }
}

fn missing(kind: &str, name: &str) -> Refusal {
    Refusal::NotFound(format!("the {kind} `{name}`: give it beside the workflow"))
}

fn read(location: &Value) -> Result<spec::Artifact, Refusal> {
    serde_json::from_value(location.clone())
        .map_err(|error| Refusal::Failed(format!("the location is no artifact: {error}")))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArtifactError> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Refusal::Failed(error.to_string()))?;
    done.map_err(|error| {
        if error.absent() {
            Refusal::NotFound(error.to_string())
        } else {
            Refusal::Failed(error.to_string())
        }
    })
}

struct FileWriter {
    file: File,
    /// None once it is finished.
    path: Option<PathBuf>,
    artifact: spec::Artifact,
    artifacts: Artifacts,
    prefix: String,
}

#[async_trait]
impl Writer for FileWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.file
            .write_all(bytes)
            .map_err(|error| Refusal::Failed(error.to_string()))
    }

    async fn finish(mut self: Box<Self>) -> Result<Value, Refusal> {
        let Some(path) = self.path.take() else {
            return Err(Refusal::Failed("the artifact is finished".to_owned()));
        };
        let (artifact, artifacts, prefix) = (
            self.artifact.clone(),
            self.artifacts.clone(),
            self.prefix.clone(),
        );
        let saved = blocking(move || {
            let found = Find {
                path: &path,
                name: &artifact.name,
                ours: true,
            };
            artifacts.save(&artifact, &found, &prefix)
        });
        serde_json::to_value(saved.await?).map_err(|error| Refusal::Failed(error.to_string()))
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}
