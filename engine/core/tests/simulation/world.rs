//! A world that breaks down, dawdles and repeats itself, but never lies: pods, locks and the memo cache outlive the engine.

use crate::random::{Random, fate};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use tiphys_core::{Effect, LockRequest, Observation, Outcome, PodFinished, PodIntent, PodKey};
use tiphys_spec as spec;

/// What befalls a pod is written in its node's name.
struct Pod {
    starts: Timestamp,
    started: bool,
    daemon: bool,
    end: Option<Box<PodFinished>>,
    /// When `end` comes true; none for a daemon that runs on.
    ends: Option<Timestamp>,
    ended: bool,
    told_to_stop: bool,
}

pub struct World {
    seed: u64,
    pods: BTreeMap<PodKey, Pod>,
    /// Pods that have something to say later.
    agenda: BTreeSet<(Timestamp, PodKey)>,
    held: BTreeMap<String, Vec<String>>,
    queue: Vec<LockRequest>,
    memo: BTreeMap<(String, String), (Box<spec::Outputs>, Timestamp)>,
    /// Facts on their way, by the time of their arrival.
    post: BTreeMap<(Timestamp, u64), Observation>,
    posted: u64,
    /// Keys that this life of the engine has asked for.
    asked: BTreeSet<PodKey>,
    /// The slowest a fact may be, in seconds.
    pub delay: usize,
    /// Repeats facts, tells them out of order, tells nonsense.
    pub rough: bool,
    pub random: Random,
}

impl World {
    pub fn new(seed: u64, random: Random) -> Self {
        Self {
            seed,
            pods: BTreeMap::new(),
            agenda: BTreeSet::new(),
            held: BTreeMap::new(),
            queue: Vec::new(),
            memo: BTreeMap::new(),
            post: BTreeMap::new(),
            posted: 0,
            asked: BTreeSet::new(),
            delay: 0,
            rough: false,
            random,
        }
    }

    fn tell(&mut self, now: Timestamp, fact: Observation) {
        let times = if self.rough && self.random.chance(8) {
            2
        } else {
            1
        };
        for _ in 0..times {
            let late = if self.rough && self.delay > 0 {
                self.random.below(self.delay)
            } else {
                0
            };
            self.posted += 1;
            self.post
                .insert((now + seconds(late), self.posted), fact.clone());
        }
    }

    /// Facts that have arrived by `now`.
    pub fn arrivals(&mut self, now: Timestamp) -> Vec<Observation> {
        self.live(now);
        let mut facts = Vec::new();
        while let Some(entry) = self.post.first_entry().filter(|entry| entry.key().0 <= now) {
            facts.push(entry.remove());
        }
        if self.rough && self.delay > 0 {
            self.random.shuffle(&mut facts);
        }
        facts
    }

    /// The next moment at which something happens by itself.
    pub fn next(&self) -> Option<Timestamp> {
        let post = self.post.first_key_value().map(|((at, _), _)| *at);
        let agenda = self.agenda.first().map(|(at, _)| *at);
        post.into_iter().chain(agenda).min()
    }

    /// Pods go on as far as they come by `now`.
    fn live(&mut self, now: Timestamp) {
        while let Some((at, key)) = self.agenda.first().cloned().filter(|(at, _)| *at <= now) {
            self.agenda.pop_first();
            let Some(pod) = self.pods.get_mut(&key).filter(|pod| !pod.ended) else {
                continue;
            };
            if !pod.started {
                pod.started = true;
                let fact = started(&key, pod, at);
                if let Some(ends) = pod.ends {
                    self.agenda.insert((ends, key));
                }
                self.tell(at, fact);
            } else if let Some(end) = pod.end.clone() {
                pod.ended = true;
                self.tell(at, Observation::PodFinished(end));
            }
        }
    }

    /// What goes wrong with an effect, if anything: the law that it breaks.
    pub fn perform(&mut self, effect: Effect, now: Timestamp) -> Result<(), String> {
        match effect {
            Effect::CreatePod(intent) => self.create(&intent, now)?,
            Effect::CallPlugin(call) => {
                return Err(format!("a plug-in was called for {}", call.node_name));
            }
            Effect::StopPod { key } => self.stop(&key, now),
            Effect::AcquireLocks(request) => {
                let has = request.locks.iter().all(|lock| {
                    self.held
                        .get(&lock.name)
                        .is_some_and(|by| by.contains(&request.holder))
                });
                if has {
                    self.tell(
                        now,
                        Observation::LocksAcquired {
                            holder: request.holder,
                        },
                    );
                } else if !self
                    .queue
                    .iter()
                    .any(|waiting| waiting.holder == request.holder)
                {
                    self.queue.push(*request);
                }
                self.grant(now);
            }
            Effect::ReleaseLocks { holder } => self.release(&holder, now),
            Effect::LookupMemo { node, cache, key } => {
                let fact = match self.memo.get(&(cache, key)) {
                    Some((outputs, created)) => Observation::MemoFound {
                        node,
                        outputs: outputs.clone(),
                        created: *created,
                    },
                    None => Observation::MemoMissing { node },
                };
                self.tell(now, fact);
            }
            Effect::SaveMemo {
                cache,
                key,
                outputs,
                ..
            } => {
                self.memo.insert((cache, key), (outputs, now));
            }
            Effect::Measure { .. } => {}
        }
        Ok(())
    }

