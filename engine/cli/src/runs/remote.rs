//! Workflows of a cluster, asked of its API server.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tiphys_cluster::verbs::{
    self, Asked, Attendance, Cluster, Fault, Kind, Listing, PodView, Watched, Way,
};
use tiphys_core::{Reason, RetryOptions, Selector};
use tiphys_graph::{KindFault, Kinds, UnknownKind};
use tiphys_local::{Order, Summary};
use tiphys_spec::{NodeStatus, NodeType, Workflow, WorkflowPhase};
use tokio::runtime::Runtime;

use super::{Entry, LATEST, Origin};
use crate::args::{Filter, Global};
use crate::failure::Failure;
use crate::{logs, plugins, tree};

/// Of so many pods that wait, the events are asked for: the rest wait for the same.
const EXPLAINED: u32 = 20;

/// Whether verbs are to act on a cluster.
pub fn wanted(global: &Global) -> bool {
    let reach = &global.reach;
    reach.typed().is_some() || set("TIPHYS_NAMESPACE").is_some() || set("TIPHYS_CONTEXT").is_some()
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn runtime() -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    built.map_err(|error| Failure::new(format!("start a runtime: {error}")))
}

/// A failure with what to do about it.
pub fn failure(fault: Fault) -> Failure {
    let failure = Failure::of(&fault);
    match fault.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// A cluster, and the means to wait for its answers.
pub struct Remote {
    runtime: Runtime,
    pub cluster: Arc<Cluster>,
}

impl Remote {
    pub fn connect(global: &Global) -> Result<Rc<Remote>, Failure> {
        let runtime = runtime()?;
        let reach = &global.reach;
        let way = Way {
            kubeconfig: reach.kubeconfig.clone(),
            context: reach.context.clone().or_else(|| set("TIPHYS_CONTEXT")),
            namespace: reach.namespace.clone().or_else(|| set("TIPHYS_NAMESPACE")),
        };
        let cluster = runtime.block_on(Cluster::connect(&way)).map_err(failure)?;
        Ok(Rc::new(Remote {
            runtime,
            cluster: Arc::new(cluster),
        }))
    }

    /// The same cluster, and another namespace.
    pub fn at(self: &Rc<Remote>, namespace: &str) -> Result<Rc<Remote>, Failure> {
        if namespace == self.cluster.namespace() {
            return Ok(self.clone());
        }
        Ok(Rc::new(Remote {
            runtime: runtime()?,
            cluster: Arc::new(self.cluster.at(namespace)),
        }))
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Waits for an answer.
    pub fn ask<T>(&self, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Failure> {
        self.runtime.block_on(call).map_err(failure)
    }

    pub fn find(self: &Rc<Remote>, name: &str) -> Result<There, Failure> {
        self.look_up(name).map_err(|fault| {
            let missing = fault.missing();
            let failure = failure(fault);
            if missing {
                let namespace = self.cluster.namespace();
                failure.hint(format!(
                    "`tiphys list -n {namespace}` shows all that are there"
                ))
            } else {
                failure
            }
        })
    }

    pub fn find_if_there(self: &Rc<Remote>, name: &str) -> Result<Option<There>, Failure> {
        match self.look_up(name) {
            Err(fault) if fault.missing() => Ok(None),
            answer => answer.map(Some).map_err(failure),
        }
    }

    fn look_up(self: &Rc<Remote>, name: &str) -> Result<There, Fault> {
        let object = if name == LATEST {
            let every = Listing::default();
            let all = self.runtime.block_on(self.cluster.workflows(&every))?;
            let newest = all.into_iter().next();
            newest.ok_or_else(|| Fault::Missing {
                kind: Kind::Workflow,
                name: LATEST.to_owned(),
                namespace: Some(self.cluster.namespace().to_owned()),
            })?
        } else {
            let found = self.cluster.get(Kind::Workflow, name);
            self.runtime.block_on(found)?
        };
        Ok(There::new(self, object))
    }

    pub fn list(&self, filter: &Filter, all_namespaces: bool) -> Result<Vec<Entry>, Failure> {
        let mut labels: Vec<String> = filter
            .selector
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let completed = tiphys_cluster::COMPLETED;
        if filter.completed {
            labels.push(format!("{completed}=true"));
        }
        if filter.running {
            labels.push(format!("{completed}!=true"));
        }
        let listing = Listing {
            all_namespaces,
            labels: labels.join(","),
        };
        let all = self.ask(self.cluster.workflows(&listing))?;
        let entry = |object: Value| Entry::new(summary(&object), Origin::Object(object));
        Ok(all.into_iter().map(entry).collect())
    }
}

fn summary(object: &Value) -> Summary {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str);
    let time = |at: &str| text(at).and_then(|text| text.parse::<Timestamp>().ok());
    let owned = |at: &str| text(at).unwrap_or_default().to_owned();
    Summary {
        name: owned("/metadata/name"),
        namespace: owned("/metadata/namespace"),
        uid: owned("/metadata/uid"),
        created: time("/metadata/creationTimestamp").unwrap_or_default(),
        phase: phase(object),
        started: time("/status/startedAt"),
        finished: time("/status/finishedAt"),
        message: text("/status/message").map(str::to_owned),
    }
}

fn phase(object: &Value) -> WorkflowPhase {
    serde_json::from_value(object["status"]["phase"].clone()).unwrap_or_default()
}

/// A workflow of a cluster.
pub struct There {
    remote: Rc<Remote>,
    name: String,
    watched: RefCell<Watched>,
}

impl There {
    pub fn new(remote: &Rc<Remote>, object: Value) -> There {
        let watched = Watched::new(remote.cluster.clone(), object);
        There {
            remote: remote.clone(),
            name: watched.name().to_owned(),
            watched: RefCell::new(watched),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn remote(&self) -> &Rc<Remote> {
        &self.remote
    }

    fn object(&self) -> Value {
        self.watched.borrow().object().clone()
    }

    pub fn workflow(&self) -> Result<Workflow, Failure> {
        verbs::workflow(self.watched.borrow().object()).map_err(failure)
    }

    pub fn whole(&self) -> Result<Value, Failure> {
        verbs::readable(self.watched.borrow().object()).map_err(failure)
    }

    pub fn phase(&self) -> WorkflowPhase {
        phase(self.watched.borrow().object())
    }

    pub fn pause(&self, time: Duration) -> Result<(), Failure> {
        let mut watched = self.watched.borrow_mut();
        self.remote.ask(watched.changed(time)).map(|_| ())
    }

    pub fn unattended(&self) -> Option<String> {
        let object = self.object();
        let attendance = self.remote.cluster.attendance(&object);
        match self.remote.runtime.block_on(attendance) {
            Attendance::Absent(why) => Some(format!("no controller is running: {why}")),
            Attendance::Runs | Attendance::Unknown => None,
        }
    }

    /// What waits: as its plan and its records tell it, with what is to be seen of pods.
    pub fn waiting(&self, node: &str) -> Option<Vec<(String, String)>> {
        let object = self.object();
        let mut all = Vec::new();
        if node.is_empty() {
            let absent = self.unattended();
            if absent.is_none() && self.phase() == WorkflowPhase::Unknown {
                let reason = "waits for a controller to take it up".to_owned();
                all.push((self.name.clone(), reason));
            }
            all.extend(absent.map(|why| (self.name.clone(), why)));
        }
        let kinds: Arc<dyn Kinds> = Arc::new(Elsewhere::new());
        let waiting = self.remote.cluster.waiting(&object, node, kinds);
        let workflow = self.workflow().ok()?;
        let reasons = match self.remote.runtime.block_on(waiting) {
            Some(reasons) => reasons.into_iter().filter_map(spoken).collect(),
            None => from_records(&workflow, node),
        };
        let pods = self
            .remote
            .runtime
            .block_on(self.remote.cluster.pods(&self.name));
        let pods: BTreeMap<String, PodView> = pods
            .unwrap_or_default()
            .into_iter()
            .map(|pod| (pod.node.clone(), pod))
            .collect();
        let mut explained = 0;
        for (name, pod, mut reason) in reasons {
            let mut nodes = workflow.status.iter().flat_map(|status| &status.nodes);
            let id = nodes.find(|(_, node)| pod && node.name == name);
            if let Some(pod) = id.and_then(|(id, _)| pods.get(id)) {
                explained += u32::from(pod.waits.is_some());
                reason = self.seen(pod, explained <= EXPLAINED);
            }
            all.push((name, reason));
        }
        Some(all)
    }

    /// What is to be seen of a pod; `events`: also what was last said of one that waits.
    fn seen(&self, pod: &PodView, events: bool) -> String {
        let Some(waits) = &pod.waits else {
            // A run that was restored has not looked at its pods.
            let over = !pod.containers.is_empty() && pod.containers.iter().all(|(_, ended)| *ended);
            return if over { "its pod has ended" } else { "runs" }.to_owned();
        };
        let mut reason = format!("waits for its pod {}", pod.name);
        if !waits.is_empty() {
            reason.push_str(&format!(": {waits}"));
        }
        let warning = events.then(|| self.remote.cluster.warning(&pod.name));
        let warning = warning.and_then(|warning| self.remote.runtime.block_on(warning));
        if let Some(warning) = warning.filter(|warning| !reason.contains(warning.as_str())) {
            reason.push_str(&format!("; last warning: {warning}"));
        }
        reason
    }

    pub fn last_lines(&self, node: &NodeStatus, count: usize) -> Vec<String> {
        if node.r#type != Some(NodeType::Pod) {
            return Vec::new();
        }
        let (lines, mut got) = tokio::sync::mpsc::unbounded_channel();
        let asked = Asked {
            tail: i64::try_from(count).ok(),
            ..Asked::default()
        };
        let pod = tree::pod_name(&self.name, node);
        let read = self.remote.cluster.log(&pod, "main", &asked, &lines);
        // A pod that is gone has taken its log with it: what the node says is left.
        let _ = self.remote.runtime.block_on(read);
        let mut text = Vec::new();
        while let Ok(line) = got.try_recv() {
            text.push(logs::visible(&line.text));
        }
        text
    }

    pub fn order(&self, order: &Order) -> Result<(), Failure> {
        let order = translated(order)?;
        let given = self.remote.cluster.order(&self.name, &order);
        self.renew(self.remote.ask(given)?);
        Ok(())
    }

    pub fn retry(
        &self,
        options: &RetryOptions,
        parameters: &[(String, String)],
    ) -> Result<(), Failure> {
        let retried = self.remote.cluster.retry(&self.name, options, parameters);
        self.renew(self.remote.ask(retried)?);
        Ok(())
    }

    /// A new workflow like this one.
    pub fn resubmit(&self, how: &verbs::Resubmission<'_>) -> Result<There, Failure> {
        let new = verbs::resubmitted(self.watched.borrow().object(), how).map_err(failure)?;
        let new = serde_json::to_value(&new).map_err(|error| Failure::of(&error))?;
        let made = self.remote.cluster.create(Kind::Workflow, &new, false);
        Ok(There::new(&self.remote, self.remote.ask(made)?))
    }

    pub fn delete(&self) -> Result<(), Failure> {
        let deleted = self.remote.cluster.delete(Kind::Workflow, &self.name);
        self.remote.ask(deleted)
    }

    fn renew(&self, object: Value) {
        self.watched
            .replace(Watched::new(self.remote.cluster.clone(), object));
    }
}

/// A reason in words, and whether its pod may say more. What only holds others says nothing.
fn spoken((name, mut reason): (String, Reason)) -> Option<(String, bool, String)> {
    if let Reason::Children { names } = &mut reason {
        // A group of steps is no step: what it holds is among the names.
        names.retain(|name| !name.starts_with('['));
        if names.is_empty() {
            return None;
        }
    }
    Some((name, waits_for_pod(&reason), reason.to_string()))
}

fn waits_for_pod(reason: &Reason) -> bool {
    matches!(reason, Reason::Pod { .. } | Reason::Running)
}

/// What the records themselves say, where the plan cannot be made: a kind of template that only the controller knows.
fn from_records(workflow: &Workflow, wanted: &str) -> Vec<(String, bool, String)> {
    let nodes = workflow
        .status
        .iter()
        .flat_map(|status| status.nodes.values());
    let open = nodes.filter(|node| node.phase.is_none_or(|phase| !phase.terminal()));
    let meant = open.filter(|node| {
        wanted.is_empty()
            || [&node.name, &node.id, &node.display_name]
                .iter()
                .any(|own| *own == wanted)
    });
    let told = |node: &NodeStatus| {
        let phase = node.phase.unwrap_or_default().to_string();
        let message = node.message.clone().filter(|message| !message.is_empty());
        let pod = node.r#type == Some(NodeType::Pod);
        (node.name.clone(), pod, message.unwrap_or(phase))
    };
    meant.map(told).collect()
}

fn translated(order: &Order) -> Result<verbs::Order, Failure> {
    let parsed = |selector: &str| {
        Selector::parse(selector)
            .map_err(|reason| Failure::new(format!("read the node field selector: {reason}")))
    };
    Ok(match order.clone() {
        Order::Suspend => verbs::Order::Suspend,
        Order::Resume {
            selector,
            outputs,
            message,
        } => verbs::Order::Resume {
            selector: selector.as_deref().map(parsed).transpose()?,
            outputs,
            message,
        },
        Order::Stop {
            selector: Some(selector),
            message,
        } => verbs::Order::Fail {
            selector: parsed(&selector)?,
            message,
        },
        Order::Stop {
            message: Some(_), ..
        } => {
            return Err(Failure::new(
                "stop a workflow of a cluster with a message: its object has no place for one",
            )
            .hint(
                "leave out `--message`, or say which suspend nodes with `--node-field-selector`",
            ));
        }
        Order::Stop { .. } => verbs::Order::Stop,
        Order::Terminate => verbs::Order::Terminate,
        Order::Set {
            selector,
            outputs,
            message,
            phase,
        } => verbs::Order::Set {
            selector: parsed(&selector)?,
            outputs,
            message,
            phase,
        },
    })
}

/// Kinds of template as a cluster may have them: those that come with tiphys are checked, and of others its controller knows.
pub struct Elsewhere(tiphys_host::Registry);

impl Elsewhere {
    pub fn new() -> Elsewhere {
        Elsewhere(plugins::built_in(&[]))
    }
}

impl Kinds for Elsewhere {
    fn check(&self, kind: &str, body: &Value) -> Result<Vec<KindFault>, UnknownKind> {
        Ok(self.0.check(kind, body).unwrap_or_default())
    }
}
