//! When a request is made again, and after how long.

use std::time::Duration;

use jiff::fmt::rfc2822;
use serde_json::Value;
use tiphys_plugin::http::{Error, ErrorKind};
use tiphys_plugin::{Failure, Outcome, clock};

use crate::amount::Millis;
use crate::body::Retry;
use crate::plan::Plan;
use crate::state::State;

/// Statuses that another time may not have: the server's trouble, or its wish to be left alone for a while.
const STATUSES: [u16; 6] = [408, 425, 429, 502, 503, 504];
const LIMIT: u64 = 3;
const FIRST: u64 = 1_000;
const MOST: u64 = 60_000;

/// `retry`, read.
#[derive(Debug)]
pub(crate) struct Policy {
    limit: u64,
    statuses: Vec<(u16, u16)>,
    errors: Option<Vec<ErrorKind>>,
    first: u64,
    factor: f64,
    most: u64,
}

/// Why there is nothing to go on with, and whether asking again may help.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub failure: Failure,
    class: Class,
}

#[derive(Debug, PartialEq)]
enum Class {
    Never,
    /// Before the request could have had an effect.
    Before(ErrorKind),
    /// There was no response.
    Without(ErrorKind),
    /// A response had begun.
    Reading(ErrorKind),
    Status(u16, Option<u64>),
}

impl Trouble {
    pub(crate) fn never(failure: Failure) -> Trouble {
        Trouble {
            failure,
            class: Class::Never,
        }
    }

    /// A request that only prepares the template's own had no response.
    pub(crate) fn before(error: Error) -> Trouble {
        Trouble {
            class: Class::Before(error.kind),
            failure: error.into(),
        }
    }

    pub(crate) fn while_reading(error: Error) -> Trouble {
        Trouble {
            class: Class::Reading(error.kind),
            failure: error.into(),
        }
    }

    pub(crate) fn status(failure: Failure, status: u16, headers: &[(String, String)]) -> Trouble {
        Trouble {
            class: Class::Status(status, retry_after(headers)),
            failure,
        }
    }

    /// The same in the middle of something that had begun with a response.
    #[must_use]
    pub(crate) fn later_on(mut self) -> Trouble {
        if let Class::Without(kind) | Class::Before(kind) = self.class {
            self.class = Class::Reading(kind);
        }
        self
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        let class = match error.kind {
            kind @ (ErrorKind::Dns | ErrorKind::Connect | ErrorKind::Tls) => Class::Before(kind),
            kind => Class::Without(kind),
        };
        Trouble {
            class,
            failure: error.into(),
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::never(failure)
    }
}

impl From<tiphys_plugin::Refusal> for Trouble {
    fn from(refusal: tiphys_plugin::Refusal) -> Trouble {
        Trouble::never(refusal.into())
    }
}

impl Policy {
    pub(crate) fn read(retry: &Retry) -> Result<Policy, String> {
        let statuses = match &retry.statuses {
            Some(list) => list.iter().map(statuses).collect::<Result<_, _>>()?,
            None => STATUSES.map(|status| (status, status)).to_vec(),
        };
        let errors: Option<Result<Vec<_>, _>> = retry
            .errors
            .as_ref()
            .map(|list| list.iter().map(|name| kind(name)).collect());
        Ok(Policy {
            limit: retry.limit.map_or(LIMIT, |limit| limit.0),
            statuses,
            errors: errors.transpose()?,
            first: retry.backoff.duration.map_or(FIRST, |time| time.0),
            factor: retry.backoff.factor.map_or(2.0, |factor| factor.0),
            most: retry.backoff.max.map_or(MOST, |time| time.0),
        })
    }

    pub(crate) fn has_status(&self, status: u16) -> bool {
        self.statuses
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&status))
    }

    fn has_error(&self, kind: ErrorKind, class: &Class, harmless: bool) -> bool {
        match (&self.errors, class) {
            // A response had begun: what the request does has been done.
            (_, Class::Reading(_)) if !harmless => false,
            (Some(errors), _) => errors.contains(&kind),
            (None, Class::Before(_)) => matches!(
                kind,
                ErrorKind::Dns | ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Broken
            ),
            (None, _) => {
                harmless
                    && matches!(
                        kind,
                        ErrorKind::Dns
                            | ErrorKind::Connect
                            | ErrorKind::Timeout
                            | ErrorKind::Broken
                    )
            }
        }
    }

    fn delay(&self, tries: u64) -> u64 {
        let exponent = i32::try_from(tries).unwrap_or(i32::MAX);
        let delay = self.first as f64 * self.factor.powi(exponent);
        delay.min(self.most as f64) as u64
    }
}

/// `503`, `"5xx"`, `"500-504"`.
pub(crate) fn statuses(value: &Value) -> Result<(u16, u16), String> {
    let text = match value {
        Value::String(text) => text.trim().to_ascii_lowercase(),
        other => other.to_string(),
    };
    let range = match text.strip_suffix("xx") {
        Some(hundreds) => {
            let hundreds: Option<u16> = hundreds.parse().ok().filter(|number| *number < 10);
            hundreds.map(|number| (number * 100, number * 100 + 99))
        }
        None => {
            let (from, to) = text.split_once('-').unwrap_or((&text, &text));
            from.trim().parse().ok().zip(to.trim().parse().ok())
        }
    };
    range
        .filter(|(from, to)| (100..600).contains(from) && (*from..600).contains(to))
        .ok_or_else(|| format!("{value} is no status such as 503, 5xx or 500-504"))
}

