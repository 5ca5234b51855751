//! Whole Workflow objects, as a cluster would hold them.

use serde::Serialize;
use tiphys_core::{Extra, Shutdown};
use tiphys_local::RunFolder;
use tiphys_spec::{Workflow, WorkflowPhase, WorkflowStatus};

use crate::failure::Failure;

const PHASE: &str = "workflows.argoproj.io/phase";
const COMPLETED: &str = "workflows.argoproj.io/completed";

/// A workflow as it was submitted, with its status, and the labels and fields that follow from it.
pub fn finished(submitted: &Workflow, status: WorkflowStatus, extra: &Extra) -> Workflow {
    let mut workflow = submitted.clone();
    let phase = status.phase.unwrap_or_default();
    if phase != WorkflowPhase::Unknown {
        let labels = workflow.metadata.labels.get_or_insert_default();
        labels.insert(PHASE.to_owned(), phase.to_string());
        labels.insert(COMPLETED.to_owned(), phase.completed().to_string());
    }
    if let Some(shutdown) = extra.shutdown {
        let word = if shutdown == Shutdown::Stop {
            "Stop"
        } else {
            "Terminate"
        };
        workflow.spec.shutdown = Some(word.to_owned());
    }
    if extra.suspended {
        workflow.spec.suspend = Some(true);
    }
    workflow.status = Some(status);
    workflow
}

/// The object of a run, as far as it has come.
pub fn of_run(folder: &RunFolder) -> Result<Workflow, Failure> {
    let submitted = folder.submitted().map_err(|error| Failure::of(&error))?;
    let stored = folder
        .stored()
        .map_err(|error| Failure::of(&error))?
        .unwrap_or_default();
    Ok(finished(&submitted.workflow, stored.status, &stored.extra))
}

pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    tiphys_spec::write::to_json(value).map_err(|error| Failure::of(&error))
}

pub fn yaml(value: &impl Serialize) -> Result<String, Failure> {
    tiphys_spec::write::to_yaml(value).map_err(|error| Failure::of(&error))
}

/// `Running (Suspended)`, `Failed (Terminated)` and the plain phases.
pub fn status_word(workflow: &Workflow) -> String {
    let phase = workflow
        .status
        .as_ref()
        .and_then(|status| status.phase)
        .unwrap_or_default();
    crate::style::status_word(
        phase,
        workflow.spec.suspend == Some(true),
        workflow.spec.shutdown.is_some(),
    )
}
