//! A world that is written down.

use super::{Case, Exchange, Why};
use crate::world::{
    Body, Entry, HttpError, HttpRequest, HttpResponse, Level, Reader, Refusal, World, Writer,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct WrittenWorld {
    case: Case,
    now: u64,
    left: Mutex<VecDeque<Exchange>>,
    complaints: Mutex<Vec<String>>,
    written: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl WrittenWorld {
    pub fn new(case: &Case, step: &Case, now: u64) -> WrittenWorld {
        WrittenWorld {
            case: case.clone(),
            now,
            left: Mutex::new(step.http.iter().cloned().collect()),
            complaints: Mutex::default(),
            written: Arc::default(),
        }
    }

    /// What was asked and not written down, and what was written down and not asked.
    pub fn complaints(&self) -> Vec<String> {
        let mut all = self
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(left.iter().map(|exchange| {
            let asked = &exchange.request;
            format!(
                "never asked: {} {}",
                asked.method.as_deref().unwrap_or("GET"),
                asked.url.as_deref().unwrap_or("?")
            )
        }));
        all
    }

    fn complain(&self, line: String) {
        self.complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn check(&self, exchange: &Exchange, request: &HttpRequest) {
        let asked = &exchange.request;
        let differs = |what: &str, wanted: &str, found: &str| {
            if wanted != found {
                self.complain(format!("request {what}: expected {wanted}, was {found}"));
            }
        };
        if let Some(method) = &asked.method {
            differs(
                "method",
                &method.to_ascii_uppercase(),
                &request.method.to_ascii_uppercase(),
            );
        }
        if let Some(url) = &asked.url {
            differs("url", url, &request.url);
        }
        for (name, value) in &asked.headers {
            let found = request
                .headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            differs(
                &format!("header {name}"),
                value,
                found.map_or("missing", |(_, value)| value),
            );
        }
        if let Some(body) = &asked.body {
            let text =
                String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned();
            match body {
                Value::String(wanted) => differs("body", wanted, &text),
                wanted
                    if serde_json::from_str::<Value>(&text).is_ok_and(|found| found == *wanted) => {
                }
                wanted => differs("body", &wanted.to_string(), &text),
            }
        }
    }
}

#[async_trait]
impl World for WrittenWorld {
    fn now(&self) -> u64 {
        self.now
    }

    fn log(&self, level: Level, line: &str) {
        tracing::info!(target: "plugin", "{}: {line}", level.name());
    }

    async fn exchange(&self, request: HttpRequest, _: bool) -> Result<HttpResponse, HttpError> {
        let next = self
            .left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let Some(exchange) = next else {
            self.complain(format!(
                "asked, and not written down: {} {}",
                request.method, request.url
            ));
            return Err(HttpError::Connect(
                "the case has no such request".to_owned(),
            ));
        };
        self.check(&exchange, &request);
        if let Some(error) = exchange.error {
            let text = error.message;
            return Err(match error.kind {
                Why::Dns => HttpError::Dns(text),
                Why::Connect => HttpError::Connect(text),
                Why::Tls => HttpError::Tls(text),
                Why::Timeout => HttpError::Timeout(text),
                Why::Broken => HttpError::Broken(text),
                Why::Redirect => HttpError::Redirect(text),
                Why::Limit => HttpError::Limit(text),
                Why::Invalid => HttpError::Invalid(text),
                Why::NotGranted => HttpError::NotGranted(text),
            });
        }
        let answer = exchange.response.unwrap_or_default();
        let body = match answer.body {
            None => Vec::new(),
            Some(Value::String(text)) => text.into_bytes(),
            Some(json) => json.to_string().into_bytes(),
        };
        Ok(HttpResponse {
            status: answer.status,
            headers: answer
                .headers
                .into_iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect(),
            body: Box::new(Bytes(body)),
        })
    }

    async fn secret(&self, name: &str, key: &str) -> Result<Vec<u8>, Refusal> {
        let value = self
            .case
            .secrets
            .get(name)
            .and_then(|secret| secret.get(key));
        value
            .map(|text| text.clone().into_bytes())
            .ok_or_else(|| Refusal::NotFound(format!("key `{key}` of the Secret `{name}`")))
    }

    async fn config_map(&self, name: &str, key: &str) -> Result<String, Refusal> {
        let value = self.case.config_maps.get(name).and_then(|map| map.get(key));
        value
            .cloned()
            .ok_or_else(|| Refusal::NotFound(format!("key `{key}` of the ConfigMap `{name}`")))
    }

    async fn entries(
        &self,
        location: &Value,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, Refusal> {
        let prefix = key(location);
        let keys = self.case.artifacts.iter().filter(|(key, _)| {
            key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
        });
        Ok(keys
            .take(limit as usize)
            .map(|(key, text)| Entry {
                key: key.clone(),
                size: text.len() as u64,
            })
            .collect())
    }

    async fn open(&self, location: &Value) -> Result<Box<dyn Reader>, Refusal> {
        if let Some(data) = location.pointer("/raw/data").and_then(Value::as_str) {
            return Ok(Box::new(Bytes(data.as_bytes().to_vec())));
        }
        let key = key(location);
        match self.case.artifacts.get(key) {
            Some(text) => Ok(Box::new(Bytes(text.clone().into_bytes()))),
            None => Err(Refusal::NotFound(key.to_owned())),
        }
    }

    async fn create(&self, name: &str) -> Result<Box<dyn Writer>, Refusal> {
        Ok(Box::new(Written {
            name: name.to_owned(),
            bytes: Vec::new(),
            all: self.written.clone(),
        }))
    }
}

fn key(location: &Value) -> &str {
    let at = ["/s3/key", "/gcs/key", "/oss/key", "/azure/blob", "/key"];
    at.iter()
        .find_map(|pointer| location.pointer(pointer))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn take(&mut self, limit: usize) -> Vec<u8> {
        let rest = self.0.split_off(self.0.len().min(limit.max(1)));
        std::mem::replace(&mut self.0, rest)
    }
}

#[async_trait]
impl Body for Bytes {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, HttpError> {
        Ok(self.take(limit))
    }
}

#[async_trait]
impl Reader for Bytes {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, Refusal> {
        Ok(self.take(limit))
    }
}

struct Written {
    name: String,
    bytes: Vec<u8>,
    all: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

#[async_trait]
impl Writer for Written {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Value, Refusal> {
        let location = json!({"name": self.name, "s3": {"key": format!("test/{}", self.name)}, "text": String::from_utf8_lossy(&self.bytes)});
        self.all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(self.name, self.bytes);
        Ok(location)
    }
}
