//! Artifacts to and from where they are kept. Whatever its size, an artifact passes through in pieces.

mod fault;
mod http;
mod object;
mod stores;

use crate::{ArtifactError, Find, Secrets, beside, tree, unique};
use futures::TryStreamExt;
use object_store::path::Path as Key;
use std::fs;
use std::path::Path;
use tiphys_spec as spec;

/// Where an artifact is, ready to be reached.
enum Place {
    Raw(String),
    Http(http::Request),
    Object(object::Object),
}

/// What of an artifact's fields lead to its place.
fn open(artifact: &spec::Artifact, secrets: &Secrets<'_>) -> Result<Place, ArtifactError> {
    if let Some(raw) = &artifact.raw {
        return Ok(Place::Raw(raw.data.clone().unwrap_or_default()));
    }
    if let Some(http) = &artifact.http {
        return http::Request::of_http(http, secrets).map(Place::Http);
    }
    if let Some(artifactory) = &artifact.artifactory {
        return http::Request::of_artifactory(artifactory, secrets).map(Place::Http);
    }
    if artifact.git.is_some() {
        return Err(ArtifactError::Refused(
            "a git artifact can only be an input".to_owned(),
        ));
    }
    for (name, there) in [
        ("hdfs", artifact.hdfs.is_some()),
        ("plugin", artifact.plugin.is_some()),
    ] {
        if there {
            return Err(ArtifactError::Refused(format!(
                "this version has no driver `{name}` in a cluster"
            )));
        }
    }
    let (key, store) = stores::open(artifact, secrets)?.ok_or(ArtifactError::NoLocation)?;
    let key = key.ok_or(ArtifactError::NoLocation)?;
    let key = match artifact.sub_path.as_deref().filter(|path| !path.is_empty()) {
        Some(path) => format!("{}/{path}", key.trim_end_matches('/')),
        None => key,
    };
    let parsed = Key::parse(key.trim_matches('/'));
    let parsed = parsed.map_err(|error| {
        ArtifactError::Refused(format!("the key `{key}` cannot be one: {error}"))
    })?;
    Ok(Place::Object(object::Object { store, key: parsed }))
}

/// Puts an artifact at `to`, which must not exist; its parent is made.
///
/// # Errors
/// It is not there, or cannot be had.
pub async fn load(
    artifact: &spec::Artifact,
    secrets: &Secrets<'_>,
    to: &Path,
) -> Result<(), ArtifactError> {
    let at = |error| ArtifactError::at(to, error);
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at)?;
    }
    match &artifact.git {
        Some(git) => crate::git::clone(git, secrets, to)?,
        None => fetch(artifact, secrets, to).await?,
    }
    if let Some(mode) = artifact.mode.and_then(|mode| u32::try_from(mode).ok()) {
        let recurse = artifact.recurse_mode.unwrap_or(false);
        tree::set_mode(to, mode & 0o7777, recurse).map_err(at)?;
    }
    Ok(())
}

async fn fetch(
    artifact: &spec::Artifact,
    secrets: &Secrets<'_>,
    to: &Path,
) -> Result<(), ArtifactError> {
    let at = |error| ArtifactError::at(to, error);
    let download = beside(to, "download");
    let archive = artifact.archive.as_deref();
    let done = match open(artifact, secrets)? {
        Place::Raw(data) => fs::write(to, data).map_err(at),
        Place::Http(request) => match request.get(&download).await {
            Ok(()) => crate::unpack(archive, &download, true, to),
            Err(error) => Err(error),
        },
        // A folder is what it is, and has no archive.
        Place::Object(object) => match object.get(&download).await {
            Ok(()) => crate::unpack(archive, &download, true, to),
            Err(error) => Err(error),
        },
    };
    let _ = tree::remove(&download);
    done
}

/// Saves what is in a tar archive, whose only entry at its top is the file or folder; or, as it is, a log. `scratch` is a folder where
/// nobody else writes.
///
/// The archive may be anybody's: no link of it is followed to what is not in it.
///
/// # Errors
/// It cannot be read, or its place does not take it.
pub async fn save(
    artifact: &spec::Artifact,
    secrets: &Secrets<'_>,
    file: &Path,
    scratch: &Path,
    log: bool,
) -> Result<(), ArtifactError> {
    let place = open(artifact, secrets)?;
    if let Place::Raw(_) = place {
        return Err(ArtifactError::Refused(
            "a raw artifact can only be an input".to_owned(),
        ));
    }
    if log {
        return put(&place, file).await;
    }
    let archive = artifact.archive.as_deref();
    let bare = archive.is_some_and(|archive| archive.none.is_some());
    let zip = archive.is_some_and(|archive| archive.zip.is_some());
    if !bare && !zip {
        let level = archive.and_then(|archive| archive.tar.as_ref()?.compression_level);
        if let Place::Object(object) = &place {
            return object.put_compressed(file, level).await;
        }
        let packed = scratch.join(unique());
        let done = compress(file, level, &packed);
        let done = match done {
            Ok(()) => put(&place, &packed).await,
            Err(error) => Err(ArtifactError::at(&packed, error)),
        };
        let _ = tree::remove(&packed);
        return done;
    }
    let folder = scratch.join(unique());
    let done = unpacked(&place, artifact, file, &folder).await;
    let _ = tree::remove(&folder);
    done
}

