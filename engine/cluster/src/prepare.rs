//! From a Workflow object to a run.

use crate::ground::Ground;
use crate::record::Record;
use crate::stored::{StoredError, stored};
use crate::workflow::Id;
use crate::{claims, refuse, repository};
use kube::api::DynamicObject;
use serde_json::Value;
use std::sync::Arc;
use tiphys_core::Run;
use tiphys_graph::plan::Plan;
use tiphys_graph::{Origin, Purpose};
use tiphys_spec::ObjectValue;

/// The object without what the engine itself writes, as a text: faults are places in it.
pub(crate) fn text(object: &DynamicObject) -> String {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = value["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        let annotations = metadata.get_mut("annotations");
        if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    value.to_string()
}

pub(crate) struct Prepared {
    pub object: Value,
    pub plan: Arc<Plan>,
    pub run: Run,
    pub record: Record,
}

/// Reads and plans a workflow, makes what it needs from its start, and takes up what was done of it.
///
/// # Errors
/// It can never run; the fault says why, with the place.
pub(crate) async fn prepare(
    ground: &Ground,
    id: &Id,
    object: &DynamicObject,
) -> Result<Prepared, refuse::Fault> {
    let unstored = |error: StoredError| refuse::Fault::Unreadable(format!("failed to {error}"));
    let text = text(object);
    let read = tiphys_spec::read(&id.name, text.as_bytes());
    refuse::unsound(&read.diagnostics)?;
    let found = read.objects.iter().find_map(|found| match &found.value {
        ObjectValue::Workflow(workflow) => Some((workflow, found)),
        _ => None,
    });
    let (workflow, found) =
        found.ok_or_else(|| refuse::Fault::Unreadable("it is no Workflow".to_owned()))?;
    let mut workflow = (**workflow).clone();
    let origin = Origin::new(&read.source, &found.node);
    let value = serde_json::to_value(object).unwrap_or_default();
    let mut library = ground.shelf.library(&id.namespace);
    let mut planned = tiphys_graph::plan(&workflow, &origin, &library, Purpose::Run);
    if planned.plan.is_none() {
        // What it refers to may have been made a moment ago.
        if let Ok(fresh) = ground.shelf.fresh(&id.namespace).await {
            library = fresh;
            planned = tiphys_graph::plan(&workflow, &origin, &library, Purpose::Run);
        }
    }
    let mut plan = planned
        .plan
        .ok_or_else(|| refuse::Fault::invalid(&planned.diagnostics))?;
    let mut record = Record::of(&value).map_err(unstored)?;
    let found = repository(ground, id, &value, &plan).await?;
    let location = found
        .as_ref()
        .and_then(|found| found.artifact_repository.as_ref());
    if let Some(mut location) = location.map(repository::location) {
        // The workflow's word on logs goes before the repository's, and a template's before both.
        location.archive_logs = plan.workflow.spec.archive_logs.or(location.archive_logs);
        let defaults = workflow.spec.template_defaults.get_or_insert_default();
        defaults
            .archive_location
            .get_or_insert_with(|| Box::new(location));
        let again = tiphys_graph::plan(&workflow, &origin, &library, Purpose::Run);
        plan = again
            .plan
            .ok_or_else(|| refuse::Fault::invalid(&again.diagnostics))?;
    }
    record.repository = found.and_then(|found| serde_json::to_value(found).ok());
    let made = claims::make(ground, id, &plan.workflow.spec).await;
    made.map_err(refuse::Fault::Claim)?;
    let (status, extra) = stored(&value).map_err(unstored)?;
    let seed = seed(&id.uid);
    let begun = !status.nodes.is_empty() || status.started_at.is_some();
    let run = if begun {
        Run::restore(&plan, &status, &extra, seed)
    } else {
        Run::new(&plan, seed)
    };
    Ok(Prepared {
        record,
        object: value,
        plan: Arc::new(plan),
        run,
    })
}

/// Where the workflow's artifacts are: what is on record counts, then what is found now.
async fn repository(
    ground: &Ground,
    id: &Id,
    object: &Value,
    plan: &Plan,
) -> Result<Option<repository::Found>, refuse::Fault> {
    let known = object["status"]["artifactRepositoryRef"].clone();
    let known = serde_json::from_value(known).unwrap_or_default();
    let named = plan.workflow.spec.artifact_repository_ref.as_ref();
    let found = repository::find(ground, id, known, named).await;
    found.map_err(refuse::Fault::Repository)
}

/// A number that is the same whenever the workflow is taken up.
fn seed(uid: &str) -> u64 {
    let bytes = uid.bytes().filter(u8::is_ascii_hexdigit);
    bytes.fold(0, |seed, digit| seed.rotate_left(5) ^ u64::from(digit))
}
