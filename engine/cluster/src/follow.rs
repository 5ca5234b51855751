//! Watches: what is there now, what comes, what goes. An interrupted watch begins anew, and what went meanwhile is told then.

use futures::StreamExt;
use kube::runtime::watcher::{self, Config, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Error, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::fmt::Debug;

/// Namespace and name.
pub(crate) type Named = (String, String);

pub(crate) enum News<K> {
    Is(K),
    Gone(Named),
    /// All that was there at the beginning has been told.
    Synced,
}

/// Tells what happens to objects, for ever. `what` is for the log.
pub(crate) async fn follow<K>(
    what: &'static str,
    api: Api<K>,
    config: Config,
    mut tell: impl FnMut(News<K>),
) where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut known: HashSet<Named> = HashSet::new();
    let mut listed: HashSet<Named> = HashSet::new();
    let mut refused = false;
    let mut events = Box::pin(watch(api, config).default_backoff());
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                listed.insert(named(&object));
                known.insert(named(&object));
                tell(News::Is(object));
            }
            Ok(Event::InitDone) => {
                refused = false;
                for gone in known.difference(&listed).cloned().collect::<Vec<_>>() {
                    tell(News::Gone(gone));
                }
                known = std::mem::take(&mut listed);
                tell(News::Synced);
            }
            Ok(Event::Apply(object)) => {
                known.insert(named(&object));
                tell(News::Is(object));
            }
            Ok(Event::Delete(object)) => {
                known.remove(&named(&object));
                tell(News::Gone(named(&object)));
            }
            Err(error) if forbidden(&error) => {
                // Whoever may not see them lives without them; what needs one says that it is not there.
                if !std::mem::replace(&mut refused, true) {
                    tracing::warn!(%error, "failed to watch {what}");
                    tell(News::Synced);
                }
            }
            Err(error) => tracing::warn!(%error, "failed to watch {what}; once more"),
        }
    }
}

fn named<K: Resource>(object: &K) -> Named {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn forbidden(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(Error::Api(status))
        | watcher::Error::WatchStartFailed(Error::Api(status)) => {
            matches!(status.code, 403 | 404)
        }
        _ => false,
    }
}
