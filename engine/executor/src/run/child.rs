//! Starts the command.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdout, Command, Stdio};
use tiphys_executor::Fault;

use super::exec::Image;
use super::{diagnosis, not_started, sys};

/// The command's process, and its standard output if that is a result. Its name is looked up as a shell does.
pub fn start(
    words: &[OsString],
    result: bool,
    signals: &sys::Signals,
) -> Result<(i32, Option<ChildStdout>), Fault> {
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
    if result {
        command.stdout(Stdio::piped());
    }
    // SAFETY: `become_it` allocates nothing and takes no locks.
    unsafe { command.pre_exec(become_it) };
    let child = command
        .spawn()
        .map_err(|error| diagnosis::diagnose(&words[0], error))?;
    let pid = i32::try_from(child.id()).map_err(|error| not_started(io::Error::other(error)))?;
    Ok((pid, child.stdout))
}
