//! Artifacts of every storage driver the engine has. Reading, listing and writing are granted by prefix of the key.
//!
//! A location is an Argo artifact object (`s3`, `gcs`, `http`, `raw` …); without a driver the default repository is meant.

use std::io;

use serde_json::Value;

use crate::host;
use crate::refusal::Refusal;

const PIECE: u32 = 64 << 10;
const PAGE: u32 = 1000;

/// One artifact of a listing.
///
/// ```
/// use tiphys_plugin::{artifacts, test::Host};
/// use tiphys_plugin::serde_json::json;
///
/// Host::new().artifact("in/a.txt", "abc").run(|| {
///     let entry = artifacts::list(&json!({"s3": {"key": "in/"}})).next().unwrap().unwrap();
///     assert_eq!((entry.key.as_str(), entry.size), ("in/a.txt", 3));
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The whole key.
    pub key: String,
    /// Bytes.
    pub size: u64,
}

/// The keys below a location, in order, fetched page by page as they are asked for.
///
/// ```
/// use tiphys_plugin::{artifacts, test::Host};
/// use tiphys_plugin::serde_json::json;
///
/// Host::new().artifact("in/a", "").artifact("in/b", "").artifact("out/c", "").run(|| {
///     let entries: Result<Vec<_>, _> = artifacts::list(&json!({"s3": {"key": "in/"}})).collect();
///     let keys: Vec<String> = entries.unwrap().into_iter().map(|entry| entry.key).collect();
///     assert_eq!(keys, ["in/a", "in/b"]);
/// });
/// ```
pub fn list(location: &Value) -> List {
    List {
        location: location.to_string(),
        page: Vec::new().into_iter(),
        after: None,
        more: true,
    }
}

/// A listing under way: see [`list`].
///
/// ```
/// # use tiphys_plugin::{artifacts, test::Host};
/// Host::new().run(|| assert_eq!(artifacts::list(&serde_json::json!({})).count(), 0));
/// ```
#[derive(Debug)]
pub struct List {
    location: String,
    page: std::vec::IntoIter<Entry>,
    after: Option<String>,
    more: bool,
}

impl Iterator for List {
    type Item = Result<Entry, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 && self.more {
            match host::artifact_entries(&self.location, self.after.as_deref(), PAGE) {
                Ok(page) => {
                    self.more = page.len() >= PAGE as usize;
                    self.page = page.into_iter();
                }
                Err(refusal) => {
                    self.more = false;
                    return Some(Err(refusal));
                }
            }
        }
        let entry = self.page.next()?;
        if self.page.len() == 0 && self.more {
            self.after = Some(entry.key.clone());
        }
        Some(Ok(entry))
    }
}

/// Reads an artifact. An input artifact of the workflow needs no grant.
///
/// ```
/// use tiphys_plugin::{artifacts, test::Host};
/// use tiphys_plugin::serde_json::json;
///
/// Host::new().artifact("in/a.txt", "abc").run(|| {
///     let mut reader = artifacts::open(&json!({"s3": {"key": "in/a.txt"}})).unwrap();
///     assert_eq!(reader.bytes(1024).unwrap(), b"abc");
/// });
/// ```
///
/// # Errors
/// It is not granted, or there is no such artifact.
pub fn open(location: &Value) -> Result<Reader, Refusal> {
    host::artifact_open(&location.to_string()).map(Reader)
}

/// Writes the output artifact of that name, where the engine puts this node's artifacts.
///
/// ```
/// use tiphys_plugin::{Outcome, artifacts, test::Host};
///
/// Host::new().run(|| {
///     let mut writer = artifacts::create("page").unwrap();
///     writer.write(b"<html>").unwrap();
///     let location = writer.finish().unwrap();
///     let done = Outcome::done().artifact("page", location);
/// });
/// ```
///
/// # Errors
/// It is not granted, or the template declares no such artifact.
pub fn create(name: &str) -> Result<Writer, Refusal> {
    host::artifact_create(name).map(Writer)
}

/// An artifact that is being read: see [`open`]. It is a [`std::io::Read`] too.
///
/// ```
/// # use tiphys_plugin::{artifacts, test::Host};
/// Host::new().artifact("a", "abc").run(|| {
///     let mut reader = artifacts::open(&serde_json::json!({"s3": {"key": "a"}})).unwrap();
///     assert_eq!(reader.read(2).unwrap(), b"ab");
///     assert_eq!(reader.read(2).unwrap(), b"c");
///     assert_eq!(reader.read(2).unwrap(), b"");
/// });
/// ```
#[derive(Debug)]
pub struct Reader(host::Reader);

impl Reader {
    /// The next bytes, at most `limit`; empty at the end.
    ///
    /// # Errors
    /// The storage failed.
    pub fn read(&mut self, limit: u32) -> Result<Vec<u8>, Refusal> {
        self.0.read(limit)
    }

    /// All of it.
    ///
    /// # Errors
    /// It is larger than `limit`, or the storage failed.
    pub fn bytes(&mut self, limit: usize) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        loop {
            let piece = self.read(PIECE)?;
            if piece.is_empty() {
                return Ok(bytes);
            }
            if piece.len() > limit - bytes.len() {
                return Err(Refusal::Limit(format!(
                    "the artifact is larger than {limit} bytes"
                )));
            }
            bytes.extend_from_slice(&piece);
        }
    }
}

impl io::Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let limit = u32::try_from(into.len()).unwrap_or(u32::MAX);
        let piece = self.0.read(limit).map_err(io::Error::other)?;
        into[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

/// An artifact that is being written: see [`create`]. One that is dropped before [`Writer::finish`] leaves nothing.
///
/// ```
/// # use tiphys_plugin::{artifacts, test::Host};
/// Host::new().run(|| drop(artifacts::create("page").unwrap()));
/// ```
#[derive(Debug)]
pub struct Writer(host::Writer);

impl Writer {
    /// Adds bytes.
    ///
    /// # Errors
    /// The storage failed, or more than is granted.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.0.write(bytes)
    }

    /// Finishes: the location, for [`crate::Done::artifact`].
    ///
    /// # Errors
    /// The storage failed.
    pub fn finish(self) -> Result<Value, Refusal> {
        let location = self.0.finish()?;
        serde_json::from_str(&location)
            .map_err(|error| Refusal::Failed(format!("the host's location is no JSON: {error}")))
    }
}

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
