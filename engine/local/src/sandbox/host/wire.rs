//! What is said between this process, the spawner and the supervisors.
//!
//! This process hands the spawner one end of a socket pair per step; everything else about the step goes over that pair: one
//! frame with the container, then one byte per signal; back come one frame when it runs (or does not) and one when it has
//! ended. The end of the stream says that the other side is gone.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::sandbox::{Exit, StartError};

/// What a view is made with. Tried from the strongest to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mode {
    /// A user namespace, for who is not root.
    pub user: bool,
    /// A mount namespace with the copy-on-write view.
    pub view: bool,
    /// A pid namespace, whose first process is the supervisor.
    pub pid: bool,
}

/// The spawner's first word.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Opened {
    Ready { warnings: Vec<String> },
    Refused(String),
}

/// What a supervisor says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The command runs; the supervisor's process id as the host sees it, or 0.
    Started {
        supervisor: u32,
    },
    Refused(StartError),
    /// The record is written.
    Ended(Exit),
}

/// A length and a JSON value.
pub(crate) fn frame(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, value)?;
    let length = u32::try_from(bytes.len() - 4).map_err(io::Error::other)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// Takes a whole frame from the front of what has arrived, if there is one.
pub(crate) fn unframe<T: DeserializeOwned>(arrived: &mut Vec<u8>) -> io::Result<Option<T>> {
    let Some(head) = arrived.first_chunk::<4>() else {
        return Ok(None);
    };
    let end = 4 + u32::from_le_bytes(*head) as usize;
    if arrived.len() < end {
        return Ok(None);
    }
    let value = serde_json::from_slice(&arrived[4..end])?;
    arrived.drain(..end);
    Ok(Some(value))
}

pub(crate) fn write(stream: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    stream.write_all(&frame(value)?)
}

pub(crate) fn read<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<T> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let mut body = vec![0; u32::from_le_bytes(head) as usize];
    stream.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

/// Hands a descriptor over.
pub(crate) fn pass(control: BorrowedFd<'_>, fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let fds = [fd];
    ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    rustix::net::sendmsg(
        control,
        &[IoSlice::new(b"s")],
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

/// What came over the control socket.
pub(crate) enum Passed {
    Step(OwnedFd),
    Nothing,
    Closed,
}

pub(crate) fn take(control: impl AsFd) -> io::Result<Passed> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0; 1];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let got = rustix::net::recvmsg(
        control,
        &mut [IoSliceMut::new(&mut byte)],
        &mut ancillary,
        flags,
    )?;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(mut fds) = message
            && let Some(fd) = fds.next()
        {
            return Ok(Passed::Step(fd));
        }
    }
    Ok(if got.bytes == 0 {
        Passed::Closed
    } else {
        Passed::Nothing
    })
}
