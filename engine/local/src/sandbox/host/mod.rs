//! Steps as processes of this host, each in a copy-on-write view of it.
//!
//! Three kinds of process: this one; one [`spawner`], small and single-threaded, because a fork of this one would be slow and
//! unsafe; and one [`supervisor`] per step, which the spawner clones into the step's namespaces. Each notices at once when the
//! one above it is gone, and takes what is below it along.
//!
//! What a step writes outside its binds lives in memory, in a tmpfs of its own: half of the machine's memory is the bound.

mod cgroup;
mod command;
mod layout;
mod plain;
mod process;
mod pump;
mod spawner;
mod stage;
mod start;
mod supervisor;
mod view;
mod wire;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

pub use start::spawner_main;
use start::{Spawner, spawner};
use wire::{Mode, Reply, frame, unframe};

use super::{Container, Exit, OpenError, StartError};

#[derive(Clone)]
pub(super) struct Host {
    shared: Arc<Shared>,
}

struct Shared {
    mode: Mode,
    scratch: PathBuf,
    warnings: Vec<String>,
    /// Replaced by a new one if it was killed.
    spawner: Mutex<Spawner>,
    /// The keys that run.
    keys: Mutex<HashSet<String>>,
    /// Added to an environment where they are missing.
    base_env: Vec<(String, String)>,
}

impl Host {
    pub(super) fn open(scratch: &Path, forced: Option<&str>) -> Result<Host, OpenError> {
        let usable = |source| OpenError::Scratch {
            path: scratch.to_owned(),
            source,
        };
        fs::create_dir_all(scratch.join("view")).map_err(usable)?;
        let scratch = fs::canonicalize(scratch).map_err(usable)?;
        start::sweep(&scratch);
        let (mode, spawner, mut warnings, refused) = start::strongest(&scratch, forced)?;
        if !mode.view {
            let why = refused.unwrap_or_default();
            warnings.insert(
                0,
                format!(
                    "steps run as plain processes, because this kernel refuses a view of their own ({why}): what they write \
                     outside their folder stays on this machine, and steps that write the same path meet"
                ),
            );
        }
        let inherited = |name: &str, otherwise: &str| {
            (
                name.to_owned(),
                std::env::var(name)
                    .ok()
                    .filter(|value| !value.is_empty())
                    .unwrap_or(otherwise.to_owned()),
            )
        };
        let base_env = vec![inherited("PATH", command::PATH), inherited("HOME", "/")];
        let (spawner, keys) = (Mutex::new(spawner), Mutex::default());
        Ok(Host {
            shared: Arc::new(Shared {
                mode,
                scratch,
                warnings,
                spawner,
                keys,
                base_env,
            }),
        })
    }

    pub(super) fn describe(&self) -> String {
        let mode = self.shared.mode;
        if !mode.view {
            return "host: plain processes, no view of their own".to_owned();
        }
        let user = if mode.user { "user+" } else { "" };
        let pid = if mode.pid { "+pid" } else { "" };
        format!("host: {user}mount{pid}+ipc namespaces, copy-on-write over /")
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.shared.warnings.clone()
    }

    pub(super) async fn start(&self, mut container: Container) -> Result<Step, StartError> {
        if container.argv.is_empty() {
            return Err(StartError::NoCommand);
        }
        let key = Key::take(&self.shared, &container.key)?;
        for (name, value) in &self.shared.base_env {
            if !container.env.iter().any(|(key, _)| key == name) {
                container.env.push((name.clone(), value.clone()));
            }
        }
        let failed = |error: std::io::Error| StartError::Sandbox(error.to_string());
        let mut stream = self.shared.connect().map_err(failed)?;
        let sent = stream.write_all(&frame(&container).map_err(failed)?).await;
        let mut arrived = Vec::new();
        match next(&mut stream, &mut arrived).await.map_err(failed)? {
            Some(Reply::Started { supervisor }) => Ok(Step {
                stream,
                arrived,
                supervisor,
                record: container.record,
                began: Timestamp::now(),
                exit: None,
                key: Some(key),
            }),
            Some(Reply::Refused(error)) => Err(error),
            Some(Reply::Ended(_)) | None => {
                sent.map_err(failed)?;
                Err(StartError::Sandbox(
                    "the process that was to supervise it was killed".to_owned(),
                ))
            }
        }
    }
}

