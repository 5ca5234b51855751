//! Why a sandbox does not open and why a container does not start.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Why there is no sandbox. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("use the scratch folder {path}: {source}")]
    Scratch { path: PathBuf, source: io::Error },
    #[error("start the spawner of steps: {0}")]
    Spawner(#[source] io::Error),
    #[error(
        "reach a Docker-API engine (DOCKER_HOST, /var/run/docker.sock and Podman's sockets were tried): {0}"
    )]
    Engine(String),
}

/// Why a container did not start. A fragment that fits after "failed to ".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum StartError {
    /// Shells say 127 for this.
    #[error("find the command `{command}`{hint}")]
    CommandNotFound { command: String, hint: String },
    /// Shells say 126 for this.
    #[error("execute `{command}`: {reason}")]
    NotExecutable { command: String, reason: String },
    #[error("enter the working directory {path}: {reason}")]
    Workdir { path: PathBuf, reason: String },
    #[error("show {source_path} at {target}: {reason}")]
    Bind {
        source_path: PathBuf,
        target: PathBuf,
        reason: String,
    },
    #[error("collect {path}: {reason}")]
    Collect { path: PathBuf, reason: String },
    #[error("pull the image `{image}`: {reason}")]
    Pull { image: String, reason: String },
    #[error("start `{0}`: a container with this key is running")]
    Running(String),
    #[error("start `{0}`: its record says that it has ended")]
    Ended(String),
    #[error("use {path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error(
        "run a container without a command: the host sandbox does not use images, so `command` must be given"
    )]
    NoCommand,
    /// The sandbox itself failed; another attempt may do.
    #[error("prepare the sandbox: {0}")]
    Sandbox(String),
}

impl StartError {
    /// The exit code that a shell or a container engine reports for it.
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        match self {
            StartError::CommandNotFound { .. } => 127,
            StartError::NotExecutable { .. } => 126,
            _ => 125,
        }
    }
}
