//! The loop: absorb what was observed, decide, store the decision, perform it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tiphys_core::{Decision, Observation, Run, absorb, decide};
use tiphys_graph::plan::Plan;
use tiphys_spec as spec;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot};

use crate::artifacts::Artifacts;
use crate::backend::Backend;
use crate::event::{Control, Event};
use crate::folder::{FolderError, Held};
use crate::journal::{Journal, Stored};
use crate::mailbox::{Letter, Mailbox};
use crate::order::Order;
use crate::pod::{Ground, unapplied};
use crate::sandbox::Sandbox;
use crate::summary::Summary;

/// How to run.
#[derive(Default)]
pub struct Options {
    /// How many pods may run at once; none: eight per processor. Daemons that are ready do not count.
    pub pods: Option<usize>,
    /// Keep the log of every main container in the artifact repository, whatever the workflow says.
    pub archive_logs: bool,
    /// Folders that stand for buckets, by the bucket's name.
    pub buckets: BTreeMap<String, PathBuf>,
    /// Template kinds that plug-ins provide; none: there are none.
    pub plugins: Option<Arc<tiphys_host::Registry>>,
    /// Where changes are told.
    pub events: Option<broadcast::Sender<Event>>,
    /// Where the process itself may ask for something.
    pub controls: Option<mpsc::Receiver<Control>>,
}

/// Why a run could not go on. It can be resumed once the cause is gone. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// Drives a run until it has ended, or is left (see [`Control::Leave`]): [`Run::finished`] tells which.
///
/// # Errors
/// Its state cannot be stored any more. Nothing is done that was not stored.
pub async fn drive(
    plan: Arc<Plan>,
    run: Run,
    folder: &Held,
    sandbox: Sandbox,
    options: Options,
) -> Result<Run, DriveError> {
    let submitted = Arc::new(folder.submitted()?);
    unapplied(&plan)
        .iter()
        .for_each(|line| tracing::warn!("{line}"));
    let journal = Journal::open(&folder.journal())?;
    let (observations, observed) = mpsc::unbounded_channel();
    let (sender, letters) = mpsc::unbounded_channel();
    let _mailbox =
        Mailbox::open(folder, sender).map_err(|error| FolderError::at(folder.path(), error))?;
    let pods = options
        .pods
        .unwrap_or_else(|| 8 * std::thread::available_parallelism().map_or(1, usize::from));
    let artifacts = Artifacts {
        repository: folder.home().artifacts(),
        buckets: Arc::new(options.buckets),
        submitted: submitted.clone(),
    };
    let ground = Ground {
        folder: (**folder).clone(),
        plan: plan.clone(),
        submitted,
        artifacts,
        sandbox,
        archive_logs: options.archive_logs,
        host: std::fs::read_to_string("/proc/sys/kernel/hostname")
            .map_or_else(|_| "localhost".to_owned(), |name| name.trim().to_owned()),
        room: Arc::new(Semaphore::new(pods.clamp(1, Semaphore::MAX_PERMITS))),
        observations,
    };
    let backend = Backend::new(ground, options.plugins, &folder.home().store());
    let mut drive = Drive {
        plan,
        run,
        folder,
        journal,
        events: options.events,
        summary: None,
        taken: Vec::new(),
    };
    let done = drive
        .turn(
            &backend,
            Inbox {
                observed,
                letters,
                controls: options.controls,
            },
        )
        .await;
    backend.close(done.is_ok() && drive.run.finished()).await;
    done.map(|()| drive.run)
}

struct Drive<'a> {
    plan: Arc<Plan>,
    run: Run,
    folder: &'a Held,
    journal: Journal,
    events: Option<broadcast::Sender<Event>>,
    /// As last written by this process.
    summary: Option<Summary>,
    /// Who waits to hear that an order was taken.
    taken: Vec<oneshot::Sender<()>>,
}

struct Inbox {
    observed: mpsc::UnboundedReceiver<Observation>,
    letters: mpsc::UnboundedReceiver<Letter>,
    controls: Option<mpsc::Receiver<Control>>,
}

enum Next {
    Go,
    Leave,
}

