//! Carrying what a command writes to its log.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

pub(super) struct Pump {
    log: File,
    stdout: Option<File>,
    /// Of stdout, or of both if stdout is not wanted alone; then of stderr.
    pipes: [Option<PipeReader>; 2],
    buffer: Vec<u8>,
    /// The first failure to keep what was read. Reading goes on, so that the command does not hang on a full disk.
    pub fault: Option<String>,
}

/// The ends of the pipes that the command gets.
pub(super) struct Ends {
    pub stdout: PipeWriter,
    pub stderr: PipeWriter,
}

impl Pump {
    pub(super) fn new(log: File, stdout: Option<File>) -> io::Result<(Pump, Ends)> {
        let (out, stdout_end) = pipe()?;
        let (err, stderr_end) = match stdout {
            None => (None, stdout_end.try_clone()?),
            Some(_) => pipe().map(|(reader, writer)| (Some(reader), writer))?,
        };
        let pump = Pump {
            log,
            stdout,
            pipes: [Some(out), err],
            buffer: vec![0; 1 << 16],
            fault: None,
        };
        Ok((
            pump,
            Ends {
                stdout: stdout_end,
                stderr: stderr_end,
            },
        ))
    }

    /// What to poll; a pipe that is closed is not among it.
    pub(super) fn watch(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.pipes
            .iter()
            .flatten()
            .map(|pipe| PollFd::new(pipe, PollFlags::IN))
    }

    /// Carries up to one buffer from each pipe; true if there was anything.
    pub(super) fn carry(&mut self) -> bool {
        let mut any = false;
        for index in 0..2 {
            let Some(pipe) = &mut self.pipes[index] else {
                continue;
            };
            match pipe.read(&mut self.buffer) {
                Ok(0) => self.pipes[index] = None,
                Ok(length) => {
                    any = true;
                    self.keep(index, length);
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                    ) => {}
                Err(_) => self.pipes[index] = None,
            }
        }
        any
    }

    fn keep(&mut self, index: usize, length: usize) {
        let bytes = &self.buffer[..length];
        let mut kept = self.log.write_all(bytes);
        if let (0, Some(stdout)) = (index, &mut self.stdout) {
            kept = kept.and(stdout.write_all(bytes));
        }
        if let Err(error) = kept {
            self.fault
                .get_or_insert_with(|| format!("the log is not complete: {error}"));
        }
    }

    /// Carries what is still in the pipes. Who else may hold them is not waited for.
    pub(super) fn drain(&mut self) {
        while self.carry() {}
    }
}

fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    fcntl_setfl(&reader, fcntl_getfl(&reader)? | OFlags::NONBLOCK)?;
    Ok((reader, writer))
}
