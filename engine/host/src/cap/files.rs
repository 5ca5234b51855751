//! Folders of the host, read only. cap-std opens every path below its folder: neither `..` nor a symbolic link leads out.

use super::PIECE;
use crate::abi::{files, types};
use crate::grants::Folder;
use crate::guest::Guest;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use types::Refusal;

/// The most entries of a folder that are handed over.
const ENTRIES: usize = 100_000;

impl files::Host for Guest {
    async fn read(
        &mut self,
        path: String,
        offset: u64,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Refusal>> {
        let found = self.folder(&path);
        blocking(move || {
            let (folder, below) = found?;
            let mut file = open(&folder)?.open(&below).map_err(|e| told(&path, &e))?;
            let mut read = || {
                file.seek(SeekFrom::Start(offset))?;
                let mut bytes = Vec::new();
                (&mut file)
                    .take(u64::from(limit.min(PIECE)))
                    .read_to_end(&mut bytes)?;
                Ok(bytes)
            };
            read().map_err(|e| told(&path, &e))
        })
        .await
    }

    async fn entries(
        &mut self,
        path: String,
    ) -> wasmtime::Result<Result<Vec<files::Entry>, Refusal>> {
        let found = self.folder(&path);
        blocking(move || {
            let (folder, below) = found?;
            let dir = open(&folder)?;
            let dir = if below.is_empty() {
                dir
            } else {
                dir.open_dir(&below).map_err(|e| told(&path, &e))?
            };
            let mut list = Vec::new();
            for entry in dir.entries().map_err(|e| told(&path, &e))?.take(ENTRIES) {
                let entry = entry.map_err(|e| told(&path, &e))?;
                let metadata = entry.metadata().map_err(|e| told(&path, &e))?;
                list.push(files::Entry {
                    name: entry.file_name().to_string_lossy().into_owned(),
                    folder: metadata.is_dir(),
                    size: if metadata.is_dir() { 0 } else { metadata.len() },
                });
            }
            list.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(list)
        })
        .await
    }
}

impl Guest {
    /// The granted folder that a path is in, and the path below it.
    fn folder(&self, path: &str) -> Result<(Folder, String), Refusal> {
        let (name, below) = path.split_once('/').unwrap_or((path, ""));
        let folder = self
            .grants
            .folders
            .iter()
            .find(|folder| folder.name == name);
        match folder.filter(|_| self.world.is_some()) {
            Some(folder) => Ok((folder.clone(), below.to_owned())),
            None => Err(Refusal::NotGranted(self.missing(
                &format!("read the folder `{name}`"),
                &format!("`--allow-dir {name}=PATH` or `folders` in a PluginGrant"),
            ))),
        }
    }
}

fn open(folder: &Folder) -> Result<Dir, Refusal> {
    Dir::open_ambient_dir(&folder.path, ambient_authority()).map_err(|error| {
        Refusal::Failed(format!(
            "the granted folder `{}` cannot be opened: {error}",
            folder.name
        ))
    })
}

fn told(path: &str, error: &std::io::Error) -> Refusal {
    match error.kind() {
        ErrorKind::NotFound => Refusal::NotFound(path.to_owned()),
        ErrorKind::PermissionDenied => Refusal::NotGranted(format!(
            "`{path}` is outside of its folder, or may not be read"
        )),
        _ => Refusal::Failed(format!("{path}: {error}")),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> wasmtime::Result<Result<T, Refusal>> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
