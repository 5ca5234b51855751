//! The folder of one run.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::home::Home;
use crate::journal::{Journal, Stored};
use crate::submitted::Submitted;
use crate::summary::Summary;

/// Why a folder of runs, or of one run, cannot be used. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("use {path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("find the run `{0}`: there is none of this name")]
    Unknown(String),
    #[error("make the run `{0}`: there is one of this name")]
    Exists(String),
    #[error(
        "use `{0}` as the name of a run: it is empty, too long, begins with a dot or holds a slash"
    )]
    Name(String),
    #[error("take the run `{0}`: another process runs it")]
    Alive(String),
    #[error("read {path}: line {line} is damaged: {reason}")]
    Damaged {
        path: PathBuf,
        line: usize,
        reason: String,
    },
}

impl FolderError {
    pub(crate) fn at(path: &Path, source: io::Error) -> FolderError {
        FolderError::File {
            path: path.to_owned(),
            source,
        }
    }
}

/// The folder of one run. Cheap to clone.
///
/// ```text
/// submitted.json      what it was made from
/// state.log           its state, appended before anything is done
/// summary.json        what a list shows
/// pods/<node id>/<attempt>/   logs, exit records, collected outputs
/// claims/<name>/      volumes of volumeClaimTemplates
/// lock                held by who runs it
/// orders.sock         where who runs it takes orders
/// orders.jsonl        orders given while nobody ran it
/// ```
#[derive(Clone, Debug)]
pub struct RunFolder {
    home: Home,
    name: String,
    path: PathBuf,
}

/// A log of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Log {
    /// How often the node was begun anew by a retry of the whole workflow.
    pub attempt: u32,
    pub container: String,
    pub path: PathBuf,
}

impl RunFolder {
    pub(crate) fn new(home: Home, name: &str) -> RunFolder {
        RunFolder {
            path: home.path().join("runs").join(name),
            name: name.to_owned(),
            home,
        }
    }

    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the run was made from.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn submitted(&self) -> Result<Submitted, FolderError> {
        Submitted::read(&self.path).map_err(|error| FolderError::at(&self.path, error))
    }

    /// What a list shows of it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn summary(&self) -> Result<Summary, FolderError> {
        Summary::read(&self.path).map_err(|error| FolderError::at(&self.path, error))
    }

    /// The state as last written; none if it was never begun. Safe to call while somebody runs it.
    ///
    /// # Errors
    /// The journal cannot be read, or is damaged elsewhere than at its end.
    pub fn stored(&self) -> Result<Option<Stored>, FolderError> {
        Stored::read(&self.journal())
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path.join("state.log")
    }

    /// The folder of one attempt of one pod.
    #[must_use]
    pub fn pod(&self, node_id: &str, attempt: u32) -> PathBuf {
        self.path
            .join("pods")
            .join(node_id)
            .join(attempt.to_string())
    }

    /// The logs of a pod node, oldest attempt first, `main` last of each; empty if it has none yet.
    #[must_use]
    pub fn logs(&self, node_id: &str) -> Vec<Log> {
        let list = |path: &Path| {
            fs::read_dir(path)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
                .collect::<Vec<_>>()
        };
        let mut logs = Vec::new();
        for folder in list(&self.path.join("pods").join(node_id)) {
            let Some(attempt) = folder
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok())
            else {
                continue;
            };
            for path in list(&folder)
                .into_iter()
                .filter(|path| path.extension().is_some_and(|end| end == "log"))
            {
                let container = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                logs.push(Log {
                    attempt,
                    container,
                    path,
                });
            }
        }
        logs.sort_by(|a, b| {
            (a.attempt, a.container == "main", a).cmp(&(b.attempt, b.container == "main", b))
        });
        logs
    }

    /// Takes the run for this process. Whoever holds it is the only one that drives it, however the process ends.
    ///
    /// # Errors
    /// Somebody else has it.
    pub fn hold(&self) -> Result<Held, FolderError> {
        let file = self.lock_file()?;
        // Who only looks holds the lock for an instant.
        for patience in [1, 4, 16, 0] {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    return Ok(Held {
                        folder: self.clone(),
                        _lock: file,
                    });
                }
                Err(rustix::io::Errno::WOULDBLOCK) if patience > 0 => {
                    std::thread::sleep(Duration::from_millis(patience))
                }
                Err(rustix::io::Errno::WOULDBLOCK) => break,
                Err(error) => return Err(FolderError::at(&self.path.join("lock"), error.into())),
            }
        }
        Err(FolderError::Alive(self.name.clone()))
    }

    /// Whether some process runs it.
    #[must_use]
    pub fn alive(&self) -> bool {
        let taken = |file| {
            flock(file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
        };
        self.lock_file().is_ok_and(taken)
    }

    fn lock_file(&self) -> Result<File, FolderError> {
        let path = self.path.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        file.map_err(|error| FolderError::at(&path, error))
    }
}

/// A run that this process holds.
#[derive(Debug)]
pub struct Held {
    folder: RunFolder,
    _lock: File,
}

impl Deref for Held {
    type Target = RunFolder;

    fn deref(&self) -> &RunFolder {
        &self.folder
    }
}

impl Held {
    /// Replaces the whole state, as after `retry`.
    ///
    /// # Errors
    /// It cannot be written; the old state stays.
    pub fn replace_state(&self, stored: &Stored) -> Result<(), FolderError> {
        let workflow = self.submitted()?.workflow;
        let summary = Summary::of(&workflow, &stored.status);
        // Before the journal: a summary may say that a run goes on which has ended, but not that it has ended while it goes on.
        summary
            .write(self.path())
            .map_err(|error| FolderError::at(self.path(), error))?;
        Journal::write(&self.journal(), stored)
    }

    /// Replaces what the run was made from, as after `retry` with other parameters.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn replace_submitted(&self, submitted: &Submitted) -> Result<(), FolderError> {
        submitted
            .write(self.path())
            .map_err(|error| FolderError::at(self.path(), error))
    }
}
