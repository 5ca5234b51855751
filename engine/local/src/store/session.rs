//! Whether the process that holds a lock still lives: each has a file of its own that it keeps locked. The kernel lets go of it
//! however the process ends.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// This process, as others see it.
pub(super) struct Session {
    folder: PathBuf,
    name: String,
    _file: File,
}

impl Session {
    pub(super) fn new(folder: &Path) -> io::Result<Session> {
        fs::create_dir_all(folder)?;
        for number in 0_u64.. {
            let name = format!("{}-{number}", std::process::id());
            let path = folder.join(&name);
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if path.exists() => {
                    return Ok(Session {
                        folder: folder.to_owned(),
                        name,
                        _file: file,
                    });
                }
                // One of this process's own, or somebody is just looking at what an earlier process of this number left.
                Ok(()) | Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::Error::other("there are too many sessions"))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Tells of each of several sessions whether it lives.
    pub(super) fn census(&self) -> Census<'_> {
        Census {
            own: self,
            known: HashMap::new(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.folder.join(&self.name));
    }
}

pub(super) struct Census<'a> {
    own: &'a Session,
    known: HashMap<String, bool>,
}

impl Census<'_> {
    pub(super) fn lives(&mut self, name: &str) -> bool {
        if name == self.own.name {
            return true;
        }
        if let Some(lives) = self.known.get(name) {
            return *lives;
        }
        let lives = lives(&self.own.folder.join(name));
        self.known.insert(name.to_owned(), lives);
        lives
    }
}

fn lives(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path) else {
        return false;
    };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return true;
    }
    let _ = fs::remove_file(path);
    false
}
