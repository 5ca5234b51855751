//! What is the same for all pods of a controller.

use k8s_openapi::api::core::v1 as k8s;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a controller makes pods.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The executor's image.
    pub executor_image: String,
    pub executor_pull_policy: Option<String>,
    /// An image with `git`, and with `ssh` for repositories that are reached by it.
    pub git_image: String,
    /// Resources and security context of the executor's own containers.
    pub executor: Option<k8s::Container>,
    /// What every main container gets where it says nothing of its own (`mainContainer` of Argo's configuration).
    pub main_container: Option<k8s::Container>,
    /// Only objects with this label belong to the controller.
    pub instance_id: Option<String>,
    /// What images start if a container does not say it.
    pub images: BTreeMap<String, Entrypoint>,
    /// Nodes are spans of a trace, and their pods are told which.
    pub traced: bool,
}

/// What an image starts. Source: `images` of Argo's configuration, or the image itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entrypoint {
    pub entrypoint: Vec<String>,
    /// Used where the container has no `args`.
    pub cmd: Vec<String>,
}
