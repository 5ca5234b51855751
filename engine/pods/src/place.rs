//! Where artifacts are: an artifact says all of it, or a key, or nothing; the rest is the repository's. Source: Argo's key-only artifacts.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use tiphys_spec as spec;

/// The drivers of repositories: what each calls a key, and the field without which an artifact is in the repository.
const DRIVERS: [(&str, &str, &str); 7] = [
    ("artifactory", "url", "url"),
    ("azure", "blob", "container"),
    ("gcs", "key", "bucket"),
    ("hdfs", "path", "addresses"),
    ("oss", "key", "bucket"),
    ("plugin", "key", "configuration"),
    ("s3", "key", "bucket"),
];
/// Those of which an artifact says all itself.
const OWN: [&str; 3] = ["git", "http", "raw"];

/// An artifact with its place.
#[derive(Debug, PartialEq)]
pub struct Placed {
    /// All that it takes to reach it.
    pub whole: spec::Artifact,
    /// As a node's status holds it: what is the repository's is left out.
    pub recorded: spec::Artifact,
}

/// Why an artifact has no place.
#[derive(Debug, PartialEq, Eq)]
pub enum Unplaced {
    NoRepository,
    Ambiguous,
}

/// Finds the place of an artifact. `location`: the repository, its key replaced; `name`: the file's, if the artifact may be given a key.
///
/// # Errors
/// There is no repository to take the rest of, or there are several.
pub fn place(
    artifact: &spec::Artifact,
    location: Option<&spec::ArtifactLocation>,
    name: Option<&str>,
) -> Result<Placed, Unplaced> {
    let fields = object(artifact);
    if OWN.iter().any(|driver| fields.contains_key(*driver)) {
        return Ok(same(artifact));
    }
    let repository = location.map(object).unwrap_or_default();
    let named = DRIVERS.iter().find(|(driver, key, _)| {
        let key = fields
            .get(*driver)
            .and_then(|of| of.get(key))
            .and_then(Value::as_str);
        key.is_some_and(|key| !key.is_empty())
    });
    let (driver, key, own) = match named {
        Some((driver, key, root)) => {
            let own = fields[*driver].clone();
            if own.get(root).is_some_and(|root| !empty(root)) {
                return Ok(same(artifact));
            }
            (*driver, *key, own)
        }
        None => {
            let known: Vec<_> = DRIVERS
                .iter()
                .filter(|(driver, ..)| repository.contains_key(*driver))
                .collect();
            let (driver, key, _) = match known[..] {
                [one] => one,
                [] => return Err(Unplaced::NoRepository),
                _ => return Err(Unplaced::Ambiguous),
            };
            let name = name.ok_or(Unplaced::NoRepository)?;
            let folder = repository[*driver].get(key).and_then(Value::as_str);
            let folder = folder.unwrap_or_default().trim_end_matches('/');
            let at = match folder {
                "" => name.to_owned(),
                folder => format!("{folder}/{name}"),
            };
            let own = Map::from_iter([((*key).to_owned(), at.into())]);
            (*driver, *key, Value::Object(own))
        }
    };
    let Some(Value::Object(mut whole)) = repository.get(driver).cloned() else {
        return Err(Unplaced::NoRepository);
    };
    let own = own.as_object().cloned().unwrap_or_default();
    let recorded = own.iter().filter(|(field, _)| *field == key);
    let recorded: Map<_, _> = recorded
        .map(|(field, of)| (field.clone(), of.clone()))
        .collect();
    whole.extend(own);
    let with = |of: Map<String, Value>| {
        let mut fields = fields.clone();
        fields.insert(driver.to_owned(), Value::Object(of));
        // The fields of an artifact's driver and of a location's are the same.
        serde_json::from_value(Value::Object(fields)).unwrap_or_else(|_| artifact.clone())
    };
    Ok(Placed {
        whole: with(whole),
        recorded: with(recorded),
    })
}

/// Finds where to list: no key are all keys of the repository's bucket, and a bucket without a server or keys is one of its server's.
///
/// # Errors
/// There is no repository to take the rest of, or there are several.
pub fn place_of_many(
    artifact: &spec::Artifact,
    location: Option<&spec::ArtifactLocation>,
) -> Result<spec::Artifact, Unplaced> {
    let fields = object(artifact);
    let repository = location.map(object).unwrap_or_default();
    let of = |from: &Map<String, Value>| {
        let there = DRIVERS
            .iter()
            .filter(|(driver, ..)| from.contains_key(*driver));
        there.copied().collect::<Vec<_>>()
    };
    let named = match of(&fields)[..] {
        [] => of(&repository),
        ref own => own.to_vec(),
    };
    let (driver, key) = match named[..] {
        [(driver, key, _)] => (driver, key),
        [] => return Err(Unplaced::NoRepository),
        _ => return Err(Unplaced::Ambiguous),
    };
    let own = fields
        .get(driver)
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let whole = |(field, value): (&String, &Value)| {
        (field == "endpoint" || field.ends_with("Secret")) && !empty(value)
    };
    if own.iter().any(whole) {
        return Ok(artifact.clone());
    }
    let Some(Value::Object(mut rest)) = repository.get(driver).cloned() else {
        return Err(Unplaced::NoRepository);
    };
    rest.remove(key);
    rest.extend(own);
    let mut fields = fields;
    fields.insert(driver.to_owned(), Value::Object(rest));
    // The fields of an artifact's driver and of a location's are the same.
    Ok(serde_json::from_value(Value::Object(fields)).unwrap_or_else(|_| artifact.clone()))
}

