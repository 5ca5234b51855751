//! A host that does what its script says.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::Value;

use super::exchange::Exchange;
use crate::http::Sent;
use crate::log::Level;
use crate::outcome::Outcome;
use crate::plugin::Plugin;
use crate::request::Request;

/// A host that does what its script says. What the script has not is refused, as an operator's grants would.
///
/// ```
/// use tiphys_plugin::test::{Exchange, Host};
/// use tiphys_plugin::{clock, http};
///
/// let mut host = Host::new()
///     .now(1_700_000_000_000)
///     .secret("api", "token", "s3cr3t")
///     .config_map("settings", "region", "eu")
///     .artifact("in/a.txt", "abc")
///     .file("models/a.json", "{}")
///     .http(Exchange::get("https://example.test/").answer(200, "hello"));
/// let text = host.run(|| http::get("https://example.test/").send().unwrap().text().unwrap());
/// assert_eq!(text, "hello");
/// assert_eq!(host.sent().len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Host {
    pub(super) now: u64,
    pub(super) waited: u64,
    pub(super) exchanges: VecDeque<Exchange>,
    pub(super) sent: Vec<Sent>,
    pub(super) secrets: BTreeMap<(String, String), Vec<u8>>,
    pub(super) config_maps: BTreeMap<(String, String), String>,
    pub(super) artifacts: BTreeMap<String, Vec<u8>>,
    pub(super) written: BTreeMap<String, Vec<u8>>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) lines: Vec<(Level, String)>,
}

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// The host of this thread.
pub(super) fn with<T>(work: impl FnOnce(&mut Host) -> T) -> T {
    HOST.with_borrow_mut(|host| work(host.get_or_insert_default()))
}

impl Host {
    /// A host that has nothing; its clock stands at 1970.
    pub fn new() -> Host {
        Host::default()
    }

    /// The time of day, in milliseconds since 1970.
    #[must_use]
    pub fn now(mut self, millis: u64) -> Host {
        self.now = millis;
        self
    }

    /// The next HTTP request that is expected. They are used up in order.
    #[must_use]
    pub fn http(mut self, exchange: Exchange) -> Host {
        self.exchanges.push_back(exchange);
        self
    }

    /// A Secret's key.
    #[must_use]
    pub fn secret(mut self, name: &str, key: &str, value: impl Into<Vec<u8>>) -> Host {
        let at = (name.to_owned(), key.to_owned());
        self.secrets.insert(at, value.into());
        self
    }

    /// A ConfigMap's key.
    #[must_use]
    pub fn config_map(mut self, name: &str, key: &str, value: &str) -> Host {
        let at = (name.to_owned(), key.to_owned());
        self.config_maps.insert(at, value.to_owned());
        self
    }

    /// An artifact in the storage, by its key.
    #[must_use]
    pub fn artifact(mut self, key: &str, bytes: impl Into<Vec<u8>>) -> Host {
        self.artifacts.insert(key.to_owned(), bytes.into());
        self
    }

    /// A file in a granted folder.
    #[must_use]
    pub fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Host {
        self.files.insert(path.to_owned(), bytes.into());
        self
    }

    /// Does something with this host.
    pub fn run<T>(&mut self, work: impl FnOnce() -> T) -> T {
        /// Gives the host back however the work ends.
        struct Lent<'a>(&'a mut Host);
        impl Drop for Lent<'_> {
            fn drop(&mut self) {
                *self.0 = HOST.take().unwrap_or_default();
            }
        }
        HOST.set(Some(std::mem::take(self)));
        let _lent = Lent(self);
        work()
    }

    /// Executes a body once.
    pub fn execute<P: Plugin>(&mut self, kind: &str, body: Value) -> Outcome {
        self.once::<P>(Request::of(kind, body))
    }

    /// Executes a request once.
    pub fn once<P: Plugin>(&mut self, request: Request) -> Outcome {
        self.run(|| P::execute(request)).into()
    }

    /// Executes a request until it is no longer pending (64 rounds at most); the clock goes on by what each round asks for.
    pub fn to_end<P: Plugin>(&mut self, mut request: Request) -> Vec<Outcome> {
        let mut rounds = Vec::new();
        loop {
            let outcome = self.once::<P>(request.clone());
            let next = match &outcome {
                Outcome::Pending { after, state, .. } if rounds.len() < 63 => {
                    Some((*after, state.clone()))
                }
                _ => None,
            };
            rounds.push(outcome);
            let Some((after, state)) = next else {
                return rounds;
            };
            self.now += after;
            self.waited += after;
            request.round += 1;
            request.raw_state = Some(state);
        }
    }

    /// What the rounds of [`Host::to_end`] waited, in all.
    pub fn waited(&self) -> Duration {
        Duration::from_millis(self.waited)
    }

    /// The requests that were sent.
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// How many of the expected requests have not been sent.
    pub fn left(&self) -> usize {
        self.exchanges.len()
    }

    /// An output artifact that was written and finished.
    pub fn written(&self, name: &str) -> Option<&[u8]> {
        self.written.get(name).map(Vec::as_slice)
    }

    /// The lines that were logged.
    pub fn lines(&self) -> &[(Level, String)] {
        &self.lines
    }
}
