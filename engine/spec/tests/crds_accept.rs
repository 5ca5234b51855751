//! The definitions with a schema accept what Argo's users write: every recorded workflow, as it is and as the engine writes it again.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tiphys_spec::{crd, decode, read};

/// What an API server would say of a value. Not: what the expressions (`x-kubernetes-validations`) say.
#[derive(Default)]
struct Check {
    patterns: BTreeMap<String, Regex>,
    faults: Vec<String>,
}

impl Check {
    fn value(&mut self, schema: &Value, value: &Value, at: &str) {
        // What is null is dropped.
        if value.is_null() {
            return;
        }
        let fits = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            _ if schema["x-kubernetes-int-or-string"] == true => {
                value.is_i64() || value.is_string()
            }
            _ => true,
        };
        if !fits {
            return self.fault(at, &format!("{value} is not {}", schema["type"]));
        }
        match value {
            Value::Object(fields) => self.object(schema, fields, at),
            Value::Array(items) => self.list(schema, items, at),
            Value::String(text) => self.text(schema, text, at),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap(), at),
            _ => {}
        }
        let words = schema["enum"].as_array();
        if words.is_some_and(|all| !all.contains(value)) {
            self.fault(at, &format!("{value} is none of {}", schema["enum"]));
        }
    }

    fn object(&mut self, schema: &Value, fields: &Map<String, Value>, at: &str) {
        let known = |name| schema["properties"].get(name);
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            let default = known(name).and_then(|of| of.get("default"));
            let there = fields.get(name).is_some_and(|of| !of.is_null());
            if !there && default.is_none() {
                self.fault(at, &format!("there is no {name}"));
            }
        }
        // Of an object's own metadata the API server knows all.
        let open = schema["x-kubernetes-preserve-unknown-fields"] == true || at == ".metadata";
        let more = Some(&schema["additionalProperties"]).filter(|of| of.is_object());
        for (name, field) in fields {
            let at = format!("{at}.{name}");
            match known(name).or(more) {
                Some(of) => self.value(of, field, &at),
                None if open => {}
                None => self.fault(&at, "is not known"),
            }
        }
    }

    fn list(&mut self, schema: &Value, items: &[Value], at: &str) {
        self.count(schema, "minItems", "maxItems", items.len(), at);
        self.once(schema, items, at);
        for (nth, item) in items.iter().enumerate() {
            self.value(&schema["items"], item, &format!("{at}[{nth}]"));
        }
    }

    fn text(&mut self, schema: &Value, text: &str, at: &str) {
        self.count(schema, "minLength", "maxLength", text.chars().count(), at);
        let Some(pattern) = schema["pattern"].as_str() else {
            return;
        };
        let known = self.patterns.entry(pattern.to_owned());
        let known = known.or_insert_with(|| Regex::new(pattern).unwrap());
        if !known.is_match(text) {
            self.fault(at, &format!("{text:?} is not {pattern}"));
        }
    }

    fn number(&mut self, schema: &Value, number: f64, at: &str) {
        let less = schema["minimum"].as_f64().is_some_and(|min| number < min);
        let more = schema["maximum"].as_f64().is_some_and(|max| number > max);
        if less || more {
            self.fault(at, &format!("{number} is out of bounds"));
        }
    }

    fn count(&mut self, schema: &Value, min: &str, max: &str, count: usize, at: &str) {
        let count = count as u64;
        if schema[min].as_u64().is_some_and(|min| count < min) {
            self.fault(at, &format!("{count} are too few"));
        }
        if schema[max].as_u64().is_some_and(|max| count > max) {
            self.fault(at, &format!("{count} are too many"));
        }
    }

    /// The items of a set or of a keyed list are there once each.
    fn once(&mut self, schema: &Value, items: &[Value], at: &str) {
        let keys = schema["x-kubernetes-list-map-keys"].as_array();
        if keys.is_none() && schema["x-kubernetes-list-type"] != "set" {
            return;
        }
        let key = |item: &Value| {
            let Some(keys) = keys else {
                return vec![item.clone()];
            };
            let keys = keys.iter().map(|key| {
                let key = key.as_str().unwrap();
                let default = &schema["items"]["properties"][key]["default"];
                item.get(key).unwrap_or(default).clone()
            });
            keys.collect()
        };
        let all: Vec<Vec<Value>> = items.iter().map(key).collect();
        for (nth, one) in all.iter().enumerate() {
            if all[..nth].contains(one) {
                self.fault(&format!("{at}[{nth}]"), "is there already");
            }
        }
    }

    fn fault(&mut self, at: &str, what: &str) {
        self.faults.push(format!("{at} {what}"));
    }
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            all.push(path);
        }
    }
}

