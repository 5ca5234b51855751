//! What the controller and the program `tiphys-agent` say to each other.
//!
//! The program is in a pod of the workflow's, beside containers that serve Argo's executor plug-ins. It has no token for the API server and
//! listens to nobody: for each call the controller starts it once more in its container (`pods/exec`), with the request on its standard input, and
//! reads one [`Answer`] off its standard output. The plug-ins' tokens stay in the pod.

#![cfg_attr(test, allow(clippy::unwrap_used))]

use serde::{Deserialize, Serialize};

/// Where a plug-in takes calls. Source: Argo's executor plug-in API.
pub const PATH: &str = "/api/v1/template.execute";

/// The longest answer of a plug-in that is read, in bytes.
pub const MOST: u64 = 4 << 20;

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// The plug-in answered: its HTTP status, and the text of the body.
    Said { status: u16, body: String },
    /// It did not: it is not listening yet, or took too long. Another time may be better.
    Silent(String),
    /// What it said cannot be read.
    Unread(String),
}
