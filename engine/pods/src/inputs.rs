//! Input artifacts: an init container writes them before the main container starts.

use crate::artifacts::{self, Artifacts, Input, Output, entrust};
use crate::container::{empty, mount, variable};
use crate::manifest::{PodError, Shape};
use crate::names::{
    ARTIFACTS, ARTIFACTS_IN_IMAGE, EXECUTOR, EXECUTOR_IN_IMAGE, GIT_TMP_VOLUME, INPUTS,
    INPUTS_VOLUME, MAIN_FILES, RUN, RUN_VOLUME, TMP, TMP_VOLUME,
};
use crate::settings::Settings;
use k8s_openapi::api::core::v1 as k8s;
use tiphys_core::PodIntent;
use tiphys_executor::{Content, File, Step};

/// Adds what brings the executor and the inputs into the pod.
pub(crate) fn stage(
    shape: &mut Shape,
    intent: &PodIntent,
    pod: Option<&k8s::PodSecurityContext>,
    settings: &Settings,
) -> Result<(), PodError> {
    let mut files = Vec::new();
    let mut loaded = Vec::new();
    let mut mounts = Vec::new();
    for input in &intent.inputs {
        let on_volume = shape
            .main
            .volume_mounts
            .iter()
            .flatten()
            .any(|mount| within(&input.path, &mount.mount_path));
        let path = if on_volume {
            format!("{MAIN_FILES}{}", input.path)
        } else {
            let mut at = mount(INPUTS_VOLUME, &input.path);
            at.sub_path = Some(input.name.clone());
            mounts.push(at);
            format!("{INPUTS}/{}", input.name)
        };
        let mode = input
            .artifact
            .mode
            .and_then(|mode| u32::try_from(mode).ok());
        // What the manifest itself can carry.
        if let Some(raw) = &input.artifact.raw {
            let content = Content::Text(raw.data.clone().unwrap_or_default());
            files.push(File {
                path,
                content,
                mode,
            });
            continue;
        }
        loaded.push(Input {
            artifact: artifacts::input(intent, &input.name, &input.artifact)?,
            path,
            optional: input.optional,
        });
    }
    if files.is_empty() && loaded.is_empty() && !shape.install {
        return Ok(());
    }
    let git = |input: &Input| input.artifact.git.is_some();
    let (cloned, loaded): (Vec<Input>, Vec<Input>) = loaded.into_iter().partition(git);
    let security = shape.main.security_context.clone();
    let mut init = own_container("init", security.as_ref(), pod, settings);
    // Each starts what comes after it.
    let mut programs: Vec<&[&str]> = Vec::new();
    let mut own = Vec::new();
    if !loaded.is_empty() {
        programs.push(&[ARTIFACTS_IN_IMAGE, "load"]);
        load(&mut init, shape, loaded);
    }
    if !cloned.is_empty() {
        programs.push(&[ARTIFACTS_IN_IMAGE, "install", ARTIFACTS]);
    }
    if shape.install {
        programs.push(&[EXECUTOR_IN_IMAGE, "install", EXECUTOR]);
    } else if !files.is_empty() {
        programs.push(&[EXECUTOR_IN_IMAGE, "stage"]);
    }
    if shape.install || !cloned.is_empty() {
        own.push(mount(RUN_VOLUME, RUN));
    }
    if !shape.install && !cloned.is_empty() {
        shape.volumes.push(empty(RUN_VOLUME));
    }
    if !files.is_empty() {
        let step = Step {
            files,
            ..Step::default()
        };
        tell(&mut init, tiphys_executor::VARIABLE, &step);
    }
    if !mounts.is_empty() {
        shape.volumes.push(empty(INPUTS_VOLUME));
        own.push(mount(INPUTS_VOLUME, INPUTS));
    }
    if intent.inputs.len() > mounts.len() {
        own.extend(
            shape
                .main
                .volume_mounts
                .iter()
                .flatten()
                .filter(|mount| mount.mount_path.as_str() != RUN)
                .map(mirrored),
        );
    }
    let command = programs.join(&"--").into_iter().map(str::to_owned);
    init.command = Some(command.collect());
    let mut first = vec![init];
    if !cloned.is_empty() {
        let mut git = own_container("init-git", security.as_ref(), pod, settings);
        git.image = Some(settings.git_image.clone());
        git.image_pull_policy = None;
        git.command = Some([ARTIFACTS, "load"].map(str::to_owned).to_vec());
        // Nothing else is there to write to.
        let home = variable("HOME", TMP);
        git.env.get_or_insert_default().push(home);
        shape.volumes.push(empty(GIT_TMP_VOLUME));
        git.volume_mounts = Some(vec![mount(GIT_TMP_VOLUME, TMP)]);
        load(&mut git, shape, cloned);
        first.push(git);
    }
    for container in &mut first {
        let mounts = container.volume_mounts.get_or_insert_default();
        mounts.extend(own.iter().cloned());
    }
    shape
        .main
        .volume_mounts
        .get_or_insert_default()
        .extend(mounts);
    shape.init.splice(0..0, first);
    Ok(())
}

