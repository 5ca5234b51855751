//! The controller's ConfigMap (`workflow-controller-configmap`): Argo's keys, one key per option or all of them as YAML under `config`.

use k8s_openapi::api::core::v1::Container;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use tiphys_pods::Entrypoint;
use tiphys_spec::{ArtifactRepository, Source, decode};

/// What is configured, of what this version applies.
#[derive(Debug, Default)]
pub struct Config {
    pub executor: Option<Container>,
    pub images: BTreeMap<String, Entrypoint>,
    pub instance_id: Option<String>,
    pub main_container: Option<Container>,
    pub repository: Option<ArtifactRepository>,
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
const OTHERS: [&str; 26] = [
    "artifactDrivers",
    "columns",
    "disableAgentPodCreation",
    "failedPodRestart",
    "initialDelay",
    "initlessPod",
    "kubeConfig",
    "links",
    "metricsConfig",
    "namespace",
    "namespaceParallelism",
    "navColor",
    "nodeEvents",
    "parallelism",
    "persistence",
    "podGCDeleteDelayDuration",
    "podGCGracePeriodSeconds",
    "podSpecLogStrategy",
    "resourceRateLimit",
    "retentionPolicy",
    "sso",
    "synchronization",
    "telemetryConfig",
    "workflowDefaults",
    "workflowEvents",
    "workflowRestrictions",
];
const APPLIED: [&str; 5] = [
    "artifactRepository",
    "executor",
    "images",
    "instanceID",
    "mainContainer",
];

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
                "artifactRepository" => config.repository = Some(of(&name, option)?),
                "executor" => config.executor = Some(of(&name, option)?),
                "images" => config.images = of(&name, option)?,
                // A bare number is an ID as well.
                "instanceID" => {
                    let text = option.as_str().map(str::to_owned);
                    config.instance_id = Some(text.unwrap_or_else(|| option.to_string()));
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
        assert_eq!(
            read(&[("parallelism", "10")]).unwrap().unapplied,
            ["parallelism"]
        );
    }
}