    fn create(&mut self, intent: &PodIntent, now: Timestamp) -> Result<(), String> {
        let key = intent.key.clone();
        if !self.asked.insert(key.clone()) {
            return Err(format!(
                "the pod of {} was asked for twice",
                intent.node_name
            ));
        }
        if let Some(pod) = self.pods.get(&key) {
            // Already there is as good as started: its state is told again.
            let mut facts = Vec::new();
            if pod.started {
                facts.push(started(&key, pod, now));
            }
            if pod.ended {
                facts.extend(pod.end.clone().map(Observation::PodFinished));
            }
            facts.into_iter().for_each(|fact| self.tell(now, fact));
            return Ok(());
        }
        let mut fate = fate(self.seed, &intent.node_name);
        let starts = now + seconds(1 + 2 * fate.below(3) * fate.below(2));
        let (end, length) = finish(&mut fate, intent);
        let ends = (!intent.daemon).then_some(starts + seconds(length));
        let pod = Pod {
            starts,
            started: false,
            daemon: intent.daemon,
            end: Some(Box::new(end)),
            ends,
            ended: false,
            told_to_stop: false,
        };
        if self.rough && self.random.chance(10) {
            self.tell(
                now,
                Observation::PodWaits {
                    key: key.clone(),
                    message: "ContainerCreating".into(),
                },
            );
        }
        if self.rough && self.random.chance(10) {
            self.tell(
                pod.starts,
                Observation::PodProgress {
                    key: key.clone(),
                    progress: "1/2".into(),
                },
            );
        }
        self.agenda.insert((pod.starts, key.clone()));
        self.pods.insert(key, pod);
        Ok(())
    }

    fn stop(&mut self, key: &PodKey, now: Timestamp) {
        let Some(pod) = self.pods.get_mut(key) else {
            // A pod that never was has ended as well.
            let end = PodFinished {
                key: key.clone(),
                at: now,
                outcome: Outcome::Error,
                message: Some("pod deleted".into()),
                exit_code: None,
                parameters: Vec::new(),
                result: None,
                artifacts: Vec::new(),
                host: None,
                used: Default::default(),
                hopeless: false,
            };
            return self.tell(now, Observation::PodFinished(Box::new(end)));
        };
        pod.told_to_stop = true;
        if pod.ended {
            return;
        }
        pod.ended = true;
        if let Some(end) = &mut pod.end {
            (end.outcome, end.exit_code, end.message) = (
                Outcome::Failed,
                Some(143),
                Some("main: Error (exit code 143)".into()),
            );
            let end = end.clone();
            self.tell(now, Observation::PodFinished(end));
        }
    }

    fn release(&mut self, holder: &str, now: Timestamp) {
        self.queue.retain(|request| request.holder != holder);
        for by in self.held.values_mut() {
            by.retain(|other| other != holder);
        }
        self.grant(now);
    }

    fn grant(&mut self, now: Timestamp) {
        for request in std::mem::take(&mut self.queue) {
            let taken = request.locks.iter().find(|lock| {
                self.held.get(&lock.name).map_or(0, Vec::len) >= lock.limit.unwrap_or(1) as usize
            });
            if let Some(lock) = taken {
                let (holder, lock) = (request.holder.clone(), lock.name.clone());
                let message = format!("Waiting for {lock} lock. Lock status: 0/1");
                self.queue.push(request);
                self.tell(
                    now,
                    Observation::LocksWaiting {
                        holder,
                        lock,
                        message,
                    },
                );
            } else {
                for lock in &request.locks {
                    self.held
                        .entry(lock.name.clone())
                        .or_default()
                        .push(request.holder.clone());
                }
                self.tell(
                    now,
                    Observation::LocksAcquired {
                        holder: request.holder,
                    },
                );
            }
        }
    }

    /// The engine died: what was on its way to it is lost.
    pub fn engine_lost(&mut self) {
        self.post.clear();
        self.asked.clear();
    }

