//! Labels, annotations and paths. Argo's where Argo has them.

/// Label: the workflow's name.
pub const WORKFLOW: &str = "workflows.argoproj.io/workflow";
/// Label: `"false"` until the pod has ended and all is read from it.
pub const COMPLETED: &str = "workflows.argoproj.io/completed";
/// Label: what a pod is for that is no step.
pub const COMPONENT: &str = "workflows.argoproj.io/component";
/// Label of pods of an exit handler.
pub const ON_EXIT: &str = "workflows.argoproj.io/on-exit";
/// Label: which controller an object belongs to.
pub const INSTANCE_ID: &str = "workflows.argoproj.io/controller-instanceid";
/// Annotation: the node's name.
pub const NODE_NAME: &str = "workflows.argoproj.io/node-name";
/// Annotation: the node's ID.
pub const NODE_ID: &str = "workflows.argoproj.io/node-id";
/// Annotation: how often the whole workflow was retried when the pod was made.
pub const ATTEMPT: &str = "tiphys.dev/attempt";
/// Annotation: the workflow's UID.
pub const UID: &str = "tiphys.dev/workflow-uid";
/// Annotation: how far a step has come, `N/M`: of its template, or set while it runs.
pub const PROGRESS: &str = "workflows.argoproj.io/progress";
/// What owner references call the owner.
pub(crate) const CONTROLLER: &str = "Workflow";

/// Annotation of Kubernetes' own tools: whose logs to show.
pub(crate) const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// The folder that Argo's executor uses in every container.
pub(crate) const RUN: &str = "/var/run/argo";
pub(crate) const RUN_VOLUME: &str = "var-run-argo";
/// Where each container of a set says how it ended: `CONTAINERS/NAME/exitcode`.
pub(crate) const CONTAINERS: &str = "/var/run/argo/ctr";
/// Where the executor is in a wrapped container.
pub(crate) const EXECUTOR: &str = "/var/run/argo/tiphys-executor";
/// Where the executor is in its own image.
pub(crate) const EXECUTOR_IN_IMAGE: &str = "/bin/tiphys-executor";
/// What loads and saves artifacts, in the executor's image.
pub(crate) const ARTIFACTS_IN_IMAGE: &str = "/bin/tiphys-artifacts";
/// Where that is in an init container of another image.
pub(crate) const ARTIFACTS: &str = "/var/run/argo/tiphys-artifacts";
/// Where that has the secrets it needs: `SECRETS/NAME/KEY`. Source: Argo.
pub(crate) const SECRETS: &str = "/argo/secret";
/// Where that unpacks what it is handed: no other container sees it. Source: Argo.
pub(crate) const TMP: &str = "/tmp";
pub(crate) const TMP_VOLUME: &str = "tmp-dir-argo";
pub(crate) const GIT_TMP_VOLUME: &str = "tmp-dir-git";
/// Where a script's source is put.
pub(crate) const STAGING: &str = "/argo/staging";
pub(crate) const STAGING_VOLUME: &str = "argo-staging";
/// Where the init container puts input artifacts.
pub(crate) const INPUTS: &str = "/argo/inputs/artifacts";
pub(crate) const INPUTS_VOLUME: &str = "input-artifacts";
/// Where the init container sees the volumes of `main`.
pub(crate) const MAIN_FILES: &str = "/mainctrfs";
