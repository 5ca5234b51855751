//! The main container's command under the executor, where something of it is wanted.

use crate::container::{empty, give, mount, variable};
use crate::manifest::{PodError, Shape};
use crate::names::{EXECUTOR, RUN, RUN_VOLUME, STAGING, STAGING_VOLUME};
use crate::settings::Settings;
use tiphys_core::PodIntent;
use tiphys_executor::{Content, File, Output, Step};

/// Puts the executor before the command of `main`, if there is something for it to do.
pub(crate) fn wrap(
    shape: &mut Shape,
    intent: &PodIntent,
    source: Option<String>,
    settings: &Settings,
) -> Result<(), PodError> {
    let others = intent.template.init_containers.len() + intent.template.sidecars.len();
    let mut step = Step {
        result: intent.capture_result,
        ..Step::default()
    };
    for file in &intent.parameters {
        step.parameters.push(Output {
            name: file.name.clone(),
            path: file.path.clone(),
        });
    }
    if step == Step::default() && source.is_none() {
        return Ok(());
    }
    // `main`, the init container that brings the executor, and the template's own.
    step.message_limit = tiphys_executor::message_limit(2 + others);
    let main = &mut shape.main;
    let image = main.image.clone().unwrap_or_default();
    let mut command = main.command.take().unwrap_or_default();
    if command.is_empty() {
        let known = settings.images.get(&image);
        let known = known.ok_or(PodError::NoCommand { image })?;
        command.clone_from(&known.entrypoint);
        if main.args.as_deref().unwrap_or_default().is_empty() {
            main.args = Some(known.cmd.clone());
        }
    }
    let mut args = command;
    args.extend(main.args.take().unwrap_or_default());
    if let Some(source) = source {
        let path = format!("{STAGING}/script");
        args.push(path.clone());
        step.files.push(File {
            path,
            content: Content::Text(source),
            // Some scripts are started by their own name.
            mode: Some(0o755),
        });
        shape.volumes.push(empty(STAGING_VOLUME));
        main.volume_mounts
            .get_or_insert_default()
            .push(mount(STAGING_VOLUME, STAGING));
    }
    let run = [EXECUTOR, "run", "--"];
    main.command = Some(run.map(str::to_owned).to_vec());
    // The kubelet replaces `$(NAME)` in both alike.
    main.args = Some(args);
    let variables = step.to_env();
    let variables = variables.iter().map(|(name, value)| variable(name, value));
    give(main, variables.collect());
    main.volume_mounts
        .get_or_insert_default()
        .push(mount(RUN_VOLUME, RUN));
    shape.volumes.push(empty(RUN_VOLUME));
    shape.install = true;
    Ok(())
}
