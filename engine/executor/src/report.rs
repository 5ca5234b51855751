//! What came of a step.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::{MESSAGE_LIMIT, OUTPUTS_LIMIT, frames, wire};

const VERSION: u32 = 1;

/// What the command of a container did and left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The command's exit code; 128 and the signal's number if one ended it; 64, 126 or 127 if it never started.
    #[serde(default)]
    pub exit: i32,
    /// The signal that ended the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The end of the command's standard output, if the step asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Whether the output was longer than what is kept of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub result_truncated: bool,
    /// Output parameters; null is one whose file is not there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Option<String>>,
    /// Output artifacts that are saved, by their number in the step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<u32>,
    /// What the executor itself failed to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    pub kind: FaultKind,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FaultKind {
    StepUnreadable,
    FileNotWritten,
    /// A container of a set that was not to be run.
    Omitted,
    CommandNotFound,
    CommandNotExecutable,
    CommandNotStarted,
    ResultIncomplete,
    ParameterUnreadable,
    ParameterNotText,
    OutputsTooLarge,
    ArtifactNotSaved,
    ReportNotWritten,
    /// Of an executor that is newer than its reader.
    #[serde(other)]
    Other,
}

/// A report in the form that leaves the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The termination message.
    pub message: String,
    /// Lines for the end of the log, for what the message has no room for.
    pub log: Option<String>,
}

/// What a termination message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    Whole(Report),
    /// The report is in the container's log: [`Report::from_log`].
    InLog {
        exit: i32,
        chunks: usize,
        digest: String,
    },
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    #[error("read the step's report: the termination message is not one of tiphys-executor")]
    Foreign,
    #[error(
        "read the step's report: it has the version {0}, this reads {VERSION}; the controller and the executor's image must be of one release"
    )]
    Version(u32),
    #[error("read the step's report: it is damaged: {0}")]
    Damaged(String),
    #[error("read the step's report: chunk {chunk} of {chunks} is not in the container's log")]
    MissingChunk { chunk: usize, chunks: usize },
    #[error("read the step's report: its digest in the container's log is {was}, not {digest}")]
    BadDigest { was: String, digest: String },
}

/// How long the termination message of each container may be: the kubelet shares 12 KiB among all of a pod, init containers and
/// ephemeral ones too, and cuts what is longer.
#[must_use]
pub fn message_limit(containers: usize) -> usize {
    (12 * 1024 / containers.max(1)).min(MESSAGE_LIMIT)
}

impl Report {
    /// What leaves a container of a pod with up to three.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        self.encode_within(MESSAGE_LIMIT)
    }

    /// What leaves the container if the message has that many bytes: plain, deflated, or in the log, whatever has room first.
    #[must_use]
    pub fn encode_within(&self, limit: usize) -> Encoded {
        if let Some(refusal) = self.refusal() {
            return refusal.encode_within(limit);
        }
        let json = self.json();
        if json.len() <= limit {
            return Encoded::message(json);
        }
        let blob = wire::pack(&json);
        let message = format!(r#"{{"tiphys":{VERSION},"z":"{blob}"}}"#);
        if message.len() <= limit {
            return Encoded::message(message);
        }
        Encoded {
            message: format!(
                r#"{{"tiphys":{VERSION},"exit":{},"log":{},"digest":"{}"}}"#,
                self.exit,
                frames::chunks(&blob),
                wire::digest(&blob)
            ),
            log: Some(frames::frame(&blob)),
        }
    }

    /// Reads a termination message.
    pub fn decode(message: &str) -> Result<Decoded, ReportError> {
        let message = message.trim();
        if !message.starts_with(r#"{"tiphys":"#) {
            return Err(ReportError::Foreign);
        }
        match read(message.as_bytes())? {
            Message { z: Some(blob), .. } => unpack(&blob).map(Decoded::Whole),
            Message {
                log: Some(chunks),
                digest: Some(digest),
                exit,
                ..
            } => Ok(Decoded::InLog {
                exit,
                chunks,
                digest,
            }),
            _ => serde_json::from_str(message)
                .map(Decoded::Whole)
                .map_err(damaged),
        }
    }

    /// Finds the report at the end of a container's log, as its message says with [`Decoded::InLog`].
    pub fn from_log(log: &str, chunks: usize, digest: &str) -> Result<Self, ReportError> {
        unpack(&frames::unframe(log, chunks, digest)?)
    }

    /// This report, or one that says that its outputs are too large.
    #[must_use]
    pub fn bounded(self) -> Self {
        self.refusal().unwrap_or(self)
    }

    /// All faults in one line.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        let messages: Vec<&str> = self.faults.iter().map(|fault| &*fault.message).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    /// The report without its outputs, if they are too large.
    fn refusal(&self) -> Option<Self> {
        let size = self.size();
        if size <= OUTPUTS_LIMIT {
            return None;
        }
        let largest = self
            .parameters
            .iter()
            .max_by_key(|(_, value)| value.as_ref().map_or(0, String::len));
        let hint = largest.map_or_else(String::new, |(name, value)| {
            let bytes = value.as_ref().map_or(0, String::len);
            format!("; the largest is the parameter `{name}` of {bytes} bytes")
        });
        let fault = Fault::new(
            FaultKind::OutputsTooLarge,
            format!(
                "report the outputs: they have {size} bytes and may have {OUTPUTS_LIMIT}{hint}; an artifact has no such limit"
            ),
        );
        Some(Self {
            exit: self.exit,
            signal: self.signal,
            faults: [&self.faults[..], &[fault]].concat(),
            ..Self::default()
        })
    }

    fn size(&self) -> usize {
        let parameters = self.parameters.iter();
        let values =
            parameters.map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len));
        self.result.as_ref().map_or(0, String::len) + values.sum::<usize>()
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            tiphys: u32,
            #[serde(flatten)]
            report: &'a Report,
        }
        let whole = Whole {
            tiphys: VERSION,
            report: self,
        };
        // Strings, numbers and maps of strings: nothing that can fail to be JSON.
        serde_json::to_string(&whole).unwrap_or_default()
    }
}

impl Fault {
    #[must_use]
    pub fn new(kind: FaultKind, message: String) -> Self {
        Self { kind, message }
    }
}

impl Encoded {
    fn message(message: String) -> Self {
        Self { message, log: None }
    }
}

/// What every form of a report begins with.
#[derive(Deserialize)]
struct Message {
    tiphys: u32,
    #[serde(default)]
    exit: i32,
    z: Option<String>,
    log: Option<usize>,
    digest: Option<String>,
}

fn read(json: &[u8]) -> Result<Message, ReportError> {
    let message: Message = serde_json::from_slice(json).map_err(damaged)?;
    match message.tiphys {
        VERSION => Ok(message),
        other => Err(ReportError::Version(other)),
    }
}

fn unpack(blob: &str) -> Result<Report, ReportError> {
    let json = wire::unpack(blob).map_err(ReportError::Damaged)?;
    read(&json)?;
    serde_json::from_slice(&json).map_err(damaged)
}

fn damaged(error: serde_json::Error) -> ReportError {
    ReportError::Damaged(error.to_string())
}
