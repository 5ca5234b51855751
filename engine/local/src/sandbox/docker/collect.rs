//! Copying outputs out of a container that has ended, as the archives that the engine makes of them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use bollard::Docker as Client;
use bollard::errors::Error;
use bollard::query_parameters::DownloadFromContainerOptions;
use futures_util::StreamExt;
use tar::{Archive, EntryType};

use crate::sandbox::collect::copy_out;
use crate::sandbox::{Collect, Container, Exit};

/// How many symlinks a path may lead through.
const HOPS: usize = 16;

pub(super) async fn collect(client: &Client, id: &str, container: &Container, exit: &mut Exit) {
    for wanted in &container.collect {
        let copied = match container.source_of(&wanted.path) {
            Some(source) => {
                blocking(source, wanted.to.clone(), |source, to| {
                    copy_here(&source, &to)
                })
                .await
            }
            None => download(client, id, wanted).await,
        };
        match copied {
            Ok(true) => exit.collected.push(wanted.path.clone()),
            Ok(false) => exit.missing.push(wanted.path.clone()),
            Err(error) => {
                exit.fault.get_or_insert_with(|| {
                    format!("{} could not be copied out: {error}", wanted.path.display())
                });
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    from: PathBuf,
    to: PathBuf,
    work: impl FnOnce(PathBuf, PathBuf) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(move || work(from, to))
        .await
        .map_err(io::Error::other)?
}

fn copy_here(source: &Path, to: &Path) -> io::Result<bool> {
    let (Some(parent), Some(name)) = (to.parent(), to.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    fs::create_dir_all(parent)?;
    copy_out(source, &File::open(parent)?, Path::new(name))
}

async fn download(client: &Client, id: &str, wanted: &Collect) -> io::Result<bool> {
    let mut spool = wanted.to.clone().into_os_string();
    spool.push(".archive");
    let spool = PathBuf::from(spool);
    let mut path = wanted.path.clone();
    for _ in 0..HOPS {
        if !fetch(client, id, &path, &spool).await? {
            return Ok(false);
        }
        match blocking(spool.clone(), wanted.to.clone(), |spool, to| {
            unpack(&spool, &to)
        })
        .await?
        {
            None => return Ok(true),
            Some(link) => path = plain(&path.parent().unwrap_or(Path::new("/")).join(link)),
        }
    }
    Ok(false)
}

/// Resolves `..` in a path inside the container.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::Normal(name) => plain.push(name),
            _ => {}
        }
    }
    plain
}

/// Writes the archive of a path to a file; false if the path is not there.
async fn fetch(client: &Client, id: &str, path: &Path, spool: &Path) -> io::Result<bool> {
    let options = DownloadFromContainerOptions {
        path: path.to_string_lossy().into_owned(),
    };
    let mut archive = std::pin::pin!(client.download_from_container(id, Some(options)));
    if let Some(parent) = spool.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = File::create(spool)?;
    while let Some(piece) = archive.next().await {
        match piece {
            Ok(bytes) => file.write_all(&bytes)?,
            Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }) => {
                fs::remove_file(spool)?;
                return Ok(false);
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(true)
}

/// Unpacks an archive whose one top entry becomes `to`. If that is a symlink, nothing is unpacked and its target returned.
fn unpack(spool: &Path, to: &Path) -> io::Result<Option<PathBuf>> {
    let mut beside = to.to_owned().into_os_string();
    beside.push(".unpacked");
    let beside = PathBuf::from(beside);
    let _ = fs::remove_dir_all(&beside);
    fs::create_dir(&beside)?;
    let mut archive = Archive::new(File::open(spool)?);
    let mut folders = Vec::new();
    let mut top = None;
    let mut link = None;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let first = path
            .components()
            .find(|part| matches!(part, Component::Normal(_)))
            .map(|part| beside.join(part));
        if top.is_none() && entry.header().entry_type() == EntryType::Symlink {
            link = entry.link_name()?.map(|link| link.into_owned());
            break;
        }
        top = top.or(first);
        match entry.header().entry_type() {
            EntryType::Directory => folders.push(entry),
            EntryType::Regular
            | EntryType::Continuous
            | EntryType::GNUSparse
            | EntryType::Symlink
            | EntryType::Link => {
                // Refuses what would lie outside.
                entry.unpack_in(&beside)?;
            }
            _ => {}
        }
    }
    // Folders last, and inner ones first: they may be read-only.
    folders.sort_by(|a, b| b.path_bytes().cmp(&a.path_bytes()));
    for mut folder in folders {
        folder.unpack_in(&beside)?;
    }
    if let (None, Some(top)) = (&link, &top) {
        copy_or_move(top, to)?;
    }
    fs::remove_dir_all(&beside)?;
    fs::remove_file(spool)?;
    Ok(link)
}

fn copy_or_move(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(to)?,
        Ok(_) => fs::remove_file(to)?,
        Err(_) => {}
    }
    fs::rename(from, to)
}
