//! Short words for fields: `word value` in a block is `path: value` of the object it stands for.

/// A word and the field it stands for; dots lead into maps.
pub(crate) type Words = &'static [(&'static str, &'static str)];

pub(crate) const METADATA: Words = &[
    ("namespace", "namespace"),
    ("labels", "labels"),
    ("annotations", "annotations"),
    (
        "description",
        "annotations.workflows.argoproj.io/description",
    ),
    ("title", "annotations.workflows.argoproj.io/title"),
    ("version", "annotations.workflows.argoproj.io/version"),
];

pub(crate) const SPEC: Words = &[
    ("entry", "entrypoint"),
    ("on-exit", "onExit"),
    ("parallelism", "parallelism"),
    ("service-account", "serviceAccountName"),
    ("deadline", "activeDeadlineSeconds"),
    ("priority", "priority"),
    ("ttl", "ttlStrategy.secondsAfterCompletion"),
    ("pod-gc", "podGC.strategy"),
    ("artifact-gc", "artifactGC.strategy"),
    ("node-selector", "nodeSelector"),
    ("pod-patch", "podSpecPatch"),
    ("pod-labels", "podMetadata.labels"),
    ("pod-annotations", "podMetadata.annotations"),
];

pub(crate) const CRON: Words = &[
    ("concurrency", "concurrencyPolicy"),
    ("starting-deadline", "startingDeadlineSeconds"),
    ("keep-succeeded", "successfulJobsHistoryLimit"),
    ("keep-failed", "failedJobsHistoryLimit"),
    ("only-if", "when"),
];

/// Fields of `CronWorkflow.spec`; all others in a cron's block are the workflow's.
pub(crate) const CRON_FIELDS: [&str; 11] = [
    "concurrencyPolicy",
    "failedJobsHistoryLimit",
    "schedules",
    "startingDeadlineSeconds",
    "stopStrategy",
    "successfulJobsHistoryLimit",
    "suspend",
    "timezone",
    "when",
    "workflowMetadata",
    "workflowSpec",
];

/// Fields of the object itself.
pub(crate) const OBJECT_FIELDS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];

pub(crate) const TEMPLATE: Words = &[
    ("parallelism", "parallelism"),
    ("service-account", "serviceAccountName"),
    ("deadline", "activeDeadlineSeconds"),
    ("timeout", "timeout"),
    ("daemon", "daemon"),
    ("fail-fast", "failFast"),
    ("node-selector", "nodeSelector"),
    ("labels", "metadata.labels"),
    ("annotations", "metadata.annotations"),
    ("pod-patch", "podSpecPatch"),
];

pub(crate) const CONTAINER: Words = &[
    ("image", "image"),
    ("workdir", "workingDir"),
    ("pull", "imagePullPolicy"),
    ("ready", "readinessProbe"),
    ("alive", "livenessProbe"),
];

pub(crate) const RESOURCE: Words = &[
    ("action", "action"),
    ("merge", "mergeStrategy"),
    ("success", "successCondition"),
    ("failure", "failureCondition"),
    ("owned", "setOwnerReference"),
];

pub(crate) const HTTP: Words = &[
    ("success", "successCondition"),
    ("timeout", "timeoutSeconds"),
];
pub(crate) const SUSPEND: Words = &[("duration", "duration")];
pub(crate) const DAG: Words = &[("fail-fast", "failFast"), ("target", "target")];
pub(crate) const NONE: Words = &[];

const CONTAINER_FIELDS: [&str; 25] = [
    "args",
    "command",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
    "securityContext",
    "source",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
];
const RESOURCE_FIELDS: [&str; 8] = [
    "action",
    "failureCondition",
    "flags",
    "manifest",
    "manifestFrom",
    "mergeStrategy",
    "setOwnerReference",
    "successCondition",
];
const HTTP_FIELDS: [&str; 8] = [
    "body",
    "bodyFrom",
    "headers",
    "insecureSkipVerify",
    "method",
    "successCondition",
    "timeoutSeconds",
    "url",
];

/// What kind of body a template has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Container,
    Script,
    Steps,
    Dag,
    Suspend,
    Resource,
    Http,
    Data,
    Plugin,
    ContainerSet,
    /// No body of its own: all is written as fields.
    Template,
    /// A container inside of a template: of a set, a sidecar, one that runs first.
    Inner,
}

