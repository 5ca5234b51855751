//! One call, from request to ending.

use crate::abi::{self, types};
use crate::answer::{Answer, Ending};
use crate::engine::{Host, Ready, Ticking};
use crate::fence::Breach;
use crate::grants::Grants;
use crate::guest::{Guest, Stopwatch};
use crate::lane::Meter;
use crate::memory::Memory;
use crate::plugin::Plugin;
use crate::world::World;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::ResourceTable;
use wasmtime::{Store, Trap, UpdateDeadline};

/// What is asked of a plug-in.
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub workflow_name: String,
    pub workflow_namespace: String,
    pub workflow_uid: String,
    pub node_id: String,
    pub node_name: String,
    pub template_name: String,
    pub attempt: u32,
    pub kind: String,
    /// The template's body, tags replaced.
    pub body: Value,
    /// Input parameters, by name.
    pub parameters: Vec<(String, String)>,
    /// Locations of input artifacts, by name.
    pub artifacts: Vec<(String, Value)>,
    /// The outputs that the template declares.
    pub outputs: Value,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub deadline: Option<u64>,
    pub round: u32,
    pub state: Option<String>,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub time: Duration,
    /// Bytes at most at once.
    pub memory: u64,
    pub fuel: Option<u64>,
    pub requests: u32,
    /// Bytes of HTTP bodies.
    pub download: u64,
    /// Bytes of log.
    pub log: u64,
}

/// A call that used more of a processor stands back.
const SLOW: Duration = Duration::from_millis(10);

impl Host {
    /// Runs a template once.
    pub async fn call(
        self: &Arc<Host>,
        plugin: &Arc<Plugin>,
        call: Call,
        grants: &Arc<Grants>,
        world: Arc<dyn World>,
    ) -> (Ending, Usage) {
        let _permit = self.calls.acquire().await;
        let given = call
            .artifacts
            .iter()
            .map(|(_, location)| location.clone())
            .collect();
        let owner = plugin.clone();
        let (host, plugin, grants) = (self.clone(), plugin.clone(), grants.clone());
        let meter = Arc::new(Meter::default());
        let metered = meter.clone();
        let work = async move {
            let limit = limit(&call, &grants, world.now());
            let mut shot = open(&host, &plugin, &grants, Some(world), given);
            shot.store.data_mut().meter = metered;
            if call.round > grants.rounds {
                return (broken(&Breach::Rounds(grants.rounds)), Usage::default());
            }
            let request = request(call);
            let executed = shot.run(async |store, guest| {
                guest
                    .tiphys_plugin_template()
                    .call_execute(store, &request)
                    .await
            });
            let done = match tokio::time::timeout(limit.0, executed).await {
                Ok(done) => done,
                Err(_) => Err(limit.1),
            };
            let ending = match done.and_then(|outcome| answer(outcome).read(&grants)) {
                Ok(ending) => ending,
                Err(breach) => broken(&breach),
            };
            (ending, shot.usage())
        };
        let done = self
            .lane
            .run(&meter, &owner.habit, SLOW, Box::pin(work))
            .await;
        self.freed.notify_waiters();
        done
    }

    /// What the plug-in itself finds wrong with a body. It may not take long, and reaches nothing.
    pub(crate) fn validate(
        &self,
        plugin: &Plugin,
        kind: &str,
        body: &str,
    ) -> Result<Vec<(String, String)>, String> {
        let grants = Arc::new(Grants {
            time: Duration::from_secs(2),
            ..Grants::default()
        });
        let mut shot = open(self, plugin, &grants, None, Vec::new());
        let (kind, body) = (kind.to_owned(), body.to_owned());
        let run = shot.run(async |store, guest| {
            guest
                .tiphys_plugin_template()
                .call_validate(store, &kind, &body)
                .await
        });
        match pollster::block_on(run) {
            Ok(faults) => Ok(faults
                .into_iter()
                .take(100)
                .map(|fault| (fault.pointer, fault.message))
                .collect()),
            Err(breach) => Err(format!("plug-in `{}` {breach}", plugin.name)),
        }
    }
}

/// How long a call may take, and what it is told when that is over.
fn limit(call: &Call, grants: &Grants, now: u64) -> (Duration, Breach) {
    let left = call
        .deadline
        .map(|at| Duration::from_millis(at.saturating_sub(now)));
    match left.filter(|left| *left < grants.time) {
        Some(left) => (left, Breach::Deadline),
        None => (grants.time, Breach::Time(grants.time)),
    }
}

fn broken(breach: &Breach) -> Ending {
    Ending::Broken {
        message: breach.to_string(),
    }
}

/// A fresh store, and what keeps it in its fences.
pub(crate) struct Shot<'a> {
    store: Store<Guest>,
    plugin: &'a Plugin,
    host: &'a Host,
    _ticking: Option<Ticking>,
}

