//! The CustomResourceDefinitions of the eight kinds, made of the types here.
//!
//! In two forms. Bare: the API server keeps what is written, and the engine says what is wrong in it, and where. With a schema: the API server
//! refuses what it does not know or what Argo's definitions forbid, and `kubectl explain` knows all fields; what it says of a fault is less.

mod rules;

use crate::types::{
    ClusterWorkflowTemplate, CronWorkflow, Workflow, WorkflowArtifactGCTask, WorkflowEventBinding,
    WorkflowTaskResult, WorkflowTaskSet, WorkflowTemplate,
};
use rules::Rules;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// What the API server knows of a kind beside its fields. Source: Argo's definitions.
struct Form {
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    cluster: bool,
    /// Name, type, path and description.
    columns: &'static [[&'static str; 4]],
    /// `status` is written apart.
    apart: bool,
    /// The parts beside metadata, and whether each must be there; none: whatever is there.
    parts: &'static [(&'static str, bool)],
    schema: fn(&mut SchemaGenerator) -> Value,
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

const SPEC: (&str, bool) = ("spec", true);
const STATUS: (&str, bool) = ("status", false);

const FORMS: [Form; 8] = [
    Form {
        kind: "ClusterWorkflowTemplate",
        plural: "clusterworkflowtemplates",
        short: &["clusterwftmpl", "cwft"],
        cluster: true,
        columns: &[],
        apart: false,
        parts: &[SPEC],
        schema: of::<ClusterWorkflowTemplate>,
    },
    Form {
        kind: "CronWorkflow",
        plural: "cronworkflows",
        short: &["cwf", "cronwf"],
        cluster: false,
        columns: &[],
        apart: false,
        parts: &[SPEC, STATUS],
        schema: of::<CronWorkflow>,
    },
    Form {
        kind: "WorkflowArtifactGCTask",
        plural: "workflowartifactgctasks",
        short: &["wfat"],
        cluster: false,
        columns: &[],
        apart: true,
        parts: &[SPEC, STATUS],
        schema: of::<WorkflowArtifactGCTask>,
    },
    Form {
        kind: "WorkflowEventBinding",
        plural: "workfloweventbindings",
        short: &["wfeb"],
        cluster: false,
        columns: &[],
        apart: false,
        parts: &[SPEC],
        schema: of::<WorkflowEventBinding>,
    },
    Form {
        kind: "Workflow",
        plural: "workflows",
        short: &["wf"],
        cluster: false,
        columns: &[
            ["Status", "string", ".status.phase", "How far it is"],
            ["Age", "date", ".status.startedAt", "Since it began"],
            ["Message", "string", ".status.message", "Why it is as it is"],
        ],
        apart: false,
        parts: &[SPEC, STATUS],
        schema: of::<Workflow>,
    },
    Form {
        kind: "WorkflowTaskResult",
        plural: "workflowtaskresults",
        short: &[],
        cluster: false,
        columns: &[],
        apart: false,
        parts: &[],
        schema: of::<WorkflowTaskResult>,
    },
    Form {
        kind: "WorkflowTaskSet",
        plural: "workflowtasksets",
        short: &["wfts"],
        cluster: false,
        columns: &[],
        apart: true,
        parts: &[SPEC, STATUS],
        schema: of::<WorkflowTaskSet>,
    },
    Form {
        kind: "WorkflowTemplate",
        plural: "workflowtemplates",
        short: &["wftmpl"],
        cluster: false,
        columns: &[],
        apart: false,
        parts: &[SPEC],
        schema: of::<WorkflowTemplate>,
    },
];

/// All of them, each with the name of its file. `schema`: with one.
#[must_use]
pub fn all(schema: bool) -> Vec<(String, Value)> {
    let rules = Rules::read();
    let rules = schema.then_some(&rules);
    FORMS.iter().map(|form| definition(form, rules)).collect()
}

