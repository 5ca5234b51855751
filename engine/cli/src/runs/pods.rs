//! The logs of a cluster's pods, read in order or followed all at once.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tiphys_cluster::verbs::{Asked, Fault, Line, PodView};
use tiphys_spec::NodeStatus;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::remote::{Remote, There, failure};
use crate::failure::Failure;
use crate::tree;

/// Between two looks at which pods there are.
const PAUSE: Duration = Duration::from_secs(1);
/// How long streams of containers that have ended may take to say so.
const END: Duration = Duration::from_secs(10);

pub struct PodLogs {
    remote: Rc<Remote>,
    workflow: String,
    asked: Asked,
    container: Option<String>,
    open: HashSet<(String, String)>,
    tasks: JoinSet<Result<(), Fault>>,
    lines: UnboundedSender<Line>,
    come: UnboundedReceiver<Line>,
    looked: Option<Instant>,
    /// Pods of nodes that have run, and that are gone.
    pub gone: Vec<String>,
}

impl PodLogs {
    pub fn new(run: &There, asked: Asked, container: Option<&str>) -> PodLogs {
        let (lines, come) = unbounded_channel();
        PodLogs {
            remote: run.remote().clone(),
            workflow: run.name().to_owned(),
            asked,
            container: container.map(str::to_owned),
            open: HashSet::new(),
            tasks: JoinSet::new(),
            lines,
            come,
            looked: None,
            gone: Vec::new(),
        }
    }

    /// Opens the logs of containers that have started since. Where nothing is followed, each is read to its end before the next.
    pub fn look(&mut self, nodes: &[&NodeStatus], last: bool) -> Result<(), Failure> {
        if !last && self.looked.is_some_and(|looked| looked.elapsed() < PAUSE) {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        let pods = self.remote.ask(self.remote.cluster.pods(&self.workflow))?;
        for node in nodes {
            let name = tree::pod_name(&self.workflow, node);
            let Some(pod) = pods
                .iter()
                .find(|pod| pod.name == name || pod.node == node.id)
            else {
                let ran = node.phase.is_some_and(|phase| phase.completed());
                if ran && last && !self.open.iter().any(|(pod, _)| *pod == name) {
                    self.gone.push(name);
                }
                continue;
            };
            self.open(pod)?;
        }
        Ok(())
    }

    fn open(&mut self, pod: &PodView) -> Result<(), Failure> {
        for (container, _) in &pod.containers {
            let wanted = match &self.container {
                Some(wanted) => wanted == container,
                // Those that prepare and close a pod of Argo's say nothing of what it did.
                None => !container.starts_with("init") && container != "wait",
            };
            if !wanted || !self.open.insert((pod.name.clone(), container.clone())) {
                continue;
            }
            let (cluster, asked) = (self.remote.cluster.clone(), self.asked.clone());
            let (pod, container, lines) = (pod.name.clone(), container.clone(), self.lines.clone());
            let read = async move { cluster.log(&pod, &container, &asked, &lines).await };
            if self.asked.follow {
                self.tasks.spawn_on(read, self.remote.runtime().handle());
            } else {
                self.remote.ask(read)?;
            }
        }
        Ok(())
    }

    /// The lines that have come.
    pub fn lines(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Ok(line) = self.come.try_recv() {
            lines.push(line);
        }
        lines
    }

    /// Waits until all streams have ended, which follow containers that have: a fault that one of them had.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let tasks = &mut self.tasks;
        let joined = self.remote.runtime().block_on(async {
            let all = async {
                let mut worst = Ok(());
                while let Some(ended) = tasks.join_next().await {
                    // A task that was cancelled or broke has nothing to tell.
                    if let Ok(Err(fault)) = ended {
                        worst = Err(fault);
                    }
                }
                worst
            };
            tokio::time::timeout(END, all).await
        });
        joined.unwrap_or(Ok(())).map_err(failure)
    }
}
