//! An object, or all objects under a prefix, of a store.

use super::fault::told;
use crate::{ArtifactError, archive, tree};
use flate2::write::GzEncoder;
use futures::TryStreamExt;
use object_store::buffered::BufWriter;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// How much is read at once, and how much of an object is sent at once, in bytes.
const PIECE: usize = 1 << 20;
const PART: usize = 8 << 20;

pub(super) struct Object {
    pub store: Arc<dyn ObjectStore>,
    pub key: Key,
}

impl Object {
    fn failed(&self, verb: &str, error: &Error) -> ArtifactError {
        match error {
            Error::NotFound { .. } => ArtifactError::NoSuchKey(self.key.to_string()),
            error => ArtifactError::Remote(format!("{verb} `{}`: {}", self.key, told(error))),
        }
    }

    /// Reads the object, or every object under its key, into a new file or folder.
    pub async fn get(&self, to: &Path) -> Result<(), ArtifactError> {
        match self.fetch(&self.key, to).await {
            Err(ArtifactError::NoSuchKey(_)) => {}
            done => return done,
        }
        let mut all = self.store.list(Some(&self.key));
        let mut some = false;
        while let Some(found) = all
            .try_next()
            .await
            .map_err(|error| self.failed("list", &error))?
        {
            let Some(parts) = found.location.prefix_match(&self.key) else {
                continue;
            };
            // A key's parts are no dots: nothing leads out of the folder.
            let file = parts.fold(to.to_owned(), |path, part| path.join(part.as_ref()));
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder).map_err(|error| ArtifactError::at(folder, error))?;
            }
            self.fetch(&found.location, &file).await?;
            some = true;
        }
        if some {
            return Ok(());
        }
        Err(ArtifactError::NoSuchKey(self.key.to_string()))
    }

    async fn fetch(&self, key: &Key, to: &Path) -> Result<(), ArtifactError> {
        let found = self.store.get(key).await;
        let found = found.map_err(|error| self.failed("read", &error))?;
        let mut file = File::create(to).map_err(|error| ArtifactError::at(to, error))?;
        let mut stream = found.into_stream();
        while let Some(piece) = stream
            .try_next()
            .await
            .map_err(|error| self.failed("read", &error))?
        {
            file.write_all(&piece)
                .map_err(|error| ArtifactError::at(to, error))?;
        }
        Ok(())
    }

    pub async fn put(&self, file: &Path) -> Result<(), ArtifactError> {
        self.send(&self.key, file, |piece| Ok(piece.to_vec()), Vec::new)
            .await
    }

    /// Every file of a folder, under its own name. What a link leads to is saved in its stead, if that is in the folder, too.
    pub async fn put_folder(&self, folder: &Path) -> Result<(), ArtifactError> {
        let at = |error| ArtifactError::at(folder, error);
        let root = fs::canonicalize(folder).map_err(at)?;
        let mut open = vec![(root.clone(), self.key.clone())];
        while let Some((folder, key)) = open.pop() {
            for entry in tree::entries(&folder).map_err(at)? {
                let name = entry.file_name().unwrap_or_default().to_string_lossy();
                // Joined as it is: what puts parts together writes letters beyond ASCII otherwise.
                let key = Key::parse(format!("{key}/{name}"));
                let key = key.map_err(|error| self.failed("write", &error.into()))?;
                let real =
                    fs::canonicalize(&entry).map_err(|error| ArtifactError::at(&entry, error))?;
                if !real.starts_with(&root) {
                    return Err(ArtifactError::Refused(format!(
                        "the link `{}` leads out of it",
                        entry.strip_prefix(&root).unwrap_or(&entry).display()
                    )));
                }
                if entry.is_symlink() && real.is_dir() {
                    return Err(ArtifactError::Refused(format!(
                        "the link `{}` is to a folder; an archive keeps such",
                        entry.strip_prefix(&root).unwrap_or(&entry).display()
                    )));
                }
                if real.is_dir() {
                    open.push((real, key));
                } else {
                    self.send(&key, &real, |piece| Ok(piece.to_vec()), Vec::new)
                        .await?;
                }
            }
        }
        Ok(())
    }

    pub async fn put_compressed(
        &self,
        file: &Path,
        level: Option<i64>,
    ) -> Result<(), ArtifactError> {
        let encoder = GzEncoder::new(Vec::new(), archive::compression(level));
        let encoder = std::cell::RefCell::new(encoder);
        let piece = |bytes: &[u8]| {
            let mut encoder = encoder.borrow_mut();
            encoder.write_all(bytes)?;
            Ok(std::mem::take(encoder.get_mut()))
        };
        let rest = || {
            // Writing to memory does not fail.
            let mut encoder = encoder.borrow_mut();
            let _ = encoder.try_finish();
            std::mem::take(encoder.get_mut())
        };
        self.send(&self.key, file, piece, rest).await
    }

    /// Sends a file, each piece as it is made; no object is there before all of it is.
    async fn send(
        &self,
        key: &Key,
        file: &Path,
        mut made: impl FnMut(&[u8]) -> std::io::Result<Vec<u8>>,
        rest: impl FnOnce() -> Vec<u8>,
    ) -> Result<(), ArtifactError> {
        let at = |error| ArtifactError::at(file, error);
        let failed = |error: std::io::Error| match error.downcast::<Error>() {
            Ok(error) => self.failed("write", &error),
            Err(error) => ArtifactError::Remote(format!("write `{key}`: {error}")),
        };
        let mut from = File::open(file).map_err(at)?;
        let store = self.store.clone();
        let mut to = BufWriter::with_capacity(store, key.clone(), PART).with_max_concurrency(2);
        let mut piece = vec![0; PIECE];
        loop {
            let read = from.read(&mut piece).map_err(at)?;
            if read == 0 {
                break;
            }
            let bytes = made(&piece[..read]).map_err(at)?;
            to.write_all(&bytes).await.map_err(failed)?;
        }
        to.write_all(&rest()).await.map_err(failed)?;
        to.shutdown().await.map_err(failed)
    }

    pub async fn delete(&self) -> Result<(), ArtifactError> {
        let gone = |done: Result<(), Error>| match done {
            Err(Error::NotFound { .. }) => Ok(()),
            done => done.map_err(|error| self.failed("delete", &error)),
        };
        gone(self.store.delete(&self.key).await)?;
        let all: Vec<_> = self
            .store
            .list(Some(&self.key))
            .try_collect()
            .await
            .map_err(|error| self.failed("list", &error))?;
        for found in all {
            gone(self.store.delete(&found.location).await)?;
        }
        Ok(())
    }
}
