//! `WorkflowStatus` and `NodeStatus`: what the engine writes back.

use crate::types::{
    ArtifactRepository, Condition, Inputs, NodePhase, NodeType, Outputs, Template, TemplateRef,
    WorkflowPhase, WorkflowSpec,
};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `WorkflowStatus` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct WorkflowStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<WorkflowPhase>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    #[serde(rename = "artifactGCStatus", skip_serializing_if = "Option::is_none")]
    pub artifact_gc_status: Option<ArtifactGcStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_repository_ref: Option<ArtifactRepositoryRefStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compressed_nodes: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_duration: Option<i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: BTreeMap<String, NodeStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offload_node_status_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub persistent_volume_claims: Vec<core::Volume>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources_duration: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stored_templates: BTreeMap<String, Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_workflow_template_spec: Option<WorkflowSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronization: Option<SynchronizationStatus>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub task_results_completion_status: BTreeMap<String, bool>,
}

/// `NodeStatus` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<NodeType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_ref: Option<Box<TemplateRef>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<NodePhase>,
    #[serde(rename = "boundaryID", skip_serializing_if = "Option::is_none")]
    pub boundary_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemoned: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_duration: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_pod_restarts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_node_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Box<Inputs>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memoization_status: Option<Box<MemoizationStatus>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_flag: Option<Box<NodeFlag>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outbound_nodes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Box<Outputs>>,
    /// Ours, not Argo's: what a plug-in that asked to be called again left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin_call: Option<Box<PluginCallStatus>>,
    #[serde(rename = "podIP", skip_serializing_if = "Option::is_none")]
    pub pod_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources_duration: BTreeMap<String, i64>,
    #[serde(rename = "restartingPodUID", skip_serializing_if = "Option::is_none")]
    pub restarting_pod_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronization_status: Option<Box<NodeSynchronizationStatus>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_result_synced: Option<bool>,
}

/// How far a plug-in's calls about a node have come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PluginCallStatus {
    /// How often it asked to be called again.
    pub round: i64,
    /// What it is given back.
    pub state: String,
    /// When it is called again.
    pub due: Option<Time>,
}

/// `NodeFlag` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NodeFlag {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retried: Option<bool>,
}

/// `MemoizationStatus` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct MemoizationStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// `NodeSynchronizationStatus` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSynchronizationStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
}

/// `SynchronizationStatus` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct SynchronizationStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutex: Option<MutexStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semaphore: Option<SemaphoreStatus>,
}

/// `MutexStatus` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct MutexStatus {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holding: Vec<MutexHolding>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<MutexHolding>,
}

/// `MutexHolding` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct MutexHolding {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutex: Option<String>,
}

/// `SemaphoreStatus` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct SemaphoreStatus {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holding: Vec<SemaphoreHolding>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<SemaphoreHolding>,
}

/// `SemaphoreHolding` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct SemaphoreHolding {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semaphore: Option<String>,
}

/// `ArtGCStatus` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactGcStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_specified: Option<bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pods_recouped: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub strategies_processed: BTreeMap<String, bool>,
}

/// `ArtifactRepositoryRefStatus` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactRepositoryRefStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_repository: Option<ArtifactRepository>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}
