//! What users order, and what is due: suspend, resume, stop, terminate, set; deadlines.

use crate::NodeIx;
use crate::effect::Effect;
use crate::frame::Frame;
use crate::observation::Command;
use crate::reason::Reason;
use crate::render::{Place, TextFault};
use crate::run::{FlowStage, Shutdown, Stage};
use crate::selector::Selector;
use crate::timer::Due;
use crate::work::{Engine, Work};
use std::collections::BTreeMap;
use tiphys_graph::plan::OutputSource;
use tiphys_spec::{self as spec, NodePhase, NodeType, WorkflowPhase};

/// What Kubernetes says of a pod whose `activeDeadlineSeconds` have passed.
const TOO_LONG: &str = "Pod was active on the node longer than the specified deadline";
const STEP_DEADLINE: &str = "Step exceeded its deadline";

impl Engine<'_> {
    pub fn obey(&mut self, command: Command) {
        if self.run.flow.stage == FlowStage::Done {
            return;
        }
        match command {
            Command::Suspend => {
                self.run.flow.extra.suspended = true;
                self.run.flow_changed = true;
            }
            Command::Unsuspend => self.unsuspend(),
            Command::Resume {
                selector,
                outputs,
                message,
            } => {
                if selector.is_none() {
                    self.unsuspend();
                }
                for ix in self.suspended(selector.as_ref()) {
                    self.resume(ix, &outputs, message.clone());
                }
            }
            Command::Stop {
                selector: Some(selector),
                message,
            } => {
                for ix in self.suspended(Some(&selector)) {
                    self.end(ix, NodePhase::Failed, message.clone());
                }
            }
            Command::Stop {
                selector: None,
                message,
            } => {
                self.run.flow.extra.shutdown_message = message;
                self.shut_down(Shutdown::Stop);
            }
            Command::Terminate => self.shut_down(Shutdown::Terminate),
            Command::SetNode {
                selector,
                outputs,
                message,
                phase,
            } => {
                for ix in self.suspended(Some(&selector)) {
                    self.supply(ix, &outputs);
                    if let Some(phase) = phase.filter(|phase| phase.terminal()) {
                        self.end(ix, phase, message.clone());
                    } else if message.is_some() {
                        self.run.edit(ix).message.clone_from(&message);
                    }
                }
            }
        }
    }

    fn unsuspend(&mut self) {
        if self.run.flow.extra.suspended {
            self.run.flow.extra.suspended = false;
            self.run.flow_changed = true;
            self.let_all_in();
            // What was due meanwhile waited for this.
            for ix in self.suspended(None) {
                if let Some(Reason::Suspended { until: Some(until) }) = self.run.at(ix).reason
                    && until <= self.now
                {
                    self.resume(ix, &BTreeMap::new(), None);
                }
            }
        }
    }

    fn suspended(&self, selector: Option<&Selector>) -> Vec<NodeIx> {
        let matches = |ix: &NodeIx| {
            let node = self.run.node(*ix);
            node.r#type == Some(NodeType::Suspend)
                && node.phase == Some(NodePhase::Running)
                && selector.is_none_or(|s| s.matches(node))
        };
        self.run.flow.live.iter().copied().filter(matches).collect()
    }

    /// Values for the outputs of a suspend node that are to be supplied.
    fn supply(&mut self, ix: NodeIx, given: &BTreeMap<String, String>) {
        let Some(template) = self.template_at(ix) else {
            return;
        };
        for output in template
            .outputs
            .iter()
            .filter(|o| matches!(o.source, OutputSource::Supplied))
        {
            let Some(value) = given.get(&output.name) else {
                continue;
            };
            let outputs = self.run.edit(ix).outputs.get_or_insert_default();
            let entry = spec::Parameter {
                name: output.name.clone(),
                value: Some(value.as_str().into()),
                ..spec::Parameter::default()
            };
            match outputs
                .parameters
                .iter_mut()
                .find(|p| p.name == output.name)
            {
                Some(old) => *old = entry,
                None => outputs.parameters.push(entry),
            }
        }
    }

    /// Ends a suspend node; an output without a supplied value takes its default, or spoils the node.
    fn resume(&mut self, ix: NodeIx, given: &BTreeMap<String, String>, message: Option<String>) {
        self.supply(ix, given);
        let Some(template) = self.template_at(ix) else {
            return;
        };
        let inputs = self.run.node(ix).inputs.clone();
        let place = Place {
            inputs: inputs.as_deref(),
            ..Place::default()
        };
        let has = |run: &crate::Run, name: &str| {
            run.node(ix)
                .outputs
                .as_deref()
                .is_some_and(|o| o.parameters.iter().any(|p| p.name == name))
        };
        for output in &template.outputs {
            if has(self.run, &output.name) {
                continue;
            }
            let default = match &output.default {
                Some(text) => self.text(text, place).map(Some).map_err(TextFault::message),
                None => Ok(inputs.as_deref().and_then(|i| {
                    let input = i.parameters.iter().find(|p| p.name == output.name)?;
                    Some(input.value.as_ref().or(input.default.as_ref())?.0.clone())
                })),
            };
            match default {
                Ok(Some(value)) => {
                    let entry = spec::Parameter {
                        name: output.name.clone(),
                        value: Some(value.into()),
                        ..spec::Parameter::default()
                    };
                    self.run
                        .edit(ix)
                        .outputs
                        .get_or_insert_default()
                        .parameters
                        .push(entry);
                }
                Ok(None) => {
                    return self.end(ix, NodePhase::Error, Some(format!("raw output parameter '{}' has not been set and does not have a default value", output.name)));
                }
                Err(message) => return self.end(ix, NodePhase::Error, Some(message)),
            }
        }
        self.end(ix, NodePhase::Succeeded, message);
    }

    fn shut_down(&mut self, how: Shutdown) {
        if self.run.flow.extra.shutdown == Some(Shutdown::Terminate)
            || self.run.flow.extra.shutdown == Some(how)
        {
            return;
        }
        self.run.flow.extra.shutdown = Some(how);
        self.run.flow.extra.suspended = false;
        self.run.flow_changed = true;
        if self.run.flow.stage == FlowStage::Locking && !self.run.nodes.is_empty() {
            // Restored: its nodes are told to end once they are taken up.
            return;
        }
        if self.run.flow.stage == FlowStage::Locking {
            self.run.flow.stage = FlowStage::Main;
            self.run.flow.phase = WorkflowPhase::Running;
            let holder = self.workflow_holder();
            self.run.effects.push(Effect::ReleaseLocks { holder });
            return self.stop_at_lock(how);
        }
        let word = how.as_str();
        for ix in self.run.flow.live.iter().copied().collect::<Vec<_>>() {
            if how == Shutdown::Terminate || !self.run.at(ix).on_exit {
                self.doom(
                    ix,
                    &format!("workflow shutdown with strategy:  {word}"),
                    &format!("Stopped with strategy '{word}'"),
                );
            }
        }
        self.let_all_in();
        for ix in 0..self.run.nodes.len() {
            if !self.run.nodes[ix].parked.is_empty() {
                for start in std::mem::take(&mut self.run.nodes[ix].parked) {
                    self.later(Work::Start(start));
                }
            }
        }
    }

    fn stop_at_lock(&mut self, how: Shutdown) {
        self.run.flow.started.get_or_insert(self.now);
        self.run.flow.finished = Some(self.now);
        self.run.flow.stage = FlowStage::Done;
        self.run.flow.phase = WorkflowPhase::Failed;
        self.run.flow.message = Some(format!("Stopped with strategy '{}'", how.as_str()));
    }

    /// A restored node of a workflow that was told to end is told again: that it was is not on record.
    pub fn close(&mut self, ix: NodeIx) {
        if let Some(how) = self.run.flow.extra.shutdown
            && self.run.flow.live.contains(&ix)
            && (how == Shutdown::Terminate || !self.run.at(ix).on_exit)
        {
            let word = how.as_str();
            self.doom(
                ix,
                &format!("workflow shutdown with strategy:  {word}"),
                &format!("Stopped with strategy '{word}'"),
            );
        }
    }

    /// Ends a live node: a pod is told to, and its end will be heard of; anything else ends at once.
    fn doom(&mut self, ix: NodeIx, running: &str, waiting: &str) {
        let node = self.run.at(ix);
        if node.status.phase.is_some_and(NodePhase::terminal) {
            return;
        }
        // Restored, and waiting once more for a lock that it had: what it began is taken up, to be ended.
        let waits = matches!(node.stage, Stage::Locking | Stage::Memo);
        let begun = node.seated || !node.status.children.is_empty();
        if waits && begun {
            self.run.at_mut(ix).locked = true;
            self.begin_body(ix);
            if !self.run.at(ix).pod {
                return;
            }
        }
        if self.run.at(ix).pod {
            let key = self.run.pod_key(ix);
            let node = self.run.at_mut(ix);
            if node.doom.is_none() {
                node.doom = Some(if node.status.phase == Some(NodePhase::Pending) {
                    waiting.to_owned()
                } else {
                    running.to_owned()
                });
                node.reason = Some(Reason::Stopping);
                self.run.effects.push(Effect::StopPod { key });
            }
            return;
        }
        let node = self.run.at(ix);
        if node.status.r#type == Some(NodeType::Retry)
            && node.stage == Stage::Body
            && let Frame::Retry(frame) = &node.frame
            && let Some(last) = frame.attempts.last()
        {
            let phase = self.run.phase_of(*last);
            return self.end(ix, phase, Some(waiting.to_owned()));
        }
        self.end(ix, NodePhase::Failed, Some(waiting.to_owned()));
    }

    pub fn due(&mut self, due: Due) {
        match due {
            Due::Workflow => {
                if self.run.flow.stage == FlowStage::Done {
                    return;
                }
                for ix in self.run.flow.live.iter().copied().collect::<Vec<_>>() {
                    if !self.run.at(ix).on_exit {
                        self.doom(ix, TOO_LONG, STEP_DEADLINE);
                    }
                }
            }
            Due::Node(ix) => {
                let waits = self.run.phase_of(ix) == NodePhase::Pending && !self.run.at(ix).pod;
                self.doom(ix, TOO_LONG, if waits { "timeout" } else { TOO_LONG });
            }
            Due::Pending(ix) => {
                if self.run.phase_of(ix) == NodePhase::Pending {
                    self.doom(ix, "timeout", "timeout");
                }
            }
            Due::Suspend(ix) => {
                let resumed = self.run.phase_of(ix).terminal();
                if !resumed && !self.run.flow.extra.suspended {
                    self.resume(ix, &BTreeMap::new(), None);
                } else if !resumed {
                    // Nothing moves while the whole workflow is suspended; the end of that ends this too.
                }
            }
            Due::Backoff(ix) => self.backoff_over(ix),
            Due::Call(ix) => self.call_again(ix),
        }
    }
}
