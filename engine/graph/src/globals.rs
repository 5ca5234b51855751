//! The variables of the workflow as a whole.

use crate::scope::{Fault, Verdict};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rustc_hash::FxHashSet;
use tiphys_spec::{WorkflowSpec, diagnostic::nearest};

/// Which `workflow.*` variables there are.
#[derive(Debug, Default)]
pub(crate) struct Globals {
    parameters: FxHashSet<String>,
    labels: FxHashSet<String>,
    annotations: FxHashSet<String>,
    priority: bool,
    /// Templates on their own: parameters, labels and annotations come from a workflow that is not known.
    open: bool,
}

const PLAIN: [&str; 13] = [
    "name",
    "namespace",
    "uid",
    "mainEntrypoint",
    "serviceAccountName",
    "creationTimestamp",
    "priority",
    "scheduledTime",
    "duration",
    "parameters",
    "labels",
    "annotations",
    "outputs",
];

impl Globals {
    pub fn new(spec: &WorkflowSpec, metadata: &ObjectMeta, open: bool) -> Globals {
        let own = spec.workflow_metadata.as_ref();
        let mut labels: FxHashSet<String> = metadata
            .labels
            .iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect();
        let mut annotations: FxHashSet<String> = metadata
            .annotations
            .iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect();
        if let Some(own) = own {
            labels.extend(own.labels.keys().chain(own.labels_from.keys()).cloned());
            annotations.extend(own.annotations.keys().cloned());
        }
        let parameters = spec
            .arguments
            .iter()
            .flat_map(|a| &a.parameters)
            .map(|p| p.name.clone())
            .collect();
        Globals {
            parameters,
            labels,
            annotations,
            priority: spec.priority.is_some(),
            open,
        }
    }

    /// What `workflow.<path>` means. `outside`: outside all templates.
    pub fn verdict(&self, path: &[&str], leaf: bool, outside: bool) -> Verdict {
        match path {
            [] => {
                if leaf {
                    Fault::verdict("unknown-variable", "`workflow` alone has no value")
                } else {
                    Verdict::Fine
                }
            }
            ["parameters" | "labels" | "annotations"]
            | ["parameters" | "labels" | "annotations", "json"] => Verdict::Fine,
            ["parameters", name @ ..] => self.parameter(&name.join(".")),
            ["labels", name @ ..] => self.metadata("label", &self.labels, name, leaf),
            ["annotations", name @ ..] => {
                self.metadata("annotation", &self.annotations, name, leaf)
            }
            ["outputs"] | ["outputs", "parameters" | "artifacts"] => Verdict::Fine,
            ["outputs", "parameters", name @ ..] => Verdict::Published {
                kind: "parameter",
                name: name[0].to_owned(),
            },
            ["outputs", "artifacts", name @ ..] => Verdict::Published {
                kind: "artifact",
                name: name[0].to_owned(),
            },
            ["status" | "failures"] if outside => Verdict::Fine,
            ["status" | "failures"] => Verdict::AfterEnd,
            ["creationTimestamp", ..] | ["scheduledTime" | "duration"] => Verdict::Fine,
            ["priority"] if !self.priority && !self.open => Fault::verdict(
                "unknown-variable",
                "`workflow.priority` has no value: the workflow sets no priority",
            ),
            [name] if PLAIN.contains(name) && *name != "outputs" => Verdict::Fine,
            [name, ..] => {
                let known = PLAIN.into_iter().chain(["status", "failures"]);
                Fault::near(
                    "unknown-variable",
                    format!("there is no `workflow.{}`", path.join(".")),
                    "workflow.",
                    name,
                    known,
                )
            }
        }
    }

    fn parameter(&self, name: &str) -> Verdict {
        if self.parameters.contains(name) {
            return Verdict::Fine;
        }
        let known = self.parameters.iter().map(String::as_str);
        let first = name.split('.').next().unwrap_or(name);
        if self.open && nearest(name, known.clone()).is_none() {
            return Verdict::Fine;
        }
        let reason = format!("the workflow has no parameter `{name}`");
        match Fault::near(
            "unknown-workflow-parameter",
            reason,
            "workflow.parameters.",
            first,
            known,
        ) {
            Verdict::Fault(fault) => Verdict::Fault(Fault {
                lenient: self.open,
                ..fault
            }),
            other => other,
        }
    }

    fn metadata(
        &self,
        what: &str,
        known: &FxHashSet<String>,
        name: &[&str],
        leaf: bool,
    ) -> Verdict {
        let name = name.join(".");
        // The engine puts its own on; expressions cut names at their dots.
        if self.open || !leaf || known.contains(&name) || name.starts_with("workflows.argoproj.io/")
        {
            return Verdict::Fine;
        }
        let reason = format!("the workflow has no {what} `{name}`");
        Fault::near(
            "unknown-variable",
            reason,
            &format!("workflow.{what}s."),
            &name,
            known.iter().map(String::as_str),
        )
    }
}
