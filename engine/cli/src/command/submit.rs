//! `tiphys submit`: workflows from files, or from what a cluster holds, handed to its controller.

use std::rc::Rc;
use std::sync::Arc;

use tiphys_cluster::verbs::Kind;
use tiphys_graph::{Library, Origin, Purpose, plan};
use tiphys_spec::{self as spec, CronWorkflow, Workflow};

use super::{counted, get, logs, watch};
use crate::args::{Global, Logs, RunOutput, Source, Submit, View};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::runs::{Elsewhere, Remote, Run, There};
use crate::submit::{self, Batch, Job};

pub fn run(args: &Submit, global: &Global, printer: &Printer) -> Outcome {
    let parameters = submit::parameters(&args.parameters, args.parameter_file.as_ref())?;
    let ready = match &args.from {
        Some((source, name)) => {
            let remote = Remote::connect(global)?;
            let job = of_cluster(&remote, *source, name)?;
            vec![(remote, prepared(&job, args, &parameters))]
        }
        None => of_files(args, global, &parameters, printer)?,
    };
    if args.watch && ready.len() > 1 {
        let count = counted(ready.len(), "workflow");
        return Err(Failure::new(format!("watch {count} at once")).hint("use `--wait`"));
    }
    // All that were made are known before the first is waited for.
    let mut made = Vec::new();
    for (remote, workflow) in ready {
        let object = serde_json::to_value(&workflow).map_err(|error| Failure::of(&error))?;
        let call = remote.cluster.create(Kind::Workflow, &object, args.dry_run);
        let run = Run::There(There::new(&remote, remote.ask(call)?));
        let done = if args.dry_run {
            "would be submitted (dry run)"
        } else {
            "submitted"
        };
        say(&run, done, args.output, printer)?;
        made.push(run);
    }
    let view = View {
        logs: args.logs,
        follow: crate::args::Follow {
            wait: args.wait,
            watch: args.watch,
        },
        ..View::default()
    };
    let mut worst = Exit::Done;
    for run in &made {
        worst = worst.max(follow(run, &view, printer)?);
    }
    Ok(worst)
}

/// The workflows of files, all checked: with the shared templates of the cluster, where they refer to any.
fn of_files(
    args: &Submit,
    global: &Global,
    parameters: &[(String, String)],
    printer: &Printer,
) -> Result<Vec<(Rc<Remote>, Workflow)>, Failure> {
    let mut batch = Batch::read(&args.files, &[], printer)?;
    if let Some(job) = batch
        .jobs
        .iter()
        .find(|job| job.kind != spec::Kind::Workflow)
    {
        return Err(other_kind(job));
    }
    if args.name.is_some() && batch.jobs.len() > 1 {
        let count = counted(batch.jobs.len(), "workflow");
        return Err(Failure::new(format!("give {count} one name")).hint("use `--generate-name`"));
    }
    let kinds = Arc::new(Elsewhere::new());
    let mut bare = Library::new();
    bare.kinds = kinds.clone();
    let mut ready: Vec<(Option<Rc<Remote>>, Workflow)> = Vec::new();
    for job in std::mem::take(&mut batch.jobs) {
        let workflow = prepared(&job, args, parameters);
        batch.shelf.library = bare.clone();
        let mut remote = None;
        // What is whole in itself is checked before anybody is asked.
        if plan(&workflow, &job.origin, &bare, Purpose::Run)
            .plan
            .is_none()
            && refers(&workflow)
        {
            let found = remote_of(&workflow, global)?;
            let library = found.cluster.library(kinds.clone());
            batch.shelf.library = found.runtime().block_on(library);
            remote = Some(found);
        }
        batch.plan(&workflow, &job.origin, Purpose::Run, printer)?;
        ready.push((remote, workflow));
    }
    ready
        .into_iter()
        .map(|(remote, workflow)| match remote {
            Some(remote) => Ok((remote, workflow)),
            None => Ok((remote_of(&workflow, global)?, workflow)),
        })
        .collect()
}

fn other_kind(job: &Job) -> Failure {
    let name = job.workflow.metadata.generate_name.as_deref();
    let name = name.unwrap_or_default().trim_end_matches('-');
    let (word, verb, from) = match job.kind {
        spec::Kind::CronWorkflow => ("CronWorkflow", "cron", "cronwf"),
        spec::Kind::ClusterWorkflowTemplate => (
            "ClusterWorkflowTemplate",
            "cluster-template",
            "clusterworkflowtemplate",
        ),
        _ => ("WorkflowTemplate", "template", "workflowtemplate"),
    };
    Failure::new(format!("submit `{name}`: it is a {word}, and no Workflow")).hint(format!(
        "make it with `tiphys {verb} create`, then run it with `tiphys submit --from {from}/{name}`"
    ))
}

