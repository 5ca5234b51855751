//! The containers of a template, as Kubernetes writes them.

use crate::manifest::PodError;
use k8s_openapi::api::core::v1 as k8s;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tiphys_spec as spec;

/// Argo's containers are Kubernetes' with a field more or less.
pub(crate) fn convert<T: DeserializeOwned>(
    what: &str,
    value: &impl Serialize,
) -> Result<T, PodError> {
    serde_json::to_value(value)
        .and_then(serde_json::from_value)
        .map_err(|error| PodError::Unreadable {
            what: what.to_owned(),
            reason: error.to_string(),
        })
}

/// The main container and the source of its script.
pub(crate) fn main(
    template: &spec::Template,
) -> Result<(k8s::Container, Option<String>), PodError> {
    let (container, source) = if let Some(container) = &template.container {
        ((**container).clone(), None)
    } else if let Some(script) = &template.script {
        let source = script.source.clone().filter(|source| !source.is_empty());
        (convert("script", script)?, source)
    } else {
        return Err(PodError::NoContainer(template.name.clone()));
    };
    let container = k8s::Container {
        name: "main".to_owned(),
        ..container
    };
    Ok((container, source))
}

/// A sidecar, which ends with the main container: Kubernetes' own kind of sidecar.
pub(crate) fn sidecar(
    user: &spec::UserContainer,
    main: &k8s::Container,
) -> Result<k8s::Container, PodError> {
    let mut container = beside(user, main)?;
    container.restart_policy = Some("Always".to_owned());
    Ok(container)
}

/// A user's container that is not the main one.
pub(crate) fn beside(
    user: &spec::UserContainer,
    main: &k8s::Container,
) -> Result<k8s::Container, PodError> {
    let mut container: k8s::Container = convert("container", user)?;
    if user.mirror_volume_mounts == Some(true) {
        let mounts = container.volume_mounts.get_or_insert_default();
        let known: Vec<String> = mounts
            .iter()
            .map(|mount| mount.mount_path.clone())
            .collect();
        mounts.extend(
            main.volume_mounts
                .iter()
                .flatten()
                .filter(|mount| !known.contains(&mount.mount_path))
                .cloned(),
        );
    }
    Ok(container)
}

/// Gives a container variables that it does not set itself; they come first, so that its own may refer to them.
pub(crate) fn give(container: &mut k8s::Container, variables: Vec<k8s::EnvVar>) {
    let own = container.env.take().unwrap_or_default();
    let mut env: Vec<k8s::EnvVar> = variables
        .into_iter()
        .filter(|variable| own.iter().all(|known| known.name != variable.name))
        .collect();
    env.extend(own);
    container.env = Some(env);
}

pub(crate) fn variable(name: &str, value: &str) -> k8s::EnvVar {
    k8s::EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        value_from: None,
    }
}

pub(crate) fn mount(volume: &str, path: &str) -> k8s::VolumeMount {
    k8s::VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        ..k8s::VolumeMount::default()
    }
}

pub(crate) fn empty(volume: &str) -> k8s::Volume {
    k8s::Volume {
        name: volume.to_owned(),
        empty_dir: Some(k8s::EmptyDirVolumeSource::default()),
        ..k8s::Volume::default()
    }
}
