//! Lines of the node's log, up to the granted volume.

use crate::abi::log;
use crate::guest::Guest;
use crate::world::Level;

impl log::Host for Guest {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.log(level, &message);
        Ok(())
    }
}
