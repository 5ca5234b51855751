//! What a plug-in says of itself.

use crate::grants::{ArtifactGrant, HttpGrant};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The answer of `describe`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    pub name: String,
    pub version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub kinds: Vec<Kind>,
    #[serde(default)]
    pub wants: Wants,
}

/// A kind of template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Kind {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// JSON Schema (2020-12) of the body; none: any body.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub schema: Value,
    #[serde(default)]
    pub outputs: Outputs,
}

/// The outputs of a kind, for people and editors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outputs {
    /// What `outputs.result` is; empty: there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub result: String,
    /// The parameters that there are whether declared or not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, String>,
}

/// What the plug-in asks for. It gets nothing by asking: see [`crate::Grants`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Wants {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpGrant>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config_maps: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactGrant>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
}

/// Why a manifest is none. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum ManifestFault {
    #[error("read the manifest that describe gave")]
    Json(#[from] serde_json::Error),
    #[error("accept the manifest: {0}")]
    Rule(String),
    #[error("accept the schema of kind `{kind}`: {reason}")]
    Schema { kind: String, reason: String },
}

impl Manifest {
    /// Reads the answer of `describe` and checks what its form does not show.
    ///
    /// # Errors
    /// It is no JSON, has no name or no kind, or a name that no template could say.
    pub fn read(json: &str) -> Result<Manifest, ManifestFault> {
        let manifest: Manifest = serde_json::from_str(json)?;
        let rule = |text: String| Err(ManifestFault::Rule(text));
        if !is_name(&manifest.name) {
            return rule(format!(
                "the name `{}` is not of lower-case letters, digits and hyphens",
                manifest.name
            ));
        }
        if manifest.kinds.is_empty() {
            return rule("it gives no kind".to_owned());
        }
        for (at, kind) in manifest.kinds.iter().enumerate() {
            if kind.name.is_empty()
                || kind.name.len() > 63
                || kind.name.contains(char::is_whitespace)
            {
                return rule(format!("`{}` is no name for a kind", kind.name));
            }
            if manifest.kinds[..at]
                .iter()
                .any(|other| other.name == kind.name)
            {
                return rule(format!("it gives the kind `{}` twice", kind.name));
            }
        }
        Ok(manifest)
    }

    /// The kind of that name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }
}

impl Kind {
    /// The schema, ready to check bodies. It may refer to itself, and to nothing else: nothing is fetched.
    ///
    /// # Errors
    /// It is no JSON Schema.
    pub fn compiled(&self) -> Result<jsonschema::Validator, ManifestFault> {
        // Patterns that take linear time: they are a stranger's.
        let patterns = jsonschema::PatternOptions::regex().size_limit(1 << 20);
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(patterns)
            .build(&self.schema)
            .map_err(|error| ManifestFault::Schema {
                kind: self.name.clone(),
                reason: error.to_string(),
            })
    }
}

/// What a schema finds wrong with a body: JSON pointers and messages. A value with a tag (`{{…}}`) is whatever the tag becomes.
pub fn schema_faults(schema: &jsonschema::Validator, body: &Value) -> Vec<(String, String)> {
    let tagged = |value: &Value| value.as_str().is_some_and(|text| text.contains("{{"));
    schema
        .iter_errors(body)
        .filter(|error| !tagged(error.instance()))
        .take(100)
        .map(|error| (error.instance_path().to_string(), error.to_string()))
        .collect()
}

/// A DNS label (RFC 1123), as Kubernetes wants of names.
fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
