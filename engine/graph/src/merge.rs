//! Strategic merge of JSON: maps merge, lists with a key merge item by item, all else is replaced.

use serde_json::{Map, Value};

/// What identifies the items of a list under that field name; none where the list is replaced as a whole.
fn merge_key(field: &str) -> Option<&'static str> {
    Some(match field {
        "parameters" | "artifacts" | "volumes" | "sidecars" | "initContainers" | "env"
        | "imagePullSecrets" | "tasks" => "/name",
        "volumeClaimTemplates" => "/metadata/name",
        "hostAliases" => "/ip",
        "tolerations" => "/key",
        "volumeMounts" => "/mountPath",
        "volumeDevices" => "/devicePath",
        "ports" => "/containerPort",
        _ => return None,
    })
}

/// `over` laid on `base`. Items of `over` come first in merged lists, then what only `base` has.
pub(crate) fn strategic(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => Value::Object(maps(base, over)),
        (base, Value::Null) => base,
        (_, over) => over,
    }
}

fn maps(mut base: Map<String, Value>, over: Map<String, Value>) -> Map<String, Value> {
    for (field, value) in over {
        let merged = match (base.remove(&field), value) {
            (None, value) => value,
            (Some(Value::Array(below)), Value::Array(above)) => match merge_key(&field) {
                Some(key) => Value::Array(lists(below, above, key)),
                None => Value::Array(above),
            },
            (Some(below), above) => strategic(below, above),
        };
        base.insert(field, merged);
    }
    base
}

fn lists(below: Vec<Value>, above: Vec<Value>, key: &str) -> Vec<Value> {
    let mut below: Vec<Option<Value>> = below.into_iter().map(Some).collect();
    let mut merged = Vec::with_capacity(below.len() + above.len());
    let positions: rustc_hash::FxHashMap<String, usize> = below
        .iter()
        .enumerate()
        .filter_map(|(at, item)| Some((item.as_ref()?.pointer(key)?.to_string(), at)))
        .collect();
    for item in above {
        let under = item
            .pointer(key)
            .and_then(|name| positions.get(&name.to_string()))
            .and_then(|at| below[*at].take());
        merged.push(match under {
            Some(under) => strategic(under, item),
            None => item,
        });
    }
    merged.extend(below.into_iter().flatten());
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merges_by_kind() {
        let base = json!({"a": 1, "m": {"x": 1, "y": 2}, "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "args": [1, 2]});
        let over = json!({"b": 2, "m": {"y": 3}, "env": [{"name": "C"}, {"name": "B", "value": "9"}], "args": [3]});
        let want = json!({"a": 1, "b": 2, "m": {"x": 1, "y": 3}, "args": [3],
            "env": [{"name": "C"}, {"name": "B", "value": "9"}, {"name": "A", "value": "1"}]});
        assert_eq!(strategic(base, over), want);
    }
}
