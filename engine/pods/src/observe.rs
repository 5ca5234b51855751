//! What a pod's status says.

use crate::artifacts::{Artifacts, VARIABLE as ARTIFACTS};
use crate::names::{ATTEMPT, NODE_ID, PROGRESS, UID};
use crate::{foreign, usage};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as k8s;
use tiphys_core::{ContainerState, Outcome, PodFinished, PodKey};
use tiphys_executor::{Decoded, FaultKind, Report, Step};
use tiphys_spec as spec;

/// What is to be seen of a pod.
#[derive(Clone, Debug)]
pub enum Sight {
    /// Its main container has not started; why, if anybody says.
    Waits(Option<String>),
    Runs {
        at: Timestamp,
        /// Every container says that it is ready.
        ready: bool,
        ip: Option<String>,
        host: Option<String>,
    },
    Ended(Box<PodFinished>),
    /// It has ended; its outputs are in the log of `main`: [`read_report`].
    EndedInLog {
        ended: Box<PodFinished>,
        chunks: usize,
        digest: String,
    },
    /// It has ended, and was made by Argo's controller; its outputs are in a `WorkflowTaskResult` of its node's ID:
    /// [`foreign::read_result`].
    EndedElsewhere(Box<PodFinished>),
}

/// Which node's pod it is; none if it is no step's.
#[must_use]
pub fn key(pod: &k8s::Pod) -> Option<PodKey> {
    marked(pod).or_else(|| foreign::key(pod))
}

fn marked(pod: &k8s::Pod) -> Option<PodKey> {
    let annotations = pod.metadata.annotations.as_ref()?;
    Some(PodKey {
        workflow: annotations.get(UID)?.as_str().into(),
        node: annotations.get(NODE_ID)?.clone(),
        attempt: annotations.get(ATTEMPT)?.parse().ok()?,
    })
}

/// Reads a pod's status. `now` stands for a time that nobody wrote down.
#[must_use]
pub fn observe(key: &PodKey, pod: &k8s::Pod, now: Timestamp) -> Sight {
    let unknown = k8s::PodStatus::default();
    let status = pod.status.as_ref().unwrap_or(&unknown);
    let main = status
        .container_statuses
        .iter()
        .flatten()
        .find(|of| of.name == "main");
    let phase = status.phase.as_deref().unwrap_or("Pending");
    // Sidecars end after these, and nobody waits for them.
    let own = status.container_statuses.as_deref().unwrap_or_default();
    let over = !own.is_empty() && own.iter().all(|of| terminated(of).is_some());
    if over || matches!(phase, "Succeeded" | "Failed") {
        return ended(key, pod, status, main, now);
    }
    let running = own
        .iter()
        .find_map(|of| of.state.as_ref()?.running.as_ref());
    match running {
        Some(running) => Sight::Runs {
            at: running.started_at.as_ref().map_or(now, |time| time.0),
            ready: own.iter().all(|of| of.ready),
            ip: status.pod_ip.clone(),
            host: host(pod),
        },
        None => Sight::Waits(waiting(status)),
    }
}

/// How far a step says that it has come, `N/M`, by an annotation of its pod. Source: Argo.
#[must_use]
pub fn progress(pod: &k8s::Pod) -> Option<&str> {
    pod.metadata
        .annotations
        .as_ref()?
        .get(PROGRESS)
        .map(String::as_str)
}

fn host(pod: &k8s::Pod) -> Option<String> {
    pod.spec.as_ref()?.node_name.clone()
}

fn terminated(status: &k8s::ContainerStatus) -> Option<&k8s::ContainerStateTerminated> {
    status.state.as_ref()?.terminated.as_ref()
}

fn worded(reason: &str, message: Option<&str>) -> String {
    match message.filter(|message| !message.is_empty()) {
        Some(message) => format!("{reason}: {message}"),
        None => reason.to_owned(),
    }
}

/// Why it does not run yet, in Argo's words.
pub(crate) fn waiting(status: &k8s::PodStatus) -> Option<String> {
    for condition in status.conditions.iter().flatten() {
        if condition.type_ == "PodScheduled" && condition.status == "False" {
            let reason = condition.reason.as_deref().unwrap_or("Unschedulable");
            return Some(worded(reason, condition.message.as_deref()));
        }
    }
    let init = status.init_container_statuses.iter().flatten();
    init.chain(status.container_statuses.iter().flatten())
        .filter_map(|of| of.state.as_ref()?.waiting.as_ref())
        .map(|state| {
            worded(
                state.reason.as_deref().unwrap_or("Waiting"),
                state.message.as_deref(),
            )
        })
        .find(|words| words != "PodInitializing" && words != "ContainerCreating")
}

