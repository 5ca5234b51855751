//! Workflows: what they have beside their templates.

use super::limits::Units;
use super::words;
use crate::lower::{Head, located};
use crate::origin::{At, suggest};
use crate::plan::{Scope, Target, Template};
use crate::planner::{Planner, Purpose, Subject};
use crate::registry::Entry;
use crate::scope::Names;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use tiphys_expr::Program;
use tiphys_spec::{Diagnostic, Severity, Workflow, WorkflowSpec};

impl Planner<'_> {
    /// Checks the fields of a workflow's spec.
    pub(crate) fn check_workflow(&mut self, at: At<'_>, workflow: &Workflow, names: &Names<'_>) {
        let spec = &workflow.spec;
        self.check_given(at, spec);
        self.check_collection(at, spec);
        self.diagnostics.extend(words::check(
            at,
            "shutdown",
            spec.shutdown.as_deref(),
            words::SHUTDOWN,
        ));
        self.diagnostics.extend(words::check(
            at,
            "dnsPolicy",
            spec.dns_policy.as_deref(),
            words::DNS,
        ));
        self.check_least(at, "parallelism", spec.parallelism, 0);
        self.check_least(at, "activeDeadlineSeconds", spec.active_deadline_seconds, 0);
        if let Some(retry) = &spec.retry_strategy {
            self.check_retry(at.key("retryStrategy"), retry);
        }
        if let Some(synchronization) = &spec.synchronization {
            self.check_locks(at.key("synchronization"), synchronization);
        }
        if let Some(metrics) = &spec.metrics {
            self.check_metrics(at.key("metrics"), metrics, names);
        }
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        for (index, volume) in spec.volumes.iter().enumerate() {
            if !seen.insert(&volume.name) {
                let reason = format!("there is another volume `{}` beside it", volume.name);
                self.report(
                    at.key("volumes")
                        .index(index)
                        .key("name")
                        .error("duplicate-name", reason),
                );
            }
        }
        for (key, from) in spec
            .workflow_metadata
            .iter()
            .flat_map(|metadata| &metadata.labels_from)
        {
            let at = at.key("workflowMetadata");
            let at = at.key("labelsFrom");
            match from
                .expression
                .as_deref()
                .filter(|expression| !expression.is_empty())
            {
                Some(expression) => drop::<Option<Program>>(self.program(
                    at.key(key).key("expression"),
                    expression,
                    names,
                )),
                None => self.report(at.key(key).error(
                    "label-expression",
                    format!("label `{key}` needs an expression"),
                )),
            }
        }
    }

    /// The workflow's arguments.
    fn check_given(&mut self, at: At<'_>, spec: &WorkflowSpec) {
        let Some(arguments) = &spec.arguments else {
            return;
        };
        let at = at.key("arguments");
        self.check_parameter_names(at.key("parameters"), &arguments.parameters);
        self.check_artifact_names(at.key("artifacts"), &arguments.artifacts);
        let list = at.key("parameters");
        for (index, parameter) in arguments.parameters.iter().enumerate() {
            let at = list.index(index);
            self.check_choices(at, parameter);
            let given = parameter.value.is_some()
                || parameter.value_from.is_some()
                || parameter.default.is_some();
            if self.purpose == Purpose::Run && !given {
                let fault = at.error(
                    "argument-value",
                    format!("workflow parameter `{}` has no value", parameter.name),
                );
                self.report(
                    fault.help("give it when the workflow is submitted, or a default in the file"),
                );
            }
        }
        let list = at.key("artifacts");
        for (index, artifact) in arguments.artifacts.iter().enumerate() {
            let at = list.index(index);
            self.check_location(at, artifact);
            let from = artifact.from.is_some() || artifact.from_expression.is_some();
            if self.purpose == Purpose::Run
                && !located(artifact)
                && !from
                && artifact.optional != Some(true)
            {
                self.report(at.error(
                    "argument-value",
                    format!("workflow artifact `{}` has no location", artifact.name),
                ));
            }
        }
    }

    /// What is removed, and when.
    fn check_collection(&mut self, at: At<'_>, spec: &WorkflowSpec) {
        if let Some(gc) = &spec.pod_gc {
            let at = at.key("podGC");
            self.diagnostics.extend(words::check(
                at,
                "strategy",
                gc.strategy.as_deref(),
                words::POD_GC,
            ));
            self.check_duration(
                at,
                "deleteDelayDuration",
                gc.delete_delay_duration.as_deref(),
                Units::Seconds,
            );
        }
        if let Some(gc) = &spec.volume_claim_gc {
            self.diagnostics.extend(words::check(
                at.key("volumeClaimGC"),
                "strategy",
                gc.strategy.as_deref(),
                words::VOLUME_GC,
            ));
        }
        if let Some(gc) = &spec.artifact_gc {
            self.diagnostics.extend(words::check(
                at.key("artifactGC"),
                "strategy",
                gc.strategy.as_deref(),
                words::ARTIFACT_GC,
            ));
        }
        if let Some(ttl) = &spec.ttl_strategy {
            let at = at.key("ttlStrategy");
            self.check_least(
                at,
                "secondsAfterCompletion",
                ttl.seconds_after_completion,
                0,
            );
            self.check_least(at, "secondsAfterSuccess", ttl.seconds_after_success, 0);
            self.check_least(at, "secondsAfterFailure", ttl.seconds_after_failure, 0);
        }
    }

    /// The entrypoint's inputs come from the workflow's arguments.
    pub(crate) fn check_entrypoint(&mut self, at: At<'_>, spec: &WorkflowSpec, entry: &Arc<Entry>) {
        // A shared template's arguments come from whoever submits it.
        let Some(inputs) = entry
            .spec
            .inputs
            .as_deref()
            .filter(|_| self.subject == Subject::Workflow)
        else {
            return;
        };
        let given = spec.arguments.as_ref();
        let severity = if self.purpose == Purpose::Run {
            Severity::Error
        } else {
            Severity::Warning
        };
        let parameters = given.map_or(&[][..], |arguments| &arguments.parameters);
        for input in &inputs.parameters {
            let filled =
                input.value.is_some() || input.default.is_some() || input.value_from.is_some();
            if !filled
                && !parameters
                    .iter()
                    .any(|parameter| parameter.name == input.name)
            {
                let reason = format!(
                    "the workflow has no parameter `{}`, which its entrypoint `{}` needs",
                    input.name, entry.name
                );
                let fault = at
                    .key("entrypoint")
                    .report(severity, "missing-argument", reason);
                self.report(suggest(
                    fault,
                    &input.name,
                    parameters.iter().map(|parameter| parameter.name.as_str()),
                ));
            }
        }
        let artifacts = given.map_or(&[][..], |arguments| &arguments.artifacts);
        for input in inputs
            .artifacts
            .iter()
            .filter(|input| input.optional != Some(true) && !located(input))
        {
            if !artifacts.iter().any(|artifact| artifact.name == input.name) {
                let reason = format!(
                    "the workflow has no artifact `{}`, which its entrypoint `{}` needs",
                    input.name, entry.name
                );
                let fault = at
                    .key("entrypoint")
                    .report(severity, "missing-argument", reason);
                self.report(suggest(
                    fault,
                    &input.name,
                    artifacts.iter().map(|artifact| artifact.name.as_str()),
                ));
            }
        }
    }

    /// Templates that nothing calls.
    pub(crate) fn check_reached(&mut self, templates: &[Template], head: &Head) {
        let hooks =
            head.hooks
                .iter()
                .chain(&head.exit)
                .filter_map(|hook| match &hook.call.target {
                    Target::Template(id) => Some(*id),
                    Target::Dynamic { .. } => None,
                });
        let reached = self.reached(templates.len(), hooks.chain([head.entrypoint]), true);
        for template in templates {
            if template.scope != Scope::Local
                || template.name.is_empty()
                || reached.contains(&template.id.0)
            {
                continue;
            }
            let entry = Arc::clone(self.registry.entry(template.id));
            if self
                .registry
                .find(&Scope::Local, &entry.name)
                .is_ok_and(|first| first.id != entry.id)
            {
                continue;
            }
            let at = At::new(&entry.origin, &entry.path);
            self.report(at.key("name").info(
                "unused-template",
                format!("nothing calls template `{}`", template.name),
            ));
        }
    }

    /// Global outputs that are read must be published by some template.
    pub(crate) fn check_published(
        &mut self,
        templates: &[Template],
        asked: Vec<(&'static str, String, Diagnostic)>,
    ) {
        let outputs = || {
            templates
                .iter()
                .filter_map(|template| template.spec.outputs.as_deref())
        };
        let parameters: FxHashSet<&str> = outputs()
            .flat_map(|o| &o.parameters)
            .filter_map(|p| p.global_name.as_deref())
            .collect();
        let artifacts: FxHashSet<&str> = outputs()
            .flat_map(|o| &o.artifacts)
            .filter_map(|a| a.global_name.as_deref())
            .collect();
        // Templates on their own, a part that was not given, a name made at run time: it may be any.
        let unknown = self.incomplete || self.subject == Subject::Templates;
        for (kind, name, fault) in asked {
            let known = if kind == "parameter" {
                &parameters
            } else {
                &artifacts
            };
            if !unknown
                && !known.contains(name.as_str())
                && !known.iter().any(|name| name.contains("{{"))
            {
                self.report(suggest(fault, &name, known.iter().copied()));
            }
        }
    }
}
