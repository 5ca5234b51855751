//! The end of a node: its record, its hooks, then whoever waits for it.

use crate::NodeIx;
use crate::effect::Effect;
use crate::frame::{Frame, Owner, Start};
use crate::observation::{Outcome, PodFinished};
use crate::progress::Progress;
use crate::render::Place;
use crate::run::{Shutdown, Stage};
use crate::work::{Engine, Work};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tiphys_graph::plan::{Hook, OutputSource, Template};
use tiphys_spec as spec;
use tiphys_spec::{NodePhase, NodeType};

impl Engine<'_> {
    /// The pod's end becomes the node's.
    pub fn pod_done(&mut self, ix: NodeIx, done: PodFinished) {
        let node = self.run.at_mut(ix);
        if node.status.phase.is_some_and(NodePhase::terminal) {
            return;
        }
        let doom = node.doom.take();
        node.hopeless = done.hopeless;
        let Some(template) = self.template_at(ix) else {
            return;
        };
        let mut phase = match done.outcome {
            Outcome::Succeeded => NodePhase::Succeeded,
            Outcome::Failed => NodePhase::Failed,
            Outcome::Error => NodePhase::Error,
        };
        let mut message = done.message.clone();
        if let Some(doom) = doom {
            (phase, message) = (NodePhase::Failed, Some(doom));
        }
        let outputs = self.pod_outputs(ix, template, &done);
        let (outputs, fault) = outputs;
        if let Some(fault) = fault.filter(|_| phase == NodePhase::Succeeded) {
            (phase, message) = (NodePhase::Error, Some(fault));
        }
        let record = self.run.edit(ix);
        if outputs != spec::Outputs::default() {
            record.outputs = Some(Box::new(outputs));
        }
        if done.host.is_some() {
            record.host_node_name = done.host;
        }
        record.daemoned = None;
        record.plugin_call = None;
        record.resources_duration = done.used;
        self.end_members(ix, phase);
        self.end(ix, phase, message);
    }

    /// What the pod gave, and the first output that is missing and has no default.
    fn pod_outputs(
        &self,
        ix: NodeIx,
        template: &Template,
        done: &PodFinished,
    ) -> (spec::Outputs, Option<String>) {
        let mut outputs = spec::Outputs {
            exit_code: done.exit_code.map(|code| code.to_string()),
            result: done.result.clone(),
            artifacts: done.artifacts.clone(),
            parameters: Vec::with_capacity(template.outputs.len()),
        };
        let mut fault = None;
        let declared = template
            .spec
            .outputs
            .as_deref()
            .map(|o| o.parameters.as_slice())
            .unwrap_or_default();
        let locals = self.locals(ix);
        let place = Place {
            locals: Some(&locals),
            inputs: self.run.node(ix).inputs.as_deref(),
            ..Place::default()
        };
        for output in &template.outputs {
            let found = done
                .parameters
                .iter()
                .find(|(name, _)| *name == output.name)
                .and_then(|(_, value)| value.clone());
            let value = match (found, &output.default, &output.source) {
                (Some(value), _, _) => Some(value),
                (None, Some(text), _) | (None, None, OutputSource::Value(Some(text))) => {
                    match self.text(text, place) {
                        Ok(value) => Some(value),
                        Err(e) => {
                            fault.get_or_insert(e.message());
                            None
                        }
                    }
                }
                (None, None, source) => {
                    if let OutputSource::Path(path) = source {
                        fault.get_or_insert_with(|| {
                            format!(
                                "output parameter '{}' was not produced: no such file {}",
                                output.name,
                                path.source()
                            )
                        });
                    } else {
                        fault.get_or_insert_with(|| {
                            format!("output parameter '{}' was not produced", output.name)
                        });
                    }
                    None
                }
            };
            let Some(value) = value else { continue };
            let mut parameter = declared
                .iter()
                .find(|p| p.name == output.name)
                .cloned()
                .unwrap_or_default();
            parameter.name.clone_from(&output.name);
            parameter.value = Some(value.into());
            if let Some(global) = &output.global_name {
                parameter.global_name = self.text(global, place).ok();
            }
            outputs.parameters.push(parameter);
        }
        (outputs, fault)
    }

    /// Ends a node, once and for all.
    pub fn end(&mut self, ix: NodeIx, phase: NodePhase, message: Option<String>) {
        if self.run.phase_of(ix).terminal() {
            return;
        }
        let now = self.now;
        let record = self.run.edit(ix);
        record.phase = Some(phase);
        record.message = message.filter(|message| !message.is_empty());
        record.finished_at = Some(Time(now));
        record.synchronization_status = None;
        record.daemoned = None;
        if let Some(progress) = record.progress.as_deref().and_then(Progress::parse)
            && phase == NodePhase::Succeeded
        {
            record.progress = Some(format!("{0}/{0}", progress.of));
        }
        self.leave(ix);
        self.run.sum_up(ix);
        self.publish(ix);
        self.node_metrics(ix);
        let node = self.run.at_mut(ix);
        if let Some((cache, key)) = node.memo_key.take()
            && phase == NodePhase::Succeeded
            && let Some(outputs) = node.status.outputs.clone()
        {
            let id = node.status.id.clone();
            self.run.effects.push(Effect::SaveMemo {
                node: id,
                cache,
                key,
                outputs,
            });
        }
        self.kill_daemons(ix);
        match self.run.at(ix).owner {
            Owner::Attempt { retry, .. } => self.later(Work::Attempted { retry, attempt: ix }),
            Owner::Group { .. } => {}
            _ => self.hooks(ix),
        }
    }

    /// Takes a node that has ended out of every count and queue.
    pub fn leave(&mut self, ix: NodeIx) {
        let unsuccessful = self.run.phase_of(ix).unsuccessful();
        let node = self.run.at_mut(ix);
        let (counted, boundary) = (node.counted, node.boundary);
        let locked = node.locked || node.stage == Stage::Locking;
        (node.counted, node.pod, node.locked, node.stage, node.reason) =
            (false, false, false, Stage::Ended, None);
        self.run.flow.live.remove(&ix);
        self.run.measured(ix);
        if locked {
            let holder = self.holder(ix);
            self.run.effects.push(Effect::ReleaseLocks { holder });
        }
        if std::mem::take(&mut self.run.at_mut(ix).seated) {
            self.run.flow.active_pods = self.run.flow.active_pods.saturating_sub(1);
        }
        if let Some(boundary) = boundary {
            // An attempt that failed may be made again: what counts is the end of its Retry node.
            let attempt = matches!(self.run.at(ix).owner, Owner::Attempt { .. });
            let at = self.run.at_mut(boundary);
            if unsuccessful && !attempt {
                at.failed += 1;
            }
            if counted {
                at.active = at.active.saturating_sub(1);
                self.run.roomy.push(boundary);
            }
            if self.failing_fast(boundary) && self.run.at(boundary).active == 0 {
                self.later(Work::FailFast(boundary));
            }
        }
    }

    /// Outputs with a `globalName` become the workflow's.
    fn publish(&mut self, ix: NodeIx) {
        let Some(outputs) = self.run.node(ix).outputs.as_deref() else {
            return;
        };
        if outputs.parameters.iter().all(|p| p.global_name.is_none())
            && outputs.artifacts.iter().all(|a| a.global_name.is_none())
        {
            return;
        }
        let outputs = outputs.clone();
        for parameter in outputs.parameters {
            let Some(name) = parameter.global_name.filter(|name| !name.is_empty()) else {
                continue;
            };
            let Some(value) = parameter.value else {
                continue;
            };
            self.run.globals.set(
                format!("workflow.outputs.parameters.{name}"),
                value.0.as_str(),
            );
            let all = &mut self.run.flow.outputs.parameters;
            let entry = spec::Parameter {
                name: name.clone(),
                value: Some(value),
                ..spec::Parameter::default()
            };
            match all.iter_mut().find(|p| p.name == name) {
                Some(old) => *old = entry,
                None => all.push(entry),
            }
            self.run.flow_changed = true;
        }
        for mut artifact in outputs.artifacts {
            let Some(name) = artifact.global_name.take().filter(|name| !name.is_empty()) else {
                continue;
            };
            artifact.name.clone_from(&name);
            artifact.path = None;
            let all = &mut self.run.flow.outputs.artifacts;
            match all.iter_mut().find(|a| a.name == name) {
                Some(old) => *old = artifact,
                None => all.push(artifact),
            }
            self.run.flow_changed = true;
        }
    }

    /// A steps or dag node that ends takes its daemons with it.
    fn kill_daemons(&mut self, ix: NodeIx) {
        for daemon in std::mem::take(&mut self.run.at_mut(ix).daemons) {
            self.end_daemon(daemon);
        }
    }

    pub fn end_daemon(&mut self, daemon: NodeIx) {
        if self.run.phase_of(daemon).terminal() {
            return;
        }
        if let Frame::Retry(frame) = &self.run.at(daemon).frame
            && let Some(last) = frame.attempts.last().copied()
            && !self.run.phase_of(last).terminal()
        {
            return self.end_daemon(last);
        }
        let key = self.run.pod_key(daemon);
        if self.run.at(daemon).pod {
            self.run.effects.push(Effect::StopPod { key });
        }
        self.run.edit(daemon).daemoned = None;
        self.run.at_mut(daemon).doom = Some(String::new());
        let owner = self.run.at(daemon).owner;
        self.end(daemon, NodePhase::Succeeded, None);
        if let Owner::Attempt { retry, .. } = owner {
            self.run.edit(retry).daemoned = None;
            self.run.at_mut(retry).doom = Some(String::new());
            self.attempted(retry, daemon);
        }
    }

    /// A daemon whose containers are ready counts as done for those that wait for it, and runs on.
    pub fn ready(&mut self, ix: NodeIx) {
        let node = self.run.at(ix);
        let terminal = node.status.phase.is_some_and(NodePhase::terminal);
        if terminal
            || node.status.daemoned == Some(true)
            || !self.template_at(ix).is_some_and(|template| template.daemon)
        {
            return;
        }
        let (owner, boundary) = (node.owner, node.boundary);
        self.running(ix);
        self.run.edit(ix).daemoned = Some(true);
        if let Some(boundary) = boundary {
            self.run.at_mut(boundary).daemons.push(ix);
        }
        let counted = match owner {
            Owner::Attempt { retry, .. } => retry,
            _ => ix,
        };
        self.vacate(counted);
        match owner {
            Owner::Attempt { retry, .. } => {
                let ip = self.run.node(ix).pod_ip.clone();
                let record = self.run.edit(retry);
                record.daemoned = Some(true);
                record.pod_ip = ip;
                self.settle(retry);
            }
            _ => self.settle(ix),
        }
    }

    /// Fires what hooks are due; once the node has ended and its hooks too, tells its owner.
    pub fn hooks(&mut self, ix: NodeIx) {
        let phase = self.run.phase_of(ix);
        if let Some(call) = self.call_of(self.run.at(ix).owner)
            && self.may_fire(ix, phase)
        {
            for (index, hook) in (0..).zip(&call.hooks) {
                if !self.run.at(ix).fired.contains(&index) && self.fires(ix, phase, index, hook) {
                    let node = self.run.at_mut(ix);
                    node.fired.push(index);
                    node.hooks_left += 1;
                    self.run.flow.open_hooks += 1;
                    self.start(Start::of(Owner::Hook {
                        of: ix,
                        hook: index,
                    }));
                }
            }
        }
        if phase.terminal() && self.run.at(ix).hooks_left == 0 {
            self.settle(ix);
        }
    }

    /// Hooks have no hooks, and a retried node has them, not its attempts; a loop's nodes have them, its group has not; a daemon that ends with its boundary fires none.
    fn may_fire(&self, ix: NodeIx, phase: NodePhase) -> bool {
        let node = self.run.at(ix);
        let hook = matches!(
            node.owner,
            Owner::Exit | Owner::Hook { .. } | Owner::WorkflowHook(_) | Owner::Attempt { .. }
        );
        !hook
            && node.doom.is_none()
            && (phase == NodePhase::Running || phase.completed())
            && node.status.r#type != Some(NodeType::TaskGroup)
    }

    fn fires(&self, ix: NodeIx, phase: NodePhase, index: u32, hook: &Hook) -> bool {
        let exit = hook.call.name == "exit";
        let owner = Owner::Hook {
            of: ix,
            hook: index,
        };
        if self.run.find(&self.name_of(owner)).is_some() {
            return true;
        }
        let terminated = self.run.flow.extra.shutdown == Some(Shutdown::Terminate);
        if terminated || exit && !phase.completed() {
            return false;
        }
        let place = Place {
            frame: self.run.at(ix).owner.frame(),
            own: Some(ix),
            ..Place::default()
        };
        match &hook.expression {
            None => exit,
            // A hook whose expression cannot be evaluated yet does not fire; once the node has ended that is final.
            Some(expression) => self.holds(expression, place).unwrap_or(false),
        }
    }

    fn hook_settled(&mut self, of: NodeIx) {
        let left = &mut self.run.at_mut(of).hooks_left;
        *left = left.saturating_sub(1);
        if *left == 0 && self.run.phase_of(of).terminal() {
            self.settle(of);
        }
        let flow = &mut self.run.flow;
        flow.open_hooks = flow.open_hooks.saturating_sub(1);
        if flow.open_hooks == 0 && flow.closing {
            self.finish_from_nodes();
        }
    }

    /// Tells the owner, once.
    pub fn settle(&mut self, ix: NodeIx) {
        let node = self.run.at_mut(ix);
        if node.settled {
            return;
        }
        node.settled = true;
        let alone = matches!(node.owner, Owner::Exit | Owner::WorkflowHook(_));
        if alone && node.status.daemoned == Some(true) {
            // Nothing else would end a daemon that has no boundary.
            self.end_daemon(ix);
        }
        match self.run.at(ix).owner {
            Owner::Root => self.root_settled(),
            Owner::Exit => self.exit_settled(),
            Owner::WorkflowHook(_) => self.workflow_hook_settled(),
            Owner::Hook { of, .. } => self.hook_settled(of),
            Owner::Step { frame, group, .. } => self.step_settled(frame, group),
            Owner::StepItem {
                frame, group, step, ..
            } => {
                if self.item_settled(Owner::Step { frame, group, step }) {
                    self.step_settled(frame, group);
                }
            }
            Owner::Task { frame, task } => self.task_settled(frame, task),
            Owner::TaskItem { frame, task, .. } => {
                if self.item_settled(Owner::Task { frame, task }) {
                    self.task_group_settled(frame, task);
                }
            }
            Owner::Attempt { .. } | Owner::Group { .. } | Owner::Member { .. } => {}
        }
    }

    /// One more of a loop's nodes is done; whether that was the last.
    fn item_settled(&mut self, owner: Owner) -> bool {
        let Some(each) = self
            .slot_mut(owner)
            .and_then(|slot| slot.each.as_deref_mut())
        else {
            return false;
        };
        each.left = each.left.saturating_sub(1);
        each.left == 0
    }
}