fn ended(
    key: &PodKey,
    pod: &k8s::Pod,
    status: &k8s::PodStatus,
    main: Option<&k8s::ContainerStatus>,
    now: Timestamp,
) -> Sight {
    let state = main.and_then(terminated);
    let all = status
        .init_container_statuses
        .iter()
        .chain(&status.container_statuses)
        .flatten();
    let last = all
        .filter_map(|of| Some(terminated(of)?.finished_at.as_ref()?.0))
        .max();
    let mut ended = Box::new(PodFinished {
        key: key.clone(),
        at: last.unwrap_or(now),
        outcome: Outcome::Succeeded,
        message: None,
        exit_code: state.map(|state| state.exit_code),
        parameters: Vec::new(),
        result: None,
        artifacts: Vec::new(),
        host: host(pod),
        used: usage::used(pod),
        hopeless: false,
    });
    let failure = failure(pod, status);
    let wrapped = wrapped(pod);
    let message = state.and_then(|state| state.message.as_deref());
    let decoded = match (wrapped, state) {
        (true, Some(_)) => Some(Report::decode(message.unwrap_or_default())),
        _ => None,
    };
    if let Some((outcome, message)) = failure {
        ended.outcome = outcome;
        ended.message = Some(message);
    } else if let Some(state) = state.filter(|state| state.exit_code != 0) {
        ended.outcome = Outcome::Failed;
        // The executor's report is no text for people.
        let told = if decoded.is_some() { None } else { message };
        ended.message = Some(words("main", state, told));
    } else if foreign::is(pod) {
        if let Some((outcome, of, state)) = foreign::fault(all_ended(status)) {
            ended.outcome = outcome;
            ended.message = Some(words(&of.name, state, state.message.as_deref()));
        }
    } else if let Some((of, state)) = other(status) {
        ended.outcome = Outcome::Failed;
        ended.message = Some(words(&of.name, state, None));
    }
    match decoded {
        None => {}
        Some(Ok(Decoded::Whole(report))) => take(&mut ended, report, pod, state),
        Some(Ok(Decoded::InLog { chunks, digest, .. })) => {
            return Sight::EndedInLog {
                ended,
                chunks,
                digest,
            };
        }
        // A command that was killed with its executor has left none; its failure says so.
        Some(Err(error)) if ended.outcome == Outcome::Succeeded => {
            ended.outcome = Outcome::Error;
            ended.message = Some(format!("the step's outputs are lost: failed to {error}"));
        }
        Some(Err(_)) => {}
    }
    if foreign::reports(pod) && ended.outcome != Outcome::Error {
        return Sight::EndedElsewhere(ended);
    }
    Sight::Ended(ended)
}

/// The containers that have ended.
fn all_ended(
    status: &k8s::PodStatus,
) -> impl Iterator<Item = (&k8s::ContainerStatus, &k8s::ContainerStateTerminated)> {
    let own = status.container_statuses.iter().flatten();
    own.filter_map(|of| Some((of, terminated(of)?)))
}

/// The container of a set that failed first.
fn other(
    status: &k8s::PodStatus,
) -> Option<(&k8s::ContainerStatus, &k8s::ContainerStateTerminated)> {
    all_ended(status)
        .filter(|(_, state)| state.exit_code != 0 && omitted(state).is_none())
        .min_by_key(|(_, state)| state.finished_at.as_ref().map(|time| time.0))
}

/// Why a container of a set was not run.
fn omitted(state: &k8s::ContainerStateTerminated) -> Option<String> {
    let Ok(Decoded::Whole(report)) = Report::decode(state.message.as_deref()?) else {
        return None;
    };
    let fault = report.faults.into_iter().next()?;
    (fault.kind == FaultKind::Omitted).then_some(fault.message)
}

/// How far each container of a set has come; none of any other pod.
#[must_use]
pub fn containers(pod: &k8s::Pod) -> Vec<(String, ContainerState)> {
    if foreign::is(pod) {
        return foreign::containers(pod);
    }
    let spec = pod.spec.iter().flat_map(|spec| &spec.containers);
    let steps: Vec<(&str, Step)> = spec
        .filter_map(|container| Some((container.name.as_str(), step(container)?)))
        .filter(|(_, step)| step.mark.is_some())
        .collect();
    let status = pod.status.iter();
    let all: Vec<&k8s::ContainerStatus> = status
        .flat_map(|status| status.container_statuses.iter().flatten())
        .collect();
    let of = |name: &str| all.iter().find(|of| of.name == name).copied();
    let done = |file: &String| {
        let status = crate::set::marked(file).and_then(of);
        status.and_then(terminated).is_some()
    };
    let state = |(name, step): &(&str, Step)| {
        let status = of(name)?;
        if let Some(state) = terminated(status) {
            return Some(match omitted(state) {
                Some(why) => ContainerState::Omitted(why),
                None => ContainerState::Ended(state.exit_code),
            });
        }
        status.state.as_ref()?.running.as_ref()?;
        step.after
            .iter()
            .all(done)
            .then_some(ContainerState::Running)
    };
    let found = steps.iter();
    found
        .filter_map(|of| Some((of.0.to_owned(), state(of)?)))
        .collect()
}

