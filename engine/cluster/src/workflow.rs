//! One workflow on its way: absorb what was observed, decide, store the decision, perform it.

use crate::calls::Calls;
use crate::client::{code, merge, patiently, told};
use crate::edits::edits;
use crate::events::Told;
use crate::ground::Ground;
use crate::holding::Holding;
use crate::kinds::{scope, workflows};
use crate::names::COMPLETED;
use crate::pods::Pods;
use crate::prepare::prepare;
use crate::record::Record;
use crate::{agent, budget, claims, expiry, gc, memo, refuse, retire};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::DynamicObject;
use kube::{Api, Error, ResourceExt};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tiphys_core::{Command, Effect, NodeIx, Observation, PodKey, Run, absorb, decide};
use tiphys_graph::plan::Plan;
use tiphys_spec as spec;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long a change on which nothing depends may wait for others, so that all are one write.
const PATIENCE: Duration = Duration::from_secs(2);

/// News for a workflow.
pub(crate) enum Letter {
    Pod(Arc<Pod>),
    PodGone(Arc<Pod>),
    /// Its object has another version than before.
    Changed(String),
    /// Its object is no more.
    Deleted,
    Seen(Observation),
    /// The controller ends.
    Leave,
}

/// Which workflow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    pub namespace: String,
    pub name: String,
    pub uid: Arc<str>,
}

impl Id {
    /// For what is made for the workflow and goes with it.
    pub(crate) fn owner(&self) -> OwnerReference {
        OwnerReference {
            api_version: spec::API_VERSION.to_owned(),
            kind: "Workflow".to_owned(),
            name: self.name.clone(),
            uid: self.uid.to_string(),
            controller: Some(true),
            block_owner_deletion: None,
        }
    }
}

pub(crate) async fn fetch(ground: &Ground, id: &Id) -> Result<Option<DynamicObject>, Error> {
    let api = scope::<DynamicObject>(&ground.client, Some(&id.namespace), &workflows());
    let found = patiently("get a workflow", || api.get_opt(&id.name)).await?;
    Ok(found.filter(|object| object.metadata.uid.as_deref() == Some(&id.uid)))
}

/// Runs a workflow until it has ended, or is left. `settled` is told once it has asked for the locks that it held.
pub(crate) async fn operate(
    ground: Arc<Ground>,
    id: Id,
    pods: Vec<Arc<Pod>>,
    letters: UnboundedSender<Letter>,
    inbox: UnboundedReceiver<Letter>,
    settled: impl FnOnce(),
) {
    let object = match fetch(&ground, &id).await {
        Ok(Some(object)) => object,
        Ok(None) => return settled(),
        Err(error) => {
            tracing::error!(%error, workflow = id.name, "failed to get a workflow");
            return settled();
        }
    };
    // Somebody was faster, or the watch told of it late.
    if object.labels().get(COMPLETED).map(String::as_str) == Some("true") {
        return settled();
    }
    let prepared = match prepare(&ground, &id, &object).await {
        Ok(prepared) => prepared,
        Err(fault) => {
            refuse::refuse(&ground, &id, &fault).await;
            return settled();
        }
    };
    let mut drive = Drive {
        api: scope(&ground.client, Some(&id.namespace), &workflows()),
        pods: Pods::new(ground.clone(), &id.namespace, letters.clone()),
        calls: Calls::new(ground.clone(), id.clone(), letters.clone()),
        version: object.metadata.resource_version.clone().unwrap_or_default(),
        own: HashSet::new(),
        holding: Holding::of(&prepared.object),
        told: prepared.told,
        first: prepared.first,
        plan: prepared.plan,
        run: prepared.run,
        record: prepared.record,
        object: prepared.object,
        ground,
        id,
        letters,
        inbox,
        dirty: BTreeSet::new(),
        since: None,
        asked: false,
        tasks: Vec::new(),
    };
    for pod in pods {
        drive.pods.know(&pod);
        let _ = drive.letters.send(Letter::Pod(pod));
    }
    match drive.turn(settled).await {
        Ok(()) => {}
        Err(Stop::Deleted) => drive.deleted(),
        Err(Stop::Failed(error)) => {
            drive.deleted();
            refuse::refuse(&drive.ground, &drive.id, &refuse::Fault::Lost(error)).await;
        }
    }
    drive.close().await;
}

enum Stop {
    Deleted,
    Failed(String),
}

enum Next {
    Go,
    Leave,
}

