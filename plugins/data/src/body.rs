//! The body of a data template, as it is written.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    #[serde(default)]
    pub source: Source,
    #[serde(default)]
    pub transformation: Vec<Step>,
    pub save_as: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Source {
    pub artifact_paths: Option<Value>,
    pub http: Option<Http>,
    pub config_map: Option<Key>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Http {
    pub url: String,
    #[serde(default)]
    pub headers: Vec<Header>,
    pub timeout_seconds: Option<Value>,
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
#[derive(Debug, Deserialize)]
pub(crate) struct Key {
    pub name: String,
    pub key: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub expression: Option<String>,
    pub jq: Option<String>,
}
