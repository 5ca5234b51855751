//! The files of an editor's folders.

use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;

use crate::notation::Notation;

/// Larger files are nobody's workflow.
const MAX_BYTES: u64 = 2 << 20;
/// More files than this are not read: the folder is more than workflows.
const MAX_FILES: usize = 2000;
const MAX_ENTRIES: usize = 200_000;
/// Folders of other programs.
const FOREIGN: [&str; 5] = ["node_modules", "target", "vendor", "dist", "build"];

pub struct Found {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    /// No other comes.
    pub last: bool,
}

/// Reads folders on a thread of its own.
pub fn scan(folders: Vec<PathBuf>, found: Sender<Found>) {
    std::thread::spawn(move || {
        let mut paths = Vec::new();
        let mut entries = 0;
        folders
            .iter()
            .for_each(|folder| walk(folder, &mut paths, &mut entries));
        let mut files = paths
            .into_iter()
            .filter_map(|path| Some((read(&path)?, path)))
            .peekable();
        while let Some((bytes, path)) = files.next() {
            let last = files.peek().is_none();
            if found.send(Found { path, bytes, last }).is_err() {
                return;
            }
        }
    });
}

/// What cannot be read is passed over: an editor shows files, not faults of folders.
fn walk(folder: &Path, found: &mut Vec<PathBuf>, entries: &mut usize) {
    let Ok(listed) = std::fs::read_dir(folder) else {
        return;
    };
    let mut listed: Vec<_> = listed.flatten().collect();
    listed.sort_by_key(std::fs::DirEntry::file_name);
    for entry in listed {
        *entries += 1;
        if found.len() >= MAX_FILES || *entries > MAX_ENTRIES {
            return;
        }
        let name = entry.file_name();
        let name = name.to_string_lossy();
        match entry.file_type() {
            _ if name.starts_with('.') => {}
            Ok(kind) if kind.is_dir() && !FOREIGN.contains(&&*name) => {
                walk(&entry.path(), found, entries)
            }
            Ok(kind) if kind.is_file() && Notation::of_name(&entry.path()).is_some() => {
                found.push(entry.path())
            }
            _ => {}
        }
    }
}

/// What a file holds, if it can be one of ours.
pub fn read(path: &Path) -> Option<Vec<u8>> {
    let small = std::fs::metadata(path)
        .ok()
        .filter(|data| data.is_file() && data.len() <= MAX_BYTES);
    small.and_then(|_| std::fs::read(path).ok())
}
