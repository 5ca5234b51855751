//! Locks and the memo cache of all runs of a home, in one SQLite file that several processes use at once.
//!
//! Nothing of it exists, not even the file, until a workflow asks for a lock or a cache.

mod locks;
mod memo;
mod session;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use tiphys_core::{LockRequest, Observation};
use tiphys_spec as spec;
use tokio::sync::{Notify, mpsc};

use session::Session;
use watch::Watch;

/// How often who waits looks whether a holder is gone. What is given back wakes it at once.
const LOOK: Duration = Duration::from_millis(50);

/// Why the store cannot be used. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("use the store {path}: {reason}")]
    Unusable { path: PathBuf, reason: String },
}

/// The store as one run uses it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    /// Which run asks: holders of different runs must not be taken for each other.
    run: String,
    open: Mutex<Option<Open>>,
    changed: Notify,
    observations: mpsc::UnboundedSender<Observation>,
}

struct Open {
    connection: Connection,
    session: Session,
    watch: Watch,
    /// Who waits here, and what was last said about it.
    waiting: Vec<(String, String)>,
    looking: bool,
}

impl Store {
    pub(crate) fn new(
        path: PathBuf,
        run: &str,
        observations: mpsc::UnboundedSender<Observation>,
    ) -> Store {
        let (open, changed) = (Mutex::new(None), Notify::new());
        Store {
            shared: Arc::new(Shared {
                path,
                run: run.to_owned(),
                open,
                changed,
                observations,
            }),
        }
    }

    /// Asks for all locks of a request; whether and when they are there comes as an observation.
    pub(crate) async fn acquire(&self, request: LockRequest) -> Result<(), StoreError> {
        let looking = self
            .with(move |open, shared| {
                locks::want(&mut open.connection, &open.session, &shared.run, &request)?;
                shared.settle(open, Some(&request.holder))?;
                Ok(!open.waiting.is_empty() && !std::mem::replace(&mut open.looking, true))
            })
            .await?;
        if looking {
            tokio::spawn(look(self.shared.clone()));
        }
        self.shared.changed.notify_one();
        Ok(())
    }

    /// Gives back what a holder has or waits for. Nothing is opened if nothing was ever asked for.
    pub(crate) async fn release(&self, holder: String) -> Result<(), StoreError> {
        if !self.shared.path.exists() {
            return Ok(());
        }
        self.with(move |open, shared| {
            open.waiting.retain(|(waiting, _)| *waiting != holder);
            if locks::give_back(&mut open.connection, &shared.run, &holder)? {
                shared.settle(open, None)?;
                open.watch.tell();
            }
            Ok(())
        })
        .await
    }

    pub(crate) async fn remember(
        &self,
        cache: String,
        key: String,
        node: String,
        outputs: spec::Outputs,
    ) -> Result<(), StoreError> {
        self.with(move |open, _| {
            memo::save(
                &open.connection,
                &cache,
                &key,
                &node,
                &outputs,
                Timestamp::now(),
            )
        })
        .await
    }

    pub(crate) async fn recall(
        &self,
        cache: String,
        key: String,
    ) -> Result<Option<(spec::Outputs, Timestamp)>, StoreError> {
        self.with(move |open, _| memo::find(&open.connection, &cache, &key, Timestamp::now()))
            .await
    }

    async fn with<T: Send + 'static>(
        &self,
        go: impl FnOnce(&mut Open, &Shared) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let done = tokio::task::spawn_blocking(move || shared.with(go)).await;
        done.unwrap_or_else(|error| Err(self.shared.unusable(error)))
    }
}

impl Shared {
    fn unusable(&self, reason: impl ToString) -> StoreError {
        StoreError::Unusable {
            path: self.path.clone(),
            reason: reason.to_string(),
        }
    }

    fn with<T>(
        &self,
        go: impl FnOnce(&mut Open, &Shared) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = Some(Open::new(&self.path)?);
        }
        let Some(open) = open.as_mut() else {
            return Err(self.unusable("it is not open"));
        };
        go(open, self).map_err(|error| self.unusable(error))
    }

    /// Grants what can be granted, to whoever it is, and tells those who wait here.
    fn settle(&self, open: &mut Open, asked: Option<&str>) -> rusqlite::Result<()> {
        let settled = locks::settle(&mut open.connection, &open.session, &self.run)?;
        if settled.granted_others {
            open.watch.tell();
        }
        for holder in settled.holding {
            let waited = open
                .waiting
                .iter()
                .position(|(waiting, _)| *waiting == holder)
                .map(|at| open.waiting.swap_remove(at));
            if waited.is_some() || asked == Some(holder.as_str()) {
                let _ = self
                    .observations
                    .send(Observation::LocksAcquired { holder });
            }
        }
        for wait in settled.waiting {
            let known = open
                .waiting
                .iter_mut()
                .find(|(holder, _)| *holder == wait.holder);
            let news = match known {
                Some((_, message)) => {
                    std::mem::replace(message, wait.message.clone()) != wait.message
                }
                None => {
                    open.waiting
                        .push((wait.holder.clone(), wait.message.clone()));
                    true
                }
            };
            if news {
                let _ = self.observations.send(Observation::LocksWaiting {
                    holder: wait.holder,
                    lock: wait.lock,
                    message: wait.message,
                });
            }
        }
        Ok(())
    }
}

/// Looks again whenever something was given back, and every now and then in case a holder was killed, until nobody waits here.
async fn look(shared: Arc<Shared>) {
    let Some(fd) = shared
        .open
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        .map(|open| open.watch.descriptor())
    else {
        return;
    };
    loop {
        tokio::select! {
            () = shared.changed.notified() => {}
            () = watch::told(fd.as_ref()) => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        let again = shared.clone();
        let waits = tokio::task::spawn_blocking(move || {
            again.with(|open, shared| {
                open.watch.clear();
                shared.settle(open, None)?;
                open.looking = !open.waiting.is_empty();
                Ok(open.looking)
            })
        });
        match waits.await {
            Ok(Ok(false)) | Err(_) => return,
            Ok(Ok(true)) => {}
            Ok(Err(error)) => tracing::warn!("failed to {error}"),
        }
    }
}

impl Open {
    fn new(path: &Path) -> Result<Open, StoreError> {
        let unusable = |reason: String| StoreError::Unusable {
            path: path.to_owned(),
            reason,
        };
        let sql = |error: rusqlite::Error| unusable(error.to_string());
        let connection = Connection::open(path).map_err(sql)?;
        connection
            .busy_timeout(Duration::from_secs(30))
            .map_err(sql)?;
        // Several processes may make the file at the same moment, and the switch to WAL does not wait its turn.
        let mut tries = 0;
        while let Err(error) = connection.pragma_update(None, "journal_mode", "wal") {
            tries += 1;
            if tries == 200 {
                return Err(sql(error));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        connection
            .pragma_update(None, "synchronous", "normal")
            .map_err(sql)?;
        connection.execute_batch(locks::TABLES).map_err(sql)?;
        connection.execute_batch(memo::TABLES).map_err(sql)?;
        let session = Session::new(&path.with_extension("sessions"))
            .map_err(|error| unusable(error.to_string()))?;
        let watch = Watch::new(&path.with_extension("wake"))
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Open {
            connection,
            session,
            watch,
            waiting: Vec::new(),
            looking: false,
        })
    }
}

#[cfg(test)]
mod tests;
