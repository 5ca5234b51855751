//! What `tiphys lint` says of one object of a file.

use crate::checks::{check_binding, check_schedules};
use crate::library::Library;
use crate::origin::{At, Origin, suggest};
use crate::planner::{Purpose, Subject, run};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::sync::Arc;
use tiphys_spec::{
    Diagnostic, Object, ObjectValue, Path, Source, Workflow, WorkflowSpec, diagnostic,
};

/// The longest name of a workflow or a shared template, and of a CronWorkflow, whose runs add to it.
const LONGEST: (usize, usize) = (63, 52);

/// Every fault of an object, in the order of its text. References to what `library` does not have are notes, unless it is
/// complete. Faults in the library's own files are left to those files.
#[must_use]
pub fn check(object: &Object, source: &Arc<Source>, library: &Library) -> Vec<Diagnostic> {
    let origin = Origin::new(source, &object.node);
    let mut report = check_value(&object.value, &origin, library);
    report.retain(|fault| fault.source == source.name);
    diagnostic::sort(&mut report);
    report
}

/// As [`check`], for an object that may have no text. Kinds that are not ours have no faults.
#[must_use]
pub fn check_value(value: &ObjectValue, origin: &Origin, library: &Library) -> Vec<Diagnostic> {
    let root = Path::root();
    let at = At::new(origin, &root);
    let mut report = Vec::new();
    match value {
        ObjectValue::Workflow(workflow) => {
            check_name(at, &workflow.metadata, LONGEST.0, &mut report);
            report.extend(planned(
                workflow,
                origin,
                "spec",
                library,
                Subject::Workflow,
            ));
        }
        ObjectValue::WorkflowTemplate(template) => {
            check_name(at, &template.metadata, LONGEST.0, &mut report);
            let mut library = library.clone();
            library.add_template(template, origin.clone());
            report.extend(templates(
                &template.metadata,
                &template.spec,
                origin,
                &library,
            ));
        }
        ObjectValue::ClusterWorkflowTemplate(template) => {
            check_name(at, &template.metadata, LONGEST.0, &mut report);
            let mut library = library.clone();
            library.add_cluster_template(template, origin.clone());
            report.extend(templates(
                &template.metadata,
                &template.spec,
                origin,
                &library,
            ));
        }
        ObjectValue::CronWorkflow(cron) => {
            check_name(at, &cron.metadata, LONGEST.1, &mut report);
            check_schedules(at.key("spec"), &cron.spec, &mut report);
            match &cron.spec.workflow_spec {
                Some(spec) => {
                    let metadata = cron.spec.workflow_metadata.clone().unwrap_or_default();
                    let workflow = Workflow {
                        metadata,
                        spec: spec.clone(),
                        ..Workflow::default()
                    };
                    report.extend(planned(
                        &workflow,
                        origin,
                        "spec.workflowSpec",
                        library,
                        Subject::Workflow,
                    ));
                }
                None => report.push(
                    at.key("spec")
                        .error("no-workflow-spec", "the CronWorkflow has no workflowSpec"),
                ),
            }
        }
        ObjectValue::WorkflowEventBinding(binding) => {
            check_name(at, &binding.metadata, LONGEST.0, &mut report);
            check_binding(at.key("spec"), &binding.spec, library, &mut report);
        }
        _ => {}
    }
    diagnostic::sort(&mut report);
    report.dedup();
    report
}

fn planned(
    workflow: &Workflow,
    origin: &Origin,
    base: &str,
    library: &Library,
    subject: Subject,
) -> Vec<Diagnostic> {
    // The two bases are written above and read as paths.
    let base = base.parse().unwrap_or_default();
    run(workflow, origin, &base, library, Purpose::Lint, subject).diagnostics
}

/// The templates of a shared template, each on its own.
fn templates(
    metadata: &ObjectMeta,
    spec: &WorkflowSpec,
    origin: &Origin,
    library: &Library,
) -> Vec<Diagnostic> {
    // A shared template's labels are not its workflows'.
    let metadata = ObjectMeta {
        name: metadata.name.clone(),
        ..ObjectMeta::default()
    };
    let workflow = Workflow {
        metadata,
        spec: spec.clone(),
        ..Workflow::default()
    };
    planned(&workflow, origin, "spec", library, Subject::Templates)
}

fn check_name(at: At<'_>, metadata: &ObjectMeta, longest: usize, report: &mut Vec<Diagnostic>) {
    let at = at.key("metadata");
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    for (field, name) in [
        ("name", &metadata.name),
        ("generateName", &metadata.generate_name),
    ] {
        let Some(name) = name.as_deref().filter(|name| !name.is_empty()) else {
            continue;
        };
        let at = at.key(field);
        if name.len() > longest {
            report.push(at.error("name", format!("`{name}` has {} characters: more than {longest} make names of pods that are too long", name.len())));
        }
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !name.chars().all(fine)
            || !edge(name.chars().next())
            || (field == "name" && !edge(name.chars().last()))
        {
            let fault = at.error("name", format!("`{name}` cannot name an object: small letters, digits, `-` and `.`, and a letter or digit at both ends"));
            let better: String = name
                .to_ascii_lowercase()
                .chars()
                .map(|c| if fine(c) { c } else { '-' })
                .collect();
            report.push(suggest(fault, name, [better.trim_matches(['-', '.'])]));
        }
    }
}
