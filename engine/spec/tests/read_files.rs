//! The reference engine's own example files, where they are at hand: all read, and what is written reads the same.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tiphys_spec::write::{to_json, to_yaml};
use tiphys_spec::{ObjectValue, Read, read};

/// Files that are odd on purpose, each with all that is said of it.
const ODD: &[(&str, &[&str])] = &[(
    "k8s-patch-json-workflow.yaml",
    &[
        "k8s-patch-json-workflow.yaml:13:3: warning[duplicate-key]: the key `annotations` is set twice in this map: \
       what line 6 says is lost (put both under one key)",
    ],
)];

fn examples() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/workflows");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path: PathBuf = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|e| e == "yaml" || e == "yml" || e == "json")
            {
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                files.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    if files.is_empty() {
        println!("skipped: no examples at {}", root.display());
    }
    files.sort();
    files
}

#[test]
fn reads_every_example() {
    let files = examples();
    let start = Instant::now();
    let reads: Vec<Read> = files
        .iter()
        .map(|(name, bytes)| read(name, bytes))
        .collect();
    println!("{} files in {:?}", files.len(), start.elapsed());
    let mut faults = Vec::new();
    for read in &reads {
        assert!(read.is_sound(), "{:?}", read.diagnostics);
        let said: Vec<String> = read.diagnostics.iter().map(ToString::to_string).collect();
        let expected = ODD
            .iter()
            .find(|(name, _)| **name == *read.source.name)
            .map_or(&[][..], |(_, said)| said);
        if said != expected {
            faults.extend(said);
        }
    }
    assert!(
        faults.is_empty(),
        "{}\n{} lines",
        faults.join("\n"),
        faults.len()
    );
}

#[test]
fn writes_what_it_reads() {
    for (name, bytes) in examples() {
        for object in read(&name, &bytes).objects {
            let json = serde_json::to_value(&object.value).unwrap();
            for text in [
                to_yaml(&object.value).unwrap(),
                to_json(&object.value).unwrap(),
            ] {
                let again = read(&name, text.as_bytes());
                assert!(
                    again.diagnostics.is_empty(),
                    "{name}: {:?}\n{text}",
                    again.diagnostics
                );
                assert_eq!(again.objects.len(), 1, "{name}\n{text}");
                assert_eq!(again.objects[0].value, object.value, "{name}\n{text}");
                let plain: serde_json::Value =
                    serde_json::to_value(&again.objects[0].value).unwrap();
                assert_eq!(plain, json, "{name}\n{text}");
            }
        }
    }
}

/// Nothing of what a file says is lost on the way into the types.
#[test]
fn loses_nothing() {
    for (name, bytes) in examples() {
        for object in read(&name, &bytes).objects {
            if matches!(object.value, ObjectValue::Other { .. }) {
                continue;
            }
            let mut said = Vec::new();
            let mut all = Vec::new();
            let raw: serde_json::Value =
                tiphys_spec::decode(&object.node, &read(&name, &bytes).source, &mut said).unwrap();
            missing(
                &raw,
                &serde_json::to_value(&object.value).unwrap(),
                &name,
                &mut all,
            );
            assert!(all.is_empty(), "{}", all.join("\n"));
        }
    }
}

/// What `before` has and `after` has not; empty values and text that was a number or boolean are let through.
fn missing(before: &serde_json::Value, after: &serde_json::Value, at: &str, out: &mut Vec<String>) {
    use serde_json::Value::{Array, Null, Object, String};
    match (before, after) {
        (Object(a), Object(b)) => {
            for (key, value) in a {
                let at = format!("{at}.{key}");
                match b.get(key) {
                    Some(other) => missing(value, other, &at, out),
                    None if matches!(value, Null) => {}
                    None if value.as_object().is_some_and(serde_json::Map::is_empty) => {}
                    None if value.as_array().is_some_and(Vec::is_empty) => {}
                    None => out.push(format!("{at} lost: {value}")),
                }
            }
        }
        (Array(a), Array(b)) if a.len() == b.len() => {
            a.iter()
                .zip(b)
                .enumerate()
                .for_each(|(i, (a, b))| missing(a, b, &format!("{at}[{i}]"), out));
        }
        (a, String(text)) if a.is_number() || a.is_boolean() => {
            let written = a.to_string();
            if written != *text {
                out.push(format!("{at}: {a} became {text:?}"));
            }
        }
        (a, b) if a == b => {}
        (a, b) => out.push(format!("{at}: {a} became {b}")),
    }
}
