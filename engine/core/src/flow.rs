//! The workflow as a whole: its start, its hooks, its exit handler, its end.

use crate::NodeIx;
use crate::body::later;
use crate::effect::Effect;
use crate::frame::{Owner, Start};
use crate::name::pod_name;
use crate::reason::Reason;
use crate::render::{Place, TextFault};
use crate::run::{FlowStage, Shutdown};
use crate::timer::Due;
use crate::work::Engine;
use serde::Serialize;
use tiphys_expr::time;
use tiphys_spec::{self as spec, NodePhase, NodeType, WorkflowPhase};

/// One entry of `workflow.failures`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    display_name: &'a str,
    message: &'a str,
    template_name: &'a str,
    phase: &'a str,
    pod_name: String,
    finished_at: String,
}

/// The characters of `workflow.creationTimestamp.<char>`.
const STRFTIME: &str = "BbmAadHIMSYypZzL";

impl Engine<'_> {
    /// A new or restored run takes its way: globals, locks, then the entrypoint.
    pub fn begin(&mut self) {
        if self.run.flow.stage != FlowStage::New {
            return;
        }
        if let Err(message) = self.globals() {
            return self.finish(
                WorkflowPhase::Failed,
                Some(format!("failed to set global parameters: {message}")),
            );
        }
        if self.plan.locks.is_empty() {
            return self.begin_main();
        }
        match self.lock_names(&self.plan.locks, Place::default()) {
            Ok(locks) => {
                self.run.flow.stage = FlowStage::Locking;
                self.run.flow.lock_wait = Some(Reason::Lock {
                    lock: locks.first().map(|l| l.name.clone()).unwrap_or_default(),
                    message: String::new(),
                });
                let holder = self.workflow_holder();
                self.request(holder, locks);
            }
            Err(message) => self.finish(WorkflowPhase::Error, Some(message)),
        }
    }

    pub fn workflow_holder(&self) -> String {
        format!("{}/{}", self.run.namespace, self.run.name)
    }

    pub fn workflow_locks_acquired(&mut self) {
        if self.run.flow.stage == FlowStage::Locking {
            self.run.flow.lock_wait = None;
            self.run.flow.message = None;
            self.begin_main();
        }
    }

    /// The workflow's own locks can never be had.
    pub fn refused(&mut self, message: String) {
        if self.run.flow.stage == FlowStage::Locking {
            self.finish(WorkflowPhase::Error, Some(message));
        }
    }

    fn begin_main(&mut self) {
        let now = self.now;
        let flow = &mut self.run.flow;
        flow.stage = FlowStage::Main;
        flow.phase = WorkflowPhase::Running;
        let started = *flow.started.get_or_insert(now);
        self.run.flow_changed = true;
        self.workflow_metrics();
        if let Some(seconds) = self.plan.workflow.spec.active_deadline_seconds {
            let at = later(started, seconds.saturating_mul(1_000_000_000));
            self.run.flow.deadline = Some(at);
            self.run.timers.add(at, Due::Workflow);
        }
        if self.run.flow.extra.shutdown.is_some() && self.run.nodes.is_empty() {
            return self.stopped_before_start();
        }
        self.start(Start::of(Owner::Root));
    }

    fn stopped_before_start(&mut self) {
        let word = self.run.flow.extra.shutdown.map_or("", Shutdown::as_str);
        self.finish(
            WorkflowPhase::Failed,
            Some(format!("Stopped with strategy '{word}'")),
        );
    }

    /// `workflow.*` as far as it does not change.
    fn globals(&mut self) -> Result<(), String> {
        let workflow = &self.plan.workflow;
        let meta = &workflow.metadata;
        let account = workflow.spec.service_account_name.as_deref();
        let mut set: Vec<(String, String)> = [
            ("workflow.name", &*self.run.name),
            ("workflow.namespace", &*self.run.namespace),
            ("workflow.uid", &*self.run.uid),
            (
                "workflow.mainEntrypoint",
                workflow.spec.entrypoint.as_deref().unwrap_or_default(),
            ),
            ("workflow.serviceAccountName", account.unwrap_or("default")),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if let Some(priority) = workflow.spec.priority {
            set.push(("workflow.priority".to_owned(), priority.to_string()));
        }
        for (kind, entries) in [("labels", &meta.labels), ("annotations", &meta.annotations)] {
            let entries = entries.clone().unwrap_or_default();
            let json = serde_json::to_string(&entries).unwrap_or_default();
            set.push((format!("workflow.{kind}.json"), json.clone()));
            set.push((format!("workflow.{kind}"), json));
            set.extend(
                entries
                    .into_iter()
                    .map(|(key, value)| (format!("workflow.{kind}.{key}"), value)),
            );
        }
        if let Some(at) = meta
            .annotations
            .as_ref()
            .and_then(|a| a.get("workflows.argoproj.io/scheduled-time"))
        {
            set.push(("workflow.scheduledTime".to_owned(), at.clone()));
        }
        let created = self.run.created;
        set.push((
            "workflow.creationTimestamp".to_owned(),
            time::rfc3339(created),
        ));
        set.push((
            "workflow.creationTimestamp.RFC3339".to_owned(),
            time::rfc3339(created),
        ));
        set.push((
            "workflow.creationTimestamp.s".to_owned(),
            created.as_second().to_string(),
        ));
        for character in STRFTIME.chars() {
            if let Some(text) = time::strftime(created, character) {
                set.push((format!("workflow.creationTimestamp.{character}"), text));
            }
        }
        for (name, value) in set {
            self.run.globals.set(name, value);
        }
        let mut listed = Vec::new();
        for argument in &self.plan.arguments {
            let text = argument.value.as_ref();
            let value = match (text, &argument.config_map, &argument.default) {
                (Some(text), _, _) => self
                    .text(text, Place::default())
                    .map_err(TextFault::message)?,
                (None, Some(key), _) => self.config_map_value(key, Place::default())?,
                (None, None, Some(text)) => self
                    .text(text, Place::default())
                    .map_err(TextFault::message)?,
                (None, None, None) if argument.supplied => continue,
                (None, None, None) => {
                    return Err(format!("parameter '{}' has no value", argument.name));
                }
            };
            self.run.globals.set(
                format!("workflow.parameters.{}", argument.name),
                value.as_str(),
            );
            listed.push(spec::Parameter {
                name: argument.name.clone(),
                value: Some(value.into()),
                ..spec::Parameter::default()
            });
        }
        let json = serde_json::to_string(&listed).unwrap_or_default();
        self.run
            .globals
            .set("workflow.parameters.json", json.as_str());
        self.run.globals.set("workflow.parameters", json);
        Ok(())
    }

    /// Fires the workflow's hooks that are due; whether one did.
    pub fn workflow_hooks(&mut self) -> bool {
        if self.plan.hooks.is_empty()
            || !matches!(self.run.flow.stage, FlowStage::Main | FlowStage::Exit)
        {
            return false;
        }
        let settled = self
            .run
            .flow
            .root
            .is_some_and(|root| self.run.at(root).settled);
        self.run.flow.seen_phase = if settled {
            self.root_phase()
        } else {
            self.run.flow.phase
        };
        let mut fired = false;
        for (index, hook) in (0..).zip(&self.plan.hooks) {
            if self.run.flow.fired.contains(&index) {
                continue;
            }
            let owner = Owner::WorkflowHook(index);
            let known = self.run.find(&self.name_of(owner)).is_some();
            let due = hook.expression.as_ref().is_some_and(|expression| {
                self.holds(expression, Place::default()).unwrap_or(false)
            });
            if known || due {
                self.run.flow.fired.push(index);
                self.run.flow.hooks_left += 1;
                self.start(Start::of(owner));
                fired = true;
            }
        }
        fired
    }

    pub fn workflow_hook_settled(&mut self) {
        let flow = &mut self.run.flow;
        flow.hooks_left = flow.hooks_left.saturating_sub(1);
        if flow.hooks_left > 0 || !flow.root.is_some_and(|root| self.run.at(root).settled) {
            return;
        }
        if self.run.flow.closing {
            self.finish_from_nodes();
        } else {
            self.root_settled();
        }
    }

    fn root_phase(&self) -> WorkflowPhase {
        match self.run.flow.root.map(|root| self.run.phase_of(root)) {
            Some(NodePhase::Failed) => WorkflowPhase::Failed,
            Some(NodePhase::Error) => WorkflowPhase::Error,
            Some(NodePhase::Succeeded | NodePhase::Skipped | NodePhase::Omitted) => {
                WorkflowPhase::Succeeded
            }
            _ => WorkflowPhase::Running,
        }
    }

    /// The entrypoint has settled: hooks, exit handler, end.
    pub fn root_settled(&mut self) {
        if self.run.flow.stage != FlowStage::Main {
            return;
        }
        let Some(root) = self.run.flow.root else {
            return;
        };
        if self.run.node(root).daemoned == Some(true) {
            self.end_daemon(root);
        }
        // A hook that fires on the end of the main part is started before the end is looked at again.
        self.run.flow.seen_phase = self.root_phase();
        self.workflow_hooks();
        if self.run.flow.hooks_left > 0 {
            return;
        }
        self.run.flow.stage = FlowStage::Exit;
        let terminated = self.run.flow.extra.shutdown == Some(Shutdown::Terminate);
        // An exit handler that is on record already was started before the order came: it is taken up, and ends by it.
        let known = self.run.find(&self.name_of(Owner::Exit)).is_some();
        let Some(exit) = self.plan.exit.as_ref().filter(|_| known || !terminated) else {
            return self.finish_from_nodes();
        };
        let failures = self.failures();
        self.run.globals.set("workflow.failures", failures);
        self.run.flow.seen_phase = self.root_phase();
        if let Some(expression) = &exit.expression
            && !known
            && !self.holds(expression, Place::default()).unwrap_or(false)
        {
            return self.finish_from_nodes();
        }
        self.start(Start::of(Owner::Exit));
    }

    pub fn exit_settled(&mut self) {
        self.finish_from_nodes();
    }

    /// The main part's phase; a failed exit handler spoils a success.
    pub fn finish_from_nodes(&mut self) {
        let Some(root) = self.run.flow.root else {
            return;
        };
        if self.run.flow.open_hooks + self.run.flow.hooks_left > 0 {
            self.run.flow.closing = true;
            return;
        }
        let mut phase = self.root_phase();
        let mut message = self
            .run
            .node(root)
            .message
            .clone()
            .filter(|_| phase != WorkflowPhase::Succeeded);
        if let Some(exit) = self
            .run
            .flow
            .exit
            .filter(|_| phase == WorkflowPhase::Succeeded)
        {
            let failed = match self.run.phase_of(exit) {
                NodePhase::Failed => Some(WorkflowPhase::Failed),
                NodePhase::Error => Some(WorkflowPhase::Error),
                _ => None,
            };
            if let Some(failed) = failed {
                (phase, message) = (failed, self.run.node(exit).message.clone());
            }
        }
        if let Some(shutdown) = self.run.flow.extra.shutdown {
            if phase == WorkflowPhase::Error
                || phase == WorkflowPhase::Succeeded
                    && self.run.flow.extra.shutdown_message.is_some()
            {
                phase = WorkflowPhase::Failed;
            }
            if phase != WorkflowPhase::Succeeded {
                message = Some(format!("Stopped with strategy '{}'", shutdown.as_str()));
                if let Some(text) = &self.run.flow.extra.shutdown_message {
                    message = Some(text.clone());
                }
            }
        }
        self.finish(phase, message);
    }

    fn finish(&mut self, phase: WorkflowPhase, message: Option<String>) {
        let now = self.now;
        let flow = &mut self.run.flow;
        if flow.stage == FlowStage::Done {
            return;
        }
        flow.stage = FlowStage::Done;
        flow.phase = phase;
        flow.message = message;
        flow.started.get_or_insert(now);
        flow.finished = Some(now);
        self.run.flow_changed = true;
        self.end_the_rest();
        self.workflow_metrics();
        if !self.plan.locks.is_empty() {
            let holder = self.workflow_holder();
            self.run.effects.push(Effect::ReleaseLocks { holder });
        }
    }

    /// Nothing outlives the workflow: not a node whose owner had ended before it, and was not taken up at a restart.
    fn end_the_rest(&mut self) {
        for ix in (0..).map(NodeIx).take(self.run.nodes.len()) {
            if self.run.phase_of(ix).terminal() {
                continue;
            }
            if self.run.node(ix).r#type == Some(NodeType::Pod) {
                let key = self.run.pod_key(ix);
                self.run.effects.push(Effect::StopPod { key });
            }
            self.run.edit(ix).daemoned = None;
            let message = "the workflow ended before it did".to_owned();
            self.end(ix, NodePhase::Failed, Some(message));
        }
    }

    /// JSON of all failed nodes, quoted once more as Argo does.
    fn failures(&self) -> String {
        let failed: Vec<Failure<'_>> = self
            .run
            .nodes()
            .filter(|node| node.phase.is_some_and(NodePhase::unsuccessful))
            .map(|node| {
                let template = node.template_name.as_deref().unwrap_or_default();
                Failure {
                    display_name: &node.display_name,
                    message: node.message.as_deref().unwrap_or_default(),
                    template_name: template,
                    phase: node.phase.map_or("", NodePhase::as_str),
                    pod_name: if node.r#type == Some(NodeType::Pod) {
                        pod_name(&self.run.name, &node.name, template)
                    } else {
                        String::new()
                    },
                    finished_at: node
                        .finished_at
                        .as_ref()
                        .map(|at| time::rfc3339(at.0))
                        .unwrap_or_default(),
                }
            })
            .collect();
        let json = if failed.is_empty() {
            "null".to_owned()
        } else {
            serde_json::to_string(&failed).unwrap_or_default()
        };
        serde_json::to_string(&json).unwrap_or_default()
    }
}
