//! From a record to work: locks, memo, then the template's body.

use crate::NodeIx;
use crate::effect::{Effect, InputFile, LockName, LockRequest, OutputFile, PodIntent};
use crate::frame::{Frame, Owner};
use crate::name::pod_name;
use crate::progress::Progress;
use crate::reason::Reason;
use crate::render::{Place, TextFault};
use crate::run::Stage;
use crate::timer::Due;
use crate::work::{Engine, Work};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tiphys_expr::{Flat, Text, Tree, duration};
use tiphys_graph::plan::{ArtifactSource, Body, Lock, OutputSource, Template};
use tiphys_spec as spec;
use tiphys_spec::{NodePhase, NodeType};

/// Seconds between TERM and KILL: Kubernetes' default `terminationGracePeriodSeconds`.
const GRACE: u32 = 30;

impl<'a> Engine<'a> {
    /// Takes a fresh or restored node on its way: locks, memo, body.
    pub fn advance(&mut self, ix: NodeIx) {
        let Some(template) = self.template_at(ix) else {
            return;
        };
        self.count(ix);
        let attempt = matches!(self.run.at(ix).owner, Owner::Attempt { .. });
        if !attempt && !template.locks.is_empty() && !self.run.at(ix).locked {
            return self.acquire(ix, template);
        }
        self.look_up(ix, template);
    }

    /// Nodes that do something count in the workflow's progress.
    pub fn measure(&mut self, ix: NodeIx) {
        let node = self.run.at(ix);
        if node.measured.is_none() && measurable(node.status.r#type) {
            self.run.measure(ix, Progress::NONE);
            self.run.flow_changed = true;
        }
    }

    fn acquire(&mut self, ix: NodeIx, template: &Template) {
        let inputs = self.run.node(ix).inputs.clone();
        let place = Place {
            inputs: inputs.as_deref(),
            ..Place::default()
        };
        if let Err(message) = self.limit_the_wait(ix, template, place) {
            return self.end(ix, NodePhase::Error, Some(message));
        }
        match self.lock_names(&template.locks, place) {
            Ok(locks) => {
                let first = locks
                    .first()
                    .map(|lock| lock.name.clone())
                    .unwrap_or_default();
                self.run.at_mut(ix).stage = Stage::Locking;
                self.run.at_mut(ix).reason = Some(Reason::Lock {
                    lock: first,
                    message: String::new(),
                });
                self.run.flow.live.insert(ix);
                let holder = self.holder(ix);
                self.request(holder, locks);
            }
            Err(message) => self.end(ix, NodePhase::Error, Some(message)),
        }
    }

    /// The time that a `timeout` allows runs while a lock is waited for, too.
    fn limit_the_wait(
        &mut self,
        ix: NodeIx,
        template: &Template,
        place: Place<'_>,
    ) -> Result<(), String> {
        let Some(text) = &template.timeout else {
            return Ok(());
        };
        let text = self.text(text, place).map_err(TextFault::message)?;
        let nanos =
            duration::parse_or_seconds(&text).map_err(|e| format!("timeout '{text}': {e}"))?;
        let started = self.run.at(ix).started;
        self.run.timers.add(later(started, nanos), Due::Pending(ix));
        Ok(())
    }

    pub fn holder(&self, ix: NodeIx) -> String {
        format!(
            "{}/{}/{}",
            self.run.namespace,
            self.run.name,
            self.run.node(ix).id
        )
    }

    pub fn request(&mut self, holder: String, locks: Vec<LockName>) {
        let priority = self.plan.workflow.spec.priority.unwrap_or(0);
        self.run
            .effects
            .push(Effect::AcquireLocks(Box::new(LockRequest {
                holder,
                locks,
                priority,
                created: self.run.created,
            })));
    }