impl Drive<'_> {
    async fn turn(&mut self, backend: &Backend, mut inbox: Inbox) -> Result<(), DriveError> {
        let mut left = self.folder.left_orders();
        let commands = left
            .iter()
            .filter_map(|order| order.command().ok())
            .map(Observation::Asked);
        absorb(&self.plan, &mut self.run, commands);
        loop {
            let decision = decide(&self.plan, &mut self.run, Timestamp::now());
            self.store(&decision)?;
            self.folder.forget_orders(&std::mem::take(&mut left));
            self.taken.drain(..).for_each(|taken| _ = taken.send(()));
            self.publish(&decision);
            let finished = decision.finished;
            decision
                .effects
                .into_iter()
                .for_each(|effect| backend.perform(effect));
            if finished {
                return Ok(());
            }
            if let Next::Leave = self.observe(&mut inbox, decision.wake_at).await {
                return Ok(());
            }
        }
    }

    /// Stores what a decision depends on, before anything of it is done.
    fn store(&mut self, decision: &Decision) -> Result<(), FolderError> {
        let rest = (decision.workflow_changed || self.summary.is_none())
            .then(|| (self.run.summary(), self.run.extra().clone()));
        let rest = rest.as_ref().map(|(status, extra)| (status, extra));
        self.journal
            .append(decision.changed.iter().map(|ix| self.run.node(*ix)), rest)?;
        if let Some((status, _)) = rest {
            self.summarize(status)?;
        }
        if self.journal.bloated() {
            let stored = Stored {
                status: self.run.status(),
                extra: self.run.extra().clone(),
            };
            self.journal.compact(&stored)?;
        }
        Ok(())
    }

    /// Writes what a list shows of the run. After the journal: a run that a summary says has ended cannot be taken up, so it must
    /// have ended. A summary that fell behind, its writer killed between the two, is written by who takes the run up.
    fn summarize(&mut self, status: &spec::WorkflowStatus) -> Result<(), FolderError> {
        let summary = Summary::of(&self.plan.workflow, status);
        if self.summary.as_ref() != Some(&summary) {
            summary
                .write(self.folder.path())
                .map_err(|error| FolderError::at(self.folder.path(), error))?;
            self.summary = Some(summary);
        }
        Ok(())
    }

    fn publish(&self, decision: &Decision) {
        let Some(events) = self
            .events
            .as_ref()
            .filter(|events| events.receiver_count() > 0)
        else {
            return;
        };
        if !decision.changed.is_empty() {
            let nodes = decision
                .changed
                .iter()
                .map(|ix| self.run.node(*ix).clone())
                .collect();
            let _ = events.send(Event::Nodes(nodes));
        }
        if decision.workflow_changed {
            let _ = events.send(Event::Workflow(Arc::new(self.run.summary())));
        }
    }

    /// Waits until there is something to decide, and takes it in.
    async fn observe(&mut self, inbox: &mut Inbox, wake_at: Option<Timestamp>) -> Next {
        let mut observations = Vec::new();
        let patience = wake_at.map(|at| {
            Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
        });
        tokio::select! {
            biased;
            Some(control) = control(&mut inbox.controls) => return self.control(control),
            Some(letter) = inbox.letters.recv() => self.read(letter),
            got = inbox.observed.recv_many(&mut observations, 4096) => debug_assert!(got > 0),
            () = tokio::time::sleep(patience.unwrap_or(Duration::MAX)), if patience.is_some() => {}
        }
        absorb(&self.plan, &mut self.run, observations);
        Next::Go
    }

    fn control(&mut self, control: Control) -> Next {
        match control {
            Control::Order(order) => self.order(&order),
            Control::Leave => return Next::Leave,
            Control::Status(reply) => _ = reply.send(self.run.status()),
            Control::Waiting(reply) => _ = reply.send(self.run.waiting(&self.plan)),
        }
        Next::Go
    }

    fn read(&mut self, letter: Letter) {
        match letter {
            Letter::Order(order, taken) => {
                self.order(&order);
                self.taken.push(taken);
            }
            Letter::Why(node, reply) => {
                let reasons = if node.is_empty() {
                    let waiting = self.run.waiting(&self.plan).into_iter();
                    waiting
                        .map(|(name, reason)| (name, reason.to_string()))
                        .collect()
                } else {
                    let standing = self.run.why(&self.plan, &node).into_iter();
                    standing
                        .map(|(name, standing)| (name, standing.to_string()))
                        .collect()
                };
                let _ = reply.send(reasons);
            }
        }
    }

    fn order(&mut self, order: &Order) {
        match order.command() {
            Ok(command) => absorb(&self.plan, &mut self.run, [Observation::Asked(command)]),
            Err(reason) => tracing::warn!("failed to carry out an order: {reason}"),
        }
    }
}

/// The next control; none ever if there is nobody to give one.
async fn control(controls: &mut Option<mpsc::Receiver<Control>>) -> Option<Control> {
    let next = match controls {
        Some(controls) => controls.recv().await,
        None => None,
    };
    match next {
        Some(control) => Some(control),
        None => {
            *controls = None;
            std::future::pending().await
        }
    }
}
