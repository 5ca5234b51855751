//! Resource templates: done by the controller's own client under the workflow's service account, without a pod.
//!
//! What is done is done again under the same key if the controller ends on the way: names that the server would make up are made of the
//! key, and an object that is there already and has the key counts as created.

mod condition;
mod flags;
mod kind;

use crate::calls::ended;
use crate::client::{code, patiently, told};
use condition::Condition;
use flags::Flags;
use futures::StreamExt;
use jiff::Timestamp;
use kind::Kind;
use kube::api::{
    DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, PropagationPolicy,
};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};
use serde_json::{Value, json};
use tiphys_core::{Outcome, PodFinished, PodIntent};
use tiphys_plugin_query::{clock::at, jq::Filter, path::Path, text as value_text};
use tiphys_spec::{self as spec, Source, decode};

/// Annotation of created objects: which node made them.
const MAKER: &str = "tiphys.dev/made-by";
/// Who owns the fields that are applied.
const MANAGER: &str = "tiphys";
/// What Argo's executor exits with when it cannot do what a resource template asks; expressions of retry strategies may look at it.
const FAILED: i32 = 64;

/// Does what a resource template says. `workflow`: the effective one.
pub(crate) async fn run(
    client: Client,
    intent: &PodIntent,
    workflow: &spec::Workflow,
) -> PodFinished {
    let job = Job {
        client,
        intent,
        workflow,
    };
    let (outcome, message, code, parameters) = match job.run().await {
        Ok(object) => match at(millis(), || job.outputs(object.as_ref())) {
            Ok(parameters) => (Outcome::Succeeded, None, 0, parameters),
            Err(reason) => (Outcome::Error, Some(reason), FAILED, Vec::new()),
        },
        Err(reason) => (Outcome::Failed, Some(reason), FAILED, Vec::new()),
    };
    PodFinished {
        exit_code: Some(code),
        parameters,
        ..ended(&intent.key, outcome, message)
    }
}

fn millis() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
}

struct Job<'a> {
    client: Client,
    intent: &'a PodIntent,
    workflow: &'a spec::Workflow,
}

/// What is to be done with what.
struct Target {
    api: Api<DynamicObject>,
    name: Option<String>,
    /// None where only flags say what is meant.
    manifest: Option<Value>,
}