struct Drive {
    ground: Arc<Ground>,
    id: Id,
    api: Api<DynamicObject>,
    /// As it was last read: what users want of it.
    object: Value,
    plan: Arc<Plan>,
    run: Run,
    record: Record,
    /// Of the object, as last read or written here.
    version: String,
    /// Versions that were written here and of which the watch has not told yet.
    own: HashSet<String>,
    pods: Pods,
    calls: Calls,
    holding: Holding,
    /// The events that were sent.
    told: Told,
    /// What the object is to have from the first write on, besides what the run decides; none once it has.
    first: Option<Value>,
    letters: UnboundedSender<Letter>,
    inbox: UnboundedReceiver<Letter>,
    /// Changed and not stored.
    dirty: BTreeSet<NodeIx>,
    /// Since when there is something to store.
    since: Option<Instant>,
    /// Somebody asked for something that is not decided yet.
    asked: bool,
    tasks: Vec<JoinHandle<()>>,
}

impl Drive {
    async fn turn(&mut self, settled: impl FnOnce()) -> Result<(), Stop> {
        let mut settled = Some(settled);
        let commands = edits(&self.object, &self.run);
        self.obey(commands);
        loop {
            let began = Instant::now();
            self.asked = false;
            let decision = decide(&self.plan, &mut self.run, Timestamp::now());
            // Who waits for a gate sees it at once, and may open it.
            let gate = |ix: &NodeIx| self.run.node(*ix).r#type == Some(spec::NodeType::Suspend);
            let gates = decision.changed.iter().any(gate);
            self.dirty.extend(decision.changed);
            self.note(&decision.effects);
            if decision.workflow_changed || !self.dirty.is_empty() {
                self.since.get_or_insert_with(Instant::now);
            }
            let urgent =
                gates || !decision.effects.is_empty() || decision.finished || settled.is_some();
            let overdue = self.since.is_some_and(|since| since.elapsed() >= PATIENCE);
            if self.since.is_some() && (urgent || overdue) {
                self.store().await?;
            }
            self.ground.settings.metrics.operation(began.elapsed());
            for effect in decision.effects {
                self.perform(effect).await;
            }
            if self.since.is_none() {
                self.tidy();
            }
            if let Some(settled) = settled.take() {
                settled();
            }
            if decision.finished {
                self.collect().await;
                return Ok(());
            }
            // What somebody else wrote while this was stored has been taken in, and is not decided yet.
            if std::mem::take(&mut self.asked) {
                continue;
            }
            if let Next::Leave = self.observe(decision.wake_at).await? {
                return self.store().await;
            }
        }
    }

    /// Stores what was decided, before anything of it is done.
    async fn store(&mut self) -> Result<(), Stop> {
        loop {
            self.record.locks = self.holding.status();
            self.record.expires = self.expires();
            let dirty: Vec<NodeIx> = std::mem::take(&mut self.dirty).into_iter().collect();
            let patch = self.record.update(&self.run, dirty.iter().copied());
            self.since = None;
            let patch = patch.map_err(|error| Stop::Failed(error.to_string()))?;
            let Some(mut patch) = patch else { break };
            if let Some(first) = &self.first {
                crate::patch::join(&mut patch, first);
            }
            patch["metadata"]["resourceVersion"] = self.version.as_str().into();
            if tracked(&self.object) {
                // Who changed which field is kept for server-side apply, and nobody applies what changes by itself. It is most of what a
                // write costs, and grows with the nodes; the API server keeps none of it again once it is gone.
                patch["metadata"]["managedFields"] = json!([{}]);
            }
            let wrote = merge("store a workflow", &self.api, &self.id.name, patch).await;
            match wrote {
                Ok(written) => {
                    if let Some(metadata) = self.object["metadata"].as_object_mut() {
                        metadata.remove("managedFields");
                    }
                    self.version = written.metadata.resource_version.unwrap_or_default();
                    self.own.insert(self.version.clone());
                    self.first = None;
                    self.tell(&dirty);
                    break;
                }
                // Somebody else wrote meanwhile: what they want is taken in, and all is compared anew.
                Err(error) if code(&error) == Some(409) => {
                    self.reread().await?;
                    self.dirty = self.all().collect();
                    self.since = Some(Instant::now());
                }
                Err(error) if code(&error) == Some(404) => return Err(Stop::Deleted),
                Err(error) => {
                    return Err(Stop::Failed(format!(
                        "store the workflow: {}",
                        told(&error)
                    )));
                }
            }
        }
        Ok(())
    }

