//! Argo's executor plug-ins: containers of one pod per workflow, which are called over HTTP from within that pod.
//! Source of what is said to them, and of what their answers mean: Argo's executor plug-in API.

use crate::calls::ended;
use crate::client::{code, delete, patiently, told};
use crate::ground::Ground;
use crate::workflow::Id;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{AttachParams, ListParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Api, Error};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tiphys_agent::Answer;
use tiphys_core::{Observation, Outcome, PluginCall, PodFinished};
use tiphys_graph::plan::Plan;
use tiphys_graph::{KindFault, Kinds, UnknownKind};
use tiphys_pods::agent::{self, CONTAINER, PROGRAM, Plugin, SELECTOR, Served, State};
use tiphys_spec as spec;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

/// How long nobody is told that the pod or a plug-in is not there yet.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries to reach a plug-in that does not listen yet.
const PAUSE: Duration = Duration::from_millis(300);
/// When a plug-in is called again that does not say when. Source: Argo's DEFAULT_REQUEUE_TIME.
const LATER: Duration = Duration::from_secs(10);
/// Calls of one workflow that are on their way at once. Source: Argo's ARGO_AGENT_TASK_WORKERS.
const ROOM: usize = 16;
/// How long one call may take, the plug-in's own time and the way there.
const WHOLE: Duration = Duration::from_secs(60);
/// What is read of the program's output: an answer, as JSON within JSON.
const MOST: u64 = 2 * tiphys_agent::MOST + 4096;

/// Which executor plug-ins there may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExecutorPlugins {
    /// ConfigMaps of the workflow's namespace and of the controller's (`--executor-plugins`).
    pub cluster: bool,
    /// What workflows bring (`--workflow-level-executor-plugins`).
    pub workflow: bool,
}

impl ExecutorPlugins {
    pub(crate) fn any(self) -> bool {
        self.cluster || self.workflow
    }
}

/// Kinds that nobody else provides are those of executor plug-ins: what they take is asked of them when they are called.
pub(crate) struct AnyKind(pub Arc<dyn Kinds>);

impl Kinds for AnyKind {
    fn check(&self, kind: &str, body: &Value) -> Result<Vec<KindFault>, UnknownKind> {
        Ok(self.0.check(kind, body).unwrap_or_default())
    }
}

/// The executor plug-ins of one workflow.
pub(crate) struct Agent {
    ground: Arc<Ground>,
    id: Id,
    /// One makes the pod.
    making: tokio::sync::Mutex<()>,
    /// Plug-ins that said that they take no templates.
    deaf: Mutex<BTreeSet<String>>,
    room: Semaphore,
}

/// What becomes of a call.
enum Next {
    Ended(Box<PodFinished>),
    /// It is made once more. The message says what is waited for.
    Again(Duration, String),
}

impl Agent {
    pub(crate) fn new(ground: Arc<Ground>, id: Id) -> Agent {
        Agent {
            ground,
            id,
            making: tokio::sync::Mutex::default(),
            deaf: Mutex::default(),
            room: Semaphore::new(ROOM),
        }
    }

    /// Carries out a call.
    pub(crate) async fn perform(&self, call: PluginCall, plan: &Plan) -> Observation {
        let (key, round) = (call.key.clone(), call.round);
        match self.make(&call, plan).await {
            Ok(Next::Ended(ended)) => Observation::PodFinished(ended),
            Ok(Next::Again(after, message)) => Observation::PluginPending {
                key,
                round,
                at: later(after),
                state: String::new(),
                message,
            },
            Err(reason) => {
                Observation::PodFinished(Box::new(ended(&key, Outcome::Error, Some(reason))))
            }
        }
    }

