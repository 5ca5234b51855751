//! Mutexes and semaphores of all workflows of this controller.
//!
//! Who holds what is on record in the workflows themselves (`status.synchronization`): after a restart holders take theirs first, and
//! nobody else gets anything until all workflows that run have been taken up.

use crate::client::{patiently, told};
use crate::workflow::Letter;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tiphys_core::line::{self, Asker, Place};
use tiphys_core::{LockRequest, Observation};
use tokio::sync::mpsc::UnboundedSender;

/// How often the limits of semaphores that somebody waits for are read again.
const LOOK: Duration = Duration::from_secs(5);

pub(crate) struct Locks {
    client: Client,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    /// Who goes first first.
    requests: BTreeMap<Order, Request>,
    /// Where each holder stands.
    places: BTreeMap<String, Order>,
    asked: u64,
    /// Others than holders of before may be granted something.
    open: bool,
    looking: bool,
}

/// Higher priority, then the older workflow, then who asked first.
type Order = (Reverse<i64>, jiff::Timestamp, u64);

struct Request {
    asker: Asker,
    letters: UnboundedSender<Letter>,
    told: Option<String>,
}

impl Locks {
    pub(crate) fn new(client: Client) -> Locks {
        Locks {
            client,
            line: Mutex::default(),
        }
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every workflow that runs has said what it holds: others may come in.
    pub(crate) fn open(&self) {
        let mut line = self.line();
        line.open = true;
        line.settle();
    }

    /// Asks for locks; the answer comes as a letter. `held`: they were held before the controller began.
    pub(crate) async fn acquire(
        self: &std::sync::Arc<Self>,
        run: &str,
        request: LockRequest,
        held: bool,
        letters: UnboundedSender<Letter>,
    ) {
        let mut locks = Vec::new();
        for lock in request.locks {
            let limit = match (lock.limit, lock.mutex) {
                (Some(limit), _) => Some(limit),
                (None, true) => Some(1),
                (None, false) => match self.limit(&lock.name).await {
                    Ok(limit) => Some(limit),
                    // Who held it keeps it: the limit is no concern of theirs.
                    Err(_) if held => Some(u32::MAX),
                    Err(message) => {
                        let holder = request.holder;
                        let refused = Observation::LocksRefused { holder, message };
                        let _ = letters.send(Letter::Seen(refused));
                        return;
                    }
                },
            };
            locks.push((lock.name, limit.map(i64::from)));
        }
        let asker = Asker {
            run: run.to_owned(),
            holder: request.holder.clone(),
            held,
            locks,
        };
        let mut line = self.line();
        line.asked += 1;
        let order = (Reverse(request.priority), request.created, line.asked);
        let order = *line.places.entry(request.holder.clone()).or_insert(order);
        let known = line.requests.entry(order).or_insert(Request {
            asker,
            letters,
            told: None,
        });
        if known.asker.held {
            let holder = request.holder;
            let _ = known
                .letters
                .send(Letter::Seen(Observation::LocksAcquired { holder }));
        }
        line.settle();
        let waits = line.waited().next().is_some();
        if waits && !std::mem::replace(&mut line.looking, true) {
            tokio::spawn(look(self.clone()));
        }
    }

    /// Gives back what a holder has or waits for.
    pub(crate) fn release(&self, holder: &str) {
        let mut line = self.line();
        if let Some(order) = line.places.remove(holder) {
            line.requests.remove(&order);
            line.settle();
        }
    }

    /// Gives back all of a workflow that is gone.
    pub(crate) fn release_all(&self, run: &str) {
        let mut line = self.line();
        let before = line.requests.len();
        line.requests.retain(|_, request| request.asker.run != run);
        let Line {
            requests, places, ..
        } = &mut *line;
        places.retain(|_, order| requests.contains_key(order));
        if line.requests.len() != before {
            line.settle();
        }
    }

    /// The limit that a ConfigMap says: `<ns>/ConfigMap/<name>/<key>`.
    async fn limit(&self, lock: &str) -> Result<u32, String> {
        let parts: Vec<&str> = lock.splitn(4, '/').collect();
        let [namespace, "ConfigMap", name, key] = parts[..] else {
            return Err(format!(
                "the limit of {lock} is in a database, which this version does not read"
            ));
        };
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let map = patiently("read a ConfigMap", || maps.get(name)).await;
        let map =
            map.map_err(|error| format!("the limit of {lock} is not known: {}", told(&error)))?;
        let text = map.data.unwrap_or_default().remove(key).ok_or_else(|| {
            format!("the limit of {lock} is not known: ConfigMap `{name}` has no key `{key}`")
        })?;
        text.trim()
            .parse()
            .map_err(|_| format!("the limit of {lock} is not known: `{text}` is no whole number"))
    }
}

impl Line {
    fn settle(&mut self) {
        if !self.open {
            return;
        }
        let places = line::settle(self.requests.values().map(|request| &request.asker));
        for (request, place) in self.requests.values_mut().zip(places) {
            let holder = request.asker.holder.clone();
            let news = match place {
                Place::Holds if request.asker.held => continue,
                Place::Holds => {
                    request.asker.held = true;
                    Observation::LocksAcquired { holder }
                }
                Place::Waits { lock, message } => {
                    if request.told.as_ref() == Some(&message) {
                        continue;
                    }
                    request.told = Some(message.clone());
                    Observation::LocksWaiting {
                        holder,
                        lock,
                        message,
                    }
                }
            };
            let _ = request.letters.send(Letter::Seen(news));
        }
    }

    /// The semaphores of a ConfigMap that somebody waits for.
    fn waited(&self) -> impl Iterator<Item = &str> {
        let waiting = self.requests.values().filter(|request| !request.asker.held);
        waiting
            .flat_map(|request| &request.asker.locks)
            .map(|(name, _)| name.as_str())
            .filter(|name| name.contains("/ConfigMap/"))
    }
}

/// Reads the limits again until nobody waits.
async fn look(locks: std::sync::Arc<Locks>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let names: BTreeSet<String> = {
            let mut line = locks.line();
            let names = line.waited().map(str::to_owned).collect::<BTreeSet<_>>();
            line.looking = !names.is_empty();
            names
        };
        if names.is_empty() {
            return;
        }
        for name in names {
            // One that cannot be read stays as it was.
            let Ok(limit) = locks.limit(&name).await else {
                continue;
            };
            let mut line = locks.line();
            let all = line.requests.values_mut();
            all.flat_map(|request| &mut request.asker.locks)
                .filter(|(of, _)| *of == name)
                .for_each(|(_, capacity)| *capacity = Some(i64::from(limit)));
            line.settle();
        }
    }
}
