//! The pod of Argo's executor plug-ins: one per workflow, with a container for each plug-in, and `tiphys-agent`, which calls them.

use crate::container::{empty, mount};
use crate::inputs::own_container;
use crate::manifest::{PodError, scheduling};
use crate::names::{COMPONENT, CONTROLLER, INSTANCE_ID, RUN, RUN_VOLUME, UID, WORKFLOW};
use crate::observe::waiting;
use crate::patch;
use crate::settings::Settings;
use k8s_openapi::api::core::v1 as k8s;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use std::collections::BTreeMap;
use tiphys_core::fnv32a;
use tiphys_spec as spec;

/// Label selector of the ConfigMaps that are executor plug-ins. Source: Argo.
pub const SELECTOR: &str = "workflows.argoproj.io/configmap-type=ExecutorPlugin";
/// Where the program is in the executor's image.
pub const PROGRAM: &str = "/bin/tiphys-agent";
/// The container that the program is in.
pub const CONTAINER: &str = "main";

/// Label of the pod, and the end of its name. Source: Argo.
const WORD: &str = "agent";
/// What `argo executor-plugin build` puts behind a plug-in's name, and what its service account is called.
const ENDING: &str = "-executor-plugin";
/// Where a container finds the token for the API server.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// An executor plug-in.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// As templates name it.
    pub name: String,
    container: k8s::Container,
    /// It has the token of its own service account.
    token: bool,
}

impl Plugin {
    /// The one that a ConfigMap is.
    ///
    /// # Errors
    /// It is none that can be started; a fragment that fits after "failed to ".
    pub fn of_config_map(map: &k8s::ConfigMap) -> Result<Plugin, String> {
        let name = map.metadata.name.as_deref().unwrap_or_default();
        let failed = |reason: String| format!("take executor plug-in `{name}`: {reason}");
        let given = |key: &str| map.data.as_ref().and_then(|data| data.get(key));
        let text = given("sidecar.container");
        let text = text.ok_or_else(|| failed("it has no `sidecar.container`".to_owned()))?;
        let container =
            read(text).map_err(|reason| failed(format!("sidecar.container: {reason}")))?;
        let token = match given("sidecar.automountServiceAccountToken").map(|text| text.trim()) {
            None | Some("" | "false") => false,
            Some("true") => true,
            Some(other) => {
                return Err(failed(format!(
                    "sidecar.automountServiceAccountToken: `{other}` is neither true nor false"
                )));
            }
        };
        Plugin::new(name, container, token).map_err(failed)
    }

    /// The one that a workflow brings (`executorPlugins`).
    ///
    /// # Errors
    /// It is none that can be started; a fragment that fits after "failed to ".
    pub fn of_workflow(plugin: &spec::ExecutorPlugin) -> Result<Plugin, String> {
        let name = plugin.metadata.name.as_deref().unwrap_or_default();
        let failed = |reason: String| format!("take executor plug-in `{name}`: {reason}");
        let sidecar = plugin.spec.as_ref().and_then(|spec| spec.sidecar.as_ref());
        let container = sidecar.and_then(|sidecar| sidecar.container.clone());
        let container =
            container.ok_or_else(|| failed("it has no `spec.sidecar.container`".to_owned()))?;
        let token = sidecar.and_then(|sidecar| sidecar.automount_service_account_token);
        Plugin::new(name, container, token.unwrap_or_default()).map_err(failed)
    }

    /// What Argo demands of one it demands, too: who makes a plug-in says what it may take.
    fn new(name: &str, mut container: k8s::Container, token: bool) -> Result<Plugin, String> {
        let name = name.strip_suffix(ENDING).unwrap_or(name).to_owned();
        if name.is_empty() {
            return Err("it has no name".to_owned());
        }
        port(&container)?;
        if container.security_context.is_none() {
            return Err("its container needs a securityContext".to_owned());
        }
        if container.resources.is_none() {
            return Err("its container needs resources".to_owned());
        }
        if [CONTAINER, "init"].contains(&&*container.name) || container.name.is_empty() {
            container.name = format!("{name}{ENDING}");
        }
        Ok(Plugin {
            name,
            container,
            token,
        })
    }
}

/// Where a container takes calls.
fn port(container: &k8s::Container) -> Result<u16, String> {
    let ports = container.ports.as_deref().unwrap_or_default();
    let [port] = ports else {
        let count = ports.len();
        return Err(format!("its container has {count} ports, and needs one"));
    };
    let port = u16::try_from(port.container_port).ok();
    let port = port.filter(|port| *port > 0);
    port.ok_or_else(|| "its container's port is none".to_owned())
}

