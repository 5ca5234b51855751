//! From a Workflow object to a run.

use crate::events::Told;
use crate::ground::{Defaults, Ground};
use crate::record::Record;
use crate::stored::{StoredError, stored};
use crate::workflow::Id;
use crate::{budget, claims, gc, patch, refuse, repository};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::DynamicObject;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tiphys_core::Run;
use tiphys_graph::plan::Plan;
use tiphys_graph::{Library, Origin, Purpose};
use tiphys_spec::{ObjectValue, Template};

const CHANGED: &str = "its template has changed since it began, which the controller's workflowRestrictions.templateReferencing (Secure) does not allow";

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
    pub told: Told,
    /// What the object is to have from the first write on: labels and annotations of the controller's defaults, where its artifacts are,
    /// what it runs by.
    pub first: Option<Value>,
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
    let options = &ground.settings.options;
    options.restrictions.check(&object.data["spec"])?;
    let mut metadata = joined(&mut workflow.metadata, &options.defaults);
    let origin = Origin::new(&read.source, &found.node);
    let value = serde_json::to_value(object).unwrap_or_default();
    let (status, extra) = stored(&value).map_err(unstored)?;
    // What it ran by at first is what it runs by, whatever became of the templates since.
    let pinned = status.stored_workflow_template_spec.as_ref();
    let shelved = |mut library: Library| {
        if let Some(pinned) = pinned {
            library.pin(&workflow, pinned.clone());
        }
        if !options.restrictions.secure() {
            library.keep(&status.stored_templates);
        }
        library
    };
    let mut library = shelved(ground.shelf.library(&id.namespace));
    let mut planned = tiphys_graph::plan(&workflow, &origin, &library, Purpose::Run);
    if planned.plan.is_none() {
        // What it refers to may have been made a moment ago.
        if let Ok(newer) = ground.shelf.fresh(&id.namespace).await {
            library = shelved(newer);
            planned = tiphys_graph::plan(&workflow, &origin, &library, Purpose::Run);
        }
    }
    let mut plan = planned
        .plan
        .ok_or_else(|| refuse::Fault::invalid(&planned.diagnostics))?;
    let mut record = Record::of(&value).map_err(unstored)?;
    let mut kept = Map::new();
    match pinned {
        None => {
            let whole = library.whole(&workflow).map(|whole| json!(whole));
            if let Some(whole) = whole.filter(|whole| record.reserve(whole)) {
                kept.insert("storedWorkflowTemplateSpec".to_owned(), whole);
            }
        }
        Some(_) if options.restrictions.secure() => {
            let now = ground.shelf.library(&id.namespace);
            if now.whole(&workflow) != library.whole(&workflow) {
                return Err(refuse::Fault::Invalid(CHANGED.to_owned()));
            }
        }
        Some(_) => {}
    }
    if status.stored_templates.is_empty() {
        let stored = json!(plan.stored);
        if !plan.stored.is_empty() && record.reserve(&stored) {
            kept.insert("storedTemplates".to_owned(), stored);
        }
    } else if options.restrictions.secure() && !same(&plan.stored, &status.stored_templates) {
        return Err(refuse::Fault::Invalid(CHANGED.to_owned()));
    }
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
    if let Some(found) = found.filter(|_| value["status"]["artifactRepositoryRef"].is_null()) {
        kept.insert("artifactRepositoryRef".to_owned(), json!(found));
    }
    if let Some(held) = gc::first(&plan, &value) {
        patch::join(metadata.get_or_insert_default(), &held);
    }
    let made = claims::make(ground, id, &plan.workflow.spec).await;
    made.map_err(refuse::Fault::Claim)?;
    if let Some(budget) = &plan.workflow.spec.pod_disruption_budget {
        let made = budget::make(ground, id, budget).await;
        made.map_err(refuse::Fault::Claim)?;
    }
    let seed = seed(&id.uid);
    let begun = !status.nodes.is_empty() || status.started_at.is_some();
    let run = if begun {
        Run::restore(&plan, &status, &extra, seed)
    } else {
        Run::new(&plan, seed)
    };
    let told = if begun {
        Told::of(&run)
    } else {
        Told::default()
    };
    Ok(Prepared {
        told,
        first: first(metadata, kept),
        record,
        object: value,
        plan: Arc::new(plan),
        run,
    })
}

/// Whether templates are still what was kept of them.
fn same(now: &BTreeMap<String, Arc<Template>>, kept: &BTreeMap<String, Template>) -> bool {
    now.len() == kept.len() && now.iter().all(|(key, now)| kept.get(key) == Some(&**now))
}

fn first(metadata: Option<Value>, status: Map<String, Value>) -> Option<Value> {
    let mut parts = Map::new();
    parts.extend(metadata.map(|parts| ("metadata".to_owned(), parts)));
    if !status.is_empty() {
        parts.insert("status".to_owned(), status.into());
    }
    (!parts.is_empty()).then_some(Value::Object(parts))
}

/// Gives a workflow the labels and annotations that it has by default; those that it had not, as parts of an object's metadata.
fn joined(metadata: &mut ObjectMeta, defaults: &Defaults) -> Option<Value> {
    let mut parts = Map::new();
    for (name, wanted, given) in [
        ("labels", &defaults.labels, &mut metadata.labels),
        (
            "annotations",
            &defaults.annotations,
            &mut metadata.annotations,
        ),
    ] {
        let given = given.get_or_insert_default();
        let missing = wanted.iter().filter(|(key, _)| !given.contains_key(*key));
        let missing: BTreeMap<_, _> = missing.map(|(k, v)| (k.clone(), v.clone())).collect();
        if !missing.is_empty() {
            parts.insert(name.to_owned(), json!(missing));
            given.extend(missing);
        }
    }
    (!parts.is_empty()).then_some(Value::Object(parts))
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
