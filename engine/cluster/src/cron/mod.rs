//! CronWorkflows: at each of their times a workflow is made, whose name says the time, so that two controllers make one.

mod schedule;
mod terms;

use crate::client::{code, delete, merge, patiently, told};
use crate::follow::{Named, News, follow};
use crate::ground::Ground;
use crate::kinds::{Meta, cron_workflows, scope, workflows};
use crate::names::{COMPLETED, PHASE};
use crate::prepare::text;
use jiff::Timestamp;
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::runtime::watcher::Config;
use kube::{Api, ResourceExt};
pub(crate) use schedule::Schedule;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use terms::{holds, variables, wanted};
use tiphys_pods::INSTANCE_ID;
use tiphys_spec::{self as spec, CronWorkflow, ObjectValue};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Label of workflows: which CronWorkflow made them.
pub(crate) const CRON: &str = "workflows.argoproj.io/cron-workflow";
/// Annotation of workflows: the time that they were made for.
const SCHEDULED: &str = "workflows.argoproj.io/scheduled-time";
/// Annotation of CronWorkflows: the schedules by which the last time was.
const USED: &str = "cronworkflows.argoproj.io/last-used-schedule";
/// Label of CronWorkflows whose `stopStrategy` was met.
const STOPPED: &str = "cronworkflows.argoproj.io/completed";

/// The clocks of all CronWorkflows.
#[derive(Clone, Default)]
pub(crate) struct Clocks(Arc<std::sync::Mutex<HashMap<Named, Clock>>>);

struct Clock {
    uid: String,
    task: AbortHandle,
    /// Something of it has changed: the object, or one of its workflows.
    changed: Arc<Notify>,
}

impl Clocks {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<Named, Clock>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Goes on for ever.
    pub(crate) async fn run(self, ground: Arc<Ground>, instance: String) {
        let namespace = ground.settings.namespace.clone();
        let api = scope::<Meta>(&ground.client, namespace.as_deref(), &cron_workflows());
        let config = Config::default().labels(&instance);
        follow("CronWorkflows", api, config, move |news| match news {
            News::Is(meta) => {
                let named = (meta.namespace().unwrap_or_default(), meta.name_any());
                let uid = meta.metadata.uid.unwrap_or_default();
                let mut clocks = self.all();
                if let Some(clock) = clocks
                    .get(&named)
                    .filter(|clock| clock.uid == uid && !clock.task.is_finished())
                {
                    return clock.changed.notify_one();
                }
                let changed = Arc::new(Notify::new());
                let job = Job {
                    ground: ground.clone(),
                    named: named.clone(),
                    uid: uid.clone(),
                    changed: changed.clone(),
                };
                let task = tokio::spawn(job.run()).abort_handle();
                clocks.insert(named, Clock { uid, task, changed });
            }
            News::Gone(named) => {
                if let Some(clock) = self.all().remove(&named) {
                    clock.task.abort();
                }
            }
            News::Synced => {}
        })
        .await;
    }

    /// No CronWorkflow is seen to any more.
    pub(crate) fn stop(&self) {
        self.all().drain().for_each(|(_, clock)| clock.task.abort());
    }

    /// A workflow has come, has ended or is gone: whose it is, should know.
    pub(crate) fn tell(&self, meta: &Meta) {
        if let Some(cron) = meta.labels().get(CRON) {
            let named = (meta.namespace().unwrap_or_default(), cron.clone());
            if let Some(clock) = self.all().get(&named) {
                clock.changed.notify_one();
            }
        }
    }
}

/// One CronWorkflow.
struct Job {
    ground: Arc<Ground>,
    named: Named,
    uid: String,
    changed: Arc<Notify>,
}

impl Job {
    fn crons(&self) -> Api<DynamicObject> {
        scope(&self.ground.client, Some(&self.named.0), &cron_workflows())
    }

