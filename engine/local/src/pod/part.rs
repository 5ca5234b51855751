//! The containers of a pod, under one type: the main one, however its template is written, sidecars and init containers.

use k8s_openapi::api::core::v1 as k8s;
use tiphys_spec as spec;

/// What is needed of a container.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub name: String,
    pub image: String,
    pub command: Vec<String>,
    pub args: Vec<String>,
    pub env: Vec<k8s::EnvVar>,
    pub env_from: Vec<k8s::EnvFromSource>,
    pub mounts: Vec<k8s::VolumeMount>,
    pub devices: bool,
    pub workdir: Option<String>,
    pub ports: Vec<k8s::ContainerPort>,
    pub readiness: Option<k8s::Probe>,
    pub resources: k8s::ResourceRequirements,
    /// Sees what the main container sees of volumes and artifacts.
    pub mirror: bool,
}

/// The main container and the source of its script.
pub(super) fn main(template: &spec::Template) -> Result<(Part, Option<String>), String> {
    if let Some(container) = &template.container {
        return Ok((
            Part {
                name: "main".to_owned(),
                ..of_container(container)
            },
            None,
        ));
    }
    if let Some(script) = &template.script {
        let source = script.source.clone().filter(|source| !source.is_empty());
        return Ok((
            Part {
                name: "main".to_owned(),
                ..of_script(script)
            },
            source,
        ));
    }
    if let Some(set) = &template.container_set {
        // Inputs and outputs are those of the one called `main`.
        let main = set.containers.iter().find(|node| node.name == "main");
        let first = main.or(set.containers.first());
        return match first {
            Some(node) => Ok((of_node(node, set), None)),
            None => Err(format!("template `{}` has no containers", template.name)),
        };
    }
    if template.resource.is_some() {
        return Err("resource templates need a cluster".to_owned());
    }
    Err(format!(
        "template `{}` has no container and no script",
        template.name
    ))
}

fn of_container(container: &k8s::Container) -> Part {
    let container = container.clone();
    Part {
        name: container.name,
        image: container.image.unwrap_or_default(),
        command: container.command.unwrap_or_default(),
        args: container.args.unwrap_or_default(),
        env: container.env.unwrap_or_default(),
        env_from: container.env_from.unwrap_or_default(),
        mounts: container.volume_mounts.unwrap_or_default(),
        devices: container
            .volume_devices
            .is_some_and(|devices| !devices.is_empty()),
        workdir: container.working_dir,
        ports: container.ports.unwrap_or_default(),
        readiness: container.readiness_probe,
        resources: container.resources.unwrap_or_default(),
        mirror: false,
    }
}

fn of_script(script: &spec::ScriptTemplate) -> Part {
    let script = script.clone();
    Part {
        name: script.name,
        image: script.image.unwrap_or_default(),
        command: script.command,
        args: script.args,
        env: script.env,
        env_from: script.env_from,
        mounts: script.volume_mounts,
        devices: !script.volume_devices.is_empty(),
        workdir: script.working_dir,
        ports: script.ports,
        readiness: script.readiness_probe,
        resources: script.resources.unwrap_or_default(),
        mirror: false,
    }
}

/// A container of a container set.
pub(super) fn of_node(node: &spec::ContainerNode, set: &spec::ContainerSetTemplate) -> Part {
    let node = node.clone();
    let mut mounts = node.volume_mounts;
    mounts.extend(set.volume_mounts.iter().cloned());
    Part {
        name: node.name,
        image: node.image.unwrap_or_default(),
        command: node.command,
        args: node.args,
        env: node.env,
        env_from: node.env_from,
        mounts,
        devices: !node.volume_devices.is_empty(),
        workdir: node.working_dir,
        ports: node.ports,
        readiness: None,
        resources: node.resources.unwrap_or_default(),
        mirror: false,
    }
}

/// A sidecar or an init container.
pub(super) fn of_user(user: &spec::UserContainer) -> Part {
    let user = user.clone();
    Part {
        name: user.name,
        image: user.image.unwrap_or_default(),
        command: user.command,
        args: user.args,
        env: user.env,
        env_from: user.env_from,
        mounts: user.volume_mounts,
        devices: !user.volume_devices.is_empty(),
        workdir: user.working_dir,
        ports: user.ports,
        readiness: user.readiness_probe,
        resources: user.resources.unwrap_or_default(),
        mirror: user.mirror_volume_mounts.unwrap_or(false),
    }
}
