//! `retentionPolicy`: of the workflows that have ended in a phase only so many stay, and the oldest go.

use crate::expiry;
use crate::ground::Ground;
use crate::kinds::Meta;
use crate::names::PHASE;
use crate::workflow::Id;
use jiff::Timestamp;
use kube::ResourceExt;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Deletions that may be on their way to the API server at once: a policy that is new may find thousands to delete.
const ROOM: usize = 8;

/// How many workflows stay that have ended; none, or 0: all of them. Source: Argo's `retentionPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Those that succeeded.
    pub completed: usize,
    pub failed: usize,
    /// Those that ended with an error.
    pub errored: usize,
}

impl Retention {
    fn most(self, phase: &str) -> Option<usize> {
        let most = match phase {
            "Succeeded" => self.completed,
            "Failed" => self.failed,
            "Error" => self.errored,
            _ => 0,
        };
        (most > 0).then_some(most)
    }
}

/// When it was made, and which it is.
type Place = (Timestamp, Arc<str>);

/// The workflows that have ended and stay so far. All namespaces count together, as Argo's do.
pub(crate) struct Retained {
    policy: Retention,
    /// By phase, the oldest first: the workflow, and the version of it that was heard of last.
    of: HashMap<String, BTreeMap<Place, (Id, String)>>,
    places: HashMap<Arc<str>, (String, Place)>,
    room: Arc<Semaphore>,
}

impl Retained {
    pub(crate) fn new(policy: Retention) -> Retained {
        Retained {
            policy,
            of: HashMap::new(),
            places: HashMap::new(),
            room: Arc::new(Semaphore::new(ROOM)),
        }
    }

    /// A workflow has ended, or has been written to since: those go that are too many now.
    pub(crate) fn ended(&mut self, ground: &Arc<Ground>, meta: &Meta, id: &Id) {
        let created = meta.creation_timestamp().map(|created| created.0);
        let phase = meta.labels().get(PHASE).map_or("", String::as_str);
        let (Some(created), Some(version)) = (created, meta.resource_version()) else {
            return;
        };
        if meta.metadata.deletion_timestamp.is_some() {
            return self.gone(&id.uid);
        }
        for (id, version) in self.add(phase, created, id, version) {
            let (ground, room) = (ground.clone(), self.room.clone());
            tokio::spawn(async move {
                // It is never closed.
                let _room = room.acquire().await;
                expiry::delete(&ground, &id, &version, "more of its phase are newer").await;
            });
        }
    }

    fn add(
        &mut self,
        phase: &str,
        created: Timestamp,
        id: &Id,
        version: String,
    ) -> Vec<(Id, String)> {
        self.gone(&id.uid);
        let Some(most) = self.policy.most(phase) else {
            return Vec::new();
        };
        let place = (created, id.uid.clone());
        let own = (phase.to_owned(), place.clone());
        self.places.insert(id.uid.clone(), own);
        let all = self.of.entry(phase.to_owned()).or_default();
        all.insert(place, (id.clone(), version));
        let mut over = Vec::new();
        while all.len() > most
            && let Some(((_, uid), oldest)) = all.pop_first()
        {
            self.places.remove(&uid);
            over.push(oldest);
        }
        over
    }

    /// It is not there any more, or runs again.
    pub(crate) fn gone(&mut self, uid: &str) {
        if let Some((phase, place)) = self.places.remove(uid)
            && let Some(all) = self.of.get_mut(&phase)
        {
            all.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_a_phase_go() {
        let mut kept = Retained::new(Retention {
            completed: 2,
            ..Retention::default()
        });
        let mut end = |name: &str, second: i64, phase: &str| -> Vec<String> {
            let id = Id {
                namespace: "n".to_owned(),
                name: name.to_owned(),
                uid: name.into(),
            };
            let created = Timestamp::from_second(second).unwrap();
            let over = kept.add(phase, created, &id, "1".to_owned());
            over.into_iter().map(|(id, _)| id.name).collect()
        };
        assert!(end("b", 2, "Succeeded").is_empty());
        assert!(end("c", 3, "Succeeded").is_empty());
        // Heard of once more.
        assert!(end("c", 3, "Succeeded").is_empty());
        assert_eq!(end("a", 1, "Succeeded"), ["a"]);
        assert_eq!(end("d", 4, "Succeeded"), ["b"]);
        for second in 0..9 {
            assert!(end(&format!("f{second}"), second, "Failed").is_empty());
        }
        kept.gone("c");
        kept.gone("c");
        let left: Vec<_> = kept.of["Succeeded"]
            .values()
            .map(|(id, _)| &id.name)
            .collect();
        assert_eq!(left, ["d"]);
        assert_eq!(kept.places.len(), 1);
    }
}
