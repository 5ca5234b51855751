//! Labels and annotations of Workflow objects. Argo's where Argo has them.

/// Label: `status.phase`, for selectors.
pub const PHASE: &str = "workflows.argoproj.io/phase";
/// Label: whether the workflow has ended: `"true"` or `"false"`.
pub const COMPLETED: &str = "workflows.argoproj.io/completed";
/// Annotation: how pods are named; the `argo` CLI finds logs by it.
pub const POD_NAME_FORMAT: &str = "workflows.argoproj.io/pod-name-format";
/// Annotation: how often the whole workflow was retried.
pub const ATTEMPT: &str = "tiphys.dev/attempt";
/// Annotation: when a workflow that has ended is deleted (`ttlStrategy`), as RFC 3339.
pub const EXPIRES: &str = "tiphys.dev/expires";
/// Annotation: which of a workflow's artifacts are deleted at its end (`OnWorkflowCompletion`), until that is done.
pub const ARTIFACT_GC: &str = "tiphys.dev/artifact-gc";
