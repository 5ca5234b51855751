//! The command line. Flags are Argo's where Argo has them, and `ARGO_<FLAG>` in the environment stands for a flag as there.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Runs workflows (argoproj.io/v1alpha1) in a Kubernetes cluster.
///
/// It finds the cluster by KUBECONFIG or ~/.kube/config, or by its own service account inside a cluster. It ends with TERM or INT: what
/// it knows is stored, pods run on, and the next one goes on where it was.
#[derive(Debug, Parser)]
#[command(name = "tiphys-controller", version, max_term_width = 120)]
pub struct Args {
    /// The ConfigMap that holds the configuration, in the controller's namespace.
    #[arg(
        long,
        env = "ARGO_CONFIGMAP",
        default_value = "workflow-controller-configmap",
        value_name = "NAME"
    )]
    pub configmap: String,
    /// The image that holds the executor, for steps whose outputs somebody wants; by default the configuration's `executor.image`, or
    /// the one of this version.
    #[arg(long, env = "ARGO_EXECUTOR_IMAGE", value_name = "IMAGE")]
    pub executor_image: Option<String>,
    /// When that image is pulled: Always, IfNotPresent or Never.
    #[arg(long, env = "ARGO_EXECUTOR_IMAGE_PULL_POLICY", value_name = "POLICY")]
    pub executor_image_pull_policy: Option<String>,
    /// The image with the programs git and ssh, for steps that have artifacts from git repositories.
    #[arg(
        long,
        env = "TIPHYS_GIT_IMAGE",
        default_value = "alpine/git:v2.45.2",
        value_name = "IMAGE"
    )]
    pub git_image: String,
    /// A plug-in more, beside those that come with Tiphys: a file, a folder of .wasm files, or oci://REGISTRY/NAME@sha256:DIGEST. What it may do is
    /// said by PluginGrant objects.
    #[arg(
        long,
        env = "TIPHYS_PLUGINS",
        value_name = "PLACE",
        value_delimiter = ','
    )]
    pub plugin: Vec<String>,
    /// Take only plug-ins that are signed with the private half of this key (PEM), as cosign signs.
    #[arg(long, env = "TIPHYS_PLUGIN_KEY", value_name = "FILE")]
    pub plugin_key: Option<PathBuf>,
    /// Call Argo's executor plug-ins for templates that no other plug-in provides: ConfigMaps of the workflow's namespace and of this one's, with
    /// the label workflows.argoproj.io/configmap-type: ExecutorPlugin. They run in a pod of the workflow's.
    #[arg(long, env = "ARGO_EXECUTOR_PLUGINS")]
    pub executor_plugins: bool,
    /// Call those that a workflow brings (`spec.executorPlugins`), too.
    #[arg(long, env = "ARGO_WORKFLOW_LEVEL_EXECUTOR_PLUGINS")]
    pub workflow_level_executor_plugins: bool,
    /// Run the workflows of one namespace only: the controller's own, or the managed one.
    #[arg(long, env = "ARGO_NAMESPACED")]
    pub namespaced: bool,
    /// The namespace whose workflows are run.
    #[arg(
        long,
        env = "ARGO_MANAGED_NAMESPACE",
        value_name = "NAMESPACE",
        requires = "namespaced"
    )]
    pub managed_namespace: Option<String>,
    /// Run only workflows with this label workflows.argoproj.io/controller-instanceid; without it, only those without the label.
    #[arg(long, env = "ARGO_INSTANCEID", value_name = "ID")]
    pub instanceid: Option<String>,
    /// Fields of `spec` that a workflow may set beside those that are always allowed, where the configuration's `workflowRestrictions`
    /// keep workflows to templates.
    #[arg(
        long,
        env = "WORKFLOW_USER_OVERRIDE_ALLOWLIST",
        value_name = "FIELD,…",
        value_delimiter = ','
    )]
    pub workflow_user_override_allowlist: Vec<String>,
    /// Run without asking whether another controller runs: only where there can be no other.
    #[arg(long, env = "LEADER_ELECTION_DISABLE")]
    pub no_lease: bool,
    /// Who this controller is among those that wait for their turn: the pod's name. By default
    /// the machine's, and the number of the process.
    #[arg(long, env = "LEADER_ELECTION_IDENTITY", value_name = "NAME")]
    pub identity: Option<String>,
    /// How long after the last sign of a controller another one takes over, in seconds.
    #[arg(long, env = "TIPHYS_LEASE_SECONDS", default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(3..))]
    pub lease_seconds: u64,
    /// Where `/healthz` is answered; `none` for nowhere.
    #[arg(
        long,
        env = "TIPHYS_HEALTH",
        default_value = "0.0.0.0:6060",
        value_name = "ADDRESS"
    )]
    pub health: String,
    /// Where Prometheus reads `/metrics`, plainly; `none` for nowhere.
    #[arg(
        long,
        env = "TIPHYS_METRICS",
        default_value = "0.0.0.0:9090",
        value_name = "ADDRESS"
    )]
    pub metrics: String,
    /// Where compiled plug-ins are kept; without it they are compiled anew by each start.
    #[arg(long, env = "TIPHYS_CACHE", value_name = "FOLDER")]
    pub cache: Option<PathBuf>,
    /// What is logged: error, warn, info, debug or trace.
    #[arg(
        long,
        env = "ARGO_LOGLEVEL",
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub loglevel: String,
    /// How it is logged.
    #[arg(
        long,
        env = "ARGO_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}