    /// Tells others what is on record now.
    fn tell(&mut self, changed: &[NodeIx]) {
        let news = self.told.news(&self.run, changed);
        self.ground.events.tell(&self.id, &self.run, &news);
        if let Some(traces) = &self.ground.settings.traces {
            let over = news.workflow && self.run.finished();
            traces.tell(&self.id, &self.run, &news.nodes, over);
        }
    }

    /// All is on record: pods that have ended are let go, and those end whose nodes have ended.
    fn tidy(&mut self) {
        let run = &self.run;
        self.tasks.retain(|task| !task.is_finished());
        self.tasks.extend(self.pods.tidy(|key| ended(run, key)));
    }

    /// What is to go with the workflow's end: its agent, budget, claims and pods.
    async fn collect(&mut self) {
        let asked = |node: &spec::NodeStatus| node.r#type == Some(spec::NodeType::Plugin);
        if self.ground.settings.executor_plugins.any() && self.run.nodes().any(asked) {
            let (ground, id) = (self.ground.clone(), self.id.clone());
            self.tasks.push(tokio::spawn(async move {
                agent::dismiss(&ground, &id).await;
            }));
        }
        if self.plan.workflow.spec.pod_disruption_budget.is_some() {
            let (ground, id) = (self.ground.clone(), self.id.clone());
            self.tasks.push(tokio::spawn(async move {
                budget::collect(&ground, &id).await;
            }));
        }
        if !self.plan.workflow.spec.volume_claim_templates.is_empty() {
            let (ground, id, phase) = (self.ground.clone(), self.id.clone(), self.run.phase());
            let plan = self.plan.clone();
            self.tasks.push(tokio::spawn(async move {
                claims::collect(&ground, &id, &plan.workflow.spec, phase).await;
            }));
        }
        let gc = self.plan.workflow.spec.pod_gc.as_ref();
        let strategy = gc.and_then(|gc| gc.strategy.as_deref());
        if strategy.is_some_and(|strategy| strategy.starts_with("OnWorkflow")) {
            let (ground, id, phase) = (self.ground.clone(), self.id.clone(), self.run.phase());
            self.tasks.push(tokio::spawn(async move {
                retire::collect(&ground, &id, phase).await;
            }));
        }
    }

    /// When the object may go, once the run has ended.
    fn expires(&self) -> Option<String> {
        let status = self.run.finished().then(|| self.run.summary())?;
        let strategy = self.plan.workflow.spec.ttl_strategy.as_ref();
        let due = expiry::due(strategy, self.run.phase(), status.finished_at?.0)?;
        Some(due.to_string())
    }

    fn all(&self) -> impl Iterator<Item = NodeIx> + use<> {
        let count = u32::try_from(self.run.nodes().count()).unwrap_or(u32::MAX);
        (0..count).map(NodeIx)
    }

    /// Reads the object, and takes in what users want.
    async fn reread(&mut self) -> Result<(), Stop> {
        let found = fetch(&self.ground, &self.id).await;
        let found =
            found.map_err(|error| Stop::Failed(format!("get the workflow: {}", told(&error))))?;
        let object = found.ok_or(Stop::Deleted)?;
        self.version = object.metadata.resource_version.clone().unwrap_or_default();
        self.object = serde_json::to_value(&object).unwrap_or_default();
        self.record = Record::of(&self.object).map_err(|error| Stop::Failed(error.to_string()))?;
        if let Some(first) = &mut self.first {
            gc::renew(first, &self.object);
            self.record.reserve(first);
        }
        let commands = edits(&self.object, &self.run);
        self.obey(commands);
        Ok(())
    }

    fn obey(&mut self, commands: Vec<Command>) {
        self.asked |= !commands.is_empty();
        let asked = commands.into_iter().map(Observation::Asked);
        absorb(&self.plan, &mut self.run, asked);
    }

