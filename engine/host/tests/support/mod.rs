//! A world for tests: the real wire, a log that can be read, artifacts in memory.
#![allow(dead_code)]

use async_trait::async_trait;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tiphys_host::{
    Cache, Call, Entry, Hop, Host, HttpError, HttpRequest, HttpResponse, Level, Options, Plugin,
    Reader, Refusal, Wire, World, Writer,
};

#[derive(Default)]
pub struct Test {
    pub wire: Wire,
    pub log: Mutex<Vec<String>>,
    pub secrets: Vec<(String, String, Vec<u8>)>,
    pub written: Arc<Mutex<Vec<(String, u64)>>>,
}

impl Test {
    pub fn lines(&self) -> Vec<String> {
        self.log.lock().expect("the log").clone()
    }
}

#[async_trait]
impl World for Test {
    fn now(&self) -> u64 {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a time after 1970");
        u64::try_from(now.as_millis()).expect("a time of this age")
    }

    fn log(&self, level: Level, line: &str) {
        self.log
            .lock()
            .expect("the log")
            .push(format!("{}: {line}", level.name()));
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        private: bool,
    ) -> Result<HttpResponse, HttpError> {
        self.wire.send(Hop { request, private }).await
    }

    async fn secret(&self, name: &str, key: &str) -> Result<Vec<u8>, Refusal> {
        let found = self.secrets.iter().find(|(a, b, _)| a == name && b == key);
        found
            .map(|(.., value)| value.clone())
            .ok_or_else(|| Refusal::NotFound(format!("{name}/{key}")))
    }

    async fn config_map(&self, name: &str, _: &str) -> Result<String, Refusal> {
        Err(Refusal::NotFound(name.to_owned()))
    }

    async fn entries(&self, _: &Value, _: Option<&str>, _: u32) -> Result<Vec<Entry>, Refusal> {
        Ok(Vec::new())
    }

    async fn open(&self, _: &Value) -> Result<Box<dyn Reader>, Refusal> {
        Err(Refusal::NotFound("nothing is here".to_owned()))
    }

    async fn create(&self, name: &str) -> Result<Box<dyn Writer>, Refusal> {
        Ok(Box::new(Count {
            name: name.to_owned(),
            bytes: 0,
            all: self.written.clone(),
        }))
    }
}

/// Counts what is written and keeps none of it.
struct Count {
    name: String,
    bytes: u64,
    all: Arc<Mutex<Vec<(String, u64)>>>,
}

#[async_trait]
impl Writer for Count {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Value, Refusal> {
        let location = json!({"name": self.name, "s3": {"key": self.name}});
        self.all
            .lock()
            .expect("what was written")
            .push((self.name, self.bytes));
        Ok(location)
    }
}

/// One host for all tests of a file, with a cache that outlives them.
pub fn host() -> Arc<Host> {
    static HOST: std::sync::OnceLock<Arc<Host>> = std::sync::OnceLock::new();
    HOST.get_or_init(|| {
        Host::new(Options {
            cache: Some(Cache::new(target().join("components"))),
        })
    })
    .clone()
}

/// A folder of the build's own.
pub fn target() -> PathBuf {
    let base = std::env::var_os("CARGO_TARGET_TMPDIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    std::fs::create_dir_all(&base).expect("a folder");
    base
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn load(path: &str) -> Arc<Plugin> {
    let bytes = std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    host()
        .load(&bytes, false)
        .unwrap_or_else(|error| panic!("{path}: failed to {error}"))
}

pub fn call(kind: &str, body: Value) -> Call {
    Call {
        workflow_name: "wf".to_owned(),
        workflow_namespace: "default".to_owned(),
        workflow_uid: "uid".to_owned(),
        node_id: "wf-1".to_owned(),
        node_name: "wf".to_owned(),
        template_name: "main".to_owned(),
        kind: kind.to_owned(),
        body,
        ..Call::default()
    }
}
