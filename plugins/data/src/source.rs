//! Where `data` comes from first.

use std::time::Duration;

use tiphys_expr::Value;
use tiphys_plugin::artifacts::{self, List};
use tiphys_plugin::http::{Error, ErrorKind};
use tiphys_plugin::{Failure, config_maps, http, log, secrets};

use crate::body;

/// Most keys that go through the steps together.
pub(crate) const PIECE: usize = 1000;

/// Largest document, in bytes.
const LARGEST: usize = 16 << 20;

/// What there is to begin with.
pub(crate) enum Start {
    /// Keys, page by page.
    Keys(List),
    Value(Value),
}

pub(crate) fn open(source: &body::Source) -> Result<Start, Failure> {
    match (&source.artifact_paths, &source.http, &source.config_map) {
        (Some(location), None, None) => Ok(Start::Keys(artifacts::list(location))),
        (None, Some(http), None) => fetch(http).map(Start::Value),
        (None, None, Some(key)) => {
            let text = config_maps::get(&key.name, &key.key)?;
            Ok(Start::Value(
                match serde_json::from_str::<serde_json::Value>(&text) {
                    Ok(json) => Value::from(&json),
                    Err(_) => Value::from(text),
                },
            ))
        }
        _ => Err(Failure::new(
            "exactly one of source.artifactPaths, source.http and source.configMap is wanted",
        )),
    }
}

/// The next keys of a listing; none at its end.
pub(crate) fn piece(keys: &mut List) -> Result<Vec<Value>, Failure> {
    let mut piece = Vec::with_capacity(PIECE);
    for entry in keys.take(PIECE) {
        piece.push(Value::from(entry?.key));
    }
    Ok(piece)
}

fn fetch(source: &body::Http) -> Result<Value, Failure> {
    let mut request = http::get(&*source.url).header("accept", "application/json");
    for header in &source.headers {
        let key = header
            .value_from
            .as_ref()
            .and_then(|from| from.secret_key_ref.as_ref());
        let value = match key {
            None => header.value.clone(),
            Some(key) => {
                let secret = secrets::get(&key.name, &key.key)?;
                let wrong = || {
                    Failure::new(format!(
                        "the key {} of the Secret {} is no text",
                        key.key, key.name
                    ))
                };
                let text = secret.text().ok_or_else(wrong)?;
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
        };
        request = request.header(&*header.name, value);
    }
    if let Some(seconds) = &source.timeout_seconds {
        let seconds = tiphys_plugin_query::text(seconds).parse().map_err(|_| {
            Failure::new(format!(
                "source.http.timeoutSeconds {seconds} is no number of seconds"
            ))
        })?;
        request = request.timeout(Duration::from_secs(seconds));
    }
    let mut response = request.send()?;
    log::info(&format!(
        "GET {} → {}",
        shown(&source.url),
        response.status()
    ));
    if !response.ok() {
        let message = format!("received non-2xx response code: {}", response.status());
        return Err(Failure::new(message).retryable());
    }
    let bytes = response.bytes(LARGEST)?;
    let json: Result<serde_json::Value, _> = serde_json::from_slice(&bytes);
    let json = json.map_err(|error| {
        Error::new(
            ErrorKind::Invalid,
            format!("source.http: the response is no JSON: {error}"),
        )
    })?;
    Ok(Value::from(&json))
}

/// The URL as it may be logged: no user, no query.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}/{path}")
        }
        None => url.to_owned(),
    }
}
