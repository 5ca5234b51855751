//! How far nodes have come, as `N/M`, and the workflow as the sum of them. Source: Argo.

use crate::NodeIx;
use crate::run::Run;

/// What one node has done, of how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub done: u64,
    pub of: u64,
}

impl Progress {
    /// What counts of a node that says nothing.
    pub const NONE: Progress = Progress { done: 0, of: 1 };

    /// `N/M` with 0 ≤ N ≤ M and M > 0.
    pub fn parse(text: &str) -> Option<Progress> {
        let (done, of) = text.split_once('/')?;
        let (done, of) = (done.parse().ok()?, of.parse().ok()?);
        (of > 0 && done <= of).then_some(Progress { done, of })
    }

    /// What a record says.
    pub fn on_record(text: Option<&str>) -> Progress {
        text.and_then(Progress::parse).unwrap_or(Progress::NONE)
    }
}

impl Run {
    /// A node says how far it has come.
    pub(crate) fn progressed(&mut self, ix: NodeIx, text: String) {
        let Some(now) = Progress::parse(&text) else {
            return;
        };
        if self.node(ix).progress.as_ref() == Some(&text) {
            return;
        }
        self.edit(ix).progress = Some(text);
        if let Some(was) = self.at(ix).measured {
            let flow = &mut self.flow;
            flow.total = (flow.total - was.of).saturating_add(now.of);
            flow.completed = (flow.completed - was.done).saturating_add(now.done);
            self.flow_changed = true;
            self.at_mut(ix).measured = Some(now);
        }
    }

    /// Counts a node in.
    pub(crate) fn measure(&mut self, ix: NodeIx, progress: Progress) {
        self.flow.total = self.flow.total.saturating_add(progress.of);
        self.flow.completed = self.flow.completed.saturating_add(progress.done);
        self.at_mut(ix).measured = Some(progress);
    }

    /// A node has ended: nothing of it is left to do.
    pub(crate) fn measured(&mut self, ix: NodeIx) {
        if let Some(progress) = self.at_mut(ix).measured.take() {
            let left = progress.of - progress.done;
            self.flow.completed = self.flow.completed.saturating_add(left);
            self.flow_changed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_part_of_something_is_progress() {
        assert_eq!(Progress::parse("3/7"), Some(Progress { done: 3, of: 7 }));
        for text in ["", "1", "2/1", "0/0", "-1/2", "1/2/3", " 1/2", "a/b"] {
            assert_eq!(Progress::parse(text), None, "{text}");
        }
    }
}