impl Job<'_> {
    async fn run(&self) -> Result<Option<DynamicObject>, String> {
        let unset = spec::ResourceTemplate::default();
        let template = self.intent.template.resource.as_deref().unwrap_or(&unset);
        let flags = Flags::parse(&template.flags)?;
        let success = condition(template.success_condition.as_deref())?;
        let failure = condition(template.failure_condition.as_deref())?;
        let action = template.action.as_deref().unwrap_or_default();
        let merge = template.merge_strategy.as_deref().unwrap_or("strategic");
        let mut manifest = self.manifest(template)?;
        // The patch itself, where flags say what it is for.
        let patch = (action == "patch").then(|| manifest.clone()).flatten();
        if action == "patch"
            && !flags.words.is_empty()
            && manifest
                .as_ref()
                .is_none_or(|manifest| manifest["kind"].is_null())
        {
            manifest = None;
        }
        if template.set_owner_reference == Some(true)
            && let Some(manifest) = &mut manifest
        {
            self.own(manifest);
        }
        let target = self.target(manifest, &flags).await?;
        let object = match action {
            "create" => Some(self.create(&target).await?),
            "apply" => Some(self.apply(&target, &flags).await?),
            "replace" => Some(self.replace(&target).await?),
            "patch" => Some(self.patch(&target, merge, patch).await?),
            "get" => self.get(&target).await?,
            "delete" => {
                self.delete(&target, &flags).await?;
                return Ok(None);
            }
            other => {
                return Err(format!(
                    "action `{other}` is not known: it is create, get, apply, replace, patch or delete"
                ));
            }
        };
        if success.is_none() && failure.is_none() {
            return Ok(object);
        }
        let name = object
            .as_ref()
            .and_then(|object| object.metadata.name.clone())
            .or(target.name);
        let name = name.ok_or("there is no object whose state could be waited for")?;
        wait(target.api, &name, success.as_ref(), failure.as_ref())
            .await
            .map(Some)
    }

    fn manifest(&self, template: &spec::ResourceTemplate) -> Result<Option<Value>, String> {
        let text = match (&template.manifest, &template.manifest_from) {
            (Some(text), _) => text.clone(),
            (None, Some(from)) => self.artifact(from)?,
            (None, None) => return Ok(None),
        };
        let mut faults = Vec::new();
        let source = Source::parse("manifest", text.as_bytes(), &mut faults);
        let documents = source
            .documents
            .iter()
            .filter_map(|node| decode::<Value>(node, &source, &mut faults));
        let mut documents: Vec<Value> = documents.filter(|value| !value.is_null()).collect();
        if let Some(fault) = faults.iter().find(|fault| fault.is_error()) {
            let place = fault
                .span
                .map(|span| format!(" at {}", span.start))
                .unwrap_or_default();
            return Err(format!("the manifest is no YAML{place}: {}", fault.message));
        }
        if documents.len() > 1 {
            return Err(
                "the manifest holds several objects; give each a step of its own".to_owned(),
            );
        }
        Ok(documents.pop())
    }

    /// A manifest that came as an artifact: raw data, so far.
    fn artifact(&self, from: &spec::ManifestFrom) -> Result<String, String> {
        let wanted = from
            .artifact
            .as_ref()
            .map(|artifact| artifact.name.as_str())
            .unwrap_or_default();
        let input = self.intent.inputs.iter().find(|input| input.name == wanted);
        let artifact = input
            .map(|input| &input.artifact)
            .or(from.artifact.as_ref());
        let raw = artifact.and_then(|artifact| artifact.raw.as_ref());
        let raw = raw.ok_or_else(|| format!("manifestFrom: artifact `{wanted}` is in a repository, which this version does not read in a cluster"))?;
        Ok(raw.data.clone().unwrap_or_default())
    }

    fn own(&self, manifest: &mut Value) {
        let owner = json!({
            "apiVersion": spec::API_VERSION,
            "kind": "Workflow",
            "name": self.workflow.metadata.name,
            "uid": self.intent.key.workflow,
            "controller": true,
            "blockOwnerDeletion": true,
        });
        match manifest["metadata"]["ownerReferences"].as_array_mut() {
            Some(owners) => owners.push(owner),
            None => manifest["metadata"]["ownerReferences"] = json!([owner]),
        }
    }

    async fn target(&self, manifest: Option<Value>, flags: &Flags) -> Result<Target, String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (kind, name): (Kind, _) = match (&manifest, flags.words.first()) {
            (Some(manifest), _) => {
                let version = manifest["apiVersion"]
                    .as_str()
                    .ok_or("the manifest has no `apiVersion`")?;
                let kind = manifest["kind"]
                    .as_str()
                    .ok_or("the manifest has no `kind`")?;
                (
                    kind::of_manifest(&self.client, version, kind).await?,
                    text(&manifest["metadata"]["name"]),
                )
            }
            (None, Some(word)) => (
                kind::of_word(&self.client, word).await?,
                flags.words.get(1).cloned(),
            ),
            (None, None) => {
                return Err("there is neither a manifest nor a kind among the flags".to_owned());
            }
        };
        let own = self.workflow.metadata.namespace.clone().unwrap_or_default();
        let written = manifest
            .as_ref()
            .and_then(|manifest| text(&manifest["metadata"]["namespace"]));
        let namespace = written.or_else(|| flags.namespace.clone()).unwrap_or(own);
        let api = if kind.namespaced {
            Api::namespaced_with(self.client.clone(), &namespace, &kind.resource)
        } else {
            Api::all_with(self.client.clone(), &kind.resource)
        };
        Ok(Target {
            api,
            name,
            manifest,
        })
    }

    async fn create(&self, target: &Target) -> Result<DynamicObject, String> {
        let mut manifest = target.manifest.clone().ok_or("create needs a manifest")?;
        let key = self.intent.key.to_string();
        if target.name.is_none() {
            let prefix = manifest["metadata"]["generateName"].as_str();
            let prefix = prefix
                .ok_or("the manifest has neither `metadata.name` nor `metadata.generateName`")?;
            manifest["metadata"]["name"] = format!("{prefix}{}", suffix(&key)).into();
        }
        manifest["metadata"]["annotations"][MAKER] = key.as_str().into();
        let name = manifest["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let object: DynamicObject = serde_json::from_value(manifest)
            .map_err(|error| format!("the manifest is no object: {error}"))?;
        let params = PostParams::default();
        match patiently("create an object", || target.api.create(&params, &object)).await {
            Ok(object) => Ok(object),
            Err(error) if code(&error) == Some(409) => {
                let there = self.found(target, &name).await?;
                let ours = there
                    .metadata
                    .annotations
                    .as_ref()
                    .and_then(|of| of.get(MAKER))
                    == Some(&key);
                if ours { Ok(there) } else { Err(told(&error)) }
            }
            Err(error) => Err(told(&error)),
        }
    }

    async fn apply(&self, target: &Target, flags: &Flags) -> Result<DynamicObject, String> {
        let manifest = target.manifest.as_ref().ok_or("apply needs a manifest")?;
        let name = target
            .name
            .as_deref()
            .ok_or("the manifest has no `metadata.name`")?;
        // As kubectl applies: what somebody else has set meanwhile is set anew.
        let params = PatchParams::apply(flags.field_manager.as_deref().unwrap_or(MANAGER)).force();
        let patch = Patch::Apply(manifest);
        patiently("apply an object", || {
            target.api.patch(name, &params, &patch)
        })
        .await
        .map_err(|error| told(&error))
    }

    async fn replace(&self, target: &Target) -> Result<DynamicObject, String> {
        let manifest = target.manifest.clone().ok_or("replace needs a manifest")?;
        let name = target
            .name
            .as_deref()
            .ok_or("the manifest has no `metadata.name`")?;
        let mut object: DynamicObject = serde_json::from_value(manifest)
            .map_err(|error| format!("the manifest is no object: {error}"))?;
        if object.metadata.resource_version.is_none() {
            object.metadata.resource_version =
                self.found(target, name).await?.metadata.resource_version;
        }
        let params = PostParams::default();
        patiently("replace an object", || {
            target.api.replace(name, &params, &object)
        })
        .await
        .map_err(|error| told(&error))
    }

    async fn patch(
        &self,
        target: &Target,
        merge: &str,
        patch: Option<Value>,
    ) -> Result<DynamicObject, String> {
        let patch = patch.ok_or("patch needs a manifest")?;
        let name = target.name.as_deref().ok_or("the patch does not say of which object: give `metadata.name`, or a kind and a name in `flags`")?;
        let patch = match merge {
            "strategic" => Patch::Strategic(patch),
            "merge" => Patch::Merge(patch),
            "json" => {
                let patch = serde_json::from_value(patch)
                    .map_err(|error| format!("the manifest is no JSON patch: {error}"))?;
                Patch::Json(patch)
            }
            other => {
                return Err(format!(
                    "mergeStrategy `{other}` is not known: it is strategic, merge or json"
                ));
            }
        };
        let params = PatchParams::default();
        patiently("patch an object", || {
            target.api.patch(name, &params, &patch)
        })
        .await
        .map_err(|error| told(&error))
    }

    async fn get(&self, target: &Target) -> Result<Option<DynamicObject>, String> {
        match &target.name {
            Some(name) => self.found(target, name).await.map(Some),
            None => Err("get needs a name".to_owned()),
        }
    }

    async fn found(&self, target: &Target, name: &str) -> Result<DynamicObject, String> {
        patiently("get an object", || target.api.get(name))
            .await
            .map_err(|error| told(&error))
    }

    /// What is gone already is as good as deleted, as Argo has it.
    async fn delete(&self, target: &Target, flags: &Flags) -> Result<(), String> {
        let policy = match flags.cascade.as_deref() {
            Some("orphan" | "false") => PropagationPolicy::Orphan,
            Some("foreground") => PropagationPolicy::Foreground,
            _ => PropagationPolicy::Background,
        };
        let params = DeleteParams {
            propagation_policy: Some(policy),
            grace_period_seconds: flags.grace_period,
            ..DeleteParams::default()
        };
        let done = match (&target.name, &flags.selector) {
            (Some(name), _) => patiently("delete an object", || target.api.delete(name, &params))
                .await
                .map(|_| ()),
            (None, Some(selector)) => {
                let list = ListParams::default().labels(selector);
                patiently("delete objects", || {
                    target.api.delete_collection(&params, &list)
                })
                .await
                .map(|_| ())
            }
            (None, None) => return Err("delete needs a name or a selector".to_owned()),
        };
        match done {
            Err(error) if code(&error) != Some(404) => Err(told(&error)),
            _ => Ok(()),
        }
    }

    /// The output parameters that the object gives.
    fn outputs(
        &self,
        object: Option<&DynamicObject>,
    ) -> Result<Vec<(String, Option<String>)>, String> {
        let Some(outputs) = self.intent.template.outputs.as_deref() else {
            return Ok(Vec::new());
        };
        let object = object.map(|object| serde_json::to_value(object).unwrap_or_default());
        let mut found = Vec::new();
        for parameter in &outputs.parameters {
            let Some(from) = &parameter.value_from else {
                continue;
            };
            let fault = |reason: String| format!("output parameter `{}`: {reason}", parameter.name);
            let value = match (&object, &from.json_path, &from.jq_filter) {
                (Some(object), Some(path), _) => Path::parse(path).map_err(fault)?.text(object),
                (Some(object), None, Some(filter)) => {
                    let values = Filter::parse(filter)
                        .and_then(|filter| filter.values(object))
                        .map_err(fault)?;
                    Some(values.iter().map(value_text).collect::<Vec<_>>().join("\n"))
                }
                _ => None,
            };
            found.push((parameter.name.clone(), value));
        }
        Ok(found)
    }
}

