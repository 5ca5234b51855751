//! Calls of Linux that std has no names for; what is unsafe is here, in `child` and in `exec`.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// Raised by the thread's own doing; to hold them back would hide a crash.
const OWN: [i32; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
];

/// All signals, held back and read from a descriptor. PID 1 gets them thus, though it has no handlers.
pub struct Signals {
    fd: OwnedFd,
    /// What was held back before: the command starts with it.
    pub inherited: libc::sigset_t,
}

impl Signals {
    pub fn hold() -> io::Result<Self> {
        let mut all = MaybeUninit::uninit();
        let mut inherited = MaybeUninit::uninit();
        // SAFETY: the sets are written by the calls before they are read; the descriptor is new and nobody else's.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for signal in OWN {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            // A parent may have had its children reaped by the kernel.
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
            match libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), inherited.as_mut_ptr()) {
                0 => {}
                error => return Err(io::Error::from_raw_os_error(error)),
            }
            let fd = check(libc::signalfd(
                -1,
                all.as_ptr(),
                libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
            ))?;
            Ok(Self {
                fd: OwnedFd::from_raw_fd(fd),
                inherited: inherited.assume_init(),
            })
        }
    }

    pub fn raw(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    /// The next one that has come, if any.
    pub fn next(&self) -> Option<i32> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the kernel writes the whole structure, or nothing.
        unsafe {
            let read = libc::read(self.raw(), info.as_mut_ptr().cast(), size);
            (usize::try_from(read) == Ok(size))
                .then(|| info.assume_init().ssi_signo)
                .and_then(|signal| signal.try_into().ok())
        }
    }
}

/// What can be done with a stream; waiting for it, a descriptor that is not there is passed over.
#[derive(Clone, Copy, Default)]
pub struct Stream<T> {
    pub input: T,
    pub output: T,
}

/// At most this many streams are waited for at once: standard output and standard error.
pub const STREAMS: usize = 2;

/// Waits until a signal comes, one of the streams can be read or written, or the time is over.
pub fn wait(
    signals: &Signals,
    streams: [Stream<Option<BorrowedFd<'_>>>; STREAMS],
    time: Option<Duration>,
) -> io::Result<[Stream<bool>; STREAMS]> {
    let entry = |fd: Option<BorrowedFd<'_>>, events| libc::pollfd {
        // Negative ones are passed over.
        fd: fd.map_or(-1, |fd| fd.as_raw_fd()),
        events,
        revents: 0,
    };
    let [one, two] = streams;
    let mut entries = [
        libc::pollfd {
            fd: signals.raw(),
            events: libc::POLLIN,
            revents: 0,
        },
        entry(one.input, libc::POLLIN),
        entry(one.output, libc::POLLOUT),
        entry(two.input, libc::POLLIN),
        entry(two.output, libc::POLLOUT),
    ];
    // One more than the whole milliseconds, for a rest of less than one must not spin.
    let time = time.map_or(-1, |time| {
        i32::try_from(time.as_millis() + 1).unwrap_or(i32::MAX)
    });
    // SAFETY: the array has five entries and outlives the call.
    match check(unsafe { libc::poll(entries.as_mut_ptr(), 5, time) }) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok([1, 3].map(|at| Stream {
            input: entries[at].revents != 0,
            output: entries[at + 1].revents != 0,
        })),
    }
}

/// Waits until a signal comes or the time is over.
pub fn sleep(signals: &Signals, time: Duration) {
    // Whoever waits looks again in any case.
    let _ = wait(signals, Default::default(), Some(time));
}

/// A child that has ended, if any: the command, or an orphan.
pub fn reap() -> Option<(i32, ExitStatus)> {
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    (pid > 0).then(|| (pid, ExitStatus::from_raw(status)))
}

/// Passes a signal on. It fails only where the process has just ended, which is no matter.
pub fn send(pid: i32, signal: i32) {
    // SAFETY: takes numbers; `pid` is a child that is not yet reaped.
    unsafe { libc::kill(pid, signal) };
}

/// How many bytes are in a pipe.
pub fn unread(pipe: BorrowedFd<'_>) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: `bytes` is what FIONREAD writes, and outlives the call.
    let result = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
    if result == 0 {
        bytes.try_into().unwrap_or(0)
    } else {
        0
    }
}

/// Where another process is PID 1, orphans of the command come here all the same. A kernel without that leaves them to PID 1.
pub fn adopt_orphans() {
    if std::process::id() != 1 {
        // SAFETY: takes numbers only.
        unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    }
}

/// Whether standard input is a terminal that is this process group's.
pub fn has_terminal() -> bool {
    // SAFETY: takes numbers only.
    unsafe { libc::tcgetpgrp(0) == libc::getpgrp() }
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
