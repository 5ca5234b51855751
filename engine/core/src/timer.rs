//! Times at which something has to be looked at again.

use crate::NodeIx;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// The workflow's `activeDeadlineSeconds`.
    Workflow,
    /// A node's `timeout` or `activeDeadlineSeconds`.
    Node(NodeIx),
    /// A node's `pendingTimeout`.
    Pending(NodeIx),
    /// A suspend node's `duration`.
    Suspend(NodeIx),
    /// The pause before a retry.
    Backoff(NodeIx),
    /// The next call of a plug-in that asked for one.
    Call(NodeIx),
}

#[derive(Debug, Default)]
pub(crate) struct Timers(BinaryHeap<Reverse<(Timestamp, Due)>>);

impl Timers {
    pub fn add(&mut self, at: Timestamp, due: Due) {
        self.0.push(Reverse((at, due)));
    }

    pub fn next(&self) -> Option<Timestamp> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// The next one that is due at `now`.
    pub fn pop(&mut self, now: Timestamp) -> Option<Due> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse((_, due))| due)
    }

    /// Drops what stands first and is no longer of interest, so that nobody is woken for it.
    pub fn prune(&mut self, mut dead: impl FnMut(Due) -> bool) {
        while let Some(Reverse((_, due))) = self.0.peek() {
            if !dead(*due) {
                return;
            }
            self.0.pop();
        }
    }
}
