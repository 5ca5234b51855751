//! What all workflows of a controller share.

use crate::locks::Locks;
use crate::shelf::Shelf;
use kube::Client;
use std::sync::Arc;
use tiphys_host::{Registry, Wire};
use tokio::sync::Semaphore;

/// How a controller works.
#[derive(Clone, Default)]
pub struct Settings {
    pub pods: tiphys_pods::Settings,
    /// The only namespace whose workflows are run; none: those of all.
    pub namespace: Option<String>,
    /// Template kinds that plug-ins provide; none: there are none.
    pub plugins: Option<Arc<Registry>>,
}

pub(crate) struct Ground {
    pub client: Client,
    pub settings: Settings,
    pub shelf: Arc<Shelf>,
    pub locks: Arc<Locks>,
    pub wire: Arc<Wire>,
    /// Pods that may be on their way to the API server at once.
    pub room: Semaphore,
}
