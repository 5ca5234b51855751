//! One run of one seed: facts in, decisions stored, effects performed; and the engine dies at the worst moments.

use crate::laws::{self, Ledger};
use crate::random::Random;
use crate::world::{World, seconds};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tiphys_core::{Command, Decision, Effect, Extra, Observation, Run, Selector, absorb, decide};
use tiphys_graph::plan::Plan;
use tiphys_spec::{self as spec, NodePhase, NodeType};

/// How the world and the engine behave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Facts come twice, late, out of order; nonsense among them.
    pub rough: bool,
    /// Facts may be this many seconds late.
    pub delay: usize,
    /// The engine dies this often, of 100 decisions.
    pub deaths: u64,
    pub orders: bool,
}

/// What a backend keeps: records, summary, extra; as JSON, as it would.
#[derive(Default)]
struct Stored {
    nodes: BTreeMap<String, String>,
    summary: spec::WorkflowStatus,
    extra: Extra,
}

pub struct Driver<'a> {
    plan: &'a Plan,
    seed: u64,
    manner: Manner,
    run: Run,
    world: World,
    ledger: Ledger,
    stored: Stored,
    now: Timestamp,
    random: Random,
    /// Orders, by the time at which they are given; one stays until a decision on it is stored.
    orders: Vec<(Timestamp, Command)>,
    given: usize,
    stopped: bool,
    pub decisions: usize,
    pub lives: usize,
    transcript: Option<Vec<String>>,
}

const MOST: usize = 20_000;

impl<'a> Driver<'a> {
    pub fn new(plan: &'a Plan, seed: u64, manner: Manner, transcript: bool) -> Self {
        let mut random = Random::new(seed ^ 0xd1ce);
        let mut world = World::new(seed, Random::new(seed ^ 0xbad));
        (world.rough, world.delay) = (manner.rough, manner.delay);
        let now = Timestamp::from_second(1_700_000_000).expect("a time");
        let orders = if manner.orders {
            orders(&mut random, now)
        } else {
            Vec::new()
        };
        let run = Run::new(plan, seed);
        let stored = Stored {
            extra: run.extra().clone(),
            ..Stored::default()
        };
        Self {
            plan,
            seed,
            manner,
            run,
            world,
            ledger: Ledger::new(plan),
            stored,
            now,
            random,
            orders,
            given: 0,
            stopped: false,

            decisions: 0,
            lives: 1,
            transcript: transcript.then(Vec::new),
        }
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(transcript) = &mut self.transcript {
            transcript.push(format!(
                "{:>5}s  {}",
                self.now.as_second() - 1_700_000_000,
                line()
            ));
        }
    }

    pub fn transcript(&mut self) -> Vec<String> {
        self.transcript.take().unwrap_or_default()
    }

    pub fn tree(&self) -> Vec<String> {
        laws::tree(&self.run)
    }

    pub fn nodes(&self) -> usize {
        self.run.nodes().count()
    }

    /// To the end, or to the first law that is broken.
    pub fn go(&mut self) -> Result<(), String> {
        loop {
            let taken = self.facts();
            let decision = decide(self.plan, &mut self.run, self.now);
            self.decisions += 1;
            if self.decisions > MOST {
                return Err(format!("no end after {MOST} decisions"));
            }
            if self.random.chance(20) {
                self.idle(&decision)?;
            }
            if self.dies() {
                self.note(|| "the engine dies before it has stored its decision".to_owned());
                self.restart();
                continue;
            }
            self.store(&decision)?;
            self.given += taken;
            let (finished, wake) = (decision.finished, decision.wake_at);
            if !self.perform(decision)? {
                continue;
            }
            if finished {
                return self.finish();
            }
            self.wait(wake)?;
        }
    }

    fn dies(&mut self) -> bool {
        self.manner.deaths > 0 && self.random.chance(self.manner.deaths)
    }

    /// Lets the engine hear what has arrived; how many orders were among it.
    fn facts(&mut self) -> usize {
        let mut facts = self.world.arrivals(self.now);
        if self.manner.rough && self.random.chance(10) {
            facts.push(self.world.nonsense(self.now, "wf"));
        }
        let due = self.orders[self.given..]
            .iter()
            .take_while(|(at, _)| *at <= self.now)
            .count();
        facts.extend(
            self.orders[self.given..self.given + due]
                .iter()
                .map(|(_, order)| Observation::Asked(order.clone())),
        );
        for fact in &facts {
            let text = tell(fact);
            self.note(|| format!("<- {text}"));
        }
        absorb(self.plan, &mut self.run, facts);
        due
    }