    pub fn lock_names(&self, locks: &[Lock], place: Place<'_>) -> Result<Vec<LockName>, String> {
        let text = |text: &Text| self.text(text, place).map_err(TextFault::message);
        let space = |namespace: &Option<Text>| {
            namespace
                .as_ref()
                .map_or_else(|| Ok(self.run.namespace.to_string()), text)
        };
        locks
            .iter()
            .map(|lock| match lock {
                Lock::Mutex { name, namespace, database } => {
                    let kind = if *database { "Database" } else { "Mutex" };
                    Ok(LockName { name: format!("{}/{kind}/{}", space(namespace)?, text(name)?), limit: Some(1), mutex: true })
                }
                Lock::ConfigMap { name, key, namespace } => {
                    let (name, key) = (text(name)?, text(key)?);
                    let limit = match self.plan.config_maps.get(&name).and_then(|data| data.get(&key)) {
                        Some(value) => Some(value.trim().parse().map_err(|_| format!("semaphore limit '{value}' of ConfigMap {name}, key {key}, is no number"))?),
                        None => None,
                    };
                    Ok(LockName { name: format!("{}/ConfigMap/{name}/{key}", space(namespace)?), limit, mutex: false })
                }
                Lock::Database { key, namespace } => {
                    Ok(LockName { name: format!("{}/Database/{}", space(namespace)?, text(key)?), limit: None, mutex: false })
                }
            })
            .collect()
    }

    pub fn locks_acquired(&mut self, ix: NodeIx) {
        if self.run.at(ix).stage != Stage::Locking || self.run.phase_of(ix).terminal() {
            return;
        }
        self.run.at_mut(ix).locked = true;
        if self.run.node(ix).synchronization_status.is_some() {
            let record = self.run.edit(ix);
            record.synchronization_status = None;
            record.message = None;
        }
        if let Some(template) = self.template_at(ix) {
            self.look_up(ix, template);
        }
    }

    pub fn locks_refused(&mut self, of: Option<NodeIx>, message: String) {
        match of {
            Some(ix) if self.run.at(ix).stage == Stage::Locking => {
                self.end(ix, NodePhase::Error, Some(message))
            }
            Some(_) => {}
            None => self.refused(message),
        }
    }

    fn look_up(&mut self, ix: NodeIx, template: &Template) {
        let attempt = matches!(self.run.at(ix).owner, Owner::Attempt { .. });
        let Some(memoize) = template.memoize.as_ref().filter(|_| !attempt) else {
            return self.begin_body(ix);
        };
        let inputs = self.run.node(ix).inputs.clone();
        let locals = self.locals(ix);
        let place = Place {
            inputs: inputs.as_deref(),
            locals: Some(&locals),
            ..Place::default()
        };
        let asked = self
            .text(&memoize.key, place)
            .and_then(|key| Ok((self.text(&memoize.cache, place)?, key)))
            .map_err(TextFault::message);
        let (cache, key) = match asked {
            Ok(asked) => asked,
            Err(message) => return self.end(ix, NodePhase::Error, Some(message)),
        };
        let valid = key.starts_with(|c: char| c.is_ascii_alphanumeric())
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !valid {
            return self.end(
                ix,
                NodePhase::Error,
                Some(format!("invalid cache key: {key}")),
            );
        }
        let node = self.run.at_mut(ix);
        if node.seated || !node.status.children.is_empty() {
            // Restored: the cache was asked, and had nothing.
            node.memo_key = Some((cache, key));
            return self.begin_body(ix);
        }
        node.stage = Stage::Memo;
        node.reason = Some(Reason::Memo {
            cache: cache.clone(),
        });
        node.memo_key = Some((cache.clone(), key.clone()));
        let status = spec::MemoizationStatus {
            cache_name: Some(cache.clone()),
            hit: Some(false),
            key: Some(key.clone()),
        };
        self.run.edit(ix).memoization_status = Some(Box::new(status));
        self.run.flow.live.insert(ix);
        let node = self.run.node(ix).id.clone();
        self.run
            .effects
            .push(Effect::LookupMemo { node, cache, key });
    }

    pub fn memo_found(&mut self, ix: NodeIx, outputs: Box<spec::Outputs>, created: Timestamp) {
        if self.run.at(ix).stage != Stage::Memo || self.run.phase_of(ix).terminal() {
            return;
        }
        let Some(template) = self.template_at(ix) else {
            return;
        };
        let age = template
            .memoize
            .as_ref()
            .and_then(|memoize| memoize.max_age);
        if age.is_some_and(|nanos| {
            created
                .saturating_add(SignedDuration::from_nanos(nanos))
                .is_ok_and(|end| end < self.now)
        }) {
            return self.begin_body(ix);
        }
        self.run.at_mut(ix).memo_key = None;
        let record = self.run.edit(ix);
        record.r#type = Some(crate::start::kind_of(&template.body));
        record.outputs = Some(outputs);
        if let Some(status) = &mut record.memoization_status {
            status.hit = Some(true);
        }
        self.end(ix, NodePhase::Succeeded, None);
    }

