//! A world in memory: pods end as the test says, at times the test says.
#![allow(dead_code)]

use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};
use tiphys_core::{
    Command, Effect, Observation, Outcome, PodFinished, PodIntent, PodKey, Run, absorb, decide,
};
use tiphys_graph::plan::Plan;
use tiphys_graph::{Library, Origin, Purpose};
use tiphys_spec::{self as spec, read::ObjectValue};

pub fn plan_of(yaml: &str) -> Plan {
    let read = tiphys_spec::read::read("test.yaml", yaml.as_bytes());
    assert!(
        read.is_sound(),
        "{:?}",
        read.diagnostics
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    );
    let mut library = Library::new();
    for object in &read.objects {
        library.add(object, &read.source);
    }
    library
        .config_maps
        .insert("limits".into(), [("two".into(), "2".into())].into());
    let object = read
        .objects
        .iter()
        .find(|o| matches!(o.value, ObjectValue::Workflow(_)))
        .expect("a workflow");
    let ObjectValue::Workflow(workflow) = &object.value else {
        unreachable!()
    };
    let mut workflow = (**workflow).clone();
    workflow.metadata.name = Some("wf".into());
    workflow.metadata.namespace = Some("default".into());
    workflow.metadata.uid = Some("u".into());
    let planned = tiphys_graph::plan(
        &workflow,
        &Origin::new(&read.source, &object.node),
        &library,
        Purpose::Run,
    );
    let faults: Vec<String> = planned
        .diagnostics
        .iter()
        .map(ToString::to_string)
        .collect();
    planned.plan.unwrap_or_else(|| panic!("{faults:#?}"))
}

/// What one pod does.
#[derive(Clone, Default)]
pub struct Act {
    pub code: i32,
    pub result: Option<String>,
    pub parameters: Vec<(String, String)>,
    pub seconds: i64,
    pub error: Option<String>,
    pub message: Option<String>,
    /// The exit code when told to stop; 143 unless said otherwise.
    pub code_at_stop: Option<i32>,
}

pub type Script = dyn Fn(&PodIntent) -> Act;

pub struct World<'a> {
    pub plan: &'a Plan,
    pub run: Run,
    pub now: Timestamp,
    pub script: &'a Script,
    pub running: BTreeMap<(Timestamp, u64), PodFinished>,
    pub stops: HashMap<PodKey, i32>,
    pub counter: u64,
    pub created: Vec<PodKey>,
    /// Who holds which lock.
    pub locks: Vec<(String, String)>,
    pub waiting: Vec<tiphys_core::LockRequest>,
    pub memo: HashMap<(String, String), spec::Outputs>,
    pub inbox: Vec<Observation>,
    pub most_active: usize,
    /// Orders to come, the next one last.
    pub orders: Vec<(Timestamp, Command)>,
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000 + seconds)
}

impl<'a> World<'a> {
    pub fn new(plan: &'a Plan, script: &'a Script) -> Self {
        Self {
            plan,
            run: Run::new(plan, 1),
            now: at(0),
            script,
            running: BTreeMap::new(),
            stops: HashMap::new(),
            counter: 0,
            created: Vec::new(),
            locks: Vec::new(),
            waiting: Vec::new(),
            memo: HashMap::new(),
            inbox: Vec::new(),
            most_active: 0,
            orders: Vec::new(),
        }
    }

