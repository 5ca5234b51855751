//! What a controller counts, for Prometheus. Names and labels are Argo's: dashboards go on.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// Buckets of `operation_duration_seconds`. Source: Argo's.
const OPERATIONS: [f64; 6] = [5.0, 10.0, 15.0, 20.0, 25.0, 30.0];
/// Ours are shorter.
const SHORT: [f64; 7] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Phase {
    phase: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PhaseIn {
    phase: String,
    namespace: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Cause {
    cause: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Triggered {
    name: String,
    namespace: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Version {
    version: String,
}

/// Counters of one controller.
pub struct Metrics {
    registry: Registry,
    workflows: Phases,
    pods: Phases,
    errors: Family<Cause, Counter>,
    leader: Gauge,
    operations: Histogram,
    crons: Family<Triggered, Counter>,
}

/// Things that are in a phase, and how often a phase was entered.
struct Phases {
    now: Family<Phase, Gauge>,
    entered: Family<PhaseIn, Counter>,
    /// By ID.
    known: Mutex<HashMap<String, String>>,
}

impl Phases {
    fn new(registry: &mut Registry, gauge: (&str, &str), counter: (&str, &str)) -> Phases {
        let phases = Phases {
            now: Family::default(),
            entered: Family::default(),
            known: Mutex::default(),
        };
        registry.register(gauge.0, gauge.1, phases.now.clone());
        registry.register(counter.0, counter.1, phases.entered.clone());
        phases
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn of(&self, phase: &str) -> Gauge {
        let phase = phase.to_owned();
        self.now.get_or_create(&Phase { phase }).clone()
    }

    fn enter(&self, id: &str, phase: &str, namespace: &str) {
        let mut known = self.known();
        match known.insert(id.to_owned(), phase.to_owned()) {
            Some(before) if before == phase => return,
            Some(before) => _ = self.of(&before).dec(),
            None => {}
        }
        self.of(phase).inc();
        let (phase, namespace) = (phase.to_owned(), namespace.to_owned());
        self.entered
            .get_or_create(&PhaseIn { phase, namespace })
            .inc();
    }

    fn leave(&self, id: &str) {
        if let Some(phase) = self.known().remove(id) {
            self.of(&phase).dec();
        }
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("argo_workflows");
        let workflows = Phases::new(
            &mut registry,
            ("gauge", "Workflows that are there, by phase"),
            ("total_count", "Workflows that have entered a phase"),
        );
        let pods = Phases::new(
            &mut registry,
            (
                "pods_gauge",
                "Pods of workflows that have not been let go, by phase",
            ),
            ("pods_total_count", "Pods that have entered a phase"),
        );
        let errors = Family::default();
        registry.register(
            "error_count",
            "Faults of the engine's own, by cause",
            errors.clone(),
        );
        let leader = Gauge::default();
        registry.register(
            "is_leader",
            "1 if this controller has its turn",
            leader.clone(),
        );
        let operations = Histogram::new(SHORT.into_iter().chain(OPERATIONS));
        let help = "Time from what was observed to what was decided and stored";
        registry.register("operation_duration_seconds", help, operations.clone());
        let crons = Family::default();
        let help = "Workflows that a CronWorkflow has made";
        registry.register("cronworkflows_triggered", help, crons.clone());
        let version = Family::<Version, Counter>::default();
        registry.register(
            "version",
            "The version that runs, always 1",
            version.clone(),
        );
        let own = env!("CARGO_PKG_VERSION").to_owned();
        version.get_or_create(&Version { version: own }).inc();
        Metrics {
            registry,
            workflows,
            pods,
            errors,
            leader,
            operations,
            crons,
        }
    }
}

impl Metrics {
    /// All of it, as Prometheus reads it (OpenMetrics).
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to memory does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }

    /// Whether the controller has its turn.
    pub fn lead(&self, leads: bool) {
        self.leader.set(leads.into());
    }

    pub(crate) fn workflow(&self, uid: &str, phase: &str, namespace: &str) {
        self.workflows.enter(uid, phase, namespace);
    }

    pub(crate) fn workflow_gone(&self, uid: &str) {
        self.workflows.leave(uid);
    }

    pub(crate) fn pod(&self, namespace: &str, name: &str, phase: &str) {
        self.pods
            .enter(&format!("{namespace}/{name}"), phase, namespace);
    }

    pub(crate) fn pod_gone(&self, namespace: &str, name: &str) {
        self.pods.leave(&format!("{namespace}/{name}"));
    }

    pub(crate) fn fault(&self, cause: &str) {
        let cause = cause.to_owned();
        self.errors.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn operation(&self, time: Duration) {
        self.operations.observe(time.as_secs_f64());
    }

    pub(crate) fn triggered(&self, name: &str, namespace: &str) {
        let (name, namespace) = (name.to_owned(), namespace.to_owned());
        self.crons
            .get_or_create(&Triggered { name, namespace })
            .inc();
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
            "argo_workflows_total_count_total{phase=\"Running\",namespace=\"team\"} 1",
            "argo_workflows_pods_gauge{phase=\"Running\"} 0",
            "argo_workflows_version_total{version=\"0.1.0\"} 1",
        ] {
            assert!(
                text.lines().any(|of| of == line),
                "{line} is not in\n{text}"
            );
        }
    }
}
