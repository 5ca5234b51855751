//! Kubernetes events of workflows and their nodes, as `kubectl describe wf` shows them. Reasons and annotations are Argo's.
//!
//! Each is one more write of the API server, and tells nothing that the workflow does not hold: only what went wrong is told unless the
//! configuration asks for more. They are sent one after the other, beside the work; too many at once are dropped, and counted in the log.

use crate::client::told;
use crate::workflow::Id;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{DynamicObject, ObjectMeta, PostParams};
use kube::{Api, Client, ResourceExt};
use std::collections::{BTreeMap, HashMap};
use tiphys_core::{NodeIx, Run};
use tiphys_spec::{self as spec, NodePhase, NodeType, WorkflowPhase};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Events that may wait to be sent.
const ROOM: usize = 1024;
/// Who tells them. Argo's name.
const SOURCE: &str = "workflow-controller";

/// Which events are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    None,
    /// What went wrong.
    #[default]
    Faults,
    All,
}

/// What is told. Source: Argo's `workflowEvents` and `nodeEvents`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Telling {
    pub workflows: Level,
    pub nodes: Level,
    /// Events of nodes that have pods are events of the pods.
    pub as_pod: bool,
}

/// Where events go.
#[derive(Clone)]
pub(crate) struct Events {
    telling: Telling,
    sender: Sender<Event>,
}

/// What has been told of one workflow.
#[derive(Default)]
pub(crate) struct Told {
    workflow: Option<WorkflowPhase>,
    nodes: HashMap<NodeIx, NodePhase>,
}

impl Told {
    /// What is on record already was told.
    pub fn of(run: &Run) -> Told {
        let phases = run.nodes().enumerate().filter_map(|(at, node)| {
            let ix = NodeIx(u32::try_from(at).ok()?);
            Some((ix, node.phase?))
        });
        Told {
            workflow: Some(run.phase()),
            nodes: phases.collect(),
        }
    }

    /// What is in another phase than was told last, of the workflow and of those of its nodes that may have changed. It counts as told.
    pub fn news(&mut self, run: &Run, changed: &[NodeIx]) -> PhaseNews {
        let mut new = |ix: &NodeIx| {
            let phase = run.node(*ix).phase;
            phase.is_some_and(|phase| self.nodes.insert(*ix, phase) != Some(phase))
        };
        let nodes = changed.iter().copied().filter(|ix| new(ix)).collect();
        let phase = run.phase();
        PhaseNews {
            nodes,
            workflow: self.workflow.replace(phase) != Some(phase),
        }
    }
}

/// What has come to another phase.
pub(crate) struct PhaseNews {
    pub nodes: Vec<NodeIx>,
    pub workflow: bool,
}

impl Events {
    /// Sends them until it is dropped.
    pub fn new(client: Client, telling: Telling) -> Events {
        let (sender, inbox) = channel(ROOM);
        tokio::spawn(send(client, inbox));
        Events { telling, sender }
    }

    /// Tells what is new of a workflow.
    pub fn tell(&self, id: &Id, run: &Run, news: &PhaseNews) {
        for &ix in &news.nodes {
            let node = run.node(ix);
            let event = node.phase.and_then(|phase| self.node(id, node, phase));
            if let Some(event) = event {
                self.put(event, id, &format!("{:x}", ix.0));
            }
        }
        if news.workflow {
            let message = run.summary().message;
            if let Some(event) = self.workflow(run.phase(), message.as_deref()) {
                self.put(event, id, "w");
            }
        }
    }

    /// Tells of something that went wrong with a workflow beside its run.
    pub fn fault(&self, id: &Id, reason: &str, message: &str) {
        if wanted(self.telling.workflows, true) {
            let event = event(reason.to_owned(), message.to_owned(), true);
            self.put(event, id, "g");
        }
    }

    fn workflow(&self, phase: WorkflowPhase, message: Option<&str>) -> Option<Event> {
        let (reason, default) = match phase {
            WorkflowPhase::Running => ("WorkflowRunning", "Workflow Running"),
            WorkflowPhase::Succeeded => ("WorkflowSucceeded", "Workflow completed"),
            WorkflowPhase::Failed => ("WorkflowFailed", "Workflow failed"),
            WorkflowPhase::Error => ("WorkflowFailed", "Workflow ended with an error"),
            _ => return None,
        };
        let bad = matches!(phase, WorkflowPhase::Failed | WorkflowPhase::Error);
        let message = message.filter(|text| !text.is_empty());
        wanted(self.telling.workflows, bad).then(|| {
            event(
                reason.to_owned(),
                message.unwrap_or(default).to_owned(),
                bad,
            )
        })
    }

