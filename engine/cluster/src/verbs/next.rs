//! When a CronWorkflow makes a workflow next.

use crate::cron::Schedule;
use jiff::Timestamp;
use serde_json::Value;

/// The next time of its schedules; none if there is none, or if they cannot be read.
#[must_use]
pub fn next_run(object: &Value, now: Timestamp) -> Option<Timestamp> {
    let spec = &object["spec"];
    let all = spec["schedules"].as_array().into_iter().flatten();
    let all = all.filter_map(Value::as_str);
    let old = spec["schedule"].as_str();
    let schedules: Vec<String> = all.chain(old).map(str::to_owned).collect();
    let created = object["metadata"]["creationTimestamp"].as_str();
    let created = created.and_then(|text| text.parse().ok()).unwrap_or(now);
    let schedule = Schedule::parse(&schedules, spec["timezone"].as_str()).ok()?;
    schedule.next(now, created)
}