    /// Does what the template says.
    pub fn begin_body(&mut self, ix: NodeIx) {
        let node = self.run.at(ix);
        if node.stage == Stage::Body || node.status.phase.is_some_and(NodePhase::terminal) {
            return;
        }
        let attempt = matches!(node.owner, Owner::Attempt { .. });
        let Some(template) = self.template_at(ix) else {
            return;
        };
        let retried = template.retry.is_some() && !attempt;
        if !retried && self.queue(ix, template) {
            return;
        }
        // Only what has no children is live: a lock or the memo cache is behind it now.
        self.run.flow.live.remove(&ix);
        let node = self.run.at_mut(ix);
        node.stage = Stage::Body;
        node.reason = None;
        if retried {
            return self.open_retry(ix);
        }
        match &template.body {
            Body::Steps(_) => self.open_steps(ix),
            Body::Dag(dag) => self.open_dag(ix, dag),
            Body::Suspend { duration } => self.open_suspend(ix, duration.as_ref()),
            Body::Pod(tree) => self.open_pod(ix, template, tree),
            Body::Kind { kind, body } => self.open_kind(ix, kind, body),
        }
    }

    /// The locals of a node that runs in a pod.
    pub fn pod_locals(&self, ix: NodeIx, template: &Template) -> Flat {
        let mut flat = self.locals(ix);
        flat.set(
            "pod.name",
            pod_name(&self.run.name, &self.run.node(ix).name, &template.name),
        );
        if let Owner::Attempt { retry, attempt } = self.run.at(ix).owner {
            flat.set("retries", attempt.to_string());
            let last = match &self.run.at(retry).frame {
                Frame::Retry(frame) => frame
                    .attempts
                    .iter()
                    .rev()
                    .find(|other| **other != ix)
                    .copied(),
                _ => None,
            };
            self.last_retry(last, "0", &mut flat);
        }
        if let Some(outputs) = template.spec.outputs.as_deref() {
            for artifact in &outputs.artifacts {
                if let Some(path) = &artifact.path {
                    flat.set(
                        format!("outputs.artifacts.{}.path", artifact.name),
                        path.as_str(),
                    );
                }
            }
            for parameter in &outputs.parameters {
                if let Some(path) = parameter
                    .value_from
                    .as_deref()
                    .and_then(|from| from.path.as_deref())
                {
                    flat.set(format!("outputs.parameters.{}.path", parameter.name), path);
                }
            }
        }
        flat
    }

    fn open_pod(&mut self, ix: NodeIx, template: &'a Template, tree: &Tree) {
        let rendered = self.rendered(ix, template, tree);
        self.create_pod(ix, template, rendered);
    }

    /// The template of a pod, tags replaced.
    pub fn rendered(
        &self,
        ix: NodeIx,
        template: &Template,
        tree: &Tree,
    ) -> Result<Arc<spec::Template>, String> {
        if tree.is_literal() {
            return Ok(template.spec.clone());
        }
        let locals = self.pod_locals(ix, template);
        let inputs = self.run.node(ix).inputs.clone();
        let place = Place {
            locals: Some(&locals),
            inputs: inputs.as_deref(),
            ..Place::default()
        };
        let json = self.tree(tree, place)?;
        let read = serde_json::from_value(json);
        read.map(Arc::new)
            .map_err(|e| format!("template is not valid once its tags are replaced: {e}"))
    }

    /// Asks for the pod that runs `rendered`.
    pub fn create_pod(
        &mut self,
        ix: NodeIx,
        template: &'a Template,
        rendered: Result<Arc<spec::Template>, String>,
    ) {
        match rendered.and_then(|rendered| self.intent(ix, template, rendered)) {
            Ok(intent) => {
                if let Some(deadline) = intent.deadline {
                    self.run.timers.add(deadline, Due::Node(ix));
                }
                self.dispatch(ix, Effect::CreatePod(Box::new(intent)));
            }
            Err(message) => self.end(ix, NodePhase::Error, Some(message)),
        }
    }

