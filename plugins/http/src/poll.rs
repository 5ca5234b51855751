//! Asking how it goes until a condition holds.

use std::time::Duration;

use tiphys_expr::Program;
use tiphys_plugin::{Failure, Outcome, clock};
use tiphys_plugin_query::expression::{holds, speaks_of};

use crate::amount::Millis;
use crate::answer::Answer;
use crate::body;
use crate::origin;
use crate::pick::Pick;
use crate::plan::{Plan, is_idempotent};
use crate::retry::{self, retry_after};
use crate::state::{Asking, State};

const UNTIL: &str = "response.statusCode != 202";
const EVERY: u64 = 5_000;

/// `poll`, read.
#[derive(Debug)]
pub(crate) struct Poll {
    until: Program,
    every: u64,
    limit: Option<u64>,
    timeout: Option<u64>,
    url: Option<String>,
    url_from: Option<Pick>,
}

impl Poll {
    pub(crate) fn read(poll: &body::Poll) -> Result<Poll, String> {
        let until = poll.until.as_deref().unwrap_or(UNTIL);
        let url_from = match &poll.url_from {
            None => None,
            Some(from) => {
                Pick::read(from).map_err(|(key, reason)| format!("poll.urlFrom.{key}: {reason}"))?
            }
        };
        Ok(Poll {
            until: Program::parse(until).map_err(|error| format!("poll.until: {error}"))?,
            every: poll.every.map_or(EVERY, |time| time.0),
            limit: poll.limit.map(|limit| limit.0),
            timeout: poll.timeout.map(|time| time.0),
            url: poll.url.clone(),
            url_from,
        })
    }

    pub(crate) fn judges_body(&self) -> bool {
        speaks_of(&self.until, &["response", "body"])
            || self.url_from.as_ref().is_some_and(Pick::wants_body)
    }

    /// Whether what was asked for is there.
    pub(crate) fn ended(&self, plan: &Plan, answer: &Answer) -> Result<bool, Failure> {
        holds(&self.until, &answer.names(&plan.asked))
            .map_err(|reason| Failure::new(format!("poll.until: {reason}")).retryable())
    }

    /// Whether a status of 4xx or 5xx may be one to wait through: `until` itself speaks of the status.
    fn minds_status(&self) -> bool {
        speaks_of(&self.until, &["response", "statusCode"])
    }

    /// It is not there yet: asks again later.
    ///
    /// # Errors
    /// The server says that it will not come, or it takes too long.
    pub(crate) fn wait(
        &self,
        plan: &Plan,
        state: State,
        answer: &Answer,
    ) -> Result<Outcome, Failure> {
        if answer.status >= 400 && !self.minds_status() {
            return Err(Failure::new(plan.complaint(answer)).retryable());
        }
        let now = clock::now();
        let asking = match state.poll {
            Some(asking) => asking,
            None => self.place(plan, answer, now)?,
        };
        let hint = retry_after(&answer.headers).unwrap_or(0);
        let delay = self.every.max(hint);
        let so_far = format!("{} answers {}", origin::shown(&asking.url), answer.status);
        let until = self.until.source();
        if let Some(limit) = self.limit.filter(|limit| asking.asked >= *limit) {
            return Err(Failure::new(format!(
                "{so_far}, and poll.until '{until}' does not hold; poll.limit is {limit}"
            ))
            .retryable());
        }
        let waited = now.saturating_sub(asking.since).saturating_add(delay);
        if let Some(timeout) = self.timeout.filter(|timeout| waited > *timeout) {
            return Err(Failure::new(format!(
                "{so_far}, and poll.until '{until}' does not hold; poll.timeout is {}",
                Millis(timeout).text()
            ))
            .retryable());
        }
        if retry::too_late(plan, delay) {
            return Err(Failure::new(format!(
                "{so_far}, and the node's deadline comes before it can be asked again"
            )));
        }
        let next = State {
            tries: 0,
            poll: Some(Asking {
                asked: asking.asked + 1,
                ..asking
            }),
        };
        let message = format!("{so_far}; asking again in {}", Millis(delay).text());
        Ok(Outcome::pending(
            Duration::from_millis(delay),
            &next,
            message,
        ))
    }

    /// Where to ask: as said, else where Location leads, else at the same place.
    fn place(&self, plan: &Plan, answer: &Answer, since: u64) -> Result<Asking, Failure> {
        let asking = |url: String, named: bool| Asking {
            url,
            named,
            since,
            asked: 0,
        };
        let fail = |reason: String| Failure::new(format!("poll: {reason}"));
        if let Some(url) = &self.url {
            return origin::resolve(&plan.body.url, url)
                .map(|url| asking(url, true))
                .map_err(fail);
        }
        if let Some(pick) = &self.url_from {
            let found = pick.text(answer, &plan.asked).map_err(fail)?;
            let found = found.filter(|found| !found.is_empty());
            let found = found.ok_or_else(|| fail("urlFrom leads to nothing".to_owned()))?;
            return origin::resolve(&answer.url, &found)
                .map(|url| asking(url, false))
                .map_err(fail);
        }
        match answer.place("location") {
            Some(place) => place.map(|url| asking(url, false)).map_err(fail),
            None if is_idempotent(&plan.asked.method) => Ok(asking(plan.body.url.clone(), true)),
            None => Err(fail(format!(
                "the response {} to {} has no Location, and neither url nor urlFrom is given",
                answer.status, plan.asked.method
            ))),
        }
    }
}
