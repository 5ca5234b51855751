//! Starts the command.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use tiphys_executor::Fault;

use super::exec::Image;
use super::relay::Relay;
use super::{diagnosis, not_started, sys};

/// What of the command's outputs is of interest.
pub struct Wanted {
    /// Standard output is a result.
    pub result: bool,
    /// Both outputs are kept here.
    pub log: Option<File>,
}

/// The command's process, and what passes on those of its outputs that are of interest. Its name is looked up as a shell does.
pub fn start(
    words: &[OsString],
    wanted: &Wanted,
    signals: &sys::Signals,
) -> Result<(i32, Vec<Relay>), Fault> {
    let image = Image::new(words).map_err(not_started)?;
    let inherited = signals.inherited;
    let terminal = sys::has_terminal();
    let become_it = move || {
        // SAFETY: these may be called between fork and exec, and take what they need by value. SIGTTOU is still held back, so that a
        // group in the background may take the terminal.
        unsafe {
            if terminal {
                libc::tcsetpgrp(0, libc::getpid());
            }
            libc::pthread_sigmask(
                libc::SIG_SETMASK,
                &raw const inherited,
                std::ptr::null_mut(),
            );
        }
        Err(image.exec())
    };
    // It never gets as far as to what std would execute.
    let mut command = Command::new(&words[0]);
    command.process_group(0);
    if wanted.result || wanted.log.is_some() {
        command.stdout(Stdio::piped());
    }
    if wanted.log.is_some() {
        command.stderr(Stdio::piped());
    }
    // SAFETY: `become_it` allocates nothing and takes no locks.
    unsafe { command.pre_exec(become_it) };
    let child = command
        .spawn()
        .map_err(|error| diagnosis::diagnose(&words[0], error))?;
    let pid = i32::try_from(child.id()).map_err(|error| not_started(io::Error::other(error)))?;
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let out = child.stdout.map(|pipe| (pipe.into(), stdout.as_fd()));
    let err = child.stderr.map(|pipe| (pipe.into(), stderr.as_fd()));
    let relay = |(from, to)| {
        let log = wanted.log.as_ref().map(File::try_clone).transpose()?;
        Relay::new(from, to, log)
    };
    let relays: io::Result<_> = out.into_iter().chain(err).map(relay).collect();
    Ok((pid, relays.map_err(not_started)?))
}