    fn node(&self, id: &Id, node: &spec::NodeStatus, phase: NodePhase) -> Option<Event> {
        if !matches!(phase, NodePhase::Running) && !phase.terminal() {
            return None;
        }
        let bad = matches!(phase, NodePhase::Failed | NodePhase::Error);
        if !wanted(self.telling.nodes, bad) {
            return None;
        }
        let mut message = format!("{} node {}", phase.as_str(), node.name);
        if let Some(more) = node.message.as_deref().filter(|text| !text.is_empty()) {
            message = format!("{message}: {more}");
        }
        let mut event = event(format!("WorkflowNode{}", phase.as_str()), message, bad);
        let kind = node.r#type.map_or("", NodeType::as_str);
        let mut notes = BTreeMap::from([
            ("node-name", node.name.clone()),
            ("node-type", kind.to_owned()),
        ]);
        if let Some(at) = &node.started_at {
            notes.insert("node-start-time", at.0.to_string());
        }
        if self.telling.as_pod && node.r#type == Some(NodeType::Pod) {
            notes.insert("workflow-name", id.name.clone());
            notes.insert("workflow-uid", id.uid.to_string());
            let template = node.template_name.as_deref().unwrap_or_default();
            let pod = tiphys_core::pod_name(&id.name, &node.id, template);
            event.involved_object = ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("Pod".to_owned()),
                name: Some(pod),
                namespace: Some(id.namespace.clone()),
                ..ObjectReference::default()
            };
        }
        let notes = notes
            .into_iter()
            .map(|(name, value)| (format!("workflows.argoproj.io/{name}"), value));
        event.metadata.annotations = Some(notes.collect());
        Some(event)
    }

    /// Tells that an object is not what it is to be.
    pub fn invalid(&self, object: &DynamicObject, message: String) {
        let mut event = event("Invalid".to_owned(), message, true);
        let types = object.types.clone().unwrap_or_default();
        event.involved_object = ObjectReference {
            api_version: Some(types.api_version),
            kind: Some(types.kind),
            name: Some(object.name_any()),
            namespace: object.namespace(),
            uid: object.uid(),
            ..ObjectReference::default()
        };
        // Events of what is of no namespace are here. Source: Kubernetes.
        let namespace = object.namespace().unwrap_or_else(|| "default".to_owned());
        self.send(event, &namespace, &object.name_any(), "i");
    }

    fn put(&self, mut event: Event, id: &Id, which: &str) {
        if event.involved_object.kind.is_none() {
            event.involved_object = ObjectReference {
                api_version: Some(spec::API_VERSION.to_owned()),
                kind: Some("Workflow".to_owned()),
                name: Some(id.name.clone()),
                namespace: Some(id.namespace.clone()),
                uid: Some(id.uid.to_string()),
                ..ObjectReference::default()
            };
        }
        self.send(event, &id.namespace, &id.name, which);
    }

    fn send(&self, mut event: Event, namespace: &str, name: &str, which: &str) {
        let now = Timestamp::now();
        event.metadata.name = Some(format!("{name}.{:x}{which}", now.as_nanosecond()));
        event.metadata.namespace = Some(namespace.to_owned());
        event.first_timestamp = Some(Time(now));
        event.last_timestamp = Some(Time(now));
        if self.sender.try_send(event).is_err() {
            tracing::warn!(name, "too many events at once: one is dropped");
        }
    }
}

fn wanted(level: Level, bad: bool) -> bool {
    match level {
        Level::None => false,
        Level::Faults => bad,
        Level::All => true,
    }
}

fn event(reason: String, message: String, bad: bool) -> Event {
    Event {
        metadata: ObjectMeta::default(),
        reason: Some(reason),
        message: Some(short(message)),
        type_: Some(if bad { "Warning" } else { "Normal" }.to_owned()),
        count: Some(1),
        source: Some(EventSource {
            component: Some(SOURCE.to_owned()),
            host: None,
        }),
        reporting_component: Some(SOURCE.to_owned()),
        reporting_instance: Some(String::new()),
        ..Event::default()
    }
}

/// Kubernetes takes no more than 1,024 bytes of a message.
fn short(mut message: String) -> String {
    if message.len() > 1024 {
        let end = (0..=1020).rev().find(|at| message.is_char_boundary(*at));
        message.truncate(end.unwrap_or(0));
        message.push('…');
    }
    message
}

async fn send(client: Client, mut inbox: Receiver<Event>) {
    while let Some(event) = inbox.recv().await {
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
        // Once: who must know reads the workflow.
        if let Err(error) = api.create(&PostParams::default(), &event).await {
            tracing::debug!("failed to send an event: {}", told(&error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_and_the_rest_where_it_is_asked_for() {
        for (level, good, bad) in [
            (Level::None, false, false),
            (Level::Faults, false, true),
            (Level::All, true, true),
        ] {
            assert_eq!((wanted(level, false), wanted(level, true)), (good, bad));
        }
        assert_eq!(Telling::default().nodes, Level::Faults);
    }

    #[test]
    fn a_long_message_is_cut_between_letters() {
        let text = short("é".repeat(1000));
        assert!(text.len() <= 1024 && text.ends_with("é…"));
        assert_eq!(short("short".to_owned()), "short");
    }
}
