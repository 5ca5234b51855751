//! The kinds of object that are of Argo's group, and those of our own.

use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::PartialObjectMeta;
use kube::{Client, Resource};

/// Objects of one kind, and the fields that are of use before anybody asks for the rest.
pub(crate) type Meta = PartialObjectMeta<DynamicObject>;

fn kind(kind: &str, plural: &str) -> ApiResource {
    ApiResource {
        group: "argoproj.io".to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: "argoproj.io/v1alpha1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

pub(crate) fn workflows() -> ApiResource {
    kind("Workflow", "workflows")
}

pub(crate) fn cron_workflows() -> ApiResource {
    kind("CronWorkflow", "cronworkflows")
}

/// What Argo's executor tells of a pod.
pub(crate) fn task_results() -> ApiResource {
    kind("WorkflowTaskResult", "workflowtaskresults")
}

pub(crate) fn templates() -> ApiResource {
    kind("WorkflowTemplate", "workflowtemplates")
}

pub(crate) fn cluster_templates() -> ApiResource {
    kind("ClusterWorkflowTemplate", "clusterworkflowtemplates")
}

fn own_kind(kind: &str, plural: &str) -> ApiResource {
    ApiResource {
        group: "tiphys.dev".to_owned(),
        version: "v1".to_owned(),
        api_version: "tiphys.dev/v1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

pub(crate) fn grants() -> ApiResource {
    own_kind("PluginGrant", "plugingrants")
}

pub(crate) fn cluster_grants() -> ApiResource {
    own_kind("ClusterPluginGrant", "clusterplugingrants")
}

/// Objects of one namespace, or of all.
pub(crate) fn scope<K>(client: &Client, namespace: Option<&str>, of: &K::DynamicType) -> Api<K>
where
    K: Resource<Scope = kube::core::DynamicResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, of),
        None => Api::all_with(client.clone(), of),
    }
}