    /// Decided once more with nothing new: nothing may come of it.
    fn idle(&mut self, decision: &Decision) -> Result<(), String> {
        let again = decide(self.plan, &mut self.run, self.now);
        let changed = !again.changed.is_empty() || again.workflow_changed;
        let nothing = again.effects.is_empty() && !changed;
        let due = decision.wake_at.is_some_and(|at| at <= self.now);
        let same = again.wake_at == decision.wake_at && again.finished == decision.finished;
        if !due && (!nothing || !same) {
            return Err(format!(
                "decided twice with nothing new: {again:?}, after {decision:?}"
            ));
        }
        if due && !nothing {
            // What was due at once came with the second decision: let the first one's reader see it too.
            return Err(format!(
                "wake_at {:?} is not after now, and the decision left work undone: {again:?}",
                decision.wake_at
            ));
        }
        Ok(())
    }

    fn store(&mut self, decision: &Decision) -> Result<(), String> {
        let mut seen = std::collections::BTreeSet::new();
        for ix in &decision.changed {
            if !seen.insert(*ix) {
                return Err(format!(
                    "{} was handed out twice in one decision",
                    self.run.node(*ix).name
                ));
            }
            let node = self.run.node(*ix).clone();
            self.note(|| {
                format!(
                    "   {} {} {}{}",
                    node.name,
                    node.r#type.map_or("", |t| t.as_str()),
                    node.phase.map_or("", |p| p.as_str()),
                    node.message
                        .as_deref()
                        .map(|m| format!(" «{m}»"))
                        .unwrap_or_default()
                )
            });
            self.stored.nodes.insert(
                node.id.clone(),
                serde_json::to_string(&node).map_err(|e| e.to_string())?,
            );
        }
        if decision.workflow_changed {
            self.stored.summary = self.run.summary();
            self.stored.extra = self.run.extra().clone();
        }
        // Pods are asked for before their nodes end, never after.
        for effect in &decision.effects {
            if let Effect::CreatePod(intent) = effect
                && self.ledger.ended(&intent.key.node)
            {
                return Err(format!(
                    "a pod is created for {}, which has ended",
                    intent.node_name
                ));
            }
        }
        for ix in &decision.changed {
            self.ledger.record(self.run.node(*ix))?;
        }
        self.ledger.structure(&self.run, self.plan)
    }

    /// False where the engine died half-way.
    fn perform(&mut self, decision: Decision) -> Result<bool, String> {
        let dies = self
            .dies()
            .then(|| self.random.below(decision.effects.len() + 1));
        for (index, effect) in decision.effects.into_iter().enumerate() {
            if dies == Some(index) {
                self.note(|| "the engine dies before it has done all".to_owned());
                self.restart();
                return Ok(false);
            }
            let text = show(&effect);
            self.note(|| format!("-> {text}"));
            self.guarded(&effect)?;
            self.world.perform(effect, self.now)?;
        }
        Ok(true)
    }

    /// A pod whose template has locks runs only while they are held: by its node, or by the Retry node above it. One that was told to
    /// end in the same breath is past caring.
    fn guarded(&self, effect: &Effect) -> Result<(), String> {
        let Effect::CreatePod(intent) = effect else {
            return Ok(());
        };
        let mut templates = self.plan.templates.iter();
        let locked = templates.any(|t| t.name == intent.template_name && !t.locks.is_empty());
        let above = intent.node_name.rsplit_once('(').map(|(name, _)| name);
        let above = self
            .run
            .nodes()
            .find(|node| Some(node.name.as_str()) == above);
        let mut ids =
            std::iter::once(intent.key.node.as_str()).chain(above.map(|node| node.id.as_str()));
        let held = ids.any(|id| self.world.holds(&format!("ns/wf/{id}")));
        if locked && !held && self.run.extra().shutdown.is_none() && !self.limited() {
            return Err(format!(
                "the pod of {} starts without its lock",
                intent.node_name
            ));
        }
        Ok(())
    }

    /// A deadline may end a restored pod before it has its lock again; then it is asked for only to be stopped.
    fn limited(&self) -> bool {
        self.plan.workflow.spec.active_deadline_seconds.is_some()
            || self.lives > 1 && self.plan.templates.iter().any(|t| t.timeout.is_some())
    }

    fn restart(&mut self) {
        self.lives += 1;
        self.world.engine_lost();
        let mut status = self.stored.summary.clone();
        for (id, text) in &self.stored.nodes {
            status.nodes.insert(
                id.clone(),
                serde_json::from_str(text).expect("what was written can be read"),
            );
        }
        self.world.sweep(
            self.now,
            |id| self.ledger.ended(id),
            status.phase.unwrap_or_default().completed(),
        );
        self.run = Run::restore(self.plan, &status, &self.stored.extra, self.seed);
    }

