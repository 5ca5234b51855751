//! How a container ended, and the record of it that outlives this process.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exit {
    /// The exit code; 128 + signal if a signal ended the process.
    pub code: i32,
    /// The signal that ended the process, where it is known (an engine tells only the code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// When the command was running.
    pub started: jiff::Timestamp,
    /// When the command had ended; collecting comes after it.
    pub finished: jiff::Timestamp,
    /// Each [`Collect::path`](super::Collect::path) that was copied out.
    pub collected: Vec<PathBuf>,
    /// Each [`Collect::path`](super::Collect::path) that was not there.
    pub missing: Vec<PathBuf>,
    /// Seconds of processor time, user and system, of the command and the children it waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// The largest resident set of one of its processes, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rss_bytes: Option<u64>,
    /// What the sandbox itself could not do (copy an output, keep the log, stay alive), ready to be shown. A container with a
    /// fault must not count as succeeded, whatever its code is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Exit {
    /// Reads a record that this or an earlier process wrote. `None`: the container has not ended.
    ///
    /// # Errors
    /// The file cannot be read, or is not a record.
    pub fn read(record: &Path) -> io::Result<Option<Exit>> {
        match fs::read(record) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the record: whole or not at all, and safe from the end of any process once this returns. It is not forced to
    /// the disk, which would cost each step milliseconds: where the power fails, the step is run again.
    pub(crate) fn write(&self, folder: &File, name: &Path) -> io::Result<()> {
        use rustix::fs::{Mode, OFlags};
        let mut temporary = name.as_os_str().to_owned();
        temporary.push(".new");
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut file = File::from(rustix::fs::openat(
            folder,
            &temporary,
            flags,
            Mode::from_raw_mode(0o644),
        )?);
        file.write_all(&serde_json::to_vec(self)?)?;
        rustix::fs::renameat(folder, &temporary, folder, name)?;
        Ok(())
    }
}
