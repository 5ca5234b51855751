//! The controller's ConfigMap (`workflow-controller-configmap`): Argo's keys, one key per option or all of them as YAML under `config`.

use k8s_openapi::api::core::v1::Container;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tiphys_cluster::{Defaults, Level, Options, Rate, Referencing};
use tiphys_pods::Entrypoint;
use tiphys_spec::{Source, Workflow, decode};

/// What is configured, of what this version applies.
#[derive(Debug, Default)]
pub struct Config {
    pub executor: Option<Container>,
    pub images: BTreeMap<String, Entrypoint>,
    /// How long who leads waits before it begins.
    pub initial_delay: Duration,
    pub instance_id: Option<String>,
    pub main_container: Option<Container>,
    /// How long a metric of workflows stays that nothing is added to; none: for ever.
    pub metrics_ttl: Option<Duration>,
    pub workflows: Options,
    /// Options of Argo's that are set and that this version does not apply.
    pub unapplied: Vec<String>,
}

/// A fragment that fits after "failed to ".
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("read the configuration: `config` stands beside other keys: {0}")]
    Mixed(String),
    #[error("read the configuration: option `{name}` is not known{hint}")]
    Unknown { name: String, hint: String },
    #[error("read the configuration: option `{name}`{place}: {reason}")]
    Value {
        name: String,
        place: String,
        reason: String,
    },
}

/// Argo's options that this version does not apply. Source: Argo's `config.Config`.
const OTHERS: [&str; 13] = [
    "artifactDrivers",
    "columns",
    "disableAgentPodCreation",
    "initlessPod",
    "kubeConfig",
    "links",
    "namespace",
    "navColor",
    "persistence",
    "podSpecLogStrategy",
    "sso",
    "synchronization",
    "telemetryConfig",
];
const APPLIED: [&str; 18] = [
    "artifactRepository",
    "executor",
    "failedPodRestart",
    "images",
    "initialDelay",
    "instanceID",
    "mainContainer",
    "metricsConfig",
    "namespaceParallelism",
    "nodeEvents",
    "parallelism",
    "podGCDeleteDelayDuration",
    "podGCGracePeriodSeconds",
    "resourceRateLimit",
    "retentionPolicy",
    "workflowDefaults",
    "workflowEvents",
    "workflowRestrictions",
];

/// Options of `metricsConfig` that this version does not apply: its flags say where metrics are.
const METRICS: [&str; 8] = [
    "disableLegacy",
    "enabled",
    "ignoreErrors",
    "modifiers",
    "path",
    "port",
    "secure",
    "temporality",
];

/// `nodeEvents`, `workflowEvents`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Events {
    enabled: Option<bool>,
    #[serde(default)]
    send_as_pod: bool,
}

impl Events {
    /// Who says nothing has what went wrong: each event is a write.
    fn level(&self) -> Level {
        match self.enabled {
            None => Level::Faults,
            Some(true) => Level::All,
            Some(false) => Level::None,
        }
    }
}

