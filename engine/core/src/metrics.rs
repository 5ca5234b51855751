//! Metrics that workflows and templates declare (`metrics.prometheus`): what comes of them where a node or the workflow has ended, and,
//! of those in real time, as soon as it has begun.

use crate::NodeIx;
use crate::effect::{Effect, Measure, Sample};
use crate::frame::Owner;
use crate::render::{Place, TextFault};
use crate::work::Engine;
use jiff::Timestamp;
use tiphys_expr::{Flat, Text, when};
use tiphys_spec::{self as spec, NodePhase};

/// The only values of a gauge in real time. Source: Argo.
const LIVE: [&str; 2] = ["{{workflow.duration}}", "{{duration}}"];

/// Whether a metric is in real time.
fn live(metric: &spec::Prometheus) -> bool {
    let gauge = metric.gauge.as_ref();
    gauge.is_some_and(|of| of.realtime == Some(true))
}

/// What is to be told.
enum When {
    /// The end.
    Ended,
    /// What grows from then on.
    Since(Timestamp),
}

impl Engine<'_> {
    /// The metrics of a node that has ended. Attempts of a node that is retried have none: the node has. Source: Argo.
    pub fn node_metrics(&mut self, ix: NodeIx) {
        let phase = self.run.phase_of(ix);
        let ran = phase == NodePhase::Succeeded || phase.unsuccessful();
        if ran {
            self.of_node(ix, &When::Ended);
        }
    }

    /// The metrics in real time of a node that has begun; they are told once.
    pub fn live_metrics(&mut self, ix: NodeIx) {
        let started = self.run.node(ix).started_at.as_ref().map(|at| at.0);
        let begun = !self.run.phase_of(ix).terminal() && !self.run.at(ix).live_metrics;
        if let Some(started) = started.filter(|_| begun) {
            self.run.at_mut(ix).live_metrics = true;
            self.of_node(ix, &When::Since(started));
        }
    }

    fn of_node(&mut self, ix: NodeIx, when: &When) {
        if matches!(
            self.run.at(ix).owner,
            Owner::Attempt { .. } | Owner::Group { .. }
        ) {
            return;
        }
        let Some(template) = self.template_at(ix) else {
            return;
        };
        let Some(metrics) = template.spec.metrics.as_deref() else {
            return;
        };
        if matches!(when, When::Since(_)) && !metrics.prometheus.iter().any(live) {
            return;
        }
        let mut locals = self.pod_locals(ix, template);
        self.known(ix, &mut locals);
        let inputs = self.run.node(ix).inputs.clone();
        let place = Place {
            locals: Some(&locals),
            inputs: inputs.as_deref(),
            ..Place::default()
        };
        let of = self.run.node(ix).id.clone();
        self.emit(of, metrics, place, when);
    }

    /// The workflow's own.
    pub fn workflow_metrics(&mut self) {
        let when = match (self.run.flow.finished, self.run.flow.started) {
            (Some(_), _) => When::Ended,
            (None, Some(started)) => When::Since(started),
            (None, None) => return,
        };
        let plan = self.plan;
        let Some(metrics) = &plan.workflow.spec.metrics else {
            return;
        };
        let mut locals = Flat::new();
        self.with_scope(Place::default(), |scope, _| {
            if let tiphys_expr::Lookup::Found(text) = scope.tag("workflow.duration") {
                locals.set("duration", text.into_owned());
            }
        });
        // `workflow.status` is that of before the decision, and this is after it.
        let phase = self.run.flow.phase.as_str();
        locals.set("status", phase);
        locals.set("workflow.status", phase);
        let place = Place {
            locals: Some(&locals),
            ..Place::default()
        };
        self.emit(self.run.uid.to_string(), metrics, place, &when);
    }

    /// What a node's metrics may speak of, beside its inputs.
    fn known(&self, ix: NodeIx, flat: &mut Flat) {
        let node = self.run.node(ix);
        let end = node.finished_at.as_ref().map_or(self.now, |at| at.0);
        let start = node.started_at.as_ref().map_or(end, |at| at.0);
        let seconds = end.duration_since(start).as_secs_f64();
        flat.set("duration", format!("{seconds:.6}"));
        flat.set("status", node.phase.map_or("", NodePhase::as_str));
        let attempts = match node.r#type {
            Some(spec::NodeType::Retry) => node.children.len(),
            _ => 1,
        };
        flat.set("retries", attempts.saturating_sub(1).to_string());
        for (resource, amount) in node.resources_duration.iter() {
            flat.set(format!("resourcesDuration.{resource}"), amount.to_string());
        }
        let Some(outputs) = node.outputs.as_deref() else {
            return;
        };
        if let Some(code) = &outputs.exit_code {
            flat.set("exitCode", code.as_str());
        }
        if let Some(result) = &outputs.result {
            flat.set("outputs.result", result.as_str());
        }
        for parameter in &outputs.parameters {
            if let Some(value) = &parameter.value {
                let name = format!("outputs.parameters.{}", parameter.name);
                flat.set(name, value.0.as_str());
            }
        }
    }

    fn emit(&mut self, of: String, metrics: &spec::Metrics, place: Place<'_>, when: &When) {
        let mut samples = Vec::new();
        let mut grew = false;
        for metric in &metrics.prometheus {
            let live = live(metric);
            grew |= live;
            if matches!(when, When::Since(_)) && !live {
                continue;
            }
            match self.sample(metric, place, when) {
                Ok(sample) => samples.extend(sample),
                Err(reason) => {
                    let fault = format!("metric `{}`: {reason}", metric.name);
                    self.run.metric_fault(fault);
                }
            }
        }
        // What grew stops with the end, whatever is told of that.
        if !samples.is_empty() || grew && matches!(when, When::Ended) {
            self.run.effects.push(Effect::Measure { of, samples });
        }
    }

    fn sample(
        &self,
        metric: &spec::Prometheus,
        place: Place<'_>,
        at: &When,
    ) -> Result<Option<Sample>, String> {
        let text = |source: &str| {
            let text = self.text(&Text::parse(source), place);
            text.map_err(TextFault::message)
        };
        if let Some(condition) = metric.when.as_deref().filter(|when| !when.is_empty()) {
            let condition = text(condition)?;
            if !when::evaluate(&condition).map_err(|error| error.to_string())? {
                return Ok(None);
            }
        }
        let number = |source: Option<&String>| {
            let value = text(source.map_or("", String::as_str))?;
            let number: Option<f64> = value.trim().parse().ok();
            number.ok_or_else(|| format!("its value is no number: {value}"))
        };
        let measure = if let Some(counter) = &metric.counter {
            let value = number(counter.value.as_ref())?;
            if value < 0.0 {
                return Err(format!("a counter does not go back: {value}"));
            }
            Measure::Count(value)
        } else if let Some(histogram) = &metric.histogram {
            let buckets = histogram.buckets.iter();
            let buckets = buckets.filter_map(|bucket| bucket.0.as_f64()).collect();
            Measure::Observe(number(histogram.value.as_ref())?, buckets)
        } else if let Some(gauge) = &metric.gauge {
            let value = gauge.value.as_deref().unwrap_or_default().trim();
            match at {
                When::Since(_) if !LIVE.contains(&value) => {
                    return Err(format!(
                        "a gauge in real time is {}, and not {value}",
                        LIVE.join(" or ")
                    ));
                }
                // Of a node it may be the workflow's as well.
                When::Since(_) if value == LIVE[0] => {
                    Measure::Since(self.run.flow.started.unwrap_or(self.now))
                }
                When::Since(at) => Measure::Since(*at),
                When::Ended => {
                    let value = number(gauge.value.as_ref())?;
                    match gauge.operation.as_deref() {
                        Some("Add") => Measure::Add(value),
                        Some("Sub") => Measure::Add(-value),
                        _ => Measure::Set(value),
                    }
                }
            }
        } else {
            return Err("it is no counter, gauge or histogram".to_owned());
        };
        let mut labels = Vec::new();
        for label in &metric.labels {
            let value = text(label.value.as_deref().unwrap_or_default())?;
            if value.contains("{{") {
                return Err(format!("failed to resolve {value}"));
            }
            labels.push((label.key.clone().unwrap_or_default(), value));
        }
        labels.sort();
        Ok(Some(Sample {
            name: metric.name.clone(),
            help: metric.help.clone().unwrap_or_default(),
            labels,
            measure,
        }))
    }
}
