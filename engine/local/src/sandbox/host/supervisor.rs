//! The process that looks after one step: builds its view, starts its command, keeps its log, copies its outputs out and
//! writes its record.
//!
//! It is the first process of the step's pid namespace, so that the kernel ends everything the step has started when it ends.
//! It ends itself when nobody listens any more or when the spawner is gone, without a record if the command was still running.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv};
use rustix::process::Signal;

use super::cgroup::Groups;
use super::command::{Command, Streams};
use super::plain;
use super::process::{ChildSignals, Ended, kill, kill_children, reap, reap_last};
use super::pump::Pump;
use super::spawner::{Shared, leave_spawner, own_folder, retry};
use super::stage::Stage;
use super::wire::{self, Reply};
use crate::sandbox::collect::copy_out;
use crate::sandbox::{Container, Exit, StartError};

pub(super) fn run(shared: &Shared, socket: OwnedFd) -> ! {
    leave_spawner();
    let done = catch_unwind(AssertUnwindSafe(|| supervise(shared, File::from(socket))));
    // SAFETY: ends this process at once; what it wrote is on its way.
    unsafe { libc::_exit(done.map_or(70, |done| i32::from(done.is_err()))) }
}

/// A command that runs.
struct Started {
    pid: i32,
    at: Timestamp,
    pump: Pump,
    signals: ChildSignals,
    groups: Option<Groups>,
}

fn supervise(shared: &Shared, mut socket: File) -> io::Result<()> {
    end_with_the_spawner(shared)?;
    // To itself it is 1; the host's /proc knows better.
    let supervisor = fs::read_link("/proc/self")
        .ok()
        .and_then(|pid| pid.to_str()?.parse().ok())
        .unwrap_or(0);
    let mut container: Container = wire::read(&mut socket)?;
    let (started, mut stage) = match start(shared, &mut container, supervisor) {
        Ok(started) => started,
        Err(error) => {
            clean(shared, None, supervisor);
            return wire::write(&mut socket, &Reply::Refused(error));
        }
    };
    wire::write(
        &mut socket,
        &Reply::Started {
            supervisor: supervisor.unsigned_abs(),
        },
    )?;
    let Started {
        pid,
        at,
        mut pump,
        signals,
        groups,
    } = started;
    let ended = watch(shared, &socket, pid, &mut pump, &signals)?;
    let finished = Timestamp::now();
    kill_all(shared);
    let Some(ended) = ended else {
        clean(shared, groups.as_ref(), supervisor);
        return Ok(());
    };
    pump.drain();
    let mut exit = Exit {
        code: ended.code,
        signal: ended.signal,
        started: at,
        finished,
        collected: Vec::new(),
        missing: Vec::new(),
        cpu_seconds: Some(ended.cpu_seconds),
        max_rss_bytes: Some(ended.max_rss_bytes),
        fault: pump.fault,
    };
    collect(&container, &stage, &mut exit);
    clean(shared, groups.as_ref(), supervisor);
    if let Err(error) = exit.write(&stage.record.folder, &stage.record.name) {
        exit.fault
            .get_or_insert_with(|| format!("the record could not be written: {error}"));
    }
    stage.release();
    wire::write(&mut socket, &Reply::Ended(exit))
}

fn end_with_the_spawner(shared: &Shared) -> io::Result<()> {
    if shared.mode.pid {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    } else {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    }
    // The spawner may have gone before the kernel was told to tell.
    let mut fds = [PollFd::new(&shared.spawner, PollFlags::IN)];
    let gone = retry(|| {
        poll(
            &mut fds,
            Some(&Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            }),
        )
    })?;
    if gone > 0 {
        Err(io::ErrorKind::BrokenPipe.into())
    } else {
        Ok(())
    }
}

