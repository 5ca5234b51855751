//! Folders of the host, read only, each granted by its path.
//!
//! A path is the granted name, then what is below it: `models/a.json`. Neither `..` nor a symbolic link leads out.

use crate::host;
use crate::refusal::Refusal;

const PIECE: u32 = 64 << 10;

/// What is in a folder.
///
/// ```
/// use tiphys_plugin::{files, test::Host};
///
/// Host::new().file("models/a.json", "{}").run(|| {
///     let entries = files::entries("models").unwrap();
///     assert_eq!((entries[0].name.as_str(), entries[0].folder, entries[0].size), ("a.json", false, 2));
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// It is a folder itself.
    pub folder: bool,
    /// Bytes; 0 for a folder.
    pub size: u64,
}

/// The whole file.
///
/// ```
/// use tiphys_plugin::{files, test::Host};
/// Host::new().file("models/a.json", "{}").run(|| {
///     assert_eq!(files::read("models/a.json").unwrap(), b"{}");
/// });
/// ```
///
/// # Errors
/// It is not granted, or there is no such file.
pub fn read(path: &str) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    loop {
        let piece = read_at(path, bytes.len() as u64, PIECE)?;
        if piece.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&piece);
    }
}

/// At most `limit` bytes of the file from `offset`; empty at its end.
///
/// ```
/// use tiphys_plugin::{files, test::Host};
/// Host::new().file("models/a.txt", "abcdef").run(|| {
///     assert_eq!(files::read_at("models/a.txt", 2, 3).unwrap(), b"cde");
/// });
/// ```
///
/// # Errors
/// It is not granted, or there is no such file.
pub fn read_at(path: &str, offset: u64, limit: u32) -> Result<Vec<u8>, Refusal> {
    host::file(path, offset, limit)
}

/// What is in a folder, by name.
///
/// # Errors
/// It is not granted, or there is no such folder.
pub fn entries(path: &str) -> Result<Vec<Entry>, Refusal> {
    host::folder(path)
}
