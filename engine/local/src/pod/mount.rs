//! What of volumes a container sees, and where.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1 as k8s;

use super::env::Environment;
use super::part::Part;
use super::volume::{Volumes, inside};
use crate::sandbox::Bind;

/// The binds of a container's volume mounts.
pub(super) fn mounts(
    wanted: &[k8s::VolumeMount],
    part: &Part,
    environment: &Environment,
    volumes: &mut Volumes<'_>,
) -> Result<Vec<Bind>, String> {
    wanted
        .iter()
        .map(|mount| bind(mount, part, environment, volumes))
        .collect()
}

fn bind(
    mount: &k8s::VolumeMount,
    part: &Part,
    environment: &Environment,
    volumes: &mut Volumes<'_>,
) -> Result<Bind, String> {
    let source = volumes.source(&mount.name, part)?;
    let sub_path = match (&mount.sub_path, &mount.sub_path_expr) {
        (_, Some(text)) => Some(environment.expand(text)),
        (path, None) => path.clone(),
    };
    let path = match sub_path.filter(|path| !path.is_empty()) {
        Some(sub_path) => below(&source.path, &sub_path, source.read_only)
            .map_err(|reason| format!("volume `{}`: {reason}", mount.name))?,
        None => source.path,
    };
    let read_only = source.read_only || mount.read_only.unwrap_or(false);
    Ok(Bind {
        source: path,
        target: PathBuf::from(&mount.mount_path),
        read_only,
    })
}

/// A file or folder in a volume; a folder that is missing is made.
fn below(volume: &Path, sub_path: &str, read_only: bool) -> Result<PathBuf, String> {
    let path = volume.join(inside(sub_path)?);
    if !path.exists() {
        if read_only {
            return Err(format!("there is no `{sub_path}` in it"));
        }
        let made = fs::create_dir_all(&path)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o777)));
        made.map_err(|error| format!("{sub_path}: {error}"))?;
    }
    resolved(volume, &path).ok_or_else(|| format!("`{sub_path}` leads out of it"))
}

/// A path in a volume with its symlinks followed; none if that leads out.
fn resolved(volume: &Path, path: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(path).ok()?;
    real.starts_with(fs::canonicalize(volume).ok()?)
        .then_some(real)
}

/// Where a path of the container is on this machine, if it is inside a volume. Folders on the way are made.
pub(super) fn in_volume(path: &Path, binds: &[Bind]) -> Result<Option<PathBuf>, String> {
    let over = binds
        .iter()
        .filter(|bind| path.starts_with(&bind.target))
        .max_by_key(|bind| bind.target.components().count());
    let Some(bind) = over else { return Ok(None) };
    let rest = path.strip_prefix(&bind.target).unwrap_or(path);
    let (Some(name), Some(parent)) = (rest.file_name(), rest.parent()) else {
        return Ok(None);
    };
    let parent = bind.source.join(parent);
    fs::create_dir_all(&parent).map_err(|error| format!("{}: {error}", path.display()))?;
    match resolved(&bind.source, &parent) {
        Some(parent) => Ok(Some(parent.join(name))),
        None => Err(format!("{} leads out of its volume", path.display())),
    }
}
