//! Metrics that workflows declare: of one name are of one type and one help, and each has a series per labels, whoever adds to it.

use jiff::Timestamp;
use prometheus::proto;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tiphys_core::{Measure, Sample};

/// Series of all workflows together: a label that is another each time fills the memory of a controller, and of who asks it.
const MOST: usize = 10_000;
/// Buckets of a histogram that names none: those of the clients of Prometheus.
const BUCKETS: &[f64; 11] = prometheus::DEFAULT_BUCKETS;

type Labels = Vec<(String, String)>;

#[derive(Default)]
pub(crate) struct Custom {
    all: Mutex<All>,
}

#[derive(Default)]
struct All {
    families: BTreeMap<String, Family>,
    count: usize,
    /// How long a series stays that nobody adds to; none: for ever.
    ttl: Option<Duration>,
    /// Which series grow, by who has them grow: a workflow, and in it a node or itself.
    growing: BTreeMap<(String, String), Vec<(String, Labels)>>,
}

struct Family {
    help: String,
    kind: Kind,
    series: BTreeMap<Labels, Series>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

struct Series {
    value: Value,
    touched: Instant,
}

enum Value {
    Number(f64),
    /// The seconds since then.
    Since(Timestamp),
    Histogram {
        /// Upper bounds, and how many were not above each.
        buckets: Vec<(f64, u64)>,
        count: u64,
        sum: f64,
    },
}

impl Kind {
    fn of(measure: &Measure) -> Kind {
        match measure {
            Measure::Count(_) => Kind::Counter,
            Measure::Set(_) | Measure::Add(_) | Measure::Since(_) => Kind::Gauge,
            Measure::Observe(..) => Kind::Histogram,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Counter => "a counter",
            Kind::Gauge => "a gauge",
            Kind::Histogram => "a histogram",
        }
    }
}

impl Custom {
    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a series stays that nobody adds to. Source: Argo's `metricsTTL`.
    pub(crate) fn keep(&self, ttl: Option<Duration>) {
        self.all().ttl = ttl;
    }

    /// Adds what a workflow's node has to tell, or the workflow itself; what grew for it grows no more. The first fault, if there is one.
    pub(crate) fn add(
        &self,
        workflow: &str,
        of: &str,
        samples: Vec<Sample>,
        now: Timestamp,
    ) -> Result<(), String> {
        let mut all = self.all();
        let who = (workflow.to_owned(), of.to_owned());
        all.stop(&who, now);
        let mut done = Ok(());
        for sample in samples {
            let name = sample.name.clone();
            let added = all.add(&who, sample, now);
            done = done.and(added.map_err(|reason| format!("metric `{name}`: {reason}")));
        }
        done
    }

    /// A workflow is no more: nothing of it grows.
    pub(crate) fn gone(&self, workflow: &str, now: Timestamp) {
        let mut all = self.all();
        let first = (workflow.to_owned(), String::new());
        let who = all.growing.range(first..).map(|(who, _)| who);
        let who: Vec<_> = who.take_while(|who| who.0 == workflow).cloned().collect();
        who.iter().for_each(|who| all.stop(who, now));
    }

    /// As Prometheus takes them; `prefix` goes before each name.
    pub(crate) fn gather(&self, prefix: &str, now: Timestamp) -> Vec<proto::MetricFamily> {
        let mut all = self.all();
        all.tidy();
        let families = all.families.iter();
        families
            .map(|(name, family)| family.gather(&format!("{prefix}_{name}"), now))
            .collect()
    }
}

impl All {
    /// Those go that nobody has added to for long.
    fn tidy(&mut self) {
        let Some(ttl) = self.ttl else { return };
        let mut left = 0;
        for family in self.families.values_mut() {
            family.series.retain(|_, series| {
                matches!(series.value, Value::Since(_)) || series.touched.elapsed() < ttl
            });
            left += family.series.len();
        }
        self.families.retain(|_, family| !family.series.is_empty());
        self.count = left;
    }

    /// What grew stays where it is.
    fn stop(&mut self, who: &(String, String), now: Timestamp) {
        for (name, labels) in self.growing.remove(who).unwrap_or_default() {
            let family = self.families.get_mut(&name);
            if let Some(series) = family.and_then(|family| family.series.get_mut(&labels)) {
                series.value = Value::Number(series.value.number(now));
                series.touched = Instant::now();
            }
        }
    }

