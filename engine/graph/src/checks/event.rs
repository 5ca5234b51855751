//! WorkflowEventBindings.

use super::cron::expression_fault;
use crate::library::Library;
use crate::origin::{At, suggest};
use tiphys_spec::{Diagnostic, Severity, WorkflowEventBindingSpec};

/// What is wrong with an event binding.
pub(crate) fn check_binding(
    at: At<'_>,
    spec: &WorkflowEventBindingSpec,
    library: &Library,
    report: &mut Vec<Diagnostic>,
) {
    let selector = spec
        .event
        .as_ref()
        .and_then(|event| event.selector.as_deref())
        .filter(|selector| !selector.is_empty());
    match selector {
        None => report.push(
            at.key("event")
                .error("event-selector", "the event binding has no selector")
                .help("set event.selector to an expression"),
        ),
        Some(selector) => {
            report.extend(expression_fault(at.key("event").key("selector"), selector))
        }
    }
    let Some(submit) = &spec.submit else { return };
    let at = at.key("submit");
    match &submit.workflow_template_ref {
        Some(reference) if !reference.name.is_empty() => {
            let cluster = reference.cluster_scope == Some(true);
            if library.find(&reference.name, cluster).is_none() {
                let kind = if cluster {
                    "ClusterWorkflowTemplate"
                } else {
                    "WorkflowTemplate"
                };
                let severity = if library.complete {
                    Severity::Error
                } else {
                    Severity::Info
                };
                let reason = format!("there is no {kind} `{}` here", reference.name);
                let fault = at.key("workflowTemplateRef").key("name").report(
                    severity,
                    "unknown-workflow-template",
                    reason,
                );
                report.push(suggest(
                    fault,
                    &reference.name,
                    library.shelf(cluster).keys().map(String::as_str),
                ));
            }
        }
        _ => report.push(
            at.error("event-template", "submit names no workflow template")
                .help("set workflowTemplateRef.name"),
        ),
    }
    let list = at.key("arguments");
    let list = list.key("parameters");
    for (index, parameter) in submit
        .arguments
        .iter()
        .flat_map(|arguments| &arguments.parameters)
        .enumerate()
    {
        let at = list.index(index);
        if parameter.name.is_empty() {
            report.push(at.error("no-name", "the parameter has no name"));
        }
        let event = parameter
            .value_from
            .as_ref()
            .and_then(|from| from.event.as_deref());
        if let Some(event) = event {
            report.extend(expression_fault(at.key("valueFrom").key("event"), event));
        } else if parameter.value.is_none()
            && parameter.value_from.is_none()
            && parameter.default.is_none()
        {
            report.push(
                at.error(
                    "argument-value",
                    format!("argument `{}` has no value", parameter.name),
                )
                .help("give it `value` or `valueFrom.event`"),
            );
        }
    }
}