/// One of them as the text of its file. With a schema it is JSON, for it is long.
#[must_use]
pub fn text(definition: &Value, schema: bool) -> String {
    if schema {
        return definition.to_string();
    }
    let kind = definition["spec"]["names"]["kind"]
        .as_str()
        .unwrap_or_default();
    // Strings, lists and maps: nothing that could fail to be YAML.
    let yaml = crate::write::to_yaml(definition).unwrap_or_default();
    format!(
        "# {kind}: what is in it is checked by the engine, which says where a fault is; the API server keeps it as it is written.\n{yaml}"
    )
}

fn definition(form: &Form, rules: Option<&Rules>) -> (String, Value) {
    let kind = form.kind;
    let mut names = json!({
        "kind": kind,
        "listKind": format!("{kind}List"),
        "plural": form.plural,
        "singular": kind.to_lowercase(),
    });
    if !form.short.is_empty() {
        names["shortNames"] = json!(form.short);
    }
    let mut version = json!({"name": "v1alpha1", "served": true, "storage": true});
    if form.apart {
        version["subresources"] = json!({"status": {}});
    }
    let columns = form.columns.iter().map(|[name, of, path, what]| {
        json!({"name": name, "type": of, "jsonPath": path, "description": what})
    });
    let columns: Vec<Value> = columns.collect();
    if !columns.is_empty() {
        version["additionalPrinterColumns"] = columns.into();
    }
    let form_of = rules.map_or_else(|| bare(form), |rules| typed(form, rules));
    version["schema"] = json!({"openAPIV3Schema": form_of});
    let whole = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{}.argoproj.io", form.plural)},
        "spec": {
            "group": "argoproj.io",
            "names": names,
            "scope": if form.cluster { "Cluster" } else { "Namespaced" },
            "versions": [version],
        },
    });
    (format!("{}.yaml", form.plural), whole)
}

/// What every object has.
fn frame(form: &Form) -> Value {
    let must = form.parts.iter().filter(|(_, must)| *must);
    let must: Vec<&str> = ["metadata"]
        .into_iter()
        .chain(must.map(|(name, _)| *name))
        .collect();
    json!({
        "type": "object",
        "required": must,
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
        },
    })
}

fn kept() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

fn bare(form: &Form) -> Value {
    let mut schema = frame(form);
    if form.parts.is_empty() {
        schema["x-kubernetes-preserve-unknown-fields"] = true.into();
    }
    for (part, _) in form.parts {
        schema["properties"][part] = kept();
    }
    schema
}

fn typed(form: &Form, rules: &Rules) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let root = (form.schema)(&mut generator);
    let definitions = generator.take_definitions(true);
    let mut whole = Structural {
        definitions: &definitions,
        rules,
        open: Vec::new(),
    }
    .of(&root);
    if form.apart {
        unruled(&mut whole);
    }
    let mut schema = frame(form);
    let Some(fields) = whole["properties"].as_object_mut() else {
        return schema;
    };
    for (name, of) in std::mem::take(fields) {
        // A status is written by controllers: there is nothing of it to refuse, and nothing that may be lost.
        let of = if name == "status" { kept() } else { of };
        let known = schema["properties"].as_object_mut();
        known.map(|known| known.entry(name).or_insert(of));
    }
    schema
}

/// Makes structural schemas of JSON schemas. Source: Kubernetes, "Specifying a structural schema": no references, no alternatives, no
/// `null`.
struct Structural<'a> {
    definitions: &'a Map<String, Value>,
    rules: &'a Rules,
    /// The types in which this place is: none is within itself.
    open: Vec<String>,
}

/// The keywords that are taken as they are.
const PLAIN: [&str; 5] = [
    "type",
    "enum",
    "format",
    "required",
    "x-kubernetes-preserve-unknown-fields",
];
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";
const KEPT: &str = "x-kubernetes-preserve-unknown-fields";

