//! OpenTelemetry traces: a workflow is a trace, and each of its nodes a span, sent once it has ended. Nothing is held of what runs, and the same
//! IDs come out whoever sends them, so a restart loses at most what waited to be sent.

use crate::workflow::Id;
use jiff::Timestamp;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use std::time::{Duration, SystemTime};
use tiphys_core::{NodeIx, Run};
use tiphys_pods::trace::{span_id, trace_id};
use tiphys_spec::{NodePhase, NodeStatus, NodeType, WorkflowPhase};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Spans that may wait to be sent.
const ROOM: usize = 4096;
/// Spans of one request.
const BATCH: usize = 512;
/// How long spans are gathered.
const GATHER: Duration = Duration::from_secs(1);
/// How long the last ones may take, when the controller ends.
const LAST: Duration = Duration::from_secs(3);
/// Variables that say where traces go. Source: OpenTelemetry's specification of its exporters.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
const PROTOCOLS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];
/// Who sends them, unless `OTEL_SERVICE_NAME` says it. Argo's name.
const SERVICE: &str = "workflow-controller";

enum Item {
    Span(Box<SpanData>),
    Flush(oneshot::Sender<()>),
}

/// Where spans go.
#[derive(Clone)]
pub struct Traces {
    sender: Sender<Item>,
}

impl Traces {
    /// As OpenTelemetry's variables say (`OTEL_EXPORTER_OTLP_ENDPOINT` and the others); none where they name no place.
    ///
    /// # Errors
    /// They say what cannot be done. A fragment that fits after "failed to ".
    pub fn from_env() -> Result<Option<Traces>, String> {
        let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
        let off =
            std::env::var("OTEL_SDK_DISABLED").is_ok_and(|off| off.eq_ignore_ascii_case("true"));
        if off || !ENDPOINTS.iter().any(|name| set(name)) {
            return Ok(None);
        }
        let given = PROTOCOLS
            .iter()
            .find_map(|name| Some((name, std::env::var(name).ok()?)));
        if let Some((name, protocol)) = given
            && protocol != "http/protobuf"
        {
            return Err(format!(
                "send traces: {name} is `{protocol}`; this version sends http/protobuf only"
            ));
        }
        // Whoever was first has chosen; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder().with_http().build();
        let mut exporter = exporter.map_err(|error| format!("send traces: {error}"))?;
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(SERVICE);
        }
        exporter.set_resource(&resource.build());
        let (sender, inbox) = channel(ROOM);
        tokio::spawn(send(exporter, inbox));
        Ok(Some(Traces { sender }))
    }

    /// Tells of nodes that have ended, and of the workflow if it has.
    pub(crate) fn tell(&self, id: &Id, run: &Run, nodes: &[NodeIx], workflow: bool) {
        let attempt = run.extra().attempt;
        let ended = nodes.iter().map(|ix| run.node(*ix));
        let ended = ended.filter(|node| node.phase.is_some_and(NodePhase::terminal));
        let spans = ended.filter_map(|node| span_of(id, node, attempt));
        spans.for_each(|span| self.put(id, span));
        if workflow && let Some(span) = span_of_all(id, run, attempt) {
            self.put(id, span);
        }
    }

    fn put(&self, id: &Id, span: SpanData) {
        if self.sender.try_send(Item::Span(Box::new(span))).is_err() {
            tracing::warn!(workflow = id.name, "too many spans at once: one is dropped");
        }
    }

    /// Waits until all is sent that was told, but not for ever.
    pub async fn flush(&self) {
        let (done, sent) = oneshot::channel();
        if self.sender.send(Item::Flush(done)).await.is_ok() {
            let _ = tokio::time::timeout(LAST, sent).await;
        }
    }
}

