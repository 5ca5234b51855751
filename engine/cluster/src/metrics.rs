//! What a controller counts, for Prometheus. Names and labels are Argo's: dashboards go on.

use crate::custom::Custom;
use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tiphys_core::Sample;

/// Of every name.
const PREFIX: &str = "argo_workflows";
/// Buckets of `operation_duration_seconds`: Argo's, and shorter ones.
const OPERATIONS: [f64; 13] = [
    0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0,
];

/// Counters of one controller.
pub struct Metrics {
    registry: Registry,
    workflows: Phases,
    pods: Phases,
    errors: IntCounterVec,
    leader: IntGauge,
    operations: Histogram,
    crons: IntCounterVec,
    custom: Custom,
}

/// Things that are in a phase, and how often a phase was entered.
struct Phases {
    now: IntGaugeVec,
    entered: IntCounterVec,
    /// By ID.
    known: Mutex<HashMap<String, String>>,
}

fn named(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(PREFIX)
}

/// What is wrong with a name would be wrong at every start: it is seen by the test below.
fn put<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let made = made.expect("names, labels and buckets are constants that are well formed");
    let registered = registry.register(Box::new(made.clone()));
    registered.expect("no two constants are alike");
    made
}

impl Phases {
    fn new(registry: &Registry, gauge: (&str, &str), counter: (&str, &str)) -> Phases {
        let now = IntGaugeVec::new(named(gauge.0, gauge.1), &["phase"]);
        let entered = IntCounterVec::new(named(counter.0, counter.1), &["phase", "namespace"]);
        Phases {
            now: put(registry, now),
            entered: put(registry, entered),
            known: Mutex::default(),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn enter(&self, id: &str, phase: &str, namespace: &str) {
        let mut known = self.known();
        match known.insert(id.to_owned(), phase.to_owned()) {
            Some(before) if before == phase => return,
            Some(before) => self.now.with_label_values(&[before.as_str()]).dec(),
            None => {}
        }
        self.now.with_label_values(&[phase]).inc();
        self.entered.with_label_values(&[phase, namespace]).inc();
    }

    fn leave(&self, id: &str) {
        if let Some(phase) = self.known().remove(id) {
            self.now.with_label_values(&[phase.as_str()]).dec();
        }
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        let registry = Registry::new();
        let workflows = Phases::new(
            &registry,
            ("gauge", "Workflows that are there, by phase"),
            ("total_count", "Workflows that have entered a phase"),
        );
        let pods = Phases::new(
            &registry,
            (
                "pods_gauge",
                "Pods of workflows that have not been let go, by phase",
            ),
            ("pods_total_count", "Pods that have entered a phase"),
        );
        let errors = named("error_count", "Faults of the engine's own, by cause");
        let errors = IntCounterVec::new(errors, &["cause"]);
        let leader = named("is_leader", "1 if this controller has its turn");
        let help = "Time from what was observed to what was decided and stored";
        let operations = HistogramOpts::from(named("operation_duration_seconds", help));
        let operations = operations.buckets(OPERATIONS.to_vec());
        let help = "Workflows that a CronWorkflow has made";
        let crons = named("cronworkflows_triggered_total", help);
        let crons = IntCounterVec::new(crons, &["name", "namespace"]);
        let version = named("version", "The version that runs, always 1");
        let version = put(&registry, IntCounterVec::new(version, &["version"]));
        version
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .inc();
        Metrics {
            workflows,
            pods,
            errors: put(&registry, errors),
            leader: put(&registry, IntGauge::with_opts(leader)),
            operations: put(&registry, Histogram::with_opts(operations)),
            crons: put(&registry, crons),
            custom: Custom::default(),
            registry,
        }
    }
}

impl Metrics {
    /// All of it, as Prometheus reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let own = self.registry.gather();
        // What workflows declare does not take the place of what the controller counts.
        let declared = self.custom.gather(PREFIX, Timestamp::now());
        let declared = declared
            .into_iter()
            .filter(|of| own.iter().all(|own| own.name() != of.name()));
        let declared: Vec<_> = declared.collect();
        let _ = TextEncoder::new().encode(&own, &mut text);
        let _ = TextEncoder::new().encode(&declared, &mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Whether the controller has its turn.
    pub fn lead(&self, leads: bool) {
        self.leader.set(leads.into());
    }

    pub(crate) fn workflow(&self, uid: &str, phase: &str, namespace: &str) {
        self.workflows.enter(uid, phase, namespace);
    }

    /// How long a metric of workflows stays that nothing is added to; none: for ever.
    pub fn keep(&self, ttl: Option<Duration>) {
        self.custom.keep(ttl);
    }

    /// What a node of a workflow adds to the metrics that it declares, or the workflow itself.
    pub(crate) fn declared(&self, uid: &str, of: &str, samples: Vec<Sample>) -> Result<(), String> {
        self.custom.add(uid, of, samples, Timestamp::now())
    }

    pub(crate) fn workflow_gone(&self, uid: &str) {
        self.workflows.leave(uid);
        self.custom.gone(uid, Timestamp::now());
    }

    pub(crate) fn pod(&self, namespace: &str, name: &str, phase: &str) {
        self.pods
            .enter(&format!("{namespace}/{name}"), phase, namespace);
    }

    pub(crate) fn pod_gone(&self, namespace: &str, name: &str) {
        self.pods.leave(&format!("{namespace}/{name}"));
    }

    pub(crate) fn fault(&self, cause: &str) {
        self.errors.with_label_values(&[cause]).inc();
    }

    pub(crate) fn operation(&self, time: Duration) {
        self.operations.observe(time.as_secs_f64());
    }

    pub(crate) fn triggered(&self, name: &str, namespace: &str) {
        self.crons.with_label_values(&[name, namespace]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_in_one_phase_at_a_time() {
        let metrics = Metrics::default();
        for phase in ["Running", "Running", "Succeeded"] {
            metrics.workflow("u", phase, "team");
        }
        metrics.pod("team", "p", "Running");
        metrics.pod_gone("team", "p");
        let text = metrics.text();
        for line in [
            "argo_workflows_gauge{phase=\"Running\"} 0",
            "argo_workflows_gauge{phase=\"Succeeded\"} 1",
            "argo_workflows_total_count{namespace=\"team\",phase=\"Running\"} 1",
            "argo_workflows_pods_gauge{phase=\"Running\"} 0",
            "argo_workflows_version{version=\"0.1.0\"} 1",
        ] {
            assert!(
                text.lines().any(|of| of == line),
                "{line} is not in\n{text}"
            );
        }
    }
}
