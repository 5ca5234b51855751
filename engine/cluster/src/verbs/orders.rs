//! Orders to a workflow: changes of its object, the same as the `argo` CLI makes. Source: Argo.

use super::{Cluster, Fault, Kind};
use crate::stored::{nodes, pack};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tiphys_core::Selector;
use tiphys_spec::{NodePhase, NodeStatus};

/// How often a change is made anew because somebody else wrote the object meanwhile.
const TRIES: usize = 8;

/// What to have a workflow do.
#[derive(Clone, Debug)]
pub enum Order {
    Suspend,
    /// Without a selector: also a workflow that is suspended as a whole.
    Resume {
        selector: Option<Selector>,
        outputs: BTreeMap<String, String>,
        message: Option<String>,
    },
    Stop,
    /// Fails the suspend nodes that match, and nothing else.
    Fail {
        selector: Selector,
        message: Option<String>,
    },
    Terminate,
    Set {
        selector: Selector,
        outputs: BTreeMap<String, String>,
        message: Option<String>,
        phase: Option<NodePhase>,
    },
}

impl Order {
    /// The change of an object.
    ///
    /// # Errors
    /// It cannot be given to this workflow.
    fn patch(&self, object: &Value, now: Timestamp) -> Result<Value, Fault> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let phase = object["status"]["phase"].as_str().unwrap_or_default();
        let spec = &object["spec"];
        match self {
            Order::Suspend => Ok(json!({"spec": {"suspend": true}})),
            Order::Stop => shut_down(name, spec, "Stop"),
            Order::Terminate => shut_down(name, spec, "Terminate"),
            Order::Resume {
                selector,
                outputs,
                message,
            } => {
                let set = Set {
                    selector: selector.as_ref(),
                    outputs,
                    message: message.as_deref(),
                    phase: Some(NodePhase::Succeeded),
                };
                let suspended = spec["suspend"] == true;
                let mut patch = match set.patch(object, now) {
                    Err(_) if selector.is_none() && suspended => json!({}),
                    Err(_) if selector.is_none() => {
                        return Err(Fault::Order(format!(
                            "resume `{name}`: it is not suspended, and no suspend node of it is reached (it is {})",
                            if phase.is_empty() { "Pending" } else { phase }
                        )));
                    }
                    patch => patch?,
                };
                if selector.is_none() && suspended {
                    patch["spec"]["suspend"] = Value::Null;
                }
                Ok(patch)
            }
            Order::Fail { selector, message } => Set {
                selector: Some(selector),
                outputs: &BTreeMap::new(),
                message: message.as_deref(),
                phase: Some(NodePhase::Failed),
            }
            .patch(object, now),
            Order::Set {
                selector,
                outputs,
                message,
                phase,
            } => Set {
                selector: Some(selector),
                outputs,
                message: message.as_deref(),
                phase: *phase,
            }
            .patch(object, now),
        }
    }
}

/// `Terminate` may follow `Stop`; nothing else may follow either.
fn shut_down(name: &str, spec: &Value, how: &str) -> Result<Value, Fault> {
    match spec["shutdown"].as_str().unwrap_or_default() {
        "" => {}
        "Stop" if how == "Terminate" => {}
        before => {
            return Err(Fault::Order(format!(
                "shut `{name}` down: it has been told to already (spec.shutdown: {before})"
            )));
        }
    }
    Ok(json!({"spec": {"shutdown": how}}))
}

/// What to write into the records of suspend nodes.
struct Set<'a> {
    selector: Option<&'a Selector>,
    outputs: &'a BTreeMap<String, String>,
    message: Option<&'a str>,
    phase: Option<NodePhase>,
}

impl Set<'_> {
    fn patch(&self, object: &Value, now: Timestamp) -> Result<Value, Fault> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let mut all = nodes(&object["status"]).map_err(Fault::stored)?;
        let mut changes = Map::new();
        for (id, record) in &mut all {
            let Ok(node) = serde_json::from_value::<NodeStatus>(record.clone()) else {
                continue;
            };
            let waits = record["type"] == "Suspend" && record["phase"] == "Running";
            if !waits
                || self
                    .selector
                    .is_some_and(|selector| !selector.matches(&node))
            {
                continue;
            }
            let change = self.change(record, now);
            merge(record, &change);
            changes.insert(id.clone(), change);
        }
        if changes.is_empty() {
            return Err(Fault::Order(format!(
                "set nodes of `{name}`: no suspend node that is reached matches"
            )));
        }
        // Packed nodes are one text: all of it is written, on the version that it was made from.
        if object["status"]["compressedNodes"].is_string() {
            return Ok(json!({
                "metadata": {"resourceVersion": object["metadata"]["resourceVersion"]},
                "status": {"compressedNodes": pack(&all)},
            }));
        }
        Ok(json!({"status": {"nodes": changes}}))
    }

    fn change(&self, record: &Value, now: Timestamp) -> Value {
        let mut change = json!({});
        if let Some(phase) = self.phase {
            change["phase"] = phase.as_str().into();
            change["finishedAt"] = format!("{now:.0}").into();
        }
        if let Some(message) = self.message {
            change["message"] = message.into();
        }
        let known = record["outputs"]["parameters"].as_array();
        let mut parameters = known.cloned().unwrap_or_default();
        let mut supplied = false;
        for parameter in &mut parameters {
            let given = parameter["name"]
                .as_str()
                .and_then(|name| self.outputs.get(name));
            let default = &parameter["valueFrom"]["default"];
            let value = match (given, parameter["value"].is_null()) {
                (Some(value), _) => Value::from(value.as_str()),
                // A node that ends has the values that it would have had.
                (None, true) if self.phase == Some(NodePhase::Succeeded) && !default.is_null() => {
                    default.clone()
                }
                _ => continue,
            };
            parameter["value"] = value;
            if let Some(parameter) = parameter.as_object_mut() {
                parameter.remove("valueFrom");
            }
            supplied = true;
        }
        // The record does not tell all outputs before they have values; what is not one, the controller leaves out.
        for (name, value) in self.outputs {
            if !parameters
                .iter()
                .any(|parameter| parameter["name"] == name.as_str())
            {
                parameters.push(json!({"name": name, "value": value}));
                supplied = true;
            }
        }
        if supplied {
            change["outputs"] = json!({"parameters": parameters});
        }
        change
    }
}