    /// Whether a sample is of a new series; or why there is no place for it.
    fn fits(&self, sample: &Sample) -> Result<bool, String> {
        let kind = Kind::of(&sample.measure);
        let family = self.families.get(&sample.name);
        if let Some(family) = family {
            if family.kind != kind {
                return Err(format!(
                    "it is {}, and was {} before",
                    kind.name(),
                    family.kind.name()
                ));
            }
            if family.help != sample.help {
                return Err(format!("its help was another before: {}", family.help));
            }
        }
        let new = family.is_none_or(|family| !family.series.contains_key(&sample.labels));
        if new && self.count >= MOST {
            return Err(format!("there are {MOST} series already"));
        }
        Ok(new)
    }

    fn add(
        &mut self,
        who: &(String, String),
        sample: Sample,
        now: Timestamp,
    ) -> Result<(), String> {
        let new = match self.fits(&sample) {
            // What is in its way may be there for too long.
            Err(_) if self.ttl.is_some() => {
                self.tidy();
                self.fits(&sample)?
            }
            fits => fits?,
        };
        self.count += usize::from(new);
        let Sample {
            name,
            help,
            labels,
            measure,
        } = sample;
        let kind = Kind::of(&measure);
        if let Measure::Since(_) = measure {
            let growing = self.growing.entry(who.clone()).or_default();
            growing.push((name.clone(), labels.clone()));
        }
        let family = self.families.entry(name).or_insert_with(|| Family {
            help,
            kind,
            series: BTreeMap::new(),
        });
        // Buckets are those of the first that came.
        let buckets = family
            .series
            .values()
            .find_map(|series| match &series.value {
                Value::Histogram { buckets, .. } => {
                    Some(buckets.iter().map(|(bound, _)| *bound).collect())
                }
                _ => None,
            });
        let series = family.series.entry(labels).or_insert_with(|| Series {
            value: Value::first(&measure, buckets),
            touched: Instant::now(),
        });
        series.touched = Instant::now();
        series.value.add(measure, now);
        Ok(())
    }
}

impl Value {
    fn first(measure: &Measure, known: Option<Vec<f64>>) -> Value {
        let Measure::Observe(_, given) = measure else {
            return Value::Number(0.0);
        };
        let mut bounds = known.unwrap_or_else(|| given.clone());
        if bounds.is_empty() {
            bounds = BUCKETS.to_vec();
        }
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        Value::Histogram {
            buckets: bounds.into_iter().map(|bound| (bound, 0)).collect(),
            count: 0,
            sum: 0.0,
        }
    }

    fn number(&self, now: Timestamp) -> f64 {
        match self {
            Value::Number(number) => *number,
            Value::Since(at) => now.duration_since(*at).as_secs_f64().max(0.0),
            Value::Histogram { sum, .. } => *sum,
        }
    }