/// Whether anything that is not in its file may be part of it.
fn refers(workflow: &Workflow) -> bool {
    let text = serde_json::to_string(&workflow.spec).unwrap_or_default();
    [
        "\"workflowTemplateRef\"",
        "\"templateRef\"",
        "\"configMapKeyRef\"",
    ]
    .iter()
    .any(|key| text.contains(key))
}

/// The cluster, in the namespace that a workflow names if it names one.
fn remote_of(workflow: &Workflow, global: &Global) -> Result<Rc<Remote>, Failure> {
    let remote = Remote::connect(global)?;
    let named = workflow.metadata.namespace.as_deref();
    let named = named.filter(|name| !name.is_empty());
    let Some(namespace) = named else {
        return Ok(remote);
    };
    if let Some(given) = &global.reach.namespace
        && given != namespace
    {
        return Err(Failure::new(format!(
            "submit into the namespace `{given}`: the file says `{namespace}`"
        ))
        .hint("leave out `--namespace`, or take the namespace out of the file"));
    }
    remote.at(namespace)
}

/// A workflow that refers to a shared template, or that a CronWorkflow would make.
fn of_cluster(remote: &Rc<Remote>, source: Source, name: &str) -> Result<Job, Failure> {
    let kind = match source {
        Source::Template => Kind::Template,
        Source::ClusterTemplate => Kind::ClusterTemplate,
        Source::Cron => Kind::Cron,
    };
    let object = remote.ask(remote.cluster.get(kind, name))?;
    let workflow = match source {
        Source::Cron => {
            let cron: CronWorkflow = serde_json::from_value(object).map_err(|error| {
                Failure::new(format!("read the CronWorkflow `{name}`: {error}"))
            })?;
            let mut workflow = submit::of_cron(&cron);
            let annotations = workflow.metadata.annotations.get_or_insert_default();
            let now = format!("{:.0}", jiff::Timestamp::now());
            annotations.insert("workflows.argoproj.io/scheduled-time".to_owned(), now);
            workflow
        }
        Source::Template | Source::ClusterTemplate => {
            submit::of_template(name, source == Source::ClusterTemplate)
        }
    };
    Ok(Job {
        workflow,
        origin: Origin::unread(name),
        kind: spec::Kind::Workflow,
    })
}

/// A workflow with all that was typed put into it.
fn prepared(job: &Job, args: &Submit, parameters: &[(String, String)]) -> Workflow {
    let mut workflow = job.workflow.clone();
    let meta = &mut workflow.metadata;
    if let Some(name) = &args.name {
        meta.name = Some(name.clone());
        meta.generate_name = None;
    }
    if let Some(prefix) = &args.generate_name {
        meta.name = None;
        meta.generate_name = Some(prefix.clone());
    }
    if !args.labels.is_empty() {
        let labels = meta.labels.get_or_insert_default();
        labels.extend(args.labels.iter().cloned());
    }
    if let Some(entrypoint) = &args.entrypoint {
        workflow.spec.entrypoint = Some(entrypoint.clone());
    }
    if let Some(account) = &args.serviceaccount {
        workflow.spec.service_account_name = Some(account.clone());
    }
    submit::set_parameters(&mut workflow, parameters);
    workflow
        .api_version
        .get_or_insert_with(|| spec::API_VERSION.to_owned());
    workflow.kind.get_or_insert_with(|| "Workflow".to_owned());
    workflow.status = None;
    workflow
}

fn say(run: &Run, done: &str, output: Option<RunOutput>, printer: &Printer) -> Result<(), Failure> {
    if output.is_none() {
        printer.line(format_args!("workflow {} {done}", run.name()));
    }
    get::print(run, output, printer)
}

/// Says what became of a workflow, or prints it as `-o` wants it. `done` fits after "workflow x".
pub fn told(run: &Run, done: &str, view: &View, printer: &Printer) -> Result<(), Failure> {
    say(run, done, view.output, printer)
}

/// Goes along with a run that somebody else runs, as far as that is asked for.
pub fn follow(run: &Run, view: &View, printer: &Printer) -> Outcome {
    if view.logs {
        let lines = Logs {
            name: run.name().to_owned(),
            follow: true,
            ..Logs::default()
        };
        logs::print(run, &lines, printer)?;
    }
    if view.follow.watch {
        return watch::follow(run, &|_| true, printer);
    }
    if view.follow.wait || view.logs {
        return watch::await_end(run, printer);
    }
    Ok(Exit::Done)
}
