//! The conditions of a CronWorkflow: `when`, `stopStrategy`.

use jiff::Timestamp;
use tiphys_expr::{Env, Flat, Program, Text, Unresolved, when};
use tiphys_spec::CronWorkflow;

/// What `when` and `stopStrategy` may speak of.
pub(super) fn variables(cron: &CronWorkflow, succeeded: i64, failed: i64) -> Flat {
    let mut flat = Flat::new();
    let metadata = &cron.metadata;
    flat.set(
        "cronworkflow.name",
        metadata.name.clone().unwrap_or_default(),
    );
    flat.set(
        "cronworkflow.namespace",
        metadata.namespace.clone().unwrap_or_default(),
    );
    flat.set("cronworkflow.failed", failed);
    flat.set("cronworkflow.succeeded", succeeded);
    let last = cron
        .status
        .as_ref()
        .and_then(|status| status.last_scheduled_time.as_ref());
    match last {
        Some(time) => flat.set("cronworkflow.lastScheduledTime", format!("{:.0}", time.0)),
        None => flat.set_absent("cronworkflow.lastScheduledTime"),
    }
    for (kind, all) in [
        ("labels", &metadata.labels),
        ("annotations", &metadata.annotations),
    ] {
        let all = all.clone().unwrap_or_default();
        let text = serde_json::to_string(&all).unwrap_or_default();
        flat.set(format!("cronworkflow.{kind}.json"), text);
        for (name, value) in all {
            flat.set(format!("cronworkflow.{kind}.{name}"), value);
        }
    }
    flat
}

fn env(scope: &Flat) -> Env<'_> {
    let now = Timestamp::now();
    Env {
        scope,
        now,
        seed: u64::try_from(now.as_millisecond()).unwrap_or_default(),
    }
}

/// Whether `stopStrategy.expression` is met.
pub(super) fn holds(expression: &str, scope: &Flat) -> Result<bool, String> {
    let fault = |reason: String| format!("spec.stopStrategy.expression: {reason}");
    let program = Program::parse(expression).map_err(|error| fault(error.to_string()))?;
    program
        .evaluate_bool(&env(scope))
        .map_err(|error| fault(error.to_string()))
}

/// Whether `when` lets a workflow be made.
pub(super) fn wanted(condition: &str, scope: &Flat) -> Result<bool, String> {
    let fault = |reason: String| format!("spec.when: {reason}");
    let text = Text::parse(condition);
    let rendered = text
        .render(&env(scope), Unresolved::Fail)
        .map_err(|error| fault(error.to_string()))?;
    when::evaluate(&rendered).map_err(|error| fault(error.to_string()))
}