fn read(text: &str) -> Result<k8s::Container, String> {
    let mut faults = Vec::new();
    let source = spec::Source::parse("sidecar.container", text.as_bytes(), &mut faults);
    let node = source.documents.first();
    let value = node.and_then(|node| spec::decode::<serde_json::Value>(node, &source, &mut faults));
    if let Some(fault) = faults.iter().find(|fault| fault.is_error()) {
        return Err(fault.message.clone());
    }
    let value = value.ok_or("it is empty")?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// The pod's name. Source: Argo.
#[must_use]
pub fn name(workflow: &str) -> String {
    format!("{workflow}-{}-{WORD}", fnv32a(WORD))
}

/// The pod. No container but a plug-in's own gets a token for the API server, and that only the one of its service account, from the Secret
/// `PLUGIN-executor-plugin.service-account-token`, which is how Argo does it.
///
/// # Errors
/// The workflow's `podSpecPatch` is no patch.
pub fn render(
    workflow: &spec::Workflow,
    plugins: &[Plugin],
    settings: &Settings,
) -> Result<k8s::Pod, PodError> {
    let of = &workflow.spec;
    let scheduled = scheduling(&spec::Template::default(), of);
    let nobody = k8s::PodSecurityContext {
        run_as_non_root: Some(true),
        ..k8s::PodSecurityContext::default()
    };
    let program = |container: &str, args: Vec<String>| {
        let mut own = own_container(container, None, Some(&nobody), settings);
        own.command = Some([vec![PROGRAM.to_owned()], args].concat());
        own.volume_mounts = Some(vec![mount(RUN_VOLUME, RUN)]);
        own
    };
    let names = plugins.iter().map(|plugin| plugin.name.clone());
    let tokens = [vec!["tokens".to_owned()], names.collect()].concat();
    let mut containers = vec![program(CONTAINER, vec!["hold".to_owned()])];
    let mut volumes = vec![empty(RUN_VOLUME)];
    for plugin in plugins {
        let mut container = plugin.container.clone();
        let mounts = container.volume_mounts.get_or_insert_default();
        mounts.push(k8s::VolumeMount {
            sub_path: Some(plugin.name.clone()),
            read_only: Some(true),
            ..mount(RUN_VOLUME, RUN)
        });
        if plugin.token {
            let volume = format!("{}-token", plugin.name);
            mounts.push(k8s::VolumeMount {
                read_only: Some(true),
                ..mount(&volume, ACCOUNT)
            });
            volumes.push(k8s::Volume {
                name: volume,
                secret: Some(k8s::SecretVolumeSource {
                    secret_name: Some(format!("{}{ENDING}.service-account-token", plugin.name)),
                    ..k8s::SecretVolumeSource::default()
                }),
                ..k8s::Volume::default()
            });
        }
        containers.push(container);
    }
    let mut spec = k8s::PodSpec {
        restart_policy: Some("OnFailure".to_owned()),
        automount_service_account_token: Some(false),
        init_containers: Some(vec![program("init", tokens)]),
        containers,
        volumes: Some(volumes),
        // What a step's pod is given, the agent's is not: its plug-ins say what they take.
        resources: None,
        resource_claims: None,
        ..scheduled
    };
    // Tags in it are of steps.
    let over = of.pod_spec_patch.as_ref();
    if let Some(text) = over.filter(|text| !text.contains("{{")) {
        spec = patch::patch(&spec, text)?;
    }
    Ok(k8s::Pod {
        metadata: metadata(workflow, settings),
        spec: Some(spec),
        status: None,
    })
}

fn metadata(workflow: &spec::Workflow, settings: &Settings) -> ObjectMeta {
    let own = workflow.metadata.name.clone().unwrap_or_default();
    let uid = workflow.metadata.uid.clone().unwrap_or_default();
    let mut labels = BTreeMap::from([
        (WORKFLOW.to_owned(), own.clone()),
        (COMPONENT.to_owned(), WORD.to_owned()),
    ]);
    if let Some(instance) = &settings.instance_id {
        labels.insert(INSTANCE_ID.to_owned(), instance.clone());
    }
    ObjectMeta {
        name: Some(name(&own)),
        namespace: workflow.metadata.namespace.clone(),
        labels: Some(labels),
        annotations: Some(BTreeMap::from([(UID.to_owned(), uid.clone())])),
        owner_references: Some(vec![OwnerReference {
            api_version: spec::API_VERSION.to_owned(),
            kind: CONTROLLER.to_owned(),
            name: own,
            uid,
            controller: Some(true),
            block_owner_deletion: Some(true),
        }]),
        ..ObjectMeta::default()
    }
}

/// Whom a call can be made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// As templates name it.
    pub name: String,
    pub port: u16,
}