    pub fn dispatch(&mut self, ix: NodeIx, effect: Effect) {
        let node = self.run.at_mut(ix);
        node.pod = true;
        node.reason = Some(Reason::Pod { message: None });
        self.seat(ix);
        self.run.effects.push(effect);
    }

    /// Takes a node in among those that run as one.
    pub fn seat(&mut self, ix: NodeIx) {
        self.run.at_mut(ix).pod = true;
        self.run.flow.live.insert(ix);
        if !std::mem::replace(&mut self.run.at_mut(ix).seated, true) {
            self.run.flow.active_pods += 1;
        }
        if self
            .run
            .node(ix)
            .progress
            .as_deref()
            .is_none_or(str::is_empty)
        {
            self.run.edit(ix).progress = Some("0/1".to_owned());
        }
    }

    fn intent(
        &mut self,
        ix: NodeIx,
        template: &'a Template,
        rendered: Arc<spec::Template>,
    ) -> Result<PodIntent, String> {
        let locals = self.pod_locals(ix, template);
        let inputs = self.run.node(ix).inputs.clone();
        let place = Place {
            locals: Some(&locals),
            inputs: inputs.as_deref(),
            ..Place::default()
        };
        let mut parameters = Vec::new();
        for output in &template.outputs {
            if let OutputSource::Path(path) = &output.source {
                let path = self.text(path, place).map_err(TextFault::message)?;
                parameters.push(OutputFile {
                    name: output.name.clone(),
                    path,
                });
            }
        }
        let mut artifacts = Vec::new();
        for output in &template.output_artifacts {
            if let ArtifactSource::Located(tree) = &output.source {
                let artifact: spec::Artifact =
                    serde_json::from_value(self.tree(tree, place)?).map_err(|e| e.to_string())?;
                artifacts.push(artifact);
            }
        }
        let files = inputs
            .as_deref()
            .map(|inputs| inputs.artifacts.as_slice())
            .unwrap_or_default();
        let files = files.iter().filter_map(|artifact| {
            let path = artifact.path.clone()?;
            Some(InputFile {
                name: artifact.name.clone(),
                optional: artifact.optional.unwrap_or(false),
                path,
                artifact: artifact.clone(),
            })
        });
        let files = files.collect();
        let deadline = self.deadline(ix, template, place)?;
        let node = self.run.at(ix);
        Ok(PodIntent {
            key: self.run.pod_key(ix),
            name: pod_name(&self.run.name, &node.status.name, &template.name),
            node_name: node.status.name.clone(),
            template_name: template.name.clone(),
            template: rendered,
            inputs: files,
            parameters,
            artifacts,
            capture_result: node.capture_result,
            daemon: template.daemon,
            on_exit: node.on_exit,
            deadline,
            grace: GRACE,
            workflow: self.of_all_pods()?,
        })
    }

    /// What the workflow says of all its pods, tags replaced, once per run.
    fn of_all_pods(&mut self) -> Result<Arc<spec::WorkflowSpec>, String> {
        if let Some(said) = &self.run.of_all_pods {
            return Ok(said.clone());
        }
        let spec = of_all_pods(&self.plan.workflow.spec);
        let json = serde_json::to_value(&spec).map_err(|e| e.to_string())?;
        let json = self.tree(&Tree::parse(&json), Place::default())?;
        let said: Arc<spec::WorkflowSpec> = Arc::new(
            serde_json::from_value(json)
                .map_err(|e| format!("what spec says of pods is not valid: {e}"))?,
        );
        self.run.of_all_pods = Some(said.clone());
        Ok(said)
    }

