//! One controller at a time: a Lease of Kubernetes, as Argo's controllers keep it (`workflow-controller`).
//!
//! Who does not see the holder renew it for as long as it is good takes it. That is measured by the own clock, from the last change that was
//! seen: clocks of machines differ.

use crate::client::{code, patiently, told};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client, Config, Error};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Whose turn it is, and for how long. Durations: Argo's defaults.
#[derive(Clone, Debug)]
pub struct Turn {
    pub namespace: String,
    /// The Lease's name.
    pub name: String,
    /// Who asks; two that run must differ, and one that starts again should not.
    pub identity: String,
    /// How long a lease that is not renewed is good.
    pub lasts: Duration,
    /// How often it is renewed, and looked at by who waits.
    pub every: Duration,
}

/// Why a turn is over before its time. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    #[error("keep lease `{0}`: {1}")]
    Lost(String, String),
    #[error("ask for lease `{0}`: {1}")]
    Refused(String, String),
}

impl Turn {
    fn api(&self, config: &Config) -> Result<Api<Lease>, LeaseError> {
        let client = Client::try_from(config.clone());
        let client = client.map_err(|error| self.refused(&error))?;
        Ok(Api::namespaced(client, &self.namespace))
    }

    fn refused(&self, error: &Error) -> LeaseError {
        LeaseError::Refused(self.name.clone(), told(error))
    }

    /// Waits for the turn.
    ///
    /// # Errors
    /// The lease cannot be read or written at all.
    pub async fn wait(&self, config: &Config) -> Result<(), LeaseError> {
        let api = self.api(config)?;
        let mut seen: Option<(String, Instant)> = None;
        let mut told_of = None;
        loop {
            let found = patiently("look at the lease", || api.get_opt(&self.name)).await;
            let Some(lease) = found.map_err(|error| self.refused(&error))? else {
                if self.write(&api, None).await? {
                    return Ok(());
                }
                continue;
            };
            let version = lease.metadata.resource_version.clone().unwrap_or_default();
            if seen.as_ref().is_none_or(|(known, _)| *known != version) {
                seen = Some((version, Instant::now()));
            }
            let unchanged = seen.as_ref().map_or(Duration::ZERO, |(_, at)| at.elapsed());
            let spec = lease.spec.clone().unwrap_or_default();
            let holder = spec.holder_identity.unwrap_or_default();
            let lasts = spec
                .lease_duration_seconds
                .and_then(|seconds| u64::try_from(seconds).ok());
            let lasts = lasts.map_or(self.lasts, Duration::from_secs);
            let free = holder.is_empty() || holder == self.identity || unchanged >= lasts;
            if free && self.write(&api, Some(lease)).await? {
                return Ok(());
            }
            if told_of.as_ref() != Some(&holder) {
                tracing::info!(
                    holder,
                    "another controller has its turn; this one stands by"
                );
                told_of = Some(holder);
            }
            sleep(self.every).await;
        }
    }

    /// Keeps the turn.
    ///
    /// # Errors
    /// Always: somebody else has it, or it could not be renewed in time.
    pub async fn keep(&self, config: &Config) -> LeaseError {
        let lost = |reason: String| LeaseError::Lost(self.name.clone(), reason);
        let api = match self.api(config) {
            Ok(api) => api,
            Err(error) => return error,
        };
        let mut renewed = Instant::now();
        loop {
            sleep(self.every).await;
            // Two thirds: time to stop before somebody else begins.
            let left = (self.lasts * 2 / 3).saturating_sub(renewed.elapsed());
            let found = tokio::time::timeout(left, self.renew(&api)).await;
            match found {
                Ok(Ok(true)) => renewed = Instant::now(),
                Ok(Ok(false)) => return lost("another controller has taken it".to_owned()),
                Ok(Err(error)) => return error,
                Err(_) => return lost(format!("it was not renewed for {:?}", renewed.elapsed())),
            }
        }
    }

    async fn renew(&self, api: &Api<Lease>) -> Result<bool, LeaseError> {
        loop {
            let found = patiently("look at the lease", || api.get_opt(&self.name)).await;
            let found = found.map_err(|error| self.refused(&error))?;
            let spec = found.as_ref().and_then(|lease| lease.spec.as_ref());
            let holder = spec.and_then(|spec| spec.holder_identity.as_deref());
            if holder.is_some_and(|holder| holder != self.identity) {
                return Ok(false);
            }
            if self.write(api, found).await? {
                return Ok(true);
            }
        }
    }

    /// Gives the turn to whoever waits.
    pub async fn give_up(&self, config: &Config) {
        let Ok(api) = self.api(config) else { return };
        let Ok(Some(mut lease)) = api.get_opt(&self.name).await else {
            return;
        };
        if let Some(spec) = &mut lease.spec
            && spec.holder_identity.as_deref() == Some(&self.identity)
        {
            spec.holder_identity = Some(String::new());
            let _ = api
                .replace(&self.name, &PostParams::default(), &lease)
                .await;
        }
    }

    /// Writes the lease as ours; false if somebody else was faster.
    async fn write(&self, api: &Api<Lease>, known: Option<Lease>) -> Result<bool, LeaseError> {
        let now = MicroTime(Timestamp::now());
        let before = known
            .as_ref()
            .and_then(|lease| lease.spec.clone())
            .unwrap_or_default();
        let same = before.holder_identity.as_deref() == Some(&self.identity);
        let spec = LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.lasts.as_secs()).ok(),
            acquire_time: before
                .acquire_time
                .filter(|_| same)
                .or_else(|| Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!same)),
            ..before
        };
        let params = PostParams::default();
        let wrote = match known {
            Some(lease) => {
                let lease = Lease {
                    spec: Some(spec),
                    ..lease
                };
                patiently("write the lease", || {
                    api.replace(&self.name, &params, &lease)
                })
                .await
            }
            None => {
                let metadata = ObjectMeta {
                    name: Some(self.name.clone()),
                    ..ObjectMeta::default()
                };
                let lease = Lease {
                    metadata,
                    spec: Some(spec),
                };
                patiently("make the lease", || api.create(&params, &lease)).await
            }
        };
        match wrote {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(409) => Ok(false),
            Err(error) => Err(self.refused(&error)),
        }
    }
}
