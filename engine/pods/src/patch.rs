//! `podSpecPatch`: a strategic merge patch, as `kubectl patch` applies it.
//! Source: Kubernetes' API conventions, "strategic merge patch"; the keys of lists are those of `PodSpec`.

use crate::manifest::PodError;
use k8s_openapi::api::core::v1::PodSpec;
use serde_json::{Map, Value};
use tiphys_spec::{Source, decode};

/// Lays a patch, in JSON or YAML, on a spec.
pub(crate) fn patch(spec: &PodSpec, patch: &str) -> Result<PodSpec, PodError> {
    let fault = |error: serde_json::Error| PodError::Patch(error.to_string());
    let base = serde_json::to_value(spec).map_err(fault)?;
    serde_json::from_value(merge(base, read(patch)?)).map_err(fault)
}

fn read(text: &str) -> Result<Value, PodError> {
    let mut faults = Vec::new();
    let source = Source::parse("podSpecPatch", text.as_bytes(), &mut faults);
    let value = source
        .documents
        .first()
        .and_then(|node| decode(node, &source, &mut faults));
    if let Some(fault) = faults.iter().find(|fault| fault.is_error()) {
        return Err(PodError::Patch(fault.message.clone()));
    }
    match value {
        None => Ok(Value::Object(Map::new())),
        Some(value @ Value::Object(_)) => Ok(value),
        Some(_) => Err(PodError::Patch("it is no map".to_owned())),
    }
}

/// What identifies the items of a list; none where the list is replaced as a whole.
fn key(field: &str) -> Option<&'static str> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "resourceClaims"
        | "schedulingGates" => "name",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "ports" => "containerPort",
        "hostAliases" => "ip",
        "topologySpreadConstraints" => "topologyKey",
        _ => return None,
    })
}

fn merge(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => Value::Object(maps(base, over)),
        (_, Value::Object(over)) => Value::Object(maps(Map::new(), over)),
        (_, over) => over,
    }
}

fn maps(mut base: Map<String, Value>, mut over: Map<String, Value>) -> Map<String, Value> {
    if over.remove("$patch").is_some_and(|how| how == "replace") {
        return over;
    }
    for (field, value) in over {
        let below = base.remove(&field);
        let merged = match (below, value) {
            (_, Value::Null) => continue,
            (below, Value::Array(above)) => match (below, key(&field)) {
                (Some(Value::Array(below)), Some(key)) => Value::Array(lists(below, above, key)),
                (_, Some(key)) => Value::Array(lists(Vec::new(), above, key)),
                (_, None) => Value::Array(above),
            },
            (below, value) => merge(below.unwrap_or_default(), value),
        };
        base.insert(field, merged);
    }
    base
}

fn lists(mut below: Vec<Value>, above: Vec<Value>, key: &str) -> Vec<Value> {
    if above.iter().any(|item| item["$patch"] == "replace") {
        return above
            .into_iter()
            .filter(|item| item.get("$patch").is_none())
            .collect();
    }
    for item in above {
        let at = below.iter().position(|known| {
            item.get(key)
                .is_some_and(|name| known.get(key) == Some(name))
        });
        match at {
            Some(at) if item["$patch"] == "delete" => {
                below.remove(at);
            }
            Some(at) => below[at] = merge(below[at].take(), item),
            None if item["$patch"] == "delete" => {}
            None => below.push(merge(Value::Null, item)),
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(base: Value, over: &str, want: Value) {
        assert_eq!(merge(base, read(over).unwrap()), want, "{over}");
    }

    #[test]
    fn lists_merge_by_key_and_null_removes() {
        let base = json!({"hostname": "a", "containers": [{"name": "main", "image": "x", "args": ["1", "2"], "env": [{"name": "A", "value": "1"}]}]});
        check(
            base.clone(),
            r#"{"containers":[{"name":"main","args":["3"],"resources":{"limits":{"memory":"1Gi"}},"env":[{"name":"B","value":"2"}]},{"name":"other"}]}"#,
            json!({"hostname": "a", "containers": [
                {"name": "main", "image": "x", "args": ["3"], "resources": {"limits": {"memory": "1Gi"}}, "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
                {"name": "other"}]}),
        );
        check(
            base.clone(),
            "hostname: null\ncontainers:\n- name: main\n  env:\n  - name: A\n    $patch: delete\n",
            json!({"containers": [{"name": "main", "image": "x", "args": ["1", "2"], "env": []}]}),
        );
        check(
            base,
            "containers:\n- $patch: replace\n- name: only\nhostname: b",
            json!({"hostname": "b", "containers": [{"name": "only"}]}),
        );
    }

    #[test]
    fn what_is_no_patch_says_why() {
        for (text, want) in [("[1]", "it is no map"), ("{a: [", "")] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
        assert_eq!(read("").unwrap(), json!({}));
    }
}
