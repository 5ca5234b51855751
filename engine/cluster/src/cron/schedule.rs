//! When a CronWorkflow is due. Wall clocks are set forward and back: a time that is left out is not made up for, and one that comes twice
//! counts twice. Source: Argo's `robfig/cron`.

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Every schedule of a CronWorkflow, in its time zone.
pub(crate) struct Schedule {
    all: Vec<Rule>,
    zone: TimeZone,
}

enum Rule {
    Pattern(Box<Cron>),
    /// `@every`.
    Every(SignedDuration),
}

impl Schedule {
    /// # Errors
    /// What is wrong with it, in one line.
    pub(crate) fn parse(schedules: &[String], zone: Option<&str>) -> Result<Schedule, String> {
        let zone = match zone.filter(|zone| !zone.is_empty()) {
            None => TimeZone::UTC,
            Some(name) => {
                TimeZone::get(name).map_err(|_| format!("timezone `{name}` is not known"))?
            }
        };
        if schedules.is_empty() {
            return Err("there is no schedule".to_owned());
        }
        let all = schedules
            .iter()
            .map(|text| rule(text))
            .collect::<Result<_, _>>()?;
        Ok(Schedule { all, zone })
    }

    /// The first time after another. `begun`: from where `@every` counts.
    pub(crate) fn next(&self, after: Timestamp, begun: Timestamp) -> Option<Timestamp> {
        let times = self.all.iter().filter_map(|rule| match rule {
            Rule::Pattern(cron) => next(cron, &self.zone, after),
            Rule::Every(step) => {
                let step = step.as_secs().max(1);
                let passed = after.duration_since(begun).as_secs().max(0) / step;
                let wait = SignedDuration::from_secs((passed + 1) * step);
                begun.checked_add(wait).ok()
            }
        });
        times.min()
    }

    /// The last time in a stretch, its end included.
    pub(crate) fn last(
        &self,
        after: Timestamp,
        until: Timestamp,
        begun: Timestamp,
    ) -> Option<Timestamp> {
        let mut last = None;
        let mut at = after;
        // A stretch is as long as a deadline; of every minute of a week there are ten thousand.
        for _ in 0..100_000 {
            match self.next(at, begun) {
                Some(time) if time <= until => (last, at) = (Some(time), time),
                _ => break,
            }
        }
        last
    }
}

fn rule(text: &str) -> Result<Rule, String> {
    let fault = |reason: String| format!("schedule `{text}`: {reason}");
    if let Some(step) = text.trim().strip_prefix("@every") {
        let nanos =
            tiphys_expr::duration::parse(step.trim()).map_err(|error| fault(error.to_string()))?;
        return Ok(Rule::Every(SignedDuration::from_nanos(nanos)));
    }
    // Five fields, as everywhere but in some libraries.
    let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
    let cron = parser
        .parse(text.trim())
        .map_err(|error| fault(error.to_string()))?;
    Ok(Rule::Pattern(Box::new(cron)))
}

/// The pattern is held against the wall clock, stretch by stretch between its changes.
fn next(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let (mut at, mut inclusive) = (after, false);
    // Some zones change four times a year, and a pattern may be due every four years only.
    for _ in 0..64 {
        let offset = zone.to_offset(at);
        let change = zone.following(at).next().map(|change| change.timestamp());
        let found = cron.find_next_occurrence(&offset.to_datetime(at), inclusive);
        let found = found.ok().and_then(|civil| offset.to_timestamp(civil).ok());
        match (found, change) {
            (Some(time), None) => return Some(time),
            (Some(time), Some(change)) if time < change => return Some(time),
            (_, Some(change)) => (at, inclusive) = (change, true),
            (None, None) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(schedules: &[&str], zone: &str, after: &str, count: usize) -> Vec<String> {
        let schedules: Vec<String> = schedules.iter().map(|text| (*text).to_owned()).collect();
        let schedule = Schedule::parse(&schedules, Some(zone)).unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        let begun = at;
        let mut all = Vec::new();
        while all.len() < count {
            at = schedule.next(at, begun).unwrap();
            all.push(at.to_string());
        }
        all
    }

    #[test]
    fn the_clock_of_a_zone_is_set_forward_and_back() {
        // In Berlin 02:30 does not exist on 29 March 2026, and comes twice on 25 October.
        let spring = times(&["30 2 * * *"], "Europe/Berlin", "2026-03-27T12:00:00Z", 3);
        assert_eq!(
            spring,
            [
                "2026-03-28T01:30:00Z",
                "2026-03-30T00:30:00Z",
                "2026-03-31T00:30:00Z"
            ]
        );
        let autumn = times(&["30 2 * * *"], "Europe/Berlin", "2026-10-24T12:00:00Z", 3);
        assert_eq!(
            autumn,
            [
                "2026-10-25T00:30:00Z",
                "2026-10-25T01:30:00Z",
                "2026-10-26T01:30:00Z"
            ]
        );
    }

    #[test]
    fn several_schedules_are_one_line_of_times() {
        let all = times(
            &["0 * * * *", "@every 25m", "@daily"],
            "UTC",
            "2026-01-01T23:10:00Z",
            4,
        );
        let want = [
            "2026-01-01T23:35:00Z",
            "2026-01-02T00:00:00Z",
            "2026-01-02T00:25:00Z",
            "2026-01-02T00:50:00Z",
        ];
        assert_eq!(all, want);
        // Saturday and Sunday, by their numbers and names, and the last of several that were missed.
        assert_eq!(
            times(
                &["0 0 * * SAT", "0 0 * * 7"],
                "UTC",
                "2026-01-01T00:00:00Z",
                2
            ),
            ["2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"]
        );
        let schedule = Schedule::parse(&["*/5 * * * *".to_owned()], None).unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let last = schedule.last(
            time("2026-01-01T00:01:00Z"),
            time("2026-01-01T00:17:00Z"),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(last, Some(time("2026-01-01T00:15:00Z")));
        assert_eq!(
            schedule.last(
                time("2026-01-01T00:16:00Z"),
                time("2026-01-01T00:17:00Z"),
                Timestamp::UNIX_EPOCH
            ),
            None
        );
    }

    #[test]
    fn what_is_no_schedule_is_named() {
        for (text, zone) in [
            ("61 * * * *", None),
            ("* * * *", None),
            ("0 0 * * * *", None),
            ("@every soon", None),
            ("0 0 * * *", Some("Mars/Olympus")),
        ] {
            let fault = Schedule::parse(&[text.to_owned()], zone).err().unwrap();
            assert!(fault.contains(zone.unwrap_or(text)), "{fault}");
        }
    }
}
