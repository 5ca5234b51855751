//! What a list of runs shows of each, in a small file of its own.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tiphys_spec as spec;

const FILE: &str = "summary.json";

/// A run as a list shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Summary {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub created: Timestamp,
    pub phase: spec::WorkflowPhase,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Summary {
    /// Of a workflow and its status.
    #[must_use]
    pub fn of(workflow: &spec::Workflow, status: &spec::WorkflowStatus) -> Summary {
        let meta = &workflow.metadata;
        Summary {
            name: meta.name.clone().unwrap_or_default(),
            namespace: meta.namespace.clone().unwrap_or_default(),
            uid: meta.uid.clone().unwrap_or_default(),
            created: meta
                .creation_timestamp
                .as_ref()
                .map(|time| time.0)
                .unwrap_or_default(),
            phase: status.phase.unwrap_or_default(),
            started: status.started_at.as_ref().map(|time| time.0),
            finished: status.finished_at.as_ref().map(|time| time.0),
            message: status.message.clone(),
        }
    }

    pub(crate) fn read(folder: &Path) -> io::Result<Summary> {
        Ok(serde_json::from_slice(&fs::read(folder.join(FILE))?)?)
    }

    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        replace(&folder.join(FILE), &serde_json::to_vec(self)?)
    }
}

/// Replaces a file as a whole; only its owner can read it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(bytes)?;
    fs::rename(&new, path)
}
