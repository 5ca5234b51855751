//! Calls of the API server that outlast its absence.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Client, Config, Error};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(10);

/// Asks until there is an answer that asking again would not change.
///
/// # Errors
/// The server's answer is final.
pub(crate) async fn patiently<T, F>(what: &str, call: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    patiently_telling(what, call, |_| ()).await
}

/// The same; who waits for it hears of every answer that was none.
///
/// # Errors
/// The server's answer is final.
pub(crate) async fn patiently_telling<T, F>(
    what: &str,
    mut call: impl FnMut() -> F,
    mut tell: impl FnMut(&Error),
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut pause = FIRST;
    loop {
        match call().await {
            Err(error) if passing(&error) => {
                let wait = asked(&error).unwrap_or(pause).mul_f64(1.0 + spread() / 4.0);
                tracing::warn!(%error, "failed to {what}; once more in {wait:?}");
                tell(&error);
                tokio::time::sleep(wait).await;
                pause = (pause * 2).min(LONGEST);
            }
            answer => return answer,
        }
    }
}

/// Whether another time may have another answer. 401: a token that has just expired; the client reads the new one.
fn passing(error: &Error) -> bool {
    match error {
        Error::Api(status) => matches!(status.code, 401 | 408 | 429 | 500 | 502 | 503 | 504),
        Error::HyperError(_) | Error::Service(_) | Error::ReadEvents(_) => true,
        _ => false,
    }
}

/// How long the server asks to wait.
fn asked(error: &Error) -> Option<Duration> {
    let Error::Api(status) = error else {
        return None;
    };
    let seconds = status.details.as_ref()?.retry_after_seconds;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

/// Between 0 and 1: many clients do not come back at once.
pub(crate) fn spread() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    f64::from(now.unwrap_or_default().subsec_nanos()) / 1e9
}

/// The code of an answer; none if there was none.
pub(crate) fn code(error: &Error) -> Option<u16> {
    match error {
        Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// What the server says, for people.
pub(crate) fn told(error: &Error) -> String {
    match error {
        Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => other.to_string(),
    }
}

/// Merges a patch into an object; the answer is its metadata.
///
/// # Errors
/// The server's answer is final.
pub(crate) async fn merge<K>(
    what: &str,
    api: &Api<K>,
    name: &str,
    patch: Value,
) -> Result<PartialObjectMeta<K>, Error>
where
    K: Clone + DeserializeOwned + Debug,
{
    let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
    patiently(what, || api.patch_metadata(name, &params, &patch)).await
}

/// Deletes an object; one that is gone is as good as deleted.
pub(crate) async fn delete<K>(what: &str, api: &Api<K>, name: &str)
where
    K: Clone + DeserializeOwned + Debug,
{
    delete_within(what, api, name, None).await;
}

/// The same; `grace`: the seconds that it has to end by itself, if not its own.
pub(crate) async fn delete_within<K>(what: &str, api: &Api<K>, name: &str, grace: Option<u32>)
where
    K: Clone + DeserializeOwned + Debug,
{
    let params = DeleteParams {
        grace_period_seconds: grace,
        ..DeleteParams::default()
    };
    match patiently(what, || api.delete(name, &params)).await {
        Err(error) if code(&error) != Some(404) => {
            tracing::warn!(%error, name, "failed to {what}");
        }
        _ => {}
    }
}

/// The data of a ConfigMap; none if there is no such.
///
/// # Errors
/// It cannot be had.
pub async fn config_map(
    config: &Config,
    namespace: &str,
    name: &str,
) -> Result<Option<BTreeMap<String, String>>, Error> {
    let client = Client::try_from(config.clone())?;
    let maps: Api<ConfigMap> = Api::namespaced(client, namespace);
    let found = patiently("read the configuration", || maps.get_opt(name)).await?;
    Ok(found.map(|map| map.data.unwrap_or_default()))
}
