//! Packing and unpacking: tar and gzip unless something else is asked for.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tiphys_spec as spec;
use zip::write::SimpleFileOptions;

use crate::{ArtifactError, Find, beside, sniff, tree};

/// The level unless one is asked for: on one machine the processor is dearer than the disk.
const FAST: u32 = 1;

/// Saves a file or folder at `to`, whole or not at all, replacing what is there.
///
/// # Errors
/// A file could not be read or written.
pub fn pack(
    archive: Option<&spec::ArchiveStrategy>,
    found: &Find<'_>,
    to: &Path,
) -> Result<(), ArtifactError> {
    let packed = || -> io::Result<()> {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        let new = beside(to, "new");
        let done = match archive {
            Some(archive) if archive.none.is_some() => bare(found, &new),
            Some(archive) if archive.zip.is_some() => zip(found, &new),
            _ => {
                let level = archive.and_then(|archive| archive.tar.as_ref()?.compression_level);
                tar(found, level, &new)
            }
        };
        let done = done.and_then(|()| {
            if fs::symlink_metadata(to).is_ok_and(|old| old.is_dir()) || new.is_dir() {
                tree::remove(to)?;
            }
            fs::rename(&new, to)
        });
        if done.is_err() {
            let _ = tree::remove(&new);
        }
        done
    };
    packed().map_err(|error| ArtifactError::at(to, error))
}

fn bare(found: &Find<'_>, to: &Path) -> io::Result<()> {
    if found.ours && fs::rename(found.path, to).is_ok() {
        return Ok(());
    }
    tree::copy(found.path, to)
}

fn tar(found: &Find<'_>, level: Option<i64>, to: &Path) -> io::Result<()> {
    let level = compression(level);
    let file = BufWriter::with_capacity(1 << 17, File::create(to)?);
    let mut archive = tar::Builder::new(GzEncoder::new(file, level));
    archive.follow_symlinks(false);
    archive.mode(tar::HeaderMode::Complete);
    if fs::metadata(found.path)?.is_dir() {
        archive.append_dir_all(found.name, found.path)?;
    } else {
        archive.append_file(found.name, &mut File::open(found.path)?)?;
    }
    archive.into_inner()?.finish()?.flush()
}

/// How hard to compress. Source: Argo's `archive.tar.compressionLevel`; what is none there is the default.
pub(crate) fn compression(level: Option<i64>) -> Compression {
    match level {
        Some(level @ 0..=9) => Compression::new(u32::try_from(level).unwrap_or(FAST)),
        Some(_) => Compression::default(),
        None => Compression::new(FAST),
    }
}

fn zip(found: &Find<'_>, to: &Path) -> io::Result<()> {
    let mut archive = zip::ZipWriter::new(BufWriter::new(File::create(to)?));
    zip_entry(&mut archive, found.path, found.name)?;
    archive.finish()?.flush()
}

fn zip_entry(
    archive: &mut zip::ZipWriter<BufWriter<File>>,
    path: &Path,
    name: &str,
) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    let options = SimpleFileOptions::default()
        .unix_permissions(meta.permissions().mode() & 0o777)
        .large_file(meta.len() >= 1 << 32);
    if meta.is_symlink() {
        archive.add_symlink(name, fs::read_link(path)?.to_string_lossy(), options)?;
    } else if meta.is_dir() {
        archive.add_directory(name, options)?;
        for entry in tree::entries(path)? {
            let child = entry
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            zip_entry(archive, &entry, &format!("{name}/{child}"))?;
        }
    } else if meta.is_file() {
        archive.start_file(name, options)?;
        io::copy(&mut File::open(path)?, archive)?;
    }
    Ok(())
}

/// Puts what is packed in `path` at `to`. `ours`: nobody else uses the file, so it may be moved.
///
/// # Errors
/// It is damaged, or could not be written.
pub fn unpack(
    archive: Option<&spec::ArchiveStrategy>,
    path: &Path,
    ours: bool,
    to: &Path,
) -> Result<(), ArtifactError> {
    let unpacked = || -> io::Result<()> {
        let folder = fs::metadata(path)?.is_dir();
        match archive {
            _ if folder => tree::copy(path, to),
            Some(archive) if archive.none.is_some() => plain(path, ours, to),
            Some(archive) if archive.zip.is_some() => through(to, |folder| {
                Ok(zip::ZipArchive::new(File::open(path)?)?.extract(folder)?)
            }),
            Some(archive) if archive.tar.is_some() => match sniff::tarball(path)? {
                Some(stream) => through(to, |folder| untar(stream, folder)),
                None => Err(io::Error::other("it is not a tar archive")),
            },
            _ => match sniff::tarball(path)? {
                Some(stream) => through(to, |folder| untar(stream, folder)),
                None => plain(path, ours, to),
            },
        }
    };
    unpacked().map_err(|source| ArtifactError::File {
        what: "unpack it".to_owned(),
        source,
    })
}

fn plain(path: &Path, ours: bool, to: &Path) -> io::Result<()> {
    if ours && fs::rename(path, to).is_ok() {
        return Ok(());
    }
    fs::copy(path, to).map(drop)
}

fn untar(stream: Box<dyn Read>, folder: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(stream);
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(true);
    archive.unpack(folder)
}

/// Unpacks into a new folder. If there is one entry in it, that is what was packed; else the folder is.
fn through(to: &Path, go: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = beside(to, "unpacked");
    fs::create_dir(&folder)?;
    let done = go(&folder).and_then(|()| match tree::entries(&folder)?.as_slice() {
        [one] => {
            fs::rename(one, to)?;
            fs::remove_dir(&folder)
        }
        _ => fs::rename(&folder, to),
    });
    if done.is_err() {
        let _ = tree::remove(&folder);
    }
    done
}