/// What the server makes of a merge patch.
fn merge(into: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            into.as_object_mut().map(|into| into.remove(name));
        } else {
            merge(&mut into[name], value);
        }
    }
}

impl Cluster {
    /// Gives an order to a workflow: its object as the order left it.
    ///
    /// # Errors
    /// It has ended, or the order cannot be given to it.
    pub async fn order(&self, name: &str, order: &Order) -> Result<Value, Fault> {
        let mut tries = 0;
        loop {
            let object = self.get(Kind::Workflow, name).await?;
            let phase = object["status"]["phase"].as_str().unwrap_or_default();
            if matches!(phase, "Succeeded" | "Failed" | "Error") {
                return Err(Fault::Order(format!(
                    "give an order to `{name}`: it has ended ({phase})"
                )));
            }
            let mut patch = order.patch(&object, Timestamp::now())?;
            // An order is to this workflow, and to no other that takes its name a moment later.
            patch["metadata"]["uid"] = object["metadata"]["uid"].clone();
            match self.patch(Kind::Workflow, name, patch).await {
                Err(Fault::Refused { code: 409, .. }) if tries < TRIES => tries += 1,
                answer => return answer,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Value {
        json!({
            "metadata": {"name": "ci", "resourceVersion": "7"},
            "spec": {},
            "status": {"phase": "Running", "nodes": {
                "ci-1": {"id": "ci-1", "name": "ci[0].approve", "displayName": "approve", "type": "Suspend", "phase": "Running",
                    "outputs": {"parameters": [{"name": "who", "valueFrom": {"supplied": {}, "default": "nobody"}}]}},
                "ci-2": {"id": "ci-2", "name": "ci[0].build", "displayName": "build", "type": "Pod", "phase": "Running"},
            }},
        })
    }

    fn patch(order: &Order, object: &Value) -> Result<Value, String> {
        let now = Timestamp::UNIX_EPOCH;
        order.patch(object, now).map_err(|fault| fault.to_string())
    }

    fn resume(selector: Option<&str>) -> Order {
        Order::Resume {
            selector: selector.map(|text| Selector::parse(text).unwrap()),
            outputs: BTreeMap::new(),
            message: None,
        }
    }

    #[test]
    fn a_gate_opens_with_its_defaults() {
        let node = json!({"phase": "Succeeded", "finishedAt": "1970-01-01T00:00:00Z", "outputs": {"parameters": [{"name": "who", "value": "nobody"}]}});
        let want = json!({"status": {"nodes": {"ci-1": node}}});
        assert_eq!(patch(&resume(None), &object()).unwrap(), want);
        assert_eq!(
            patch(&resume(Some("displayName=approve")), &object()).unwrap(),
            want
        );
        assert!(
            patch(&resume(Some("displayName=build")), &object())
                .unwrap_err()
                .contains("matches")
        );
    }

    #[test]
    fn a_suspended_workflow_goes_on() {
        let mut suspended = object();
        suspended["status"]["nodes"] = json!({});
        suspended["spec"]["suspend"] = true.into();
        let want = json!({"spec": {"suspend": null}});
        assert_eq!(patch(&resume(None), &suspended).unwrap(), want);
        suspended["spec"]["suspend"] = false.into();
        assert!(patch(&resume(None), &suspended).is_err());
    }

    #[test]
    fn packed_nodes_stay_packed() {
        let mut packed = object();
        let nodes = packed["status"]["nodes"].as_object().unwrap().clone();
        packed["status"] = json!({"phase": "Running", "compressedNodes": pack(&nodes)});
        let change = patch(&resume(None), &packed).unwrap();
        assert_eq!(change["metadata"]["resourceVersion"], "7");
        let unpacked = super::nodes(&change["status"]).unwrap();
        assert_eq!(unpacked["ci-1"]["phase"], "Succeeded");
        assert_eq!(unpacked["ci-2"]["phase"], "Running");
    }

    #[test]
    fn who_is_told_to_end_is_told_once() {
        let mut stopped = object();
        stopped["spec"]["shutdown"] = "Stop".into();
        assert!(patch(&Order::Stop, &stopped).is_err());
        let want = json!({"spec": {"shutdown": "Terminate"}});
        assert_eq!(patch(&Order::Terminate, &stopped).unwrap(), want);
    }
}
