//! How many workflows run at once, and who is next. Source: Argo's `parallelism`, `namespaceParallelism`, `spec.priority`.

use crate::client::{code, merge, told};
use crate::ground::Ground;
use crate::kinds::{scope, workflows};
use crate::names::PHASE;
use crate::workflow::{Id, fetch};
use jiff::Timestamp;
use kube::api::DynamicObject;
use serde_json::json;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Label of namespaces: how many workflows of it run at once, whatever the controller's configuration says.
pub(crate) const LIMIT: &str = "workflows.argoproj.io/parallelism-limit";
/// Argo's words.
const POSTPONED: &str =
    "Workflow processing has been postponed because too many workflows are already running";

/// How many may run at once; none: as many as there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parallelism {
    /// Of all namespaces together.
    pub all: Option<usize>,
    /// Of each namespace, unless its label says otherwise.
    pub each: Option<usize>,
}

/// Who comes first: higher priority, then who was made earlier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    priority: Reverse<i64>,
    created: Timestamp,
    uid: Arc<str>,
}

#[derive(Debug, Default)]
struct Namespace {
    /// What its label says.
    limit: Option<usize>,
    running: usize,
    waiting: BTreeMap<Rank, Id>,
}

/// Who runs, and who waits for that.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    most: Parallelism,
    namespaces: HashMap<String, Namespace>,
    running: HashMap<Arc<str>, String>,
    waiting: HashMap<Arc<str>, (String, Rank)>,
}

impl Queue {
    pub fn new(most: Parallelism) -> Queue {
        Queue {
            most,
            ..Queue::default()
        }
    }

    /// Whether a workflow of that namespace may have to wait.
    pub fn bounded(&self, namespace: &str) -> bool {
        self.most.all.is_some() || self.limit(namespace).is_some()
    }

    fn limit(&self, namespace: &str) -> Option<usize> {
        let own = self.namespaces.get(namespace).and_then(|of| of.limit);
        own.or(self.most.each)
    }

    /// What the label of a namespace says.
    pub fn label(&mut self, namespace: &str, limit: Option<usize>) {
        if limit.is_some() || self.namespaces.contains_key(namespace) {
            self.of(namespace).limit = limit;
        }
    }

    fn of(&mut self, namespace: &str) -> &mut Namespace {
        self.namespaces.entry(namespace.to_owned()).or_default()
    }

    /// It runs, whether or not there is room.
    pub fn enter(&mut self, uid: &Arc<str>, namespace: &str) {
        self.forget(uid);
        if self
            .running
            .insert(uid.clone(), namespace.to_owned())
            .is_none()
        {
            self.of(namespace).running += 1;
        }
    }

    /// It waits for its turn.
    pub fn wait(&mut self, id: &Id, priority: i64, created: Timestamp) {
        self.forget(&id.uid);
        let rank = Rank {
            priority: Reverse(priority),
            created,
            uid: id.uid.clone(),
        };
        let place = (id.namespace.clone(), rank.clone());
        self.waiting.insert(id.uid.clone(), place);
        self.of(&id.namespace).waiting.insert(rank, id.clone());
    }

    pub fn waits(&self, uid: &str) -> bool {
        self.waiting.contains_key(uid)
    }

    fn forget(&mut self, uid: &str) {
        if let Some((namespace, rank)) = self.waiting.remove(uid) {
            self.of(&namespace).waiting.remove(&rank);
        }
    }

    /// It neither runs nor waits any more.
    pub fn leave(&mut self, uid: &str) {
        self.forget(uid);
        if let Some(namespace) = self.running.remove(uid) {
            let of = self.of(&namespace);
            of.running = of.running.saturating_sub(1);
        }
    }

    /// The next one for whom there is room: it counts as running.
    pub fn next(&mut self) -> Option<Id> {
        if self.most.all.is_some_and(|most| self.running.len() >= most) {
            return None;
        }
        let room = |of: &&Namespace| {
            let limit = of.limit.or(self.most.each);
            limit.is_none_or(|limit| of.running < limit)
        };
        let first = self.namespaces.values().filter(room);
        let first = first.filter_map(|of| of.waiting.first_key_value());
        let (_, id) = first.min_by(|(one, _), (other, _)| one.cmp(other))?;
        let id = id.clone();
        self.enter(&id.uid, &id.namespace);
        Some(id)
    }
}

