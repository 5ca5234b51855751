//! What images start where neither a container nor the configuration says it: their registries are asked, with what it takes to pull
//! from them. Our own process goes before an image's, so it has to be known.

use crate::client::{code, patiently, spread, told};
use k8s_openapi::api::core::v1::{LocalObjectReference, Pod, Secret, ServiceAccount};
use kube::{Api, Client};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tiphys_core::PodIntent;
use tiphys_oci::{Credentials, Image, Logins, OciError, Registry, Starts};
use tiphys_pods::Entrypoint;

/// How long an answer counts: a tag may be moved.
const FRESH: Duration = Duration::from_secs(600);
/// And how long that there was none: all who wait for the same image hear it.
const FRESH_FAULT: Duration = Duration::from_secs(10);
/// How often a registry is asked that does not answer.
const TRIES: u32 = 6;
/// Between two tries, at first.
const PAUSE: Duration = Duration::from_millis(500);

/// An image, and who asks: what one who may pull it was told is not for one who may not, and the other way round.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    image: String,
    namespace: String,
    account: String,
    /// The workflow's own secrets for pulling; its service account may have more.
    secrets: BTreeSet<String>,
}

/// What was answered, and when; none before that. Who asks holds it.
type Answer = Arc<tokio::sync::Mutex<Option<(Instant, Result<Entrypoint, Unknown>)>>>;

/// Answers of registries.
#[derive(Default)]
pub(crate) struct Images {
    known: Mutex<HashMap<Key, Answer>>,
}

/// What an image starts is not to be had.
#[derive(Clone, Debug)]
pub(crate) struct Unknown {
    /// A fragment that fits after "failed to ".
    pub reason: String,
    /// Another attempt would fail alike.
    pub hopeless: bool,
}

impl From<String> for Unknown {
    fn from(reason: String) -> Unknown {
        Unknown {
            reason,
            hopeless: true,
        }
    }
}

fn fresh((since, answer): &(Instant, Result<Entrypoint, Unknown>)) -> bool {
    since.elapsed() < if answer.is_ok() { FRESH } else { FRESH_FAULT }
}

impl Key {
    fn new(namespace: &str, intent: &PodIntent, image: &str) -> Key {
        let account = intent.template.service_account_name.as_deref();
        let account = account.or(intent.workflow.service_account_name.as_deref());
        let secrets = intent.workflow.image_pull_secrets.iter().map(name);
        Key {
            image: image.to_owned(),
            namespace: namespace.to_owned(),
            account: account.unwrap_or("default").to_owned(),
            secrets: secrets.filter(|name| !name.is_empty()).collect(),
        }
    }
}

impl Images {
    /// What an image of a pod starts. Its registry is asked once, whoever else wants to know it meanwhile. `waits` hears of answers that
    /// were none.
    ///
    /// # Errors
    /// Its registry does not say it.
    pub(crate) async fn starts(
        &self,
        api: &Api<Pod>,
        intent: &PodIntent,
        image: &str,
        waits: impl Fn(String),
    ) -> Result<Entrypoint, Unknown> {
        let key = Key::new(api.namespace().unwrap_or_default(), intent, image);
        let cell = self.cell(key.clone());
        let mut known = cell.lock().await;
        if let Some((_, answer)) = known.as_ref().filter(|known| fresh(known)) {
            return answer.clone();
        }
        let client = api.clone().into_client();
        let answer = find(&client, &key, waits).await;
        *known = Some((Instant::now(), answer.clone()));
        answer
    }

    fn cell(&self, key: Key) -> Answer {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(&key) {
            // Those that are being asked for are kept, and so is what was just told.
            all.retain(|_, cell| {
                let known = cell.try_lock();
                known.map_or(true, |known| known.as_ref().is_none_or(fresh))
            });
        }
        all.entry(key).or_default().clone()
    }
}

async fn find(client: &Client, key: &Key, waits: impl Fn(String)) -> Result<Entrypoint, Unknown> {
    let image = key.image.as_str();
    let name: Image = image
        .parse()
        .map_err(|error| format!("make a pod: {error}"))?;
    let logins = logins(client, key).await?;
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match ask(&name, &logins).await {
            Err(error) if error.passing() => {
                waits(format!("failed to {error}; once more"));
                tokio::time::sleep(pause.mul_f64(1.0 + spread() / 4.0)).await;
                pause *= 2;
            }
            answer => return answer.map_err(|error| unknown(image, &error)),
        }
    }
    let last = ask(&name, &logins).await;
    last.map_err(|error| unknown(image, &error))
}

fn unknown(image: &str, error: &OciError) -> Unknown {
    let reason = format!(
        "make a pod: image `{image}` is started without `command`, and its registry does not say what it starts: failed to {error}; give the \
         container a `command`, or the image an entry under `images` in the controller's configuration"
    );
    Unknown {
        reason,
        hopeless: !error.passing(),
    }
}

/// Asks with each login that may be meant for the image, as a kubelet does, and at last as nobody in particular.
async fn ask(image: &Image, logins: &Logins) -> Result<Entrypoint, OciError> {
    let mut first = None;
    for credentials in logins.of(image) {
        match Registry::new(&credentials).starts(image).await {
            Err(error) if error.passing() => return Err(error),
            Err(error) => first = first.or(Some(error)),
            Ok(starts) => return Ok(entrypoint(starts)),
        }
    }
    let last = Registry::new(&Credentials::Anonymous).starts(image).await;
    last.map(entrypoint).map_err(|error| first.unwrap_or(error))
}

fn entrypoint(starts: Starts) -> Entrypoint {
    Entrypoint {
        entrypoint: starts.entrypoint.unwrap_or_default(),
        cmd: starts.cmd.unwrap_or_default(),
    }
}

/// The logins that the pod's own secrets for pulling and its service account's hold.
async fn logins(client: &Client, key: &Key) -> Result<Logins, String> {
    let fault = |what: &str, name: &str, error: &kube::Error| {
        format!("make a pod: get {what} `{name}`: {}", told(error))
    };
    let mut names = key.secrets.clone();
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), &key.namespace);
    let found = patiently("get a service account", || accounts.get_opt(&key.account)).await;
    let found = found.map_err(|error| fault("service account", &key.account, &error))?;
    let of_account = found.and_then(|found| found.image_pull_secrets);
    names.extend(of_account.iter().flatten().map(name));
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &key.namespace);
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
