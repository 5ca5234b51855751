//! `tiphys cron`: CronWorkflows of a cluster.

use jiff::Timestamp;
use serde_json::{Value, json};
use tiphys_cluster::verbs::{Kind, next_run};

use super::shared::{age, create, delete, get, lay, list, shown, stamp, text};
use crate::args::{Cron, CronCommand, Global, Named};
use crate::clock;
use crate::failure::{Exit, Outcome};
use crate::printer::Printer;
use crate::runs::Remote;
use crate::table::Table;
use crate::text::Line;

const HEAD: [&str; 8] = [
    "NAMESPACE",
    "NAME",
    "AGE",
    "LAST RUN",
    "NEXT RUN",
    "SCHEDULES",
    "TIMEZONE",
    "SUSPENDED",
];

pub fn run(args: &Cron, global: &Global, printer: &Printer) -> Outcome {
    match &args.command {
        CronCommand::List(args) => {
            let list = list(Kind::Cron, args, global, printer)?;
            let now = Timestamp::now();
            let mut table = Table::new(&HEAD[shown(args)..], 3);
            for object in list.iter().flatten() {
                let cells = row(object, now);
                table.row(cells.into_iter().skip(shown(args)).collect());
            }
            lay(list.as_deref(), table, Kind::Cron, printer)
        }
        CronCommand::Get(args) => get(Kind::Cron, args, global, printer, &fields),
        CronCommand::Suspend(args) => set(args, true, global, printer),
        CronCommand::Resume(args) => set(args, false, global, printer),
        CronCommand::Create(args) => create(Kind::Cron, args, global, printer),
        CronCommand::Delete(args) => delete(Kind::Cron, args, global, printer),
    }
}

fn set(args: &Named, suspend: bool, global: &Global, printer: &Printer) -> Outcome {
    let remote = Remote::connect(global)?;
    for name in &args.names {
        let patch = json!({"spec": {"suspend": suspend}});
        remote.ask(remote.cluster.patch(Kind::Cron, name, patch))?;
        let done = if suspend { "suspended" } else { "resumed" };
        printer.line(format_args!("CronWorkflow {name} {done}"));
    }
    Ok(Exit::Done)
}

fn schedules(object: &Value) -> String {
    let all = object["spec"]["schedules"].as_array();
    let all = all.into_iter().flatten().filter_map(Value::as_str);
    let old = object["spec"]["schedule"].as_str();
    all.chain(old).collect::<Vec<_>>().join(",")
}

fn suspended(object: &Value) -> bool {
    object["spec"]["suspend"] == true
}

fn row(object: &Value, now: Timestamp) -> Vec<Line> {
    let next = next_run(object, now).filter(|_| !suspended(object));
    let next = next.map_or_else(
        || "N/A".to_owned(),
        |next| clock::short(clock::whole(next.duration_since(now))),
    );
    vec![
        Line::plain(text(object, "/metadata/namespace")),
        Line::plain(text(object, "/metadata/name")),
        Line::plain(age(object, "/metadata/creationTimestamp", now)),
        Line::plain(age(object, "/status/lastScheduledTime", now)),
        Line::plain(next),
        Line::plain(schedules(object)),
        Line::plain(text(object, "/spec/timezone")),
        Line::plain(suspended(object).to_string()),
    ]
}

fn fields(object: &Value) -> Vec<(&'static str, String)> {
    let now = Timestamp::now();
    let next = next_run(object, now).filter(|_| !suspended(object));
    let next = next.map(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time);
    let active = object["status"]["active"].as_array();
    let active = active.into_iter().flatten();
    let active = active.filter_map(|of| of["name"].as_str());
    let conditions = object["status"]["conditions"].as_array();
    let conditions = conditions.into_iter().flatten();
    let conditions = conditions.filter_map(|of| of["message"].as_str());
    vec![
        ("Name", text(object, "/metadata/name").to_owned()),
        ("Namespace", text(object, "/metadata/namespace").to_owned()),
        ("Created", stamp(object, "/metadata/creationTimestamp")),
        ("Schedules", schedules(object)),
        ("Suspended", suspended(object).to_string()),
        ("Timezone", text(object, "/spec/timezone").to_owned()),
        (
            "ConcurrencyPolicy",
            text(object, "/spec/concurrencyPolicy").to_owned(),
        ),
        (
            "LastScheduledTime",
            stamp(object, "/status/lastScheduledTime"),
        ),
        (
            "NextScheduledTime",
            next.map_or_else(|| "N/A".to_owned(), |next| clock::stamp(&next, now)),
        ),
        ("Active Workflows", active.collect::<Vec<_>>().join(", ")),
        ("Message", conditions.collect::<Vec<_>>().join("; ")),
    ]
}
