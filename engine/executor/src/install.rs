//! What is done before the command's container starts: the program places itself in a volume, from an image that has nothing else,
//! and writes the files of its step.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::run::{files, step};
use crate::{FAILED, complain};
use tiphys_executor::{Step, StepError};

pub fn install(path: &Path) -> u8 {
    if let Err(error) = copy(path) {
        complain(format_args!("install to {}: {error}", path.display()));
        return FAILED;
    }
    match step() {
        Err(StepError::Missing(_)) => 0,
        step => write_files(step),
    }
}

pub fn stage() -> u8 {
    write_files(step())
}

fn write_files(step: Result<Step, StepError>) -> u8 {
    let written = step
        .map_err(|error| error.to_string())
        .and_then(|step| files::write(&step.files).map_err(|fault| fault.message));
    match written {
        Ok(()) => 0,
        Err(error) => {
            complain(format_args!("{error}"));
            FAILED
        }
    }
}

/// Beside its place, then over it: whoever starts it meanwhile has the old or the new, and never half.
fn copy(path: &Path) -> io::Result<()> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = name.to_os_string();
    beside.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(beside);
    write(&beside)
        .and_then(|()| fs::rename(&beside, path))
        .inspect_err(|_| {
            let _ = fs::remove_file(&beside);
        })
}

fn write(path: &Path) -> io::Result<()> {
    let mut to = File::create(path)?;
    io::copy(&mut File::open("/proc/self/exe")?, &mut to)?;
    to.set_permissions(Permissions::from_mode(0o755))
}
