//! Input artifacts: an init container writes them before the main container starts.

use crate::container::{empty, mount, variable};
use crate::manifest::{PodError, Shape};
use crate::names::{
    EXECUTOR, EXECUTOR_IN_IMAGE, INPUTS, INPUTS_VOLUME, MAIN_FILES, RUN, RUN_VOLUME,
};
use crate::settings::Settings;
use k8s_openapi::api::core::v1 as k8s;
use tiphys_core::{InputFile, PodIntent};
use tiphys_executor::{Content, File, Step};

/// Adds what brings the executor and the inputs into the pod.
pub(crate) fn stage(
    shape: &mut Shape,
    intent: &PodIntent,
    pod: Option<&k8s::PodSecurityContext>,
    settings: &Settings,
) -> Result<(), PodError> {
    let mut files = Vec::new();
    let mut mounts = Vec::new();
    for input in &intent.inputs {
        let Some(content) = raw(input)? else { continue };
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
        files.push(File {
            path,
            content,
            mode,
        });
    }
    if files.is_empty() && !shape.install {
        return Ok(());
    }
    let mut init = k8s::Container {
        name: "init".to_owned(),
        image: Some(settings.executor_image.clone()),
        image_pull_policy: settings.executor_pull_policy.clone(),
        security_context: Some(locked(pod, shape.main.security_context.as_ref())),
        ..k8s::Container::default()
    };
    if let Some(given) = &settings.executor {
        init.resources.clone_from(&given.resources);
        init.env.clone_from(&given.env);
        if given.security_context.is_some() {
            init.security_context.clone_from(&given.security_context);
        }
    }
    let (mut command, mut own) = (vec![EXECUTOR_IN_IMAGE.to_owned()], Vec::new());
    if shape.install {
        command.extend(["install".to_owned(), EXECUTOR.to_owned()]);
        own.push(mount(RUN_VOLUME, RUN));
    } else {
        command.push("stage".to_owned());
    }
    if !files.is_empty() {
        let step = Step {
            files,
            ..Step::default()
        };
        let variables = step.to_env();
        let variables = variables.iter().map(|(name, value)| variable(name, value));
        init.env.get_or_insert_default().extend(variables);
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
    init.command = Some(command);
    init.volume_mounts = Some(own);
    shape
        .main
        .volume_mounts
        .get_or_insert_default()
        .extend(mounts);
    shape.init.insert(0, init);
    Ok(())
}

/// The content of an input that the manifest itself can carry; none for an optional one that is not there.
fn raw(input: &InputFile) -> Result<Option<Content>, PodError> {
    if let Some(raw) = &input.artifact.raw {
        return Ok(Some(Content::Text(raw.data.clone().unwrap_or_default())));
    }
    Err(PodError::Artifact(input.name.clone()))
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
