//! A container set: containers of one pod, each started when all that it waits for have succeeded, and not before.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tiphys_core::{ContainerState, Observation, Outcome};
use tiphys_spec as spec;
use tokio::task::JoinSet;

use super::ending::Ending;
use super::life::{Ended, Life, stopped};
use super::stage::{Files, Staged};
use crate::sandbox::{Container, Exit, StartError};

/// Under this name stands the record of the set as a whole; no container can be called so.
pub(super) const WHOLE: &str = "-set";

/// One of the containers.
pub(super) struct Member {
    pub container: Container,
    pub dependencies: Vec<String>,
    /// How often it is started again where it fails.
    pub retries: u32,
    pub pause: Duration,
}

enum State {
    Waiting,
    Running,
    Ended(Exit),
    Omitted,
}

type End = (usize, Result<Exit, StartError>);

impl Life {
    /// Until every container has ended, or never will start.
    pub async fn set(&mut self, staged: Staged) -> Result<Ended, Ending> {
        let (sidecars, _) = self.sidecars(&staged).await?;
        let started = Timestamp::now();
        self.started(started, true);
        let members = staged.set;
        let mut states: Vec<State> = members.iter().map(|_| State::Waiting).collect();
        let mut running = JoinSet::new();
        loop {
            self.start_ready(&members, &mut states, &mut running);
            let Some(end) = running.join_next().await else {
                break;
            };
            let Ok((at, exit)): Result<End, _> = end else {
                continue;
            };
            let exit =
                exit.map_err(|error| Ending::unstarted(&members[at].container.name, &error))?;
            self.say(&members[at], ContainerState::Ended(exit.code));
            states[at] = State::Ended(exit);
        }
        let failed = self.end_sidecars(sidecars).await;
        let exit = whole(&members, &states, started);
        let kept = File::open(&self.folder).and_then(|folder| {
            let record = Files(Path::new("")).record(WHOLE);
            exit.write(&folder, &record)
        });
        if let Err(error) = kept {
            tracing::warn!("failed to keep how a container set ended: {error}");
        }
        Ok((exit, None, failed))
    }

    /// Starts what waits for nothing any more, and gives up what waits for what failed.
    fn start_ready(&self, members: &[Member], states: &mut [State], running: &mut JoinSet<End>) {
        loop {
            let mut changed = false;
            for at in 0..members.len() {
                if !matches!(states[at], State::Waiting) {
                    continue;
                }
                match self.standing(&members[at], members, states) {
                    Standing::Waits => {}
                    Standing::Ready => {
                        states[at] = State::Running;
                        running.spawn(self.member(at, &members[at]));
                        self.say(&members[at], ContainerState::Running);
                    }
                    Standing::Never(why) => {
                        states[at] = State::Omitted;
                        self.say(&members[at], ContainerState::Omitted(why));
                        changed = true;
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn standing(&self, member: &Member, members: &[Member], states: &[State]) -> Standing {
        if *self.stop.borrow() {
            return Standing::Never("omitted: the pod was told to end".to_owned());
        }
        let mut ready = Standing::Ready;
        for (other, state) in members.iter().zip(states) {
            let name = &other.container.name;
            if !member.dependencies.contains(name) {
                continue;
            }
            match state {
                State::Ended(exit) if exit.code == 0 && exit.fault.is_none() => {}
                State::Ended(_) => {
                    return Standing::Never(format!("omitted: container `{name}` failed"));
                }
                State::Omitted => {
                    return Standing::Never(format!("omitted: container `{name}` was not run"));
                }
                State::Waiting | State::Running => ready = Standing::Waits,
            }
        }
        ready
    }

    /// One container, as often as it may be started.
    fn member(&self, at: usize, member: &Member) -> impl Future<Output = End> + Send + 'static {
        let (sandbox, grace) = (self.ground.sandbox.clone(), self.grace());
        let (container, retries, pause) = (member.container.clone(), member.retries, member.pause);
        let mut stop = self.stop.clone();
        async move {
            let mut left = retries;
            loop {
                let mut process = match sandbox.start(container.clone()).await {
                    Ok(process) => process,
                    Err(error) => return (at, Err(error)),
                };
                let exit = tokio::select! {
                    exit = process.wait() => exit,
                    () = stopped(&mut stop) => process.stop(grace).await,
                };
                if exit.code == 0 || left == 0 || *stop.borrow() {
                    return (at, Ok(exit));
                }
                left -= 1;
                let _ = std::fs::remove_file(&container.record);
                tokio::time::sleep(pause).await;
            }
        }
    }

    fn say(&self, member: &Member, state: ContainerState) {
        self.tell(Observation::ContainerChanged {
            key: self.intent.key.clone(),
            name: member.container.name.clone(),
            state,
        });
    }
}

enum Standing {
    Ready,
    Waits,
    Never(String),
}

/// The end of the set as one: that of the first container that failed, `main` before others, or that of `main`.
fn whole(members: &[Member], states: &[State], started: Timestamp) -> Exit {
    let ends = || {
        members
            .iter()
            .zip(states)
            .filter_map(|(member, state)| match state {
                State::Ended(exit) => Some((member.container.name.as_str(), exit)),
                _ => None,
            })
    };
    let main = ends()
        .find(|(name, _)| *name == "main")
        .map(|(_, exit)| exit.clone());
    let mut bad = ends().filter(|(_, exit)| exit.code != 0 || exit.fault.is_some());
    let unrun = states.iter().any(|state| !matches!(state, State::Ended(_)));
    let worst = match &main {
        Some(exit) if exit.code != 0 || exit.fault.is_some() => Some(("main", exit)),
        _ => bad.next(),
    };
    let finished = ends()
        .map(|(_, exit)| exit.finished)
        .max()
        .unwrap_or(started);
    let blank = Exit {
        code: 0,
        signal: None,
        started,
        finished,
        collected: Vec::new(),
        missing: Vec::new(),
        cpu_seconds: None,
        max_rss_bytes: None,
        fault: None,
    };
    let mut exit = main.clone().unwrap_or(blank);
    exit.finished = finished;
    if let Some((name, bad)) = worst {
        exit.code = bad.code;
        exit.signal = bad.signal;
        let words = format!("{name}: Error (exit code {})", bad.code);
        exit.fault = Some(match &bad.fault {
            Some(fault) => format!("{words}: {fault}"),
            None => words,
        });
    } else if unrun {
        exit.code = 143;
        exit.fault = Some("not every container was run".to_owned());
    }
    exit
}

/// What the set's end is to its node.
pub(super) fn ending(exit: &Exit, set: &spec::ContainerSetTemplate) -> Ending {
    let main = set.containers.iter().any(|node| node.name == "main");
    Ending {
        outcome: if exit.fault.is_none() {
            Outcome::Succeeded
        } else {
            Outcome::Failed
        },
        message: exit.fault.clone(),
        exit_code: main.then_some(exit.code),
        at: exit.finished,
    }
}