fn start(
    shared: &Shared,
    container: &mut Container,
    supervisor: i32,
) -> Result<(Started, Stage), StartError> {
    if shared.views.is_none() {
        plain::fit(container, &own_folder(&shared.scratch, supervisor))?;
    }
    let mut stage = Stage::new(container, shared.views.is_some())?;
    let groups = container
        .limits
        .map(|limits| Groups::make(limits, supervisor));
    if let Some(views) = &shared.views {
        views
            .enter()
            .map_err(|error| StartError::Sandbox(error.to_string()))?;
        stage.show_binds(container)?;
    }
    let command = Command::find(container, shared.views.is_some())?;
    let failed = |error: io::Error| StartError::Sandbox(error.to_string());
    let log = stage.log.try_clone().map_err(failed)?;
    let (pump, ends) = Pump::new(log, stage.stdout.take()).map_err(failed)?;
    let signals = ChildSignals::new().map_err(failed)?;
    let streams = Streams {
        stdin: &stage.null,
        stdout: &ends.stdout,
        stderr: &ends.stderr,
    };
    let at = Timestamp::now();
    match command.start(&streams, groups.as_ref(), !shared.mode.pid) {
        Ok(pid) => Ok((
            Started {
                pid,
                at,
                pump,
                signals,
                groups,
            },
            stage,
        )),
        Err(error) => {
            reap_last();
            groups.iter().for_each(Groups::remove);
            Err(error)
        }
    }
}

/// Carries output and passes signals on until the command has ended. `None`: it was killed because nobody listens any more.
fn watch(
    shared: &Shared,
    socket: &File,
    pid: i32,
    pump: &mut Pump,
    signals: &ChildSignals,
) -> io::Result<Option<Ended>> {
    loop {
        let mut fds = vec![
            PollFd::new(socket, PollFlags::IN),
            PollFd::new(&shared.spawner, PollFlags::IN),
            PollFd::new(signals, PollFlags::IN),
        ];
        fds.extend(pump.watch());
        retry(|| poll(&mut fds, None))?;
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready[1] || (ready[0] && !pass_on(socket, pid)) {
            return Ok(None);
        }
        if ready[3..].contains(&true) {
            pump.carry();
        }
        if ready[2] {
            signals.clear();
            while let Some(ended) = reap() {
                if ended.pid == pid {
                    return Ok(Some(ended));
                }
            }
        }
    }
}

/// Sends on the signals that have arrived; false if the other side is gone.
fn pass_on(socket: &File, pid: i32) -> bool {
    let mut bytes = [0; 16];
    match recv(socket.as_fd(), &mut bytes[..], RecvFlags::DONTWAIT) {
        Ok((0, _)) => false,
        Ok((length, _)) => {
            bytes[..length]
                .iter()
                .for_each(|signal| kill(pid, i32::from(*signal)));
            true
        }
        Err(error) => matches!(error, rustix::io::Errno::AGAIN | rustix::io::Errno::INTR),
    }
}

/// Ends everything the command has left behind and waits for it.
fn kill_all(shared: &Shared) {
    loop {
        if shared.mode.pid && rustix::process::getpid().is_init() {
            kill(-1, libc::SIGKILL);
        } else {
            kill_children(|_| true);
        }
        if reap_last().is_none() {
            return;
        }
    }
}

fn collect(container: &Container, stage: &Stage, exit: &mut Exit) {
    for (wanted, place) in container.collect.iter().zip(&stage.collect) {
        match copy_out(&wanted.path, &place.folder, &place.name) {
            Ok(true) => exit.collected.push(wanted.path.clone()),
            Ok(false) => exit.missing.push(wanted.path.clone()),
            Err(error) => {
                exit.fault.get_or_insert_with(|| {
                    format!("{} could not be copied out: {error}", wanted.path.display())
                });
            }
        }
    }
}

/// Removes what the kernel does not remove by itself.
fn clean(shared: &Shared, groups: Option<&Groups>, supervisor: i32) {
    if shared.views.is_none() {
        let _ = fs::remove_dir_all(own_folder(&shared.scratch, supervisor));
    }
    groups.into_iter().for_each(Groups::remove);
}
