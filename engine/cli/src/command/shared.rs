//! `tiphys template` and `tiphys cluster-template`, and what they have in common with `tiphys cron`: objects of a cluster that workflows are
//! made from.

use std::path::PathBuf;
use std::rc::Rc;

use jiff::Timestamp;
use serde_json::Value;
use tiphys_cluster::verbs::{self, Kind, Listing};
use tiphys_graph::check;
use tiphys_spec as spec;

use super::counted;
use crate::args::{
    Doomed, Global, Lint, LintOutput, Make, Named, ObjectOutput, Objects, TemplateCommand,
};
use crate::failure::{Exit, Failure, Outcome};
use crate::files::{self, Faults, Shelf};
use crate::printer::Printer;
use crate::runs::{Elsewhere, Remote, failure};
use crate::table::Table;
use crate::text::Line;
use crate::{clock, object, report};

pub fn run(kind: Kind, command: &TemplateCommand, global: &Global, printer: &Printer) -> Outcome {
    match command {
        TemplateCommand::List(args) => {
            let list = list(kind, args, global, printer)?;
            let now = Timestamp::now();
            let mut table = Table::new(&["NAMESPACE", "NAME", "AGE"][shown(args)..], 3);
            for object in list.iter().flatten() {
                let cells = vec![
                    Line::plain(text(object, "/metadata/namespace")),
                    Line::plain(text(object, "/metadata/name")),
                    Line::plain(age(object, "/metadata/creationTimestamp", now)),
                ];
                table.row(cells.into_iter().skip(shown(args)).collect());
            }
            lay(list.as_deref(), table, kind, printer)
        }
        TemplateCommand::Get(args) => get(kind, args, global, printer, &|object| {
            vec![
                ("Name", text(object, "/metadata/name").to_owned()),
                ("Namespace", text(object, "/metadata/namespace").to_owned()),
                ("Created", stamp(object, "/metadata/creationTimestamp")),
            ]
        }),
        TemplateCommand::Create(args) => create(kind, args, global, printer),
        TemplateCommand::Delete(args) => delete(kind, args, global, printer),
        TemplateCommand::Lint(args) => {
            let lint = Lint {
                paths: args.paths.clone(),
                output: LintOutput::default(),
                offline: false,
                strict: args.strict,
                stdin_name: None,
                plugin: Vec::new(),
            };
            super::lint::run(&lint, printer)
        }
    }
}

/// Where the columns begin: that of namespaces only where there are several.
pub fn shown(args: &Objects) -> usize {
    usize::from(!args.all_namespaces)
}

pub fn text<'a>(object: &'a Value, at: &str) -> &'a str {
    object
        .pointer(at)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn time(object: &Value, at: &str) -> Option<Timestamp> {
    text(object, at).parse().ok()
}

/// How long ago that was.
pub fn age(object: &Value, at: &str, now: Timestamp) -> String {
    let age = time(object, at).map(|time| clock::whole(now.duration_since(time)));
    age.map_or_else(|| "N/A".to_owned(), clock::short)
}

/// When that was, in words.
pub fn stamp(object: &Value, at: &str) -> String {
    let time = time(object, at).map(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time);
    time.map_or_else(
        || "N/A".to_owned(),
        |time| clock::stamp(&time, Timestamp::now()),
    )
}

/// The objects that are listed; none if they are printed already.
pub fn list(
    kind: Kind,
    args: &Objects,
    global: &Global,
    printer: &Printer,
) -> Result<Option<Vec<Value>>, Failure> {
    let remote = Remote::connect(global)?;
    let listing = Listing {
        all_namespaces: args.all_namespaces,
        labels: args.selector.clone().unwrap_or_default(),
    };
    let list = remote.ask(remote.cluster.list(kind, &listing))?;
    let whole = |object: &Value| verbs::readable(object).map_err(failure);
    match args.output {
        None => return Ok(Some(list)),
        Some(ObjectOutput::Name) => {
            let names = list.iter().map(|object| text(object, "/metadata/name"));
            names.for_each(|name| printer.line(name));
        }
        Some(output) => {
            let objects = list.iter().map(whole).collect::<Result<Vec<_>, _>>()?;
            printer.raw(&if output == ObjectOutput::Json {
                format!("{}\n", object::json(&objects)?)
            } else {
                object::yaml(&objects)?
            });
        }
    }
    Ok(None)
}

/// Prints what a list has become.
pub fn lay(list: Option<&[Value]>, table: Table, kind: Kind, printer: &Printer) -> Outcome {
    match list {
        None => {}
        Some([]) => printer.note(format_args!("No {} found", kind.plural())),
        Some(_) => table.lines(true).iter().for_each(|line| printer.line(line)),
    }
    Ok(Exit::Done)
}

