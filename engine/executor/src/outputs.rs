//! What the executor in the main container and the container beside it, which saves artifacts, say to each other: files in a folder that
//! both see.
//!
//! | file | says | written by |
//! |---|---|---|
//! | `done` | [`Done`]: the command has ended, and this is what it left | the executor |
//! | `saved` | [`Saved`]: what came of it | who saves |
//! | `alive` | by its time of change: who saves is there | who saves, every few seconds |
//!
//! `done` and `saved` are whole or not there. Beside them are the files that [`Done`] names.

use serde::{Deserialize, Serialize};

/// The folder.
pub const OUTPUTS: &str = "/var/run/argo/outputs";

/// What the command left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Done {
    /// Each is a tar archive whose only entry at its top is the file or folder, under its own name.
    pub artifacts: Vec<Given>,
    /// Each is the file itself.
    pub logs: Vec<Given>,
}

/// A file in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The number of the output.
    pub output: u32,
    pub file: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// The numbers of the outputs that are saved.
    pub saved: Vec<u32>,
    pub faults: Vec<Unsaved>,
}

/// An output that could not be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsaved {
    pub output: u32,
    /// A fragment that fits after "failed to ".
    pub message: String,
}
