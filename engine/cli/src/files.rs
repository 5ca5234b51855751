//! Files that users name: found, read once, their objects sorted by what they are for.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use tiphys_graph::Library;
use tiphys_spec::{
    ClusterWorkflowTemplate, Diagnostic, Kind, Object, ObjectValue, Read, Source, WorkflowTemplate,
    diagnostic,
};

use crate::failure::Failure;
use crate::notation::{self, Notation};

/// What standard input is called.
pub const STDIN: &str = "<stdin>";

/// Reads one file, or standard input for `-`: its objects, whatever notation they are in.
pub fn read(path: &Path) -> Result<Read, Failure> {
    read_as(path, None)
}

/// As [`read`], with a name for standard input.
fn read_as(path: &Path, stdin_name: Option<&str>) -> Result<Read, Failure> {
    let bytes = bytes(path)?;
    Ok(match stdin_name {
        _ if !is_stdin(path) => notation::read(&path.display().to_string(), &bytes),
        Some(name) => notation::read(name, &bytes),
        None => notation::read_unnamed(STDIN, &bytes),
    })
}

pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// What a file, or standard input, holds.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if is_stdin(path) {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new(format!("read standard input: {error}")))?;
        return Ok(bytes);
    }
    let name = path.display().to_string();
    std::fs::read(path).map_err(|error| {
        let failure = Failure::new(format!("read {name}: {}", reason(&error)));
        match error.kind() {
            std::io::ErrorKind::NotFound => {
                failure.hint("check the path; `-` reads standard input")
            }
            std::io::ErrorKind::IsADirectory => {
                failure.hint("name the files in it, or give it with `--with`")
            }
            _ => failure,
        }
    })
}

/// Writes a file, and the folders it is in. Whoever reads it meanwhile sees all of the old or all of the new.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("write {}: {}", path.display(), reason(&error)))
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    // A link stays a link: what it leads to is written.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let replaced = std::fs::write(&beside, text)
        .and_then(|()| match std::fs::metadata(&path) {
            Ok(old) => std::fs::set_permissions(&beside, old.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| std::fs::rename(&beside, &path));
    replaced.map_err(|error| {
        // What could not be put in place is of no use.
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}

/// An I/O error without its number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

/// Reads files, and of folders every file that may hold an object of ours.
pub fn read_all(paths: &[PathBuf], stdin_name: Option<&str>) -> Result<Vec<Read>, Failure> {
    let mut reads = Vec::new();
    for path in paths {
        if path.is_dir() {
            for file in of_folder(path)? {
                reads.extend(relevant(&file)?);
            }
        } else {
            reads.push(read_as(path, stdin_name)?);
        }
    }
    Ok(reads)
}

/// Every `.flow`, YAML and JSON file of a folder and its folders.
pub fn of_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    walk(folder, &mut found)?;
    Ok(found)
}

/// The files of a folder and its folders, hidden ones left out, in the order of their names.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("read {}: {}", folder.display(), reason(&error)))
    };
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .map_err(failed)?
        .flatten()
        .collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        // A link to a folder is not followed: it may lead in a circle.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, found)?,
            _ if Notation::of_name(&path).is_none() || path.is_dir() => {}
            _ => found.push(path.strip_prefix("./").map_or(path.clone(), Path::to_owned)),
        }
    }
    Ok(())
}

/// A file of a folder, unless nothing in it can concern us.
fn relevant(path: &Path) -> Result<Option<Read>, Failure> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::new(format!("read {name}: {}", reason(&error))))?;
    let mentions = |word: &str| {
        bytes
            .windows(word.len())
            .any(|window| window == word.as_bytes())
    };
    let concerns = Notation::of_name(path) == Some(Notation::Flow)
        || mentions("argoproj.io")
        || mentions("ConfigMap")
        || mentions("Secret");
    Ok(concerns.then(|| notation::read(&name, &bytes)))
}

/// Objects that others may refer to.
#[derive(Default)]
pub struct Shelf {
    pub templates: Vec<WorkflowTemplate>,
    pub cluster_templates: Vec<ClusterWorkflowTemplate>,
    pub config_maps: Vec<ConfigMap>,
    pub secrets: Vec<Secret>,
    pub library: Library,
}

impl Shelf {
    /// Puts in what a file offers to others.
    pub fn add(&mut self, read: &Read) -> Result<(), Failure> {
        for object in &read.objects {
            self.add_object(object, &read.source)?;
        }
        Ok(())
    }

    fn add_object(&mut self, object: &Object, source: &Arc<Source>) -> Result<(), Failure> {
        self.library.add(object, source);
        match &object.value {
            ObjectValue::WorkflowTemplate(template) => self.templates.push((**template).clone()),
            ObjectValue::ClusterWorkflowTemplate(template) => {
                self.cluster_templates.push((**template).clone())
            }
            ObjectValue::ConfigMap(map) => self.config_maps.push((**map).clone()),
            ObjectValue::Other { kind, value, .. } if kind == "Secret" => {
                let secret = serde_json::from_value(value.clone());
                // The cause may quote the secret: it is not told.
                self.secrets.push(secret.map_err(|_| {
                    Failure::new(format!(
                        "read a Secret in {}: a field has the wrong type",
                        source.name
                    ))
                })?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether an object can be run.
pub fn is_runnable(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Workflow
            | Kind::WorkflowTemplate
            | Kind::ClusterWorkflowTemplate
            | Kind::CronWorkflow
    )
}

/// What is wrong with files, told together with the texts.
#[derive(Default)]
pub struct Faults {
    pub diagnostics: Vec<Diagnostic>,
    pub sources: Vec<Arc<Source>>,
}

impl Faults {
    pub fn of(reads: &[Read]) -> Faults {
        let diagnostics = reads
            .iter()
            .flat_map(|read| read.diagnostics.iter().cloned())
            .collect();
        Faults {
            diagnostics,
            sources: reads.iter().map(|read| Arc::clone(&read.source)).collect(),
        }
    }

    pub fn add(&mut self, diagnostics: Vec<Diagnostic>) {
        self.diagnostics.extend(diagnostics);
    }

    /// In the order of the texts, each once.
    pub fn settle(&mut self) {
        let order = |fault: &Diagnostic| {
            self.sources
                .iter()
                .position(|source| source.name == fault.source)
        };
        let place = |fault: &Diagnostic| {
            (
                order(fault),
                fault.span.map(|span| span.start.offset),
                fault.severity,
            )
        };
        let mut keyed: Vec<_> = std::mem::take(&mut self.diagnostics)
            .into_iter()
            .map(|fault| (place(&fault), fault))
            .collect();
        keyed.sort_by_key(|(place, _)| *place);
        self.diagnostics = keyed.into_iter().map(|(_, fault)| fault).collect();
        self.diagnostics.dedup();
    }

    pub fn has_errors(&self) -> bool {
        diagnostic::has_errors(&self.diagnostics)
    }
}
