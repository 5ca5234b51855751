//! From files to workflows that can run: which objects are run, what they may refer to, and what the user changes of them.

use std::path::PathBuf;

use tiphys_graph::plan::Plan;
use tiphys_graph::{Origin, Purpose, check, plan};
use tiphys_spec::{self as spec, Kind, Object, ObjectValue, Read, Workflow};

use crate::failure::{Exit, Failure};
use crate::files::{self, Faults, Shelf};
use crate::printer::Printer;
use crate::report;

/// What was read.
pub struct Batch {
    pub shelf: Shelf,
    pub jobs: Vec<Job>,
    reads: Vec<Read>,
}

/// One workflow to run.
pub struct Job {
    pub workflow: Workflow,
    pub origin: Origin,
    /// Of the object that it was made from.
    pub kind: Kind,
}

impl Batch {
    /// Reads files and what is given beside them. What is wrong with them is told at once.
    pub fn read(paths: &[PathBuf], with: &[PathBuf], printer: &Printer) -> Result<Batch, Failure> {
        let mut reads = Vec::new();
        for path in paths {
            reads.push(files::read(path)?);
        }
        let count = reads.len();
        reads.extend(files::read_all(with, None)?);
        tell(Faults::of(&reads), printer)?;
        let mut shelf = Shelf::default();
        // The files themselves come last: their templates win over those of the same name beside them.
        for read in reads.iter().rev() {
            shelf.add(read)?;
        }
        let jobs = jobs(&reads[..count]);
        let batch = Batch { shelf, jobs, reads };
        if batch.jobs.is_empty() {
            let names = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>()
                .join(", ");
            return Err(Failure::new(format!("find a Workflow in {names}")).hint(
                "it needs an object with `kind: Workflow`, WorkflowTemplate or CronWorkflow",
            ));
        }
        Ok(batch)
    }

    /// The plan of a workflow. Errors end the command; warnings and notes are told.
    pub fn plan(
        &self,
        workflow: &Workflow,
        origin: &Origin,
        purpose: Purpose,
        printer: &Printer,
    ) -> Result<Plan, Failure> {
        let planned = plan(workflow, origin, &self.shelf.library, purpose);
        let mut faults = Faults {
            diagnostics: planned.diagnostics,
            ..Faults::of(&self.reads)
        };
        if faults.has_errors() {
            // The same faults as `lint` gives, with exact places also inside a CronWorkflow or a shared template.
            let more = self
                .reads
                .iter()
                .flat_map(|read| read.objects.iter().map(move |object| (read, object)));
            let more = more
                .filter(|(read, _)| read.source.name == *origin.name())
                .filter(|(_, object)| object.kind == Kind::CronWorkflow);
            let exact: Vec<_> = more
                .flat_map(|(read, object)| check(object, &read.source, &self.shelf.library))
                .collect();
            if spec::diagnostic::has_errors(&exact) {
                faults.diagnostics = exact;
            }
        }
        tell(faults, printer)?;
        planned.plan.ok_or_else(|| {
            Failure::new("plan the workflow: parts of it are not in the files")
                .hint("give the templates that it refers to with `--with`")
        })
    }
}

/// Tells faults on standard error; errors end the command.
fn tell(mut faults: Faults, printer: &Printer) -> Result<(), Failure> {
    faults.settle();
    report::tell(&faults, printer);
    let errors = faults
        .diagnostics
        .iter()
        .filter(|fault| fault.is_error())
        .count();
    if errors > 0 {
        let mut failure = Failure::new(format!(
            "accept the workflow: {}",
            crate::command::counted(errors, "error")
        ));
        failure.exit = Exit::Usage;
        return Err(failure);
    }
    Ok(())
}

/// Every Workflow; where there is none, the first object that can be run.
fn jobs(reads: &[Read]) -> Vec<Job> {
    let all: Vec<(&Read, &Object)> = reads
        .iter()
        .flat_map(|read| read.objects.iter().map(move |object| (read, object)))
        .collect();
    let workflows: Vec<Job> = all
        .iter()
        .filter(|(_, object)| object.kind == Kind::Workflow)
        .filter_map(|(read, object)| job(read, object))
        .collect();
    if !workflows.is_empty() {
        return workflows;
    }
    all.into_iter()
        .filter(|(_, object)| files::is_runnable(&object.kind))
        .find_map(|(read, object)| job(read, object))
        .into_iter()
        .collect()
}

fn job(read: &Read, object: &Object) -> Option<Job> {
    let origin = Origin::new(&read.source, &object.node);
    let kind = object.kind.clone();
    let from = |name: Option<String>, cluster: bool| Job {
        workflow: of_template(&name.unwrap_or_default(), cluster),
        origin: Origin::unread(&read.source.name),
        kind: kind.clone(),
    };
    Some(match &object.value {
        ObjectValue::Workflow(workflow) => Job {
            workflow: (**workflow).clone(),
            origin,
            kind,
        },
        ObjectValue::WorkflowTemplate(template) => from(template.metadata.name.clone(), false),
        ObjectValue::ClusterWorkflowTemplate(template) => {
            from(template.metadata.name.clone(), true)
        }
        ObjectValue::CronWorkflow(cron) => Job {
            workflow: of_cron(cron),
            origin,
            kind,
        },
        _ => return None,
    })
}