fn span_of(id: &Id, node: &NodeStatus, attempt: u32) -> Option<SpanData> {
    let above = node.boundary_id.as_deref().unwrap_or_default();
    let kind = node.r#type;
    let phase = node.phase?;
    let mut notes = own(id);
    notes.extend([
        KeyValue::new("node.id", node.id.clone()),
        KeyValue::new("node.name", node.name.clone()),
        KeyValue::new("node.type", kind.map_or("", NodeType::as_str)),
        KeyValue::new("node.phase", phase.as_str()),
    ]);
    if let Some(template) = node
        .template_name
        .as_deref()
        .filter(|name| !name.is_empty())
    {
        notes.push(KeyValue::new("template.name", template.to_owned()));
        if kind == Some(NodeType::Pod) {
            let pod = tiphys_core::pod_name(&id.name, &node.id, template);
            notes.push(KeyValue::new("k8s.pod.name", pod));
        }
    }
    let bad = matches!(phase, NodePhase::Failed | NodePhase::Error);
    let span = span(
        id,
        (span_id(&node.id, attempt), span_id(above, attempt)),
        format!("node {}", node.display_name),
        (node.started_at.as_ref()?.0, node.finished_at.as_ref()?.0),
        notes,
    );
    Some(with_status(span, bad, node.message.as_deref()))
}

fn span_of_all(id: &Id, run: &Run, attempt: u32) -> Option<SpanData> {
    let phase = run.phase();
    let bad = matches!(phase, WorkflowPhase::Failed | WorkflowPhase::Error);
    let status = run.summary();
    let mut notes = own(id);
    notes.push(KeyValue::new("workflow.phase", phase.as_str()));
    let mut span = span(
        id,
        (span_id("", attempt), [0; 8]),
        format!("workflow {}", id.name),
        (status.started_at?.0, status.finished_at?.0),
        notes,
    );
    span.parent_span_id = SpanId::INVALID;
    Some(with_status(span, bad, status.message.as_deref()))
}

fn own(id: &Id) -> Vec<KeyValue> {
    vec![
        KeyValue::new("workflow.name", id.name.clone()),
        KeyValue::new("workflow.uid", id.uid.to_string()),
        KeyValue::new("k8s.namespace.name", id.namespace.clone()),
    ]
}

fn with_status(mut span: SpanData, bad: bool, message: Option<&str>) -> SpanData {
    span.status = if bad {
        Status::error(message.unwrap_or_default().to_owned())
    } else {
        Status::Ok
    };
    span
}

fn span(
    id: &Id,
    (own, above): ([u8; 8], [u8; 8]),
    name: String,
    (start, end): (Timestamp, Timestamp),
    attributes: Vec<KeyValue>,
) -> SpanData {
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(trace_id(&id.uid)),
            SpanId::from_bytes(own),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: SpanId::from_bytes(above),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: name.into(),
        start_time: SystemTime::from(start),
        end_time: SystemTime::from(end.max(start)),
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("tiphys")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build(),
    }
}

async fn send(exporter: SpanExporter, mut inbox: Receiver<Item>) {
    let mut failing = false;
    let mut items = Vec::new();
    while inbox.recv_many(&mut items, BATCH).await > 0 {
        let urgent = |items: &[Item]| items.iter().any(|item| matches!(item, Item::Flush(_)));
        let until = Instant::now() + GATHER;
        while items.len() < BATCH && !urgent(&items) {
            let more = inbox.recv_many(&mut items, BATCH);
            match tokio::time::timeout_at(until, more).await {
                Ok(count) if count > 0 => {}
                _ => break,
            }
        }
        let (mut spans, mut waiting) = (Vec::new(), Vec::new());
        for item in items.drain(..) {
            match item {
                Item::Span(span) => spans.push(*span),
                Item::Flush(done) => waiting.push(done),
            }
        }
        let count = spans.len();
        if count > 0 {
            match exporter.export(spans).await {
                Ok(()) => failing = false,
                // Once, until it goes again.
                Err(error) if !std::mem::replace(&mut failing, true) => {
                    tracing::warn!(spans = count, "failed to send traces: {error}");
                }
                Err(_) => {}
            }
        }
        for done in waiting {
            let _ = done.send(());
        }
    }
}
