//! Copying a file or a folder out of a view, by descriptors: no path is followed twice.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, fchmod, mkdirat, openat, readlinkat, statat, symlinkat,
    unlinkat,
};
use rustix::io::Errno;

/// Copies what is at `path` to `name` in `folder`, replacing what is there. False: nothing is at `path`.
///
/// Files, folders and symlinks are copied, with their permissions; devices, pipes and sockets inside a folder are left out.
pub(super) fn copy_out(path: &Path, folder: &File, name: &Path) -> io::Result<bool> {
    remove(folder, name)?;
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if absent(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    let (Some(parent), Some(own)) = (real.parent(), real.file_name()) else {
        return Err(io::Error::other("it leads to the root"));
    };
    let parent = File::open(parent)?;
    copy(&parent, Path::new(own), folder, name)
}

fn absent(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP)
    )
}

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

fn copy(from: &impl AsFd, name: &Path, to: &impl AsFd, new: &Path) -> io::Result<bool> {
    let meta = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let mode = Mode::from_raw_mode(meta.st_mode & 0o777);
    match FileType::from_raw_mode(meta.st_mode) {
        FileType::RegularFile => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let mut source = File::from(openat(from, name, flags, Mode::empty())?);
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let mut target = File::from(openat(to, new, flags, Mode::RUSR | Mode::WUSR)?);
            io::copy(&mut source, &mut target)?;
            fchmod(&target, mode)?;
        }
        FileType::Directory => {
            mkdirat(to, new, Mode::RWXU)?;
            let source = openat(from, name, FOLDER, Mode::empty())?;
            let target = openat(to, new, FOLDER, Mode::empty())?;
            each(&source, |child| {
                copy(&source, child, &target, child).map(drop)
            })?;
            fchmod(&target, mode)?;
        }
        FileType::Symlink => symlinkat(readlinkat(from, name, Vec::new())?, to, new)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn each(folder: &impl AsFd, mut act: impl FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            act(Path::new(std::ffi::OsStr::from_bytes(name)))?;
        }
    }
    Ok(())
}

/// Removes a file or a folder with everything in it; nothing there is fine.
fn remove(folder: &impl AsFd, name: &Path) -> io::Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {
            let inside = openat(folder, name, FOLDER, Mode::empty())?;
            each(&inside, |child| remove(&inside, child))?;
            Ok(unlinkat(folder, name, AtFlags::REMOVEDIR)?)
        }
        Err(error) => Err(error.into()),
    }
}
