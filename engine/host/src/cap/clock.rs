//! The time of day. Without a world it is the epoch: `describe` and `validate` are to say the same every time.

use crate::abi::clock;
use crate::guest::Guest;

impl clock::Host for Guest {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.world.as_ref().map_or(0, |world| world.now()))
    }
}
