//! The small single-threaded process from which steps are started.
//!
//! It leaves the terminal's process group, sets up what all views share, and clones one supervisor per descriptor it is handed.
//! It ends when the process that started it is gone: its end of the control socket is then closed, and every supervisor sees
//! the same at its own end and kills its step.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, getgid, getpid, getuid, pidfd_open};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::process::{ChildSignals, Fork, fork, kill, kill_children, reap, restore_signals};
use super::view::Views;
use super::wire::{Mode, Opened, Passed, frame, take};
use super::{cgroup, supervisor};

/// How long a supervisor whose step has ended may go on collecting after the process that wanted it is gone.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What a supervisor inherits.
pub(super) struct Shared {
    pub mode: Mode,
    pub views: Option<Views>,
    pub scratch: PathBuf,
    /// Becomes readable when the spawner is gone.
    pub spawner: OwnedFd,
}

/// Runs until the other end of the control socket is closed. Descriptor 0 is the control socket.
pub(super) fn run(mode: Mode, scratch: &Path) -> ! {
    let code = catch_unwind(AssertUnwindSafe(|| serve(mode, scratch)))
        .map_or(70, |done| i32::from(done.is_err()));
    // SAFETY: ends this process at once, which has no other thread and nothing to clean up.
    unsafe { libc::_exit(code) }
}

fn serve(mode: Mode, scratch: &Path) -> io::Result<()> {
    let _ = rustix::process::setsid();
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable)?;
    // SAFETY: descriptor 0 is the control socket and nobody else's here.
    let mut control = File::from(unsafe { OwnedFd::from_raw_fd(0) });
    let shared = match prepare(mode, scratch) {
        Ok(shared) => shared,
        Err(error) => return control.write_all(&frame(&Opened::Refused(error.to_string()))?),
    };
    let warnings = shared.views.as_ref().map_or_else(Vec::new, warnings);
    control.write_all(&frame(&Opened::Ready { warnings })?)?;
    let signals = ChildSignals::new()?;
    let mut supervisors = HashSet::new();
    loop {
        let mut fds = [
            PollFd::new(&control, PollFlags::IN),
            PollFd::new(&signals, PollFlags::IN),
        ];
        retry(|| poll(&mut fds, None))?;
        let [asked, ended] = fds.map(|fd| !fd.revents().is_empty());
        if ended {
            signals.clear();
            collect_ended(&shared, &mut supervisors);
        }
        if asked {
            match take(control.as_fd())? {
                Passed::Step(socket) => supervisors.extend(supervise(&shared, socket)),
                Passed::Nothing => {}
                Passed::Closed => {
                    wind_up(&shared, &signals, supervisors);
                    return Ok(());
                }
            }
        }
    }
}

fn warnings(views: &Views) -> Vec<String> {
    let shown = views.plain.iter();
    shown
        .map(|path| {
            format!(
                "{} cannot be covered copy-on-write: steps see it read-only",
                path.display()
            )
        })
        .collect()
}

fn prepare(mode: Mode, scratch: &Path) -> io::Result<Shared> {
    let spawner = pidfd_open(getpid(), PidfdFlags::empty())?;
    if !mode.pid {
        rustix::process::set_child_subreaper(Some(getpid()))?;
    }
    let mut shared = Shared {
        mode,
        views: None,
        scratch: scratch.to_owned(),
        spawner,
    };
    if mode.user {
        let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
        unshare(UnshareFlags::NEWUSER)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
        fs::write("/proc/self/gid_map", format!("{gid} {gid} 1"))?;
    }
    if mode.view {
        unshare(UnshareFlags::NEWNS)?;
        shared.views = Some(Views::new(mode, &scratch.join("view"))?);
        try_a_view(&shared)?;
    }
    Ok(shared)
}

fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: this process has one thread, and neither flag shares less of its memory or descriptors.
    Ok(unsafe { unshare_unsafe(flags) }?)
}

/// Builds one view and throws it away: whether the kernel lets us is known only then.
fn try_a_view(shared: &Shared) -> io::Result<()> {
    let (mut said, mut says) = io::pipe()?;
    match fork(shared.mode)? {
        Fork::Child => {
            let entered = shared.views.as_ref().map_or(Ok(()), Views::enter);
            let told = entered.or_else(|error| write!(says, "{error}"));
            // SAFETY: as in `run`.
            unsafe { libc::_exit(i32::from(told.is_err())) }
        }
        Fork::Parent(pid) => {
            drop(says);
            let error = io::read_to_string(&mut said)?;
            // SAFETY: waits for our own child.
            unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
            if error.is_empty() {
                Ok(())
            } else {
                Err(io::Error::other(error))
            }
        }
    }
}

/// Clones the supervisor of a step. If that fails the socket closes, which says enough.
fn supervise(shared: &Shared, socket: OwnedFd) -> Option<i32> {
    match fork(shared.mode) {
        Ok(Fork::Parent(pid)) => Some(pid),
        Ok(Fork::Child) => supervisor::run(shared, socket),
        Err(error) => {
            let refused = super::wire::Reply::Refused(crate::sandbox::StartError::Sandbox(
                format!("clone: {error}"),
            ));
            let _ = super::wire::write(&mut File::from(socket), &refused);
            None
        }
    }
}

fn collect_ended(shared: &Shared, supervisors: &mut HashSet<i32>) {
    while let Some(ended) = reap() {
        if supervisors.remove(&ended.pid) && ended.signal.is_some() {
            let _ = fs::remove_dir_all(own_folder(&shared.scratch, ended.pid));
            cgroup::sweep();
        }
    }
    if !shared.mode.pid {
        // Without a pid namespace, what a killed supervisor leaves behind becomes our child.
        kill_children(|pid| !supervisors.contains(&pid));
    }
}

/// The folder of a step that has no view.
pub(super) fn own_folder(scratch: &Path, supervisor: i32) -> PathBuf {
    scratch.join(format!("step-{supervisor}"))
}

/// Lets the supervisors, which see that nobody listens any more, finish what has ended, and kills who takes too long.
fn wind_up(shared: &Shared, signals: &ChildSignals, mut supervisors: HashSet<i32>) {
    let until = Instant::now() + LAST_WORDS;
    while !supervisors.is_empty() {
        collect_ended(shared, &mut supervisors);
        if Instant::now() > until {
            supervisors.iter().for_each(|pid| kill(*pid, libc::SIGKILL));
        }
        wait_a_moment(signals.as_fd());
        signals.clear();
    }
}

fn wait_a_moment(fd: BorrowedFd<'_>) {
    let tenth = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    let _ = poll(
        &mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)],
        Some(&tenth),
    );
}

pub(super) fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            done => return Ok(done?),
        }
    }
}

/// Undoes what a supervisor must not keep of the spawner.
pub(super) fn leave_spawner() {
    restore_signals();
    // SAFETY: descriptor 0 is the spawner's control socket; this copy of the process never uses it again. It is not left free,
    // so that nothing a command's own three are made from is among the first three.
    unsafe {
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        libc::dup2(null, 0);
        libc::close(null);
    }
}
