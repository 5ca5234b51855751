//! From the start of the command to its end, as PID 1: passes signals and output on, and reaps orphans.

use std::io;
use std::process::{ChildStdout, ExitStatus};
use std::time::{Duration, Instant};

use super::relay::Relay;
use super::sys::{self, Signals};
use super::tail::Tail;

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
    relay: Option<Relay>,
    ended: Option<(ExitStatus, Instant)>,
    /// When we were told to stop.
    told: Option<Instant>,
}

pub fn watch(
    child: i32,
    output: Option<ChildStdout>,
    signals: &Signals,
) -> io::Result<(Status, Option<Tail>)> {
    let mut watch = Watch {
        signals,
        child,
        relay: output.map(Relay::new).transpose()?,
        ended: None,
        told: None,
    };
    loop {
        let now = Instant::now();
        if let Some(status) = watch.over(now) {
            let told = watch.told.is_some();
            let status = Status { status, told };
            return Ok((status, watch.relay.map(Relay::finish)));
        }
        watch.turn(now)?;
    }
}

impl Watch<'_> {
    /// The command's status, when there is nothing more to wait for.
    fn over(&self, now: Instant) -> Option<ExitStatus> {
        let (status, ended) = self.ended?;
        let over = self.relay.as_ref().is_none_or(|relay| {
            relay.closed()
                || relay.settled() && now >= ended + LINGER
                || self.hurry().is_some_and(|limit| now >= limit)
        });
        over.then_some(status)
    }

    fn hurry(&self) -> Option<Instant> {
        let (_, ended) = self.ended?;
        self.told.map(|told| told.max(ended) + PATIENCE)
    }

    /// Waits for one thing to happen, and does what it asks for.
    fn turn(&mut self, now: Instant) -> io::Result<()> {
        let input = self.relay.as_ref().and_then(Relay::input);
        let output = self.relay.as_ref().and_then(Relay::output);
        let ready = sys::wait(self.signals, input, output, self.time(now))?;
        while let Some(signal) = self.signals.next() {
            self.act(signal);
        }
        if let Some(relay) = &mut self.relay {
            if ready.output {
                relay.give();
            }
            if ready.input {
                relay.take();
            }
        }
        Ok(())
    }

    fn time(&self, now: Instant) -> Option<Duration> {
        let (_, ended) = self.ended?;
        let settled = self.relay.as_ref().is_none_or(Relay::settled);
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
                if let Some(relay) = &mut self.relay {
                    relay.ended();
                }
            }
        }
    }
}
