//! A pod's manifest.

use crate::container::{beside, give, main, sidecar, variable};
use crate::names::{
    ATTEMPT, COMPLETED, CONTROLLER, DEFAULT_CONTAINER, INSTANCE_ID, NODE_ID, NODE_NAME, ON_EXIT,
    RUN, UID, WORKFLOW,
};
use crate::settings::Settings;
use crate::{artifacts, executor, inputs, patch, set, trace};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as k8s;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use std::collections::BTreeMap;
use tiphys_core::PodIntent;
use tiphys_executor::Step;
use tiphys_spec as spec;

/// Why there is no manifest. A fragment that fits after "failed to ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PodError {
    #[error("make a pod of template `{0}`: it has no container and no script")]
    NoContainer(String),
    #[error("make a pod: its {what} is not what Kubernetes takes: {reason}")]
    Unreadable { what: String, reason: String },
    #[error(
        "make a pod: image `{image}` is started without `command`, and what it starts is not known; give the container a `command`, or the image an entry under `images` in the controller's configuration"
    )]
    NoCommand { image: String },
    #[error(
        "make a pod: {way} artifact `{name}` is in no repository: it names none, and neither the ConfigMap `artifact-repositories` of its namespace nor the controller's configuration (`artifactRepository`) gives one"
    )]
    NoRepository { way: &'static str, name: String },
    #[error(
        "make a pod: {way} artifact `{name}` may be in several repositories: `archiveLocation` names more than one"
    )]
    Ambiguous { way: &'static str, name: String },
    #[error("make a pod: this version has no {0}")]
    NotBuilt(&'static str),
    #[error("apply podSpecPatch: {0}")]
    Patch(String),
}

/// A pod on its way to a manifest.
pub(crate) struct Shape {
    pub main: k8s::Container,
    /// The other containers of a set.
    pub others: Vec<k8s::Container>,
    pub init: Vec<k8s::Container>,
    pub volumes: Vec<k8s::Volume>,
    /// The main container needs the executor.
    pub install: bool,
}

/// The manifest of a pod. Of `workflow` only metadata and claims count: what else it says of pods is in the intent.
///
/// # Errors
/// Another attempt would fail alike.
pub fn render(
    intent: &PodIntent,
    workflow: &spec::Workflow,
    settings: &Settings,
    now: Timestamp,
) -> Result<k8s::Pod, PodError> {
    let template = &*intent.template;
    let outputs = artifacts::outputs(intent)?;
    let mut set = set::members(template)?.into_iter().flatten();
    let ((container, source), mut step) = match set.next() {
        Some(first) => ((first.container, None), first.step),
        None => (main(template)?, Step::default()),
    };
    let mut shape = Shape {
        main: defaults(container, settings)?,
        others: Vec::new(),
        init: Vec::new(),
        volumes: Vec::new(),
        install: false,
    };
    let all = template.container_set.as_deref();
    let all = all.map_or(1, |set| set.containers.len()) + usize::from(!outputs.is_empty());
    artifacts::hand_over(&mut step, &outputs);
    artifacts::keep_log(&mut step, &shape.main.name, &outputs);
    if outputs.is_empty() && intent.parameters.is_empty() {
        step.until.clear();
    }
    executor::wrap(&mut shape, step, intent, source, all, settings)?;
    for member in set {
        let mut container = defaults(member.container, settings)?;
        let mut step = member.step;
        artifacts::keep_log(&mut step, &container.name, &outputs);
        executor::under(&mut container, step, all, intent, settings)?;
        shape.others.push(container);
    }
    let mut spec = scheduling(template, &intent.workflow);
    inputs::stage(&mut shape, intent, spec.security_context.as_ref(), settings)?;
    inputs::save(
        &mut shape,
        outputs,
        spec.security_context.as_ref(),
        settings,
    );
    for user in &template.init_containers {
        shape.init.push(beside(user, &shape.main)?);
    }
    for user in &template.sidecars {
        shape.init.push(sidecar(user, &shape.main)?);
    }
    let known = variables(intent, workflow, settings.traced);
    let all = shape.init.iter_mut().chain([&mut shape.main]);
    for container in all.chain(&mut shape.others) {
        let mut own = vec![variable("ARGO_CONTAINER_NAME", &container.name)];
        own.extend(known.iter().cloned());
        give(container, own);
    }
    let held = executor::held(&shape.main) || shape.others.iter().any(executor::held);
    spec.volumes =
        Some(volumes(&mut shape, intent, workflow)).filter(|volumes| !volumes.is_empty());
    spec.containers = vec![shape.main];
    spec.containers.extend(shape.others);
    spec.init_containers = Some(shape.init).filter(|init| !init.is_empty());
    // Who looks into a container takes the time it takes.
    let deadline = intent.deadline.filter(|_| !held);
    spec.active_deadline_seconds = deadline.map(|at| at.duration_since(now).as_secs().max(1));
    spec.termination_grace_period_seconds = Some(i64::from(intent.grace));
    for over in [&intent.workflow.pod_spec_patch, &template.pod_spec_patch]
        .into_iter()
        .flatten()
    {
        spec = patch::patch(&spec, over)?;
    }
    Ok(k8s::Pod {
        metadata: metadata(intent, workflow, settings),
        spec: Some(spec),
        status: None,
    })
}

/// The controller's defaults under what the container says.
fn defaults(container: k8s::Container, settings: &Settings) -> Result<k8s::Container, PodError> {
    let Some(defaults) = &settings.main_container else {
        return Ok(container);
    };
    let spec = k8s::PodSpec {
        containers: vec![k8s::Container {
            name: container.name.clone(),
            ..defaults.clone()
        }],
        ..k8s::PodSpec::default()
    };
    let over = serde_json::json!({"containers": [container]}).to_string();
    let merged = patch::patch(&spec, &over)?.containers.into_iter().next();
    merged.ok_or_else(|| PodError::NoContainer("main".to_owned()))
}

/// Only what something mounts; a template's own volume goes before the workflow's of that name.
fn volumes(shape: &mut Shape, intent: &PodIntent, workflow: &spec::Workflow) -> Vec<k8s::Volume> {
    let containers = || shape.init.iter().chain([&shape.main]).chain(&shape.others);
    let mounted = |name: &str| {
        containers().any(|container| {
            let mounts = container.volume_mounts.iter().flatten();
            let devices = container.volume_devices.iter().flatten();
            mounts
                .map(|mount| &mount.name)
                .chain(devices.map(|device| &device.name))
                .any(|of| of == name)
        })
    };
    let mut volumes: Vec<k8s::Volume> = Vec::new();
    let claims: Vec<k8s::Volume> = claims(workflow).collect();
    let users = intent.template.volumes.iter();
    let users = users.chain(intent.workflow.volumes.iter()).chain(&claims);
    for volume in users.filter(|volume| mounted(&volume.name)) {
        if volumes.iter().all(|known| known.name != volume.name) {
            volumes.push(volume.clone());
        }
    }
    volumes.append(&mut shape.volumes);
    volumes
}

/// What the claim of a workflow is called that is made of its template. Source: Argo.
#[must_use]
pub fn claim_name(workflow: &str, template: &str) -> String {
    format!("{workflow}-{template}")
}

/// The volumes that `volumeClaimTemplates` give.
fn claims(workflow: &spec::Workflow) -> impl Iterator<Item = k8s::Volume> {
    let name = workflow.metadata.name.as_deref().unwrap_or_default();
    let templates = workflow.spec.volume_claim_templates.iter();
    templates.map(move |template| {
        let own = template.metadata.name.clone().unwrap_or_default();
        k8s::Volume {
            persistent_volume_claim: Some(k8s::PersistentVolumeClaimVolumeSource {
                claim_name: claim_name(name, &own),
                read_only: None,
            }),
            name: own,
            ..k8s::Volume::default()
        }
    })
}

/// The variables that Argo gives every container.
fn variables(intent: &PodIntent, workflow: &spec::Workflow, traced: bool) -> Vec<k8s::EnvVar> {
    let name = workflow.metadata.name.as_deref().unwrap_or_default();
    let deadline = intent.deadline.map_or_else(
        || "0001-01-01T00:00:00Z".to_owned(),
        |at| format!("{at:.0}"),
    );
    let key = &intent.key;
    let parent = traced.then(|| trace::parent(&key.workflow, &key.node, key.attempt));
    let mut all = vec![
        variable("ARGO_NODE_ID", &intent.key.node),
        variable(
            "ARGO_INCLUDE_SCRIPT_OUTPUT",
            if intent.capture_result {
                "true"
            } else {
                "false"
            },
        ),
        variable("ARGO_DEADLINE", &deadline),
        variable("ARGO_WORKFLOW_NAME", name),
        variable("ARGO_PROGRESS_FILE", &format!("{RUN}/progress")),
    ];
    all.extend(parent.map(|parent| variable("TRACEPARENT", &parent)));
    all
}

fn metadata(intent: &PodIntent, workflow: &spec::Workflow, settings: &Settings) -> ObjectMeta {
    let name = workflow.metadata.name.clone().unwrap_or_default();
    let text = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut labels = BTreeMap::from([text(COMPLETED, "false")]);
    let mut annotations = BTreeMap::from([text(DEFAULT_CONTAINER, "main")]);
    let users = intent
        .workflow
        .pod_metadata
        .iter()
        .chain(&intent.template.metadata);
    for metadata in users {
        labels.extend(metadata.labels.clone());
        annotations.extend(metadata.annotations.clone());
    }
    labels.insert(WORKFLOW.to_owned(), name.clone());
    if intent.on_exit {
        labels.insert(ON_EXIT.to_owned(), "true".to_owned());
    }
    if let Some(instance) = &settings.instance_id {
        labels.insert(INSTANCE_ID.to_owned(), instance.clone());
    }
    annotations.extend([
        text(NODE_NAME, &intent.node_name),
        text(NODE_ID, &intent.key.node),
        text(UID, &intent.key.workflow),
        (ATTEMPT.to_owned(), intent.key.attempt.to_string()),
    ]);
    ObjectMeta {
        name: Some(intent.name.clone()),
        namespace: workflow.metadata.namespace.clone(),
        labels: Some(labels),
        annotations: Some(annotations),
        owner_references: Some(vec![OwnerReference {
            api_version: "argoproj.io/v1alpha1".to_owned(),
            kind: CONTROLLER.to_owned(),
            name,
            uid: intent.key.workflow.to_string(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }]),
        ..ObjectMeta::default()
    }
}

/// Where and as whom it runs: the template's word before the workflow's.
pub(crate) fn scheduling(template: &spec::Template, workflow: &spec::WorkflowSpec) -> k8s::PodSpec {
    let account = template
        .service_account_name
        .clone()
        .or_else(|| workflow.service_account_name.clone());
    // Argo mounts the token for its own sidecar. Nothing here needs one, so only who asks gets one.
    let token = template
        .automount_service_account_token
        .or(workflow.automount_service_account_token)
        .unwrap_or(account.is_some());
    let aliases: Vec<_> = workflow
        .host_aliases
        .iter()
        .chain(&template.host_aliases)
        .cloned()
        .collect();
    let or = |own: &[k8s::Toleration], other: &[k8s::Toleration]| {
        let of = if own.is_empty() { other } else { own };
        (!of.is_empty()).then(|| of.to_vec())
    };
    let claims = if template.resource_claims.is_empty() {
        &workflow.resource_claims
    } else {
        &template.resource_claims
    };
    let nodes = if template.node_selector.is_empty() {
        &workflow.node_selector
    } else {
        &template.node_selector
    };
    k8s::PodSpec {
        restart_policy: Some("Never".to_owned()),
        service_account_name: account,
        automount_service_account_token: Some(token),
        affinity: template
            .affinity
            .as_deref()
            .or(workflow.affinity.as_ref())
            .cloned(),
        tolerations: or(&template.tolerations, &workflow.tolerations),
        node_selector: (!nodes.is_empty()).then(|| nodes.clone()),
        scheduler_name: template
            .scheduler_name
            .clone()
            .or_else(|| workflow.scheduler_name.clone()),
        priority_class_name: template
            .priority_class_name
            .clone()
            .or_else(|| workflow.pod_priority_class_name.clone()),
        security_context: template
            .security_context
            .as_deref()
            .or(workflow.security_context.as_ref())
            .cloned(),
        resources: template
            .pod_resources
            .as_deref()
            .or(workflow.pod_resources.as_ref())
            .cloned(),
        resource_claims: (!claims.is_empty()).then(|| claims.clone()),
        host_aliases: (!aliases.is_empty()).then_some(aliases),
        host_network: workflow.host_network,
        dns_config: workflow.dns_config.clone(),
        dns_policy: workflow.dns_policy.clone(),
        image_pull_secrets: (!workflow.image_pull_secrets.is_empty())
            .then(|| workflow.image_pull_secrets.clone()),
        ..k8s::PodSpec::default()
    }
}
