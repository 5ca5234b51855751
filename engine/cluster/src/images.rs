//! What images start where neither a container nor the configuration says it: their registries are asked, with what it takes to pull
//! from them. Our own process goes before an image's, so it has to be known.

use crate::client::{code, patiently, spread, told};
use k8s_openapi::api::core::v1::{LocalObjectReference, Pod, Secret, ServiceAccount};
use kube::{Api, Client};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tiphys_core::PodIntent;
use tiphys_oci::{Image, Logins, OciError, Registry};
use tiphys_pods::Entrypoint;

/// How long an answer counts: a tag may be moved.
const FRESH: Duration = Duration::from_secs(600);
/// How often a registry is asked that does not answer.
const TRIES: u32 = 6;
/// Between two tries, at first.
const PAUSE: Duration = Duration::from_millis(500);

/// Answers of registries, by namespace and image: who may not pull an image is told nothing of it.
#[derive(Default)]
pub(crate) struct Images {
    known: Mutex<HashMap<(String, String), (Instant, Entrypoint)>>,
}

impl Images {
    /// What an image of a pod starts. `waits` hears of answers that were none.
    ///
    /// # Errors
    /// Its registry does not say it. A fragment that fits after "failed to ".
    pub(crate) async fn starts(
        &self,
        api: &Api<Pod>,
        intent: &PodIntent,
        image: &str,
        waits: impl Fn(String),
    ) -> Result<Entrypoint, String> {
        let namespace = api.namespace().unwrap_or_default();
        let key = (namespace.to_owned(), image.to_owned());
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let name: Image = image
            .parse()
            .map_err(|error| format!("make a pod: {error}"))?;
        let logins = logins(&api.clone().into_client(), namespace, intent).await?;
        let mut pause = PAUSE;
        let mut tries = 1;
        let found = loop {
            match ask(&name, &logins).await {
                Ok(found) => break found,
                Err(error) if error.passing() && tries < TRIES => {
                    waits(format!("failed to {error}; once more"));
                    tokio::time::sleep(pause.mul_f64(1.0 + spread() / 4.0)).await;
                    pause *= 2;
                    tries += 1;
                }
                Err(error) => {
                    return Err(format!(
                        "make a pod: image `{image}` is started without `command`, and its registry does not say what it starts: failed \
                         to {error}; give the container a `command`, or the image an entry under `images` in the controller's configuration"
                    ));
                }
            }
        };
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (since, _)| since.elapsed() < FRESH);
        all.insert(key, (Instant::now(), found.clone()));
        Ok(found)
    }

    fn known(&self, key: &(String, String)) -> Option<Entrypoint> {
        let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, known) = all.get(key)?;
        (since.elapsed() < FRESH).then(|| known.clone())
    }
}

/// Asks with each login that may be meant for the image, as a kubelet does, and at last as nobody in particular.
async fn ask(image: &Image, logins: &Logins) -> Result<Entrypoint, OciError> {
    let mut first = None;
    for credentials in logins.of(image) {
        match Registry::new(&credentials).starts(image).await {
            Ok(starts) => {
                return Ok(Entrypoint {
                    entrypoint: starts.entrypoint.unwrap_or_default(),
                    cmd: starts.cmd.unwrap_or_default(),
                });
            }
            Err(error) if error.passing() => return Err(error),
            Err(error) => first = first.or(Some(error)),
        }
    }
    // There is always one to ask as.
    Err(first.unwrap_or_else(|| unreachable!("nobody in particular was not asked")))
}

/// The logins that the pod's own secrets for pulling and its service account's hold.
async fn logins(client: &Client, namespace: &str, intent: &PodIntent) -> Result<Logins, String> {
    let fault = |what: &str, name: &str, error: &kube::Error| {
        format!("make a pod: get {what} `{name}`: {}", told(error))
    };
    let own = intent.workflow.image_pull_secrets.iter();
    let mut names: BTreeSet<String> = own.map(name).collect();
    let account = intent.template.service_account_name.as_deref();
    let account = account.or(intent.workflow.service_account_name.as_deref());
    let account = account.unwrap_or("default");
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let found = patiently("get a service account", || accounts.get_opt(account)).await;
    let found = found.map_err(|error| fault("service account", account, &error))?;
    let of_account = found.and_then(|found| found.image_pull_secrets);
    names.extend(of_account.iter().flatten().map(name));
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let mut logins = Logins::default();
    for name in names.iter().filter(|name| !name.is_empty()) {
        let found = patiently("get a secret", || secrets.get_opt(name)).await;
        let secret = match found {
            // A kubelet goes on without a secret that is not there, too.
            Ok(None) => continue,
            Ok(Some(secret)) => secret,
            Err(error) if code(&error) == Some(404) => continue,
            Err(error) => return Err(fault("secret", name, &error)),
        };
        let data = secret.data.unwrap_or_default();
        let text = |key: &str| data.get(key).map(|bytes| bytes.0.as_slice());
        let added = match (text(".dockerconfigjson"), text(".dockercfg")) {
            (Some(text), _) => logins.add(text),
            (None, Some(text)) => logins.add_legacy(text),
            (None, None) => Ok(()),
        };
        added
            .map_err(|at| format!("make a pod: read secret `{name}`: it holds no logins ({at})"))?;
    }
    Ok(logins)
}

fn name(of: &LocalObjectReference) -> String {
    of.name.clone()
}