pub(crate) fn open<'a>(
    host: &'a Host,
    plugin: &'a Plugin,
    grants: &Arc<Grants>,
    world: Option<Arc<dyn World>>,
    given: Vec<Value>,
) -> Shot<'a> {
    let guest = Guest {
        plugin: plugin.name.clone(),
        table: ResourceTable::new(),
        memory: Memory::new(grants.memory),
        grants: grants.clone(),
        world,
        given,
        told: Vec::new(),
        usage: Usage::default(),
        clock: Stopwatch {
            started: Instant::now(),
            limit: grants.time,
        },
        last_words: None,
        muted: false,
        meter: Arc::default(),
    };
    let mut store = Store::new(plugin.pre.engine(), guest);
    store.limiter(|guest| &mut guest.memory);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        let guest = context.data_mut();
        if guest.clock.started.elapsed() > guest.clock.limit {
            return Err(Breach::Time(guest.clock.limit).into());
        }
        guest.meter.check(SLOW);
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(step_aside())))
    });
    if plugin.fuel {
        // An engine that counts fuel takes it.
        let _ = store.set_fuel(grants.fuel.unwrap_or(u64::MAX));
    }
    let ticking = host.ready(plugin.fuel).ok().map(Ready::tick);
    Shot {
        store,
        plugin,
        host,
        _ticking: ticking,
    }
}

/// Lets others go on, whatever runs the future.
async fn step_aside() {
    let mut aside = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut aside, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

impl Shot<'_> {
    /// An instance, and one function of it.
    pub async fn run<T>(
        &mut self,
        function: impl AsyncFnOnce(&mut Store<Guest>, &abi::Plugin) -> wasmtime::Result<T>,
    ) -> Result<T, Breach> {
        let instance = loop {
            let freed = self.host.freed.notified();
            match self.plugin.pre.instantiate_async(&mut self.store).await {
                Ok(instance) => break instance,
                // Somebody who has a place will give it back, and tell.
                Err(error) if error.is::<wasmtime::PoolConcurrencyLimitError>() => freed.await,
                Err(error) => return Err(self.breach(&error)),
            }
        };
        match function(&mut self.store, &instance).await {
            Ok(value) => Ok(value),
            Err(error) => Err(self.breach(&error)),
        }
    }

    /// What a trap or error means.
    fn breach(&mut self, error: &wasmtime::Error) -> Breach {
        if let Some(breach) = error.downcast_ref::<Breach>() {
            return breach.clone();
        }
        let guest = self.store.data_mut();
        match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => Breach::Stack,
            Some(Trap::OutOfFuel) => Breach::Fuel(guest.grants.fuel.unwrap_or_default()),
            Some(Trap::UnreachableCodeReached) => Breach::Panic(guest.last_words.take()),
            Some(trap) => Breach::Trap(trap.to_string()),
            None => Breach::Abi(error.root_cause().to_string()),
        }
    }

    fn usage(&self) -> Usage {
        let guest = self.store.data();
        let fuel = self.plugin.fuel.then(|| {
            let given = guest.grants.fuel.unwrap_or(u64::MAX);
            given.saturating_sub(self.store.get_fuel().unwrap_or(given))
        });
        Usage {
            time: guest.clock.started.elapsed(),
            memory: guest.memory.peak,
            fuel,
            ..guest.usage
        }
    }
}

fn request(call: Call) -> types::Request {
    let parameters: serde_json::Map<_, _> = call
        .parameters
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    let artifacts: serde_json::Map<_, _> = call.artifacts.into_iter().collect();
    types::Request {
        idempotency_key: format!("{}/{}/{}", call.workflow_uid, call.node_id, call.attempt),
        workflow_name: call.workflow_name,
        workflow_namespace: call.workflow_namespace,
        workflow_uid: call.workflow_uid,
        node_id: call.node_id,
        node_name: call.node_name,
        template_name: call.template_name,
        attempt: call.attempt,
        kind: call.kind,
        body: call.body.to_string(),
        inputs: json!({"parameters": parameters, "artifacts": artifacts}).to_string(),
        outputs: if call.outputs.is_null() {
            "{}".to_owned()
        } else {
            call.outputs.to_string()
        },
        deadline: call.deadline,
        round: call.round,
        state: call.state,
    }
}

/// The outcome, whatever version of the ABI it came by.
fn answer(outcome: abi::template::Outcome) -> Answer {
    use types::Outcome;
    match outcome {
        Outcome::Done(text) => Answer::Done(text),
        Outcome::Failed(failure) => Answer::Failed {
            message: failure.message,
            retryable: failure.retryable,
            outputs: failure.outputs,
        },
        Outcome::Pending(pending) => Answer::Pending {
            after: pending.requeue_after,
            state: pending.state,
            message: pending.message,
        },
        Outcome::Pod(text) => Answer::Pod(text),
        Outcome::Graph(text) => Answer::Graph(text),
    }
}
