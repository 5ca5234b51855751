//! From the start of the command to its end, as PID 1: passes signals and output on, and reaps orphans.

use std::io;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::relay::{Kept, Relay};
use super::sys::{self, STREAMS, Signals};

/// How long processes that the command leaves behind may add to its output.
const LINGER: Duration = Duration::from_millis(100);

/// How long a reader may block the log's end when we are told to stop; the report must still get out.
const PATIENCE: Duration = Duration::from_secs(1);

pub struct Status {
    status: ExitStatus,
    /// A signal came on the way that was to end it.
    pub told: bool,
}

impl Status {
    pub fn exit(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let signal = self.status.signal().unwrap_or_default();
        self.status.code().unwrap_or(128 + signal)
    }

    pub fn signal(&self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt;
        self.status.signal()
    }
}

struct Watch<'a> {
    signals: &'a Signals,
    child: i32,
    /// Standard output, if it is of interest, then standard error.
    relays: Vec<Relay>,
    ended: Option<(ExitStatus, Instant)>,
    /// When we were told to stop.
    told: Option<Instant>,
}

pub fn watch(
    child: i32,
    mut relays: Vec<Relay>,
    signals: &Signals,
) -> io::Result<(Status, Vec<Kept>)> {
    relays.truncate(STREAMS);
    let mut watch = Watch {
        signals,
        child,
        relays,
        ended: None,
        told: None,
    };
    loop {
        let now = Instant::now();
        if let Some(status) = watch.over(now) {
            let told = watch.told.is_some();
            let status = Status { status, told };
            let kept = watch.relays.into_iter().map(Relay::finish);
            return Ok((status, kept.collect()));
        }
        watch.turn(now)?;
    }
}

impl Watch<'_> {
    /// The command's status, when there is nothing more to wait for.
    fn over(&self, now: Instant) -> Option<ExitStatus> {
        let (status, ended) = self.ended?;
        let over = |relay: &Relay| {
            relay.closed()
                || relay.settled() && now >= ended + LINGER
                || self.hurry().is_some_and(|limit| now >= limit)
        };
        self.relays.iter().all(over).then_some(status)
    }

    fn hurry(&self) -> Option<Instant> {
        let (_, ended) = self.ended?;
        self.told.map(|told| told.max(ended) + PATIENCE)
    }

    /// Waits for one thing to happen, and does what it asks for.
    fn turn(&mut self, now: Instant) -> io::Result<()> {
        let mut streams = [sys::Stream::default(); STREAMS];
        for (stream, relay) in streams.iter_mut().zip(&self.relays) {
            *stream = relay.stream();
        }
        let ready = sys::wait(self.signals, streams, self.time(now))?;
        while let Some(signal) = self.signals.next() {
            self.act(signal);
        }
        for (relay, ready) in self.relays.iter_mut().zip(ready) {
            relay.turn(ready);
        }
        Ok(())
    }

    fn time(&self, now: Instant) -> Option<Duration> {
        let (_, ended) = self.ended?;
        let settled = self.relays.iter().all(Relay::settled);
        let linger = settled.then_some(ended + LINGER);
        let next = [linger, self.hurry()].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(now))
    }

    fn act(&mut self, signal: i32) {
        match signal {
            libc::SIGCHLD => self.reap(),
            // Of our own use of a terminal or a pipe.
            libc::SIGTTIN | libc::SIGTTOU | libc::SIGPIPE => {}
            _ => {
                if matches!(signal, libc::SIGTERM | libc::SIGINT) {
                    self.told.get_or_insert_with(Instant::now);
                }
                if self.ended.is_none() {
                    sys::send(self.child, signal);
                }
            }
        }
    }

    fn reap(&mut self) {
        while let Some((pid, status)) = sys::reap() {
            if pid == self.child {
                self.ended = Some((status, Instant::now()));
                self.relays.iter_mut().for_each(Relay::ended);
            }
        }
    }
}