impl Body {
    pub fn named(word: &str) -> Option<Body> {
        Some(match word {
            "container" => Body::Container,
            "script" => Body::Script,
            "steps" => Body::Steps,
            "dag" => Body::Dag,
            "suspend" => Body::Suspend,
            "resource" => Body::Resource,
            "http" => Body::Http,
            "data" => Body::Data,
            "plugin" => Body::Plugin,
            "container-set" => Body::ContainerSet,
            "template" => Body::Template,
            _ => return None,
        })
    }

    /// The field of the template that holds the body.
    pub fn field(self) -> Option<&'static str> {
        Some(match self {
            Body::Container => "container",
            Body::Script => "script",
            Body::Steps => "steps",
            Body::Dag => "dag",
            Body::Suspend => "suspend",
            Body::Resource => "resource",
            Body::Http => "http",
            Body::Data => "data",
            Body::Plugin => "plugin",
            Body::ContainerSet => "containerSet",
            Body::Template | Body::Inner => return None,
        })
    }

    pub fn is_container(self) -> bool {
        matches!(self, Body::Container | Body::Script | Body::Inner)
    }

    /// Words for the body's fields.
    pub fn words(self) -> Words {
        match self {
            Body::Container | Body::Script | Body::Inner => CONTAINER,
            Body::Resource => RESOURCE,
            Body::Http => HTTP,
            Body::Suspend => SUSPEND,
            Body::Dag => DAG,
            _ => NONE,
        }
    }

    /// Whether a field is the body's and not the template's.
    pub fn owns(self, field: &str) -> bool {
        match self {
            Body::Container | Body::Script => CONTAINER_FIELDS.contains(&field),
            Body::Inner => true,
            Body::Resource => RESOURCE_FIELDS.contains(&field),
            Body::Http => HTTP_FIELDS.contains(&field),
            Body::Suspend => field == "duration",
            Body::Data => matches!(field, "source" | "transformation"),
            Body::Dag => matches!(field, "target" | "failFast" | "tasks"),
            Body::ContainerSet => matches!(field, "containers" | "retryStrategy" | "volumeMounts"),
            Body::Plugin => !TEMPLATE_FIELDS.contains(&field),
            Body::Steps | Body::Template => false,
        }
    }
}

/// Fields of a template beside its body.
pub(crate) const TEMPLATE_FIELDS: [&str; 32] = [
    "name",
    "inputs",
    "outputs",
    "activeDeadlineSeconds",
    "affinity",
    "annotations",
    "archiveLocation",
    "automountServiceAccountToken",
    "daemon",
    "executor",
    "failFast",
    "hostAliases",
    "initContainers",
    "memoize",
    "metadata",
    "metrics",
    "nodeSelector",
    "parallelism",
    "pendingTimeout",
    "podResources",
    "podSpecPatch",
    "priorityClassName",
    "resourceClaims",
    "retryStrategy",
    "schedulerName",
    "securityContext",
    "serviceAccountName",
    "sidecars",
    "synchronization",
    "timeout",
    "tolerations",
    "volumes",
];

/// Programs that take a text of code, and the option they take it by.
pub(crate) fn interpreter(program: &str) -> Option<&'static str> {
    match program
        .strip_prefix("/bin/")
        .or(program.strip_prefix("/usr/bin/"))
        .unwrap_or(program)
    {
        "sh" | "bash" | "ash" | "dash" | "zsh" | "python" | "python2" | "python3" => Some("-c"),
        "node" | "perl" | "ruby" => Some("-e"),
        _ => None,
    }
}

/// Words that begin statements of their own inside of a template: no command can stand before a text under such a name.
pub(crate) const STATEMENTS: [&str; 25] = [
    "run",
    "command",
    "args",
    "source",
    "env",
    "mount",
    "cpu",
    "memory",
    "out",
    "retry",
    "volume",
    "sidecar",
    "init",
    "mutex",
    "semaphore",
    "counter",
    "gauge",
    "histogram",
    "raw",
    "container",
    "image",
    "workdir",
    "pull",
    "memoize",
    "param",
];

/// `service-account-name` → `serviceAccountName`.
pub(crate) fn camel(word: &str) -> String {
    let mut parts = word.split('-');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}
