//! Which repository the artifacts of a workflow are in. Source: Argo's order of places, and its `status.artifactRepositoryRef`.

use crate::client::{patiently, told};
use crate::ground::Ground;
use crate::workflow::Id;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, ResourceExt};
use serde_json::{Map, Value, json};
use tiphys_spec as spec;

/// The ConfigMap of a namespace that holds its repositories, unless a workflow names another.
const CONFIG_MAP: &str = "artifact-repositories";
/// Annotation of it: the key that counts where none is named.
const DEFAULT: &str = "workflows.argoproj.io/default-artifact-repository";
/// What a key is made of where the repository does not say it.
const KEY: &str = "{{workflow.name}}/{{pod.name}}";
/// What each driver calls a key, and the form of keys in a repository.
const DRIVERS: [(&str, &str, &str); 7] = [
    ("artifactory", "url", "keyFormat"),
    ("azure", "blob", "blobNameFormat"),
    ("gcs", "key", "keyFormat"),
    ("hdfs", "path", "pathFormat"),
    ("oss", "key", "keyFormat"),
    ("plugin", "key", "keyFormat"),
    ("s3", "key", "keyFormat"),
];

/// A repository as `status.artifactRepositoryRef` holds it for the workflow's life, so that later changes elsewhere are none to it.
pub(crate) type Found = spec::ArtifactRepositoryRefStatus;

/// Looks for the repository of a workflow: the one on record, that which it names, its namespace's, the controller's; none if nobody has
/// one.
///
/// # Errors
/// What the workflow names is not there, or is not a repository. A fragment that fits after "failed to ".
pub(crate) async fn find(
    ground: &Ground,
    id: &Id,
    known: Option<Found>,
    named: Option<&spec::ArtifactRepositoryRef>,
) -> Result<Option<Found>, String> {
    if known
        .as_ref()
        .is_some_and(|known| known.artifact_repository.is_some())
    {
        return Ok(known);
    }
    let map = named.and_then(|named| named.config_map.as_deref());
    let key = named.and_then(|named| named.key.as_deref());
    let own = [id.namespace.as_str(), ground.settings.home.as_str()];
    // Only who names a ConfigMap means the controller's namespace, too.
    let places = &own[..if named.is_some() { 2 } else { 1 }];
    for namespace in places.iter().filter(|namespace| !namespace.is_empty()) {
        if let Some(found) = look(ground, namespace, map.unwrap_or(CONFIG_MAP), key).await? {
            return Ok(Some(found));
        }
    }
    if named.is_some() {
        let (map, key) = (map.unwrap_or(CONFIG_MAP), key.unwrap_or("its default"));
        return Err(format!(
            "find the artifact repository: ConfigMap `{map}` with the key `{key}` is not in the namespaces {}",
            own.join(", ")
        ));
    }
    let default = ground.settings.options.repository.clone();
    Ok(default.map(|repository| Found {
        artifact_repository: Some(repository),
        default: Some(true),
        ..Found::default()
    }))
}

async fn look(
    ground: &Ground,
    namespace: &str,
    name: &str,
    key: Option<&str>,
) -> Result<Option<Found>, String> {
    let fault = |reason: String| {
        format!(
            "read the artifact repository from ConfigMap `{name}` of namespace `{namespace}`: {reason}"
        )
    };
    let maps: Api<ConfigMap> = Api::namespaced(ground.client.clone(), namespace);
    let found = patiently("read an artifact repository", || maps.get_opt(name)).await;
    let Some(found) = found.map_err(|error| fault(told(&error)))? else {
        return Ok(None);
    };
    let default = found.annotations().get(DEFAULT).cloned();
    let Some(key) = key.map(str::to_owned).or(default) else {
        return Ok(None);
    };
    let Some(text) = found.data.unwrap_or_default().remove(&key) else {
        return Ok(None);
    };
    let mut faults = Vec::new();
    let source = spec::Source::parse(&key, text.as_bytes(), &mut faults);
    let node = source.documents.first();
    let read = node.and_then(|node| spec::decode(node, &source, &mut faults));
    match (read, faults.iter().find(|fault| fault.is_error())) {
        (Some(repository), None) => Ok(Some(Found {
            artifact_repository: Some(repository),
            config_map: Some(name.to_owned()),
            default: None,
            key: Some(key),
            namespace: Some(namespace.to_owned()),
        })),
        (_, Some(wrong)) => Err(fault(format!("`{key}`: {}", wrong.message))),
        (None, None) => Err(fault(format!("`{key}` is empty"))),
    }
}

/// The repository as the `archiveLocation` of every template that has none of its own; its key is not replaced yet.
pub(crate) fn location(repository: &spec::ArtifactRepository) -> spec::ArtifactLocation {
    let repository = serde_json::to_value(repository).unwrap_or_default();
    let mut location = Map::new();
    if let Some(logs) = repository.get("archiveLogs") {
        location.insert("archiveLogs".to_owned(), logs.clone());
    }
    for (driver, key, format) in DRIVERS {
        let Some(Value::Object(mut fields)) = repository.get(driver).cloned() else {
            continue;
        };
        let format = fields.remove(format);
        let prefix = fields.remove("keyPrefix");
        let root = fields.remove("repoURL");
        let text =
            |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        let form = text(&format).filter(|form| !form.is_empty());
        let form = form.unwrap_or_else(|| joined(text(&prefix), KEY));
        fields.insert(key.to_owned(), joined(text(&root), &form).into());
        location.insert(driver.to_owned(), Value::Object(fields));
    }
    // A repository's fields are those of its driver's location, but for the ones taken out.
    serde_json::from_value(json!(location)).unwrap_or_default()
}

fn joined(before: Option<String>, after: &str) -> String {
    match before.filter(|before| !before.is_empty()) {
        Some(before) => format!("{}/{after}", before.trim_end_matches('/')),
        None => after.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_repository_becomes_the_place_of_every_template() {
        for (repository, want) in [
            (
                json!({"archiveLogs": true, "s3": {"bucket": "b", "endpoint": "e", "keyFormat": "x/{{pod.name}}"}}),
                json!({"archiveLogs": true, "s3": {"bucket": "b", "endpoint": "e", "key": "x/{{pod.name}}"}}),
            ),
            (
                json!({"s3": {"bucket": "b", "keyPrefix": "p/"}}),
                json!({"s3": {"bucket": "b", "key": "p/{{workflow.name}}/{{pod.name}}"}}),
            ),
            (
                json!({"gcs": {"bucket": "b"}}),
                json!({"gcs": {"bucket": "b", "key": "{{workflow.name}}/{{pod.name}}"}}),
            ),
            (
                json!({"azure": {"container": "c", "endpoint": "e", "blobNameFormat": "f"}}),
                json!({"azure": {"container": "c", "endpoint": "e", "blob": "f"}}),
            ),
            (
                json!({"artifactory": {"repoURL": "http://a/r/"}}),
                json!({"artifactory": {"url": "http://a/r/{{workflow.name}}/{{pod.name}}"}}),
            ),
            (
                json!({"hdfs": {"addresses": ["a"], "pathFormat": "/p"}}),
                json!({"hdfs": {"addresses": ["a"], "path": "/p"}}),
            ),
        ] {
            let repository = serde_json::from_value(repository).unwrap();
            assert_eq!(serde_json::to_value(location(&repository)).unwrap(), want);
        }
    }
}
