//! CronWorkflows: schedules and all that is theirs.

use super::words;
use crate::origin::{At, suggest};
use std::sync::OnceLock;
use tiphys_expr::{Program, duration};
use tiphys_spec::{CronWorkflowSpec, Diagnostic, Severity};

/// The fields of a schedule: name, least, most, names for values.
const FIELDS: [(&str, u32, u32, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    (
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (
        "day of week",
        0,
        7,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

const NAMED: [&str; 7] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
];

/// What is wrong with a CronWorkflow beside its workflow.
pub(crate) fn check_schedules(at: At<'_>, spec: &CronWorkflowSpec, report: &mut Vec<Diagnostic>) {
    if spec.schedules.is_empty() {
        report.push(
            at.error("no-schedule", "the CronWorkflow has no schedule")
                .help("add `schedules` with at least one, such as \"0 * * * *\""),
        );
    }
    let list = at.key("schedules");
    for (index, schedule) in spec.schedules.iter().enumerate() {
        let at = list.index(index);
        if let Err((reason, help)) = schedule_fault(schedule) {
            let fault = at.error("schedule", reason);
            report.push(match help {
                Some(help) => fault.help(help),
                None => fault,
            });
        }
    }
    if let Some(zone) = spec.timezone.as_deref().filter(|zone| !zone.is_empty()) {
        report.extend(timezone_fault(at.key("timezone"), zone));
    }
    report.extend(words::check(
        at,
        "concurrencyPolicy",
        spec.concurrency_policy.as_deref(),
        words::CONCURRENCY,
    ));
    let limits = [
        ("startingDeadlineSeconds", spec.starting_deadline_seconds),
        (
            "successfulJobsHistoryLimit",
            spec.successful_jobs_history_limit,
        ),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ];
    for (field, limit) in limits {
        if let Some(limit) = limit.filter(|limit| *limit < 0) {
            report.push(at.key(field).error(
                "number",
                format!("{field} is {limit}: it cannot be negative"),
            ));
        }
    }
    if let Some(stop) = &spec.stop_strategy {
        let at = at.key("stopStrategy");
        match stop
            .expression
            .as_deref()
            .filter(|expression| !expression.is_empty())
        {
            None => report.push(at.error("stop-expression", "stopStrategy needs an expression")),
            Some(expression) => report.extend(expression_fault(at.key("expression"), expression)),
        }
    }
}

/// The fault of an expression that cannot be read or calls what is not there.
pub(crate) fn expression_fault(at: At<'_>, expression: &str) -> Option<Diagnostic> {
    let (offset, message, suggestion) = match Program::parse(expression) {
        Err(error) => (
            error.offset,
            format!("the expression cannot be read: {}", error.message),
            error.suggestion,
        ),
        Ok(program) => {
            let unknown = program.unknown_functions().first()?;
            let range = crate::tags::clamp(expression, unknown.offset, unknown.name.len());
            let fault = at.within(
                range,
                Severity::Error,
                "unknown-function",
                format!("there is no function `{}`", unknown.name),
            );
            return Some(match &unknown.suggestion {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault,
            });
        }
    };
    let fault = at.within(
        crate::tags::clamp(expression, offset, 1),
        Severity::Error,
        "expression-syntax",
        message,
    );
    Some(match suggestion {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    })
}

fn timezone_fault(at: At<'_>, zone: &str) -> Option<Diagnostic> {
    static ZONES: OnceLock<jiff::tz::TimeZoneDatabase> = OnceLock::new();
    let zones = ZONES.get_or_init(jiff::tz::TimeZoneDatabase::bundled);
    if matches!(zone, "UTC" | "Local") || zones.get(zone).is_ok() {
        return None;
    }
    let fault = at.error("timezone", format!("there is no time zone `{zone}`"));
    let names: Vec<String> = zones.available().map(|name| name.to_string()).collect();
    Some(suggest(fault, zone, names.iter().map(String::as_str)))
}

type ScheduleFault = (String, Option<String>);

fn schedule_fault(schedule: &str) -> Result<(), ScheduleFault> {
    let text = schedule.trim();
    if let Some(every) = text.strip_prefix("@every ") {
        return match duration::parse(every.trim()) {
            Ok(nanos) if nanos > 0 => Ok(()),
            _ => Err((
                format!("`{}` is no duration", every.trim()),
                Some("write it as @every 1h30m".to_owned()),
            )),
        };
    }
    if text.starts_with('@') {
        if NAMED.contains(&text) {
            return Ok(());
        }
        let near = tiphys_spec::diagnostic::nearest(text, NAMED)
            .map(|near| format!("did you mean `{near}`?"));
        return Err((format!("there is no schedule `{text}`"), near));
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let reason = format!(
            "`{schedule}` has {} fields, and a schedule has five: minute, hour, day of month, month, day of week",
            fields.len()
        );
        let help = text.starts_with("TZ=") || text.starts_with("CRON_TZ=");
        return Err((
            reason,
            help.then(|| "set the time zone in `timezone`".to_owned()),
        ));
    }
    for (field, (name, least, most, names)) in fields.iter().zip(FIELDS) {
        for part in field.split(',') {
            range(part, least, most, names)
                .map_err(|reason| (format!("{name} `{field}`: {reason}"), None))?;
        }
    }
    Ok(())
}

/// One part of a field: `*`, `5`, `1-5`, `*/10`, `mon-fri/2`.
fn range(part: &str, least: u32, most: u32, names: &[&str]) -> Result<(), String> {
    let (span, step) = part
        .split_once('/')
        .map_or((part, None), |(span, step)| (span, Some(step)));
    if let Some(step) = step {
        match step.parse::<u32>() {
            Ok(0) => return Err("the step cannot be 0".to_owned()),
            Ok(_) => {}
            Err(_) => return Err(format!("`{step}` is no step")),
        }
    }
    if matches!(span, "*" | "?") {
        return Ok(());
    }
    let value = |text: &str| {
        let named = names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))
            .map(|at| at as u32 + least);
        match named.or_else(|| text.parse().ok()) {
            Some(value) if (least..=most).contains(&value) => Ok(value),
            Some(value) => Err(format!("{value} is not between {least} and {most}")),
            None => Err(format!("`{text}` is no value")),
        }
    };
    match span.split_once('-') {
        Some((from, to)) if value(from)? > value(to)? => Err(format!("{from} comes after {to}")),
        Some(_) => Ok(()),
        None => value(span).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::schedule_fault;

    #[test]
    fn schedules() {
        for good in [
            "* * * * *",
            "0 */2 1-15 jan,FEB mon-fri",
            "@daily",
            "@every 1h30m",
            "5 4 ? * sun",
            "0-59/5 0 1 12 6",
        ] {
            assert_eq!(schedule_fault(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "* * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * foo *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "@dayly",
            "@every 5",
        ] {
            assert!(schedule_fault(bad).is_err(), "{bad}");
        }
    }
}
