//! `tiphys list`: runs, newest first.

use jiff::Timestamp;
use tiphys_spec::{NodeType, Workflow, WorkflowPhase};

use super::get::colored;
use crate::args::{Global, List, ListOutput};
use crate::failure::{Exit, Outcome};
use crate::printer::Printer;
use crate::runs::{Entry, Place};
use crate::table::Table;
use crate::text::{Line, elided};
use crate::{clock, object};

pub fn run(args: &List, global: &Global, printer: &Printer) -> Outcome {
    let now = Timestamp::now();
    // All namespaces are those of a cluster, whether or not anything else says so.
    let place = if args.all_namespaces {
        Place::of_cluster(global)?
    } else {
        Place::of(global)?
    };
    let list = place.matching(&args.filter, args.all_namespaces, now)?;
    match args.output {
        ListOutput::Name => list.iter().for_each(|run| printer.line(&run.summary.name)),
        ListOutput::Json | ListOutput::Yaml => {
            let objects = list
                .iter()
                .map(Entry::whole)
                .collect::<Result<Vec<_>, _>>()?;
            printer.raw(&if args.output == ListOutput::Json {
                format!("{}\n", object::json(&objects)?)
            } else {
                object::yaml(&objects)?
            });
        }
        ListOutput::Table | ListOutput::Wide if list.is_empty() => {
            printer.note("No workflows found")
        }
        ListOutput::Table | ListOutput::Wide => table(&list, args, now)
            .iter()
            .for_each(|line| printer.line(line)),
    }
    Ok(Exit::Done)
}

fn table(list: &[Entry], args: &List, now: Timestamp) -> Vec<Line> {
    let wide = args.output == ListOutput::Wide;
    let head = [
        "NAMESPACE",
        "NAME",
        "STATUS",
        "AGE",
        "DURATION",
        "PRIORITY",
        "MESSAGE",
        "P/R/C",
        "PARAMETERS",
    ];
    let shown = usize::from(!args.all_namespaces)..if wide { 9 } else { 7 };
    let mut table = Table::new(&head[shown.clone()], 3);
    for entry in list {
        let run = &entry.summary;
        let duration = run
            .started
            .map(|start| clock::short(run.finished.unwrap_or(now).duration_since(start)))
            .unwrap_or_default();
        let object = entry.workflow();
        let priority = object.and_then(|object| object.spec.priority).unwrap_or(0);
        let mut cells = vec![
            Line::plain(&run.namespace),
            Line::plain(&run.name),
            status(entry),
            Line::plain(clock::short(clock::whole(now.duration_since(run.created)))),
            Line::plain(duration),
            Line::plain(priority.to_string()),
            Line::plain(run.message.as_deref().unwrap_or_default()),
        ];
        if wide {
            cells.extend([
                Line::plain(pods(object)),
                Line::plain(elided(&parameters(object), 50)),
            ]);
        }
        table.row(cells.split_off(shown.start));
    }
    table.lines(!args.no_headers)
}

fn status(entry: &Entry) -> Line {
    let run = &entry.summary;
    let word = entry
        .workflow()
        .map_or_else(|| run.phase.to_string(), object::status_word);
    if !run.phase.completed() && entry.interrupted() {
        colored(WorkflowPhase::Failed, &format!("{word} (Interrupted)"))
    } else {
        colored(run.phase, &word)
    }
}

/// Pods that wait, run and have ended.
fn pods(object: Option<&Workflow>) -> String {
    let mut counts = [0; 3];
    for node in object
        .and_then(|object| object.status.as_ref())
        .into_iter()
        .flat_map(|status| status.nodes.values())
    {
        if node.r#type == Some(NodeType::Pod) {
            counts[match node.phase.unwrap_or_default() {
                tiphys_spec::NodePhase::Pending => 0,
                tiphys_spec::NodePhase::Running => 1,
                _ => 2,
            }] += 1;
        }
    }
    format!("{}/{}/{}", counts[0], counts[1], counts[2])
}

fn parameters(object: Option<&Workflow>) -> String {
    let arguments = object
        .and_then(|object| object.spec.arguments.clone())
        .unwrap_or_default();
    let each = arguments.parameters.iter().map(|parameter| {
        format!(
            "{}={}",
            parameter.name,
            parameter.value.as_deref().unwrap_or_default()
        )
    });
    each.collect::<Vec<_>>().join(",")
}
