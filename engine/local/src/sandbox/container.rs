//! What a sandbox is told: one container, with no choice left open.

use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::StartError;

/// Where the containers of steps run: the value of `--sandbox`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Processes of this host, each in a copy-on-write view of it. Images are not used.
    Host,
    /// Containers of an engine that speaks the Docker API.
    Docker,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Host => "host",
            Kind::Docker => "docker",
        })
    }
}

/// A `--sandbox` value that names no kind.
#[derive(Debug, thiserror::Error)]
#[error("there is no sandbox `{0}`: use `host` or `docker`")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Kind, UnknownKind> {
        match text {
            "host" => Ok(Kind::Host),
            "docker" | "podman" => Ok(Kind::Docker),
            _ => Err(UnknownKind(text.to_owned())),
        }
    }
}

/// One container of one attempt of one step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Container {
    /// Unique per (workflow UID, node, attempt, container). A key that runs is not started a second time.
    pub key: String,
    /// `main`, or the name of a sidecar or an init container.
    pub name: String,
    /// The image; `host` ignores it.
    pub image: String,
    /// Command and arguments. The first is looked up in the `PATH` of `env` inside the view. Empty means the image's own
    /// command; `host` has no images and refuses it.
    pub argv: Vec<String>,
    /// The environment. `host` adds `PATH` and `HOME` of this process where they are missing, and nothing else.
    pub env: Vec<(String, String)>,
    /// Where the command starts; created in the copy-on-write layer if missing. `None` is the image's own (docker) or `/`
    /// (host). Must be absolute.
    pub workdir: Option<PathBuf>,
    /// Files and folders of the host that the view shows. Later ones lie over earlier ones.
    pub binds: Vec<Bind>,
    /// Combined stdout and stderr are appended to this file as they arrive; its folder is created.
    pub log: PathBuf,
    /// Stdout alone as well, if wanted. The order of stdout to stderr in `log` is exact without it; with it, what is written
    /// to both within the same instant may change places.
    pub stdout: Option<PathBuf>,
    /// What is copied out after the process has ended and before the view is dropped.
    pub collect: Vec<Collect>,
    /// Where the [`Exit`](super::Exit) is written, durably and before anyone is told. Must not exist at the start.
    pub record: PathBuf,
    /// Upper bounds, kept where cgroups can be written and silently ignored elsewhere.
    pub limits: Option<Limits>,
}

impl Container {
    /// Where a path of the view is on the host, if it is below a bind; later binds lie over earlier ones.
    pub(super) fn source_of(&self, path: &Path) -> Option<PathBuf> {
        self.binds.iter().rev().find_map(|bind| {
            let rest = path.strip_prefix(&bind.target).ok()?;
            Some(if rest.as_os_str().is_empty() {
                bind.source.clone()
            } else {
                bind.source.join(rest)
            })
        })
    }
}

/// What is wrong with a path in the view, if anything is.
pub(super) fn unfit(path: &Path) -> Option<String> {
    if !path.is_absolute() {
        return Some("the path must be absolute".to_owned());
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Some("the path must not contain `..`".to_owned());
    }
    (path == Path::new("/")).then(|| "the path must not be the root".to_owned())
}

/// A file or folder of the host that a view shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bind {
    /// On the host; must exist.
    pub source: PathBuf,
    /// In the view; absolute. It and its parents are created in the copy-on-write layer if missing.
    pub target: PathBuf,
    /// Whether the view refuses writes to it.
    pub read_only: bool,
}

/// A path that is copied out of a view.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Collect {
    /// In the view; absolute, without `..`. If it is itself a symlink it is followed; symlinks inside a folder are kept.
    pub path: PathBuf,
    /// On the host: the copy itself, not a folder that receives it. Its parents are created; what was there is replaced.
    pub to: PathBuf,
}

impl Bind {
    pub(super) fn refused(&self, reason: impl ToString) -> StartError {
        StartError::Bind {
            source_path: self.source.clone(),
            target: self.target.clone(),
            reason: reason.to_string(),
        }
    }
}

/// Upper bounds for a container and everything it starts.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Thousandths of a processor: 1500 is one and a half.
    pub millicpu: Option<u64>,
}
