//! A second lane for calls that need much of a processor: threads of the lowest priority, so that everything else goes first, and
//! an idle machine is used all the same.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// How much of a processor a call used. Not how long it took: on a busy machine a call that needs little takes long, too.
#[derive(Default)]
pub(crate) struct Meter {
    /// Nanoseconds of earlier turns.
    before: AtomicU64,
    /// What the thread had used when this turn began.
    began: AtomicU64,
    slow: AtomicBool,
}

/// What the calls of a plug-in used of late: a call of one that used much stands back from its start.
#[derive(Default)]
pub(crate) struct Habit(AtomicU64);

impl Habit {
    /// Takes in what a call used, in nanoseconds. Calls at once may pass each other over: it is a rule of thumb.
    fn add(&self, used: u64, slow: Duration) {
        let slow = u64::try_from(slow.as_nanos()).unwrap_or(u64::MAX);
        let before = self.0.load(Ordering::Relaxed);
        // One that never ends is enough, and a few that are quick make up for it.
        let after = before - before / 4 + used.min(slow.saturating_mul(8)) / 4;
        self.0.store(after, Ordering::Relaxed);
    }

    /// Whether such a call would stand back anyway.
    fn heavy(&self, slow: Duration) -> bool {
        u128::from(self.0.load(Ordering::Relaxed)) > slow.as_nanos()
    }
}

impl Meter {
    /// Polls a future, and counts what that used.
    fn poll<T>(&self, turn: impl FnOnce() -> Poll<T>) -> Poll<T> {
        self.began.store(used(), Ordering::Relaxed);
        let polled = turn();
        let turn = used().saturating_sub(self.began.load(Ordering::Relaxed));
        self.before.fetch_add(turn, Ordering::Relaxed);
        polled
    }

    /// Called while it runs; a call that has used more has to stand back.
    pub fn check(&self, most: Duration) {
        let turn = used().saturating_sub(self.began.load(Ordering::Relaxed));
        let spent = Duration::from_nanos(self.before.load(Ordering::Relaxed) + turn);
        if spent > most {
            self.slow.store(true, Ordering::Relaxed);
        }
    }
}

/// Nanoseconds of a processor that this thread used.
fn used() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let part = |count: i64| u64::try_from(count).unwrap_or_default();
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}

#[derive(Default)]
pub(crate) struct Lane(OnceLock<Option<Runtime>>);

impl Lane {
    /// Runs a future where it is, and moves it over once the meter says that it is slow; at once if such as it were slow of late.
    pub async fn run<T: Send + 'static>(
        &self,
        meter: &Arc<Meter>,
        habit: &Habit,
        slow: Duration,
        mut work: Pin<Box<dyn Future<Output = T> + Send>>,
    ) -> T {
        let metered = meter.clone();
        let mut work = Box::pin(poll_fn(move |context| {
            metered.poll(|| work.as_mut().poll(context))
        }));
        let mut moves = habit.heavy(slow);
        let here = poll_fn(|context| {
            if moves && self.runtime().is_some() {
                return Poll::Ready(None);
            }
            let polled = work.as_mut().poll(context);
            moves = meter.slow.load(Ordering::Relaxed);
            match polled {
                Poll::Pending if moves && self.runtime().is_some() => Poll::Ready(None),
                polled => polled.map(Some),
            }
        });
        let done = match (here.await, self.runtime()) {
            (Some(value), _) => value,
            (None, Some(runtime)) => Moved(runtime.spawn(work)).end().await,
            (None, None) => work.await,
        };
        habit.add(meter.before.load(Ordering::Relaxed), slow);
        done
    }

    fn runtime(&self) -> Option<&Runtime> {
        self.0
            .get_or_init(|| {
                Builder::new_multi_thread()
                    .worker_threads(std::thread::available_parallelism().map_or(1, usize::from))
                    .thread_name("plug-in")
                    .on_thread_start(stand_back)
                    .enable_all()
                    .build()
                    .inspect_err(|error| {
                        tracing::warn!("failed to start threads for plug-ins: {error}")
                    })
                    .ok()
            })
            .as_ref()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(Some(runtime)) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The lowest priority for the thread it is called on (on Linux, niceness is a thread's own).
fn stand_back() {
    let _ = rustix::process::setpriority_process(None, 19);
}

/// A task on another runtime, that ends with its handle.
pub(crate) struct Moved<T>(pub JoinHandle<T>);

impl<T> Moved<T> {
    pub async fn end(mut self) -> T {
        match (&mut self.0).await {
            Ok(value) => value,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // It is cancelled only with this future, or with its runtime, which outlives it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

impl<T> Drop for Moved<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
