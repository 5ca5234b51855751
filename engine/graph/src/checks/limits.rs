//! Numbers and durations.

use crate::lower::written;
use crate::origin::At;
use crate::planner::Planner;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tiphys_expr::duration;

/// How a duration may be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Units {
    /// `1h30m`.
    Required,
    /// `1h30m`, or `90`: seconds.
    Seconds,
}

impl Planner<'_> {
    /// Checks a duration. Texts with tags are left to the run.
    pub(crate) fn check_duration(
        &mut self,
        at: At<'_>,
        field: &str,
        text: Option<&str>,
        units: Units,
    ) {
        let Some(text) = text.filter(|text| !text.is_empty() && !text.contains("{{")) else {
            return;
        };
        let parsed = match units {
            Units::Required => duration::parse(text),
            Units::Seconds => duration::parse_or_seconds(text),
        };
        let bare = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match parsed {
            Ok(nanos) if nanos < 0 => self.report(
                at.key(field)
                    .error("duration", format!("{field} cannot be negative")),
            ),
            // `0` reads as a duration, and as a number without a unit.
            Ok(_) if bare && units == Units::Required && text != "0" => {}
            Ok(_) => {}
            Err(_) => {
                let fault = at
                    .key(field)
                    .error("duration", format!("`{text}` is no duration"));
                let help = if bare {
                    format!("write `{text}s`")
                } else {
                    "write it as 1h30m, 45s or 250ms".to_owned()
                };
                self.report(fault.help(help));
            }
        }
    }

    /// Checks a whole number that may also be a text with tags.
    pub(crate) fn check_number(
        &mut self,
        at: At<'_>,
        field: &str,
        value: Option<&IntOrString>,
        least: i64,
    ) {
        let Some(text) = value.map(written).filter(|text| !text.contains("{{")) else {
            return;
        };
        match text.trim().parse::<i64>() {
            Err(_) => self.report(at.key(field).error(
                "number",
                format!("{field} must be a whole number, not `{text}`"),
            )),
            Ok(number) => self.check_least(at, field, Some(number), least),
        }
    }

    /// Checks that a number is not below `least`.
    pub(crate) fn check_least(&mut self, at: At<'_>, field: &str, number: Option<i64>, least: i64) {
        if let Some(number) = number.filter(|number| *number < least) {
            let reason = if least == 0 {
                "negative".to_owned()
            } else {
                format!("below {least}")
            };
            self.report(at.key(field).error(
                "number",
                format!("{field} is {number}: it cannot be {reason}"),
            ));
        }
    }
}
