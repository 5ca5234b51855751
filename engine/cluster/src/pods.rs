//! The pods of one workflow: made, watched, told to end, let go of.

use crate::calls::ended;
use crate::client::{code, delete, merge, patiently, patiently_telling, spread, told};
use crate::ground::{Ground, Options};
use crate::kinds::{scope, task_results};
use crate::retire::{self, FINALIZER};
use crate::workflow::Letter;
use governor::clock::{Clock, DefaultClock};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, LogParams, PostParams};
use kube::{Api, Error, ResourceExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tiphys_core::{ContainerState, Observation, Outcome, PodFinished, PodIntent, PodKey};
use tiphys_graph::plan::Plan;
use tiphys_pods::{PodError, Sight, foreign, observe, read_report};
use tiphys_spec as spec;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

/// Between two tries to make a pod for which there is no room.
const ROOM: Duration = Duration::from_secs(2);
/// How long the outputs of a pod that has ended are asked for before they count as lost. Promise P4: within a minute.
const LOG: Duration = Duration::from_secs(30);
/// How long a pod that has ended waits, about, until it is let go: longer than it takes to make the pods that come after it.
const CALM: Duration = Duration::from_secs(1);

pub(crate) struct Pods {
    ground: Arc<Ground>,
    namespace: String,
    letters: UnboundedSender<Letter>,
    known: HashMap<PodKey, Known>,
    /// Pods that were seen to have ended, and to be alive, since all was last tidied.
    ended: Vec<PodKey>,
    alive: Vec<PodKey>,
}

/// What is known of a pod.
struct Known {
    name: String,
    /// The newest version of it; none before it is there.
    pod: Option<Arc<Pod>>,
    /// It is to end.
    stop: Arc<AtomicBool>,
    stopped: bool,
    seen: Option<Seen>,
    /// It was seen to have ended, and is among those to let go of.
    done: bool,
    /// The UID of a pod that was lost before it began, and that another takes the place of.
    lost: Option<String>,
    /// What it said last of how far it has come.
    progress: Option<String>,
    /// The containers of a set.
    members: HashMap<String, ContainerState>,
}

/// What was last told of it.
#[derive(PartialEq)]
enum Seen {
    Waits(Option<String>),
    Runs(bool, Option<String>),
    Ended,
}

impl Known {
    fn new(name: String) -> Known {
        Known {
            name,
            pod: None,
            stop: Arc::default(),
            stopped: false,
            seen: None,
            done: false,
            lost: None,
            progress: None,
            members: HashMap::new(),
        }
    }
}

impl Pods {
    pub(crate) fn new(
        ground: Arc<Ground>,
        namespace: &str,
        letters: UnboundedSender<Letter>,
    ) -> Pods {
        Pods {
            ground,
            namespace: namespace.to_owned(),
            letters,
            known: HashMap::new(),
            ended: Vec::new(),
            alive: Vec::new(),
        }
    }

    /// A pod that is there already.
    pub(crate) fn know(&mut self, pod: &Arc<Pod>) {
        if let Some(key) = tiphys_pods::key(pod) {
            let known = self.known.entry(key);
            known.or_insert_with(|| Known::new(pod.name_any())).pod = Some(pod.clone());
        }
    }

    /// Makes the pod, unless it is there.
    pub(crate) fn create(&mut self, intent: &PodIntent, plan: &Arc<Plan>) {
        let key = intent.key.clone();
        if let Some(known) = self.known.get_mut(&key)
            && let Some(pod) = &known.pod
        {
            // What was told of it before it was asked for, as after a restart of a node that waits for its lock first, is told again.
            known.seen = None;
            known.members.clear();
            let _ = self.letters.send(Letter::Pod(pod.clone()));
            return;
        }
        let settings = &self.ground.settings;
        let draft = match manifest(intent, &plan.workflow, &settings.pods, &settings.options) {
            Ok(pod) => Draft::Whole(Box::new(pod)),
            Err(PodError::NoCommand { image }) => Draft::Open {
                intent: Box::new(intent.clone()),
                plan: plan.clone(),
                image,
            },
            Err(error) => {
                let reason = format!("failed to {error}");
                return self.say(failed(&key, reason, true));
            }
        };
        let known = self
            .known
            .entry(key.clone())
            .or_insert_with(|| Known::new(intent.name.clone()));
        let job = Creation {
            api: api(&self.ground, &self.namespace),
            ground: self.ground.clone(),
            draft,
            key: key.clone(),
            stop: known.stop.clone(),
            letters: self.letters.clone(),
        };
        spawn(job, self.letters.clone());
    }

    /// Tells the pod to end.
    pub(crate) fn stop(&mut self, key: &PodKey) {
        let Some(known) = self.known.get_mut(key) else {
            // Never asked for, or gone.
            let gone = failed(key, "pod deleted".to_owned(), false);
            return self.say(gone);
        };
        known.stop.store(true, Ordering::Relaxed);
        self.press(key);
    }

    /// Ends a pod that is there and is to end.
    fn press(&mut self, key: &PodKey) {
        let Some(known) = self.known.get_mut(key) else {
            return;
        };
        if known.stopped || known.seen == Some(Seen::Ended) || !known.stop.load(Ordering::Relaxed) {
            return;
        }
        let Some(pod) = &known.pod else { return };
        known.stopped = true;
        let placed = pod
            .spec
            .as_ref()
            .is_some_and(|spec| spec.node_name.is_some());
        let (ground, namespace, name) = (
            self.ground.clone(),
            self.namespace.clone(),
            known.name.clone(),
        );
        tokio::spawn(async move { end(&ground, &namespace, &name, placed).await });
    }

    /// Takes in what is to be seen of a pod.
    pub(crate) fn observe(&mut self, pod: &Arc<Pod>) -> Vec<Observation> {
        let Some(key) = tiphys_pods::key(pod) else {
            return Vec::new();
        };
        let mut observations = self.members(&key, pod);
        observations.extend(self.progress(&key, pod));
        observations.extend(self.whole(key, pod));
        observations
    }

    fn progress(&mut self, key: &PodKey, pod: &Pod) -> Option<Observation> {
        let known = &mut self.known.get_mut(key)?.progress;
        let progress = tiphys_pods::progress(pod)?;
        (known.as_deref() != Some(progress)).then(|| {
            *known = Some(progress.to_owned());
            Observation::PodProgress {
                key: key.clone(),
                progress: progress.to_owned(),
            }
        })
    }

    /// What is to be seen of the pod as a whole.
    fn whole(&mut self, key: PodKey, pod: &Arc<Pod>) -> Option<Observation> {
        let known = self
            .known
            .entry(key.clone())
            .or_insert_with(|| Known::new(pod.name_any()));
        if known.lost.is_some() && known.lost == pod.uid() {
            return None;
        }
        known.pod = Some(pod.clone());
        if known.seen == Some(Seen::Ended) {
            return None;
        }
        if let Some(waits) = self.restart(&key, pod) {
            return Some(waits);
        }
        let known = self.known.get_mut(&key)?;
        let now = Timestamp::now();
        let sight = observe(&key, pod, now);
        let seen = match &sight {
            Sight::Waits(message) => Seen::Waits(message.clone()),
            Sight::Runs { ready, ip, .. } => Seen::Runs(*ready, ip.clone()),
            Sight::Ended(_) | Sight::EndedInLog { .. } | Sight::EndedElsewhere(_) => Seen::Ended,
        };
        if known.seen.as_ref() == Some(&seen) {
            return None;
        }
        if seen == Seen::Ended && !std::mem::replace(&mut known.done, true) {
            self.ended.push(key.clone());
        } else if known.seen.is_none() {
            self.alive.push(key.clone());
        }
        known.seen = Some(seen);
        let stopped = known.stopped;
        let deleted = pod.metadata.deletion_timestamp.is_some() && !stopped;
        let observation = match sight {
            // Deleted before it ran: nothing will come of it.
            Sight::Waits(_) if deleted => {
                known.seen = Some(Seen::Ended);
                if !std::mem::replace(&mut known.done, true) {
                    self.ended.push(key.clone());
                }
                Some(failed(&key, "pod deleted".to_owned(), false))
            }
            Sight::Waits(message) => message.map(|message| Observation::PodWaits {
                key: key.clone(),
                message,
            }),
            Sight::Runs {
                at,
                ready,
                ip,
                host,
            } => Some(Observation::PodStarted {
                key: key.clone(),
                at,
                ready,
                ip,
                host,
            }),
            Sight::Ended(mut ended) => {
                if deleted && ended.outcome == Outcome::Failed {
                    ended.outcome = Outcome::Error;
                    ended.message = Some("pod deleted".to_owned());
                }
                Some(Observation::PodFinished(ended))
            }
            Sight::EndedInLog {
                ended,
                chunks,
                digest,
            } => {
                self.fetch(pod.clone(), ended, chunks, digest);
                None
            }
            Sight::EndedElsewhere(ended) => {
                self.ask(ended);
                None
            }
        };
        self.press(&key);
        observation
    }

    /// Has another pod take the place of one that was lost before it began, unless too many were.
    fn restart(&mut self, key: &PodKey, pod: &Arc<Pod>) -> Option<Observation> {
        let reason = tiphys_pods::lost(pod)?;
        let (count, most) = (
            tiphys_pods::restarts(pod),
            self.ground.settings.options.restarts,
        );
        let known = self.known.get_mut(key)?;
        if count >= most || known.stop.load(Ordering::Relaxed) {
            return None;
        }
        known.lost = pod.uid();
        known.pod = None;
        known.seen = None;
        known.members.clear();
        let job = Creation {
            api: api(&self.ground, &self.namespace),
            ground: self.ground.clone(),
            draft: Draft::Whole(Box::new(tiphys_pods::again(pod))),
            key: key.clone(),
            stop: known.stop.clone(),
            letters: self.letters.clone(),
        };
        let (lost, letters) = (pod.clone(), self.letters.clone());
        tokio::spawn(async move {
            job.replace(&lost).await;
            spawn(job, letters);
        });
        Some(Observation::PodWaits {
            key: key.clone(),
            message: format!(
                "the pod was lost before it began ({reason}); restart {} of {most}",
                count + 1
            ),
        })
    }

    /// What is new of the containers of a set.
    fn members(&mut self, key: &PodKey, pod: &Pod) -> Vec<Observation> {
        let states = tiphys_pods::containers(pod);
        if states.is_empty() {
            return Vec::new();
        }
        let known = self.known.entry(key.clone());
        let known = known.or_insert_with(|| Known::new(pod.name_any()));
        let mut news = Vec::new();
        for (name, state) in states {
            if known.members.get(&name) != Some(&state) {
                known.members.insert(name.clone(), state.clone());
                news.push(Observation::ContainerChanged {
                    key: key.clone(),
                    name,
                    state,
                });
            }
        }
        news
    }

    /// The pod is no more.
    pub(crate) fn gone(&mut self, pod: &Pod) -> Option<Observation> {
        let key = tiphys_pods::key(pod)?;
        let known = self.known.get_mut(&key)?;
        if known.lost.is_some() && known.lost == pod.uid() {
            return None;
        }
        let ended = known.seen.replace(Seen::Ended) == Some(Seen::Ended);
        known.pod = None;
        (!ended).then(|| failed(&key, "pod deleted".to_owned(), false))
    }

    /// The outputs that the end of the log holds.
    fn fetch(&self, pod: Arc<Pod>, mut ended: Box<PodFinished>, chunks: usize, digest: String) {
        let api = api(&self.ground, &self.namespace);
        let letters = self.letters.clone();
        tokio::spawn(async move {
            let log = log(&api, &pod.name_any()).await;
            read_report(
                &mut ended,
                &pod,
                log.as_deref().map_err(Clone::clone),
                chunks,
                &digest,
            );
            let _ = letters.send(Letter::Seen(Observation::PodFinished(ended)));
        });
    }

    /// Asks for the outputs that Argo's executor told of.
    fn ask(&self, mut ended: Box<PodFinished>) {
        let results = task_results();
        let api = scope::<DynamicObject>(&self.ground.client, Some(&self.namespace), &results);
        let letters = self.letters.clone();
        tokio::spawn(async move {
            let result = task_result(&api, &ended.key.node).await;
            foreign::read_result(&mut ended, result.as_ref().map_err(Clone::clone));
            let _ = letters.send(Letter::Seen(Observation::PodFinished(ended)));
        });
    }

    /// Whether there is a pod of that key.
    pub(crate) fn there(&self, key: &PodKey) -> bool {
        self.known.get(key).is_some_and(|known| known.pod.is_some())
    }

    /// Lets go of pods that have ended, and ends those that run, where it is on record that their node has ended.
    pub(crate) fn tidy(&mut self, recorded: impl Fn(&PodKey) -> bool) -> Vec<JoinHandle<()>> {
        let over: Vec<PodKey> = self.alive.drain(..).filter(|key| recorded(key)).collect();
        over.iter().for_each(|key| self.stop(key));
        let (done, open) = self.ended.drain(..).partition(|key| recorded(key));
        self.ended = open;
        let pods = done
            .iter()
            .filter_map(|key: &PodKey| self.known.get(key)?.pod.clone());
        let retire = |pod: Arc<Pod>| {
            let ground = self.ground.clone();
            tokio::spawn(async move {
                // The pods that come next go first.
                tokio::time::sleep(CALM.mul_f64(0.5 + spread())).await;
                retire::retire(&ground, &pod).await;
            })
        };
        pods.map(retire).collect()
    }

    /// The keys of pods that run.
    pub(crate) fn living(&self) -> impl Iterator<Item = &PodKey> {
        let lives = |known: &Known| known.pod.is_some() && known.seen != Some(Seen::Ended);
        self.known
            .iter()
            .filter(move |(_, known)| lives(known))
            .map(|(key, _)| key)
    }

    fn say(&self, observation: Observation) {
        let _ = self.letters.send(Letter::Seen(observation));
    }
}

pub(crate) fn api(ground: &Ground, namespace: &str) -> Api<Pod> {
    Api::namespaced(ground.client.clone(), namespace)
}

fn failure(key: &PodKey, message: String, hopeless: bool) -> PodFinished {
    PodFinished {
        used: Default::default(),
        hopeless,
        ..ended(key, Outcome::Error, Some(message))
    }
}

fn failed(key: &PodKey, message: String, hopeless: bool) -> Observation {
    Observation::PodFinished(Box::new(failure(key, message, hopeless)))
}

/// Makes a pod, and tells what became of that.
fn spawn(job: Creation, letters: UnboundedSender<Letter>) {
    tokio::spawn(async move {
        let key = job.key.clone();
        let letter = match tokio::spawn(job.run()).await {
            Ok(Ok(pod)) => Letter::Pod(Arc::new(pod)),
            Ok(Err(finished)) => Letter::Seen(Observation::PodFinished(Box::new(finished))),
            // A fault of the engine's own: nobody waits for ever.
            Err(_) => {
                let reason = "internal error: the controller's log says more".to_owned();
                Letter::Seen(failed(&key, reason, false))
            }
        };
        let _ = letters.send(letter);
    });
}

fn manifest(
    intent: &PodIntent,
    workflow: &spec::Workflow,
    settings: &tiphys_pods::Settings,
    options: &Options,
) -> Result<Pod, PodError> {
    let mut pod = tiphys_pods::render(intent, workflow, settings, Timestamp::now())?;
    retire::mark(&mut pod, workflow, options.pod_gc.delay.as_deref());
    Ok(pod)
}

/// What is to be made.
enum Draft {
    Whole(Box<Pod>),
    /// An image of it starts what nobody has said.
    Open {
        intent: Box<PodIntent>,
        plan: Arc<Plan>,
        image: String,
    },
}

/// A pod on its way into the cluster.
struct Creation {
    ground: Arc<Ground>,
    api: Api<Pod>,
    draft: Draft,
    key: PodKey,
    stop: Arc<AtomicBool>,
    letters: UnboundedSender<Letter>,
}

impl Creation {
    /// Says why there is no pod yet.
    fn wait_for(&self, message: String) {
        let key = self.key.clone();
        let waits = Observation::PodWaits { key, message };
        let _ = self.letters.send(Letter::Seen(waits));
    }

    /// Takes a pod away, and waits until it is gone: there is never more than one of a name.
    async fn replace(&self, lost: &Pod) {
        retire::delete(&self.ground, lost).await;
        let name = lost.name_any();
        loop {
            let there = patiently("get a pod", || self.api.get_opt(&name)).await;
            match there {
                Ok(Some(pod)) if pod.uid() == lost.uid() => {}
                _ => return,
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The manifest, once it is known what its images start.
    async fn whole(&self) -> Result<Pod, PodFinished> {
        let (intent, plan, image) = match &self.draft {
            Draft::Whole(pod) => return Ok((**pod).clone()),
            Draft::Open {
                intent,
                plan,
                image,
            } => (intent, plan, image),
        };
        let mut settings = self.ground.settings.pods.clone();
        let mut image = image.clone();
        loop {
            let waits = |reason: String| self.wait_for(reason);
            let starts = self.ground.images.starts(&self.api, intent, &image, waits);
            let starts = starts.await.map_err(|unknown| {
                let reason = format!("failed to {}", unknown.reason);
                failure(&self.key, reason, unknown.hopeless)
            })?;
            settings.images.insert(image, starts);
            let options = &self.ground.settings.options;
            match manifest(intent, &plan.workflow, &settings, options) {
                Ok(pod) => return Ok(pod),
                Err(PodError::NoCommand { image: next })
                    if !settings.images.contains_key(&next) =>
                {
                    image = next;
                }
                Err(error) => return Err(failure(&self.key, format!("failed to {error}"), true)),
            }
        }
    }

    async fn run(self) -> Result<Pod, PodFinished> {
        let pod = self.whole().await?;
        let name = pod.name_any();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(failure(&self.key, "pod deleted".to_owned(), false));
            }
            if let Some(rate) = &self.ground.rate
                && let Err(not_yet) = rate.check()
            {
                self.wait_for("resource creation rate-limit reached".to_owned());
                let wait = not_yet.wait_time_from(DefaultClock::default().now());
                tokio::time::sleep(wait).await;
                continue;
            }
            let room = self.ground.room.acquire().await;
            let params = PostParams::default();
            let waits = |error: &Error| self.wait_for(told(error));
            let made = || self.api.create(&params, &pod);
            let made = patiently_telling("create a pod", made, waits).await;
            drop(room);
            let error = match made {
                Ok(pod) => return Ok(pod),
                Err(error) => error,
            };
            match code(&error) {
                Some(409) => {
                    let there = patiently("get a pod", || self.api.get_opt(&name)).await;
                    match there {
                        Ok(Some(pod)) if tiphys_pods::key(&pod).as_ref() == Some(&self.key) => {
                            return Ok(pod);
                        }
                        Ok(Some(pod))
                            if tiphys_pods::key(&pod)
                                .is_some_and(|key| key.workflow == self.key.workflow) =>
                        {
                            // Of an earlier attempt at the whole workflow: it makes room.
                            retire::delete(&self.ground, &pod).await;
                        }
                        Ok(Some(_)) => {
                            let reason = format!(
                                "failed to create a pod: `{name}` is there and was not made by this controller for this workflow"
                            );
                            return Err(failure(&self.key, reason, false));
                        }
                        Ok(None) => {}
                        Err(error) => return Err(failure(&self.key, told(&error), false)),
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Some(403) if told(&error).contains("exceeded quota") => {
                    self.wait_for(told(&error));
                    tokio::time::sleep(ROOM.mul_f64(0.5 + spread())).await;
                }
                code => return Err(failure(&self.key, told(&error), code == Some(422))),
            }
        }
    }
}

/// Ends a pod. One that no kubelet has is taken away; of any other the log stays.
async fn end(ground: &Ground, namespace: &str, name: &str, placed: bool) {
    let api = api(ground, namespace);
    if placed {
        // The kubelet ends it as it ends one whose time is over: TERM, and KILL after the pod's grace period.
        let patch = json!({"spec": {"activeDeadlineSeconds": 1}});
        match merge("stop a pod", &api, name, patch).await {
            Ok(_) => return,
            Err(error) if code(&error) == Some(404) => return,
            Err(error) => tracing::warn!(%error, pod = name, "failed to stop a pod; it is deleted"),
        }
    }
    delete("delete a pod", &api, name).await;
}

/// The log of the main container, for as long as it may yet come.
async fn log(api: &Api<Pod>, name: &str) -> Result<String, String> {
    let params = LogParams {
        container: Some("main".to_owned()),
        ..LogParams::default()
    };
    let since = tokio::time::Instant::now();
    loop {
        let error = match api.logs(name, &params).await {
            Ok(log) => return Ok(log),
            Err(error) => error,
        };
        let lost = matches!(&error, Error::Api(status) if status.code == 404);
        if lost || since.elapsed() > LOG {
            return Err(format!(
                "failed to read the log of the pod: {}",
                told(&error)
            ));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// A `WorkflowTaskResult`, once all is in it; for as long as that may yet come.
async fn task_result(api: &Api<DynamicObject>, node: &str) -> Result<Value, String> {
    let since = tokio::time::Instant::now();
    loop {
        let found = patiently("get a WorkflowTaskResult", || api.get_opt(node)).await;
        let reason = match found {
            Ok(Some(found)) => {
                let found = serde_json::to_value(&found).unwrap_or_default();
                if foreign::complete(&found) {
                    return Ok(found);
                }
                format!("its WorkflowTaskResult `{node}` is not marked as complete")
            }
            Ok(None) => format!("there is no WorkflowTaskResult `{node}`"),
            Err(error) => {
                let error = told(&error);
                return Err(format!(
                    "failed to get WorkflowTaskResult `{node}`: {error}"
                ));
            }
        };
        if since.elapsed() > LOG {
            return Err(reason);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// A pod whose workflow is not on its way any more, or never was this controller's.
pub(crate) fn orphaned(pod: &Pod) -> bool {
    let deleting = pod.metadata.deletion_timestamp.is_some();
    let held = pod.finalizers().iter().any(|name| name == FINALIZER);
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    held && (deleting || matches!(phase, Some("Succeeded" | "Failed")))
}
