//! Retries: attempts of one template under a Retry node (Argo's `processNodeRetries`).

use crate::NodeIx;
use crate::body::later;
use crate::frame::{Frame, Owner, RetryFrame, Start};
use crate::reason::Reason;
use crate::render::{Place, TextFault};
use crate::timer::Due;
use crate::work::Engine;
use jiff::Timestamp;
use tiphys_expr::{Flat, Text, duration, format};
use tiphys_graph::plan::{Backoff, Retry, RetryPolicy};
use tiphys_spec::NodePhase;

/// What follows a failed attempt.
enum Next {
    Again,
    Wait(Timestamp, i64),
    Stop(NodePhase, Option<String>),
}

impl Engine<'_> {
    pub fn open_retry(&mut self, ix: NodeIx) {
        self.run.at_mut(ix).frame = Frame::Retry(RetryFrame::default());
        self.running(ix);
        let mut attempt = 0;
        // Attempts that a restored run has made already.
        loop {
            let owner = Owner::Attempt { retry: ix, attempt };
            let Some(found) = self.run.find(&self.name_of(owner)) else {
                break;
            };
            if !self.run.at(found).linked {
                self.adopt(found, owner);
            }
            attempt += 1;
        }
        if attempt == 0 {
            self.start(Start::of(Owner::Attempt {
                retry: ix,
                attempt: 0,
            }));
        }
    }

    fn attempts(&self, retry: NodeIx) -> &[NodeIx] {
        match &self.run.at(retry).frame {
            Frame::Retry(frame) => &frame.attempts,
            _ => &[],
        }
    }

    fn attempt_again(&mut self, retry: NodeIx) {
        let attempt = u32::try_from(self.attempts(retry).len()).unwrap_or(u32::MAX);
        self.run.flow.live.remove(&retry);
        let node = self.run.at_mut(retry);
        node.reason = None;
        if let Frame::Retry(frame) = &mut node.frame {
            frame.waiting = None;
        }
        if self.run.node(retry).message.is_some() {
            self.run.edit(retry).message = None;
        }
        self.start(Start::of(Owner::Attempt { retry, attempt }));
    }

    /// The pause is over.
    pub fn backoff_over(&mut self, retry: NodeIx) {
        let waiting = match &self.run.at(retry).frame {
            Frame::Retry(frame) => frame.waiting,
            _ => None,
        };
        if waiting.is_some_and(|until| until <= self.now) && !self.run.phase_of(retry).terminal() {
            self.attempt_again(retry);
        }
    }

    /// An attempt has ended: done, once more, later, or never again.
    pub fn attempted(&mut self, retry: NodeIx, attempt: NodeIx) {
        if self.run.phase_of(retry).terminal() || self.attempts(retry).last() != Some(&attempt) {
            return;
        }
        let outputs = self.run.node(attempt).outputs.clone();
        let phase = self.run.phase_of(attempt);
        let daemon = self
            .template_at(retry)
            .is_some_and(|template| template.daemon);
        let boundary_ended = self
            .run
            .at(retry)
            .boundary
            .is_some_and(|boundary| self.run.phase_of(boundary).terminal());
        if outputs.is_some() {
            self.run.edit(retry).outputs = outputs;
        }
        if !phase.unsuccessful()
            && (!daemon || boundary_ended || self.run.at(attempt).doom.is_some())
        {
            return self.end(retry, phase, None);
        }
        if !phase.unsuccessful() {
            return self.end(retry, NodePhase::Succeeded, None);
        }
        if self.run.at(attempt).hopeless {
            let message = self.run.node(attempt).message.clone();
            return self.end(retry, phase, message);
        }
        let Some(strategy) = self
            .template_at(retry)
            .and_then(|template| template.retry.as_ref())
        else {
            return;
        };
        match self.next(retry, attempt, phase, strategy) {
            Ok(Next::Again) => self.attempt_again(retry),
            Ok(Next::Wait(until, nanos)) => {
                let count = self.attempts(retry).len();
                let node = self.run.at_mut(retry);
                node.reason = Some(Reason::Backoff {
                    until,
                    attempt: count,
                });
                if let Frame::Retry(frame) = &mut node.frame {
                    frame.waiting = Some(until);
                }
                self.run.edit(retry).message =
                    Some(format!("Backoff for {}", duration::format(nanos)));
                self.run.flow.live.insert(retry);
                self.run.timers.add(until, Due::Backoff(retry));
            }
            Ok(Next::Stop(phase, message)) => self.end(retry, phase, message),
            Err(message) => self.end(retry, NodePhase::Error, Some(message)),
        }
    }

    fn next(
        &self,
        retry: NodeIx,
        last: NodeIx,
        phase: NodePhase,
        strategy: &Retry,
    ) -> Result<Next, String> {
        let flow = &self.run.flow;
        let count = i64::try_from(self.attempts(retry).len()).unwrap_or(i64::MAX);
        let on_exit = self.run.at(retry).on_exit;
        if let Some(shutdown) = flow.extra.shutdown.filter(|_| !on_exit) {
            return Ok(Next::Stop(
                phase,
                Some(format!("Stopped with strategy '{}'", shutdown.as_str())),
            ));
        }
        if let Some(deadline) = flow.deadline.filter(|at| *at <= self.now && !on_exit) {
            return Ok(Next::Stop(
                phase,
                Some(format!("retry exceeded workflow deadline {deadline}")),
            ));
        }
        let inputs = self.run.node(retry).inputs.clone();
        let place = Place {
            inputs: inputs.as_deref(),
            ..Place::default()
        };
        let limit = strategy
            .limit
            .as_ref()
            .map(|text| self.number(text, place, "limit"))
            .transpose()?;
        let pause = match &strategy.backoff {
            Some(backoff) => self.pause(retry, last, phase, backoff, place, limit, count)?,
            None => None,
        };
        // The other conditions come first: there is no use in waiting for an attempt that will not be made.
        if let Some(stop @ Next::Stop(..)) = pause {
            return Ok(stop);
        }
        let verdict = self.verdict(retry, last, phase, strategy, limit, count)?;
        Ok(verdict.or(pause).unwrap_or(Next::Again))
    }

    /// Policy, limit and expression; none allows another attempt.
    fn verdict(
        &self,
        retry: NodeIx,
        last: NodeIx,
        phase: NodePhase,
        strategy: &Retry,
        limit: Option<i64>,
        count: i64,
    ) -> Result<Option<Next>, String> {
        let message = self.run.node(last).message.clone();
        let allowed = match strategy.policy {
            RetryPolicy::Always => true,
            RetryPolicy::OnFailure => phase == NodePhase::Failed,
            RetryPolicy::OnError => phase == NodePhase::Error,
            RetryPolicy::OnTransientError => message.as_deref().is_some_and(transient),
        };
        if !allowed {
            return Ok(Some(Next::Stop(phase, message)));
        }
        if limit.is_some_and(|limit| count > limit) {
            return Ok(Some(Next::Stop(
                phase,
                Some("No more retries left".to_owned()),
            )));
        }
        if let Some(expression) = &strategy.expression {
            let mut locals = self.locals(retry);
            locals.set("retries", (count - 1).to_string());
            self.last_retry(Some(last), "-1", &mut locals);
            let inputs = self.run.node(retry).inputs.clone();
            let place = Place {
                locals: Some(&locals),
                inputs: inputs.as_deref(),
                ..Place::default()
            };
            if !self.holds(expression, place)? {
                return Ok(Some(Next::Stop(
                    phase,
                    Some("retryStrategy.expression evaluated to false".to_owned()),
                )));
            }
        }
        Ok(None)
    }

    #[expect(clippy::too_many_arguments, reason = "the rule reads all of it")]
    fn pause(
        &self,
        retry: NodeIx,
        last: NodeIx,
        phase: NodePhase,
        backoff: &Backoff,
        place: Place<'_>,
        limit: Option<i64>,
        count: i64,
    ) -> Result<Option<Next>, String> {
        let span = |text: &Text| -> Result<i64, String> {
            let text = self.text(text, place).map_err(TextFault::message)?;
            duration::parse_or_seconds(&text).map_err(|e| format!("backoff '{text}': {e}"))
        };
        let end = match &backoff.max_duration {
            Some(text) => {
                let first = self
                    .attempts(retry)
                    .first()
                    .map_or(self.now, |ix| self.run.at(*ix).started);
                let end = later(first, span(text)?);
                if self.now > end {
                    return Ok(Some(Next::Stop(
                        phase,
                        Some("Max duration limit exceeded".to_owned()),
                    )));
                }
                Some(end)
            }
            None => None,
        };
        let mut wait = span(&backoff.duration)?;
        if let Some(text) = &backoff.factor {
            let factor = self.number(text, place, "factor")?;
            if factor > 0 {
                let power = u32::try_from(count - 1).unwrap_or(u32::MAX);
                wait = wait.saturating_mul(factor.saturating_pow(power));
            }
        }
        if let Some(cap) = &backoff.cap {
            wait = wait.min(span(cap)?);
        }
        let finished = self
            .run
            .node(last)
            .finished_at
            .as_ref()
            .map_or(self.now, |time| time.0);
        let until = later(finished, wait);
        if end.is_some_and(|end| until > end) {
            return Ok(Some(Next::Stop(
                phase,
                Some("Backoff would exceed max duration limit".to_owned()),
            )));
        }
        // Argo honours the pause only where a limit is set and not used up.
        Ok(
            (until > self.now && limit.is_some_and(|limit| count <= limit))
                .then_some(Next::Wait(until, wait)),
        )
    }

    fn number(&self, text: &Text, place: Place<'_>, field: &str) -> Result<i64, String> {
        let text = self.text(text, place).map_err(TextFault::message)?;
        text.trim()
            .parse()
            .map_err(|_| format!("retryStrategy.{field}: '{text}' is no number"))
    }

    /// `lastRetry.*`: of the attempt before; before the first, "0" and empty.
    pub fn last_retry(&self, last: Option<NodeIx>, no_code: &str, flat: &mut Flat) {
        let (mut code, mut status, mut seconds, mut message) =
            ("0".to_owned(), "", "0".to_owned(), "");
        if let Some(ix) = last {
            let node = self.run.node(ix);
            let outputs = node.outputs.as_deref();
            code = outputs
                .and_then(|o| o.exit_code.clone())
                .unwrap_or_else(|| no_code.to_owned());
            status = node.phase.map_or("", NodePhase::as_str);
            message = node.message.as_deref().unwrap_or_default();
            if let Some(finished) = &node.finished_at {
                seconds = format::go_float(
                    finished
                        .0
                        .duration_since(self.run.at(ix).started)
                        .as_secs_f64(),
                );
            }
        }
        flat.set("lastRetry.exitCode", code);
        flat.set("lastRetry.status", status);
        flat.set("lastRetry.duration", seconds);
        flat.set("lastRetry.message", message);
    }
}

/// Messages of faults that may pass by themselves (Argo's transient errors: quotas, time-outs, lost connections).
fn transient(message: &str) -> bool {
    const SIGNS: [&str; 17] = [
        "exceeded quota",
        "Too Many Requests",
        "too many requests",
        "the server was unable to return a response in the time allotted",
        "resource quota evaluation timed out",
        "etcdserver: leader changed",
        "etcdserver: request timed out",
        "i/o timeout",
        "TLS handshake timeout",
        "connection timed out",
        "connection reset by peer",
        "transport connection broken",
        "http2: client connection lost",
        "http2: server sent GOAWAY",
        "connection refused",
        "request did not complete within requested timeout",
        "unexpected EOF",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}
