//! Objects of Argo's group: listed, read, made, changed, deleted.

use super::{Cluster, Fault};
use crate::kinds::{cluster_templates, cron_workflows, scope, templates, workflows};
use kube::Api;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams,
};
use serde_json::Value;

/// As many objects as one answer may hold: what a server reads and sends at once stays small.
const CHUNK: u32 = 250;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Workflow,
    Template,
    ClusterTemplate,
    Cron,
}

impl Kind {
    pub(super) fn resource(self) -> ApiResource {
        match self {
            Kind::Workflow => workflows(),
            Kind::Template => templates(),
            Kind::ClusterTemplate => cluster_templates(),
            Kind::Cron => cron_workflows(),
        }
    }

    #[must_use]
    pub fn namespaced(self) -> bool {
        self != Kind::ClusterTemplate
    }

    /// `kind` of its objects.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Workflow => "Workflow",
            Kind::Template => "WorkflowTemplate",
            Kind::ClusterTemplate => "ClusterWorkflowTemplate",
            Kind::Cron => "CronWorkflow",
        }
    }

    #[must_use]
    pub fn singular(self) -> String {
        match self {
            Kind::Workflow => "workflow".to_owned(),
            kind => kind.word().to_owned(),
        }
    }

    #[must_use]
    pub fn plural(self) -> String {
        format!("{}s", self.word())
    }
}

/// Which objects.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub all_namespaces: bool,
    /// A label selector, as the server reads it.
    pub labels: String,
}

impl Cluster {
    pub(super) fn api(&self, kind: Kind) -> Api<DynamicObject> {
        let namespace = kind.namespaced().then_some(self.namespace.as_str());
        scope(&self.client, namespace, &kind.resource())
    }

    /// Every object of a kind, in chunks.
    ///
    /// # Errors
    /// The server does not give them.
    pub async fn list(&self, kind: Kind, listing: &Listing) -> Result<Vec<Value>, Fault> {
        let api = if listing.all_namespaces {
            scope(&self.client, None, &kind.resource())
        } else {
            self.api(kind)
        };
        let mut all = Vec::new();
        let mut params = ListParams::default().limit(CHUNK);
        if !listing.labels.is_empty() {
            params = params.labels(&listing.labels);
        }
        loop {
            let chunk: kube::core::ObjectList<DynamicObject> =
                api.list(&params).await.map_err(|error| {
                    self.fault(&format!("list {}", kind.plural()), kind, "", &error)
                })?;
            all.extend(chunk.items.iter().map(|object| value(kind, object)));
            match chunk.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params.continue_token = Some(token),
                None => return Ok(all),
            }
        }
    }

    /// # Errors
    /// It is not there, or not to be had.
    pub async fn get(&self, kind: Kind, name: &str) -> Result<Value, Fault> {
        let what = format!("get {} `{name}`", kind.singular());
        let found = self.api(kind).get(name).await;
        let found = found.map_err(|error| self.fault(&what, kind, name, &error))?;
        Ok(value(kind, &found))
    }

    /// Makes an object; what the server has made of it. `dry`: only as if.
    ///
    /// # Errors
    /// The server does not take it.
    pub async fn create(&self, kind: Kind, object: &Value, dry: bool) -> Result<Value, Fault> {
        let word = kind.singular();
        let meta = &object["metadata"];
        let name = meta["name"].as_str().or(meta["generateName"].as_str());
        let what = format!("create {word} `{}`", name.unwrap_or_default());
        let object: DynamicObject =
            serde_json::from_value(object.clone()).map_err(|error| Fault::Refused {
                what: what.clone(),
                message: error.to_string(),
                code: 0,
            })?;
        let params = PostParams {
            dry_run: dry,
            ..PostParams::default()
        };
        let made = self.api(kind).create(&params, &object).await;
        let made = made.map_err(|error| self.fault(&what, kind, "", &error))?;
        Ok(value(kind, &made))
    }

    /// Merges a patch into an object.
    ///
    /// # Errors
    /// The server does not take it.
    pub async fn patch(&self, kind: Kind, name: &str, patch: Value) -> Result<Value, Fault> {
        let what = format!("change {} `{name}`", kind.singular());
        let patched = self
            .api(kind)
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        let patched = patched.map_err(|error| self.fault(&what, kind, name, &error))?;
        Ok(value(kind, &patched))
    }

    /// Puts an object in the place of the version that it was made from.
    ///
    /// # Errors
    /// The server does not take it; somebody else wrote it meanwhile.
    pub async fn replace(&self, kind: Kind, object: &Value) -> Result<Value, Fault> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let what = format!("change {} `{name}`", kind.singular());
        let object: DynamicObject =
            serde_json::from_value(object.clone()).map_err(|error| Fault::Refused {
                what: what.clone(),
                message: error.to_string(),
                code: 0,
            })?;
        let (api, params) = (self.api(kind), PostParams::default());
        let written = api.replace(name, &params, &object).await;
        let written = written.map_err(|error| self.fault(&what, kind, name, &error))?;
        Ok(value(kind, &written))
    }

    /// Deletes an object; what hangs on it goes after it.
    ///
    /// # Errors
    /// It is not there, or must not be deleted.
    pub async fn delete(&self, kind: Kind, name: &str) -> Result<(), Fault> {
        let what = format!("delete {} `{name}`", kind.singular());
        let (api, params) = (self.api(kind), DeleteParams::background());
        let deleted = api.delete(name, &params).await;
        deleted.map_err(|error| self.fault(&what, kind, name, &error))?;
        Ok(())
    }
}

/// The object as it would stand in a file: the items of a list do not say what they are.
pub(super) fn value(kind: Kind, object: &DynamicObject) -> Value {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    value["apiVersion"] = "argoproj.io/v1alpha1".into();
    value["kind"] = kind.word().into();
    value
}
