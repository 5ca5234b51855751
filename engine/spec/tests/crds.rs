//! The CustomResourceDefinitions in `deploy` are those that are made of the types, and those agree with Argo's where these are given.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use tiphys_spec::{Source, crd, decode};

/// What etcd takes of an object, in bytes.
const MOST: usize = 1_500_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(text: &[u8], name: &str) -> Value {
    let mut faults = Vec::new();
    let source = Source::parse(name, text, &mut faults);
    let value = decode(&source.documents[0], &source, &mut faults);
    assert!(
        !faults.iter().any(tiphys_spec::Diagnostic::is_error),
        "{name}: {faults:?}"
    );
    value.unwrap()
}

#[test]
fn the_files_are_those_that_are_made() {
    for (file, made) in crd::all(false) {
        let path = root().join("deploy/crds").join(&file);
        let found = std::fs::read(&path).unwrap_or_default();
        assert!(
            !found.is_empty() && read(&found, &file) == made,
            "{file} is not what is made: cargo run -p tiphys-spec --features schema --example crds -- deploy/crds"
        );
    }
}

#[test]
fn each_fits_into_etcd() {
    for (file, made) in crd::all(true) {
        let size = crd::text(&made, true).len();
        println!("{file}: {size} bytes");
        assert!(size < MOST, "{file}: {size}");
    }
}

fn reference() -> Option<PathBuf> {
    let folder = std::env::var_os("ARGO_SCHEMA").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| root().join("../shared/reference/schema"));
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: Argo's definitions are not given");
    None
}

/// What is the same in a definition with and without a schema.
fn form(definition: &Value) -> Value {
    let mut spec = definition["spec"].clone();
    let version = spec["versions"][0].as_object_mut().unwrap();
    version.remove("schema");
    // Empty is as good as not there.
    if version
        .get("subresources")
        .is_some_and(|of| of.as_object().is_some_and(Map::is_empty))
    {
        version.remove("subresources");
    }
    for column in version
        .get_mut("additionalPrinterColumns")
        .into_iter()
        .flat_map(|of| of.as_array_mut().unwrap())
    {
        let column = column.as_object_mut().unwrap();
        column.remove("description");
        column.remove("format");
    }
    spec
}

#[test]
fn names_scopes_columns_and_parts_are_argos() {
    let Some(folder) = reference() else { return };
    for (file, made) in crd::all(false) {
        let path = folder.join(format!("crds-minimal/argoproj.io_{file}"));
        let argos = read(&std::fs::read(&path).unwrap(), &file);
        assert_eq!(form(&made), form(&argos), "{file}");
        let schema =
            |of: &Value| of["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["required"].clone();
        assert_eq!(schema(&made), schema(&argos), "{file}");
    }
}

/// What may be said of a field beside its type and its text.
const KEYWORDS: [&str; 20] = [
    "default",
    "enum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "nullable",
    "pattern",
    "required",
    "uniqueItems",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-validations",
];

/// A field's type, and what is said of it.
struct Field {
    of: String,
    said: BTreeMap<&'static str, Value>,
}

fn field(schema: &Value) -> Field {
    let of = if schema["x-kubernetes-int-or-string"] == true {
        "int or string"
    } else {
        schema["type"].as_str().unwrap_or("any")
    };
    let said = KEYWORDS.iter().filter_map(|word| {
        let mut value = schema.get(*word)?.clone();
        if let ("required", Some(names)) = (*word, value.as_array_mut()) {
            names.sort_by_key(ToString::to_string);
        }
        Some((*word, value))
    });
    Field {
        of: of.to_owned(),
        said: said.collect(),
    }
}

/// Every field, by path.
fn fields(schema: &Value, at: &str, all: &mut BTreeMap<String, Field>) {
    all.insert(at.to_owned(), field(schema));
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        fields(field, &format!("{at}.{name}"), all);
    }
    for (part, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[part].is_object() {
            fields(&schema[part], &format!("{at}{mark}"), all);
        }
    }
}

fn schema_of(definition: &Value) -> BTreeMap<String, Field> {
    let mut all = BTreeMap::new();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    fields(schema, "", &mut all);
    all
}

/// The fields of which nothing is said.
fn unexplained(schema: &Value, at: &str, all: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        if !field["description"].is_string() {
            all.push(at.clone());
        }
        unexplained(field, &at, all);
    }
    for part in ["items", "additionalProperties"] {
        if schema[part].is_object() {
            unexplained(&schema[part], at, all);
        }
    }
}

#[test]
fn every_field_is_explained() {
    for (file, made) in crd::all(true) {
        let schema = &made["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let mut all = Vec::new();
        unexplained(schema, "", &mut all);
        // What every object has, Kubernetes explains; of a status it is not known what is in it.
        all.retain(|at| ![".apiVersion", ".kind", ".metadata", ".status"].contains(&at.as_str()));
        assert!(all.is_empty(), "{file} does not explain {all:?}");
    }
}

/// What differs, by the end of its path, and why.
const DIFFERENT: [(&str, &str); 6] = [
    (".withItems", "a list is all that it may be"),
    (".withItems[]", "a list is all that it may be"),
    (
        ".executorPlugins[].metadata.generateName",
        "all embedded metadata is alike",
    ),
    (".podCertificate.userAnnotations", "of a later Kubernetes"),
    (".podCertificate.userAnnotations{}", "of a later Kubernetes"),
    (
        ".schedules[]",
        "the engine reads more forms of schedules than Argo, and says what is wrong in one",
    ),
];

/// Whether a path is of what differs. A status has no schema: what controllers write is neither refused nor lost.
fn differs(path: &str) -> bool {
    path == ".status"
        || path.starts_with(".status.")
        || DIFFERENT.iter().any(|(end, _)| path.ends_with(end))
}

/// What is said of one field and not of the other.
fn compare(path: &str, our: &Field, argos: &Field, faults: &mut Vec<String>) {
    // A number or a boolean is the text that it is, as Argo's own reader takes it.
    let lenient = our.of == "any" && argos.of == "string";
    if our.of != argos.of && !lenient {
        faults.push(format!("{path} is {}, and {} there", our.of, argos.of));
    }
    for word in KEYWORDS {
        let (ours, theirs) = (our.said.get(word), argos.said.get(word));
        if ours != theirs {
            faults.push(format!("{path}: {word} is {ours:?}, and {theirs:?} there"));
        }
    }
}

#[test]
fn fields_types_and_rules_are_argos() {
    let Some(folder) = reference() else { return };
    let made: BTreeMap<String, Value> = crd::all(true).into_iter().collect();
    let mut faults = Vec::new();
    let (mut compared, mut said) = (0, 0);
    for kind in ["workflows", "cronworkflows"] {
        let file = std::fs::File::open(folder.join(format!("crd-{kind}-full.yaml.gz"))).unwrap();
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(file)
            .read_to_end(&mut text)
            .unwrap();
        let argos = schema_of(&read(&text, kind));
        let ours = schema_of(&made[&format!("{kind}.yaml")]);
        for (path, theirs) in argos.iter().filter(|(path, _)| !differs(path)) {
            compared += 1;
            said += theirs.said.len();
            match ours.get(path) {
                None => faults.push(format!("{kind} has no {path}")),
                Some(our) => compare(&format!("{kind}{path}"), our, theirs, &mut faults),
            }
        }
        let more = ours
            .keys()
            .filter(|path| !argos.contains_key(*path) && !differs(path));
        faults.extend(more.map(|path| format!("{kind}{path} is not there")));
    }
    println!("{compared} fields compared, and {said} things said of them");
    assert!(
        faults.is_empty(),
        "{} differ:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
