//! What a pod leaves behind: parameters, artifacts, the result.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use tiphys_core::PodIntent;
use tiphys_spec as spec;

use super::Ground;
use super::stage::Files;
use crate::artifacts::{Find, tree};
use crate::sandbox::Exit;

/// Only so much of the end of standard output is a result.
const RESULT: u64 = 256 << 10;

/// A larger file is no parameter.
const PARAMETER: u64 = 16 << 20;

#[derive(Default)]
pub(super) struct Outputs {
    /// Content of each file that was asked for; none where the file is missing.
    pub parameters: Vec<(String, Option<String>)>,
    pub result: Option<String>,
    pub artifacts: Vec<spec::Artifact>,
    /// The first thing that went wrong.
    pub fault: Option<String>,
}

/// Reads and saves what was collected. Doing it twice does no harm.
pub(super) fn take(ground: &Ground, intent: &PodIntent, files: &Files<'_>, exit: &Exit) -> Outputs {
    let mut outputs = Outputs::default();
    if intent.capture_result {
        match tail(&files.stdout()) {
            Ok(text) => outputs.result = Some(text),
            Err(error) => outputs.failed(format!("failed to read the result: {error}")),
        }
    }
    for (index, wanted) in intent.parameters.iter().enumerate() {
        match parameter(&files.parameter(index)) {
            Ok(value) => outputs.parameters.push((wanted.name.clone(), value)),
            Err(reason) => outputs.failed(format!(
                "failed to read output parameter `{}` from {}: {reason}",
                wanted.name, wanted.path
            )),
        }
    }
    let prefix = prefix(ground, intent);
    for (index, artifact) in intent.artifacts.iter().enumerate() {
        match save(ground, artifact, &files.artifact(index), &prefix, exit) {
            Ok(saved) => outputs.artifacts.extend(saved),
            Err(reason) => outputs.failed(format!(
                "failed to save output artifact `{}`: {reason}",
                artifact.name
            )),
        }
    }
    let logs = match &intent.template.container_set {
        Some(set) => set
            .containers
            .iter()
            .map(|node| node.name.as_str())
            .collect(),
        None => vec!["main"],
    };
    let logs = logs
        .into_iter()
        .filter(|name| archives_logs(ground, intent) && files.log(name).exists());
    for name in logs {
        match ground.artifacts.save_log(name, &files.log(name), &prefix) {
            Ok(saved) => outputs.artifacts.push(saved),
            Err(error) => outputs.failed(format!("failed to save the log: {error}")),
        }
    }
    outputs
}

impl Outputs {
    fn failed(&mut self, reason: String) {
        self.fault.get_or_insert(reason);
    }
}

fn prefix(ground: &Ground, intent: &PodIntent) -> String {
    let own = intent
        .template
        .archive_location
        .as_deref()
        .and_then(|location| location.s3.as_ref()?.key.clone());
    let own = own.filter(|key| !key.is_empty());
    own.unwrap_or_else(|| format!("{}/{}", ground.folder.name(), intent.name))
        .trim_matches('/')
        .to_owned()
}

fn archives_logs(ground: &Ground, intent: &PodIntent) -> bool {
    let template = intent
        .template
        .archive_location
        .as_deref()
        .and_then(|location| location.archive_logs);
    ground.archive_logs
        || template
            .or(ground.plan.workflow.spec.archive_logs)
            .unwrap_or(false)
}

fn save(
    ground: &Ground,
    artifact: &spec::Artifact,
    collected: &Path,
    prefix: &str,
    exit: &Exit,
) -> Result<Option<spec::Artifact>, String> {
    let path = artifact.path.as_deref().unwrap_or_default();
    let name = Path::new(path)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    if fs::symlink_metadata(collected).is_err() {
        // It was saved, and the collected copy removed, before a kill.
        let was_there = exit
            .collected
            .iter()
            .any(|there| there == &Path::new(path).components().collect::<std::path::PathBuf>());
        let saved = was_there
            .then(|| ground.artifacts.saved(artifact, &name, prefix))
            .flatten();
        return match saved {
            None if !artifact.optional.unwrap_or(false) => {
                Err(format!("there is nothing at {path}"))
            }
            saved => Ok(saved),
        };
    }
    let found = Find {
        path: collected,
        name: &name,
        ours: true,
    };
    let saved = ground
        .artifacts
        .save(artifact, &found, prefix)
        .map_err(|error| error.to_string())?;
    let _ = tree::remove(collected);
    Ok(Some(saved))
}

fn parameter(file: &Path) -> Result<Option<String>, String> {
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(meta) if meta.is_dir() => return Err("it is a folder".to_owned()),
        Ok(meta) if meta.len() > PARAMETER => {
            return Err(format!(
                "it is larger than {} MiB; make it an artifact",
                PARAMETER >> 20
            ));
        }
        Ok(_) => {}
    }
    fs::read(file)
        .map(|bytes| Some(trimmed(bytes)))
        .map_err(|error| error.to_string())
}

fn tail(file: &Path) -> io::Result<String> {
    let mut file = match File::open(file) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(RESULT)))?;
    let mut bytes = Vec::new();
    file.take(RESULT).read_to_end(&mut bytes)?;
    Ok(trimmed(bytes))
}

/// As text, less one newline at its end.
fn trimmed(mut bytes: Vec<u8>) -> String {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
