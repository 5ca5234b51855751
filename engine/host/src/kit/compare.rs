//! What a case expects against what there was. An expectation names what it cares for; the rest may be anything.

use super::Expect;
use crate::answer::Ending;
use crate::size::parse_time;
use serde_json::Value;

pub(super) fn ending(expect: &Expect, ending: &Ending) -> Vec<String> {
    let (name, found) = said(ending);
    let all = expect.all();
    let [(wanted, value)] = all[..] else {
        return vec![
            "`expect` has to say one of done, failed, pending, pod, graph, broken, faults"
                .to_owned(),
        ];
    };
    if wanted != name {
        return vec![format!("expected `{wanted}`, was `{name}`: {found}")];
    }
    match ending {
        Ending::Pending { after, .. } => {
            let mut lines = subset("pending", &without(value, "after"), &found);
            if let Some(text) = value.get("after") {
                let text = text
                    .as_str()
                    .map_or_else(|| text.to_string(), str::to_owned);
                if parse_time(&text) != Some(*after) {
                    lines.push(format!("pending.after: expected {text}, was {after:?}"));
                }
            }
            lines
        }
        _ => subset(name, value, &found),
    }
}

fn without(value: &Value, key: &str) -> Value {
    let mut value = value.clone();
    if let Some(map) = value.as_object_mut() {
        map.remove(key);
    }
    value
}

fn said(ending: &Ending) -> (&'static str, Value) {
    use serde_json::json;
    match ending {
        Ending::Done(outputs) => ("done", outputs.clone()),
        Ending::Failed {
            message,
            retryable,
            outputs,
        } => (
            "failed",
            json!({"message": message, "retryable": retryable, "outputs": outputs}),
        ),
        Ending::Pending { message, state, .. } => {
            ("pending", json!({"message": message, "state": state}))
        }
        Ending::Pod(pod) => ("pod", pod.clone()),
        Ending::Graph(graph) => ("graph", graph.clone()),
        Ending::Broken { message } => ("broken", json!({"message": message})),
    }
}

/// Each key that is expected has its value; a list has to be equal in length.
pub(super) fn subset(place: &str, wanted: &Value, found: &Value) -> Vec<String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .flat_map(|(key, value)| {
                subset(
                    &format!("{place}.{key}"),
                    value,
                    found.get(key).unwrap_or(&Value::Null),
                )
            })
            .collect(),
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => wanted
            .iter()
            .zip(found)
            .enumerate()
            .flat_map(|(at, (wanted, found))| subset(&format!("{place}[{at}]"), wanted, found))
            .collect(),
        (Value::Null, Value::Null) => Vec::new(),
        // A value may be written as the text it has, or as the JSON in that text.
        (wanted, Value::String(text))
            if !wanted.is_string()
                && serde_json::from_str::<Value>(text).is_ok_and(|parsed| parsed == *wanted) =>
        {
            Vec::new()
        }
        (Value::String(text), found)
            if !found.is_string()
                && serde_json::from_str::<Value>(text).is_ok_and(|parsed| parsed == *found) =>
        {
            Vec::new()
        }
        (Value::Number(wanted), Value::Number(found)) if wanted.as_f64() == found.as_f64() => {
            Vec::new()
        }
        (wanted, found) if wanted == found => Vec::new(),
        (wanted, found) => vec![format!("{place}: expected {wanted}, was {found}")],
    }
}

pub(super) fn lists(place: &str, wanted: &Value, found: &Value) -> Vec<String> {
    match (wanted.as_array(), found.as_array()) {
        (Some(a), Some(b)) if a.len() != b.len() => {
            vec![format!("{place}: expected {}, was {}", wanted, found)]
        }
        _ => subset(place, wanted, found),
    }
}