/// What the executor of a container was told.
fn step(container: &k8s::Container) -> Option<Step> {
    Step::from_env(|name| value(container, name)).ok()
}

/// What a container's manifest says of a variable.
fn value(container: &k8s::Container, name: &str) -> Option<String> {
    let variable = container.env.iter().flatten().find(|of| of.name == name)?;
    variable.value.clone()
}

/// Puts the report that a container's log holds into the end of its pod. `log`: why it could not be had, or its text.
pub fn read_report(
    ended: &mut PodFinished,
    pod: &k8s::Pod,
    log: Result<&str, String>,
    chunks: usize,
    digest: &str,
) {
    let report = log.and_then(|text| {
        Report::from_log(text, chunks, digest).map_err(|error| format!("failed to {error}"))
    });
    match report {
        Ok(report) => take(ended, report, pod, None),
        Err(reason) => {
            ended.outcome = Outcome::Error;
            ended.message = Some(format!("the step's outputs are lost: {reason}"));
        }
    }
}

fn take(
    ended: &mut PodFinished,
    report: Report,
    pod: &k8s::Pod,
    state: Option<&k8s::ContainerStateTerminated>,
) {
    ended.artifacts = saved(pod, &report.artifacts);
    ended.result = report.result;
    ended.parameters = report.parameters.into_iter().collect();
    let Some(fault) = report.faults.first() else {
        return;
    };
    let unstarted = matches!(
        fault.kind,
        FaultKind::CommandNotFound | FaultKind::CommandNotExecutable | FaultKind::CommandNotStarted
    );
    ended.outcome = if unstarted {
        Outcome::Failed
    } else {
        Outcome::Error
    };
    ended.message = Some(match state.filter(|state| state.exit_code != 0) {
        Some(state) => words("main", state, Some(&fault.message)),
        None => format!("main: {}", fault.message),
    });
}

/// Those outputs of a pod that are saved, as its manifest says them.
fn saved(pod: &k8s::Pod, numbers: &[u32]) -> Vec<spec::Artifact> {
    if numbers.is_empty() {
        return Vec::new();
    }
    let containers = pod.spec.iter();
    let mut containers = containers.flat_map(|spec| spec.init_containers.iter().flatten());
    let read = |container: &k8s::Container| {
        tiphys_executor::from_env::<Artifacts>(ARTIFACTS, |name| value(container, name)).ok()
    };
    let outputs = containers.find_map(|container| {
        let outputs = read(container)?.outputs;
        (!outputs.is_empty()).then_some(outputs)
    });
    let outputs = outputs.unwrap_or_default();
    let numbers = numbers
        .iter()
        .filter_map(|number| usize::try_from(*number).ok());
    numbers
        .filter_map(|number| Some(outputs.get(number)?.recorded.clone()))
        .collect()
}

/// Whether the main container runs under the executor.
fn wrapped(pod: &k8s::Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers
        .filter(|container| container.name == "main")
        .any(|main| {
            main.env
                .iter()
                .flatten()
                .any(|of| of.name == tiphys_executor::VARIABLE)
        })
}

/// A failure that is not the main container's own: the pod's, or that of a container before it.
fn failure(pod: &k8s::Pod, status: &k8s::PodStatus) -> Option<(Outcome, String)> {
    let sidecar = |name: &str| {
        let containers = pod
            .spec
            .iter()
            .filter_map(|spec| spec.init_containers.as_ref())
            .flatten();
        containers
            .filter(|of| of.name == name)
            .any(|of| of.restart_policy.as_deref() == Some("Always"))
    };
    if let Some(message) = status.message.clone().filter(|message| !message.is_empty()) {
        return Some((Outcome::Failed, message));
    }
    for of in status.init_container_statuses.iter().flatten() {
        if let Some(state) = terminated(of).filter(|state| state.exit_code != 0)
            && !sidecar(&of.name)
        {
            return Some((
                Outcome::Error,
                words(&of.name, state, state.message.as_deref()),
            ));
        }
    }
    if status.phase.as_deref() == Some("Failed") {
        let waits = status
            .container_statuses
            .iter()
            .flatten()
            .find_map(|of| Some((of, of.state.as_ref()?.waiting.as_ref()?)));
        if let Some((of, state)) = waits {
            let reason = worded(
                state.reason.as_deref().unwrap_or("Waiting"),
                state.message.as_deref(),
            );
            return Some((
                Outcome::Error,
                format!(
                    "Pod failed before {} container starts due to {reason}",
                    of.name
                ),
            ));
        }
        if let Some(reason) = status.reason.clone() {
            return Some((Outcome::Failed, reason));
        }
    }
    None
}

fn words(name: &str, state: &k8s::ContainerStateTerminated, message: Option<&str>) -> String {
    let reason = state.reason.as_deref().unwrap_or("Error");
    worded(
        &format!("{name}: {reason} (exit code {})", state.exit_code),
        message,
    )
}
