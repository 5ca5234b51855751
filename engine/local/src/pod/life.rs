//! The life of one attempt of one pod, from its intent to its end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tiphys_core::{Observation, Outcome, PodFinished, PodIntent};
use tokio::sync::{OwnedSemaphorePermit, TryAcquireError, watch};

use super::ending::Ending;
use super::outputs::{self, Outputs};
use super::probe::Readiness;
use super::set;
use super::stage::{Files, Staged, stage};
use super::{Ground, finished, progress};
use crate::artifacts::tree;
use crate::home::private;
use crate::sandbox::{Container, Exit, Limits, Running, StartError};

/// How long to wait for the end of what a runner that was killed has left behind.
const LEFTOVERS: Duration = Duration::from_secs(10);

pub(super) async fn live(
    ground: Arc<Ground>,
    intent: PodIntent,
    stop: watch::Receiver<bool>,
) -> PodFinished {
    let folder = ground.folder.pod(&intent.key.node, intent.key.attempt);
    let intent = Arc::new(intent);
    let (ending, outputs) = match take_up(&folder, record(&intent)).await {
        Ok(Found::Ended(ending)) => (ending, Outputs::default()),
        Ok(Found::Exit(exit)) => settle(&ground, &intent, &folder, exit, None, Vec::new()).await,
        Ok(Found::Nothing) => {
            let mut life = Life {
                ground: ground.clone(),
                intent: intent.clone(),
                folder: folder.clone(),
                stop,
                room: None,
            };
            match life.run().await {
                Ok((exit, limits, sidecars)) => {
                    settle(&ground, &intent, &folder, exit, limits, sidecars).await
                }
                Err(ending) => {
                    ending.keep(&folder);
                    Files(&folder).clean();
                    (ending, Outputs::default())
                }
            }
        }
        Err(error) => (
            Ending::error(format!("{}: {error}", folder.display())),
            Outputs::default(),
        ),
    };
    finished(intent.key.clone(), ending, outputs, &ground.host)
}

/// Whose record says that the pod has ended: a container set is done when all of it is.
fn record(intent: &PodIntent) -> &'static str {
    match intent.template.container_set {
        Some(_) => set::WHOLE,
        None => "main",
    }
}

/// What an earlier runner has left of an attempt.
enum Found {
    Ended(Ending),
    /// Main has ended; its outputs are collected.
    Exit(Exit),
    /// Nothing that counts; the folder is new.
    Nothing,
}