/// `failedPodRestart`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Restart {
    #[serde(default)]
    enabled: bool,
    /// 3 unless it is given. Source: Argo.
    max_restarts: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimit {
    limit: f64,
    burst: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Restricted {
    #[serde(default)]
    template_referencing: String,
}

impl Config {
    /// Reads the data of the ConfigMap.
    ///
    /// # Errors
    /// An option that nobody knows, or a value that is not what the option takes.
    pub fn read(data: &BTreeMap<String, String>) -> Result<Config, ConfigError> {
        let options: BTreeMap<String, serde_json::Value> = match data.get("config") {
            Some(text) if data.len() == 1 => value("config", text)?,
            Some(_) => {
                let others = data.keys().filter(|key| *key != "config");
                let others: Vec<&str> = others.map(String::as_str).collect();
                return Err(ConfigError::Mixed(others.join(", ")));
            }
            None => data
                .iter()
                .map(|(name, text)| Ok((name.clone(), value(name, text)?)))
                .collect::<Result<_, _>>()?,
        };
        let mut config = Config::default();
        for (name, option) in options {
            match name.as_str() {
                "artifactRepository" => config.workflows.repository = Some(of(&name, option)?),
                "executor" => config.executor = Some(of(&name, option)?),
                "initialDelay" => config.initial_delay = time(&name, option)?,
                "metricsConfig" => {
                    let given: BTreeMap<String, serde_json::Value> = of(&name, option)?;
                    for (field, option) in given {
                        let name = format!("metricsConfig.{field}");
                        match field.as_str() {
                            "metricsTTL" => {
                                let ttl = time(&name, option)?;
                                config.metrics_ttl = (ttl > Duration::ZERO).then_some(ttl);
                            }
                            other if METRICS.contains(&other) => config.unapplied.push(name),
                            _ => {
                                let hint = String::new();
                                return Err(ConfigError::Unknown { name, hint });
                            }
                        }
                    }
                }
                "retentionPolicy" => config.workflows.retention = of(&name, option)?,
                "images" => config.images = of(&name, option)?,
                // A bare number is an ID as well.
                "instanceID" => {
                    let text = option.as_str().map(str::to_owned);
                    config.instance_id = Some(text.unwrap_or_else(|| option.to_string()));
                }
                "parallelism" => config.workflows.parallelism.all = most(of(&name, option)?),
                "namespaceParallelism" => {
                    config.workflows.parallelism.each = most(of(&name, option)?)
                }
                "resourceRateLimit" => config.workflows.pod_rate = Some(rate(&name, option)?),
                "podGCGracePeriodSeconds" => {
                    config.workflows.pod_gc.grace = Some(of(&name, option)?)
                }
                "podGCDeleteDelayDuration" => {
                    config.workflows.pod_gc.delay = Some(duration(&name, option)?);
                }
                "failedPodRestart" => {
                    let given: Restart = of(&name, option)?;
                    let most = given.max_restarts.unwrap_or(3);
                    config.workflows.restarts = if given.enabled { most } else { 0 };
                }
                "nodeEvents" => {
                    let events: Events = of(&name, option)?;
                    config.workflows.telling.nodes = events.level();
                    config.workflows.telling.as_pod = events.send_as_pod;
                }
                "workflowEvents" => {
                    config.workflows.telling.workflows = of::<Events>(&name, option)?.level();
                }
                "workflowDefaults" => config.workflows.defaults = defaults(&name, option)?,
                "workflowRestrictions" => {
                    let given: Restricted = of(&name, option)?;
                    config.workflows.restrictions.referencing =
                        referencing(&name, &given.template_referencing)?;
                }
                "mainContainer" => config.main_container = Some(of(&name, option)?),
                known if OTHERS.contains(&known) => config.unapplied.push(name),
                _ => {
                    let hint = near(&name).map(|near| format!("; did you mean `{near}`?"));
                    let hint = hint.unwrap_or_default();
                    return Err(ConfigError::Unknown { name, hint });
                }
            }
        }
        Ok(config)
    }
}

fn value<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, ConfigError> {
    let mut faults = Vec::new();
    let source = Source::parse(name, text.as_bytes(), &mut faults);
    let node = source.documents.first();
    let read = node.and_then(|node| decode(node, &source, &mut faults));
    let fault = faults.iter().find(|fault| fault.is_error());
    let bad = |place: String, reason: String| ConfigError::Value {
        name: name.to_owned(),
        place,
        reason,
    };
    match (read, fault) {
        (Some(read), None) => Ok(read),
        (_, Some(fault)) => {
            let place = fault.span.map(|span| format!(" at {}", span.start));
            Err(bad(place.unwrap_or_default(), fault.message.clone()))
        }
        (None, None) => Err(bad(String::new(), "it is empty".to_owned())),
    }
}

/// 0: as many as there are. Source: Argo.
fn most(count: usize) -> Option<usize> {
    (count > 0).then_some(count)
}

fn wrong(name: &str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Value {
        name: name.to_owned(),
        place: String::new(),
        reason: reason.into(),
    }
}

fn rate(name: &str, option: serde_json::Value) -> Result<Rate, ConfigError> {
    let given: RateLimit = of(name, option)?;
    if !given.limit.is_finite() || given.limit <= 0.0 {
        return Err(wrong(name, "`limit` is pods a second, and more than 0"));
    }
    let burst = NonZeroU32::new(given.burst).ok_or_else(|| wrong(name, "`burst` is at least 1"))?;
    Ok(Rate {
        limit: given.limit,
        burst,
    })
}

fn time(name: &str, option: serde_json::Value) -> Result<Duration, ConfigError> {
    let text = duration(name, option)?;
    let nanos = tiphys_expr::duration::parse_or_seconds(&text).ok();
    let nanos = nanos.and_then(|nanos| u64::try_from(nanos).ok());
    let nanos = nanos.ok_or_else(|| wrong(name, "it is less than nothing"))?;
    Ok(Duration::from_nanos(nanos))
}

fn duration(name: &str, option: serde_json::Value) -> Result<String, ConfigError> {
    let text: String = of(name, option)?;
    match tiphys_expr::duration::parse_or_seconds(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(wrong(name, error.to_string())),
    }
}

fn referencing(name: &str, word: &str) -> Result<Option<Referencing>, ConfigError> {
    match word {
        "" => Ok(None),
        "Strict" => Ok(Some(Referencing::Strict)),
        "Secure" => Ok(Some(Referencing::Secure)),
        other => {
            let reason = format!("templateReferencing is Strict or Secure, and not `{other}`");
            Err(wrong(name, reason))
        }
    }
}

fn defaults(name: &str, option: serde_json::Value) -> Result<Defaults, ConfigError> {
    let text = option.to_string();
    let given: Workflow = value(name, &text)?;
    Ok(Defaults {
        labels: given.metadata.labels.unwrap_or_default(),
        annotations: given.metadata.annotations.unwrap_or_default(),
        spec: Some(Arc::new(given.spec)),
    })
}

fn of<T: DeserializeOwned>(name: &str, value: serde_json::Value) -> Result<T, ConfigError> {
    serde_json::from_value(value).map_err(|error| ConfigError::Value {
        name: name.to_owned(),
        place: String::new(),
        reason: error.to_string(),
    })
}

/// A known option that differs in case, or in a letter or two at the end.
fn near(name: &str) -> Option<&'static str> {
    let small = name.to_lowercase();
    let stem: String = small
        .chars()
        .take(small.chars().count().max(6) - 2)
        .collect();
    APPLIED
        .iter()
        .chain(&OTHERS)
        .find(|known| known.to_lowercase() == small || known.to_lowercase().starts_with(&stem))
        .copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(data: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let data = data.iter();
        Config::read(
            &data
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn one_key_per_option_or_all_under_one() {
        let images = "argoproj/argosay:v2: {entrypoint: [/argosay], cmd: [echo]}";
        let apart = read(&[("instanceID", "7"), ("images", images)]).unwrap();
        let together =
            read(&[("config", &format!("instanceID: '7'\nimages:\n  {images}"))]).unwrap();
        for config in [apart, together] {
            assert_eq!(config.instance_id.as_deref(), Some("7"));
            assert_eq!(
                config.images["argoproj/argosay:v2"].entrypoint,
                ["/argosay"]
            );
        }
        let fault = read(&[("config", "instanceID: a"), ("images", images)]).unwrap_err();
        assert_eq!(fault, ConfigError::Mixed("images".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, text, want) in [
            (
                "workflowDefault",
                "{}",
                "option `workflowDefault` is not known; did you mean `workflowDefaults`?",
            ),
            ("nothing", "{}", "option `nothing` is not known"),
            ("executor", "image: [a", "option `executor` at 1:"),
            (
                "images",
                "a: {command: [b]}",
                "option `images`: unknown field `command`",
            ),
        ] {
            let fault = read(&[(name, text)]).unwrap_err().to_string();
            assert!(fault.contains(want), "{fault}");
        }
        assert_eq!(read(&[("columns", "[]")]).unwrap().unapplied, ["columns"]);
    }

    #[test]
    fn limits_defaults_and_events() {
        let config = read(&[
            ("parallelism", "10"),
            ("namespaceParallelism", "0"),
            ("resourceRateLimit", "{limit: 2.5, burst: 3}"),
            ("nodeEvents", "{enabled: false}"),
            ("workflowEvents", "{enabled: true}"),
            ("workflowRestrictions", "{templateReferencing: Secure}"),
            ("podGCDeleteDelayDuration", "90s"),
            ("retentionPolicy", "{completed: 7}"),
            ("initialDelay", "2s"),
            ("metricsConfig", "{metricsTTL: 10m, port: 8080}"),
            ("failedPodRestart", "{enabled: true}"),
            (
                "workflowDefaults",
                "{metadata: {labels: {team: a}}, spec: {activeDeadlineSeconds: 60}}",
            ),
        ]);
        let config = config.unwrap();
        assert_eq!(config.workflows.parallelism.all, Some(10));
        assert_eq!(config.workflows.parallelism.each, None);
        assert_eq!(config.workflows.pod_rate.unwrap().burst.get(), 3);
        assert_eq!(config.workflows.telling.nodes, Level::None);
        assert_eq!(config.workflows.telling.workflows, Level::All);
        assert_eq!(
            config.workflows.restrictions.referencing,
            Some(Referencing::Secure)
        );
        assert_eq!(config.workflows.restarts, 3);
        assert_eq!(config.workflows.retention.completed, 7);
        assert_eq!(config.metrics_ttl, Some(Duration::from_secs(600)));
        assert_eq!(config.unapplied, ["metricsConfig.port"]);
        assert_eq!(config.initial_delay, Duration::from_secs(2));
        assert_eq!(config.workflows.pod_gc.delay.as_deref(), Some("90s"));
        assert_eq!(config.workflows.defaults.labels["team"], "a");
        let spec = config.workflows.defaults.spec.unwrap();
        assert_eq!(spec.active_deadline_seconds, Some(60));
        for (name, text, want) in [
            ("resourceRateLimit", "{limit: 0, burst: 1}", "more than 0"),
            ("resourceRateLimit", "{limit: 1, burst: 0}", "at least 1"),
            (
                "workflowRestrictions",
                "{templateReferencing: Loose}",
                "not `Loose`",
            ),
            (
                "workflowDefaults",
                "{spec: {parallelism: many}}",
                "a whole number",
            ),
            ("retentionPolicy", "{complete: 1}", "complete"),
            ("initialDelay", "-1s", "less than nothing"),
            ("metricsConfig", "{ttl: 1m}", "metricsConfig.ttl"),
            (
                "podGCDeleteDelayDuration",
                "soon",
                "podGCDeleteDelayDuration",
            ),
        ] {
            let fault = read(&[(name, text)]).unwrap_err().to_string();
            assert!(fault.contains(want), "{fault}");
        }
    }
}