    /// Runs until nothing more happens.
    pub fn go(&mut self) {
        for _ in 0..1_000_000 {
            let inbox = std::mem::take(&mut self.inbox);
            absorb(self.plan, &mut self.run, inbox);
            let decision = decide(self.plan, &mut self.run, self.now);
            for effect in decision.effects {
                self.perform(effect);
            }
            self.most_active = self.most_active.max(self.running.len());
            if decision.finished {
                return;
            }
            if !self.inbox.is_empty() {
                continue;
            }
            let next = self.running.keys().next().map(|(at, _)| *at);
            let before = |at: &Timestamp| {
                let first = next.into_iter().chain(decision.wake_at).min();
                first.is_none_or(|first| *at <= first)
            };
            if let Some((at, order)) = self.orders.pop_if(|(at, _)| before(at)) {
                self.now = self.now.max(at);
                self.inbox.push(Observation::Asked(order));
                continue;
            }
            match (next, decision.wake_at) {
                (Some(next), wake) if wake.is_none_or(|wake| next <= wake) => {
                    let (_, done) = self.running.pop_first().expect("just seen");
                    self.now = self.now.max(next);
                    self.inbox.push(Observation::PodFinished(Box::new(done)));
                }
                (_, Some(wake)) => self.now = self.now.max(wake),
                (_, None) => return,
            }
        }
        panic!("no end");
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::CreatePod(intent) => {
                let act = (self.script)(&intent);
                self.created.push(intent.key.clone());
                if let Some(code) = act.code_at_stop {
                    self.stops.insert(intent.key.clone(), code);
                }
                let end = self.now + SignedDuration::from_secs(act.seconds);
                self.inbox.push(Observation::PodStarted {
                    key: intent.key.clone(),
                    at: self.now,
                    ready: intent.daemon && act.code == 0,
                    ip: Some("10.0.0.1".into()),
                    host: None,
                });
                if intent.daemon && act.code == 0 {
                    return;
                }
                let outcome = match (&act.error, act.code) {
                    (Some(_), _) => Outcome::Error,
                    (None, 0) => Outcome::Succeeded,
                    _ => Outcome::Failed,
                };
                let message = act
                    .error
                    .clone()
                    .or(act.message.clone())
                    .or((act.code != 0).then(|| format!("main: Error (exit code {})", act.code)));
                let parameters = intent
                    .parameters
                    .iter()
                    .map(|p| {
                        (
                            p.name.clone(),
                            act.parameters
                                .iter()
                                .find(|(n, _)| *n == p.name)
                                .map(|(_, v)| v.clone()),
                        )
                    })
                    .collect();
                let artifacts = if act.code == 0 {
                    intent.artifacts.clone()
                } else {
                    Vec::new()
                };
                let done = PodFinished {
                    key: intent.key,
                    at: end,
                    outcome,
                    message,
                    exit_code: act.error.is_none().then_some(act.code),
                    parameters,
                    result: act.result,
                    artifacts,
                    host: None,
                    used: Default::default(),
                    hopeless: false,
                };
                self.counter += 1;
                self.running.insert((end, self.counter), done);
            }
            Effect::StopPod { key } => {
                let found = self
                    .running
                    .iter()
                    .find(|(_, done)| done.key == key)
                    .map(|(at, _)| *at);
                if let Some(mut done) = found.and_then(|at| self.running.remove(&at)) {
                    let code = self.stops.get(&key).copied().unwrap_or(143);
                    (done.exit_code, done.outcome, done.message) = (
                        Some(code),
                        Outcome::Failed,
                        Some("main: Error (exit code 143)".into()),
                    );
                    self.inbox.push(Observation::PodFinished(Box::new(done)));
                }
            }
            Effect::AcquireLocks(request) => {
                self.waiting.push(*request);
                self.grant();
            }
            Effect::ReleaseLocks { holder } => {
                self.waiting.retain(|request| request.holder != holder);
                self.locks.retain(|(_, by)| *by != holder);
                self.grant();
            }
            Effect::LookupMemo { node, cache, key } => match self.memo.get(&(cache, key)) {
                Some(outputs) => self.inbox.push(Observation::MemoFound {
                    node,
                    outputs: Box::new(outputs.clone()),
                    created: self.now,
                }),
                None => self.inbox.push(Observation::MemoMissing { node }),
            },
            Effect::SaveMemo {
                cache,
                key,
                outputs,
                ..
            } => {
                self.memo.insert((cache, key), *outputs);
            }
            Effect::Measure { .. } => {}
            Effect::CallPlugin(call) => {
                let message = Some(format!("plug-in {}", call.kind));
                self.inbox
                    .push(Observation::PodFinished(Box::new(PodFinished {
                        key: call.key,
                        at: self.now,
                        outcome: Outcome::Error,
                        message,
                        exit_code: None,
                        parameters: Vec::new(),
                        result: None,
                        artifacts: Vec::new(),
                        host: None,
                        used: Default::default(),
                        hopeless: false,
                    })));
            }
        }
    }

    fn grant(&mut self) {
        let mut still = Vec::new();
        for request in std::mem::take(&mut self.waiting) {
            let free = request.locks.iter().all(|lock| {
                let others = self
                    .locks
                    .iter()
                    .filter(|(name, by)| *name == lock.name && *by != request.holder);
                others.count() < lock.limit.unwrap_or(1) as usize
            });
            if free {
                for lock in &request.locks {
                    self.locks.push((lock.name.clone(), request.holder.clone()));
                }
                self.inbox.push(Observation::LocksAcquired {
                    holder: request.holder,
                });
            } else {
                let lock = request.locks[0].name.clone();
                self.inbox.push(Observation::LocksWaiting {
                    holder: request.holder.clone(),
                    message: format!("Waiting for {lock} lock. Lock status: 0/1"),
                    lock,
                });
                still.push(request);
            }
        }
        self.waiting = still;
    }

    /// One line per node: name, type, phase, message, and what it gave.
    pub fn tree(&self) -> String {
        let mut lines: Vec<String> = self
            .run
            .nodes()
            .map(|n| {
                let mut line = format!(
                    "{} {} {}",
                    n.name,
                    n.r#type.map_or("", |t| t.as_str()),
                    n.phase.map_or("", |p| p.as_str())
                );
                if let Some(message) = &n.message {
                    line += &format!(" «{message}»");
                }
                for p in n.inputs.iter().flat_map(|i| &i.parameters) {
                    line += &format!(" {}={}", p.name, p.value.as_deref().unwrap_or("?"));
                }
                for p in n.outputs.iter().flat_map(|o| &o.parameters) {
                    line += &format!(" →{}={}", p.name, p.value.as_deref().unwrap_or("?"));
                }
                for a in n.inputs.iter().flat_map(|i| &i.artifacts) {
                    line += &format!(" @{}", a.name);
                }
                for a in n.outputs.iter().flat_map(|o| &o.artifacts) {
                    line += &format!(" →@{}", a.name);
                }
                if let Some(result) = n.outputs.as_deref().and_then(|o| o.result.as_deref()) {
                    line += &format!(" →{result}");
                }
                let children: Vec<&str> = n
                    .children
                    .iter()
                    .filter_map(|id| self.run.nodes().find(|m| m.id == *id))
                    .map(|m| m.name.as_str())
                    .collect();
                if !children.is_empty() {
                    line += &format!(" [{}]", children.join(" "));
                }
                line
            })
            .collect();
        lines.sort();
        lines.insert(
            0,
            format!(
                "{} {}",
                self.run.phase(),
                self.run.summary().message.unwrap_or_default()
            )
            .trim()
            .to_owned(),
        );
        lines.join("\n")
    }
}

/// Runs a workflow to its end.
pub fn tree(yaml: &str, script: &Script) -> String {
    let plan = plan_of(yaml);
    let mut world = World::new(&plan, script);
    world.go();
    world.tree()
}
