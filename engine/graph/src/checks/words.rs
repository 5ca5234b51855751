//! Fields that take one of a few words.

use crate::origin::{At, suggest};
use tiphys_spec::Diagnostic;

pub(crate) const RETRY_POLICY: &[&str] = &["Always", "OnFailure", "OnError", "OnTransientError"];
pub(crate) const POD_GC: &[&str] = &[
    "OnPodCompletion",
    "OnPodSuccess",
    "OnWorkflowCompletion",
    "OnWorkflowSuccess",
];
pub(crate) const VOLUME_GC: &[&str] = &["OnWorkflowCompletion", "OnWorkflowSuccess"];
pub(crate) const ARTIFACT_GC: &[&str] = &["OnWorkflowCompletion", "OnWorkflowDeletion", "Never"];
pub(crate) const SHUTDOWN: &[&str] = &["Stop", "Terminate"];
pub(crate) const ACTION: &[&str] = &["get", "create", "apply", "delete", "replace", "patch"];
pub(crate) const MERGE: &[&str] = &["strategic", "merge", "json"];
pub(crate) const CONCURRENCY: &[&str] = &["Allow", "Forbid", "Replace"];
pub(crate) const GAUGE: &[&str] = &["Set", "Add", "Sub"];
pub(crate) const PULL: &[&str] = &["Always", "IfNotPresent", "Never"];
pub(crate) const DNS: &[&str] = &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
pub(crate) const TERMINATION: &[&str] = &["File", "FallbackToLogsOnError"];
pub(crate) const METHOD: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE",
];

/// The fault of a word that is none of `words`. Absent, empty and tagged values are no fault.
pub(crate) fn check(
    at: At<'_>,
    field: &str,
    word: Option<&str>,
    words: &[&'static str],
) -> Option<Diagnostic> {
    let word = word.filter(|word| !word.is_empty() && !word.contains("{{"))?;
    if words.contains(&word) {
        return None;
    }
    let reason = format!(
        "{field} cannot be `{word}`: it is one of {}",
        words.join(", ")
    );
    Some(suggest(
        at.key(field).error("word", reason),
        word,
        words.iter().copied(),
    ))
}
