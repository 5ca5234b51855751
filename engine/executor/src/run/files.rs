//! Files that the command finds when it starts.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use tiphys_executor::{Fault, FaultKind, File};

pub fn write(files: &[File]) -> Result<(), Fault> {
    files.iter().try_for_each(|file| {
        place(file).map_err(|error| {
            let path = &file.path;
            let hint = hint(&error);
            let message = format!("write {path}: {error}{hint}");
            Fault::new(FaultKind::FileNotWritten, message)
        })
    })
}

fn place(file: &File) -> io::Result<()> {
    let path = Path::new(&file.path);
    let mode = file.mode.unwrap_or(0o644);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut to = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)?;
    // Past the umask; a file that is another user's and has its mode stays as it is.
    if to.metadata()?.permissions().mode() & 0o7777 != mode {
        to.set_permissions(Permissions::from_mode(mode))?;
    }
    to.write_all(file.content.bytes())
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "; mount a volume that this user may write, such as an emptyDir, at its folder"
        }
        io::ErrorKind::StorageFull => "; the node or the volume needs more room",
        _ => "",
    }
}
