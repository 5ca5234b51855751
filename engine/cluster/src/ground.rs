//! What all workflows of a controller share.

use crate::locks::Locks;
use crate::metrics::Metrics;
use crate::shelf::Shelf;
use kube::{Client, Config, Error};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tiphys_host::{Registry, Wire};
use tokio::sync::Semaphore;

/// How a controller works.
#[derive(Clone, Default)]
pub struct Settings {
    pub pods: tiphys_pods::Settings,
    /// The only namespace whose workflows are run; none: those of all.
    pub namespace: Option<String>,
    /// The controller's own namespace.
    pub home: String,
    /// Where artifacts are kept if neither a workflow nor its namespace says it (`artifactRepository` of Argo's configuration).
    pub repository: Option<tiphys_spec::ArtifactRepository>,
    /// Template kinds that plug-ins provide; none: there are none.
    pub plugins: Option<Arc<Registry>>,
    pub metrics: Arc<Metrics>,
}

pub(crate) struct Ground {
    pub config: Config,
    pub client: Client,
    pub settings: Settings,
    pub shelf: Arc<Shelf>,
    pub locks: Arc<Locks>,
    pub wire: Arc<Wire>,
    /// Pods that may be on their way to the API server at once.
    pub room: Semaphore,
    /// Clients that act as service accounts, by user.
    pub accounts: Mutex<HashMap<String, Client>>,
}

impl Ground {
    /// A client that may do what a service account may, and nothing else: the API server is told whom it stands for.
    pub(crate) fn client_as(&self, namespace: &str, account: &str) -> Result<Client, Error> {
        let user = format!("system:serviceaccount:{namespace}:{account}");
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = accounts.get(&user) {
            return Ok(client.clone());
        }
        let mut config = self.config.clone();
        config.auth_info.impersonate = Some(user.clone());
        let client = Client::try_from(config)?;
        accounts.insert(user, client.clone());
        Ok(client)
    }
}
