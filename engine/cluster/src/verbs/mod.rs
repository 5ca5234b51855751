//! What people do with workflows from outside: everything that the `tiphys` command asks of an API server.
//!
//! Nothing here runs a workflow. An order is a change of the object, the same as the `argo` CLI makes, so that whichever controller is there
//! understands it: `edits` reads them.

mod again;
mod connect;
mod fault;
mod logs;
mod next;
mod objects;
mod orders;
mod pods;
mod waiting;
mod watched;

pub use again::{Resubmission, resubmitted, retried};
pub use connect::{Cluster, Way};
pub use fault::Fault;
pub use logs::{Asked, Line};
pub use next::next_run;
pub use objects::{Kind, Listing};
pub use orders::Order;
pub use pods::PodView;
pub use waiting::Attendance;
pub use watched::Watched;

use crate::stored::{nodes, stored};
use serde_json::{Value, json};
use tiphys_spec::Workflow;

/// A Workflow object with its nodes unpacked, for people: without what only the API server needs.
///
/// # Errors
/// Its nodes are not to be had.
pub fn readable(object: &Value) -> Result<Value, Fault> {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    let packed = object["status"]["compressedNodes"].is_string();
    if packed {
        object["status"]["nodes"] = nodes(&object["status"]).map_err(Fault::stored)?.into();
        if let Some(status) = object["status"].as_object_mut() {
            status.remove("compressedNodes");
        }
    }
    Ok(object)
}

/// The same as a typed value.
///
/// # Errors
/// Its nodes are not to be had, or it is none of Argo's.
pub fn workflow(object: &Value) -> Result<Workflow, Fault> {
    let (status, _) = stored(object).map_err(Fault::stored)?;
    let mut bare = object.clone();
    bare["status"] = json!({});
    let mut workflow: Workflow =
        serde_json::from_value(bare).map_err(|error| Fault::Unreadable {
            name: object["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            reason: error.to_string(),
        })?;
    workflow.status = Some(status);
    Ok(workflow)
}
