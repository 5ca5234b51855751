//! One exchange with the server.

use std::time::Duration;

use tiphys_plugin::http::{Request, Response};
use tiphys_plugin::{Failure, clock, http, log};

use crate::answer::Answer;
use crate::auth;
use crate::origin;
use crate::plan::Plan;
use crate::retry::Trouble;

/// What is asked for, and of whom.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub url: String,
    pub method: String,
    /// The template's body goes with it.
    pub with_body: bool,
    /// It may get what is secret.
    pub trusted: bool,
}

impl Target {
    /// The template's own request.
    pub(crate) fn own(plan: &Plan) -> Target {
        Target {
            url: plan.body.url.clone(),
            method: plan.asked.method.clone(),
            with_body: true,
            trusted: true,
        }
    }

    /// Another URL, that gets what is secret only where it has the same origin, or the author named it.
    pub(crate) fn other(plan: &Plan, url: String, method: &str, named: bool) -> Target {
        Target {
            trusted: named || origin::same(&url, &plan.body.url),
            with_body: false,
            method: method.to_owned(),
            url,
        }
    }
}

/// A response under way, and since when.
pub(crate) struct Started {
    pub response: Response,
    since: u64,
    limit: Option<u64>,
}

/// Sends a request and waits for the response's headers.
pub(crate) fn send(plan: &Plan, target: &Target) -> Result<Started, Trouble> {
    let since = clock::now();
    let request = timed(plan, build(plan, target)?);
    let shown = origin::shown(&target.url);
    match request.send() {
        Ok(response) => {
            log::info(&format!(
                "{} {shown} → {}",
                target.method,
                response.status()
            ));
            Ok(Started {
                response,
                since,
                limit: plan
                    .body
                    .timeout_seconds
                    .map(|seconds| seconds.0.saturating_mul(1000)),
            })
        }
        Err(error) => {
            log::warn(&format!("{} {shown}: {}", target.method, error.kind.name()));
            Err(Trouble::from(error))
        }
    }
}

/// The template's own limit of time.
pub(crate) fn timed(plan: &Plan, request: Request) -> Request {
    match plan.body.timeout_seconds {
        Some(seconds) => request.timeout(Duration::from_secs(seconds.0)),
        None => request,
    }
}

fn build(plan: &Plan, target: &Target) -> Result<Request, Trouble> {
    let mut request = http::request(&*target.method, &*target.url).redirects(
        plan.body
            .redirects
            .map_or(10, |most| u32::try_from(most.0).unwrap_or(u32::MAX)),
    );
    request = auth::connected(plan, target.trusted, request)?;
    for header in &plan.body.headers {
        let about_body = header.name.to_ascii_lowercase().starts_with("content-");
        let private = ["host", "cookie", "authorization", "proxy-authorization"];
        let is_private = private
            .iter()
            .any(|name| header.name.eq_ignore_ascii_case(name));
        if (about_body && !target.with_body) || (is_private && !target.trusted) {
            continue;
        }
        let key = header
            .value_from
            .as_ref()
            .and_then(|from| from.secret_key_ref.as_ref());
        match key {
            None => request = request.header(&*header.name, &*header.value),
            Some(_) if !target.trusted => {}
            Some(key) => {
                if let Some(value) = auth::optional(key)? {
                    request = request.header(&*header.name, value);
                }
            }
        }
    }
    if let Some(auth) = plan.body.auth.as_ref().filter(|_| target.trusted)
        && let Some(value) = auth::authorization(plan, auth)?
    {
        request = request.header("authorization", value);
    }
    if let Some((name, value)) = plan.idempotency.as_ref().filter(|_| target.with_body) {
        request = request.header(name, value);
    }
    if target.with_body && !plan.asked.bytes.is_empty() {
        request = request.body(plan.asked.bytes.clone());
    }
    Ok(request)
}

const PIECE: u32 = 64 << 10;

impl Started {
    /// Status and headers, with no body yet.
    pub(crate) fn head(&self) -> Answer {
        let response = &self.response;
        Answer::new(response.status(), response.headers(), response.url())
    }

    /// The next bytes of the body; empty at its end.
    pub(crate) fn next(&mut self) -> Result<Vec<u8>, Trouble> {
        let over = |limit: u64| clock::now().saturating_sub(self.since) > limit;
        if let Some(limit) = self.limit.filter(|limit| over(*limit)) {
            let message = format!("the response took longer than {}s", limit / 1000);
            let error = http::Error::new(http::ErrorKind::Timeout, message);
            return Err(Trouble::while_reading(error));
        }
        self.response.read(PIECE).map_err(Trouble::while_reading)
    }

    /// All of the body.
    pub(crate) fn all(&mut self, most: usize) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        loop {
            let piece = self.next()?;
            if piece.is_empty() {
                return Ok(bytes);
            }
            if piece.len() > most.saturating_sub(bytes.len()) {
                return Err(Trouble::never(Failure::new(format!(
                    "the response's body is larger than the {most} bytes of maxBody"
                ))));
            }
            bytes.extend_from_slice(&piece);
        }
    }

    /// The beginning of the body, as far as it comes: for a failure's outputs.
    pub(crate) fn beginning(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < most {
            match self.next() {
                Ok(piece) if !piece.is_empty() => bytes.extend_from_slice(&piece),
                _ => break,
            }
        }
        bytes.truncate(most);
        bytes
    }
}