/// Prints an object in full, or its name.
fn print(object: &Value, output: ObjectOutput, printer: &Printer) -> Result<(), Failure> {
    let whole = verbs::readable(object).map_err(failure)?;
    match output {
        ObjectOutput::Name => printer.line(text(object, "/metadata/name")),
        ObjectOutput::Json => printer.raw(&format!("{}\n", object::json(&whole)?)),
        ObjectOutput::Yaml => printer.raw(&format!("---\n{}", object::yaml(&whole)?)),
    }
    Ok(())
}

pub fn get(
    kind: Kind,
    args: &Named,
    global: &Global,
    printer: &Printer,
    fields: &dyn Fn(&Value) -> Vec<(&'static str, String)>,
) -> Outcome {
    let remote = Remote::connect(global)?;
    for (position, name) in args.names.iter().enumerate() {
        let object = remote.ask(remote.cluster.get(kind, name))?;
        if let Some(output) = args.output {
            print(&object, output, printer)?;
            continue;
        }
        if position > 0 {
            printer.line("");
        }
        for (label, value) in fields(&object) {
            let label = format!("{label}:");
            if !value.is_empty() {
                printer.line(Line::plain(format!("{label:<30} {value}")));
            }
        }
    }
    Ok(Exit::Done)
}

/// Makes the objects of files, once all of them are seen to be sound.
pub fn create(kind: Kind, args: &Make, global: &Global, printer: &Printer) -> Outcome {
    let objects = read(kind, &args.files, printer)?;
    let remote = Remote::connect(global)?;
    for mut object in objects {
        let named = text(&object, "/metadata/namespace").to_owned();
        let place: Rc<Remote> = if named.is_empty() || !kind.namespaced() {
            remote.clone()
        } else {
            remote.at(&named)?
        };
        if !kind.namespaced()
            && let Some(metadata) = object["metadata"].as_object_mut()
        {
            metadata.remove("namespace");
        }
        let made = place.ask(place.cluster.create(kind, &object, false))?;
        match args.output {
            Some(output) => print(&made, output, printer)?,
            None => printer.line(format_args!(
                "{} {} created",
                kind.singular(),
                text(&made, "/metadata/name")
            )),
        }
    }
    Ok(Exit::Done)
}

/// The objects of one kind in files. Faults of any of them end the command.
fn read(kind: Kind, paths: &[PathBuf], printer: &Printer) -> Result<Vec<Value>, Failure> {
    let mut reads = Vec::new();
    for path in paths {
        reads.push(files::read(path)?);
    }
    let mut shelf = Shelf::default();
    for read in &reads {
        shelf.add(read)?;
    }
    shelf.library.kinds = std::sync::Arc::new(Elsewhere::new());
    let mut faults = Faults::of(&reads);
    for read in &reads {
        for object in &read.objects {
            faults.add(check(object, &read.source, &shelf.library));
        }
    }
    faults.settle();
    report::tell(&faults, printer);
    let errors = faults.diagnostics.iter().filter(|fault| fault.is_error());
    match errors.count() {
        0 => {}
        count => {
            let count = counted(count, "error");
            return Err(Failure::new(format!(
                "accept the {}: {count}",
                kind.singular()
            )));
        }
    }
    let objects = reads.iter().flat_map(|read| &read.objects);
    let found: Vec<Value> = objects.filter_map(|object| of_kind(kind, object)).collect();
    if found.is_empty() {
        let names = paths.iter().map(|path| path.display().to_string());
        let names = names.collect::<Vec<_>>().join(", ");
        return Err(Failure::new(format!("find a {} in {names}", kind.word())));
    }
    Ok(found)
}

fn of_kind(kind: Kind, object: &spec::Object) -> Option<Value> {
    use spec::ObjectValue;
    let mut value = match (kind, &object.value) {
        (Kind::Template, ObjectValue::WorkflowTemplate(template)) => serde_json::to_value(template),
        (Kind::ClusterTemplate, ObjectValue::ClusterWorkflowTemplate(template)) => {
            serde_json::to_value(template)
        }
        (Kind::Cron, ObjectValue::CronWorkflow(cron)) => serde_json::to_value(cron),
        _ => return None,
    }
    .ok()?;
    value["apiVersion"] = spec::API_VERSION.into();
    value["kind"] = kind.word().into();
    Some(value)
}

pub fn delete(kind: Kind, args: &Doomed, global: &Global, printer: &Printer) -> Outcome {
    let remote = Remote::connect(global)?;
    let mut names = args.names.clone();
    if args.all {
        let all = remote.ask(remote.cluster.list(kind, &Listing::default()))?;
        let name = |object: &Value| text(object, "/metadata/name").to_owned();
        names = all.iter().map(name).collect();
    }
    if names.is_empty() {
        printer.line("No resources found");
    }
    for name in names {
        remote.ask(remote.cluster.delete(kind, &name))?;
        printer.line(format_args!("{} '{name}' deleted", kind.word()));
    }
    Ok(Exit::Done)
}
