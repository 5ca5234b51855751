//! What all workflows of a controller share.

use crate::admission::Parallelism;
use crate::agent::ExecutorPlugins;
use crate::events::{Events, Telling};
use crate::granted::Granted;
use crate::images::Images;
use crate::locks::Locks;
use crate::metrics::Metrics;
use crate::restrict::Restrictions;
use crate::retention::Retention;
use crate::shelf::Shelf;
use crate::trace::Traces;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use kube::{Client, Config, Error};
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tiphys_host::{Registry, Wire};
use tiphys_spec::WorkflowSpec;
use tokio::sync::Semaphore;

/// How a controller works.
#[derive(Clone, Default)]
pub struct Settings {
    pub pods: tiphys_pods::Settings,
    /// The only namespace whose workflows are run; none: those of all.
    pub namespace: Option<String>,
    /// The controller's own namespace.
    pub home: String,
    /// Template kinds that plug-ins provide; none: there are none.
    pub plugins: Option<Arc<Registry>>,
    /// Whether Argo's executor plug-ins are called for kinds that no plug-in provides.
    pub executor_plugins: ExecutorPlugins,
    pub metrics: Arc<Metrics>,
    /// Where traces go; none: nowhere.
    pub traces: Option<Traces>,
    /// A folder for artifacts that plug-ins read and write, of this controller alone.
    pub scratch: PathBuf,
    pub options: Options,
}

/// What is configured of all workflows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Where artifacts are kept if neither a workflow nor its namespace says it (`artifactRepository` of Argo's configuration).
    pub repository: Option<tiphys_spec::ArtifactRepository>,
    /// How many workflows run at once.
    pub parallelism: Parallelism,
    /// How fast pods are made, at most.
    pub pod_rate: Option<Rate>,
    /// What every workflow has that does not say otherwise.
    pub defaults: Defaults,
    pub restrictions: Restrictions,
    pub telling: Telling,
    pub pod_gc: PodGc,
    /// How often a pod is made again that was lost before it began (`failedPodRestart`).
    pub restarts: u32,
    /// How many workflows stay that have ended.
    pub retention: Retention,
}

/// What workflows have that do not say otherwise. Source: Argo's `workflowDefaults`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    pub spec: Option<Arc<WorkflowSpec>>,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

/// So many a second, and so many more at once after a pause. Source: Argo's `resourceRateLimit`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Each second; more than 0.
    pub limit: f64,
    /// At once; at least 1.
    pub burst: NonZeroU32,
}

impl Rate {
    /// None where the limit is no number above 0.
    pub(crate) fn limiter(self) -> Option<DefaultDirectRateLimiter> {
        let period = Duration::try_from_secs_f64(1.0 / self.limit).ok()?;
        let quota = Quota::with_period(period)?;
        Some(RateLimiter::direct(quota.allow_burst(self.burst)))
    }
}

/// How pods are deleted that have ended. Source: Argo's options of these names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodGc {
    /// `podGCDeleteDelayDuration`: how long after their end.
    pub delay: Option<String>,
    /// `podGCGracePeriodSeconds`: what a pod has to end by itself.
    pub grace: Option<u32>,
}

pub(crate) struct Ground {
    pub config: Config,
    pub client: Client,
    pub settings: Settings,
    pub shelf: Arc<Shelf>,
    pub granted: Arc<Granted>,
    pub locks: Arc<Locks>,
    pub wire: Arc<Wire>,
    /// Pods that may be on their way to the API server at once.
    pub room: Semaphore,
    /// Clients that act as service accounts, by user.
    pub accounts: Mutex<HashMap<String, Client>>,
    pub events: Events,
    /// What images start.
    pub images: Images,
    /// How fast pods may be made; none: as fast as it goes.
    pub rate: Option<DefaultDirectRateLimiter>,
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
