//! What a run tells whoever watches it in this process, and what it can be told.

use std::sync::Arc;

use tiphys_core::Reason;
use tiphys_spec as spec;
use tokio::sync::oneshot;

use crate::order::Order;

/// A change, after it was stored. A reader that is slow loses the oldest (`RecvError::Lagged`) and can ask for everything anew
/// with [`Control::Status`].
#[derive(Clone, Debug)]
pub enum Event {
    /// Node records that changed.
    Nodes(Arc<[spec::NodeStatus]>),
    /// The status, without nodes.
    Workflow(Arc<spec::WorkflowStatus>),
}

/// What the process itself may ask of a run that it drives.
#[derive(Debug)]
pub enum Control {
    Order(Order),
    /// Leave it as it is, to be resumed later: what runs is killed, and `drive` returns.
    Leave,
    /// The whole status.
    Status(oneshot::Sender<spec::WorkflowStatus>),
    /// Everything that waits: node name and reason.
    Waiting(oneshot::Sender<Vec<(String, Reason)>>),
}
