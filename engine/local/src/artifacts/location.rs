//! Where an artifact is.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::SecretKeySelector;
use tiphys_spec as spec;

use super::http::Request;
use super::{ArtifactError, Artifacts};
use crate::submitted::Submitted;

pub(super) enum Location<'a> {
    Raw(&'a str),
    /// A file or folder of the repository, or of a folder that stands for a bucket.
    Folder {
        root: PathBuf,
        key: String,
    },
    Http(Request),
    Git(&'a spec::GitArtifact),
}

/// Whether an artifact names a driver.
pub(super) fn located(artifact: &spec::Artifact) -> bool {
    artifact.raw.is_some()
        || artifact.http.is_some()
        || artifact.git.is_some()
        || artifact.artifactory.is_some()
        || artifact.plugin.is_some()
        || stored(artifact).is_some_and(|stored| !stored.key.is_empty())
}

/// The key of an artifact in an object store.
pub(super) fn stored_key(artifact: &spec::Artifact) -> Option<&str> {
    stored(artifact).map(|stored| stored.key)
}

/// An artifact in an object store.
struct Stored<'a> {
    driver: &'static str,
    key: &'a str,
    /// Bucket, container or addresses.
    bucket: Option<&'a str>,
    /// It names a server of its own.
    elsewhere: bool,
}

fn stored(artifact: &spec::Artifact) -> Option<Stored<'_>> {
    if let Some(s3) = &artifact.s3 {
        let (key, bucket) = (s3.key.as_deref().unwrap_or_default(), s3.bucket.as_deref());
        return Some(Stored {
            driver: "s3",
            key,
            bucket,
            elsewhere: s3.endpoint.is_some(),
        });
    }
    if let Some(gcs) = &artifact.gcs {
        let key = gcs.key.as_deref().unwrap_or_default();
        return Some(Stored {
            driver: "gcs",
            key,
            bucket: gcs.bucket.as_deref(),
            elsewhere: false,
        });
    }
    if let Some(azure) = &artifact.azure {
        let (key, bucket) = (
            azure.blob.as_deref().unwrap_or_default(),
            azure.container.as_deref(),
        );
        return Some(Stored {
            driver: "azure",
            key,
            bucket,
            elsewhere: azure.endpoint.is_some(),
        });
    }
    if let Some(oss) = &artifact.oss {
        let (key, bucket) = (
            oss.key.as_deref().unwrap_or_default(),
            oss.bucket.as_deref(),
        );
        return Some(Stored {
            driver: "oss",
            key,
            bucket,
            elsewhere: oss.endpoint.is_some(),
        });
    }
    let hdfs = artifact.hdfs.as_ref()?;
    let bucket = hdfs.addresses.first().map(String::as_str);
    Some(Stored {
        driver: "hdfs",
        key: hdfs.path.as_deref().unwrap_or_default(),
        bucket,
        elsewhere: false,
    })
}

impl Artifacts {
    /// None: the artifact names no driver.
    pub(super) fn locate<'a>(
        &self,
        artifact: &'a spec::Artifact,
    ) -> Result<Option<Location<'a>>, ArtifactError> {
        if let Some(raw) = &artifact.raw {
            return Ok(Some(Location::Raw(raw.data.as_deref().unwrap_or_default())));
        }
        if let Some(git) = &artifact.git {
            return Ok(Some(Location::Git(git)));
        }
        if let Some(http) = &artifact.http {
            return Request::of_http(http, &self.submitted)
                .map(Location::Http)
                .map(Some);
        }
        if let Some(artifactory) = &artifact.artifactory {
            return Request::of_artifactory(artifactory, &self.submitted)
                .map(Location::Http)
                .map(Some);
        }
        if let Some(plugin) = &artifact.plugin {
            let name = &plugin.name;
            return Err(ArtifactError::Refused(format!(
                "artifact plugins are not to be had on one machine: `{name}` needs a cluster"
            )));
        }
        let Some(stored) = stored(artifact).filter(|stored| !stored.key.is_empty()) else {
            return Ok(None);
        };
        let named = stored.bucket.filter(|bucket| !bucket.is_empty());
        let root = match named {
            None if !stored.elsewhere => self.repository.clone(),
            Some(bucket) if self.buckets.contains_key(bucket) => self.buckets[bucket].clone(),
            _ => {
                let (driver, bucket) = (stored.driver, named.unwrap_or("without a name"));
                return Err(ArtifactError::Refused(format!(
                    "the {driver} bucket `{bucket}` is not on this machine: map it to a folder, or leave bucket and endpoint out to \
                     use the local artifact repository"
                )));
            }
        };
        let key = match artifact.sub_path.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => format!("{}/{path}", stored.key.trim_end_matches('/')),
            None => stored.key.to_owned(),
        };
        Ok(Some(Location::Folder {
            root,
            key: clean(&key)?,
        }))
    }
}

/// A key without anything that would lead out of its folder.
fn clean(key: &str) -> Result<String, ArtifactError> {
    let parts: Vec<_> = key
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.contains(&"..") || parts.is_empty() {
        return Err(ArtifactError::Refused(format!(
            "the key `{key}` leads out of the artifact repository"
        )));
    }
    Ok(parts.join("/"))
}

/// The content of a secret's key.
pub(super) fn secret(
    submitted: &Submitted,
    selector: &SecretKeySelector,
) -> Result<String, ArtifactError> {
    let content = submitted
        .secret(&selector.name)
        .and_then(|mut secret| secret.remove(&selector.key));
    let text = content.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| ArtifactError::NoSecret {
        name: selector.name.clone(),
        key: selector.key.clone(),
    })
}