    /// The earliest of `timeout` (from the node's start), `activeDeadlineSeconds` (from now) and the workflow's own.
    pub fn deadline(
        &mut self,
        ix: NodeIx,
        template: &Template,
        place: Place<'_>,
    ) -> Result<Option<Timestamp>, String> {
        let started = self.run.at(ix).started;
        let mut earliest = self.run.flow.deadline.filter(|_| !self.run.at(ix).on_exit);
        let mut consider =
            |at: Timestamp| earliest = Some(earliest.map_or(at, |other| other.min(at)));
        if let Some(text) = &template.timeout {
            let text = self.text(text, place).map_err(TextFault::message)?;
            let nanos =
                duration::parse_or_seconds(&text).map_err(|e| format!("timeout '{text}': {e}"))?;
            consider(later(started, nanos));
        }
        if let Some(text) = &template.active_deadline {
            let text = self.text(text, place).map_err(TextFault::message)?;
            let seconds: i64 = text
                .trim()
                .parse()
                .map_err(|_| format!("activeDeadlineSeconds '{text}' is no number"))?;
            // A restored node goes on with its time, where nothing can have kept it from its pod.
            let detour = !template.locks.is_empty()
                || template.memoize.is_some()
                || self.plan.parallelism.is_some();
            let from = if detour { self.now } else { started };
            consider(later(from, seconds.saturating_mul(1_000_000_000)));
        }
        if let Some(text) = &template.pending_timeout {
            let text = self.text(text, place).map_err(TextFault::message)?;
            let nanos = duration::parse_or_seconds(&text)
                .map_err(|e| format!("pendingTimeout '{text}': {e}"))?;
            self.run.timers.add(later(started, nanos), Due::Pending(ix));
        }
        Ok(earliest)
    }

    fn open_suspend(&mut self, ix: NodeIx, text: Option<&Text>) {
        let inputs = self.run.node(ix).inputs.clone();
        let locals = self.locals(ix);
        let place = Place {
            locals: Some(&locals),
            inputs: inputs.as_deref(),
            ..Place::default()
        };
        let until = match text.map(|text| self.text(text, place).map_err(TextFault::message)) {
            None => None,
            Some(Ok(text)) => match duration::parse_or_seconds(&text) {
                Ok(nanos) => Some(later(self.run.at(ix).started, nanos)),
                Err(e) => {
                    return self.end(
                        ix,
                        NodePhase::Error,
                        Some(format!("duration '{text}': {e}")),
                    );
                }
            },
            Some(Err(message)) => return self.end(ix, NodePhase::Error, Some(message)),
        };
        if let Some(until) = until {
            self.run.timers.add(until, Due::Suspend(ix));
        }
        self.run.flow.live.insert(ix);
        self.run.at_mut(ix).reason = Some(Reason::Suspended { until });
        self.running(ix);
    }

    /// Pending → Running; hooks may fire.
    pub fn running(&mut self, ix: NodeIx) {
        if self.run.phase_of(ix) == NodePhase::Pending {
            self.run.edit(ix).phase = Some(NodePhase::Running);
            if self
                .call_of(self.run.at(ix).owner)
                .is_some_and(|call| !call.hooks.is_empty())
            {
                self.later(Work::Running(ix));
            }
        }
    }
}

/// A time `nanos` nanoseconds later; the end of time where that is beyond it.
pub(crate) fn later(at: Timestamp, nanos: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_nanos(nanos))
        .unwrap_or(Timestamp::MAX)
}

/// Whether nodes of a kind do something.
pub(crate) fn measurable(kind: Option<NodeType>) -> bool {
    matches!(
        kind,
        Some(NodeType::Pod | NodeType::Suspend | NodeType::Http | NodeType::Plugin)
    )
}

/// The fields of a workflow that are about its pods.
fn of_all_pods(spec: &spec::WorkflowSpec) -> spec::WorkflowSpec {
    spec::WorkflowSpec {
        affinity: spec.affinity.clone(),
        archive_logs: spec.archive_logs,
        automount_service_account_token: spec.automount_service_account_token,
        dns_config: spec.dns_config.clone(),
        dns_policy: spec.dns_policy.clone(),
        host_aliases: spec.host_aliases.clone(),
        host_network: spec.host_network,
        image_pull_secrets: spec.image_pull_secrets.clone(),
        node_selector: spec.node_selector.clone(),
        pod_metadata: spec.pod_metadata.clone(),
        pod_priority_class_name: spec.pod_priority_class_name.clone(),
        pod_resources: spec.pod_resources.clone(),
        pod_spec_patch: spec.pod_spec_patch.clone(),
        resource_claims: spec.resource_claims.clone(),
        scheduler_name: spec.scheduler_name.clone(),
        security_context: spec.security_context.clone(),
        service_account_name: spec.service_account_name.clone(),
        tolerations: spec.tolerations.clone(),
        volumes: spec.volumes.clone(),
        ..spec::WorkflowSpec::default()
    }
}