    async fn make(&self, call: &PluginCall, plan: &Plan) -> Result<Next, String> {
        let pod = match self.pod(call, plan).await? {
            Ok(pod) => pod,
            Err(waits) => return Ok(Next::Again(LATER, waits)),
        };
        let mut plugins = agent::serves(&pod);
        // The one that the template names first; each of the others may take it, too.
        plugins.sort_by_key(|plugin| !plugin.named(&call.kind));
        let request = request(call, &self.id);
        let mut asked = Vec::new();
        let mut waits = None;
        for plugin in &plugins {
            if self.deaf().contains(&plugin.name) {
                continue;
            }
            asked.push(plugin.name.as_str());
            let answer = self.ask(plugin, &request).await;
            let silent = matches!(answer, Answer::Silent(_) | Answer::Said { status: 503, .. });
            match self.understand(call, plugin, answer)? {
                None => {}
                // Another one may take what this one may not have been meant for.
                Some(Next::Again(after, why)) if silent && !plugin.named(&call.kind) => {
                    waits.get_or_insert(Next::Again(after, why));
                }
                Some(next) => return Ok(next),
            }
        }
        if let Some(waits) = waits {
            return Ok(waits);
        }
        let asked = match asked.join("`, `") {
            none if none.is_empty() => "none that takes any".to_owned(),
            names => format!("`{names}`"),
        };
        let kind = &call.kind;
        Err(format!(
            "no executor plug-in takes templates of the kind `{kind}`; asked: {asked}"
        ))
    }

    fn deaf(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.deaf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the plug-in's answer means; none: that another one may take the call.
    fn understand(
        &self,
        call: &PluginCall,
        plugin: &Served,
        answer: Answer,
    ) -> Result<Option<Next>, String> {
        let name = &plugin.name;
        let (status, body) = match answer {
            Answer::Said { status, body } => (status, body),
            Answer::Silent(reason) => {
                let waits = format!("executor plug-in `{name}` does not answer: {reason}");
                return Ok(Some(Next::Again(LATER, waits)));
            }
            Answer::Unread(reason) => {
                return Err(format!("executor plug-in `{name}`: {reason}"));
            }
        };
        match status {
            200..=299 => read(call, &body)
                .map_err(|reason| format!("executor plug-in `{name}` answered {reason}")),
            404 => {
                self.deaf().insert(name.clone());
                Ok(None)
            }
            503 => {
                let waits = format!("executor plug-in `{name}` answered 503");
                Ok(Some(Next::Again(LATER, waits)))
            }
            _ => {
                let body: String = body.trim().chars().take(500).collect();
                Err(format!(
                    "executor plug-in `{name}` answered {status}: {body}"
                ))
            }
        }
    }

    /// The plug-ins that the workflow may have. Where it brings its own, it has no others. Source: Argo.
    async fn plugins(&self, plan: &Plan) -> Result<Vec<Plugin>, String> {
        let may = self.ground.settings.executor_plugins;
        let brought = &plan.workflow.spec.executor_plugins;
        if !brought.is_empty() {
            if !may.workflow {
                return Err("the workflow brings executor plug-ins, which this controller takes from no workflow (--workflow-level-executor-plugins)".to_owned());
            }
            let read = brought.iter().map(Plugin::of_workflow);
            return read
                .collect::<Result<_, _>>()
                .map_err(|reason| format!("failed to {reason}"));
        }
        if !may.cluster {
            return Ok(Vec::new());
        }
        let mut found: Vec<Plugin> = Vec::new();
        let home = self.ground.settings.home.as_str();
        let own = self.id.namespace.as_str();
        let namespaces = [own].into_iter().chain((home != own).then_some(home));
        for namespace in namespaces {
            let maps: Api<ConfigMap> = Api::namespaced(self.ground.client.clone(), namespace);
            let labelled = ListParams::default().labels(SELECTOR);
            let maps = match patiently("list executor plug-ins", || maps.list(&labelled)).await {
                Ok(maps) => maps,
                // A controller of one namespace may not look into its own.
                Err(error) if code(&error) == Some(403) && namespace != own => continue,
                Err(error) => {
                    return Err(format!(
                        "failed to list executor plug-ins: {}",
                        told(&error)
                    ));
                }
            };
            for map in &maps.items {
                match Plugin::of_config_map(map) {
                    Ok(plugin) if found.iter().all(|other| other.name != plugin.name) => {
                        found.push(plugin);
                    }
                    Ok(_) => {}
                    Err(reason) => tracing::warn!(namespace, "failed to {reason}"),
                }
            }
        }
        Ok(found)
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.ground.client.clone(), &self.id.namespace)
    }

