//! What a controller and the executor inside a step's container say to each other.
//!
//! | said by | type | carried by |
//! |---|---|---|
//! | the controller | [`Step`]: what to write, what to read | environment variables `TIPHYS_STEP`, `TIPHYS_STEP_1`, … |
//! | the executor | [`Report`]: exit code, outputs, faults | the termination message; what is too large for it, the end of the log |
//! | the executor | [`Done`]: output artifacts, the log | files in a folder that it shares with the container that saves them |
//! | who saves them | [`Saved`] | a file there |
//!
//! What is not here, and must not come: a clock, the environment, files, processes, a Kubernetes client. The binary does those, with
//! the feature `run`, and only on Linux.

mod frames;
mod outputs;
mod report;
mod step;
mod wire;

pub use frames::strip_report;
pub use outputs::{Done, Given, OUTPUTS, Saved, Unsaved};
pub use report::{Decoded, Encoded, Fault, FaultKind, Report, ReportError, message_limit};
pub use step::{Artifact, Content, File, Output, Step, StepError, VARIABLE, from_env, to_env};

/// All outputs of a step together, in bytes: the result, and the names and values of parameters.
pub const OUTPUTS_LIMIT: usize = 1 << 20;

/// How much of the end of standard output is kept as a result, in bytes.
pub const RESULT_LIMIT: usize = 256 << 10;

/// What the kubelet takes of a termination message, in bytes, in a pod of up to three containers.
pub const MESSAGE_LIMIT: usize = 4096;
