//! A run as its user sees it while it goes on: a live tree on a terminal, a line per change elsewhere.

mod ending;
mod frame;
mod screen;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use tiphys_core::Reason;
use tiphys_local::{Control, Event, RunFolder};
use tiphys_spec::{NodePhase, NodeStatus, NodeType, Workflow, WorkflowStatus};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{mpsc, oneshot};

use crate::logs::Follower;
use crate::printer::Printer;
use crate::session::Settings;
use crate::text::clean;
use crate::{clock, style};
pub use frame::{Moment, lines};
pub use screen::{Screen, show_cursor};

/// What is shown of a run.
pub struct View {
    printer: Printer,
    folder: RunFolder,
    status: WorkflowStatus,
    nodes: BTreeMap<String, NodeStatus>,
    waits: HashMap<String, String>,
    /// An answer that is on its way.
    asked: Option<oneshot::Receiver<Vec<(String, Reason)>>>,
    mode: Mode,
    /// People read on standard error: standard output is kept for an object.
    error: bool,
    wide: bool,
    logs: Option<Follower>,
    /// Lines to put above a live tree.
    above: Vec<String>,
    tick: usize,
}

enum Mode {
    Live(Screen),
    Lines,
    Quiet,
}

impl View {
    pub fn new(folder: &RunFolder, mut status: WorkflowStatus, settings: &Settings<'_>) -> View {
        let error = settings.quiet();
        let live = settings.watch && settings.printer.live(error);
        let mode = match (settings.watch, live) {
            (false, _) => Mode::Quiet,
            (true, true) => Mode::Live(Screen::new(settings.printer, error)),
            (true, false) => Mode::Lines,
        };
        View {
            printer: settings.printer.clone(),
            folder: folder.clone(),
            nodes: std::mem::take(&mut status.nodes),
            status,
            waits: HashMap::new(),
            asked: None,
            mode,
            error,
            wide: settings.output == Some(crate::args::RunOutput::Wide),
            logs: settings.logs.then(|| Follower::new(folder)),
            above: Vec::new(),
            tick: 0,
        }
    }