fn schemas() -> BTreeMap<String, Value> {
    let all = crd::all(true).into_iter().map(|(_, of)| {
        let kind = of["spec"]["names"]["kind"].as_str().unwrap().to_owned();
        let schema = of["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
        (kind, schema)
    });
    all.collect()
}

fn faults(schemas: &BTreeMap<String, Value>, kind: &str, value: &Value) -> Vec<String> {
    let mut check = Check::default();
    check.value(&schemas[kind], value, "");
    check.faults
}

#[test]
fn recorded_workflows_are_accepted() {
    let folder = std::env::var_os("ARGO_WORKFLOWS").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/workflows")
    });
    if !folder.is_dir() {
        println!("skipped: no recorded workflows are given");
        return;
    }
    let schemas = schemas();
    let mut all = Vec::new();
    files(&folder, &mut all);
    let (mut count, mut found) = (0, Vec::new());
    for path in all {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let read = read(&name, &std::fs::read(&path).unwrap());
        for object in &read.objects {
            let kind = object.kind.as_str();
            if !schemas.contains_key(kind) {
                continue;
            }
            count += 1;
            let mut ignored = Vec::new();
            let as_it_is: Value = decode(&object.node, &read.source, &mut ignored).unwrap();
            let again = serde_json::to_value(&object.value).unwrap();
            for (which, value) in [("", as_it_is), (" written again", again)] {
                let faults = faults(&schemas, kind, &value);
                found.extend(faults.iter().map(|fault| format!("{name}{which}: {fault}")));
            }
        }
    }
    println!("{count} objects are accepted");
    assert!(count > 0, "no objects in {}", folder.display());
    assert!(found.is_empty(), "{}:\n{}", found.len(), found.join("\n"));
}

/// So that the walk above means something.
#[test]
fn what_argo_refuses_is_refused() {
    let schemas = schemas();
    let cases = [
        (
            "spec: {templates: [{name: a b}]}",
            ".spec.templates[0].name \"a b\" is not",
        ),
        (
            "spec: {parallelism: 0}",
            ".spec.parallelism 0 is out of bounds",
        ),
        (
            "spec: {podGC: {strategy: Now}}",
            ".spec.podGC.strategy \"Now\" is none of",
        ),
        (
            "spec: {templates: [{name: a, steps: []}]}",
            ".spec.templates[0].steps 0 are too few",
        ),
        (
            "spec: {templates: [{name: a, data: {source: {}}}]}",
            ".spec.templates[0].data there is no transformation",
        ),
        (
            "spec: {templates: [{name: a, container: {env: [{name: A}, {name: A}]}}]}",
            ".spec.templates[0].container.env[1] is there already",
        ),
        ("spec: {entrypiont: a}", ".spec.entrypiont is not known"),
        ("status: {}", " there is no spec"),
    ];
    for (text, fault) in cases {
        let text =
            format!("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{}}\n{text}");
        let read = read("case.yaml", text.as_bytes());
        let node = &read.objects[0].node;
        let value: Value = decode(node, &read.source, &mut Vec::new()).unwrap();
        let found = faults(&schemas, "Workflow", &value);
        assert!(
            found.len() == 1 && found[0].starts_with(fault),
            "{text}: {found:?}"
        );
    }
}

/// The engine writes what must be there even where it is empty, as Argo does.
#[test]
fn empty_lists_that_must_be_there_are_written() {
    let text = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: a}
spec:
  metrics: {prometheus: []}
  templates:
    - name: a
      data: {source: {}, transformation: []}
      metrics: {prometheus: [{name: a, help: a, histogram: {value: '1', buckets: []}}]}
";
    let read = read("case.yaml", text.as_bytes());
    let again = serde_json::to_value(&read.objects[0].value).unwrap();
    assert_eq!(faults(&schemas(), "Workflow", &again), [""; 0]);
}
