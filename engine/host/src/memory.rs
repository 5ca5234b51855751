//! The fence around memory.

use crate::fence::Breach;
use wasmtime::ResourceLimiter;

/// Memory of all memories and tables of a call's instances.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: u64,
    used: u64,
    pub peak: u64,
}

impl Memory {
    pub fn new(limit: u64) -> Memory {
        Memory {
            limit,
            used: 0,
            peak: 0,
        }
    }

    fn grow(&mut self, current: usize, desired: usize) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        let used = self.used.saturating_add(more);
        if used > self.limit {
            return Err(Breach::Memory(self.limit).into());
        }
        self.used = used;
        self.peak = self.peak.max(used);
        Ok(true)
    }
}

/// Bytes of one element of a table.
const ELEMENT: usize = 8;

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow(current, desired)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow(
            current.saturating_mul(ELEMENT),
            desired.saturating_mul(ELEMENT),
        )
    }

    // Python's components are of many instances; the pool has its own limits.
    fn instances(&self) -> usize {
        10_000
    }
}
