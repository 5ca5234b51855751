//! The main container's command under the executor, where something of it is wanted.

use crate::container::{empty, give, mount, variable};
use crate::manifest::{PodError, Shape};
use crate::names::{CONTAINERS, EXECUTOR, RUN, RUN_VOLUME, STAGING, STAGING_VOLUME};
use crate::settings::Settings;
use k8s_openapi::api::core::v1 as k8s;
use tiphys_core::PodIntent;
use tiphys_executor::{Content, File, Output, Step};

/// Puts the executor before the command of `main`, if there is something for it to do. `step`: what it has to do anyway; `all`: how many
/// containers do the step's work.
pub(crate) fn wrap(
    shape: &mut Shape,
    mut step: Step,
    intent: &PodIntent,
    source: Option<String>,
    all: usize,
    settings: &Settings,
) -> Result<(), PodError> {
    step.result = intent.capture_result;
    for file in &intent.parameters {
        step.parameters.push(Output {
            name: file.name.clone(),
            path: file.path.clone(),
        });
    }
    if let Some(source) = source {
        let path = format!("{STAGING}/script");
        shape.main.args.get_or_insert_default().push(path.clone());
        step.files.push(File {
            path,
            content: Content::Text(source),
            // Some scripts are started by their own name.
            mode: Some(0o755),
        });
        shape.volumes.push(empty(STAGING_VOLUME));
        shape
            .main
            .volume_mounts
            .get_or_insert_default()
            .push(mount(STAGING_VOLUME, STAGING));
    }
    // PID 1 of a container does not end with TERM unless it says so itself, and this one is going to be told to end.
    let command = shape.main.command.as_deref().unwrap_or_default();
    let timed = intent.deadline.is_some() && !command.is_empty();
    if step == Step::default() && !timed && !held(&shape.main) {
        return Ok(());
    }
    under(&mut shape.main, step, all, intent, settings)?;
    shape.volumes.push(empty(RUN_VOLUME));
    shape.install = true;
    Ok(())
}

/// Whether a container is to wait for somebody who looks into it. Source: Argo's `ARGO_DEBUG_PAUSE_BEFORE` and `ARGO_DEBUG_PAUSE_AFTER`, and
/// its files.
pub(crate) fn held(container: &k8s::Container) -> bool {
    ["before", "after"]
        .into_iter()
        .any(|of| held_by(container, of))
}

fn held_by(container: &k8s::Container, of: &str) -> bool {
    let name = format!("ARGO_DEBUG_PAUSE_{}", of.to_uppercase());
    let variables = container.env.iter().flatten();
    variables
        .filter(|variable| variable.name == name)
        .any(|variable| variable.value.as_deref() == Some("true"))
}

/// Puts the executor before a container's command.
pub(crate) fn under(
    container: &mut k8s::Container,
    mut step: Step,
    all: usize,
    intent: &PodIntent,
    settings: &Settings,
) -> Result<(), PodError> {
    let others = intent.template.init_containers.len() + intent.template.sidecars.len();
    // The step's own, the init container that brings the executor, and the template's others.
    step.message_limit = tiphys_executor::message_limit(1 + all + others);
    let mark =
        |of: &str| held_by(container, of).then(|| format!("{CONTAINERS}/{}/{of}", container.name));
    (step.hold_before, step.hold_after) = (mark("before"), mark("after"));
    let image = container.image.clone().unwrap_or_default();
    let mut command = container.command.take().unwrap_or_default();
    if command.is_empty() {
        let known = settings.images.get(&image);
        let known = known.ok_or(PodError::NoCommand {
            image: image.clone(),
        })?;
        command.clone_from(&known.entrypoint);
        if container.args.as_deref().unwrap_or_default().is_empty() {
            container.args = Some(known.cmd.clone());
        }
    }
    let mut args = command;
    args.extend(container.args.take().unwrap_or_default());
    if args.is_empty() {
        return Err(PodError::NoCommand { image });
    }
    let run = [EXECUTOR, "run", "--"];
    container.command = Some(run.map(str::to_owned).to_vec());
    // The kubelet replaces `$(NAME)` in both alike.
    container.args = Some(args);
    let variables = step.to_env();
    let variables = variables.iter().map(|(name, value)| variable(name, value));
    give(container, variables.collect());
    container
        .volume_mounts
        .get_or_insert_default()
        .push(mount(RUN_VOLUME, RUN));
    Ok(())
}