impl Served {
    /// Whether a template of that kind names it.
    #[must_use]
    pub fn named(&self, kind: &str) -> bool {
        self.name == kind.strip_suffix(ENDING).unwrap_or(kind)
    }
}

/// The plug-ins that a pod made by [`render`] has, whatever there is elsewhere by now.
#[must_use]
pub fn serves(pod: &k8s::Pod) -> Vec<Served> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let served = |container: &k8s::Container| {
        // A patch may have put them in any order: each has its own folder.
        let mounts = container.volume_mounts.iter().flatten();
        let own = |mount: &k8s::VolumeMount| match mount.name.as_str() {
            RUN_VOLUME => mount.sub_path.clone(),
            _ => None,
        };
        let name = mounts.into_iter().find_map(own)?;
        let port = port(container).ok()?;
        Some(Served { name, port })
    };
    containers.filter_map(served).collect()
}

/// How far an agent pod has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It takes calls; its plug-ins may not listen yet.
    Ready,
    /// It is on its way; why it takes long, if the kubelet says it.
    Starts(Option<String>),
    /// It is of no use any more, and another one may take its place.
    Over,
    /// It is another workflow's, or nobody's.
    Foreign,
}

/// Whether a pod has that object for an owner.
fn owned(pod: &k8s::Pod, uid: &str) -> bool {
    let owners = pod.metadata.owner_references.iter().flatten();
    owners.into_iter().any(|owner| owner.uid == uid)
}

