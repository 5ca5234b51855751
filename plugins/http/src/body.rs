//! The body of an HTTP template, as it is written.

use serde::Deserialize;
use serde_json::Value;

use crate::amount::{Count, Factor, Flag, Millis, Size};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    pub url: String,
    pub method: Option<String>,
    #[serde(default)]
    pub headers: Vec<Header>,
    pub body: Option<String>,
    pub body_from: Option<BodyFrom>,
    pub timeout_seconds: Option<Count>,
    pub success_condition: Option<String>,
    pub insecure_skip_verify: Option<Flag>,
    pub retry: Option<Retry>,
    pub poll: Option<Poll>,
    pub paging: Option<Paging>,
    pub auth: Option<Auth>,
    pub idempotency_key: Option<Value>,
    pub redirects: Option<Count>,
    pub tls: Option<Tls>,
    pub max_body: Option<Size>,
    pub save_as: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BodyFrom {
    pub bytes: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    pub name: String,
    #[serde(default)]
    pub value: String,
    pub value_from: Option<HeaderFrom>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeaderFrom {
    pub secret_key_ref: Option<Key>,
}

/// A key of a Secret or a ConfigMap.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Key {
    pub name: String,
    pub key: String,
    #[serde(default)]
    pub optional: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Retry {
    pub limit: Option<Count>,
    pub statuses: Option<Vec<Value>>,
    pub errors: Option<Vec<String>>,
    #[serde(default)]
    pub backoff: Backoff,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Backoff {
    pub duration: Option<Millis>,
    pub factor: Option<Factor>,
    pub max: Option<Millis>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Poll {
    pub until: Option<String>,
    pub every: Option<Millis>,
    pub limit: Option<Count>,
    pub timeout: Option<Millis>,
    pub url: Option<String>,
    pub url_from: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Paging {
    pub next: Option<Value>,
    pub parameter: Option<String>,
    pub items: Option<String>,
    pub limit: Option<Count>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Auth {
    pub basic_auth: Option<BasicAuth>,
    pub bearer: Option<Bearer>,
    pub oauth2: Option<OAuth2>,
    pub client_cert: Option<ClientCert>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BasicAuth {
    pub username: Option<String>,
    pub username_secret: Option<Key>,
    pub password_secret: Option<Key>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bearer {
    pub token_secret: Key,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OAuth2 {
    #[serde(rename = "clientID")]
    pub client_id: Option<String>,
    #[serde(rename = "clientIDSecret")]
    pub client_id_secret: Option<Key>,
    pub client_secret_secret: Key,
    #[serde(rename = "tokenURL")]
    pub token_url: Option<String>,
    #[serde(rename = "tokenURLSecret")]
    pub token_url_secret: Option<Key>,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub endpoint_params: Vec<EndpointParam>,
    pub credentials_in: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EndpointParam {
    pub key: String,
    #[serde(default)]
    pub value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientCert {
    pub client_cert_secret: Key,
    pub client_key_secret: Key,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tls {
    pub insecure: Option<Flag>,
    pub roots: Option<Roots>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Roots {
    pub pem: Option<String>,
    pub secret_key_ref: Option<Key>,
    pub config_map_key_ref: Option<Key>,
}
