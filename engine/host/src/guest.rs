//! What a store holds for one call.

use crate::call::Usage;
use crate::grants::Grants;
use crate::lane::Meter;
use crate::memory::Memory;
use crate::world::{Level, World};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::ResourceTable;

pub(crate) struct Guest {
    pub plugin: Arc<str>,
    pub table: ResourceTable,
    pub memory: Memory,
    pub grants: Arc<Grants>,
    /// None where nothing of the world is to be had: `describe` and `validate`.
    pub world: Option<Arc<dyn World>>,
    /// Locations that the workflow itself gave: they need no grant.
    pub given: Vec<Value>,
    /// Secrets that were read: no redirect takes them elsewhere.
    pub told: Vec<String>,
    pub usage: Usage,
    pub clock: Stopwatch,
    /// The last line at level error: what a panic said.
    pub last_words: Option<String>,
    pub muted: bool,
    /// What of a processor the call uses.
    pub meter: Arc<Meter>,
}

/// Time while the guest runs or waits.
pub(crate) struct Stopwatch {
    pub started: Instant,
    pub limit: Duration,
}

impl Guest {
    /// What grants say to a plug-in that asks for what is not granted.
    pub fn missing(&self, what: &str, how: &str) -> String {
        format!(
            "plug-in `{}` may not {what}: grant it with {how}",
            self.plugin
        )
    }

    pub fn log(&mut self, level: Level, message: &str) {
        if level == Level::Error {
            self.last_words = Some(message.chars().take(1000).collect());
        }
        let Some(world) = &self.world else { return };
        if self.muted {
            return;
        }
        self.usage.log += message.len() as u64 + 1;
        if self.usage.log > self.grants.log {
            self.muted = true;
            let limit = crate::size::show(self.grants.log);
            world.log(
                Level::Warn,
                &format!("log of more than {limit}: the rest is dropped (limit `log`)"),
            );
            return;
        }
        for line in message.lines() {
            world.log(level, line);
        }
    }
}