/// How far the agent pod of the workflow with that UID has come.
#[must_use]
pub fn state(pod: &k8s::Pod, uid: &str) -> State {
    let notes = pod.metadata.annotations.as_ref();
    match notes.and_then(|notes| notes.get(UID)) {
        Some(of) if of == uid => {}
        // The one that Argo's controller made for it: nobody calls it any more.
        None if owned(pod, uid) => return State::Over,
        _ => return State::Foreign,
    }
    let status = pod.status.clone().unwrap_or_default();
    let ended = matches!(status.phase.as_deref(), Some("Failed" | "Succeeded"));
    if ended || pod.metadata.deletion_timestamp.is_some() {
        return State::Over;
    }
    let mut containers = status.container_statuses.iter().flatten();
    let runs = containers.any(|of| {
        of.name == CONTAINER
            && of
                .state
                .as_ref()
                .is_some_and(|state| state.running.is_some())
    });
    match runs {
        true => State::Ready,
        false => State::Starts(waiting(&status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const CONTAINER_TEXT: &str = "name: hello-executor-plugin\nimage: hello:1\nports: [{containerPort: 4355}]\nresources: {limits: {cpu: 1}}\nsecurityContext: {runAsNonRoot: true}\n";

    fn map(data: Value) -> k8s::ConfigMap {
        let name = "hello-executor-plugin";
        serde_json::from_value(json!({"metadata": {"name": name}, "data": data})).unwrap()
    }

    #[test]
    fn a_config_map_is_a_plugin_or_says_why_not() {
        let plugin = Plugin::of_config_map(&map(json!({"sidecar.container": CONTAINER_TEXT})));
        let plugin = plugin.unwrap();
        assert_eq!(plugin.name, "hello");
        let without = |line: &str| {
            let lines = CONTAINER_TEXT
                .lines()
                .filter(|text| !text.starts_with(line));
            json!({"sidecar.container": lines.collect::<Vec<_>>().join("\n")})
        };
        for (data, want) in [
            (json!({}), "it has no `sidecar.container`"),
            (json!({"sidecar.container": "a: ["}), "sidecar.container: "),
            (without("ports"), "its container has 0 ports, and needs one"),
            (without("resources"), "its container needs resources"),
            (without("security"), "its container needs a securityContext"),
            (
                json!({"sidecar.container": CONTAINER_TEXT, "sidecar.automountServiceAccountToken": "yes"}),
                "`yes` is neither true nor false",
            ),
        ] {
            let fault = Plugin::of_config_map(&map(data)).unwrap_err();
            assert!(
                fault.starts_with("take executor plug-in `hello-executor-plugin`: "),
                "{fault}"
            );
            assert!(fault.contains(want), "{fault}");
        }
    }

    #[test]
    fn its_pod_gives_each_plugin_its_own_token_and_none_for_the_api_server() {
        let data = json!({"sidecar.container": CONTAINER_TEXT, "sidecar.automountServiceAccountToken": "true"});
        let asks = Plugin::of_config_map(&map(data)).unwrap();
        let other = Plugin {
            name: "other".to_owned(),
            token: false,
            ..asks.clone()
        };
        let workflow = json!({
            "metadata": {"name": "wf", "namespace": "ns", "uid": "u"},
            "spec": {"serviceAccountName": "robot", "podSpecPatch": "{priority: 7}", "nodeSelector": {"a": "b"}},
        });
        let workflow = serde_json::from_value(workflow).unwrap();
        let settings = Settings {
            executor_image: "exec".to_owned(),
            ..Settings::default()
        };
        let pod = render(&workflow, &[asks, other], &settings).unwrap();
        let served = serves(&pod);
        let of = served.iter().map(|of| (of.name.as_str(), of.port));
        assert_eq!(of.collect::<Vec<_>>(), [("hello", 4355), ("other", 4355)]);
        assert!(served[0].named("hello") && !served[0].named("hell"));
        let pod = serde_json::to_value(pod).unwrap();
        // Source: Argo's name for it.
        assert_eq!(pod["metadata"]["name"], "wf-1340600742-agent");
        assert_eq!(pod["metadata"]["labels"][COMPONENT], "agent");
        let spec = &pod["spec"];
        assert_eq!(spec["automountServiceAccountToken"], false);
        assert_eq!(
            (&spec["priority"], &spec["nodeSelector"]["a"]),
            (&json!(7), &json!("b"))
        );
        assert_eq!(
            spec["initContainers"][0]["command"],
            json!([PROGRAM, "tokens", "hello", "other"])
        );
        let containers = spec["containers"].as_array().unwrap();
        assert_eq!(containers[0]["command"], json!([PROGRAM, "hold"]));
        assert_eq!(
            containers[0]["securityContext"]["readOnlyRootFilesystem"],
            true
        );
        let mounts = |at: usize| containers[at]["volumeMounts"].as_array().unwrap();
        let folder =
            json!({"name": RUN_VOLUME, "mountPath": RUN, "subPath": "hello", "readOnly": true});
        assert_eq!(mounts(1)[0], folder);
        assert_eq!(mounts(1)[1]["mountPath"], ACCOUNT);
        assert_eq!(
            (mounts(2)[0]["subPath"].as_str(), mounts(2).len()),
            (Some("other"), 1)
        );
        let secret = &spec["volumes"][1]["secret"]["secretName"];
        assert_eq!(secret, "hello-executor-plugin.service-account-token");
    }

    #[test]
    fn only_the_workflows_own_pod_is_called() {
        let pod = |meta: Value, status: Value| -> k8s::Pod {
            serde_json::from_value(json!({"metadata": meta, "status": status})).unwrap()
        };
        let own = json!({"annotations": {UID: "u"}});
        let running = json!({"phase": "Running", "containerStatuses": [{"name": "main", "ready": true, "restartCount": 0,
            "image": "", "imageID": "", "state": {"running": {}}}]});
        assert_eq!(state(&pod(own.clone(), running.clone()), "u"), State::Ready);
        assert_eq!(
            state(&pod(own.clone(), running.clone()), "v"),
            State::Foreign
        );
        let argos = json!({"ownerReferences": [{"apiVersion": "", "kind": "Workflow", "name": "wf", "uid": "u"}]});
        assert_eq!(state(&pod(argos, running), "u"), State::Over);
        assert_eq!(
            state(&pod(own.clone(), json!({"phase": "Failed"})), "u"),
            State::Over
        );
        let pull = json!({"phase": "Pending", "containerStatuses": [{"name": "x", "ready": false, "restartCount": 0,
            "image": "", "imageID": "", "state": {"waiting": {"reason": "ErrImagePull"}}}]});
        let State::Starts(Some(why)) = state(&pod(own, pull), "u") else {
            panic!("it does not wait")
        };
        assert!(why.starts_with("ErrImagePull"), "{why}");
    }
}