impl Shared {
    /// A stream to a new supervisor.
    fn connect(&self) -> std::io::Result<UnixStream> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        let mut current = self.spawner.lock().unwrap_or_else(PoisonError::into_inner);
        if current.hand_over(&theirs).is_err() {
            *current = spawner(self.mode, &self.scratch)?.0;
            current.hand_over(&theirs)?;
        }
        ours.set_nonblocking(true)?;
        UnixStream::from_std(ours)
    }
}

/// A key that is in use for as long as this lives.
struct Key {
    key: String,
    shared: Arc<Shared>,
}

impl Key {
    fn take(shared: &Arc<Shared>, key: &str) -> Result<Key, StartError> {
        let new = shared
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.to_owned());
        let taken = Key {
            key: key.to_owned(),
            shared: shared.clone(),
        };
        if new {
            return Ok(taken);
        }
        std::mem::forget(taken);
        Err(StartError::Running(key.to_owned()))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.shared
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

/// The next word of a supervisor; `None` if it is gone. What has arrived of it is kept when this is dropped halfway.
async fn next(stream: &mut UnixStream, arrived: &mut Vec<u8>) -> std::io::Result<Option<Reply>> {
    loop {
        if let Some(reply) = unframe(arrived)? {
            return Ok(Some(reply));
        }
        match stream.read_buf(arrived).await {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// A step that was started. Its stream closes when this is dropped, which ends it.
pub(super) struct Step {
    stream: UnixStream,
    arrived: Vec<u8>,
    supervisor: u32,
    record: PathBuf,
    began: Timestamp,
    exit: Option<Exit>,
    key: Option<Key>,
}

impl Step {
    pub(super) async fn wait(&mut self) -> Exit {
        if let Some(exit) = &self.exit {
            return exit.clone();
        }
        let exit = match next(&mut self.stream, &mut self.arrived).await {
            Ok(Some(Reply::Ended(exit))) => exit,
            // It may have written the record and been killed before it could tell.
            _ => Exit::read(&self.record)
                .ok()
                .flatten()
                .unwrap_or_else(|| self.lost()),
        };
        self.key = None;
        self.exit.insert(exit).clone()
    }

    fn lost(&self) -> Exit {
        Exit {
            code: 128 + libc::SIGKILL,
            signal: Some(libc::SIGKILL),
            started: self.began,
            finished: Timestamp::now(),
            collected: Vec::new(),
            missing: Vec::new(),
            cpu_seconds: None,
            max_rss_bytes: None,
            fault: Some("the process that supervised it was killed, and it with it".to_owned()),
        }
    }

    pub(super) fn signal(&self, signal: i32) {
        if let (None, Ok(signal)) = (&self.exit, u8::try_from(signal)) {
            let flags = rustix::net::SendFlags::NOSIGNAL | rustix::net::SendFlags::DONTWAIT;
            let _ = rustix::net::send(&self.stream, &[signal], flags);
        }
    }

    /// The oldest child of the supervisor.
    pub(super) fn pid(&self) -> Option<u32> {
        let supervisor = self.supervisor;
        let children =
            fs::read_to_string(format!("/proc/{supervisor}/task/{supervisor}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::sandbox::{Container, Sandbox};

    /// Here nobody has called `spawner_main`, and there are other threads.
    #[tokio::test]
    async fn a_program_that_is_not_prepared_forks_its_spawner() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::open_host(folder.path(), None).await.unwrap();
        let container = Container {
            key: folder.path().display().to_string(),
            argv: ["sh", "-c", "echo hi; exit 5"].map(str::to_owned).to_vec(),
            log: folder.path().join("log"),
            record: PathBuf::from(folder.path()).join("record"),
            ..Container::default()
        };
        let mut running = sandbox.start(container).await.unwrap();
        assert_eq!(running.wait().await.code, 5);
        assert_eq!(
            std::fs::read_to_string(folder.path().join("log")).unwrap(),
            "hi\n"
        );
    }
}