    /// What the decision says of locks is part of what is stored.
    fn note(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::AcquireLocks(request) => self.holding.ask(request),
                Effect::ReleaseLocks { holder } => self.holding.forget(holder),
                _ => {}
            }
        }
    }

    async fn perform(&mut self, effect: Effect) {
        match effect {
            // Argo does what a resource template says in a pod, which may be on its way.
            Effect::CreatePod(intent)
                if intent.template.resource.is_some() && !self.pods.there(&intent.key) =>
            {
                self.calls.resource(*intent, self.plan.clone());
            }
            Effect::CreatePod(intent) => self.pods.create(&intent, &self.plan),
            Effect::StopPod { key } => {
                if self.calls.stop(&key) {
                    return;
                }
                self.pods.stop(&key);
            }
            Effect::Measure { of, samples } => {
                let metrics = &self.ground.settings.metrics;
                if let Err(reason) = metrics.declared(&self.id.uid, &of, samples) {
                    self.ground.events.fault(&self.id, "MetricsError", &reason);
                    let refused = Observation::MetricRefused { reason };
                    let _ = self.letters.send(Letter::Seen(refused));
                }
            }
            Effect::CallPlugin(call) => self.calls.begin(*call, self.plan.clone()),
            Effect::AcquireLocks(request) => {
                let (locks, letters) = (self.ground.locks.clone(), self.letters.clone());
                let held = self.holding.held(&request.holder);
                locks.acquire(&self.id.uid, *request, held, letters).await;
            }
            Effect::ReleaseLocks { holder } => self.ground.locks.release(&holder),
            Effect::LookupMemo { node, cache, key } => {
                let (ground, namespace) = (self.ground.clone(), self.id.namespace.clone());
                let letters = self.letters.clone();
                tokio::spawn(async move {
                    let found = memo::find(&ground.client, &namespace, &cache, &key).await;
                    // A cache that cannot be read costs time, not the run.
                    let found = found.unwrap_or_else(|error| {
                        tracing::warn!("failed to {error}");
                        None
                    });
                    let _ = letters.send(Letter::Seen(match found {
                        Some((outputs, created)) => Observation::MemoFound {
                            node,
                            outputs: Box::new(outputs),
                            created,
                        },
                        None => Observation::MemoMissing { node },
                    }));
                });
            }
            Effect::SaveMemo {
                node,
                cache,
                key,
                outputs,
            } => {
                let (ground, namespace) = (self.ground.clone(), self.id.namespace.clone());
                self.tasks.push(tokio::spawn(async move {
                    let saved =
                        memo::save(&ground.client, &namespace, &cache, &key, node, *outputs).await;
                    if let Err(error) = saved {
                        tracing::warn!("failed to {error}");
                    }
                }));
            }
        }
    }

    /// Waits until there is something to decide, and takes it in.
    async fn observe(&mut self, wake_at: Option<Timestamp>) -> Result<Next, Stop> {
        let now = Timestamp::now();
        let due = wake_at.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        let store = self
            .since
            .map(|since| PATIENCE.saturating_sub(since.elapsed()));
        let patience = due.into_iter().chain(store).min();
        let mut letters = Vec::new();
        tokio::select! {
            biased;
            _ = self.inbox.recv_many(&mut letters, 4096) => {}
            () = tokio::time::sleep(patience.unwrap_or(Duration::MAX)), if patience.is_some() => {}
        }
        let mut observations = Vec::new();
        let mut changed = false;
        for letter in letters {
            match letter {
                Letter::Pod(pod) => observations.extend(self.pods.observe(&pod)),
                Letter::PodGone(pod) => observations.extend(self.pods.gone(&pod)),
                Letter::Seen(observation) => observations.push(observation),
                Letter::Changed(version) => {
                    let newest = version == self.version;
                    let known = self.own.remove(&version) || newest;
                    changed |= !known;
                    // The watch has caught up; of what it passed over it will not tell.
                    if newest {
                        self.own.clear();
                    }
                }
                Letter::Deleted => return Err(Stop::Deleted),
                Letter::Leave => return Ok(Next::Leave),
            }
        }
        for observation in &observations {
            if let Observation::LocksAcquired { holder } = observation {
                self.holding.got(holder);
            }
        }
        absorb(&self.plan, &mut self.run, observations);
        if changed {
            self.reread().await?;
            self.dirty = self.all().collect();
        }
        Ok(Next::Go)
    }

    /// The object is gone: so is all that was done for it.
    fn deleted(&mut self) {
        self.calls.abandon();
        let living: Vec<PodKey> = self.pods.living().cloned().collect();
        living.iter().for_each(|key| self.pods.stop(key));
    }

    async fn close(mut self) {
        self.calls.abandon();
        self.ground.locks.release_all(&self.id.uid);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Whether the API server keeps for an object who changed which field.
fn tracked(object: &Value) -> bool {
    let fields = object["metadata"]["managedFields"].as_array();
    fields.is_some_and(|fields| !fields.is_empty())
}

/// Whether it is on record how the node of a pod ended.
fn ended(run: &Run, key: &PodKey) -> bool {
    if key.attempt != run.extra().attempt {
        return true;
    }
    let node = run.node_by_id(&key.node);
    node.is_none_or(|node| node.phase.is_some_and(spec::NodePhase::terminal))
}
