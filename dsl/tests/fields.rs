//! Every field of every kind can be written: a walk over the JSON schema, each field in an object of its own, to `.flow` and
//! back.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;

use serde_json::{Map, Value, json};

const KINDS: [&str; 4] = [
    "Workflow",
    "WorkflowTemplate",
    "ClusterWorkflowTemplate",
    "CronWorkflow",
];
/// How often a definition may stand in itself.
const DEPTH: usize = 12;

struct Walk<'s> {
    definitions: &'s Map<String, Value>,
    /// Definitions walked before, with the field path's first part: each is walked once per kind.
    seen: std::collections::HashSet<String>,
    found: Vec<(Vec<Step>, Value)>,
}

#[derive(Clone)]
enum Step {
    Key(String),
    Item,
}

fn name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap()
}

impl Walk<'_> {
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.definitions.get(name(reference)).unwrap_or(schema),
            None => schema,
        }
    }

    fn fields(&mut self, schema: &Value, path: &[Step]) {
        if path.len() > DEPTH * 2 {
            return;
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
            && self
                .definitions
                .get(name(reference))
                .is_some_and(|found| found.get("properties").is_some())
            && !self.seen.insert(reference.to_owned())
        {
            return;
        }
        let resolved = self.resolve(schema).clone();
        if let Some(properties) = resolved.get("properties").and_then(Value::as_object) {
            for (key, field) in properties {
                let mut path = path.to_vec();
                path.push(Step::Key(key.clone()));
                self.found
                    .push((path.clone(), sample(field, self.definitions, 0)));
                self.fields(field, &path);
            }
            return;
        }
        if let Some(items) = resolved.get("items") {
            let mut path = path.to_vec();
            path.push(Step::Item);
            self.fields(items, &path);
        } else if let Some(values) = resolved
            .get("additionalProperties")
            .filter(|values| values.is_object())
        {
            let mut path = path.to_vec();
            path.push(Step::Key("key".to_owned()));
            self.fields(values, &path);
        }
    }
}

/// A value that fits a schema, its required fields in it.
fn sample(schema: &Value, definitions: &Map<String, Value>, depth: usize) -> Value {
    let reference = schema.get("$ref").and_then(Value::as_str).map(name);
    let resolved = reference
        .and_then(|name| definitions.get(name))
        .unwrap_or(schema);
    if let Some(reference) = reference {
        if reference.ends_with("Quantity") {
            return json!("1");
        }
        if reference.ends_with(".Time") || reference.ends_with("MicroTime") {
            return json!("2026-11-24T00:00:00Z");
        }
        if reference.ends_with("Amount") {
            return json!(1);
        }
        if reference.ends_with(".Plugin") {
            return json!({"mine": {}});
        }
        if reference.ends_with("ParallelSteps") {
            return json!([{"name": "a", "template": "t"}]);
        }
    }
    match resolved.get("type").and_then(Value::as_str) {
        Some("string") => json!("text"),
        Some("integer") => json!(1),
        Some("number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") if depth < DEPTH => {
            json!([sample(&resolved["items"], definitions, depth + 1)])
        }
        Some("array") => json!([]),
        _ if resolved.get("properties").is_some() && depth < DEPTH => {
            let mut map = Map::new();
            let required = resolved
                .get("required")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            for key in required.iter().filter_map(Value::as_str) {
                map.insert(
                    key.to_owned(),
                    sample(&resolved["properties"][key], definitions, depth + 1),
                );
            }
            Value::Object(map)
        }
        _ if resolved.get("additionalProperties").is_some() && depth < DEPTH => {
            json!({"key": sample(&resolved["additionalProperties"], definitions, depth + 1)})
        }
        Some("object") => json!({}),
        _ => json!("text"),
    }
}

/// An object of a kind that has `value` at `path`.
fn object(kind: &str, path: &[Step], value: Value) -> Value {
    let mut inner = value;
    for step in path.iter().rev() {
        inner = match step {
            Step::Key(key) => json!({ key: inner }),
            Step::Item => json!([inner]),
        };
    }
    let mut object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": {}});
    for (key, value) in inner.as_object().unwrap() {
        match (object.get_mut(key), value) {
            (Some(Value::Object(into)), Value::Object(from)) => into.extend(from.clone()),
            (Some(_), Value::String(_)) if key == "kind" || key == "apiVersion" => {}
            _ => drop(
                object
                    .as_object_mut()
                    .unwrap()
                    .insert(key.clone(), value.clone()),
            ),
        }
    }
    object
}

#[test]
fn every_field_can_be_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/reference/schema/workflow-schema.json");
    let Ok(text) = std::fs::read(path) else {
        println!("skipped: no schema beside the repository");
        return;
    };
    let schema: Value = serde_json::from_slice(&text).unwrap();
    let definitions = schema["definitions"].as_object().unwrap();
    let (mut written, mut refused, mut as_fields, mut faults) = (0, Vec::new(), 0, Vec::new());
    for kind in KINDS {
        let mut walk = Walk {
            definitions,
            seen: std::collections::HashSet::new(),
            found: Vec::new(),
        };
        let root = definitions
            .keys()
            .find(|key| key.ends_with(&format!("v1alpha1.{kind}")))
            .unwrap();
        walk.fields(&json!({"$ref": format!("#/definitions/{root}")}), &[]);
        for (path, value) in walk.found {
            let shown = path.iter().map(|step| match step {
                Step::Key(key) => format!(".{key}"),
                Step::Item => "[]".to_owned(),
            });
            let shown = format!("{kind}{}", shown.collect::<String>());
            let yaml = object(kind, &path, value).to_string();
            let read = tiphys_spec::read("field", yaml.as_bytes());
            let Some(object) = read.objects.first().filter(|object| object.complete) else {
                refused.push(format!(
                    "{shown}: {:?}",
                    read.diagnostics.first().map(ToString::to_string)
                ));
                continue;
            };
            let raised = tiphys_dsl::raise(&read.objects, &read.source);
            let back = tiphys_dsl::compile("field", raised.text.as_bytes());
            as_fields += usize::from(!raised.as_fields.is_empty());
            let wanted = serde_json::to_value(&object.value).unwrap();
            let found = back
                .objects
                .first()
                .map(|object| serde_json::to_value(&object.value).unwrap());
            if found != Some(wanted) || !back.is_sound() {
                faults.push(format!(
                    "{shown}: {:?}\n{}",
                    back.diagnostics.first().map(ToString::to_string),
                    raised.text
                ));
            }
            written += 1;
        }
    }
    println!(
        "fields written and read back {written}, of which as plain fields {as_fields}; not of these types {}",
        refused.len()
    );
    refused
        .iter()
        .take(10)
        .for_each(|line| println!("  {line}"));
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults
            .iter()
            .take(5)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
    assert!(written > 1000, "{written}");
}