fn same(artifact: &spec::Artifact) -> Placed {
    Placed {
        whole: artifact.clone(),
        recorded: artifact.clone(),
    }
}

fn object(of: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        other => other.is_null(),
    }
}

/// What is at an artifact's path.
pub(crate) fn found(artifact: &spec::Artifact) -> &str {
    let path = artifact.path.as_deref().unwrap_or_default();
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// The keys of secrets that it takes to reach an artifact, by secret.
pub fn secrets(artifact: &spec::Artifact, all: &mut BTreeMap<String, BTreeSet<String>>) {
    for (driver, value) in object(artifact) {
        if OWN.contains(&driver.as_str()) || DRIVERS.iter().any(|(of, ..)| *of == driver) {
            selectors(&value, all);
        }
    }
}

fn selectors(value: &Value, all: &mut BTreeMap<String, BTreeSet<String>>) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        match (text("name"), text("key")) {
            (Some(secret), Some(key)) if name.ends_with("Secret") => {
                all.entry(secret.to_owned())
                    .or_default()
                    .insert(key.to_owned());
            }
            _ => selectors(value, all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const REPOSITORY: &str = r#"{"s3": {"bucket": "b", "endpoint": "e", "key": "w/p", "accessKeySecret": {"name": "c", "key": "k"}}}"#;

    fn check(artifact: Value, whole: Result<Value, Unplaced>, recorded: &Value) {
        let location = serde_json::from_str(REPOSITORY).unwrap();
        let artifact: spec::Artifact = serde_json::from_value(artifact).unwrap();
        let name = artifact.file_name(found(&artifact));
        let placed = place(&artifact, Some(&location), Some(&name));
        let (got, kept) = match placed {
            Ok(placed) => (Ok(placed.whole), placed.recorded),
            Err(fault) => (Err(fault), spec::Artifact::default()),
        };
        let whole = whole.map(|value| serde_json::from_value(value).unwrap());
        assert_eq!(got, whole);
        assert_eq!(kept, serde_json::from_value(recorded.clone()).unwrap());
    }

    #[test]
    fn what_an_artifact_leaves_open_is_the_repositorys() {
        let secret = json!({"name": "c", "key": "k"});
        let at = |key: &str| json!({"bucket": "b", "endpoint": "e", "key": key, "accessKeySecret": secret});
        check(
            json!({"name": "a", "path": "/tmp/x.txt"}),
            Ok(json!({"name": "a", "path": "/tmp/x.txt", "s3": at("w/p/a.tgz")})),
            &json!({"name": "a", "path": "/tmp/x.txt", "s3": {"key": "w/p/a.tgz"}}),
        );
        let none = json!({"none": {}});
        check(
            json!({"name": "a", "path": "/tmp/x/", "archive": none}),
            Ok(json!({"name": "a", "path": "/tmp/x/", "archive": none, "s3": at("w/p/x")})),
            &json!({"name": "a", "path": "/tmp/x/", "archive": none, "s3": {"key": "w/p/x"}}),
        );
        check(
            json!({"name": "a", "s3": {"key": "own"}}),
            Ok(json!({"name": "a", "s3": at("own")})),
            &json!({"name": "a", "s3": {"key": "own"}}),
        );
        for own in [
            json!({"name": "a", "s3": {"bucket": "other", "key": "own"}}),
            json!({"name": "a", "http": {"url": "http://x"}}),
        ] {
            check(own.clone(), Ok(own.clone()), &own);
        }
        let gcs = json!({"name": "a", "gcs": {"key": "own"}});
        check(gcs, Err(Unplaced::NoRepository), &json!({}));
    }

    #[test]
    fn what_is_listed_is_the_repositorys_where_it_is_not_said() {
        let location = serde_json::from_str(REPOSITORY).unwrap();
        let secret = json!({"name": "c", "key": "k"});
        let check = |artifact: Value, want: Result<Value, Unplaced>| {
            let artifact: spec::Artifact = serde_json::from_value(artifact).unwrap();
            let got = place_of_many(&artifact, Some(&location));
            assert_eq!(
                got,
                want.map(|value| serde_json::from_value(value).unwrap())
            );
        };
        let all =
            json!({"name": "a", "s3": {"bucket": "b", "endpoint": "e", "accessKeySecret": secret}});
        check(json!({"name": "a"}), Ok(all));
        let other = json!({"name": "a", "s3": {"bucket": "other", "endpoint": "e", "key": "x", "accessKeySecret": secret}});
        check(
            json!({"name": "a", "s3": {"bucket": "other", "key": "x"}}),
            Ok(other),
        );
        let own = json!({"name": "a", "s3": {"bucket": "other", "endpoint": "own"}});
        check(own.clone(), Ok(own));
        check(
            json!({"name": "a", "gcs": {"bucket": "g"}}),
            Err(Unplaced::NoRepository),
        );
    }

    #[test]
    fn secrets_are_found_wherever_they_are() {
        let secret = |name: &str| json!({"name": name, "key": "k"});
        let auth = json!({"basicAuth": {"usernameSecret": secret("u")}, "clientCert": {"clientKeySecret": secret("t")}});
        let artifact = json!({"name": "a", "http": {"url": "x", "auth": auth}, "s3": {"accessKeySecret": secret("s")}});
        let mut all = BTreeMap::new();
        secrets(&serde_json::from_value(artifact).unwrap(), &mut all);
        assert_eq!(all.into_keys().collect::<Vec<_>>(), ["s", "t", "u"]);
    }
}
