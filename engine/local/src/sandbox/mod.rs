//! The thing that runs one container of a step.
//!
//! Two kinds. `host` runs a process of this machine in its own mount, pid and ipc namespaces, over a copy-on-write view of the
//! host's root: nothing it writes outside its binds lasts, and two steps that write the same path do not meet. `docker` hands
//! the container to an engine.
//!
//! No process, mount or file of a container outlives this process, however it ends. What does outlive it is the log, the
//! collected outputs and the record, which is written before anyone is told.
//!
//! `main` must call [`spawner_main`] before anything else, above all before a thread exists: the host sandbox starts steps from
//! a small helper process, which is this same executable under another name.

mod collect;
mod container;
#[cfg(feature = "docker")]
mod docker;
mod exit;
mod fault;
mod host;

use std::path::Path;
use std::time::Duration;

pub use container::{Bind, Collect, Container, Kind, Limits, UnknownKind};
pub use exit::Exit;
pub use fault::{OpenError, StartError};
pub use host::spawner_main;

/// Where containers run. Cheap to clone; the last clone that goes takes what still runs with it.
#[derive(Clone)]
pub struct Sandbox {
    inner: Inner,
}

#[derive(Clone)]
enum Inner {
    Host(host::Host),
    #[cfg(feature = "docker")]
    Docker(docker::Docker),
}

impl Sandbox {
    /// Opens a sandbox of the given kind, or of `docker` if an engine answers and `host` otherwise. `scratch` is a folder for
    /// what lives no longer than the sandbox; it is created.
    ///
    /// # Errors
    /// The kind asked for is not to be had here. `host` always is, if only as plain processes: see [`Sandbox::warnings`].
    pub async fn open(kind: Option<Kind>, scratch: &Path) -> Result<Sandbox, OpenError> {
        if kind == Some(Kind::Host) {
            return Sandbox::open_host(scratch, None).await;
        }
        match (Sandbox::open_docker().await, kind) {
            (Err(_), None) => Sandbox::open_host(scratch, None).await,
            (opened, _) => opened,
        }
    }

    #[cfg(feature = "docker")]
    async fn open_docker() -> Result<Sandbox, OpenError> {
        Ok(Sandbox {
            inner: Inner::Docker(docker::Docker::open().await?),
        })
    }

    #[cfg(not(feature = "docker"))]
    async fn open_docker() -> Result<Sandbox, OpenError> {
        Err(OpenError::Engine(
            "this program was built without the feature `docker`".to_owned(),
        ))
    }

    /// A host sandbox that tries only the weaker mode `forced`: for tests of what happens where the kernel refuses more.
    #[doc(hidden)]
    pub async fn open_host(
        scratch: &Path,
        forced: Option<&'static str>,
    ) -> Result<Sandbox, OpenError> {
        let scratch = scratch.to_owned();
        let opened = tokio::task::spawn_blocking(move || host::Host::open(&scratch, forced)).await;
        let host = opened.map_err(|error| OpenError::Spawner(std::io::Error::other(error)))??;
        Ok(Sandbox {
            inner: Inner::Host(host),
        })
    }

    /// One line for the head of a run, such as `host: mount+pid+ipc namespaces, copy-on-write over /`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.inner {
            Inner::Host(host) => host.describe(),
            #[cfg(feature = "docker")]
            Inner::Docker(docker) => docker.describe(),
        }
    }

    /// What the user should know about this sandbox before a run, one line each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        match &self.inner {
            Inner::Host(host) => host.warnings(),
            #[cfg(feature = "docker")]
            Inner::Docker(_) => Vec::new(),
        }
    }

    /// Starts a container. When this returns `Ok`, its command is running (or has already ended).
    ///
    /// # Errors
    /// The command did not start; nothing is left of it and no record is written.
    pub async fn start(&self, container: Container) -> Result<Running, StartError> {
        match &self.inner {
            Inner::Host(host) => Ok(Running {
                inner: RunningInner::Host(host.start(container).await?),
            }),
            #[cfg(feature = "docker")]
            Inner::Docker(docker) => Ok(Running {
                inner: RunningInner::Docker(docker.start(container).await?),
            }),
        }
    }
}

/// A container that was started. Dropping it before it has ended kills it, without a record.
pub struct Running {
    inner: RunningInner,
}

enum RunningInner {
    Host(host::Step),
    #[cfg(feature = "docker")]
    Docker(docker::Step),
}

impl Running {
    /// Waits until the container has ended, its outputs are collected and its record is written. May be called again, and
    /// dropped halfway.
    pub async fn wait(&mut self) -> Exit {
        match &mut self.inner {
            RunningInner::Host(step) => step.wait().await,
            #[cfg(feature = "docker")]
            RunningInner::Docker(step) => step.wait().await,
        }
    }

    /// Sends a signal (its number) to the container's main process; to none if it has ended.
    pub fn signal(&self, signal: i32) {
        match &self.inner {
            RunningInner::Host(step) => step.signal(signal),
            #[cfg(feature = "docker")]
            RunningInner::Docker(step) => step.signal(signal),
        }
    }

    /// Asks the container to end (TERM), kills it if it has not ended within `grace`, and waits for it.
    pub async fn stop(&mut self, grace: Duration) -> Exit {
        self.signal(libc::SIGTERM);
        match tokio::time::timeout(grace, self.wait()).await {
            Ok(exit) => exit,
            Err(_) => {
                self.signal(libc::SIGKILL);
                self.wait().await
            }
        }
    }

    /// The process id of the main process as this host sees it; `None` where an engine does not tell.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &self.inner {
            RunningInner::Host(step) => step.pid(),
            #[cfg(feature = "docker")]
            RunningInner::Docker(step) => step.pid(),
        }
    }
}
