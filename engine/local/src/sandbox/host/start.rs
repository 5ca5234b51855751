//! Starting the spawner.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::wire::{self, Mode, Opened};
use super::{cgroup, spawner as serving};
use crate::sandbox::OpenError;

/// The name under which this executable is the spawner.
const NAME: &str = "tiphys-spawner";

/// Whether `main` has seen to it that this executable can be the spawner.
static PREPARED: AtomicBool = AtomicBool::new(false);

/// Must be the first thing that `main` does. In the helper process of the host sandbox, which is this same executable started
/// under another name, it serves until that process is no longer needed and never returns; anywhere else it returns at once.
///
/// In a program that does not call it (a test of the standard harness), the helper is a plain fork of that program: this works,
/// but the helper then keeps a copy of its memory.
pub fn spawner_main() {
    PREPARED.store(true, Ordering::Relaxed);
    let mut args = std::env::args_os();
    if args.next().is_none_or(|name| name != NAME) {
        return;
    }
    if let (Some(mode), Some(scratch)) = (
        args.next().and_then(|text| parse(text.to_str()?)),
        args.next(),
    ) {
        serving::run(mode, Path::new(&scratch));
    }
}

fn parse(text: &str) -> Option<Mode> {
    let [user, view, pid] = text.as_bytes() else {
        return None;
    };
    Some(Mode {
        user: *user == b'u',
        view: *view == b'v',
        pid: *pid == b'p',
    })
}

/// `u`, `v` and `p` for what is on, `-` for what is off.
fn letters(mode: Mode) -> String {
    [(mode.user, 'u'), (mode.view, 'v'), (mode.pid, 'p')]
        .map(|(on, letter)| if on { letter } else { '-' })
        .iter()
        .collect()
}

/// This process's hold on the spawner, which ends when the control socket closes.
pub(super) struct Spawner {
    control: Option<OwnedFd>,
    pid: i32,
}

impl Spawner {
    pub(super) fn hand_over(&self, socket: &UnixStream) -> io::Result<()> {
        match &self.control {
            Some(control) => wire::pass(control.as_fd(), socket.as_fd()),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        self.control = None;
        let pid = self.pid;
        // It ends by itself; somebody has to take note of it.
        std::thread::spawn(move || {
            // SAFETY: waits for our own child, which nobody else does.
            unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) }
        });
    }
}

/// The strongest mode that this kernel lets us have, its spawner and its warnings, and why the stronger ones were refused.
/// `forced` names the only mode to try, in the letters of [`letters`].
pub(super) fn strongest(
    scratch: &Path,
    forced: Option<&str>,
) -> Result<(Mode, Spawner, Vec<String>, Option<String>), OpenError> {
    let root = rustix::process::geteuid().is_root();
    let mut refused = None;
    for text in ["-vp", "uvp", "-v-", "uv-", "---"] {
        let may = |mode: &Mode| {
            (root || mode.user || !mode.view) && forced.is_none_or(|forced| forced == text)
        };
        let Some(mode) = parse(text).filter(may) else {
            continue;
        };
        match spawner(mode, scratch) {
            Ok((spawner, warnings)) => return Ok((mode, spawner, warnings, refused)),
            Err(error) if mode.view => {
                refused.get_or_insert(error.to_string());
            }
            Err(error) => return Err(OpenError::Spawner(error)),
        }
    }
    Err(OpenError::Spawner(io::Error::other(
        refused.unwrap_or_else(|| "there is no such mode".to_owned()),
    )))
}

/// Starts a spawner and waits for its first word.
pub(super) fn spawner(mode: Mode, scratch: &Path) -> io::Result<(Spawner, Vec<String>)> {
    let (ours, theirs) = socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let pid = if PREPARED.load(Ordering::Relaxed) {
        execute(mode, scratch, theirs)?
    } else {
        fork(mode, scratch, theirs)?
    };
    let mut first = vec![0; 1 << 16];
    let spawner = Spawner {
        control: Some(ours),
        pid,
    };
    let length = match &spawner.control {
        Some(control) => serving::retry(|| rustix::io::read(control, &mut first[..]))?,
        None => 0,
    };
    first.truncate(length);
    match wire::unframe(&mut first)? {
        Some(Opened::Ready { warnings }) => Ok((spawner, warnings)),
        Some(Opened::Refused(reason)) => Err(io::Error::other(reason)),
        None => Err(io::Error::other("the spawner ended before it was ready")),
    }
}

fn execute(mode: Mode, scratch: &Path, control: OwnedFd) -> io::Result<i32> {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0(NAME)
        .arg(letters(mode))
        .arg(scratch)
        .env_clear();
    command
        .stdin(Stdio::from(control))
        .stdout(Stdio::null())
        .current_dir("/");
    let pid = command.spawn()?.id();
    i32::try_from(pid).map_err(io::Error::other)
}

fn fork(mode: Mode, scratch: &Path, control: OwnedFd) -> io::Result<i32> {
    let null = File::options().write(true).open("/dev/null")?;
    // SAFETY: the child has only this thread; the C library readies its allocator for that, and the child takes no lock of
    // another thread: it reads, clones and mounts.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // SAFETY: no descriptor that is closed here is used by this copy of the process.
            unsafe {
                libc::dup2(control.as_raw_fd(), 0);
                libc::dup2(null.as_raw_fd(), 1);
                libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0);
            }
            let _ = rustix::process::chdir("/");
            serving::run(mode, scratch)
        }
        pid => Ok(pid),
    }
}

/// Removes what killed processes have left behind.
pub(super) fn sweep(scratch: &Path) {
    cgroup::sweep();
    for entry in fs::read_dir(scratch).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("step-"));
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
