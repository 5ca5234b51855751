//! What the crate calls where there is no component: the script of this thread.

use serde_json::Value;

use super::script::{Host, with};
use crate::http::{Error, ErrorKind, Sent};
use crate::log::Level;
use crate::refusal::Refusal;
use crate::{artifacts, files};

pub(crate) fn log(level: Level, message: &str) {
    with(|host| host.lines.push((level, message.to_owned())));
}

pub(crate) fn now() -> u64 {
    with(|host| host.now)
}

pub(crate) fn secret(name: &str, key: &str) -> Result<Vec<u8>, Refusal> {
    with(|host| {
        let at = (name.to_owned(), key.to_owned());
        host.secrets.get(&at).cloned()
    })
    .ok_or_else(|| Refusal::NotFound(format!("there is no key {key} in a Secret {name}")))
}

pub(crate) fn config_map(name: &str, key: &str) -> Result<String, Refusal> {
    with(|host| {
        let at = (name.to_owned(), key.to_owned());
        host.config_maps.get(&at).cloned()
    })
    .ok_or_else(|| Refusal::NotFound(format!("there is no key {key} in a ConfigMap {name}")))
}

pub(crate) fn file(path: &str, offset: u64, limit: u32) -> Result<Vec<u8>, Refusal> {
    with(|host| {
        let bytes = host.files.get(path)?;
        Some(piece(bytes, offset as usize, limit).to_vec())
    })
    .ok_or_else(|| Refusal::NotFound(format!("there is no file {path}")))
}

pub(crate) fn folder(path: &str) -> Result<Vec<files::Entry>, Refusal> {
    let mut entries: Vec<files::Entry> = Vec::new();
    with(|host| {
        for (key, bytes) in &host.files {
            let below = key
                .strip_prefix(path.trim_end_matches('/'))
                .and_then(|rest| rest.strip_prefix('/'));
            let Some(below) = below else { continue };
            let (name, folder) = match below.split_once('/') {
                Some((name, _)) => (name, true),
                None => (below, false),
            };
            if entries.last().is_none_or(|last| last.name != name) {
                entries.push(files::Entry {
                    name: name.to_owned(),
                    folder,
                    size: if folder { 0 } else { bytes.len() as u64 },
                });
            }
        }
    });
    match entries.is_empty() {
        true => Err(Refusal::NotFound(format!("there is no folder {path}"))),
        false => Ok(entries),
    }
}

fn piece(bytes: &[u8], from: usize, limit: u32) -> &[u8] {
    let rest = bytes.get(from..).unwrap_or_default();
    &rest[..rest.len().min(limit as usize)]
}

/// The key of an artifact object: that of its driver, or its own.
fn key(location: &str) -> Option<String> {
    let location: Value = serde_json::from_str(location).ok()?;
    let object = location.as_object()?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    text(object.get("key")).or_else(|| {
        object.values().find_map(|driver| {
            ["key", "blob", "path", "url"]
                .iter()
                .find_map(|name| text(driver.get(name)))
        })
    })
}

pub(crate) fn artifact_entries(
    location: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<artifacts::Entry>, Refusal> {
    let prefix = key(location).unwrap_or_default();
    let wanted = |key: &str| key.starts_with(&prefix) && after.is_none_or(|after| key > after);
    Ok(with(|host| {
        host.artifacts
            .iter()
            .filter(|(key, _)| wanted(key))
            .take(limit as usize)
            .map(|(key, bytes)| artifacts::Entry {
                key: key.clone(),
                size: bytes.len() as u64,
            })
            .collect()
    }))
}

/// An artifact that is being read.
#[derive(Debug)]
pub(crate) struct Reader {
    bytes: Vec<u8>,
    at: usize,
}

pub(crate) fn artifact_open(location: &str) -> Result<Reader, Refusal> {
    let raw = serde_json::from_str::<Value>(location)
        .ok()
        .and_then(|location| Some(location.get("raw")?.get("data")?.as_str()?.to_owned()));
    if let Some(text) = raw {
        return Ok(Reader {
            bytes: text.into_bytes(),
            at: 0,
        });
    }
    key(location)
        .and_then(|key| with(|host| host.artifacts.get(&key).cloned()))
        .map(|bytes| Reader { bytes, at: 0 })
        .ok_or_else(|| Refusal::NotFound(format!("there is no artifact {location}")))
}

impl Reader {
    pub(crate) fn read(&mut self, limit: u32) -> Result<Vec<u8>, Refusal> {
        let piece = piece(&self.bytes, self.at, limit).to_vec();
        self.at += piece.len();
        Ok(piece)
    }
}

/// An artifact that is being written.
#[derive(Debug)]
pub(crate) struct Writer {
    name: String,
    bytes: Vec<u8>,
}

pub(crate) fn artifact_create(name: &str) -> Result<Writer, Refusal> {
    Ok(Writer {
        name: name.to_owned(),
        bytes: Vec::new(),
    })
}

impl Writer {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<String, Refusal> {
        let location = serde_json::json!({
            "name": self.name,
            "s3": {"key": format!("test/{}", self.name)},
            "text": String::from_utf8_lossy(&self.bytes),
        });
        with(|host| host.written.insert(self.name, self.bytes));
        Ok(location.to_string())
    }
}

/// A response whose body is read piece by piece.
#[derive(Debug)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    url: String,
    body: Vec<u8>,
    at: usize,
}

pub(crate) fn send(sent: Sent) -> Result<Response, Error> {
    with(|host| answer(host, sent))
}

fn answer(host: &mut Host, sent: Sent) -> Result<Response, Error> {
    let refused = |message: String| Err(Error::new(ErrorKind::NotGranted, message));
    let next = host.exchanges.pop_front();
    host.sent.push(sent.clone());
    let Some(exchange) = next else {
        let Sent { method, url, .. } = sent;
        return refused(format!("{method} {url} is not in the script"));
    };
    if let Some(difference) = exchange.difference(&sent) {
        return refused(format!("not in the script: {difference}"));
    }
    match exchange.answer.error {
        Some(error) => Err(error),
        None => Ok(Response {
            status: exchange.answer.status,
            headers: exchange.answer.headers,
            url: sent.url,
            body: exchange.answer.body,
            at: 0,
        }),
    }
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn read(&mut self, limit: u32) -> Result<Vec<u8>, Error> {
        let piece = piece(&self.body, self.at, limit).to_vec();
        self.at += piece.len();
        Ok(piece)
    }
}