/// A workflow that is what a shared template says.
pub fn of_template(name: &str, cluster: bool) -> Workflow {
    let mut workflow = blank(name);
    let reference = spec::WorkflowTemplateRef {
        name: name.to_owned(),
        cluster_scope: cluster.then_some(true),
    };
    workflow.spec.workflow_template_ref = Some(reference);
    let label = if cluster {
        "workflows.argoproj.io/cluster-workflow-template"
    } else {
        "workflows.argoproj.io/workflow-template"
    };
    workflow
        .metadata
        .labels
        .get_or_insert_default()
        .insert(label.to_owned(), name.to_owned());
    workflow
}

fn blank(name: &str) -> Workflow {
    let mut workflow = Workflow {
        api_version: Some(spec::API_VERSION.to_owned()),
        kind: Some("Workflow".to_owned()),
        ..Workflow::default()
    };
    workflow.metadata.generate_name = Some(format!("{name}-"));
    workflow
}

/// The workflow that a CronWorkflow makes at each of its times.
pub fn of_cron(cron: &spec::CronWorkflow) -> Workflow {
    let name = cron
        .metadata
        .name
        .clone()
        .or_else(|| cron.metadata.generate_name.clone())
        .unwrap_or_default();
    let mut workflow = blank(name.trim_end_matches('-'));
    let given = cron.spec.workflow_metadata.clone().unwrap_or_default();
    workflow
        .metadata
        .namespace
        .clone_from(&cron.metadata.namespace);
    workflow.metadata.annotations = given.annotations;
    workflow.metadata.labels = given.labels;
    workflow
        .metadata
        .labels
        .get_or_insert_default()
        .insert("workflows.argoproj.io/cron-workflow".to_owned(), name);
    workflow.spec = cron.spec.workflow_spec.clone().unwrap_or_default();
    workflow
}

/// Arguments of `-p` and of a parameter file, the former winning.
pub fn parameters(
    given: &[(String, String)],
    file: Option<&PathBuf>,
) -> Result<Vec<(String, String)>, Failure> {
    let mut all = match file {
        Some(path) => from_file(path)?,
        None => Vec::new(),
    };
    all.extend(given.iter().cloned());
    Ok(all)
}

fn from_file(path: &PathBuf) -> Result<Vec<(String, String)>, Failure> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::new(format!("read {name}: {}", files::reason(&error))))?;
    let mut diagnostics = Vec::new();
    let source = spec::Source::parse(&name, &bytes, &mut diagnostics);
    let map = source.documents.first().and_then(|node| {
        spec::decode::<serde_json::Map<String, serde_json::Value>>(node, &source, &mut diagnostics)
    });
    let fault = diagnostics
        .iter()
        .find(|fault| fault.is_error())
        .map(ToString::to_string);
    let map = match (map, fault) {
        (Some(map), None) => map,
        (_, fault) => {
            let failure = Failure::new(format!("read parameters from {}", fault.unwrap_or(name)));
            return Err(failure.hint("it has to hold one map of names and values"));
        }
    };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(map
        .into_iter()
        .map(|(key, value)| (key, text(value)))
        .collect())
}

/// Sets arguments of a workflow.
pub fn set_parameters(workflow: &mut Workflow, parameters: &[(String, String)]) {
    if parameters.is_empty() {
        return;
    }
    let arguments = workflow.spec.arguments.get_or_insert_default();
    for (name, value) in parameters {
        match arguments
            .parameters
            .iter_mut()
            .find(|parameter| parameter.name == *name)
        {
            Some(parameter) => {
                parameter.value = Some(value.as_str().into());
                parameter.value_from = None;
            }
            None => arguments.parameters.push(spec::Parameter {
                name: name.clone(),
                value: Some(value.as_str().into()),
                ..spec::Parameter::default()
            }),
        }
    }
}

/// What a cluster would fill in: name, namespace, UID, time of creation.
pub fn identify(workflow: &mut Workflow) {
    let metadata = &mut workflow.metadata;
    let named = metadata.name.as_ref().is_some_and(|name| !name.is_empty());
    if !named {
        let prefix = metadata
            .generate_name
            .clone()
            .unwrap_or_else(|| "workflow-".to_owned());
        metadata.name = Some(format!("{prefix}{}", suffix()));
    }
    metadata
        .namespace
        .get_or_insert_with(|| "default".to_owned());
    let bits = u128::from(random()) << 64 | u128::from(random());
    metadata.uid = Some(uuid(bits));
    metadata.creation_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
        jiff::Timestamp::now(),
    ));
    workflow
        .api_version
        .get_or_insert_with(|| spec::API_VERSION.to_owned());
    workflow.kind.get_or_insert_with(|| "Workflow".to_owned());
    workflow.status = None;
}

/// A random number: the standard library's hash keys are random per process, and each use steps on.
pub fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u128(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos(),
    );
    hasher.finish()
}

/// Five characters as Kubernetes puts them behind a generated name.
pub fn suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut bits = random();
    let mut letter = || {
        let index = bits % LETTERS.len() as u64;
        bits /= LETTERS.len() as u64;
        char::from(LETTERS[index as usize])
    };
    (0..5).map(|_| letter()).collect()
}

/// A random UUID (version 4).
fn uuid(bits: u128) -> String {
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
