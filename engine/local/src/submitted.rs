//! What a run was made from, kept beside it, so that `resume` and `retry` need nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use serde::{Deserialize, Serialize};
use tiphys_spec as spec;

const FILE: &str = "submitted.json";

/// The objects a run was made from. The file holds secrets: it is its owner's alone, and `Debug` does not show them.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Submitted {
    /// With `metadata.name`, `namespace`, `uid` and `creationTimestamp` set.
    pub workflow: spec::Workflow,
    pub workflow_templates: Vec<spec::WorkflowTemplate>,
    pub cluster_workflow_templates: Vec<spec::ClusterWorkflowTemplate>,
    pub config_maps: Vec<ConfigMap>,
    pub secrets: Vec<Secret>,
    /// The plug-ins that were given beside those built in, by digest; their bytes are kept in the home.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<String>,
    /// What plug-ins are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<tiphys_host::Grant>,
    /// Feeds the random functions of expressions.
    pub seed: u64,
}

impl fmt::Debug for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted")
            .field("workflow", &self.workflow.metadata.name)
            .finish_non_exhaustive()
    }
}

impl Submitted {
    /// Reads what [`Submitted::write`] wrote.
    pub(crate) fn read(folder: &Path) -> io::Result<Submitted> {
        Ok(serde_json::from_slice(&std::fs::read(folder.join(FILE))?)?)
    }

    /// Replaces the file as a whole.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        crate::summary::replace(&folder.join(FILE), &serde_json::to_vec(self)?)
    }

    /// The content of the ConfigMap of that name.
    #[must_use]
    pub fn config_map(&self, name: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        let map = self
            .config_maps
            .iter()
            .find(|map| map.metadata.name.as_deref() == Some(name))?;
        let text = map
            .data
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone().into_bytes()));
        let binary = map
            .binary_data
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.0.clone()));
        Some(text.chain(binary).collect())
    }

    /// The content of the Secret of that name.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        let secret = self
            .secrets
            .iter()
            .find(|secret| secret.metadata.name.as_deref() == Some(name))?;
        let binary = secret
            .data
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.0.clone()));
        let text = secret
            .string_data
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone().into_bytes()));
        Some(binary.chain(text).collect())
    }
}
