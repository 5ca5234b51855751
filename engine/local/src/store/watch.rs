//! Waking other processes when a lock was given back: they watch a file that is written to.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

pub(super) struct Watch {
    file: File,
    descriptor: Option<Arc<OwnedFd>>,
}

impl Watch {
    pub(super) fn new(path: &Path) -> io::Result<Watch> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let watch = || -> rustix::io::Result<OwnedFd> {
            let descriptor = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            inotify::add_watch(&descriptor, path, WatchFlags::MODIFY)?;
            Ok(descriptor)
        };
        // Without it there is still the look every few moments.
        Ok(Watch {
            file,
            descriptor: watch().ok().map(Arc::new),
        })
    }

    /// Wakes everybody.
    pub(super) fn tell(&mut self) {
        let _ = self
            .file
            .set_len(0)
            .and_then(|()| self.file.write_all(b"."));
    }

    pub(super) fn descriptor(&self) -> Option<Arc<OwnedFd>> {
        self.descriptor.clone()
    }

    /// Forgets what was told.
    pub(super) fn clear(&self) {
        let mut bytes = [0; 4096];
        while self
            .descriptor
            .as_ref()
            .is_some_and(|fd| rustix::io::read(fd, &mut bytes).is_ok_and(|got| got > 0))
        {}
    }
}

/// Waits until somebody tells; for ever if this cannot be watched.
pub(super) async fn told(descriptor: Option<&Arc<OwnedFd>>) {
    let watched = descriptor.and_then(|fd| {
        // SAFETY: the descriptor is open and the same for as long as the `Arc` that is handed over keeps it.
        unsafe { AsyncFd::register_with_interest(fd.clone(), Interest::READABLE) }.ok()
    });
    match watched {
        Some(watched) => {
            let _ = watched.readable().await;
        }
        None => std::future::pending().await,
    }
}