    /// The pod that takes calls, or why it does not yet.
    async fn pod(&self, call: &PluginCall, plan: &Plan) -> Result<Result<Pod, String>, String> {
        let (api, name, uid) = (self.pods(), agent::name(&self.id.name), self.id.uid.clone());
        let failed =
            |what: &str, error: &Error| format!("failed to {what} pod {name}: {}", told(error));
        {
            let _one = self.making.lock().await;
            let there = patiently("get a pod", || api.get_opt(&name)).await;
            let there = there.map_err(|error| failed("get", &error))?;
            match there.as_ref().map(|pod| agent::state(pod, &uid)) {
                Some(State::Ready) => return Ok(there.ok_or_else(String::new)),
                Some(State::Starts(_)) => {}
                // A workflow of the same name has been deleted, and its pod is not yet.
                Some(State::Foreign) => {
                    return Ok(Err(format!("pod {name} is there, and is somebody else's")));
                }
                Some(State::Over) => {
                    delete("delete a pod", &api, &name).await;
                    return Ok(Err(format!("pod {name} has ended, and is made anew")));
                }
                None => {
                    let plugins = self.plugins(plan).await?;
                    if plugins.is_empty() {
                        let kind = &call.kind;
                        return Err(format!(
                            "templates of the kind `{kind}` need a plug-in, and none is installed"
                        ));
                    }
                    let settings = &self.ground.settings.pods;
                    let pod = agent::render(&plan.workflow, &plugins, settings);
                    let pod = pod.map_err(|error| format!("failed to {error}"))?;
                    let params = PostParams::default();
                    let made = patiently("create a pod", || api.create(&params, &pod)).await;
                    // 409: a call of it before was heard, and its answer was not.
                    if let Err(error) = made
                        && code(&error) != Some(409)
                    {
                        return Err(failed("create", &error));
                    }
                }
            }
        }
        let ready = |pod: Option<&Pod>| {
            pod.is_none_or(|pod| !matches!(agent::state(pod, &uid), State::Starts(_)))
        };
        let ready = await_condition(api.clone(), &name, ready);
        let seen = tokio::time::timeout(PATIENCE, ready).await;
        let seen = match seen {
            Ok(Ok(pod)) => pod,
            _ => api
                .get_opt(&name)
                .await
                .map_err(|error| failed("get", &error))?,
        };
        let state = seen.as_ref().map(|pod| agent::state(pod, &uid));
        Ok(match (seen, state) {
            (Some(pod), Some(State::Ready)) => Ok(pod),
            (_, Some(State::Starts(Some(why)))) => Err(format!("pod {name} waits: {why}")),
            (_, Some(State::Starts(None))) => Err(format!("pod {name} starts")),
            _ => Err(format!("pod {name} is gone, and is made anew")),
        })
    }