    /// Shows what happens until nothing more can.
    pub async fn watch(
        mut self,
        mut events: Receiver<Event>,
        orders: mpsc::Sender<Control>,
        mut notices: mpsc::UnboundedReceiver<String>,
    ) -> View {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        // As long as the loop runs, its controls are open; this task must not keep them so.
        let orders = orders.downgrade();
        loop {
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Ok(event) => self.take(event),
                    Err(RecvError::Closed) => break,
                    Err(RecvError::Lagged(_)) => self.catch_up(&orders).await,
                },
                Some(notice) = notices.recv() => self.notice(&notice),
                _ = ticks.tick() => self.tick(&orders),
            }
        }
        self.follow();
        self
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Nodes(nodes) => nodes.iter().for_each(|node| self.changed(node)),
            Event::Workflow(status) => self.status = (*status).clone(),
        }
    }

    fn changed(&mut self, node: &NodeStatus) {
        let old = self.nodes.insert(node.id.clone(), node.clone());
        if node.phase.is_some_and(|phase| phase.terminal()) {
            self.waits.remove(&node.name);
        }
        let same = |old: &NodeStatus| old.phase == node.phase && old.message == node.message;
        let hidden = matches!(node.r#type, Some(NodeType::StepGroup | NodeType::TaskGroup));
        // A step that is about to start, or one of many that wait for room, says nothing; one that waits for more says why.
        let phase = node.phase.unwrap_or_default();
        let reason = node.message.as_deref().unwrap_or_default();
        let silent = phase == NodePhase::Pending
            && (reason.is_empty() || reason.starts_with("waits for room"));
        if hidden || silent || old.as_ref().is_some_and(same) {
            return;
        }
        let mut text = phase.to_string();
        if phase.completed()
            && let Some(duration) = node
                .finished_at
                .as_ref()
                .and_then(|end| clock::between(node.started_at.as_ref(), Some(end), end.0))
        {
            text.push_str(&format!(" ({})", clock::short(duration)));
        }
        if let Some(message) = node.message.as_ref().filter(|message| !message.is_empty()) {
            text.push_str(&format!(": {message}"));
        }
        self.tell(node, &text);
    }

    /// A line about a node, where there is no tree to show it.
    fn tell(&self, node: &NodeStatus, text: &str) {
        if matches!(self.mode, Mode::Lines) {
            let icon = if self.printer.utf8() {
                style::paint(
                    style::of_phase(node.phase.unwrap_or_default()),
                    style::icon(node, true),
                ) + " "
            } else {
                String::new()
            };
            self.printer.say(
                self.error,
                format_args!(
                    "{icon}{} {}",
                    clean(path(self.folder.name(), &node.name)),
                    clean(text)
                ),
            );
        }
    }

    fn notice(&mut self, text: &str) {
        let text = format!(
            "{}: {text}",
            style::paint(style::WARNING, self.folder.name())
        );
        match self.mode {
            Mode::Live(_) => self.above.push(text),
            _ => self.printer.note(text),
        }
    }

    async fn catch_up(&mut self, orders: &mpsc::WeakSender<Control>) {
        let (told, status) = oneshot::channel();
        let sent = match orders.upgrade() {
            Some(orders) => orders.send(Control::Status(told)).await.is_ok(),
            None => false,
        };
        if let Ok(mut status) = status.await
            && sent
        {
            std::mem::take(&mut status.nodes)
                .values()
                .for_each(|node| self.changed(node));
            self.status = status;
        }
    }

    fn tick(&mut self, orders: &mpsc::WeakSender<Control>) {
        self.tick += 1;
        self.follow();
        if matches!(self.mode, Mode::Live(_)) {
            self.ask(orders);
            self.draw();
        }
    }

    /// Asks now and then what waits for what; the answer is taken when it has come.
    fn ask(&mut self, orders: &mpsc::WeakSender<Control>) {
        if let Some(asked) = &mut self.asked {
            match asked.try_recv() {
                Ok(reasons) => {
                    let told = |(name, reason): (String, Reason)| {
                        (!matches!(reason, Reason::Running | Reason::Children { .. }))
                            .then(|| (name, reason.to_string()))
                    };
                    self.waits = reasons.into_iter().filter_map(told).collect();
                    self.asked = None;
                }
                Err(oneshot::error::TryRecvError::Closed) => self.asked = None,
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
        } else if self.tick % 3 == 1
            && self.nodes.len() < 2_000
            && let Some(orders) = orders.upgrade()
        {
            let (told, asked) = oneshot::channel();
            self.asked = orders
                .try_send(Control::Waiting(told))
                .is_ok()
                .then_some(asked);
        }
    }

    /// Prints what has come to the logs.
    fn follow(&mut self) {
        let Some(logs) = &mut self.logs else { return };
        let lines = logs.poll(self.folder.name(), &self.nodes);
        match self.mode {
            Mode::Live(_) => self.above.extend(lines),
            _ => lines
                .iter()
                .for_each(|line| self.printer.say(self.error, line)),
        }
    }

    fn draw(&mut self) {
        let Mode::Live(screen) = &mut self.mode else {
            return;
        };
        // Trees of many thousands are drawn less often.
        if self.nodes.len() > 2_000 && !self.tick.is_multiple_of(10) && self.above.is_empty() {
            return;
        }
        let moment = Moment {
            name: self.folder.name(),
            status: &self.status,
            nodes: &self.nodes,
            waits: &self.waits,
            now: Timestamp::now(),
            utf8: self.printer.utf8(),
            tick: self.tick,
            wide: self.wide,
            keep: &|_| true,
        };
        let (_, rows) = screen.size();
        screen.draw(
            &std::mem::take(&mut self.above),
            lines(&moment, rows.saturating_sub(1)),
        );
    }

    /// The last picture, which stays.
    pub fn end(mut self, workflow: &Workflow) {
        let mut status = workflow.status.clone().unwrap_or_default();
        self.nodes = std::mem::take(&mut status.nodes);
        self.status = status;
        self.waits.clear();
        self.follow();
        self.draw_still();
        ending::tell(
            &self.printer,
            self.error,
            &self.folder,
            workflow,
            self.logs.is_some(),
        );
    }

    fn draw_still(&mut self) {
        let wide = self.wide && !matches!(self.mode, Mode::Quiet);
        let moment = Moment {
            name: self.folder.name(),
            status: &self.status,
            nodes: &self.nodes,
            waits: &self.waits,
            now: Timestamp::now(),
            utf8: self.printer.utf8(),
            tick: 0,
            wide,
            keep: &|_| true,
        };
        // A still may be longer than the screen: it scrolls.
        let still = lines(&moment, usize::MAX);
        match &mut self.mode {
            Mode::Live(screen) => {
                screen.draw(&std::mem::take(&mut self.above), Vec::new());
                let (columns, _) = screen.size();
                screen.draw(
                    &still
                        .into_iter()
                        .map(|line| line.clipped(columns.max(2) - 1, moment.utf8).to_string())
                        .collect::<Vec<_>>(),
                    Vec::new(),
                );
                screen.finish();
            }
            Mode::Lines if wide => still
                .iter()
                .for_each(|line| self.printer.say(self.error, line)),
            Mode::Lines | Mode::Quiet => {}
        }
    }
}

/// The name of a node inside its workflow.
pub fn path<'a>(workflow: &str, node: &'a str) -> &'a str {
    let inside = node
        .strip_prefix(workflow)
        .filter(|rest| rest.starts_with(['.', '[', '(']));
    inside.map_or(node, |rest| rest.strip_prefix('.').unwrap_or(rest))
}
