//! A container as the engine wants it said, and its refusals as ours.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType};
use bollard::query_parameters::CreateImageOptions;
use futures_util::StreamExt;

use super::{Docker, KEY, OWNER};
use crate::sandbox::{Container, StartError};

/// A name that no second container with the same key can have.
pub(super) fn name(key: &str) -> String {
    let readable: String = key
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .take(40)
        .collect();
    let mut hash = DefaultHasher::new();
    key.hash(&mut hash);
    format!("tiphys-{readable}-{:016x}", hash.finish())
}

pub(super) fn body(container: &Container, owner: &str) -> ContainerCreateBody {
    let mounts = container.binds.iter().map(|bind| Mount {
        target: Some(bind.target.to_string_lossy().into_owned()),
        source: Some(
            bind.source
                .canonicalize()
                .unwrap_or(bind.source.clone())
                .to_string_lossy()
                .into_owned(),
        ),
        typ: Some(MountType::BIND),
        read_only: Some(bind.read_only),
        ..Default::default()
    });
    let limits = container.limits.unwrap_or_default();
    let integer = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let host = HostConfig {
        mounts: Some(mounts.collect()),
        memory: limits.memory.map(integer),
        nano_cpus: limits
            .millicpu
            .map(|millicpu| integer(millicpu.saturating_mul(1_000_000))),
        ..Default::default()
    };
    let (first, rest) = container
        .argv
        .split_first()
        .map_or((None, None), |(first, rest)| (Some(first), Some(rest)));
    ContainerCreateBody {
        image: Some(container.image.clone()),
        entrypoint: first.map(|first| vec![first.clone()]),
        cmd: rest.map(<[String]>::to_vec),
        env: Some(
            container
                .env
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
        working_dir: container
            .workdir
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned()),
        labels: Some(HashMap::from([
            (KEY.to_owned(), container.key.clone()),
            (OWNER.to_owned(), owner.to_owned()),
        ])),
        host_config: Some(host),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..Default::default()
    }
}

/// What an engine says in its own words when it cannot create or start a container.
pub(super) fn refused(container: &Container, error: &Error) -> StartError {
    let reason = match error {
        Error::DockerResponseServerError { message, .. } => message.clone(),
        other => other.to_string(),
    };
    let says = |words: &[&str]| {
        words
            .iter()
            .any(|word| reason.to_lowercase().contains(word))
    };
    let command = container.argv.first().cloned().unwrap_or_default();
    if says(&["already in use"]) {
        return StartError::Running(container.key.clone());
    }
    if says(&["chdir", "working directory", "workdir", "cwd"]) {
        return StartError::Workdir {
            path: container.workdir.clone().unwrap_or_default(),
            reason,
        };
    }
    if says(&["no command specified", "no command or entrypoint"]) {
        return StartError::NotExecutable {
            command,
            reason: format!("neither the step nor its image names a command: {reason}"),
        };
    }
    if says(&[
        "executable file not found",
        "executable file `",
        "no such file or directory",
    ]) {
        return StartError::CommandNotFound {
            command,
            hint: format!(" in the image `{}`: {reason}", container.image),
        };
    }
    if says(&["permission denied", "exec format error", "is a directory"]) {
        return StartError::NotExecutable { command, reason };
    }
    StartError::Sandbox(reason)
}

impl Docker {
    /// Pulls an image that the engine does not have.
    pub(super) async fn ready_image(&self, image: &str) -> Result<(), StartError> {
        let failed = |reason: String| StartError::Pull {
            image: image.to_owned(),
            reason,
        };
        if image.is_empty() {
            return Err(failed("no image is named".to_owned()));
        }
        match self.client.inspect_image(image).await {
            Ok(_) => return Ok(()),
            Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }) => {}
            Err(error) => return Err(failed(error.to_string())),
        }
        let last = image.rsplit('/').next().unwrap_or(image);
        let named = if last.contains([':', '@']) {
            image.to_owned()
        } else {
            format!("{image}:latest")
        };
        let options = CreateImageOptions {
            from_image: Some(named),
            ..Default::default()
        };
        let mut progress = std::pin::pin!(self.client.create_image(Some(options), None, None));
        while let Some(step) = progress.next().await {
            let step = step.map_err(|error| failed(error.to_string()))?;
            if let Some(error) = step.error_detail.and_then(|detail| detail.message) {
                return Err(failed(error));
            }
        }
        self.client
            .inspect_image(image)
            .await
            .map(drop)
            .map_err(|error| failed(error.to_string()))
    }
}