/// What a workflow's place depends on.
pub(crate) struct Asks {
    pub priority: i64,
    pub created: Timestamp,
    /// It is to end, and need not wait for that.
    pub ends: bool,
    /// It is on record that it waits.
    pub told: bool,
    version: String,
}

/// Reads what a workflow's place depends on; none if it is gone, or cannot be read.
pub(crate) async fn asks(ground: &Ground, id: &Id) -> Option<Asks> {
    let found = fetch(ground, id).await.inspect_err(|error| {
        tracing::warn!(
            workflow = id.name,
            "failed to get a workflow: {}",
            told(error)
        );
    });
    let object = found.ok()??;
    let created = object.metadata.creation_timestamp;
    let data = object.data;
    Some(Asks {
        priority: data["spec"]["priority"].as_i64().unwrap_or(0),
        created: created.map_or(Timestamp::UNIX_EPOCH, |time| time.0),
        ends: data["spec"]["shutdown"]
            .as_str()
            .is_some_and(|how| !how.is_empty()),
        told: data["status"]["message"] == POSTPONED,
        version: object.metadata.resource_version.unwrap_or_default(),
    })
}

/// Puts on record that a workflow waits, unless somebody has written to it since it was read.
pub(crate) async fn postpone(ground: &Ground, id: &Id, asks: &Asks) {
    let api = scope::<DynamicObject>(&ground.client, Some(&id.namespace), &workflows());
    let patch = json!({
        "metadata": {"resourceVersion": asks.version, "labels": {PHASE: "Pending"}},
        "status": {"phase": "Pending", "message": POSTPONED},
    });
    if let Err(error) = merge("postpone a workflow", &api, &id.name, patch).await
        && !matches!(code(&error), Some(404 | 409))
    {
        tracing::warn!(
            workflow = id.name,
            "failed to say that a workflow waits: {}",
            told(&error)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(namespace: &str, name: &str) -> Id {
        Id {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: name.into(),
        }
    }

    fn queue(all: Option<usize>, each: Option<usize>) -> Queue {
        Queue::new(Parallelism { all, each })
    }

    fn wait(queue: &mut Queue, namespace: &str, name: &str, priority: i64, second: i64) {
        let created = Timestamp::from_second(second).unwrap();
        queue.wait(&id(namespace, name), priority, created);
    }

    fn next(queue: &mut Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.next())
            .map(|id| id.name)
            .collect()
    }

    #[test]
    fn higher_priority_first_then_who_came_first() {
        let mut queue = queue(Some(2), None);
        for (name, priority, second) in [("late", 0, 9), ("early", 0, 1), ("high", 5, 20)] {
            wait(&mut queue, "a", name, priority, second);
        }
        assert_eq!(next(&mut queue), ["high", "early"]);
        queue.leave("high");
        assert_eq!(next(&mut queue), ["late"]);
        assert!(!queue.waits("late"));
    }

    #[test]
    fn a_full_namespace_does_not_hold_up_another() {
        let mut queue = queue(None, Some(1));
        queue.label("big", Some(2));
        for name in ["s1", "s2"] {
            wait(&mut queue, "small", name, 9, 0);
        }
        for name in ["b1", "b2", "b3"] {
            wait(&mut queue, "big", name, 0, 0);
        }
        let mut begun = next(&mut queue);
        begun.sort();
        assert_eq!(begun, ["b1", "b2", "s1"]);
        queue.label("big", None);
        queue.leave("b1");
        assert_eq!(next(&mut queue), [""; 0]);
        queue.leave("b2");
        assert_eq!(next(&mut queue), ["b3"]);
    }

    #[test]
    fn who_runs_already_counts_and_is_never_put_back() {
        let mut queue = queue(Some(1), None);
        queue.enter(&"r1".into(), "a");
        queue.enter(&"r2".into(), "a");
        queue.enter(&"r2".into(), "a");
        wait(&mut queue, "a", "w", 0, 0);
        queue.leave("r1");
        assert_eq!(next(&mut queue), [""; 0]);
        queue.leave("r2");
        assert_eq!(next(&mut queue), ["w"]);
        assert!(!Queue::default().bounded("a"));
    }
}