async fn take_up(folder: &Path, record: &str) -> io::Result<Found> {
    if let Some(parent) = folder.parent() {
        private(parent)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => return Ok(Found::Nothing),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let patience = tokio::time::Instant::now() + LEFTOVERS;
    loop {
        if let Some(ending) = Ending::kept(folder) {
            return Ok(Found::Ended(ending));
        }
        if let Ok(Some(exit)) = Exit::read(&Files(folder).record(record)) {
            return Ok(Found::Exit(exit));
        }
        // What a runner that was killed has left may still write for a moment.
        match tree::remove(folder).and_then(|()| fs::create_dir(folder)) {
            Ok(()) => return Ok(Found::Nothing),
            Err(error) if tokio::time::Instant::now() > patience => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

pub(super) struct Life {
    pub ground: Arc<Ground>,
    pub intent: Arc<PodIntent>,
    pub folder: PathBuf,
    pub stop: watch::Receiver<bool>,
    room: Option<OwnedSemaphorePermit>,
}

pub(super) type Sidecars = Vec<(Container, Running)>;
type Probes = Vec<(Readiness, Option<u32>)>;
pub(super) type Ended = (Exit, Option<Limits>, Vec<String>);

impl Life {
    /// Until main has ended. What failed before that, or a container that did not start, is an error.
    async fn run(&mut self) -> Result<Ended, Ending> {
        self.enter().await?;
        let (ground, intent, folder) = (
            self.ground.clone(),
            self.intent.clone(),
            self.folder.clone(),
        );
        let staged = tokio::task::spawn_blocking(move || stage(&ground, &intent, &folder)).await;
        let staged = staged
            .unwrap_or_else(|error| Err(error.to_string()))
            .map_err(Ending::error)?;
        for init in &staged.inits {
            let mut running = self.start(init).await?;
            let exit = self.wait(&mut running).await;
            if *self.stop.borrow() && exit.code != 0 {
                return Err(Ending {
                    outcome: Outcome::Failed,
                    ..Ending::of_init(&init.name, &exit, None).unwrap_or_else(Ending::unbegun)
                });
            }
            if let Some(ending) = Ending::of_init(&init.name, &exit, init.limits.as_ref()) {
                return Err(ending);
            }
        }
        if staged.set.is_empty() {
            self.main(staged).await
        } else {
            self.set(staged).await
        }
    }

    /// Waits for room.
    async fn enter(&mut self) -> Result<(), Ending> {
        let room = self.ground.room.clone();
        match room.clone().try_acquire_owned() {
            Ok(permit) => self.room = Some(permit),
            Err(TryAcquireError::Closed) => {}
            Err(TryAcquireError::NoPermits) => {
                let message = "waits for room: as many pods run as may run at once on this machine"
                    .to_owned();
                self.tell(Observation::PodWaits {
                    key: self.intent.key.clone(),
                    message,
                });
                tokio::select! {
                    permit = room.acquire_owned() => self.room = permit.ok(),
                    () = stopped(&mut self.stop) => {}
                }
            }
        }
        if *self.stop.borrow() {
            Err(Ending::unbegun())
        } else {
            Ok(())
        }
    }

    async fn main(&mut self, staged: Staged) -> Result<Ended, Ending> {
        let (sidecars, mut probes) = self.sidecars(&staged).await?;
        let mut main = self.start(&staged.main).await?;
        let started = Timestamp::now();
        probes.extend(staged.readiness.map(|readiness| (readiness, main.pid())));
        // Nobody but a daemon is waited for to be ready.
        let ready = probes.is_empty() || !self.intent.daemon;
        self.started(started, ready);
        let exit = {
            let (key, observations) = (self.intent.key.clone(), self.ground.observations.clone());
            let file = Files(&self.folder).progress();
            let mut progress = std::pin::pin!(progress::watch(file, key, observations));
            let mut readiness = std::pin::pin!(all_ready(probes, ready));
            let mut is_ready = ready;
            let mut stop = self.stop.clone();
            loop {
                tokio::select! {
                    biased;
                    exit = main.wait() => break exit,
                    () = &mut readiness, if !is_ready => {
                        is_ready = true;
                        self.started(started, true);
                    }
                    () = &mut progress => {}
                    () = stopped(&mut stop) => {
                        break main.stop(self.grace()).await;
                    }
                }
            }
        };
        let mut known = None;
        progress::tell(
            &Files(&self.folder).progress(),
            &self.intent.key,
            &mut known,
            &self.ground.observations,
        );
        let failed = self.end_sidecars(sidecars).await;
        Ok((exit, staged.main.limits, failed))
    }

    pub async fn sidecars(&self, staged: &Staged) -> Result<(Sidecars, Probes), Ending> {
        let mut sidecars = Vec::new();
        let mut probes = Vec::new();
        for (container, readiness) in &staged.sidecars {
            let running = self.start(container).await?;
            let pid = running.pid();
            probes.extend(readiness.clone().map(|readiness| (readiness, pid)));
            sidecars.push((container.clone(), running));
        }
        Ok((sidecars, probes))
    }

    /// Ends the sidecars; what each of them that failed by itself says. Others may have the room then.
    pub async fn end_sidecars(&mut self, sidecars: Sidecars) -> Vec<String> {
        let grace = self.grace();
        let mut ends = Vec::new();
        for (container, mut running) in sidecars {
            ends.push(tokio::spawn(async move {
                let exit = running.stop(grace).await;
                Ending::of_sidecar(&container.name, &exit, container.limits.as_ref())
            }));
        }
        let mut failed = Vec::new();
        for end in ends {
            failed.extend(end.await.ok().flatten());
        }
        self.room = None;
        failed
    }

    pub fn started(&mut self, at: Timestamp, ready: bool) {
        if ready && self.intent.daemon {
            // Others wait for what a daemon serves; it must not keep them out.
            self.room = None;
        }
        let (key, host) = (self.intent.key.clone(), Some(self.ground.host.clone()));
        let ip = Some("127.0.0.1".to_owned());
        self.tell(Observation::PodStarted {
            key,
            at,
            ready,
            ip,
            host,
        });
    }

    pub fn tell(&self, observation: Observation) {
        let _ = self.ground.observations.send(observation);
    }

    pub fn grace(&self) -> Duration {
        Duration::from_secs(u64::from(self.intent.grace))
    }

    pub async fn start(&self, container: &Container) -> Result<Running, Ending> {
        let patience = tokio::time::Instant::now() + LEFTOVERS;
        loop {
            match self.ground.sandbox.start(container.clone()).await {
                Ok(running) => return Ok(running),
                Err(StartError::Running(_)) if tokio::time::Instant::now() < patience => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => return Err(Ending::unstarted(&container.name, &error)),
            }
        }
    }

    async fn wait(&mut self, running: &mut Running) -> Exit {
        tokio::select! {
            exit = running.wait() => return exit,
            () = stopped(&mut self.stop) => {}
        }
        running.stop(self.grace()).await
    }
}

pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Who could stop it is gone, and with it this task in a moment.
        std::future::pending::<()>().await;
    }
}

async fn all_ready(probes: Vec<(Readiness, Option<u32>)>, ready: bool) {
    if !ready {
        for (probe, pid) in probes {
            probe.wait(pid).await;
        }
    }
}

/// Outputs are taken whether main succeeded or not; what goes wrong with them counts only if it did.
async fn settle(
    ground: &Arc<Ground>,
    intent: &Arc<PodIntent>,
    folder: &Path,
    exit: Exit,
    limits: Option<Limits>,
    sidecars: Vec<String>,
) -> (Ending, Outputs) {
    let mut ending = match &intent.template.container_set {
        Some(set) => set::ending(&exit, set),
        None => Ending::of_main(&exit, limits.as_ref()),
    };
    let (ground, intent, folder) = (ground.clone(), intent.clone(), folder.to_owned());
    let taken = tokio::task::spawn_blocking(move || {
        let files = Files(&folder);
        let outputs = outputs::take(&ground, &intent, &files, &exit);
        files.clean();
        outputs
    });
    let mut outputs = taken.await.unwrap_or_else(|error| Outputs {
        fault: Some(error.to_string()),
        ..Outputs::default()
    });
    if ending.outcome == Outcome::Succeeded {
        if let Some(fault) = outputs.fault.take() {
            ending = Ending {
                outcome: Outcome::Error,
                message: Some(fault),
                ..ending
            };
        } else if let Some(failed) = sidecars.into_iter().next() {
            ending = Ending {
                outcome: Outcome::Failed,
                message: Some(failed),
                ..ending
            };
        }
    }
    (ending, outputs)
}