impl Structural<'_> {
    fn of(&mut self, schema: &Value) -> Value {
        let Some(fields) = schema.as_object() else {
            return json!({KEPT: true});
        };
        if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
            return self.named(name, described(fields));
        }
        let options = ["anyOf", "oneOf"]
            .iter()
            .find_map(|key| fields.get(*key)?.as_array());
        if let Some(options) = options {
            return self.one_of(options, described(fields));
        }
        let mut new = Map::new();
        if let Some(text) = described(fields) {
            new.insert("description".to_owned(), first(text));
        }
        if fields.contains_key(INT_OR_STRING) {
            new.insert(INT_OR_STRING.to_owned(), true.into());
            return new.into();
        }
        for name in PLAIN {
            if let Some(value) = fields.get(name) {
                new.insert(name.to_owned(), value.clone());
            }
        }
        // `T | null` is T: what is null is not there.
        if let Some(Value::Array(types)) = fields.get("type") {
            let first = types.iter().find(|one| *one != "null");
            new.insert("type".to_owned(), first.cloned().unwrap_or_default());
        }
        if let Some(properties) = fields.get("properties").and_then(Value::as_object) {
            let properties = properties
                .iter()
                .map(|(name, of)| (name.clone(), self.of(of)));
            let properties: Map<String, Value> = properties.collect();
            new.insert("properties".to_owned(), properties.into());
        }
        for name in ["items", "additionalProperties"] {
            if let Some(of) = fields.get(name).filter(|of| of.is_object()) {
                new.insert(name.to_owned(), self.of(of));
            }
        }
        match fields.get("additionalProperties") {
            Some(Value::Bool(true)) => _ = new.insert(KEPT.to_owned(), true.into()),
            _ if new.is_empty() => _ = new.insert(KEPT.to_owned(), true.into()),
            _ => {}
        }
        new.into()
    }

    /// A named type in place of its name.
    fn named(&mut self, reference: &str, description: Option<&str>) -> Value {
        let name = reference.rsplit('/').next().unwrap_or(reference).to_owned();
        let mut new = if self.open.contains(&name) {
            json!({KEPT: true})
        } else if name.ends_with(".ObjectMeta") {
            metadata()
        } else if name.ends_with(".Quantity") {
            json!({INT_OR_STRING: true, "pattern": QUANTITY})
        } else {
            let known = self.definitions.get(&name).cloned().unwrap_or_default();
            self.open.push(name.clone());
            let mut new = self.of(&known);
            self.open.pop();
            self.rules.apply(&name, &mut new);
            new
        };
        self.rules.describe(&name, &mut new);
        if let Some(fields) = new.as_object_mut() {
            // What a type says of itself is said where it is used, if there.
            fields.remove("description");
            if let Some(text) = description {
                fields.insert("description".to_owned(), first(text));
            }
        }
        new
    }

    fn one_of(&mut self, options: &[Value], description: Option<&str>) -> Value {
        let some: Vec<&Value> = options.iter().filter(|one| one["type"] != "null").collect();
        let words: Vec<&Value> = some.iter().filter_map(|one| one.get("const")).collect();
        let mut new = match some[..] {
            [one] => self.of(one),
            _ if words.len() == some.len() => json!({"type": "string", "enum": words}),
            _ => json!({KEPT: true}),
        };
        if let (Some(fields), Some(text)) = (new.as_object_mut(), description) {
            fields.insert("description".to_owned(), first(text));
        }
        new
    }
}

/// Of the metadata of what is embedded, what one may set. Source: Argo's definitions.
fn metadata() -> Value {
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    json!({"type": "object", "properties": {
        "annotations": texts,
        "finalizers": {"type": "array", "items": {"type": "string"}},
        "generateName": {"type": "string"},
        "labels": texts,
        "name": {"type": "string"},
        "namespace": {"type": "string"},
    }})
}

/// Without expressions: what controllers write for each other has maps of any size, for which API servers find expressions too dear.
fn unruled(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove("x-kubernetes-validations");
            fields.values_mut().for_each(unruled);
        }
        Value::Array(all) => all.iter_mut().for_each(unruled),
        _ => {}
    }
}

fn described(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("description")?.as_str()
}

/// The first sentence: Kubernetes explains its own types at length, and definitions have a limit.
fn first(text: &str) -> Value {
    let text = text.lines().next().unwrap_or_default();
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text[..end].into()
}

const QUANTITY: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";
