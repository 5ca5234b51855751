//! What capabilities reach: the machine, a cluster, or a test's own world. What is allowed has been checked before.

use async_trait::async_trait;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::time::Duration;

/// The world of one call.
#[async_trait]
pub trait World: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64;

    /// One line of the node's log.
    fn log(&self, level: Level, line: &str);

    /// One HTTP exchange up to the response's headers; redirects are not followed. `private`: addresses that are not public may be
    /// connected to.
    async fn exchange(
        &self,
        request: HttpRequest,
        private: bool,
    ) -> Result<HttpResponse, HttpError>;

    /// A value of a Secret of the workflow's namespace.
    async fn secret(&self, name: &str, key: &str) -> Result<Vec<u8>, Refusal>;

    /// A value of a ConfigMap of the workflow's namespace.
    async fn config_map(&self, name: &str, key: &str) -> Result<String, Refusal>;

    /// Up to `limit` keys below an artifact location, in order, those after `after`.
    async fn entries(
        &self,
        location: &Value,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, Refusal>;

    /// The content of an artifact.
    async fn open(&self, location: &Value) -> Result<Box<dyn Reader>, Refusal>;

    /// A new output artifact of the node.
    async fn create(&self, name: &str) -> Result<Box<dyn Writer>, Refusal>;
}

/// How much a line of a log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    /// In lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// An artifact below a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    /// Bytes.
    pub size: u64,
}

/// Reads an artifact.
#[async_trait]
pub trait Reader: Send {
    /// The next bytes, at most `limit`; empty at the end.
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, Refusal>;
}

/// Reads one from a file.
pub struct FileReader(pub File);

#[async_trait]
impl Reader for FileReader {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        let read = Read::by_ref(&mut self.0).take(most).read_to_end(&mut bytes);
        read.map(|_| bytes)
            .map_err(|error| Refusal::Failed(error.to_string()))
    }
}

/// Writes an artifact. Dropped before it is finished, it leaves nothing.
#[async_trait]
pub trait Writer: Send {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal>;
    /// The location of what was written.
    async fn finish(self: Box<Self>) -> Result<Value, Refusal>;
}

/// An HTTP request.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    /// For the exchange up to the headers, and for each read after that.
    pub timeout: Option<Duration>,
    /// Any certificate of the server will do.
    pub insecure: bool,
    /// PEM: trusted instead of the machine's certificates.
    pub roots: Option<String>,
    pub identity: Option<Identity>,
}

/// A client certificate, PEM.
#[derive(Clone)]
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// An HTTP response, its body to come.
pub struct HttpResponse {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Box<dyn Body>,
}

/// A response's body.
#[async_trait]
pub trait Body: Send {
    /// The next bytes, at most `limit`; empty at the end.
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, HttpError>;
}

/// Why there is no response. Each says who can act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    #[error("{0}")]
    NotGranted(String),
    #[error("not a valid request: {0}")]
    Invalid(String),
    #[error("no address: {0}")]
    Dns(String),
    #[error("no connection: {0}")]
    Connect(String),
    #[error("TLS: {0}")]
    Tls(String),
    #[error("timed out: {0}")]
    Timeout(String),
    #[error("connection broke: {0}")]
    Broken(String),
    #[error("redirect: {0}")]
    Redirect(String),
    #[error("limit: {0}")]
    Limit(String),
}

/// Why something else was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    NotGranted(String),
    #[error("not found: {0}")]
    NotFound(String),
    #[error("limit: {0}")]
    Limit(String),
    #[error("{0}")]
    Failed(String),
}
