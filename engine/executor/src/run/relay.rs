//! An output that is a result, or is to be archived: kept, and passed on as it comes.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::sys::{self, Stream};
use super::tail::Tail;

/// A pipe that can be written takes this much at once; more might block.
const PIECE: usize = 4096;

const BUFFER: usize = 64 << 10;

pub struct Relay {
    /// None when every writer has closed it.
    from: Option<File>,
    /// None when nobody reads it.
    to: Option<File>,
    /// Keeps all of it; and why it could not.
    log: Option<File>,
    fault: Option<io::Error>,
    buffer: Vec<u8>,
    /// What of the buffer is to be passed on.
    from_to: (usize, usize),
    /// What the command wrote before it ended and is still in the pipe.
    owed: usize,
    tail: Tail,
}

/// What is left of an output.
pub struct Kept {
    pub tail: Tail,
    /// Why the log has not all of it.
    pub fault: Option<io::Error>,
}

impl Relay {
    /// From the command to our own stream of that kind.
    pub fn new(from: OwnedFd, to: BorrowedFd<'_>, log: Option<File>) -> io::Result<Self> {
        Ok(Self {
            from: Some(File::from(from)),
            to: Some(File::from(to.try_clone_to_owned()?)),
            log,
            fault: None,
            buffer: vec![0; BUFFER],
            from_to: (0, 0),
            owed: 0,
            tail: Tail::default(),
        })
    }

    /// What to wait for: a reader that is slow slows the command, as it would without us.
    pub fn stream(&self) -> Stream<Option<BorrowedFd<'_>>> {
        let pending = self.pending();
        Stream {
            input: self.from.as_ref().filter(|_| !pending).map(AsFd::as_fd),
            output: self.to.as_ref().filter(|_| pending).map(AsFd::as_fd),
        }
    }

    /// Does what can be done.
    pub fn turn(&mut self, ready: Stream<bool>) {
        if ready.output {
            self.give();
        }
        if ready.input {
            self.take();
        }
    }

    /// Reads what is there, once.
    fn take(&mut self) {
        let Some(from) = &mut self.from else { return };
        match from.read(&mut self.buffer) {
            Ok(0) => self.close(),
            Ok(read) => {
                self.owed = self.owed.saturating_sub(read);
                self.tail.push(&self.buffer[..read]);
                if let Some(log) = &mut self.log
                    && let Err(error) = log.write_all(&self.buffer[..read])
                {
                    self.fault = Some(error);
                    self.log = None;
                }
                self.from_to = (0, if self.to.is_some() { read } else { 0 });
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.close(),
        }
    }

    /// Writes as much as cannot block.
    fn give(&mut self) {
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
    pub fn finish(mut self) -> Kept {
        self.to = None;
        while self.owed > 0 {
            self.take();
        }
        Kept {
            tail: self.tail,
            fault: self.fault,
        }
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
