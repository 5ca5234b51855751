//! `tiphys list`: runs, newest first.

use jiff::Timestamp;
use tiphys_local::{Home, Summary};
use tiphys_spec::{NodeType, Workflow, WorkflowPhase};

use super::get::colored;
use crate::args::{Global, List, ListOutput};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::table::Table;
use crate::text::{Line, elided};
use crate::{clock, object, runs};

pub fn run(args: &List, global: &Global, printer: &Printer) -> Outcome {
    let home = runs::home(global)?;
    let now = Timestamp::now();
    let list = runs::matching(&home, &args.filter, now)?;
    match args.output {
        ListOutput::Name => list.iter().for_each(|run| printer.line(&run.name)),
        ListOutput::Json | ListOutput::Yaml => {
            let objects = list
                .iter()
                .map(|run| load(&home, run))
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
        ListOutput::Table | ListOutput::Wide => table(&home, &list, args, now)
            .iter()
            .for_each(|line| printer.line(line)),
    }
    Ok(Exit::Done)
}

fn load(home: &Home, run: &Summary) -> Result<Workflow, Failure> {
    object::of_run(&home.run(&run.name).map_err(|error| Failure::of(&error))?)
}

fn table(home: &Home, list: &[Summary], args: &List, now: Timestamp) -> Vec<Line> {
    let wide = args.output == ListOutput::Wide;
    let head: &[&str] = if wide {
        &[
            "NAME",
            "STATUS",
            "AGE",
            "DURATION",
            "PRIORITY",
            "MESSAGE",
            "P/R/C",
            "PARAMETERS",
        ]
    } else {
        &["NAME", "STATUS", "AGE", "DURATION", "PRIORITY", "MESSAGE"]
    };
    let mut table = Table::new(head, 3);
    for run in list {
        let duration = run
            .started
            .map(|start| clock::short(run.finished.unwrap_or(now).duration_since(start)))
            .unwrap_or_default();
        let object = load(home, run).ok();
        let priority = object
            .as_ref()
            .and_then(|object| object.spec.priority)
            .unwrap_or(0);
        let mut cells = vec![
            Line::plain(&run.name),
            status(home, run, object.as_ref()),
            Line::plain(clock::short(clock::whole(now.duration_since(run.created)))),
            Line::plain(duration),
            Line::plain(priority.to_string()),
            Line::plain(run.message.as_deref().unwrap_or_default()),
        ];
        if wide {
            cells.extend([
                Line::plain(pods(object.as_ref())),
                Line::plain(elided(&parameters(object.as_ref()), 50)),
            ]);
        }
        table.row(cells);
    }
    table.lines(!args.no_headers)
}

fn status(home: &Home, run: &Summary, object: Option<&Workflow>) -> Line {
    let word = object.map_or_else(|| run.phase.to_string(), object::status_word);
    let abandoned =
        !run.phase.completed() && home.run(&run.name).is_ok_and(|folder| !folder.alive());
    if abandoned {
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
