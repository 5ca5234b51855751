//! What workflows refer to: shared templates, and ConfigMaps that hold parameters.

use crate::client::patiently;
use crate::follow::{News, follow};
use crate::kinds::{cluster_templates, scope, templates};
use crate::prepare::text;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DynamicObject, ListParams};
use kube::runtime::watcher::Config;
use kube::{Api, Client, Error, ResourceExt};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tiphys_graph::{Kinds, Library};
use tiphys_spec::{Read, WorkflowSpec};
use tokio::sync::watch;

/// ConfigMaps that parameters may come from. Source: Argo, which refuses others.
const PARAMETERS: &str = "workflows.argoproj.io/configmap-type=Parameter";

/// Watches that tell what was there at the beginning.
pub(crate) const WATCHES: u8 = 3;

pub(crate) struct Shelf {
    client: Client,
    namespace: Option<String>,
    libraries: RwLock<Libraries>,
}

struct Libraries {
    /// What every namespace sees.
    common: Library,
    of: HashMap<String, Library>,
}

impl Libraries {
    fn of(&mut self, namespace: &str) -> &mut Library {
        let Libraries { common, of } = self;
        of.entry(namespace.to_owned())
            .or_insert_with(|| common.clone())
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Library> {
        self.of.values_mut().chain([&mut self.common])
    }

    fn template(&mut self, object: &DynamicObject) {
        let read = read(object);
        add(self.of(&object.namespace().unwrap_or_default()), &read);
    }

    fn cluster_template(&mut self, object: &DynamicObject) {
        let read = read(object);
        self.all().for_each(|library| add(library, &read));
    }

    fn config_map(&mut self, map: ConfigMap) {
        let name = map.name_any();
        let library = self.of(&map.namespace().unwrap_or_default());
        library
            .config_maps
            .insert(name, map.data.unwrap_or_default());
    }
}

/// An object whose text cannot be read offers nothing: who refers to it hears that it is not there.
fn read(object: &DynamicObject) -> Read {
    let read = tiphys_spec::read(&object.name_any(), text(object).as_bytes());
    for fault in read.diagnostics.iter().filter(|fault| fault.is_error()) {
        tracing::warn!("failed to read a template: {fault}");
    }
    read
}

fn add(library: &mut Library, read: &Read) {
    read.objects
        .iter()
        .for_each(|object| library.add(object, &read.source));
}

impl Shelf {
    /// `defaults`: what every workflow has that does not say otherwise.
    pub(crate) fn new(
        client: Client,
        namespace: Option<String>,
        kinds: Arc<dyn Kinds>,
        defaults: Option<Arc<WorkflowSpec>>,
    ) -> Shelf {
        let mut common = Library::new();
        common.kinds = kinds;
        common.defaults = defaults;
        let of = HashMap::new();
        Shelf {
            client,
            namespace,
            libraries: RwLock::new(Libraries { common, of }),
        }
    }

    /// What a workflow of that namespace may refer to, as far as was heard.
    pub(crate) fn library(&self, namespace: &str) -> Library {
        let libraries = self
            .libraries
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        libraries
            .of
            .get(namespace)
            .unwrap_or(&libraries.common)
            .clone()
    }

    /// The same, asked for anew: what was made a moment ago may not have been heard of yet.
    pub(crate) async fn fresh(&self, namespace: &str) -> Result<Library, Error> {
        let every = ListParams::default();
        let own = scope::<DynamicObject>(&self.client, Some(namespace), &templates());
        let own = patiently("list WorkflowTemplates", || own.list(&every)).await?;
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let labelled = ListParams::default().labels(PARAMETERS);
        let maps = patiently("list ConfigMaps", || maps.list(&labelled)).await?;
        let common = scope::<DynamicObject>(&self.client, None, &cluster_templates());
        let common = patiently("list ClusterWorkflowTemplates", || common.list(&every));
        let common = common.await.map(|list| list.items).unwrap_or_default();
        self.change(|libraries| {
            own.iter().for_each(|object| libraries.template(object));
            common
                .iter()
                .for_each(|object| libraries.cluster_template(object));
            maps.items
                .into_iter()
                .for_each(|map| libraries.config_map(map));
        });
        Ok(self.library(namespace))
    }

    fn change(&self, change: impl FnOnce(&mut Libraries)) {
        change(
            &mut self
                .libraries
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Keeps it up to date for ever; `ready` counts up to [`WATCHES`] more.
    pub(crate) async fn watch(self: Arc<Shelf>, ready: watch::Sender<u8>) {
        let synced = || ready.send_modify(|count| *count = count.saturating_add(1));
        let namespace = self.namespace.as_deref();
        let own = follow(
            "WorkflowTemplates",
            scope::<DynamicObject>(&self.client, namespace, &templates()),
            Config::default(),
            |news| match news {
                News::Is(object) => self.change(|of| of.template(&object)),
                News::Gone((namespace, name)) => {
                    self.change(|of| of.of(&namespace).remove(&name, false));
                }
                News::Synced => synced(),
            },
        );
        let common = follow(
            "ClusterWorkflowTemplates",
            scope::<DynamicObject>(&self.client, None, &cluster_templates()),
            Config::default(),
            |news| match news {
                News::Is(object) => self.change(|of| of.cluster_template(&object)),
                News::Gone((_, name)) => {
                    self.change(|of| of.all().for_each(|library| library.remove(&name, true)));
                }
                News::Synced => synced(),
            },
        );
        let maps = match namespace {
            Some(namespace) => Api::<ConfigMap>::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        };
        let maps = follow(
            "ConfigMaps",
            maps,
            Config::default().labels(PARAMETERS),
            |news| match news {
                News::Is(map) => self.change(|of| of.config_map(map)),
                News::Gone((namespace, name)) => {
                    self.change(|of| _ = of.of(&namespace).config_maps.remove(&name));
                }
                News::Synced => synced(),
            },
        );
        tokio::join!(own, common, maps);
    }
}
