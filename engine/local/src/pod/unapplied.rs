//! What a workflow asks for that a machine does not do. Nobody should believe that a step is held to it.

use k8s_openapi::api::core::v1 as k8s;
use serde::Serialize;
use tiphys_graph::plan::{Body, Plan, Scope, Template};
use tiphys_spec as spec;

/// One line for the workflow and for each of its templates that names fields without effect on a machine, whatever the sandbox.
#[must_use]
pub fn unapplied(plan: &Plan) -> Vec<String> {
    let pods = plan
        .templates
        .iter()
        .filter(|template| matches!(template.body, Body::Pod(_) | Body::Kind { .. }));
    let of_templates = pods.map(|template| (named(template), of_template(&template.spec)));
    std::iter::once(("the workflow".to_owned(), of_workflow(&plan.workflow.spec)))
        .chain(of_templates)
        .filter(|(_, fields)| !fields.is_empty())
        .map(|(whose, fields)| {
            format!(
                "{whose}: without effect on this machine: {}",
                fields.join(", ")
            )
        })
        .collect()
}

fn named(template: &Template) -> String {
    let name = &template.name;
    match &template.scope {
        _ if name.is_empty() => format!("the template at {}", template.path),
        Scope::Local => format!("template `{name}`"),
        Scope::Namespaced(of) | Scope::Cluster(of) => format!("template `{of}/{name}`"),
    }
}

fn of_workflow(workflow: &spec::WorkflowSpec) -> Vec<String> {
    let mut fields = set("securityContext", &workflow.security_context);
    fields.extend(of_volumes(&workflow.volumes));
    fields
}

fn of_template(template: &spec::Template) -> Vec<String> {
    let mut fields = set("securityContext", &template.security_context);
    if let Some(main) = &template.container {
        let held = (
            &main.security_context,
            &main.lifecycle,
            &main.liveness_probe,
            &main.startup_probe,
        );
        fields.extend(of_container("container", held));
    }
    if let Some(main) = &template.script {
        let held = (
            &main.security_context,
            &main.lifecycle,
            &main.liveness_probe,
            &main.startup_probe,
        );
        fields.extend(of_container("script", held));
    }
    for (list, users) in [
        ("initContainers", &template.init_containers),
        ("sidecars", &template.sidecars),
    ] {
        for user in users {
            let held = (
                &user.security_context,
                &user.lifecycle,
                &user.liveness_probe,
                &user.startup_probe,
            );
            fields.extend(of_container(&format!("{list}[{}]", user.name), held));
        }
    }
    for node in template
        .container_set
        .iter()
        .flat_map(|set| &set.containers)
    {
        let held = (
            &node.security_context,
            &node.lifecycle,
            &node.liveness_probe,
            &node.startup_probe,
        );
        fields.extend(of_container(
            &format!("containerSet.containers[{}]", node.name),
            held,
        ));
    }
    fields.extend(of_volumes(&template.volumes));
    fields
}

/// What a container asks to be held to.
type Held<'a> = (
    &'a Option<k8s::SecurityContext>,
    &'a Option<k8s::Lifecycle>,
    &'a Option<k8s::Probe>,
    &'a Option<k8s::Probe>,
);

fn of_container(at: &str, (security, lifecycle, liveness, startup): Held<'_>) -> Vec<String> {
    let mut fields = set(&format!("{at}.securityContext"), security);
    fields.extend(set(&format!("{at}.lifecycle"), lifecycle));
    let probes = [("livenessProbe", liveness), ("startupProbe", startup)];
    fields.extend(
        probes
            .iter()
            .filter(|(_, probe)| probe.is_some())
            .map(|(name, _)| format!("{at}.{name}")),
    );
    fields
}

fn of_volumes(volumes: &[k8s::Volume]) -> Vec<String> {
    let limited = |volume: &&k8s::Volume| {
        let folder = volume.empty_dir.as_ref();
        folder.is_some_and(|folder| folder.size_limit.is_some())
    };
    volumes
        .iter()
        .filter(limited)
        .map(|volume| format!("volumes[{}].emptyDir.sizeLimit", volume.name))
        .collect()
}

/// The fields of an object that are set, each with where it is.
fn set(at: &str, object: &Option<impl Serialize>) -> Vec<String> {
    let object = serde_json::to_value(object).unwrap_or_default();
    let names = object.as_object().into_iter().flatten();
    names
        .filter(|(_, value)| !value.is_null())
        .map(|(name, _)| format!("{at}.{name}"))
        .collect()
}
