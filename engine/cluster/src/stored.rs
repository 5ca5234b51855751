//! A run as its Workflow object holds it.

use crate::names::ATTEMPT;
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::{Map, Value};
use std::io::{Read, Write};
use tiphys_core::{Extra, Shutdown};
use tiphys_spec::WorkflowStatus;

/// Nodes larger than this are not believed: a small text can inflate to anything.
const MOST: u64 = 1 << 30;

/// Why a status cannot be read. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    #[error("read status.compressedNodes: {0}")]
    Compressed(String),
    #[error(
        "read the nodes of the workflow: they are in a database (status.offloadNodeStatusVersion {0}) that only the controller that put them there knows"
    )]
    Offloaded(String),
    #[error("read status: {0}")]
    Status(String),
}

/// The stored status, its nodes unpacked, and what is stored beside it: for [`tiphys_core::Run::restore`].
///
/// # Errors
/// Somebody else wrote it, and not as Argo does.
pub fn stored(object: &Value) -> Result<(WorkflowStatus, Extra), StoredError> {
    let mut status = object.get("status").cloned().unwrap_or_default();
    if status.is_null() {
        status = Value::Object(Map::new());
    }
    let nodes = nodes(&status)?;
    if let Some(status) = status.as_object_mut() {
        status.remove("compressedNodes");
        status.insert("nodes".to_owned(), Value::Object(nodes));
    }
    let status =
        serde_json::from_value(status).map_err(|error| StoredError::Status(error.to_string()))?;
    Ok((status, extra(object)))
}

/// The nodes of a status, wherever they are.
pub(crate) fn nodes(status: &Value) -> Result<Map<String, Value>, StoredError> {
    if let Some(version) = status["offloadNodeStatusVersion"]
        .as_str()
        .filter(|version| !version.is_empty())
    {
        return Err(StoredError::Offloaded(version.to_owned()));
    }
    match status["compressedNodes"].as_str() {
        Some(packed) if !packed.is_empty() => unpack(packed),
        _ => Ok(status["nodes"].as_object().cloned().unwrap_or_default()),
    }
}

fn extra(object: &Value) -> Extra {
    let attempt = object["metadata"]["annotations"][ATTEMPT].as_str();
    Extra {
        attempt: attempt
            .and_then(|attempt| attempt.parse().ok())
            .unwrap_or(0),
        suspended: object["spec"]["suspend"] == true,
        shutdown: match object["spec"]["shutdown"].as_str() {
            Some("Stop") => Some(Shutdown::Stop),
            Some("Terminate") => Some(Shutdown::Terminate),
            _ => None,
        },
        shutdown_message: None,
    }
}

/// Nodes as `status.compressedNodes` holds them: JSON, gzip, base64. Source: Argo.
pub(crate) fn pack(nodes: &Map<String, Value>) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail, and a map of JSON is JSON.
    let json = serde_json::to_vec(nodes).unwrap_or_default();
    let packed = encoder.write_all(&json).and_then(|()| encoder.finish());
    STANDARD.encode(packed.unwrap_or_default())
}

fn unpack(packed: &str) -> Result<Map<String, Value>, StoredError> {
    let fault = |error: &dyn std::fmt::Display| StoredError::Compressed(error.to_string());
    let bytes = STANDARD.decode(packed).map_err(|error| fault(&error))?;
    let mut json = Vec::new();
    let read = GzDecoder::new(bytes.as_slice())
        .take(MOST)
        .read_to_end(&mut json);
    read.map_err(|error| fault(&error))?;
    serde_json::from_slice(&json).map_err(|error| fault(&error))
}