    async fn run(self) {
        loop {
            let found = patiently("get a CronWorkflow", || async {
                self.crons().get_opt(&self.named.1).await
            });
            let object = match found.await {
                Ok(Some(object)) if object.metadata.uid.as_deref() == Some(&self.uid) => object,
                Ok(_) => return,
                Err(error) => {
                    tracing::error!(
                        cron = self.named.1,
                        "failed to get a CronWorkflow: {}",
                        told(&error)
                    );
                    return;
                }
            };
            let wait = match self.turn(&object).await {
                Ok(wait) => wait,
                Err(reason) => {
                    self.condition("SpecError", Some(&reason)).await;
                    None
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => {}
            }
        }
    }

    /// Does what is due, and says how long nothing is.
    async fn turn(&self, object: &DynamicObject) -> Result<Option<Duration>, String> {
        let cron = read(object)?;
        let schedule = Schedule::parse(&cron.spec.schedules, cron.spec.timezone.as_deref())?;
        if conditions(object)
            .iter()
            .any(|of| of["type"] == "SpecError")
        {
            self.condition("SpecError", None).await;
        }
        let children = self.children().await?;
        let mut state = self.settle(&cron, object, &children).await?;
        if object.labels().get(STOPPED).map(String::as_str) == Some("true") {
            return Ok(None);
        }
        let now = Timestamp::now();
        let begun = object
            .metadata
            .creation_timestamp
            .as_ref()
            .map_or(now, |time| time.0);
        let last = cron
            .status
            .as_ref()
            .and_then(|status| status.last_scheduled_time.as_ref())
            .map(|time| time.0);
        let due = due(&cron, &schedule, object, last, begun, now);
        if let Some(time) = due {
            self.fire(&cron, object, &children, &mut state, time)
                .await?;
        }
        let next = schedule.next(now.max(due.unwrap_or(now)), begun);
        Ok(next.map(|next| {
            Duration::try_from(next.duration_since(Timestamp::now())).unwrap_or_default()
        }))
    }

    /// The workflows that it made and that are there.
    async fn children(&self) -> Result<Vec<Meta>, String> {
        let api = scope::<Meta>(&self.ground.client, Some(&self.named.0), &workflows());
        let own = ListParams::default().labels(&format!("{CRON}={}", self.named.1));
        let all = patiently("list workflows", || api.list(&own))
            .await
            .map_err(|error| told(&error))?;
        let ours = |meta: &Meta| {
            meta.owner_references()
                .iter()
                .any(|owner| owner.uid == self.uid)
        };
        Ok(all.items.into_iter().filter(ours).collect())
    }

    /// Counts those that have ended since, and deletes the oldest of them beyond the limits.
    async fn settle(
        &self,
        cron: &CronWorkflow,
        object: &DynamicObject,
        children: &[Meta],
    ) -> Result<State, String> {
        let before = cron.status.clone().unwrap_or_default();
        let known: Vec<String> = before
            .active
            .iter()
            .filter_map(|of| of.uid.clone())
            .collect();
        let mut state = State {
            active: Vec::new(),
            succeeded: before.succeeded.unwrap_or(0),
            failed: before.failed.unwrap_or(0),
        };
        for child in children {
            let uid = child.metadata.uid.clone().unwrap_or_default();
            if !over(child) {
                state.active.push(reference(child));
            } else if known.contains(&uid) {
                if phase(child) == "Succeeded" {
                    state.succeeded += 1;
                } else {
                    state.failed += 1;
                }
            }
        }
        let active: Vec<&str> = state
            .active
            .iter()
            .filter_map(|of| of["uid"].as_str())
            .collect();
        if known.len() != active.len() || known.iter().any(|uid| !active.contains(&uid.as_str())) {
            self.write(object, json!({"status": state.json()})).await?;
        }
        let limits = [
            (true, cron.spec.successful_jobs_history_limit.unwrap_or(3)),
            (false, cron.spec.failed_jobs_history_limit.unwrap_or(1)),
        ];
        let api = scope::<DynamicObject>(&self.ground.client, Some(&self.named.0), &workflows());
        for (succeeded, limit) in limits {
            let mut ended: Vec<&Meta> = children
                .iter()
                .filter(|child| over(child) && (phase(child) == "Succeeded") == succeeded)
                .collect();
            ended.sort_by_key(|child| {
                std::cmp::Reverse(
                    child
                        .metadata
                        .creation_timestamp
                        .as_ref()
                        .map(|time| time.0),
                )
            });
            for child in ended.into_iter().skip(usize::try_from(limit).unwrap_or(0)) {
                delete("delete a workflow", &api, &child.name_any()).await;
            }
        }
        Ok(state)
    }

    /// Makes the workflow of a time, if nothing speaks against it.
    async fn fire(
        &self,
        cron: &CronWorkflow,
        object: &DynamicObject,
        children: &[Meta],
        state: &mut State,
        time: Timestamp,
    ) -> Result<(), String> {
        let known = variables(cron, state.succeeded, state.failed);
        let used = json!({"metadata": {"annotations": {USED: schedules(cron)}}});
        if let Some(expression) = cron
            .spec
            .stop_strategy
            .as_ref()
            .and_then(|stop| stop.expression.as_deref())
            && holds(expression, &known)?
        {
            let stopped =
                json!({"metadata": {"labels": {STOPPED: "true"}}, "status": {"phase": "Stopped"}});
            return self.write(object, stopped).await;
        }
        if cron.spec.suspend == Some(true) {
            return Ok(());
        }
        let skipped = json!({"status": {"lastScheduledTime": written(time)}});
        if let Some(condition) = cron.spec.when.as_deref().filter(|text| !text.is_empty())
            && !wanted(condition, &known)?
        {
            return self.write(object, skipped).await;
        }
        let running: Vec<&Meta> = children.iter().filter(|child| !over(child)).collect();
        match cron.spec.concurrency_policy.as_deref() {
            Some("Forbid") if !running.is_empty() => return self.write(object, skipped).await,
            Some("Replace") => self.end(&running).await,
            _ => {}
        }
        let workflow = self.workflow(cron, object, time);
        let api = scope::<DynamicObject>(&self.ground.client, Some(&self.named.0), &workflows());
        let params = PostParams::default();
        let made = patiently("make a workflow", || api.create(&params, &workflow)).await;
        let mut patch = used;
        match made {
            Ok(made) => {
                let metrics = &self.ground.settings.metrics;
                metrics.triggered(&self.named.1, &self.named.0);
                state.active.push(json!({
                    "apiVersion": spec::API_VERSION, "kind": "Workflow", "name": made.name_any(),
                    "namespace": self.named.0, "uid": made.metadata.uid, "resourceVersion": made.metadata.resource_version,
                }));
            }
            // Another schedule, or another controller, has made it.
            Err(error) if code(&error) == Some(409) => {}
            Err(error) => {
                state.failed += 1;
                let reason = told(&error);
                patch["status"] = state.json();
                patch["status"]["lastScheduledTime"] = written(time);
                self.write(object, patch).await?;
                let metrics = &self.ground.settings.metrics;
                metrics.fault("CronWorkflowSubmissionError");
                self.condition("SubmissionError", Some(&reason)).await;
                return Ok(());
            }
        }
        patch["status"] = state.json();
        patch["status"]["lastScheduledTime"] = written(time);
        patch["status"]["phase"] = "Active".into();
        self.write(object, patch).await
    }

    /// Ends workflows at once: exit handlers do not run. Source: Argo's `Replace`.
    async fn end(&self, workflows_: &[&Meta]) {
        let api = scope::<DynamicObject>(&self.ground.client, Some(&self.named.0), &workflows());
        for workflow in workflows_ {
            let patch = json!({"spec": {"shutdown": "Terminate"}});
            if let Err(error) = merge("end a workflow", &api, &workflow.name_any(), patch).await {
                tracing::warn!(%error, "failed to end a workflow that is to be replaced");
            }
        }
    }

    fn workflow(
        &self,
        cron: &CronWorkflow,
        object: &DynamicObject,
        time: Timestamp,
    ) -> DynamicObject {
        let given = cron.spec.workflow_metadata.clone().unwrap_or_default();
        let mut labels = given.labels.unwrap_or_default();
        let mut annotations = given.annotations.unwrap_or_default();
        let own = object.labels().iter();
        labels.extend(
            own.filter(|(name, _)| {
                *name == INSTANCE_ID || name.starts_with("workflows.argoproj.io/creator")
            })
            .map(|(name, value)| (name.clone(), value.clone())),
        );
        labels.insert(CRON.to_owned(), self.named.1.clone());
        annotations.insert(SCHEDULED.to_owned(), format!("{time:.0}"));
        let value = json!({
            "apiVersion": spec::API_VERSION,
            "kind": "Workflow",
            "metadata": {
                "name": format!("{}-{}", self.named.1, time.as_second()),
                "namespace": self.named.0,
                "labels": labels,
                "annotations": annotations,
                "finalizers": given.finalizers,
                "ownerReferences": [{
                    "apiVersion": spec::API_VERSION, "kind": "CronWorkflow", "name": self.named.1, "uid": self.uid,
                    "controller": true, "blockOwnerDeletion": true,
                }],
            },
            "spec": object.data["spec"]["workflowSpec"],
        });
        serde_json::from_value(value)
            .unwrap_or_else(|_| DynamicObject::new(&self.named.1, &workflows()))
    }

    /// Writes, if the object is as it was read: else it is looked at anew anyway.
    async fn write(&self, object: &DynamicObject, mut patch: Value) -> Result<(), String> {
        patch["metadata"]["uid"] = self.uid.as_str().into();
        let wrote = merge(
            "write a CronWorkflow",
            &self.crons(),
            &object.name_any(),
            patch,
        )
        .await;
        match wrote {
            Err(error) if !matches!(code(&error), Some(404 | 409)) => Err(told(&error)),
            _ => Ok(()),
        }
    }

    /// Says that something is wrong with it, or is not any more.
    async fn condition(&self, kind: &str, message: Option<&str>) {
        let Ok(Some(object)) = self.crons().get_opt(&self.named.1).await else {
            return;
        };
        let mut all = conditions(&object);
        all.retain(|condition| condition["type"] != kind);
        if let Some(message) = message {
            tracing::warn!(cron = self.named.1, namespace = self.named.0, "{message}");
            all.push(json!({"type": kind, "status": "True", "message": message}));
        }
        if all != conditions(&object) {
            let _ = self
                .write(&object, json!({"status": {"conditions": all}}))
                .await;
        }
    }
}

/// What is counted of its workflows.
struct State {
    active: Vec<Value>,
    succeeded: i64,
    failed: i64,
}

impl State {
    fn json(&self) -> Value {
        json!({"active": self.active, "succeeded": self.succeeded, "failed": self.failed})
    }
}

fn read(object: &DynamicObject) -> Result<CronWorkflow, String> {
    let text = text(object);
    let read = tiphys_spec::read(&object.name_any(), text.as_bytes());
    if let Some(fault) = read.diagnostics.iter().find(|fault| fault.is_error()) {
        let place = fault
            .path
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        return Err(format!("{place}: {}", fault.message));
    }
    let found = read
        .objects
        .into_iter()
        .find_map(|found| match found.value {
            ObjectValue::CronWorkflow(cron) => Some(*cron),
            _ => None,
        });
    let mut cron = found.ok_or("it is no CronWorkflow")?;
    cron.status = serde_json::from_value(object.data["status"].clone()).ok();
    Ok(cron)
}

/// The time whose workflow is to be made now. One that has passed while nobody looked counts within the deadline, and the last of several.
fn due(
    cron: &CronWorkflow,
    schedule: &Schedule,
    object: &DynamicObject,
    last: Option<Timestamp>,
    begun: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let deadline = cron.spec.starting_deadline_seconds.unwrap_or(0).max(0);
    // A minute that has just begun is on time.
    let grace = jiff::SignedDuration::from_secs(deadline.max(2));
    let earliest = now.checked_sub(grace).unwrap_or(begun);
    let used = object.annotations().get(USED);
    let changed = used.is_some_and(|used| *used != schedules(cron));
    let since = if changed {
        now.checked_sub(jiff::SignedDuration::from_secs(2))
            .unwrap_or(begun)
    } else {
        earliest
    };
    schedule.last(last.unwrap_or(begun).max(since), now, begun)
}

fn schedules(cron: &CronWorkflow) -> String {
    cron.spec.schedules.join(",")
}

fn written(time: Timestamp) -> Value {
    format!("{time:.0}").into()
}

fn over(meta: &Meta) -> bool {
    meta.labels().get(COMPLETED).map(String::as_str) == Some("true")
}

fn phase(meta: &Meta) -> &str {
    meta.labels().get(PHASE).map_or("", String::as_str)
}

fn reference(meta: &Meta) -> Value {
    json!({
        "apiVersion": spec::API_VERSION, "kind": "Workflow", "name": meta.name_any(), "namespace": meta.namespace(),
        "uid": meta.metadata.uid,
    })
}

fn conditions(object: &DynamicObject) -> Vec<Value> {
    object.data["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}