    /// Asks a plug-in, more than once while it does not listen yet.
    async fn ask(&self, plugin: &Served, request: &[u8]) -> Answer {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            // The semaphore is never closed.
            let room = self.room.acquire().await;
            let asked = tokio::time::timeout(WHOLE, self.exec(plugin, request)).await;
            drop(room);
            let answer = match asked {
                Ok(Ok(answer)) => answer,
                Ok(Err(reason)) => Answer::Silent(reason),
                Err(_) => Answer::Silent(format!("no answer within {} s", WHOLE.as_secs())),
            };
            let silent = matches!(answer, Answer::Silent(_));
            if !silent || tokio::time::Instant::now() >= until {
                return answer;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Starts the program once more in its container: it has the plug-in's token, and reaches what listens only within the pod.
    async fn exec(&self, plugin: &Served, request: &[u8]) -> Result<Answer, String> {
        let name = agent::name(&self.id.name);
        let (port, length) = (plugin.port.to_string(), request.len().to_string());
        let command = [PROGRAM, "call", &plugin.name, &port, &length];
        let params = AttachParams::default().container(CONTAINER).stdin(true);
        let process = self.pods().exec(&name, command, &params).await;
        let mut process = process.map_err(|error| format!("pod {name}: {}", told(&error)))?;
        let status = process.take_status();
        let (stdin, stdout, stderr) = (process.stdin(), process.stdout(), process.stderr());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(format!("pod {name}: its program has no streams"));
        };
        let (mut said, mut complaint) = (Vec::new(), String::new());
        let (mut stdout, mut stderr) = (stdout.take(MOST), stderr.take(4096));
        let (sent, heard, complained) = tokio::join!(
            async {
                stdin.write_all(request).await?;
                stdin.flush().await
            },
            stdout.read_to_end(&mut said),
            stderr.read_to_string(&mut complaint),
        );
        if let Some(status) = status {
            let status = status.await.unwrap_or_default();
            if status.status.as_deref() == Some("Failure") {
                let reason = match complaint.trim() {
                    "" => status.message.unwrap_or_default(),
                    words => words.to_owned(),
                };
                return Err(format!("pod {name}: {reason}"));
            }
        }
        let broken = sent.err().or(heard.err()).or(complained.err());
        if let Some(error) = broken.filter(|_| said.is_empty()) {
            return Err(format!("pod {name}: {error}"));
        }
        serde_json::from_slice(&said).map_err(|error| format!("pod {name}: {error}"))
    }
}

/// Takes the pod away: the workflow has ended.
pub(crate) async fn dismiss(ground: &Ground, id: &Id) {
    let api: Api<Pod> = Api::namespaced(ground.client.clone(), &id.namespace);
    let name = agent::name(&id.name);
    let there = patiently("get a pod", || api.get_opt(&name)).await;
    // One of that name may be somebody else's.
    if let Ok(Some(pod)) = there
        && agent::state(&pod, &id.uid) != State::Foreign
    {
        delete("delete a pod", &api, &name).await;
    }
}

/// What a plug-in is told.
fn request(call: &PluginCall, id: &Id) -> Vec<u8> {
    let mut template = json!({
        "name": call.template_name,
        "inputs": call.inputs.clone().unwrap_or_default(),
        "outputs": {},
        "plugin": {&call.kind: call.body},
    });
    if call.outputs.is_object() {
        template["outputs"] = call.outputs.clone();
    }
    let metadata = json!({"name": id.name, "namespace": id.namespace, "uid": &*id.uid});
    let whole = json!({"workflow": {"metadata": metadata}, "template": template});
    whole.to_string().into_bytes()
}

/// What a plug-in answers.
#[derive(Deserialize)]
struct Reply {
    node: Option<NodeResult>,
    requeue: Option<String>,
}

#[derive(Deserialize)]
struct NodeResult {
    #[serde(default)]
    phase: String,
    message: Option<String>,
    outputs: Option<spec::Outputs>,
}

/// What an answer means; none: the template is not the plug-in's. The fault fits after "answered ".
fn read(call: &PluginCall, body: &str) -> Result<Option<Next>, String> {
    let reply: Reply =
        serde_json::from_str(body).map_err(|error| format!("what is no reply: {error}"))?;
    let Some(node) = reply.node else {
        return Ok(None);
    };
    let message = node.message.filter(|message| !message.is_empty());
    let outcome = match node.phase.as_str() {
        "Succeeded" => Outcome::Succeeded,
        "Failed" => Outcome::Failed,
        "Error" => Outcome::Error,
        "" | "Pending" | "Running" => {
            let after = match reply.requeue.as_deref() {
                None | Some("") => LATER,
                Some(text) => pause(text)
                    .ok_or_else(|| format!("the requeue `{text}`, which is no duration"))?,
            };
            return Ok(Some(Next::Again(after, message.unwrap_or_default())));
        }
        other => {
            return Err(format!(
                "the phase `{other}`, which a node of its kind cannot have"
            ));
        }
    };
    let outputs = node.outputs.unwrap_or_default();
    let parameters = outputs.parameters.into_iter();
    Ok(Some(Next::Ended(Box::new(PodFinished {
        parameters: parameters
            .map(|of| (of.name, of.value.map(|value| value.0)))
            .collect(),
        result: outputs.result,
        artifacts: outputs.artifacts,
        exit_code: outputs.exit_code.and_then(|code| code.parse().ok()),
        ..ended(&call.key, outcome, message)
    }))))
}

fn pause(text: &str) -> Option<Duration> {
    let nanos = tiphys_expr::duration::parse(text).ok()?;
    Some(Duration::from_nanos(u64::try_from(nanos).ok()?))
}

fn later(after: Duration) -> Timestamp {
    let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
    let at = Timestamp::now().saturating_add(after);
    at.unwrap_or(Timestamp::MAX)
}
