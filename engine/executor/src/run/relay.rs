//! Standard output that is a result: kept, and passed on as it comes.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ChildStdout;

use super::sys;
use super::tail::Tail;

/// A pipe that can be written takes this much at once; more might block.
const PIECE: usize = 4096;

const BUFFER: usize = 64 << 10;

pub struct Relay {
    /// None when every writer has closed it.
    from: Option<ChildStdout>,
    /// None when nobody reads it.
    to: Option<File>,
    buffer: Vec<u8>,
    /// What of the buffer is to be passed on.
    from_to: (usize, usize),
    /// What the command wrote before it ended and is still in the pipe.
    owed: usize,
    tail: Tail,
}

impl Relay {
    pub fn new(from: ChildStdout) -> io::Result<Self> {
        Ok(Self {
            from: Some(from),
            to: Some(File::from(io::stdout().as_fd().try_clone_to_owned()?)),
            buffer: vec![0; BUFFER],
            from_to: (0, 0),
            owed: 0,
            tail: Tail::default(),
        })
    }

    /// What to wait for: a reader that is slow slows the command, as it would without us.
    pub fn input(&self) -> Option<BorrowedFd<'_>> {
        self.from
            .as_ref()
            .filter(|_| !self.pending())
            .map(AsFd::as_fd)
    }

    pub fn output(&self) -> Option<BorrowedFd<'_>> {
        self.to.as_ref().filter(|_| self.pending()).map(AsFd::as_fd)
    }

    /// Reads what is there, once.
    pub fn take(&mut self) {
        let Some(from) = &mut self.from else { return };
        match from.read(&mut self.buffer) {
            Ok(0) => self.close(),
            Ok(read) => {
                self.owed = self.owed.saturating_sub(read);
                self.tail.push(&self.buffer[..read]);
                self.from_to = (0, if self.to.is_some() { read } else { 0 });
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.close(),
        }
    }

    /// Writes as much as cannot block.
    pub fn give(&mut self) {
        let Some(to) = &mut self.to else { return };
        let (start, end) = self.from_to;
        match to.write(&self.buffer[start..end.min(start + PIECE)]) {
            Ok(written) => self.from_to.0 += written,
            Err(error) if is_passing(&error) => {}
            Err(_) => {
                // Nobody reads it. The result is kept all the same.
                self.to = None;
                self.from_to = (0, 0);
            }
        }
    }

    /// The command has ended: what is in the pipe now is all that it wrote.
    pub fn ended(&mut self) {
        self.owed = self
            .from
            .as_ref()
            .map_or(0, |from| sys::unread(from.as_fd()));
    }

    /// Whether all that the command wrote before it ended is passed on.
    pub fn settled(&self) -> bool {
        self.owed == 0 && !self.pending()
    }

    /// Whether nothing more can come.
    pub fn closed(&self) -> bool {
        self.from.is_none() && !self.pending()
    }

    /// Keeps what the command wrote, whether or not somebody reads what was passed on.
    pub fn finish(mut self) -> Tail {
        self.to = None;
        while self.owed > 0 {
            self.take();
        }
        self.tail
    }

    fn pending(&self) -> bool {
        self.from_to.0 < self.from_to.1
    }

    fn close(&mut self) {
        self.from = None;
        self.owed = 0;
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock)
}
