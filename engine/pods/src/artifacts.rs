//! Artifacts in a repository: the init container loads them, and a container beside `main` saves them. Only those two have what it takes
//! to reach the repository.

use crate::manifest::PodError;
use crate::names::SECRETS;
use crate::place::{Placed, Unplaced, found, place, secrets};
use k8s_openapi::api::core::v1 as k8s;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tiphys_core::PodIntent;
use tiphys_executor::Step;
use tiphys_spec as spec;

/// The variable that says [`Artifacts`]; as [`tiphys_executor::to_env`] does it.
pub const VARIABLE: &str = "TIPHYS_ARTIFACTS";

/// What to load, or to save.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Artifacts {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// With all that it takes to reach it.
    pub artifact: spec::Artifact,
    /// Where to put it.
    pub path: String,
    /// It need not be there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// With all that it takes to reach it.
    pub artifact: spec::Artifact,
    /// As the node's status is to hold it.
    pub recorded: spec::Artifact,
    /// It is a log, and no file of the container's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub log: bool,
}

/// The outputs of a pod, each with its place.
pub(crate) fn outputs(intent: &PodIntent) -> Result<Vec<Output>, PodError> {
    let location = intent.template.archive_location.as_deref();
    let output = |artifact: &spec::Artifact, name: &str, log: bool| {
        let Placed { whole, recorded } = place(artifact, location, Some(name))
            .map_err(|fault| unplaced("output", &artifact.name, &fault))?;
        Ok(Output {
            artifact: whole,
            recorded,
            log,
        })
    };
    let artifacts = intent.artifacts.iter();
    let artifacts = artifacts.map(|artifact| {
        let name = artifact.file_name(found(artifact));
        output(artifact, &name, false)
    });
    let logs = containers(intent).into_iter().map(|name| {
        let log = spec::Artifact {
            name: log_name(name),
            ..spec::Artifact::default()
        };
        output(&log, &format!("{name}.log"), true)
    });
    artifacts.chain(logs).collect()
}

/// The containers whose logs are archived.
fn containers(intent: &PodIntent) -> Vec<&str> {
    match intent.template.container_set.as_deref() {
        _ if !archives_logs(intent) => Vec::new(),
        Some(set) => set
            .containers
            .iter()
            .map(|container| container.name.as_str())
            .collect(),
        None => vec!["main"],
    }
}

/// Source: Argo.
fn log_name(container: &str) -> String {
    format!("{container}-logs")
}

fn archives_logs(intent: &PodIntent) -> bool {
    let template = intent.template.archive_location.as_deref();
    let template = template.and_then(|location| location.archive_logs);
    template.or(intent.workflow.archive_logs).unwrap_or(false)
}

/// An input with its place.
pub(crate) fn input(
    intent: &PodIntent,
    name: &str,
    artifact: &spec::Artifact,
) -> Result<spec::Artifact, PodError> {
    let location = intent.template.archive_location.as_deref();
    place(artifact, location, None)
        .map(|placed| placed.whole)
        .map_err(|fault| unplaced("input", name, &fault))
}

fn unplaced(way: &'static str, name: &str, fault: &Unplaced) -> PodError {
    let name = name.to_owned();
    match fault {
        Unplaced::NoRepository => PodError::NoRepository { way, name },
        Unplaced::Ambiguous => PodError::Ambiguous { way, name },
    }
}

/// Tells the executor of `main` what to hand over.
pub(crate) fn hand_over(step: &mut Step, outputs: &[Output]) {
    for (nth, output) in (0..).zip(outputs) {
        if output.log {
            step.logs.push(nth);
            continue;
        }
        step.artifacts.push(tiphys_executor::Artifact {
            output: nth,
            name: output.artifact.name.clone(),
            path: output.artifact.path.clone().unwrap_or_default(),
            optional: output.artifact.optional.unwrap_or(false),
        });
    }
}

/// Tells the executor of a container to keep its log, if that is archived.
pub(crate) fn keep_log(step: &mut Step, container: &str, outputs: &[Output]) {
    let name = log_name(container);
    let mut all = (0..).zip(outputs);
    let log = all.find(|(_, output)| output.log && output.artifact.name == name);
    step.log = log.map(|(nth, _)| nth);
}

/// Gives a container the keys of secrets that it takes to reach some artifacts, and no others.
pub(crate) fn entrust<'a>(
    container: &mut k8s::Container,
    volumes: &mut Vec<k8s::Volume>,
    artifacts: impl Iterator<Item = &'a spec::Artifact>,
) {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    artifacts.for_each(|artifact| secrets(artifact, &mut all));
    for (nth, (secret, keys)) in all.into_iter().enumerate() {
        // The names of secrets are longer than those of volumes may be.
        let volume = format!("{}-secret-{nth}", container.name);
        let mut mount = crate::container::mount(&volume, &format!("{SECRETS}/{secret}"));
        mount.read_only = Some(true);
        container.volume_mounts.get_or_insert_default().push(mount);
        let items = keys.into_iter().map(|key| k8s::KeyToPath {
            path: key.clone(),
            key,
            mode: None,
        });
        volumes.push(k8s::Volume {
            name: volume,
            secret: Some(k8s::SecretVolumeSource {
                secret_name: Some(secret),
                items: Some(items.collect()),
                ..k8s::SecretVolumeSource::default()
            }),
            ..k8s::Volume::default()
        });
    }
}