    /// To the next moment at which anything happens; somebody resumes what waits for somebody.
    fn wait(&mut self, wake: Option<Timestamp>) -> Result<(), String> {
        let waiting = self.run.waiting(self.plan);
        if waiting.is_empty() {
            return Err("the workflow has not ended, and nothing says why".to_owned());
        }
        for (name, reason) in &waiting {
            if let tiphys_core::Reason::Children { names } = reason
                && names.is_empty()
                && !waiting
                    .iter()
                    .any(|(other, _)| other != name && other.starts_with(name.as_str()))
            {
                return Err(format!("{name} waits and nothing says for what"));
            }
        }
        let order = self.orders.get(self.given).map(|(at, _)| *at);
        if let Some(next) = self.world.next().into_iter().chain(wake).chain(order).min() {
            self.now = self.now.max(next);
            return Ok(());
        }
        let pauses = self.run.nodes().any(|node| {
            node.r#type == Some(NodeType::Suspend) && node.phase == Some(NodePhase::Running)
        });
        if self.run.suspended() || pauses {
            self.now += seconds(5);
            let outputs = BTreeMap::from([("p".to_owned(), "said".to_owned())]);
            self.orders.push((
                self.now,
                Command::Resume {
                    selector: None,
                    outputs,
                    message: None,
                },
            ));
            return Ok(());
        }
        let reasons: Vec<String> = waiting
            .iter()
            .map(|(name, reason)| format!("{name}: {reason}"))
            .collect();
        Err(format!(
            "stuck: nothing will happen any more.\n  {}",
            reasons.join("\n  ")
        ))
    }

    fn finish(&mut self) -> Result<(), String> {
        self.stopped |= self.run.extra().shutdown.is_some();
        self.ledger.end(&self.run, self.stopped)?;
        let left = self.world.left_over();
        if !left.is_empty() {
            return Err(format!(
                "the workflow has ended and these pods live on: {left:?}"
            ));
        }
        let locks = self.world.locks_left();
        if !locks.is_empty() {
            return Err(format!(
                "the workflow has ended and these locks are held or waited for: {locks:?}"
            ));
        }
        for node in self.run.nodes() {
            let kept = self
                .stored
                .nodes
                .get(&node.id)
                .ok_or_else(|| format!("{} was never stored", node.name))?;
            if *kept != serde_json::to_string(node).map_err(|e| e.to_string())? {
                return Err(format!(
                    "{} differs from what was stored of it: {kept}",
                    node.name
                ));
            }
        }
        Ok(())
    }
}

fn orders(random: &mut Random, start: Timestamp) -> Vec<(Timestamp, Command)> {
    let mut orders = Vec::new();
    let mut at = start;
    for _ in 0..1 + random.below(3) {
        at += seconds(random.below(40));
        let selector = || Selector::parse("templateName=pause").ok();
        let message = Some("as ordered".to_owned());
        let order = match random.below(10) {
            0..=2 => Command::Suspend,
            3..=4 => Command::Resume {
                selector: None,
                outputs: BTreeMap::new(),
                message,
            },
            5 => Command::Resume {
                selector: selector(),
                outputs: BTreeMap::from([("p".to_owned(), "given".to_owned())]),
                message,
            },
            6 => Command::Stop {
                selector: selector(),
                message,
            },
            7 => Command::Stop {
                selector: None,
                message: random.chance(50).then(|| "enough".to_owned()),
            },
            8 => Command::Terminate,
            _ => Command::SetNode {
                selector: selector().expect("a selector"),
                outputs: BTreeMap::from([("p".to_owned(), "set".to_owned())]),
                message,
                phase: random.chance(50).then_some(NodePhase::Failed),
            },
        };
        orders.push((at, order));
    }
    orders
}

fn tell(fact: &Observation) -> String {
    match fact {
        Observation::PodFinished(done) => format!(
            "PodFinished {} {:?} {:?}",
            done.key.node, done.outcome, done.parameters
        ),
        Observation::PodStarted { key, ready, .. } => format!(
            "PodStarted {}{}",
            key.node,
            if *ready { " ready" } else { "" }
        ),
        other => format!("{other:?}"),
    }
}

fn show(effect: &Effect) -> String {
    match effect {
        Effect::CreatePod(intent) => format!("CreatePod {} {}", intent.node_name, intent.key.node),
        other => format!("{other:?}"),
    }
}