/// Has a container load artifacts, and gives it the keys of secrets that it takes to reach them.
fn load(container: &mut k8s::Container, shape: &mut Shape, inputs: Vec<Input>) {
    let all = inputs.iter().map(|input| &input.artifact);
    entrust(container, &mut shape.volumes, all);
    let inputs = Artifacts {
        inputs,
        ..Artifacts::default()
    };
    tell(container, artifacts::VARIABLE, &inputs);
}

/// Adds the container that saves the outputs: it is there from before `main` starts until after it has ended.
pub(crate) fn save(
    shape: &mut Shape,
    outputs: Vec<Output>,
    pod: Option<&k8s::PodSecurityContext>,
    settings: &Settings,
) {
    if outputs.is_empty() {
        return;
    }
    let mut wait = own_container("wait", shape.main.security_context.as_ref(), pod, settings);
    wait.restart_policy = Some("Always".to_owned());
    wait.command = Some([ARTIFACTS_IN_IMAGE, "save"].map(str::to_owned).to_vec());
    wait.volume_mounts = Some(vec![mount(RUN_VOLUME, RUN), mount(TMP_VOLUME, TMP)]);
    shape.volumes.push(empty(TMP_VOLUME));
    let all = outputs.iter().map(|output| &output.artifact);
    entrust(&mut wait, &mut shape.volumes, all);
    let outputs = Artifacts {
        outputs,
        ..Artifacts::default()
    };
    tell(&mut wait, artifacts::VARIABLE, &outputs);
    shape.init.push(wait);
}

/// A container of the executor's own. `main`: what the main container may do, where there is one.
pub(crate) fn own_container(
    name: &str,
    main: Option<&k8s::SecurityContext>,
    pod: Option<&k8s::PodSecurityContext>,
    settings: &Settings,
) -> k8s::Container {
    let mut container = k8s::Container {
        name: name.to_owned(),
        image: Some(settings.executor_image.clone()),
        image_pull_policy: settings.executor_pull_policy.clone(),
        security_context: Some(locked(pod, main)),
        ..k8s::Container::default()
    };
    if let Some(given) = &settings.executor {
        container.resources.clone_from(&given.resources);
        container.env.clone_from(&given.env);
        if given.security_context.is_some() {
            container
                .security_context
                .clone_from(&given.security_context);
        }
    }
    container
}

pub(crate) fn tell(container: &mut k8s::Container, name: &str, said: &impl serde::Serialize) {
    let variables = tiphys_executor::to_env(name, said);
    let variables = variables.iter().map(|(name, value)| variable(name, value));
    container.env.get_or_insert_default().extend(variables);
}

fn within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn mirrored(of: &k8s::VolumeMount) -> k8s::VolumeMount {
    k8s::VolumeMount {
        mount_path: format!("{MAIN_FILES}{}", of.mount_path),
        read_only: None,
        ..of.clone()
    }
}

/// The user of an init container where only `runAsNonRoot` is asked for: the number is that of `nonroot` in distroless images.
const NOBODY: i64 = 65532;

/// What the executor's own containers may do: nothing; and they do it as the main container's user, whose files these are.
fn locked(
    pod: Option<&k8s::PodSecurityContext>,
    main: Option<&k8s::SecurityContext>,
) -> k8s::SecurityContext {
    let user = main.and_then(|main| main.run_as_user);
    let named = user.or(pod.and_then(|pod| pod.run_as_user)).is_some();
    let no_root = main
        .and_then(|main| main.run_as_non_root)
        .or(pod.and_then(|pod| pod.run_as_non_root));
    k8s::SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(k8s::Capabilities {
            add: None,
            drop: Some(vec!["ALL".to_owned()]),
        }),
        read_only_root_filesystem: Some(true),
        run_as_user: user.or((no_root == Some(true) && !named).then_some(NOBODY)),
        run_as_group: main.and_then(|main| main.run_as_group),
        ..k8s::SecurityContext::default()
    }
}