/// An error by its name.
pub(crate) fn kind(name: &str) -> Result<ErrorKind, String> {
    match ErrorKind::of(name) {
        Some(
            kind @ (ErrorKind::Dns
            | ErrorKind::Connect
            | ErrorKind::Tls
            | ErrorKind::Timeout
            | ErrorKind::Broken),
        ) => Ok(kind),
        _ => Err(format!(
            "{name:?} is none of dns, connect, tls, timeout, broken"
        )),
    }
}

/// How long the server asks to be left alone, in milliseconds: seconds, or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(headers: &[(String, String)]) -> Option<u64> {
    let (_, value) = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let then = rfc2822::parse(value).ok()?.timestamp().as_millisecond();
    Some(
        u64::try_from(then)
            .unwrap_or(0)
            .saturating_sub(clock::now()),
    )
}

/// Again after a while, where the policy allows; else the failure.
pub(crate) fn again(plan: &Plan, state: State, trouble: Trouble) -> Result<Outcome, Failure> {
    let Trouble { mut failure, class } = trouble;
    let Some(policy) = &plan.retry else {
        return Err(failure);
    };
    // Asking how it goes does no harm, whatever the template's own request does.
    let harmless = plan.harmless() || state.poll.is_some();
    let (allowed, hint) = match &class {
        Class::Never => (false, None),
        Class::Before(kind) | Class::Without(kind) | Class::Reading(kind) => {
            (policy.has_error(*kind, &class, harmless), None)
        }
        Class::Status(status, hint) => (policy.has_status(*status), *hint),
    };
    if !allowed {
        return Err(failure);
    }
    if state.tries >= policy.limit {
        if state.tries > 0 {
            let times = format!(", {} times", state.tries + 1);
            failure.message.push_str(&times);
        }
        return Err(failure);
    }
    let delay = policy.delay(state.tries).max(hint.unwrap_or(0));
    if too_late(plan, delay) {
        failure.message.push_str(&format!(
            "; the node's deadline comes before another attempt in {}",
            Millis(delay).text()
        ));
        return Err(failure);
    }
    let message = format!(
        "{}; attempt {} of {} in {}",
        failure.message,
        state.tries + 2,
        policy.limit + 1,
        Millis(delay).text()
    );
    let next = State {
        tries: state.tries + 1,
        ..state
    };
    Ok(Outcome::pending(
        Duration::from_millis(delay),
        &next,
        message,
    ))
}

/// Whether the node has to have ended before.
pub(crate) fn too_late(plan: &Plan, delay: u64) -> bool {
    plan.deadline
        .is_some_and(|deadline| clock::now().saturating_add(delay) >= deadline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tiphys_plugin::test::Host;

    #[test]
    fn statuses_are_numbers_classes_and_ranges() {
        assert_eq!(statuses(&json!(503)), Ok((503, 503)));
        assert_eq!(statuses(&json!("5xx")), Ok((500, 599)));
        assert_eq!(statuses(&json!("500-504")), Ok((500, 504)));
        for bad in [
            json!(99),
            json!("6xx"),
            json!("504-500"),
            json!("many"),
            json!(null),
        ] {
            assert!(statuses(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_server_says_how_long_in_seconds_or_by_date() {
        let header = |value: &str| [("retry-after".to_owned(), value.to_owned())];
        Host::new().now(784_111_777_000).run(|| {
            assert_eq!(retry_after(&header("120")), Some(120_000));
            assert_eq!(
                retry_after(&header("Sun, 06 Nov 1994 08:49:47 GMT")),
                Some(10_000)
            );
            assert_eq!(
                retry_after(&header("Sun, 06 Nov 1994 08:00:00 GMT")),
                Some(0)
            );
            assert_eq!(retry_after(&header("soon")), None);
            assert_eq!(retry_after(&[]), None);
        });
    }

    #[test]
    fn delays_grow_up_to_the_most() {
        let retry = json!({"backoff": {"duration": "2s", "factor": 3, "max": "10s"}});
        let policy = Policy::read(&serde_json::from_value(retry).unwrap()).unwrap();
        assert_eq!(
            [0, 1, 2, 3000].map(|tries| policy.delay(tries)),
            [2_000, 6_000, 10_000, 10_000]
        );
    }

    #[test]
    fn what_may_have_had_an_effect_is_not_repeated_unasked() {
        let policy = |retry: Value| Policy::read(&serde_json::from_value(retry).unwrap()).unwrap();
        let default = policy(json!({}));
        let timeout = ErrorKind::Timeout;
        assert!(default.has_error(timeout, &Class::Without(timeout), true));
        assert!(!default.has_error(timeout, &Class::Without(timeout), false));
        assert!(default.has_error(
            ErrorKind::Connect,
            &Class::Before(ErrorKind::Connect),
            false
        ));
        let asked = policy(json!({"errors": ["timeout", "broken"]}));
        assert!(asked.has_error(timeout, &Class::Without(timeout), false));
        assert!(!asked.has_error(ErrorKind::Broken, &Class::Reading(ErrorKind::Broken), false));
        assert!(asked.has_error(ErrorKind::Broken, &Class::Reading(ErrorKind::Broken), true));
    }
}
