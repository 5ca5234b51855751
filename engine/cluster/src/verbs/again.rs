//! A workflow once more: its own object made ready to go on, or a new object like it.

use super::{Cluster, Fault, Kind, workflow};
use crate::names::{ATTEMPT, COMPLETED, EXPIRES, PHASE};
use crate::stored::{pack, stored};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tiphys_core::RetryOptions;
use tiphys_spec::{NodeType, Workflow};

/// Nodes beyond this are packed. Source: Argo.
const MOST: usize = 1 << 20;

/// Parts of a status that speak of the attempt that has ended.
const PAST: [&str; 8] = [
    "message",
    "finishedAt",
    "progress",
    "resourcesDuration",
    "estimatedDuration",
    "synchronization",
    "compressedNodes",
    "taskResultsCompletionStatus",
];

/// The object of a workflow that is to be retried, and the pods that stand in the way.
///
/// # Errors
/// It has not ended, or there is nothing to retry.
pub fn retried(
    object: &Value,
    options: &RetryOptions,
    parameters: &[(String, String)],
) -> Result<(Value, Vec<String>), Fault> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let (before, extra) = stored(object).map_err(Fault::stored)?;
    let (status, extra) = tiphys_core::retry(&before, &extra, options)
        .map_err(|reason| Fault::Order(format!("retry `{name}`: {reason}")))?;
    let gone = before
        .nodes
        .values()
        .filter(|node| node.r#type == Some(NodeType::Pod) && !status.nodes.contains_key(&node.id));
    let template = |node: &tiphys_spec::NodeStatus| {
        let reference = node.template_ref.as_ref();
        let far = reference.and_then(|reference| reference.template.clone());
        far.or(node.template_name.clone()).unwrap_or_default()
    };
    let pods = gone
        .map(|node| tiphys_core::pod_name(name, &node.name, &template(node)))
        .collect();
    let mut object = object.clone();
    let metadata = &mut object["metadata"];
    metadata["labels"][PHASE] = "Running".into();
    if let Some(labels) = metadata["labels"].as_object_mut() {
        labels.remove(COMPLETED);
        labels.remove("workflows.argoproj.io/workflow-archiving-status");
    }
    metadata["annotations"][ATTEMPT] = extra.attempt.to_string().into();
    if let Some(annotations) = metadata["annotations"].as_object_mut() {
        annotations.remove(EXPIRES);
    }
    if let Some(spec) = object["spec"].as_object_mut() {
        spec.remove("shutdown");
        spec.remove("suspend");
        // The old way of terminating.
        if spec.get("activeDeadlineSeconds") == Some(&json!(0)) {
            spec.remove("activeDeadlineSeconds");
        }
    }
    set_parameters(&mut object["spec"], parameters);
    let nodes = serde_json::to_value(&status.nodes).unwrap_or_default();
    let nodes: Map<String, Value> = nodes.as_object().cloned().unwrap_or_default();
    let state = &mut object["status"];
    if let Some(state) = state.as_object_mut() {
        PAST.iter().for_each(|field| _ = state.remove(*field));
    }
    state["phase"] = "Running".into();
    state["startedAt"] = format!("{:.0}", Timestamp::now()).into();
    state["conditions"] = json!([{"type": "Completed", "status": "False"}]);
    let text = serde_json::to_string(&nodes).unwrap_or_default();
    if text.len() > MOST {
        state["compressedNodes"] = pack(&nodes).into();
        state.as_object_mut().map(|state| state.remove("nodes"));
    } else {
        state["nodes"] = nodes.into();
    }
    Ok((object, pods))
}

/// Sets arguments in a spec.
fn set_parameters(spec: &mut Value, parameters: &[(String, String)]) {
    for (name, value) in parameters {
        if !spec["arguments"]["parameters"].is_array() {
            spec["arguments"]["parameters"] = json!([]);
        }
        let Some(all) = spec["arguments"]["parameters"].as_array_mut() else {
            continue;
        };
        let new = json!({"name": name, "value": value});
        match all.iter_mut().find(|old| old["name"] == name.as_str()) {
            Some(old) => *old = new,
            None => all.push(new),
        }
    }
}

/// How a workflow is to be run anew.
pub struct Resubmission<'a> {
    pub name: &'a str,
    pub memoized: bool,
    pub parameters: &'a [(String, String)],
}

/// A new workflow like an old one.
///
/// # Errors
/// It is to be memoized and has not failed.
pub fn resubmitted(object: &Value, how: &Resubmission<'_>) -> Result<Workflow, Fault> {
    let old = workflow(object)?;
    let name = old.metadata.name.clone().unwrap_or_default();
    let refused = |reason: String| Fault::Order(format!("resubmit `{name}`: {reason}"));
    let mut new = tiphys_core::resubmit(&old, how.name, how.memoized, how.parameters);
    if let Ok(new) = &mut new {
        let meta = &mut new.metadata;
        meta.generate_name = None;
        meta.managed_fields = None;
        meta.generation = None;
        meta.self_link = None;
        for own in [ATTEMPT, EXPIRES] {
            meta.annotations.as_mut().map(|all| all.remove(own));
        }
    }
    new.map_err(refused)
}

impl Cluster {
    /// Has a workflow that has ended go on with what failed: its object.
    ///
    /// # Errors
    /// It has not ended, there is nothing to retry, or the server does not take it.
    pub async fn retry(
        &self,
        name: &str,
        options: &RetryOptions,
        parameters: &[(String, String)],
    ) -> Result<Value, Fault> {
        let mut tries = 0;
        loop {
            let object = self.get(Kind::Workflow, name).await?;
            let (new, pods) = retried(&object, options, parameters)?;
            // Pods of the attempt before have the names that the new ones will have.
            self.delete_pods(&pods).await;
            match self.replace(Kind::Workflow, &new).await {
                Err(Fault::Refused { code: 409, .. }) if tries < 4 => tries += 1,
                answer => return answer,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_workflow_is_made_ready_to_go_on() {
        let object = json!({
            "metadata": {"name": "ci", "labels": {PHASE: "Failed", COMPLETED: "true", "team": "a"}, "annotations": {EXPIRES: "x"}},
            "spec": {"shutdown": "Stop", "arguments": {"parameters": [{"name": "a", "value": "1"}]}},
            "status": {"phase": "Failed", "message": "child failed", "finishedAt": "2026-01-01T00:00:00Z", "storedTemplates": {"x": {}}, "nodes": {
                "ci": {"id": "ci", "name": "ci", "displayName": "ci", "type": "Steps", "phase": "Failed", "children": ["ci-1"]},
                "ci-1": {"id": "ci-1", "name": "ci[0].a", "displayName": "a", "type": "Pod", "phase": "Failed", "templateName": "a", "boundaryID": "ci"},
            }},
        });
        let parameters = [("a".to_owned(), "2".to_owned())];
        let (new, pods) = retried(&object, &RetryOptions::default(), &parameters).unwrap();
        assert_eq!(pods.len(), 1);
        assert_eq!(
            new["metadata"]["labels"],
            json!({PHASE: "Running", "team": "a"})
        );
        assert_eq!(new["metadata"]["annotations"], json!({ATTEMPT: "1"}));
        assert_eq!(
            new["spec"],
            json!({"arguments": {"parameters": [{"name": "a", "value": "2"}]}})
        );
        assert_eq!(new["status"]["nodes"].as_object().unwrap().len(), 1);
        assert_eq!(new["status"]["message"], Value::Null);
        assert_eq!(new["status"]["storedTemplates"], json!({"x": {}}));
        assert!(retried(&new, &RetryOptions::default(), &[]).is_err());
    }
}
