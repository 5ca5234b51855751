//! Which mounts make a view of this host: worked out once, laid down for every step.
//!
//! Root covers `/` with one overlay and each mount below it with one more. An ordinary user cannot: the mounts below `/` are
//! locked in a new user namespace and the kernel does not take a folder that has some below it for a lower layer. So the root
//! is a fresh folder, each top-level folder without mounts below it gets an overlay, and one with some is opened up in the
//! same way, as long as it is small.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A folder with more entries than this, and mounts below it, is shown read-only instead of being opened up.
const OPEN_UP: usize = 512;

/// The folders that every view makes for itself.
pub(super) const OWN: [&str; 5] = ["/proc", "/sys", "/dev", "/tmp", "/var/tmp"];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A copy-on-write layer over the host's folder; its mode and owner.
    Overlay { mode: u32, uid: u32, gid: u32 },
    /// The host's file or folder, read-only.
    Bind { folder: bool },
    /// A new folder.
    Folder { mode: u32 },
    /// A new symlink.
    Link(PathBuf),
}

/// Pieces with absolute paths, parents first.
pub(super) type Layout = Vec<(PathBuf, Piece)>;

/// The mount points of a `mountinfo` text, except those in the folders that a view makes for itself.
pub(super) fn mount_points(mountinfo: &str) -> BTreeSet<PathBuf> {
    let points = mountinfo
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(unescape);
    points
        .filter(|point| point != Path::new("/") && !OWN.iter().any(|own| point.starts_with(own)))
        .collect()
}

/// `mountinfo` writes space, tab, newline and backslash in octal.
fn unescape(text: &str) -> PathBuf {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let octal = bytes
            .get(at + 1..at + 4)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if bytes[at] == b'\\' => {
                plain.push(byte);
                at += 4;
            }
            _ => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    PathBuf::from(std::ffi::OsStr::from_bytes(&plain))
}

/// The layout for root. `overlays` tells whether the kernel takes a folder for a lower layer.
pub(super) fn for_root(
    mounts: &BTreeSet<PathBuf>,
    mut overlays: impl FnMut(&Path) -> bool,
) -> io::Result<Layout> {
    let mut layout = vec![(PathBuf::from("/"), overlay(&fs::metadata("/")?))];
    for point in mounts {
        let Ok(meta) = fs::metadata(point) else {
            continue;
        };
        let piece = if meta.is_dir() && overlays(point) {
            overlay(&meta)
        } else {
            Piece::Bind {
                folder: meta.is_dir(),
            }
        };
        layout.push((point.clone(), piece));
    }
    Ok(layout)
}

/// The layout for who is not root.
pub(super) fn for_user(
    mounts: &BTreeSet<PathBuf>,
    mut overlays: impl FnMut(&Path) -> bool,
) -> io::Result<Layout> {
    let mut layout = Layout::new();
    for path in entries(Path::new("/"))? {
        cover(path, mounts, &mut overlays, &mut layout);
    }
    Ok(layout)
}

fn cover(
    path: PathBuf,
    mounts: &BTreeSet<PathBuf>,
    overlays: &mut impl FnMut(&Path) -> bool,
    layout: &mut Layout,
) {
    if OWN.iter().any(|own| path == Path::new(own)) {
        return;
    }
    let Ok(meta) = fs::symlink_metadata(&path) else {
        return;
    };
    if meta.is_symlink() {
        layout.extend(
            fs::read_link(&path)
                .ok()
                .map(|target| (path, Piece::Link(target))),
        );
        return;
    }
    if !meta.is_dir() {
        layout.push((path, Piece::Bind { folder: false }));
        return;
    }
    // A folder that we may not read, and one that is empty, are shown as new folders: the step may at least write there.
    let inside = entries(&path).unwrap_or_default();
    let crowned = mounts
        .iter()
        .any(|point| *point != path && point.starts_with(&path));
    let folder = Piece::Folder {
        mode: meta.mode() & 0o7777 | 0o700,
    };
    if inside.is_empty() {
        layout.push((path, folder));
    } else if !crowned && overlays(&path) {
        layout.push((path, overlay(&meta)));
    } else if crowned && inside.len() <= OPEN_UP {
        layout.push((path, folder));
        inside
            .into_iter()
            .for_each(|child| cover(child, mounts, overlays, layout));
    } else {
        layout.push((path, Piece::Bind { folder: true }));
    }
}

fn overlay(meta: &fs::Metadata) -> Piece {
    Piece::Overlay {
        mode: meta.mode() & 0o7777,
        uid: meta.uid(),
        gid: meta.gid(),
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "21 1 8:1 / / rw - ext4 /dev/vda rw\n22 21 0:5 / /proc rw - proc proc rw\n\
                        23 21 0:6 / /mnt/with\\040space rw - tmpfs t rw\n24 21 0:7 / /dev/shm rw - tmpfs t rw\n";

    #[test]
    fn mounts_of_the_host_are_read_and_our_own_left_out() {
        assert_eq!(
            mount_points(HOST),
            BTreeSet::from([PathBuf::from("/mnt/with space")])
        );
    }

    #[test]
    fn an_ordinary_user_gets_folders_with_mounts_below_opened_up() {
        let mounts = BTreeSet::from([PathBuf::from("/etc/ssl")]);
        let layout = for_user(&mounts, |_| true).unwrap();
        let piece = |path: &str| {
            &layout
                .iter()
                .find(|(at, _)| at == Path::new(path))
                .unwrap()
                .1
        };
        assert!(matches!(piece("/usr"), Piece::Overlay { .. }));
        assert!(matches!(piece("/etc"), Piece::Folder { .. }));
        assert!(matches!(piece("/etc/ssl"), Piece::Overlay { .. }));
        assert!(matches!(
            piece("/etc/passwd"),
            Piece::Bind { folder: false }
        ));
        assert!(!layout.iter().any(|(path, _)| path == Path::new("/proc")));
    }
}
