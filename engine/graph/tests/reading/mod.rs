//! Files to objects and plans, for the tests.
#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tiphys_graph::{Library, Origin, Planned, Purpose};
use tiphys_spec::{Object, ObjectValue, Read, Source, Workflow, read};

/// The folder of conformance data, where there is one.
pub fn conformance() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no conformance data beside the repository");
    None
}

/// Every file under `folder` with the ending `.yaml`, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

pub fn file(path: &Path) -> Read {
    let name = path.file_name().unwrap().to_string_lossy();
    read(&name, &std::fs::read(path).unwrap())
}

/// Everything that the files of a folder offer.
pub fn library(folder: &Path) -> Library {
    let mut library = Library::new();
    for entry in files(folder) {
        let read = file(&entry);
        for object in &read.objects {
            library.add(object, &read.source);
        }
    }
    library
}

/// The workflow that an object is or starts.
pub fn workflow(object: &Object) -> Option<Workflow> {
    match &object.value {
        ObjectValue::Workflow(workflow) => Some(Workflow::clone(workflow)),
        ObjectValue::CronWorkflow(cron) => {
            let metadata = cron.spec.workflow_metadata.clone().unwrap_or_default();
            Some(Workflow {
                metadata,
                spec: cron.spec.workflow_spec.clone()?,
                ..Workflow::default()
            })
        }
        _ => None,
    }
}

pub fn planned(
    object: &Object,
    source: &Arc<Source>,
    library: &Library,
    purpose: Purpose,
) -> Option<Planned> {
    Some(tiphys_graph::plan(
        &workflow(object)?,
        &Origin::new(source, &object.node),
        library,
        purpose,
    ))
}
