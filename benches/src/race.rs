//! A whole run in a world where every pod succeeds at once.

use jiff::Timestamp;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tiphys_core::{Effect, Observation, Outcome, PodFinished, PodKey, Run, absorb, decide};
use tiphys_graph::plan::Plan;

/// A run under way.
pub struct Race<'a> {
    plan: &'a Plan,
    pub run: Run,
    pods: VecDeque<PodKey>,
    pub ended: usize,
    pub finished: bool,
}

impl<'a> Race<'a> {
    #[must_use]
    pub fn new(plan: &'a Plan) -> Self {
        let mut race = Self {
            plan,
            run: Run::new(plan, 1),
            pods: VecDeque::new(),
            ended: 0,
            finished: false,
        };
        race.decide();
        race
    }

    fn decide(&mut self) {
        let decision = decide(self.plan, &mut self.run, Timestamp::UNIX_EPOCH);
        for effect in decision.effects {
            if let Effect::CreatePod(intent) = effect {
                self.pods.push_back(intent.key);
            }
        }
        self.finished = decision.finished;
    }

    /// One pod ends; how long the engine took over it. None where no pod runs.
    pub fn step(&mut self) -> Option<Duration> {
        let key = self.pods.pop_front()?;
        let done = done(key);
        let started = Instant::now();
        absorb(
            self.plan,
            &mut self.run,
            [Observation::PodFinished(Box::new(done))],
        );
        self.decide();
        self.ended += 1;
        Some(started.elapsed())
    }

    /// To the end; the number of pods.
    pub fn finish(mut self) -> usize {
        while self.step().is_some() {}
        assert!(self.finished, "the run ends");
        self.ended
    }
}

fn done(key: PodKey) -> PodFinished {
    PodFinished {
        key,
        at: Timestamp::UNIX_EPOCH,
        outcome: Outcome::Succeeded,
        message: None,
        exit_code: Some(0),
        parameters: Vec::new(),
        result: None,
        artifacts: Vec::new(),
        host: None,
        used: Default::default(),
        hopeless: false,
    }
}
