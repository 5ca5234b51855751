//! Files and folders as wholes.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// What is in a folder, sorted.
///
/// # Errors
/// It cannot be read.
pub fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Copies a file, or a folder with all that is in it. If `from` itself is a symlink it is followed; those inside are kept.
/// Devices, pipes and sockets inside are left out.
///
/// # Errors
/// Something cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    copy_real(&fs::canonicalize(from)?, to)
}

fn copy_real(from: &Path, to: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if meta.is_file() {
        return fs::copy(from, to).map(drop);
    }
    if meta.is_dir() {
        fs::create_dir(to)?;
        for entry in entries(from)? {
            copy_real(&entry, &to.join(entry.file_name().unwrap_or_default()))?;
        }
        fs::set_permissions(to, meta.permissions())?;
    }
    Ok(())
}

/// Removes a file, or a folder with all that is in it, however its permissions are. Nothing there is fine.
///
/// # Errors
/// It stays.
pub fn remove(path: &Path) -> io::Result<()> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !meta.is_dir() {
        return fs::remove_file(path);
    }
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path);
            fs::remove_dir_all(path)
        }
        done => done,
    }
}

fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, Permissions::from_mode(0o700));
    for entry in entries(folder).unwrap_or_default() {
        if fs::symlink_metadata(&entry).is_ok_and(|meta| meta.is_dir()) {
            open_up(&entry);
        }
    }
}

/// Sets the mode of a file or folder, and of all that is in it.
///
/// # Errors
/// It is somebody else's.
pub fn set_mode(path: &Path, mode: u32, recurse: bool) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    if meta.is_symlink() {
        return Ok(());
    }
    if recurse && meta.is_dir() {
        for entry in entries(path)? {
            set_mode(&entry, mode, true)?;
        }
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
}
