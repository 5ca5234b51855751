//! Output parameters, from the files that the command left.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use tiphys_executor::{Fault, FaultKind, OUTPUTS_LIMIT, Output};

type Parameters = BTreeMap<String, Option<String>>;

/// Every value that can be had, and every fault.
pub fn read(outputs: &[Output]) -> (Parameters, Vec<Fault>) {
    let mut parameters = Parameters::new();
    let mut faults = Vec::new();
    let mut room = OUTPUTS_LIMIT;
    for output in outputs {
        match value(output, room) {
            Ok(value) => {
                room -= value.as_ref().map_or(0, String::len);
                parameters.insert(output.name.clone(), value);
            }
            Err(fault) => faults.push(fault),
        }
    }
    (parameters, faults)
}

fn value(output: &Output, room: usize) -> Result<Option<String>, Fault> {
    let Output { name, path } = output;
    let fault = |kind, reason: String| {
        Fault::new(
            kind,
            format!("read the parameter `{name}` from {path}: {reason}"),
        )
    };
    let unreadable = |error: io::Error| fault(FaultKind::ParameterUnreadable, error.to_string());
    let Some(file) = open(path).map_err(unreadable)? else {
        return Ok(None);
    };
    let size = file.metadata().map_err(unreadable)?.len();
    let mut bytes = Vec::new();
    // A newline at the end does not count.
    file.take(room as u64 + 2)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.len() > room {
        let reason = format!(
            "it has {} bytes, and {room} are left of the {OUTPUTS_LIMIT} for all outputs; an artifact has no such limit",
            size.max(bytes.len() as u64)
        );
        return Err(fault(FaultKind::OutputsTooLarge, reason));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let reason =
            format!("it is no text in UTF-8, from byte {at} on; make it an artifact, or encode it");
        fault(FaultKind::ParameterNotText, reason)
    })
}

/// None if there is none. A pipe with no writer must not hold us up.
fn open(path: &str) -> io::Result<Option<File>> {
    let file = match OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
    {
        Ok(file) => file,
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
                _ => Err(error),
            };
        }
    };
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    Ok(Some(file))
}
