//! Compiled components, by digest. A compiled component is machine code that is trusted: the folder is its owner's alone, and a file
//! in it counts only if it is too.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// `folder` is made when it is first needed.
    #[must_use]
    pub fn new(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    /// The compiled component of that name, if there is one that only its owner can have written.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let path = self.folder.join(name);
        let ours = |path: &Path| {
            let metadata = fs::symlink_metadata(path).ok()?;
            let own = metadata.uid() == rustix::process::geteuid().as_raw()
                && metadata.mode() & 0o022 == 0;
            (own && !metadata.file_type().is_symlink()).then_some(())
        };
        ours(&self.folder).and_then(|()| ours(&path)).map(|()| path)
    }

    /// Keeps a compiled component. Readers see all of it or nothing.
    pub(crate) fn keep(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let path = self.folder.join(name);
        let draft = self.folder.join(format!("{name}.{}", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(bytes)?;
        drop(file);
        fs::rename(draft, path)
    }
}