    fn add(&mut self, measure: Measure, now: Timestamp) {
        match (measure, &mut *self) {
            (Measure::Set(value), _) => *self = Value::Number(value),
            (Measure::Since(at), _) => *self = Value::Since(at),
            (Measure::Count(more) | Measure::Add(more), Value::Number(number)) => *number += more,
            (Measure::Count(more) | Measure::Add(more), _) => {
                *self = Value::Number(self.number(now) + more);
            }
            (
                Measure::Observe(value, _),
                Value::Histogram {
                    buckets,
                    count,
                    sum,
                },
            ) => {
                for (bound, below) in buckets {
                    *below += u64::from(value <= *bound);
                }
                *count += 1;
                *sum += value;
            }
            // Of one family are of one kind.
            (Measure::Observe(..), _) => {}
        }
    }
}

impl Family {
    fn gather(&self, name: &str, now: Timestamp) -> proto::MetricFamily {
        let metrics = self.series.iter().map(|(labels, series)| {
            let mut metric = proto::Metric::default();
            let labels = labels.iter().map(|(key, value)| {
                let mut label = proto::LabelPair::default();
                label.set_name(key.clone());
                label.set_value(value.clone());
                label
            });
            metric.set_label(labels.collect());
            match (&series.value, self.kind) {
                (
                    Value::Histogram {
                        buckets,
                        count,
                        sum,
                    },
                    _,
                ) => {
                    let mut histogram = proto::Histogram::default();
                    let buckets = buckets.iter().map(|(bound, below)| {
                        let mut bucket = proto::Bucket::default();
                        bucket.set_upper_bound(*bound);
                        bucket.set_cumulative_count(*below);
                        bucket
                    });
                    histogram.set_bucket(buckets.collect());
                    histogram.set_sample_count(*count);
                    histogram.set_sample_sum(*sum);
                    metric.set_histogram(histogram);
                }
                (value, Kind::Counter) => {
                    let mut counter = proto::Counter::default();
                    counter.set_value(value.number(now));
                    metric.set_counter(counter);
                }
                (value, _) => {
                    let mut gauge = proto::Gauge::default();
                    gauge.set_value(value.number(now));
                    metric.set_gauge(gauge);
                }
            }
            metric
        });
        let mut family = proto::MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(self.help.clone());
        family.set_field_type(match self.kind {
            Kind::Counter => proto::MetricType::COUNTER,
            Kind::Gauge => proto::MetricType::GAUGE,
            Kind::Histogram => proto::MetricType::HISTOGRAM,
        });
        family.set_metric(metrics.collect());
        family
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::{Encoder, TextEncoder};

    fn sample(name: &str, label: &str, measure: Measure) -> Sample {
        Sample {
            name: name.to_owned(),
            help: "of the test".to_owned(),
            labels: vec![("of".to_owned(), label.to_owned())],
            measure,
        }
    }

    fn text(custom: &Custom, now: Timestamp) -> String {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&custom.gather("a", now), &mut text)
            .unwrap();
        String::from_utf8(text).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn each_kind_adds_as_it_does() {
        let custom = Custom::default();
        let add = |name: &str, label: &str, measure| {
            custom.add("w", "n", vec![sample(name, label, measure)], at(0))
        };
        for measure in [Measure::Count(1.0), Measure::Count(2.5)] {
            add("count", "x", measure).unwrap();
        }
        add("count", "y", Measure::Count(1.0)).unwrap();
        for measure in [Measure::Set(5.0), Measure::Add(2.0), Measure::Add(-1.0)] {
            add("gauge", "x", measure).unwrap();
        }
        for value in [0.5, 1.0, 7.0] {
            add("histogram", "x", Measure::Observe(value, vec![1.0, 5.0])).unwrap();
        }
        let text = text(&custom, at(0));
        for line in [
            "# TYPE a_count counter",
            "a_count{of=\"x\"} 3.5",
            "a_count{of=\"y\"} 1",
            "a_gauge{of=\"x\"} 6",
            "a_histogram_bucket{of=\"x\",le=\"1\"} 2",
            "a_histogram_bucket{of=\"x\",le=\"5\"} 2",
            "a_histogram_bucket{of=\"x\",le=\"+Inf\"} 3",
            "a_histogram_sum{of=\"x\"} 8.5",
        ] {
            assert!(
                text.lines().any(|of| of == line),
                "{line} is not in\n{text}"
            );
        }
        let fault = add("count", "x", Measure::Set(1.0)).unwrap_err();
        assert_eq!(
            fault,
            "metric `count`: it is a gauge, and was a counter before"
        );
        let mut other = sample("count", "x", Measure::Count(1.0));
        other.help = "another".to_owned();
        let fault = custom.add("w", "n", vec![other], at(0)).unwrap_err();
        assert!(
            fault.contains("its help was another before: of the test"),
            "{fault}"
        );
    }

    #[test]
    fn what_grows_grows_until_its_end() {
        let custom = Custom::default();
        let live = |of: &str| {
            custom
                .add(
                    "w",
                    of,
                    vec![sample("live", of, Measure::Since(at(10)))],
                    at(10),
                )
                .unwrap()
        };
        live("n");
        live("m");
        assert!(text(&custom, at(15)).contains("a_live{of=\"n\"} 5"));
        // Its end says nothing of it.
        custom.add("w", "n", Vec::new(), at(17)).unwrap();
        custom.gone("w", at(30));
        let text = text(&custom, at(40));
        assert!(text.contains("a_live{of=\"n\"} 7"), "{text}");
        assert!(text.contains("a_live{of=\"m\"} 20"), "{text}");
    }

    #[test]
    fn what_nobody_adds_to_goes_and_there_are_not_too_many() {
        let custom = Custom::default();
        let add = |label: &str| {
            custom.add(
                "w",
                "n",
                vec![sample("count", label, Measure::Count(1.0))],
                at(0),
            )
        };
        for label in 0..MOST {
            add(&label.to_string()).unwrap();
        }
        let fault = add("more").unwrap_err();
        assert!(fault.contains("10000 series"), "{fault}");
        add("0").unwrap();
        custom.keep(Some(Duration::ZERO));
        assert_eq!(text(&custom, at(0)), "");
        add("more").unwrap();
    }
}
