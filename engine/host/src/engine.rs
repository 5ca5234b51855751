//! The host: wasmtime's engines, what is linked, and the ticks by which calls are stopped.

use crate::abi;
use crate::cache::Cache;
use crate::guest::Guest;
use crate::lane::Lane;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;
use tokio::sync::Notify;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// The time between two ticks.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Calls at once; more wait.
const CALLS: u32 = 1024;

/// How to run plug-ins.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where compiled components are kept; none: nowhere.
    pub cache: Option<Cache>,
}

/// Runs plug-ins.
pub struct Host {
    pub(crate) cache: Option<Cache>,
    plain: OnceLock<Result<Ready, String>>,
    fueled: OnceLock<Result<Ready, String>>,
    pub(crate) lane: Lane,
    /// Told when a call has ended, and its place in the pool is free.
    pub(crate) freed: Notify,
    pub(crate) calls: tokio::sync::Semaphore,
}

/// Why there is no host. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
#[error("start the WASM engine: {0}")]
pub struct HostError(String);

/// An engine, and what plug-ins may import.
pub(crate) struct Ready {
    pub engine: Engine,
    pub linker: Linker<Guest>,
    ticker: Ticker,
}

impl Host {
    /// Nothing is started before the first plug-in is loaded.
    #[must_use]
    pub fn new(options: Options) -> Arc<Host> {
        Arc::new(Host {
            cache: options.cache,
            plain: OnceLock::new(),
            fueled: OnceLock::new(),
            lane: Lane::default(),
            freed: Notify::new(),
            calls: tokio::sync::Semaphore::new(CALLS as usize),
        })
    }

    /// The engine, with or without fuel: counting it costs, and is compiled in.
    pub(crate) fn ready(&self, fuel: bool) -> Result<&Ready, HostError> {
        let cell = if fuel { &self.fueled } else { &self.plain };
        let ready = cell.get_or_init(|| start(fuel).map_err(|error| format!("{error:#}")));
        ready.as_ref().map_err(|error| HostError(error.clone()))
    }
}

fn start(fuel: bool) -> wasmtime::Result<Ready> {
    let engine = match Engine::new(&config(fuel, true)) {
        Ok(engine) => engine,
        // The pool reserves much address space, which some machines limit.
        Err(error) => {
            tracing::debug!("no pool of instances: {error:#}");
            Engine::new(&config(fuel, false))?
        }
    };
    let mut linker = Linker::new(&engine);
    abi::Plugin::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    let ticker = Ticker::start(&engine);
    Ok(Ready {
        engine,
        linker,
        ticker,
    })
}

fn config(fuel: bool, pool: bool) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .consume_fuel(fuel)
        .max_wasm_stack(1 << 20)
        .async_stack_size(2 << 20);
    if pool {
        let mut slots = PoolingAllocationConfig::new();
        slots
            .total_component_instances(CALLS)
            .total_core_instances(CALLS * 8)
            .total_memories(CALLS * 2)
            .total_tables(CALLS * 16)
            .total_stacks(CALLS)
            .max_core_instances_per_component(200)
            .max_memories_per_component(20)
            .max_tables_per_component(200)
            .max_component_instance_size(16 << 20)
            .max_core_instance_size(4 << 20)
            .table_elements(200_000);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(slots));
    }
    config
}

impl Ready {
    /// Ticks go on as long as what this gives lives.
    pub fn tick(&self) -> Ticking {
        if self.ticker.active.fetch_add(1, Ordering::AcqRel) == 0
            && let Some(thread) = &self.ticker.thread
        {
            thread.unpark();
        }
        Ticking(self.ticker.active.clone())
    }
}

/// A thread that ticks while there are calls, and sleeps while there are none.
struct Ticker {
    active: Arc<AtomicUsize>,
    thread: Option<Thread>,
}

pub(crate) struct Ticking(Arc<AtomicUsize>);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Ticker {
    fn start(engine: &Engine) -> Ticker {
        let active = Arc::new(AtomicUsize::new(0));
        let (weak, busy) = (engine.weak(), active.clone());
        let tick = move || {
            loop {
                if busy.load(Ordering::Acquire) == 0 {
                    std::thread::park();
                } else {
                    std::thread::sleep(TICK);
                }
                match weak.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("ticker".to_owned())
            .spawn(tick);
        let thread = thread
            .inspect_err(|error| {
                tracing::error!("failed to start the thread that stops plug-ins: {error}")
            })
            .ok();
        Ticker {
            active,
            thread: thread.map(|handle| handle.thread().clone()),
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }
}
