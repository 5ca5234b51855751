//! Processes at the level of the kernel: cloning into namespaces, reaping, killing.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use super::wire::Mode;

pub(super) enum Fork {
    Parent(i32),
    Child,
}

/// Forks into the namespaces of a mode. Only for a process with one thread.
pub(super) fn fork(mode: Mode) -> io::Result<Fork> {
    let mut flags = 0;
    if mode.view {
        flags |= libc::CLONE_NEWNS | libc::CLONE_NEWIPC;
    }
    if mode.pid {
        flags |= libc::CLONE_NEWPID;
    }
    // SAFETY: a plain old struct of integers, for which zero means "not asked for".
    let mut wanted: libc::clone_args = unsafe { std::mem::zeroed() };
    wanted.flags = flags as u64;
    wanted.exit_signal = libc::SIGCHLD as u64;
    let pid = if flags == 0 {
        // SAFETY: one thread, so that no lock is held by a thread the child does not have.
        unsafe { libc::fork() }
    } else {
        // SAFETY: as above; without a stack of its own the child goes on here, on a copy of this one.
        let pid = unsafe {
            libc::syscall(
                libc::SYS_clone3,
                &raw mut wanted,
                size_of::<libc::clone_args>(),
            )
        };
        pid as i32
    };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(pid)),
    }
}

/// A descriptor that becomes readable when a child ends.
pub(super) struct ChildSignals(OwnedFd);

impl ChildSignals {
    /// Blocks SIGCHLD, as a signalfd asks for.
    pub(super) fn new() -> io::Result<ChildSignals> {
        // SAFETY: the set is initialised before it is used, and the descriptor is new and ours.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, libc::SIGCHLD);
            libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            if fd < 0 {
                Err(io::Error::last_os_error())
            } else {
                Ok(ChildSignals(OwnedFd::from_raw_fd(fd)))
            }
        }
    }

    /// Forgets what was signalled; the children are to be asked one by one.
    pub(super) fn clear(&self) {
        let mut bytes = [0; 128 * 4];
        while rustix::io::read(&self.0, &mut bytes).is_ok_and(|got| got > 0) {}
    }
}

impl AsFd for ChildSignals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A child that has ended.
pub(super) struct Ended {
    pub pid: i32,
    pub code: i32,
    pub signal: Option<i32>,
    pub cpu_seconds: f64,
    pub max_rss_bytes: u64,
}

/// Takes one child that has ended, without waiting.
pub(super) fn reap() -> Option<Ended> {
    wait(libc::WNOHANG)
}

/// Takes one child that has ended; waits for one if there is any child at all.
pub(super) fn reap_last() -> Option<Ended> {
    wait(0)
}

fn wait(options: i32) -> Option<Ended> {
    let mut status = 0;
    // SAFETY: zero is a value of this plain old struct, and both pointers are to locals.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let pid = loop {
        // SAFETY: as above.
        let pid =
            unsafe { libc::wait4(-1, &raw mut status, options | libc::__WALL, &raw mut usage) };
        if pid >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            break pid;
        }
    };
    let signal = libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status));
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    (pid > 0).then(|| Ended {
        pid,
        code: signal.map_or_else(|| libc::WEXITSTATUS(status), |signal| 128 + signal),
        signal,
        cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        max_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    })
}

pub(super) fn kill(pid: i32, signal: i32) {
    // SAFETY: no memory is touched; a process that is gone is no harm.
    unsafe { libc::kill(pid, signal) };
}

/// Kills each child of this process that is chosen.
pub(super) fn kill_children(chosen: impl Fn(i32) -> bool) {
    let pid = rustix::process::getpid().as_raw_pid();
    let children =
        fs::read_to_string(format!("/proc/self/task/{pid}/children")).unwrap_or_default();
    let children = children
        .split_whitespace()
        .filter_map(|child| child.parse().ok());
    children
        .filter(|child| chosen(*child))
        .for_each(|child| kill(child, libc::SIGKILL));
}

/// Signals as a new process expects them: none blocked, none ignored.
pub(super) fn restore_signals() {
    // SAFETY: the set is initialised before it is used; default actions need no handler.
    unsafe {
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        for signal in 1..32 {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
}
