//! The keys below a location, in the order of object stores: that of their bytes.

use std::fs;
use std::io;
use std::path::Path;

use tiphys_spec as spec;

use super::location::{Location, stored_key};
use super::{ArtifactError, Artifacts};

/// An artifact of the repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub key: String,
    /// Bytes.
    pub size: u64,
}

impl Artifacts {
    /// Up to `limit` keys that begin with the location's own, those after `after`.
    pub(crate) fn list(
        &self,
        artifact: &spec::Artifact,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Listed>, ArtifactError> {
        let (root, prefix) = match self.locate(artifact)? {
            Some(Location::Folder { root, key }) => (root, key),
            None if stored_key(artifact).is_none_or(str::is_empty) => {
                (self.repository.clone(), String::new())
            }
            _ => {
                return Err(ArtifactError::Refused(
                    "only keys of an object store can be listed".to_owned(),
                ));
            }
        };
        let mut walk = Walk {
            prefix: &prefix,
            after: after.unwrap_or_default(),
            limit,
            found: Vec::new(),
        };
        walk.folder(&root, "")
            .map_err(|error| ArtifactError::at(&root, error))?;
        Ok(walk.found)
    }
}

struct Walk<'a> {
    prefix: &'a str,
    after: &'a str,
    limit: usize,
    found: Vec<Listed>,
}

impl Walk<'_> {
    /// `key` is that of the folder, with a slash at its end, or empty.
    fn folder(&mut self, path: &Path, key: &str) -> io::Result<()> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let folder = entry.file_type()?.is_dir();
            // A key that is no text could not be named.
            if let Ok(mut name) = entry.file_name().into_string() {
                if folder {
                    name.push('/');
                }
                names.push(name);
            }
        }
        names.sort_unstable();
        for name in names {
            if self.found.len() == self.limit {
                return Ok(());
            }
            let whole = format!("{key}{name}");
            if name.ends_with('/') {
                let leads = whole.starts_with(self.prefix) || self.prefix.starts_with(&whole);
                // All that is in it comes before `after`, unless that is in it itself.
                let over = whole.as_str() < self.after && !self.after.starts_with(&whole);
                if leads && !over {
                    self.folder(&path.join(&name), &whole)?;
                }
            } else if whole.starts_with(self.prefix) && whole.as_str() > self.after {
                let size = fs::symlink_metadata(path.join(&name))?.len();
                self.found.push(Listed { key: whole, size });
            }
        }
        Ok(())
    }
}
