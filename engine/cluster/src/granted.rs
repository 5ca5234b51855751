//! What plug-ins may do in a cluster: `PluginGrant` objects for the workflows of their namespace, `ClusterPluginGrant` for those of all. What is
//! granted, and what is not any more, counts from the next call on.

use crate::events::Events;
use crate::follow::{Named, News, follow};
use crate::kinds::scope;
use crate::kinds::{cluster_grants, grants};
use kube::api::DynamicObject;
use kube::runtime::watcher::Config;
use kube::{Client, ResourceExt};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use tiphys_host::Grant;
use tokio::sync::watch;

/// Watches that tell what was there at the beginning.
pub(crate) const WATCHES: u8 = 2;

pub(crate) struct Granted {
    client: Client,
    events: Events,
    namespace: Option<String>,
    /// Those of the whole cluster have no namespace.
    all: RwLock<BTreeMap<Named, Arc<Grant>>>,
}

impl Granted {
    pub(crate) fn new(client: Client, namespace: Option<String>, events: Events) -> Granted {
        Granted {
            client,
            events,
            namespace,
            all: RwLock::default(),
        }
    }

    /// What plug-ins are granted for workflows of a namespace.
    pub(crate) fn of(&self, namespace: &str) -> Vec<Grant> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let within = |namespace: &str| {
            let own = namespace.to_owned();
            let found = all.range((own.clone(), String::new())..);
            found.take_while(move |(of, _)| of.0 == own)
        };
        let found = within("").chain(within(namespace));
        found.map(|(_, grant)| (**grant).clone()).collect()
    }

    /// Keeps it up to date for ever; `ready` counts up to [`WATCHES`] more.
    pub(crate) async fn watch(self: Arc<Granted>, ready: watch::Sender<u8>) {
        let tell = |news: News<DynamicObject>| match news {
            News::Is(object) => self.take(&object),
            News::Gone(named) => self.forget(&named),
            News::Synced => ready.send_modify(|count| *count = count.saturating_add(1)),
        };
        let own = scope::<DynamicObject>(&self.client, self.namespace.as_deref(), &grants());
        let own = follow("PluginGrants", own, Config::default(), tell);
        let every = scope::<DynamicObject>(&self.client, None, &cluster_grants());
        let every = follow("ClusterPluginGrants", every, Config::default(), tell);
        tokio::join!(own, every);
    }

    fn forget(&self, named: &Named) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.remove(named);
    }

    fn take(&self, object: &DynamicObject) {
        let named = (object.namespace().unwrap_or_default(), object.name_any());
        match read(&object.data["spec"]) {
            Ok(grant) => {
                let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
                all.insert(named, Arc::new(grant));
            }
            Err(reason) => {
                // What it granted before it grants no more: nobody knows what it is to grant now.
                self.forget(&named);
                tracing::warn!(
                    namespace = named.0,
                    name = named.1,
                    "a grant is not valid, and grants nothing: {reason}"
                );
                self.events.invalid(object, reason);
            }
        }
    }
}

/// # Errors
/// What is wrong with it, and where.
fn read(spec: &Value) -> Result<Grant, String> {
    if spec.is_null() {
        return Err("spec: it is missing".to_owned());
    }
    let grant: Grant =
        serde_json::from_value(spec.clone()).map_err(|error| format!("spec: {error}"))?;
    grant
        .check()
        .map_err(|fault| format!("spec.{}: {}", fault.field, fault.reason))?;
    if !grant.folders.is_empty() {
        return Err(
            "spec.folders: they are folders of the controller's own, which are granted to nobody"
                .to_owned(),
        );
    }
    if grant.fuel.is_some() {
        return Err(
            "spec.fuel: it is not counted in a cluster by this version; `time` limits a call"
                .to_owned(),
        );
    }
    Ok(grant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn a_grant_is_read_strictly() {
        let grant = read(&json!({"plugins": ["http"], "http": [{"host": "a.test"}], "time": "5s"}));
        assert_eq!(grant.unwrap().http[0].host, "a.test");
        for (spec, want) in [
            (json!({"htp": []}), "unknown field `htp`"),
            (json!({"time": "soon"}), "spec.time: `soon` is no time"),
            (
                json!({"folders": [{"name": "a", "path": "/"}]}),
                "spec.folders",
            ),
            (json!({"fuel": 1}), "spec.fuel"),
            (json!(null), "missing"),
        ] {
            let fault = read(&spec).unwrap_err();
            assert!(fault.contains(want), "{fault}");
        }
    }

    /// The API server knows the fields that the engine does, and no others.
    #[test]
    fn the_kinds_have_the_fields_of_a_grant() {
        let every = Grant {
            plugins: vec!["p".to_owned()],
            digests: vec!["d".to_owned()],
            http: vec![tiphys_host::HttpGrant {
                host: "h".to_owned(),
                methods: vec!["GET".to_owned()],
            }],
            secrets: vec!["s".to_owned()],
            config_maps: vec!["c".to_owned()],
            artifacts: vec![tiphys_host::ArtifactGrant {
                access: tiphys_host::ArtifactAccess::Read,
                prefix: "p".to_owned(),
            }],
            folders: Vec::new(),
            memory: Some("1".to_owned()),
            time: Some("1".to_owned()),
            log: Some("1".to_owned()),
            output: Some("1".to_owned()),
            download: Some("1".to_owned()),
            requests: Some(1),
            rounds: Some(1),
            fuel: None,
        };
        let known = serde_json::to_value(every).unwrap();
        for name in ["plugingrants", "clusterplugingrants"] {
            let path = format!(
                "{}/../../deploy/crds/{name}.yaml",
                env!("CARGO_MANIFEST_DIR")
            );
            let text = std::fs::read_to_string(path).unwrap();
            let mut faults = Vec::new();
            let source = tiphys_spec::Source::parse(name, text.as_bytes(), &mut faults);
            let kind: Value =
                tiphys_spec::decode(&source.documents[0], &source, &mut faults).unwrap();
            let spec =
                &kind["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
            let fields = |of: &Value| -> BTreeSet<String> {
                of.as_object().unwrap().keys().cloned().collect()
            };
            let mut want = fields(&known);
            want.retain(|field| !["folders", "fuel"].contains(&field.as_str()));
            assert_eq!(fields(&spec["properties"]), want, "{name}");
            for list in ["http", "artifacts"] {
                let items = &spec["properties"][list]["items"]["properties"];
                assert_eq!(fields(items), fields(&known[list][0]), "{name} {list}");
            }
        }
    }
}
