//! Artifacts of plug-ins: listed, read and written by the controller itself, with the secrets of the workflow's namespace.
//!
//! What a pod may reach with its own identity the controller may not reach for it: keys come from secrets, and from nowhere else.

use crate::client::{code, patiently, told};
use crate::ground::Ground;
use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Secret, SecretKeySelector};
use kube::Api;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tiphys_artifacts::{ArtifactError, Find};
use tiphys_core::PluginCall;
use tiphys_host::{Entry, FileReader, Reader, Refusal, Writer, astray};
use tiphys_pods::place::{Placed, Unplaced, place, place_of_many, secrets};
use tiphys_spec as spec;

/// The artifacts that one call of a plug-in may have.
#[derive(Clone)]
pub(crate) struct Artifacts {
    ground: Arc<Ground>,
    namespace: String,
    location: Option<Box<spec::ArtifactLocation>>,
    /// The output artifacts that the template declares.
    declared: Vec<spec::Artifact>,
}

impl Artifacts {
    pub(crate) fn new(ground: Arc<Ground>, namespace: String, call: &PluginCall) -> Artifacts {
        let declared = call.outputs.get("artifacts").cloned().unwrap_or_default();
        Artifacts {
            ground,
            namespace,
            location: call.location.clone(),
            declared: serde_json::from_value(declared).unwrap_or_default(),
        }
    }

    pub(crate) async fn list(
        &self,
        location: &Value,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, Refusal> {
        let artifact = read(location)?;
        let whole = place_of_many(&artifact, self.location.as_deref());
        let whole = whole.map_err(|fault| unplaced(&fault))?;
        let keys = self.keys(&whole).await?;
        let secrets = |selector: &SecretKeySelector| keys.get(selector);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let found = tiphys_artifacts::list(&whole, &secrets, after, limit).await;
        let found = found.map_err(|error| refused(&error))?.into_iter();
        Ok(found
            .map(|of| Entry {
                key: of.key,
                size: of.size,
            })
            .collect())
    }

    pub(crate) async fn open(&self, location: &Value) -> Result<Box<dyn Reader>, Refusal> {
        let artifact = read(location)?;
        let placed = place(&artifact, self.location.as_deref(), None);
        let whole = placed.map_err(|fault| unplaced(&fault))?.whole;
        let keys = self.keys(&whole).await?;
        let secrets = |selector: &SecretKeySelector| keys.get(selector);
        let copy = self.scratch().map_err(failed)?;
        let loaded = tiphys_artifacts::load(&whole, &secrets, &copy).await;
        let file = match loaded {
            Ok(()) => File::open(&copy).map_err(failed),
            Err(error) => Err(refused(&error)),
        };
        // It lives as long as it is open.
        let _ = tiphys_artifacts::tree::remove(&copy);
        Ok(Box::new(FileReader(file?)))
    }

    pub(crate) fn create(&self, name: &str) -> Result<Box<dyn Writer>, Refusal> {
        let artifact = tiphys_artifacts::made(&self.declared, name);
        let artifact = artifact.map_err(|error| refused(&error))?;
        let path = self.scratch().map_err(failed)?;
        let file = File::create_new(&path).map_err(failed)?;
        Ok(Box::new(FileWriter {
            file,
            path: Left(path),
            artifact,
            artifacts: self.clone(),
        }))
    }

    async fn keep(&self, artifact: &spec::Artifact, path: &Path) -> Result<Value, Refusal> {
        let name = artifact.file_name(&artifact.name);
        let placed = place(artifact, self.location.as_deref(), Some(&name));
        let Placed { whole, recorded } = placed.map_err(|fault| unplaced(&fault))?;
        let keys = self.keys(&whole).await?;
        let secrets = |selector: &SecretKeySelector| keys.get(selector);
        let find = Find {
            path,
            name: &artifact.name,
            ours: false,
        };
        let kept = tiphys_artifacts::keep(&whole, &secrets, &find).await;
        kept.map_err(|error| refused(&error))?;
        serde_json::to_value(recorded).map_err(|error| Refusal::Failed(error.to_string()))
    }

    /// The keys that it takes to reach an artifact.
    async fn keys(&self, artifact: &spec::Artifact) -> Result<Keys, Refusal> {
        // It is the only one that is installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        lent(artifact)?;
        self.elsewhere(artifact).await?;
        let mut wanted = BTreeMap::new();
        secrets(artifact, &mut wanted);
        let api: Api<Secret> = Api::namespaced(self.ground.client.clone(), &self.namespace);
        let mut keys = Keys::default();
        for (name, wanted) in wanted {
            let found = patiently("read a Secret", || api.get(&name)).await;
            let secret = match found {
                Ok(secret) => secret,
                Err(error) if code(&error) == Some(404) => {
                    return Err(Refusal::NotFound(told(&error)));
                }
                Err(error) => return Err(Refusal::Failed(told(&error))),
            };
            let mut data = secret.data.unwrap_or_default();
            for key in wanted {
                if let Some(bytes) = data.remove(&key) {
                    keys.0.insert((name.clone(), key), bytes.0);
                }
            }
        }
        Ok(keys)
    }

    /// Refuses a server that the workflow names itself, and that is no server but this machine or what tells of it: its network is not the
    /// workflow's.
    async fn elsewhere(&self, artifact: &spec::Artifact) -> Result<(), Refusal> {
        let named = endpoint(artifact);
        let own = self.location.as_deref().and_then(|location| {
            let location = serde_json::to_value(location).ok()?;
            endpoint(&serde_json::from_value(location).ok()?)
        });
        let Some(named) = named.filter(|named| own.as_ref() != Some(named)) else {
            return Ok(());
        };
        let host = named.split_once("://").map_or(&*named, |(_, host)| host);
        let host = host.split('/').next().unwrap_or_default();
        let place = match host.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => host.to_owned(),
            _ => format!("{host}:443"),
        };
        let found = tokio::net::lookup_host(&place).await.map_err(failed)?;
        for address in found {
            if let Some(what) = astray(address.ip()) {
                let reason = format!(
                    "the server `{named}` is at {}, {what}, which is no place for artifacts",
                    address.ip()
                );
                return Err(Refusal::Failed(reason));
            }
        }
        Ok(())
    }

