//! Custom metrics.

use super::words;
use crate::origin::At;
use crate::planner::Planner;
use crate::scope::{Names, Place};
use tiphys_spec::{Metrics, Prometheus};

/// What Prometheus takes for the name of a metric or a label.
fn named(name: &str, colon: bool) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':');
    !name.is_empty() && name.chars().all(fine) && !name.starts_with(|c: char| c.is_ascii_digit())
}

impl Planner<'_> {
    pub(crate) fn check_metrics(&mut self, at: At<'_>, metrics: &Metrics, names: &Names<'_>) {
        let names = Names {
            place: Place::Metric,
            ..*names
        };
        let list = at.key("prometheus");
        for (index, metric) in metrics.prometheus.iter().enumerate() {
            let at = list.index(index);
            self.check_metric(at, metric);
            let json = serde_json::to_value(metric).unwrap_or_default();
            self.tree(at, &json, &names);
            if let Some(when) = metric.when.as_deref().filter(|when| !when.is_empty()) {
                self.when(at.key("when"), when, &names);
            }
        }
    }

    fn check_metric(&mut self, at: At<'_>, metric: &Prometheus) {
        if metric.name.is_empty() {
            self.report(at.error("metric-name", "the metric has no name"));
        } else if !named(&metric.name, true) {
            let reason = format!(
                "`{}` cannot name a metric: letters, digits, `_` and `:` only, and no digit first",
                metric.name
            );
            self.report(at.key("name").error("metric-name", reason));
        }
        if metric.help.as_deref().is_none_or(str::is_empty) {
            self.report(
                at.error(
                    "metric-help",
                    format!("metric `{}` has no help", metric.name),
                )
                .help("say in `help` what it measures"),
            );
        }
        for (index, label) in metric.labels.iter().enumerate() {
            let key = label.key.as_deref().unwrap_or_default();
            if !named(key, false) {
                let reason = format!(
                    "`{key}` cannot name a label: letters, digits and `_` only, and no digit first"
                );
                self.report(
                    at.key("labels")
                        .index(index)
                        .key("key")
                        .error("metric-label", reason),
                );
            }
        }
        let kinds = [
            ("counter", metric.counter.is_some()),
            ("gauge", metric.gauge.is_some()),
            ("histogram", metric.histogram.is_some()),
        ];
        let kinds: Vec<&str> = kinds
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(kind, _)| kind)
            .collect();
        match kinds.as_slice() {
            [_] => {}
            [] => self.report(at.error(
                "metric-kind",
                format!(
                    "metric `{}` is neither counter, gauge nor histogram",
                    metric.name
                ),
            )),
            [_, second, ..] => {
                let reason = format!(
                    "metric `{}` has more than one kind: {}",
                    metric.name,
                    kinds.join(", ")
                );
                self.report(at.key(second).key_error("metric-kind", reason));
            }
        }
        self.check_metric_values(at, metric);
    }

    fn check_metric_values(&mut self, at: At<'_>, metric: &Prometheus) {
        let values = [
            (
                "counter",
                metric.counter.as_ref().map(|counter| &counter.value),
            ),
            ("gauge", metric.gauge.as_ref().map(|gauge| &gauge.value)),
            (
                "histogram",
                metric.histogram.as_ref().map(|histogram| &histogram.value),
            ),
        ];
        for (kind, value) in values {
            let Some(value) = value else { continue };
            let at = at.key(kind);
            let text = value.as_deref().unwrap_or_default();
            if text.is_empty() {
                self.report(at.error("metric-value", format!("the {kind} has no value")));
            } else if !text.contains("{{") && text.trim().parse::<f64>().is_err() {
                self.report(
                    at.key("value")
                        .warning("metric-value", format!("`{text}` is no number")),
                );
            }
        }
        if let Some(gauge) = &metric.gauge {
            let at = at.key("gauge");
            self.diagnostics.extend(words::check(
                at,
                "operation",
                gauge.operation.as_deref(),
                words::GAUGE,
            ));
            if gauge.realtime == Some(true)
                && gauge
                    .value
                    .as_deref()
                    .is_some_and(|value| value.contains("resourcesDuration."))
            {
                let reason = "a realtime gauge cannot show resourcesDuration: it is known when the node has ended";
                self.report(at.key("value").error("metric-realtime", reason));
            }
        }
        if metric
            .histogram
            .as_ref()
            .is_some_and(|histogram| histogram.buckets.is_empty())
        {
            self.report(
                at.key("histogram")
                    .warning("metric-buckets", "the histogram has no buckets"),
            );
        }
    }
}
