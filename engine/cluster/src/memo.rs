//! The memo cache: one ConfigMap per cache, one entry per key. Source: Argo's, so that both read each other's.

use crate::client::{code, merge, patiently};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client, Error};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use tiphys_spec::Outputs;

/// Label of ConfigMaps: what they are for.
const TYPE: &str = "workflows.argoproj.io/configmap-type";
const CACHE: &str = "Cache";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "nodeID")]
    node: String,
    outputs: Option<Outputs>,
    creation_timestamp: Timestamp,
    last_hit_timestamp: Timestamp,
}

/// Why a cache is of no use. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemoError {
    #[error("use cache {0}: {1}")]
    Api(String, Error),
    #[error("use cache {0}: the ConfigMap is no cache; it needs the label {TYPE}={CACHE}")]
    NotOurs(String),
    #[error("use cache {0}: the entry is not JSON: {1}")]
    Entry(String, serde_json::Error),
}

fn maps(client: &Client, namespace: &str) -> Api<ConfigMap> {
    Api::namespaced(client.clone(), namespace)
}

async fn read(maps: &Api<ConfigMap>, cache: &str) -> Result<Option<ConfigMap>, MemoError> {
    let found = patiently("read a cache", || maps.get_opt(cache)).await;
    let found = found.map_err(|error| MemoError::Api(cache.to_owned(), error))?;
    let ours = |map: &ConfigMap| {
        let labels = map.metadata.labels.as_ref();
        labels
            .and_then(|labels| labels.get(TYPE))
            .map(String::as_str)
            == Some(CACHE)
    };
    match found {
        Some(map) if !ours(&map) => Err(MemoError::NotOurs(cache.to_owned())),
        found => Ok(found),
    }
}

/// What was remembered, and when; that it was asked for is noted.
pub(crate) async fn find(
    client: &Client,
    namespace: &str,
    cache: &str,
    key: &str,
) -> Result<Option<(Outputs, Timestamp)>, MemoError> {
    let maps = maps(client, namespace);
    let Some(map) = read(&maps, cache).await? else {
        return Ok(None);
    };
    let Some(text) = map.data.as_ref().and_then(|data| data.get(key)) else {
        return Ok(None);
    };
    let mut entry: Entry =
        serde_json::from_str(text).map_err(|error| MemoError::Entry(cache.to_owned(), error))?;
    entry.last_hit_timestamp = Timestamp::now();
    let created = entry.creation_timestamp;
    put(&maps, cache, key, &entry).await?;
    Ok(Some((entry.outputs.unwrap_or_default(), created)))
}

/// Remembers.
pub(crate) async fn save(
    client: &Client,
    namespace: &str,
    cache: &str,
    key: &str,
    node: String,
    outputs: Outputs,
) -> Result<(), MemoError> {
    let maps = maps(client, namespace);
    let now = Timestamp::now();
    let entry = Entry {
        node,
        outputs: Some(outputs),
        creation_timestamp: now,
        last_hit_timestamp: now,
    };
    if read(&maps, cache).await?.is_some() {
        return put(&maps, cache, key, &entry).await;
    }
    let map = ConfigMap {
        metadata: ObjectMeta {
            name: Some(cache.to_owned()),
            labels: Some([(TYPE.to_owned(), CACHE.to_owned())].into()),
            ..ObjectMeta::default()
        },
        data: Some(BTreeMap::from([(key.to_owned(), json(&entry))])),
        ..ConfigMap::default()
    };
    let params = PostParams::default();
    let made = patiently("make a cache", || maps.create(&params, &map));
    match made.await {
        // Somebody else was first.
        Err(error) if code(&error) == Some(409) => put(&maps, cache, key, &entry).await,
        Err(error) => Err(MemoError::Api(cache.to_owned(), error)),
        Ok(_) => Ok(()),
    }
}

fn json(entry: &Entry) -> String {
    // Strings, times and a map of JSON are JSON.
    serde_json::to_string(entry).unwrap_or_default()
}

async fn put(
    maps: &Api<ConfigMap>,
    cache: &str,
    key: &str,
    entry: &Entry,
) -> Result<(), MemoError> {
    let patch = json!({"data": {key: json(entry)}});
    match merge("write a cache", maps, cache, patch).await {
        Err(error) => Err(MemoError::Api(cache.to_owned(), error)),
        Ok(_) => Ok(()),
    }
}
