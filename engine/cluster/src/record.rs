//! What the API server holds of a run, and the patch that brings it up to date.

use crate::names::{ATTEMPT, COMPLETED, EXPIRES, PHASE, POD_NAME_FORMAT};
use crate::patch::diff;
use crate::stored::{StoredError, nodes, pack};
use serde_json::{Map, Value, json};
use tiphys_core::{NodeIx, Run, Shutdown};

/// What etcd takes of an object, in bytes, with room for the rest of the request. Source: Argo packs nodes from 1 MiB on, too.
const MOST: usize = 1 << 20;

/// What a run decides of its object, besides the nodes. Whatever else is there stays.
const OWN: [(&str, &[&str]); 4] = [
    ("/metadata/labels", &[PHASE, COMPLETED]),
    (
        "/metadata/annotations",
        &[ATTEMPT, EXPIRES, POD_NAME_FORMAT],
    ),
    ("/spec", &["suspend", "shutdown"]),
    (
        "/status",
        &[
            "phase",
            "message",
            "startedAt",
            "finishedAt",
            "progress",
            "outputs",
            "conditions",
            "resourcesDuration",
            "synchronization",
        ],
    ),
];

/// A run does not fit into its object. A fragment that fits after "failed to ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "store the nodes of the workflow: packed they have {packed} bytes, and its object has room for {room}"
)]
pub struct TooLarge {
    pub packed: usize,
    pub room: usize,
}

/// What a Workflow object holds of a run. The cost of an update grows with what changed, and not with the workflow, as long as the
/// nodes fit unpacked.
#[derive(Debug)]
pub struct Record {
    /// Labels, annotations and parts of `spec` and `status`, as an object of the same shape.
    rest: Value,
    nodes: Map<String, Value>,
    /// Bytes of all nodes.
    size: usize,
    /// What the nodes may have.
    room: usize,
    packed: bool,
    /// `status.synchronization`: what the run holds and waits for.
    pub locks: Option<Value>,
    /// When the object may be deleted, once the run has ended.
    pub expires: Option<String>,
}

impl Record {
    /// Reads the object.
    ///
    /// # Errors
    /// Its nodes are not to be had.
    pub fn of(object: &Value) -> Result<Self, StoredError> {
        let status = &object["status"];
        let nodes = nodes(status)?;
        let all = size(object);
        let stored = size(&status["nodes"]) + size(&status["compressedNodes"]);
        Ok(Self {
            rest: own(object),
            size: nodes.iter().map(entry).sum(),
            nodes,
            room: MOST.saturating_sub(all.saturating_sub(stored)),
            packed: status["compressedNodes"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            locks: None,
            expires: None,
        })
    }

    /// Has the nodes leave room for something else that is to be in the object; false where it would take the better part of it.
    pub fn reserve(&mut self, more: &Value) -> bool {
        let size = size(more);
        let fits = size < self.room / 2;
        if fits {
            self.room -= size;
        }
        fits
    }

    /// The merge patch that brings the object to where the run is; none if it is there. `changed` are the nodes that may differ. The
    /// record counts as written: if it was not, read the object again and begin a new record with all nodes.
    ///
    /// # Errors
    /// The nodes do not fit, however packed.
    pub fn update(
        &mut self,
        run: &Run,
        changed: impl IntoIterator<Item = NodeIx>,
    ) -> Result<Option<Value>, TooLarge> {
        let mut nodes = Map::new();
        for ix in changed {
            let node = run.node(ix);
            let new = serde_json::to_value(node).unwrap_or_default();
            if let Some(patch) = diff(self.nodes.get(&node.id), Some(&new)) {
                let was = self
                    .nodes
                    .get(&node.id)
                    .map_or(0, |old| entry((&node.id, old)));
                self.size = self.size - was + entry((&node.id, &new));
                self.nodes.insert(node.id.clone(), new);
                nodes.insert(node.id.clone(), patch);
            }
        }
        let rest = rest(run, self.locks.as_ref(), self.expires.as_deref());
        let patch = diff(Some(&self.rest), Some(&rest));
        self.rest = rest;
        if nodes.is_empty() {
            return Ok(patch);
        }
        let mut patch = patch.unwrap_or_else(|| json!({}));
        if self.packed || self.size > self.room {
            let packed = pack(&self.nodes);
            if packed.len() > self.room {
                return Err(TooLarge {
                    packed: packed.len(),
                    room: self.room,
                });
            }
            // Once packed it stays so: nodes do not get fewer.
            if !self.packed {
                patch["status"]["nodes"] = Value::Null;
            }
            self.packed = true;
            patch["status"]["compressedNodes"] = packed.into();
        } else {
            patch["status"]["nodes"] = nodes.into();
        }
        Ok(Some(patch))
    }
}

/// Everything that a run decides of its object, but for the nodes.
fn rest(run: &Run, locks: Option<&Value>, expires: Option<&str>) -> Value {
    let extra = run.extra();
    let mut status = serde_json::to_value(run.summary()).unwrap_or_default();
    status["synchronization"] = locks.cloned().unwrap_or_default();
    let phase = status["phase"].as_str().filter(|word| !word.is_empty());
    own(&json!({
        "metadata": {
            "labels": {PHASE: phase, COMPLETED: run.phase().completed().to_string()},
            "annotations": {
                POD_NAME_FORMAT: "v2",
                EXPIRES: expires,
                ATTEMPT: (extra.attempt > 0).then(|| extra.attempt.to_string()),
            },
        },
        "spec": {
            "suspend": extra.suspended.then_some(true),
            "shutdown": extra.shutdown.map(Shutdown::as_str),
        },
        "status": status,
    }))
}

/// Those parts of an object, in an object of the same shape.
fn own(object: &Value) -> Value {
    let mut own = json!({"metadata": {"labels": {}, "annotations": {}}, "spec": {}, "status": {}});
    for (at, fields) in OWN {
        let (Some(from), Some(to)) = (object.pointer(at), own.pointer_mut(at)) else {
            continue;
        };
        for field in fields {
            if let Some(value) = from.get(field).filter(|value| !value.is_null()) {
                to[field] = value.clone();
            }
        }
    }
    own
}

fn entry((id, node): (&String, &Value)) -> usize {
    // Quotes, a colon and a comma.
    id.len() + 4 + size(node)
}

/// Bytes of a value as JSON.
fn size(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting does not fail.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}