    /// The engine is back: what belongs to nodes that had ended by then is ended too, since the effects that did so may be lost.
    pub fn sweep(&mut self, now: Timestamp, ended: impl Fn(&str) -> bool, finished: bool) {
        let orphans: Vec<PodKey> = self
            .pods
            .iter()
            .filter(|(key, pod)| !pod.ended && (finished || ended(&key.node)))
            .map(|(key, _)| key.clone())
            .collect();
        orphans.iter().for_each(|key| self.stop(key, now));
        let holders: BTreeSet<String> = self
            .held
            .values()
            .flatten()
            .chain(self.queue.iter().map(|request| &request.holder))
            .cloned()
            .collect();
        for holder in holders {
            if finished || holder.splitn(3, '/').nth(2).is_some_and(&ended) {
                self.release(&holder, now);
            }
        }
    }

    /// Whether the holder has any lock.
    pub fn holds(&self, holder: &str) -> bool {
        self.held
            .values()
            .any(|by| by.iter().any(|other| other == holder))
    }

    /// Pods that live and were not told to end.
    pub fn left_over(&self) -> Vec<&PodKey> {
        self.pods
            .iter()
            .filter(|(_, pod)| !pod.ended && !pod.told_to_stop)
            .map(|(key, _)| key)
            .collect()
    }

    /// Locks that somebody still holds or waits for.
    pub fn locks_left(&self) -> Vec<String> {
        self.held
            .values()
            .flatten()
            .chain(self.queue.iter().map(|request| &request.holder))
            .cloned()
            .collect()
    }

    /// Facts about what is not, or is no more.
    pub fn nonsense(&mut self, now: Timestamp, workflow: &str) -> Observation {
        let known: Vec<PodKey> = self.pods.keys().cloned().collect();
        let mut key = if known.is_empty() {
            PodKey {
                workflow: "u".into(),
                node: format!("{workflow}-1"),
                attempt: 0,
            }
        } else {
            self.random.pick(&known).clone()
        };
        match self.random.below(3) {
            0 => key.attempt += 1,
            1 => key.workflow = "another".into(),
            _ => key.node = format!("{workflow}-0"),
        }
        let end = PodFinished {
            key: key.clone(),
            at: now,
            outcome: Outcome::Failed,
            message: None,
            exit_code: Some(9),
            parameters: Vec::new(),
            result: None,
            artifacts: Vec::new(),
            host: None,
            used: Default::default(),
            hopeless: false,
        };
        match self.random.below(4) {
            0 => Observation::PodFinished(Box::new(end)),
            1 => Observation::PodStarted {
                key,
                at: now,
                ready: true,
                ip: None,
                host: None,
            },
            2 => Observation::LocksAcquired {
                holder: format!("ns/{workflow}/{workflow}-0"),
            },
            _ => Observation::MemoMissing {
                node: format!("{workflow}-0"),
            },
        }
    }
}

fn started(key: &PodKey, pod: &Pod, at: Timestamp) -> Observation {
    Observation::PodStarted {
        key: key.clone(),
        at,
        ready: pod.daemon,
        ip: Some("10.0.0.7".into()),
        host: None,
    }
}

/// How it ends, and how many seconds that takes: an odd number, so that it never meets a limit, which is even.
fn finish(fate: &mut Random, intent: &PodIntent) -> (PodFinished, usize) {
    let (outcome, code) = match fate.below(100) {
        0..=71 => (Outcome::Succeeded, 0),
        72..=91 => (Outcome::Failed, 1 + fate.below(3) as i32),
        _ => (Outcome::Error, 1),
    };
    let message = match outcome {
        Outcome::Succeeded => None,
        Outcome::Failed => Some(format!("main: Error (exit code {code})")),
        Outcome::Error => Some(
            if fate.chance(30) {
                "connection refused"
            } else {
                "failed to save outputs"
            }
            .to_owned(),
        ),
    };
    let given = |index: usize, fate: &mut Random| {
        (outcome == Outcome::Succeeded || index.is_multiple_of(2)) && fate.chance(85)
    };
    let parameters = intent.parameters.iter().enumerate().map(|(index, p)| {
        (
            p.name.clone(),
            given(index, fate).then(|| format!("o{}", fate.below(3))),
        )
    });
    let parameters = parameters.collect();
    let result = intent.capture_result.then(|| format!("r{}", fate.below(3)));
    let length = 2 * fate.below(8);
    let end = PodFinished {
        key: intent.key.clone(),
        at: Timestamp::UNIX_EPOCH,
        outcome,
        message,
        exit_code: Some(code),
        parameters,
        result,
        artifacts: Vec::new(),
        host: None,
        used: Default::default(),
        hopeless: false,
    };
    (end, length)
}

pub fn seconds(count: usize) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(0))
}