    /// A file that nobody else uses, and that is not there yet.
    fn scratch(&self) -> io::Result<PathBuf> {
        let folder = &self.ground.settings.scratch;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map(|()| folder.join(tiphys_artifacts::unique()))
    }
}

#[derive(Default)]
struct Keys(HashMap<(String, String), Vec<u8>>);

impl Keys {
    fn get(&self, of: &SecretKeySelector) -> Result<String, ArtifactError> {
        let bytes = self.0.get(&(of.name.clone(), of.key.clone()));
        let text = bytes.and_then(|bytes| String::from_utf8(bytes.clone()).ok());
        let text = text.ok_or_else(|| ArtifactError::NoSecret {
            name: of.name.clone(),
            key: of.key.clone(),
        })?;
        // Secrets that are made of files often end with one, and no key does.
        Ok(text.trim_end_matches('\n').to_owned())
    }
}

fn read(location: &Value) -> Result<spec::Artifact, Refusal> {
    serde_json::from_value(location.clone())
        .map_err(|error| Refusal::Failed(format!("the location is no artifact: {error}")))
}

/// Refuses what would be reached with the controller's own identity, or by another way than an object store.
fn lent(artifact: &spec::Artifact) -> Result<(), Refusal> {
    let (driver, keys) = if let Some(s3) = &artifact.s3 {
        let keys = s3.access_key_secret.is_some() && s3.secret_key_secret.is_some();
        ("s3", keys && s3.use_sdk_creds != Some(true))
    } else if let Some(oss) = &artifact.oss {
        let keys = oss.access_key_secret.is_some() && oss.secret_key_secret.is_some();
        ("oss", keys && oss.use_sdk_creds != Some(true))
    } else if let Some(gcs) = &artifact.gcs {
        ("gcs", gcs.service_account_key_secret.is_some())
    } else if let Some(azure) = &artifact.azure {
        let keys = azure.account_key_secret.is_some();
        ("azure", keys && azure.use_sdk_creds != Some(true))
    } else {
        let reason = "a plug-in in a cluster has artifacts of object stores only";
        return Err(Refusal::Failed(reason.to_owned()));
    };
    if keys {
        return Ok(());
    }
    Err(Refusal::Failed(format!(
        "its {driver} location names no secrets with keys, and the controller lends nobody its own identity"
    )))
}

fn endpoint(artifact: &spec::Artifact) -> Option<String> {
    let s3 = artifact.s3.as_ref().and_then(|of| of.endpoint.clone());
    let oss = || artifact.oss.as_ref().and_then(|of| of.endpoint.clone());
    let azure = || artifact.azure.as_ref().and_then(|of| of.endpoint.clone());
    s3.or_else(oss).or_else(azure)
}

fn unplaced(fault: &Unplaced) -> Refusal {
    let reason = match fault {
        Unplaced::NoRepository => {
            "there is no artifact repository: the configuration's `artifactRepository`, a ConfigMap `artifact-repositories`, or \
             `archiveLocation` names one"
        }
        Unplaced::Ambiguous => {
            "it may be in several repositories: `archiveLocation` names more than one"
        }
    };
    Refusal::Failed(reason.to_owned())
}

fn refused(error: &ArtifactError) -> Refusal {
    if error.absent() {
        Refusal::NotFound(error.to_string())
    } else {
        Refusal::Failed(error.to_string())
    }
}

fn failed(error: io::Error) -> Refusal {
    Refusal::Failed(error.to_string())
}

/// A file that goes when nobody needs it any more.
struct Left(PathBuf);

impl Drop for Left {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct FileWriter {
    file: File,
    path: Left,
    artifact: spec::Artifact,
    artifacts: Artifacts,
}

#[async_trait]
impl Writer for FileWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.file.write_all(bytes).map_err(failed)
    }

    async fn finish(self: Box<Self>) -> Result<Value, Refusal> {
        self.artifacts.keep(&self.artifact, &self.path.0).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nobody_is_lent_the_controllers_identity() {
        let of = |value: Value| lent(&serde_json::from_value(value).unwrap()).is_ok();
        let key = json!({"name": "n", "key": "k"});
        assert!(of(
            json!({"s3": {"accessKeySecret": key, "secretKeySecret": key}})
        ));
        assert!(!of(json!({"s3": {"bucket": "b"}})));
        let sdk =
            json!({"s3": {"accessKeySecret": key, "secretKeySecret": key, "useSDKCreds": true}});
        assert!(!of(sdk));
        assert!(!of(json!({"gcs": {"bucket": "b"}})));
        assert!(!of(json!({"azure": {"container": "c"}})));
        assert!(!of(json!({"http": {"url": "http://169.254.169.254/"}})));
        assert!(!of(json!({"git": {"repo": "https://x"}})));
    }
}
