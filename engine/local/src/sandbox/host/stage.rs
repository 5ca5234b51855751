//! What a supervisor takes hold of on the host before it moves into the view: from inside, the host's paths are gone.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};

use super::view;
use crate::sandbox::container::unfit;
use crate::sandbox::{Container, StartError};

/// A folder of the host that is held open, and a name in it.
pub(super) struct Place {
    pub folder: File,
    pub name: PathBuf,
}

impl Place {
    /// Creates the folder if needed.
    fn new(path: &Path) -> Result<Place, StartError> {
        let refused = |reason: String| StartError::File {
            path: path.to_owned(),
            reason,
        };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(refused("it must be an absolute path of a file".to_owned()));
        };
        let folder = fs::create_dir_all(parent).and_then(|()| File::open(parent));
        Ok(Place {
            folder: folder.map_err(|error| refused(error.to_string()))?,
            name: PathBuf::from(name),
        })
    }
}

/// Everything of the host that a container needs.
pub(super) struct Stage {
    pub log: File,
    pub stdout: Option<File>,
    pub record: Place,
    /// One for each [`Container::collect`].
    pub collect: Vec<Place>,
    /// One for each [`Container::binds`]: a detached mount, and whether it is of a folder. Empty if there is no view.
    pub binds: Vec<(OwnedFd, bool)>,
    pub null: File,
    /// The address that no second container with this key can have.
    claim: Option<OwnedFd>,
}

impl Stage {
    pub(super) fn new(container: &Container, with_view: bool) -> Result<Stage, StartError> {
        let claim = claim(&container.key)?;
        if container.record.exists() {
            return Err(StartError::Ended(container.key.clone()));
        }
        for wanted in &container.collect {
            if let Some(reason) = unfit(&wanted.path) {
                return Err(StartError::Collect {
                    path: wanted.path.clone(),
                    reason,
                });
            }
        }
        let stage = Stage {
            log: output(&container.log, true)?,
            stdout: container
                .stdout
                .as_deref()
                .map(|path| output(path, false))
                .transpose()?,
            record: Place::new(&container.record)?,
            collect: container
                .collect
                .iter()
                .map(|wanted| Place::new(&wanted.to))
                .collect::<Result<_, _>>()?,
            binds: if with_view {
                binds(container)?
            } else {
                Vec::new()
            },
            null: File::open("/dev/null").map_err(|error| StartError::File {
                path: PathBuf::from("/dev/null"),
                reason: error.to_string(),
            })?,
            claim,
        };
        Ok(stage)
    }

    /// Shows the binds in the view, which has to be the root by now.
    pub(super) fn show_binds(&mut self, container: &Container) -> Result<(), StartError> {
        for ((tree, folder), bind) in self.binds.drain(..).zip(&container.binds) {
            let shown = view::mount_point(&bind.target, folder)
                .and_then(|()| view::attach(tree.as_fd(), &bind.target));
            shown.map_err(|error| bind.refused(error))?;
        }
        Ok(())
    }

    /// Lets another container have the key.
    pub(super) fn release(&mut self) {
        self.claim = None;
    }
}

fn claim(key: &str) -> Result<Option<OwnedFd>, StartError> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hash = DefaultHasher::new();
    key.hash(&mut hash);
    let start: String = key.chars().take(16).filter(char::is_ascii).collect();
    let name = format!("tiphys/{start}/{}/{:016x}", key.len(), hash.finish());
    let bound = socket_with(
        AddressFamily::UNIX,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .and_then(|socket| {
        bind(
            &socket,
            &SocketAddrUnix::new_abstract_name(name.as_bytes())?,
        )?;
        Ok(socket)
    });
    match bound {
        Err(rustix::io::Errno::ADDRINUSE) => Err(StartError::Running(key.to_owned())),
        bound => Ok(bound.ok()),
    }
}

fn output(path: &Path, append: bool) -> Result<File, StartError> {
    let open = || -> io::Result<File> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        OpenOptions::new()
            .create(true)
            .append(append)
            .write(true)
            .truncate(!append)
            .open(path)
    };
    open().map_err(|error| StartError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn binds(container: &Container) -> Result<Vec<(OwnedFd, bool)>, StartError> {
    let take = |bind: &crate::sandbox::Bind| {
        if let Some(reason) = unfit(&bind.target) {
            return Err(bind.refused(reason));
        }
        let taken = || -> io::Result<(OwnedFd, bool)> {
            let folder = fs::metadata(&bind.source)?.is_dir();
            let tree = view::clone_tree(&bind.source)?;
            if bind.read_only {
                view::read_only(tree.as_fd(), true)?;
            }
            Ok((tree, folder))
        };
        taken().map_err(|error| bind.refused(error))
    };
    container.binds.iter().map(take).collect()
}