/// Saves what is to be saved otherwise than it was handed over.
async fn unpacked(
    place: &Place,
    artifact: &spec::Artifact,
    file: &Path,
    folder: &Path,
) -> Result<(), ArtifactError> {
    let tar = spec::ArchiveStrategy {
        tar: Some(spec::TarStrategy::default()),
        ..spec::ArchiveStrategy::default()
    };
    fs::create_dir(folder).map_err(|error| ArtifactError::at(folder, error))?;
    let found = artifact.path.as_deref().unwrap_or_default();
    let name = Path::new(found).file_name().unwrap_or("root".as_ref());
    let found = folder.join(name);
    crate::unpack(Some(&tar), file, false, &found)?;
    if found.is_symlink() {
        return Err(ArtifactError::Refused("it is a link".to_owned()));
    }
    let archive = artifact.archive.as_deref();
    if archive.is_some_and(|archive| archive.zip.is_some()) {
        let packed = folder.join(".zip");
        let name = name.to_string_lossy();
        let find = crate::Find {
            path: &found,
            name: &name,
            ours: true,
        };
        crate::pack(archive, &find, &packed)?;
        return put(place, &packed).await;
    }
    if !found.is_dir() {
        return put(place, &found).await;
    }
    match place {
        Place::Object(object) => object.put_folder(&found).await,
        _ => Err(ArtifactError::Refused(
            "a folder goes to an HTTP server only as an archive".to_owned(),
        )),
    }
}

async fn put(place: &Place, file: &Path) -> Result<(), ArtifactError> {
    match place {
        Place::Raw(_) => Ok(()),
        Place::Http(request) => request.put(file).await,
        Place::Object(object) => object.put(file).await,
    }
}

fn compress(file: &Path, level: Option<i64>, to: &Path) -> std::io::Result<()> {
    let to = fs::File::create(to)?;
    let mut to = flate2::write::GzEncoder::new(to, crate::archive::compression(level));
    std::io::copy(&mut fs::File::open(file)?, &mut to)?;
    to.finish().map(drop)
}

/// Saves a file as the artifact's `archive` says.
///
/// # Errors
/// It cannot be read, or its place does not take it.
pub async fn keep(
    artifact: &spec::Artifact,
    secrets: &Secrets<'_>,
    find: &Find<'_>,
) -> Result<(), ArtifactError> {
    let place = open(artifact, secrets)?;
    if let Place::Raw(_) = place {
        return Err(ArtifactError::Refused(
            "a raw artifact can only be an input".to_owned(),
        ));
    }
    let packed = beside(find.path, "packed");
    let done = match crate::pack(artifact.archive.as_deref(), find, &packed) {
        Ok(()) => put(&place, &packed).await,
        Err(error) => Err(error),
    };
    let _ = tree::remove(&packed);
    done
}

/// One of the objects that a store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    /// In bytes.
    pub size: u64,
}

/// The objects whose keys begin with the artifact's key, in the order of their keys, from the first one after `after`; at most `limit`.
///
/// # Errors
/// It is in no object store, or that does not say.
pub async fn list(
    artifact: &spec::Artifact,
    secrets: &Secrets<'_>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Listed>, ArtifactError> {
    let store = stores::open(artifact, secrets)?;
    let (prefix, store) = store.ok_or_else(|| {
        ArtifactError::Refused("only keys of an object store can be listed".to_owned())
    })?;
    let prefix = prefix.unwrap_or_default();
    let prefix = prefix.trim_start_matches('/');
    let parse = |key: &str| {
        let parsed = Key::parse(key);
        parsed.map_err(|error| {
            ArtifactError::Refused(format!("the key `{key}` cannot be one: {error}"))
        })
    };
    // A key begins with any text; what the store lists is below a folder.
    let folder = prefix.rsplit_once('/').map(|(folder, _)| parse(folder));
    let folder = folder.transpose()?;
    let mut all = match after {
        Some(after) => store.list_with_offset(folder.as_ref(), &parse(after)?),
        None => store.list(folder.as_ref()),
    };
    let mut found = Vec::new();
    while found.len() < limit {
        let next = all.try_next().await;
        let next = next.map_err(|error| {
            ArtifactError::Remote(format!("list `{prefix}`: {}", fault::told(&error)))
        })?;
        let Some(next) = next else { break };
        let key = next.location.to_string();
        if key.starts_with(prefix) {
            let size = next.size;
            found.push(Listed { key, size });
        }
    }
    Ok(found)
}

/// Deletes an artifact, or all that is under its key. One that is not there is as good as deleted.
///
/// # Errors
/// It stays.
pub async fn delete(artifact: &spec::Artifact, secrets: &Secrets<'_>) -> Result<(), ArtifactError> {
    match open(artifact, secrets)? {
        Place::Object(object) => object.delete().await,
        _ => Err(ArtifactError::Refused(
            "its driver cannot delete".to_owned(),
        )),
    }
}