/// Five letters that stand for a key, of those that Kubernetes uses.
fn suffix(key: &str) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut hash = u64::from(tiphys_core::fnv32a(key)) << 32
        | u64::from(tiphys_core::fnv32a(&format!("{key}/")));
    let mut suffix = String::new();
    for _ in 0..8 {
        suffix.push(char::from(LETTERS[(hash % 27) as usize]));
        hash /= 27;
    }
    suffix
}

fn condition(text: Option<&str>) -> Result<Option<Condition>, String> {
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(Condition::parse).transpose()
}

/// Waits until the object is as it should be, or as it should not.
async fn wait(
    api: Api<DynamicObject>,
    name: &str,
    success: Option<&Condition>,
    failure: Option<&Condition>,
) -> Result<DynamicObject, String> {
    let mut states = Box::pin(watcher::watch_object(api, name).default_backoff());
    let mut refused = 0;
    while let Some(state) = states.next().await {
        let object = match state {
            Ok(Some(object)) => object,
            Ok(None) => {
                return Err(format!(
                    "the object `{name}` was deleted while its state was waited for"
                ));
            }
            Err(error) => {
                tracing::warn!(%error, "failed to watch an object; once more");
                refused += 1;
                if refused > 8 {
                    return Err(format!("the object `{name}` cannot be watched: {error}"));
                }
                continue;
            }
        };
        refused = 0;
        let text = serde_json::to_string(&object).unwrap_or_default();
        if failure.is_some_and(|failure| failure.any(&text)) {
            return Err(format!("the object `{name}` meets failureCondition"));
        }
        if success.is_none_or(|success| success.all(&text)) {
            return Ok(object);
        }
    }
    Err(format!("the object `{name}` cannot be watched"))
}
