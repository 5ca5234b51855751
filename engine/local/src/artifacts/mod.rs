//! Loading and saving artifacts.
//!
//! The repository is a folder that stands for a bucket. An artifact that names no bucket or endpoint of its own is in it, under
//! its key, whatever driver it names; one that does is refused, unless the bucket was mapped to a folder.

mod http;
mod list;
mod location;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use std::collections::BTreeMap;
use tiphys_artifacts as archive;
use tiphys_spec as spec;

use tiphys_artifacts::git;
pub(crate) use tiphys_artifacts::{ArtifactError, Find, beside, tree, unique};

use crate::submitted::Submitted;
use location::Location;

/// The artifacts of a run.
#[derive(Clone)]
pub(crate) struct Artifacts {
    pub repository: PathBuf,
    /// Folders that stand for buckets.
    pub buckets: Arc<BTreeMap<String, PathBuf>>,
    pub submitted: Arc<Submitted>,
}

impl Artifacts {
    /// Puts an artifact at `to`, which must not exist; its parent must.
    pub(crate) fn load(&self, artifact: &spec::Artifact, to: &Path) -> Result<(), ArtifactError> {
        match self.locate(artifact)?.ok_or(ArtifactError::NoLocation)? {
            Location::Raw(data) => {
                fs::write(to, data).map_err(|error| ArtifactError::at(to, error))?
            }
            Location::Folder { root, key } => {
                let path = root.join(&key);
                if !path.exists() {
                    return Err(ArtifactError::NoSuchKey(key));
                }
                archive::unpack(artifact.archive.as_deref(), &path, false, to)?;
            }
            Location::Http(request) => {
                let download = beside(to, "download");
                let done = http::get(&request, &download);
                let done = done.and_then(|()| {
                    archive::unpack(artifact.archive.as_deref(), &download, true, to)
                });
                let _ = fs::remove_file(&download);
                done?;
            }
            Location::Git(artifact) => {
                let secrets = |selector: &_| location::secret(&self.submitted, selector);
                git::clone(artifact, &secrets, to)?;
            }
        }
        if let Some(mode) = artifact.mode.and_then(|mode| u32::try_from(mode).ok()) {
            let recurse = artifact.recurse_mode.unwrap_or(false);
            tree::set_mode(to, mode & 0o7777, recurse)
                .map_err(|error| ArtifactError::at(to, error))?;
        }
        Ok(())
    }

    /// Saves what was found, at the artifact's own location or under `prefix` in the repository, and gives back the artifact as
    /// it is recorded: with its location.
    pub(crate) fn save(
        &self,
        artifact: &spec::Artifact,
        found: &Find<'_>,
        prefix: &str,
    ) -> Result<spec::Artifact, ArtifactError> {
        let saved = self.destination(artifact, found.name, prefix);
        match self.locate(&saved)?.ok_or(ArtifactError::NoLocation)? {
            Location::Folder { root, key } => {
                archive::pack(artifact.archive.as_deref(), found, &root.join(key))?
            }
            Location::Http(request) => {
                let file = beside(found.path, "upload");
                let done = archive::pack(
                    artifact.archive.as_deref(),
                    &Find {
                        ours: false,
                        ..*found
                    },
                    &file,
                );
                let done = done.and_then(|()| http::put(&request, &file));
                let _ = tree::remove(&file);
                done?;
            }
            Location::Raw(_) => {
                return Err(ArtifactError::Refused(
                    "a raw artifact can only be an input".to_owned(),
                ));
            }
            Location::Git(_) => {
                return Err(ArtifactError::Refused(
                    "a git artifact can only be an input".to_owned(),
                ));
            }
        }
        Ok(saved)
    }

    /// The artifact as it would be recorded if it is in the repository already, as after a kill between saving and telling.
    pub(crate) fn saved(
        &self,
        artifact: &spec::Artifact,
        name: &str,
        prefix: &str,
    ) -> Option<spec::Artifact> {
        let saved = self.destination(artifact, name, prefix);
        match self.locate(&saved) {
            Ok(Some(Location::Folder { root, key })) if root.join(&key).exists() => Some(saved),
            _ => None,
        }
    }

    /// Keeps a log as an artifact, without a second copy where the file system can do without.
    pub(crate) fn save_log(
        &self,
        container: &str,
        log: &Path,
        prefix: &str,
    ) -> Result<spec::Artifact, ArtifactError> {
        let key = format!("{prefix}/{container}.log");
        let target = self.repository.join(&key);
        let linked = || -> io::Result<()> {
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            tree::remove(&target)?;
            fs::hard_link(log, &target).or_else(|_| fs::copy(log, &target).map(drop))
        };
        linked().map_err(|error| ArtifactError::at(&target, error))?;
        let s3 = Some(Box::new(spec::S3Artifact {
            key: Some(key),
            ..spec::S3Artifact::default()
        }));
        Ok(spec::Artifact {
            name: format!("{container}-logs"),
            s3,
            ..spec::Artifact::default()
        })
    }

    /// The artifact with a location: its own, or a key in the repository.
    fn destination(&self, artifact: &spec::Artifact, name: &str, prefix: &str) -> spec::Artifact {
        let mut saved = artifact.clone();
        if !location::located(artifact) {
            let key = format!("{prefix}/{}", artifact.file_name(name));
            saved.s3 = Some(Box::new(spec::S3Artifact {
                key: Some(key),
                ..spec::S3Artifact::default()
            }));
        }
        saved
    }
}

#[cfg(test)]
mod tests;
