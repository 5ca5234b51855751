//! The kinds that carry work between controller, executor and agent: task sets, task results, artifact deletion tasks.

use super::{Artifact, ArtifactLocation, NodePhase, Outputs, Template};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of one node, reported by an executor or an agent (`NodeResult` of Argo).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NodeResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<NodePhase>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
    /// Done and total, `N/M`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
}

/// HTTP and plugin nodes that wait for the agent of one workflow. Its name is the workflow's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct WorkflowTaskSet {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub metadata: ObjectMeta,
    pub spec: WorkflowTaskSetSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<WorkflowTaskSetStatus>,
}

/// Templates to run, by node ID.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct WorkflowTaskSetSpec {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<String, Template>,
}

/// Results, by node ID.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct WorkflowTaskSetStatus {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: BTreeMap<String, NodeResult>,
}

/// What one pod reports of its node. Its name is the node's ID; the result stands at the top level, there is no `spec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct WorkflowTaskResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub metadata: ObjectMeta,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<NodePhase>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
    /// Done and total, `N/M`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
}

/// Artifacts that a deletion pod has to delete, and what became of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct WorkflowArtifactGCTask {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub metadata: ObjectMeta,
    pub spec: ArtifactGcSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ArtifactGcTaskStatus>,
}

/// Artifacts to delete, by node ID.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactGcSpec {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts_by_node: BTreeMap<String, ArtifactNodeSpec>,
}

/// One node's artifacts and where they lie.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactNodeSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_location: Option<Box<ArtifactLocation>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, Artifact>,
}

/// Deletions done, by node ID.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactGcTaskStatus {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifact_results_by_node: BTreeMap<String, ArtifactResultNodeStatus>,
}

/// Deletions done of one node, by artifact name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactResultNodeStatus {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifact_results: BTreeMap<String, ArtifactResult>,
}

/// What became of one deletion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactResult {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
