//! The world of a case: the real wire, a clock that stands still unless it is told to run, secrets, and artifacts that are counted.

use crate::support::Test;
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tiphys_host::{
    Entry, Hop, HttpError, HttpRequest, HttpResponse, Level, Reader, Refusal, Wire, World, Writer,
};

/// 2026-01-01T00:00:00Z.
pub const NEW_YEAR: u64 = 1_767_225_600_000;

pub struct Scene {
    pub wire: Arc<Wire>,
    pub rest: Test,
    /// Time that has passed in the case.
    pub passed: Duration,
    /// Time goes on from there since then.
    pub runs: Option<Instant>,
}

#[async_trait]
impl World for Scene {
    fn now(&self) -> u64 {
        let passed = self.passed + self.runs.map_or(Duration::ZERO, |since| since.elapsed());
        NEW_YEAR + u64::try_from(passed.as_millis()).expect("a time of this age")
    }

    fn log(&self, level: Level, line: &str) {
        self.rest.log(level, line);
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        private: bool,
    ) -> Result<HttpResponse, HttpError> {
        self.wire.send(Hop { request, private }).await
    }

    async fn secret(&self, name: &str, key: &str) -> Result<Vec<u8>, Refusal> {
        self.rest.secret(name, key).await
    }

    async fn config_map(&self, name: &str, key: &str) -> Result<String, Refusal> {
        self.rest.config_map(name, key).await
    }

    async fn entries(
        &self,
        location: &Value,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, Refusal> {
        self.rest.entries(location, after, limit).await
    }

    async fn open(&self, location: &Value) -> Result<Box<dyn Reader>, Refusal> {
        self.rest.open(location).await
    }

    async fn create(&self, name: &str) -> Result<Box<dyn Writer>, Refusal> {
        self.rest.create(name).await
    }
}
