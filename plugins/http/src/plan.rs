//! A body that has been read whole: every expression parsed, every default filled in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tiphys_expr::Program;
use tiphys_plugin::{Failure, Request};
use tiphys_plugin_query::expression::speaks_of;

use crate::answer::{Answer, Asked};
use crate::body::Body;
use crate::outputs::Outputs;
use crate::paging::Paging;
use crate::poll::Poll;
use crate::retry::Policy;

/// Most of a body that is kept in memory, where nothing is said.
const MEMORY: u64 = 16 << 20;

pub(crate) struct Plan {
    pub body: Body,
    pub asked: Asked,
    pub success: Option<Program>,
    pub retry: Option<Policy>,
    pub poll: Option<Poll>,
    pub paging: Option<Paging>,
    pub outputs: Outputs,
    /// Header and value that make repeating harmless.
    pub idempotency: Option<(String, String)>,
    pub deadline: Option<u64>,
}

impl Plan {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong with the body or the declared outputs.
    pub(crate) fn read(request: &Request) -> Result<Plan, Failure> {
        let body: Body = request.body()?;
        let asked = asked(&body)?;
        crate::origin::parse(&body.url).map_err(Failure::new)?;
        let retry = body.retry.as_ref().map(Policy::read).transpose();
        let poll = body.poll.as_ref().map(Poll::read).transpose();
        let paging = body.paging.as_ref().map(Paging::read).transpose();
        Ok(Plan {
            success: condition(body.success_condition.as_deref())?,
            retry: retry.map_err(Failure::new)?,
            poll: poll.map_err(Failure::new)?,
            paging: paging.map_err(Failure::new)?,
            outputs: Outputs::read(request)?,
            idempotency: idempotency(&body, request),
            deadline: request.deadline,
            asked,
            body,
        })
    }

    /// Whether it went well, as the template sees it.
    ///
    /// # Errors
    /// The condition has no value.
    pub(crate) fn succeeded(&self, answer: &Answer) -> Result<bool, Failure> {
        match &self.success {
            None => Ok(answer.ok()),
            Some(program) => {
                let names = answer.names(&self.asked);
                tiphys_plugin_query::expression::holds(program, &names).map_err(|reason| {
                    Failure::new(format!("successCondition: {reason}")).retryable()
                })
            }
        }
    }

    /// What is said where it did not.
    pub(crate) fn complaint(&self, answer: &Answer) -> String {
        match &self.success {
            None => format!("received non-2xx response code: {}", answer.status),
            Some(program) => format!("successCondition '{}' evaluated false", program.source()),
        }
    }

    /// Whether a response's body has to be in memory before anything can be said of it.
    pub(crate) fn judges_body(&self) -> bool {
        let wants = |program: &Program| speaks_of(program, &["response", "body"]);
        self.success.as_ref().is_some_and(wants)
            || self.poll.as_ref().is_some_and(Poll::judges_body)
    }

    /// Most bytes of a body in memory.
    pub(crate) fn most(&self) -> usize {
        let most = self.body.max_body.map_or(MEMORY, |size| size.0);
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// Whether repeating the request can do no harm.
    pub(crate) fn harmless(&self) -> bool {
        self.idempotency.is_some() || is_idempotent(&self.asked.method)
    }
}

/// RFC 9110, section 9.2.2.
pub(crate) fn is_idempotent(method: &str) -> bool {
    ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]
        .iter()
        .any(|its| its.eq_ignore_ascii_case(method))
}

fn condition(source: Option<&str>) -> Result<Option<Program>, Failure> {
    let source = source.filter(|source| !source.is_empty());
    let program = source.map(Program::parse).transpose();
    program.map_err(|error| Failure::new(format!("successCondition: {error}")))
}

fn asked(body: &Body) -> Result<Asked, Failure> {
    let method = body.method.clone().filter(|method| !method.is_empty());
    let bytes = match body.body_from.as_ref().map(|from| from.bytes.as_deref()) {
        Some(bytes) => STANDARD
            .decode(bytes.unwrap_or_default())
            .map_err(|error| Failure::new(format!("bodyFrom.bytes is no base64: {error}")))?,
        None => body.body.clone().unwrap_or_default().into_bytes(),
    };
    let plain = body
        .headers
        .iter()
        .filter(|header| header.value_from.is_none());
    Ok(Asked {
        method: method.unwrap_or_else(|| "GET".to_owned()),
        url: body.url.clone(),
        body: body.body.clone().unwrap_or_default(),
        bytes,
        headers: plain
            .map(|header| (header.name.clone(), header.value.clone()))
            .collect(),
    })
}

fn idempotency(body: &Body, request: &Request) -> Option<(String, String)> {
    use serde_json::Value;
    let name = match body.idempotency_key.as_ref()? {
        Value::Bool(false) | Value::Null => return None,
        Value::String(text) if text == "false" || text.is_empty() => return None,
        Value::String(text) if text != "true" => text.clone(),
        _ => "Idempotency-Key".to_owned(),
    };
    Some((name, request.idempotency_key.clone()))
}
