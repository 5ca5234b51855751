//! Artifacts: files and folders of steps, packed as their `archive` says, and kept where their driver says.
//!
//! | driver | by |
//! |---|---|
//! | `s3`, `oss`, `gcs`, `azure` | the crate `object_store` |
//! | `http`, `artifactory` | GET and PUT |
//! | `raw` | the manifest itself; only loaded |
//! | `git` | the program `git`, where there is one |
//! | `hdfs`, `plugin` | refused by name |
//!
//! With no feature `drivers` only what packs and unpacks is there, and no network.
//!
//! The program `tiphys-artifacts` does this in a pod: in its init container, and in the sidecar that saves what the main container
//! leaves. Secrets are files there, and are in no error.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod archive;
#[cfg(feature = "drivers")]
mod drivers;
pub mod git;
mod sniff;
pub mod tree;

use std::io;
use std::path::{Path, PathBuf};
use tiphys_spec as spec;

pub use archive::{pack, unpack};
#[cfg(feature = "drivers")]
pub use drivers::{Listed, delete, keep, list, load, save};
use k8s_openapi::api::core::v1::SecretKeySelector;

/// Where the content of a secret's key comes from.
pub type Secrets<'a> = dyn Fn(&SecretKeySelector) -> Result<String, ArtifactError> + Sync + 'a;

/// Why an artifact could not be loaded or saved, without the artifact's name.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    #[error("there is nothing under the key `{0}` in the artifact repository")]
    NoSuchKey(String),
    #[error("it has no location: it names no driver, and no earlier step gave it")]
    NoLocation,
    #[error("{0}")]
    Refused(String),
    #[error("the secret `{name}` has no key `{key}`, or was not given beside the workflow")]
    NoSecret { name: String, key: String },
    #[error("{what}: {source}")]
    File { what: String, source: io::Error },
    #[error("{0}")]
    Remote(String),
}

impl ArtifactError {
    /// There is no such artifact, as opposed to one that cannot be had.
    #[must_use]
    pub fn absent(&self) -> bool {
        matches!(
            self,
            ArtifactError::NoSuchKey(_) | ArtifactError::NoLocation
        )
    }

    #[must_use]
    pub fn at(path: &Path, source: io::Error) -> ArtifactError {
        ArtifactError::File {
            what: path.display().to_string(),
            source,
        }
    }
}

/// The output artifact of that name, which a plug-in makes: as it is declared, or plain. It is no archive unless that is said.
///
/// # Errors
/// The name is none.
pub fn made(declared: &[spec::Artifact], name: &str) -> Result<spec::Artifact, ArtifactError> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        let reason = format!("`{name}` is no name for an artifact");
        return Err(ArtifactError::Refused(reason));
    }
    let known = declared.iter().find(|artifact| artifact.name == name);
    let mut artifact = known.cloned().unwrap_or_default();
    name.clone_into(&mut artifact.name);
    let plain = spec::ArchiveStrategy {
        none: Some(spec::NoneStrategy::default()),
        ..spec::ArchiveStrategy::default()
    };
    artifact.archive.get_or_insert_with(|| Box::new(plain));
    Ok(artifact)
}

/// What is to be saved.
pub struct Find<'a> {
    /// On this host.
    pub path: &'a Path,
    /// What it is called in the container.
    pub name: &'a str,
    /// Nobody else uses it, so it may be moved.
    pub ours: bool,
}

/// A path beside another that nobody else uses.
#[must_use]
pub fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{what}-{}", unique()));
    path.with_file_name(name)
}

/// A text that this process gives once, and no other that lives.
#[must_use]
pub fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!(
        "{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}
