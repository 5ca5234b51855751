//! What is given beside a workflow: shared templates, ConfigMaps, plug-in kinds.

use crate::effective;
use crate::origin::Origin;
use crate::plan::Scope;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tiphys_spec::{
    ClusterWorkflowTemplate, Metadata, Object, ObjectValue, Source, Template, Workflow,
    WorkflowSpec, WorkflowTemplate,
};

/// Templates, ConfigMaps and plug-in kinds that a workflow may refer to.
#[derive(Clone)]
pub struct Library {
    namespaced: BTreeMap<String, Arc<Shared>>,
    cluster: BTreeMap<String, Arc<Shared>>,
    /// Templates as they were when the workflow began; they go before those on the shelves.
    kept: BTreeMap<(Scope, String), Arc<Template>>,
    /// ConfigMaps: name → key → value.
    pub config_maps: BTreeMap<String, BTreeMap<String, String>>,
    /// The kinds that plug-ins provide.
    pub kinds: Arc<dyn Kinds>,
    /// What every workflow has that neither says otherwise nor refers to a template that does; without templates. Source: Argo's
    /// `workflowDefaults`.
    pub defaults: Option<Arc<WorkflowSpec>>,
    /// All that exists is given: a reference to anything else is an error even for lint.
    pub complete: bool,
}

/// A WorkflowTemplate or ClusterWorkflowTemplate.
#[derive(Clone, Debug)]
pub struct Shared {
    /// What the template says.
    pub spec: WorkflowSpec,
    /// Where it was read from.
    pub origin: Origin,
}

impl Shared {
    pub(crate) fn pod_metadata(&self) -> Option<&Metadata> {
        self.spec.pod_metadata.as_ref()
    }
}

/// The kinds of template that plug-ins provide.
pub trait Kinds: Send + Sync {
    /// What is wrong with the body of a template of that kind.
    ///
    /// # Errors
    /// The kind is not known here.
    fn check(&self, kind: &str, body: &serde_json::Value) -> Result<Vec<KindFault>, UnknownKind>;
}

/// A fault in a plug-in kind's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindFault {
    /// JSON pointer into the body: `/headers/0/name`.
    pub pointer: String,
    /// One line, without a final full stop.
    pub message: String,
}

/// A kind that no plug-in provides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnknownKind {
    /// The kinds that are provided, for a "did you mean".
    pub known: Vec<String>,
}

/// No kinds at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKinds;

impl Kinds for NoKinds {
    fn check(&self, _: &str, _: &serde_json::Value) -> Result<Vec<KindFault>, UnknownKind> {
        Err(UnknownKind::default())
    }
}

impl Default for Library {
    fn default() -> Library {
        Library {
            namespaced: BTreeMap::new(),
            cluster: BTreeMap::new(),
            kept: BTreeMap::new(),
            config_maps: BTreeMap::new(),
            kinds: Arc::new(NoKinds),
            defaults: None,
            complete: false,
        }
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library")
            .field("namespaced", &self.namespaced.keys())
            .field("cluster", &self.cluster.keys())
            .field("config_maps", &self.config_maps.keys())
            .field("complete", &self.complete)
            .finish_non_exhaustive()
    }
}

impl Library {
    /// Nothing beside the workflow.
    #[must_use]
    pub fn new() -> Library {
        Library::default()
    }

    /// What a workflow with a `workflowTemplateRef` runs by: its own word, the template's, the defaults', in this order, templates
    /// included. None where it refers to no template that is here.
    #[must_use]
    pub fn whole(&self, workflow: &Workflow) -> Option<WorkflowSpec> {
        let reference = workflow.spec.workflow_template_ref.as_ref()?;
        let shared = self.find(&reference.name, reference.cluster_scope == Some(true))?;
        let (mut spec, mut templates) = effective::merged(workflow.spec.clone(), shared);
        if let Some(defaults) = &self.defaults {
            spec = effective::laid(spec, defaults);
            templates = effective::joined(templates, &defaults.templates);
        }
        // They are not part of what runs, and change while it does.
        (spec.suspend, spec.shutdown) = (None, None);
        spec.templates = templates;
        Some(spec)
    }

    /// Has the template that a workflow refers to say what was kept of it: [`Library::whole`].
    pub fn pin(&mut self, workflow: &Workflow, whole: WorkflowSpec) {
        let Some(reference) = &workflow.spec.workflow_template_ref else {
            return;
        };
        let shelf = match reference.cluster_scope {
            Some(true) => &mut self.cluster,
            _ => &mut self.namespaced,
        };
        let origin = Origin::unread(&reference.name);
        let shared = Shared {
            spec: whole,
            origin,
        };
        shelf.insert(reference.name.clone(), Arc::new(shared));
    }

    /// Has references find templates as they were when the workflow began, whatever became of them since. `stored` is what
    /// [`Plan::stored`](crate::plan::Plan::stored) was then; a key that is none is passed over.
    pub fn keep(&mut self, stored: &BTreeMap<String, Template>) {
        let known = stored
            .iter()
            .filter_map(|(key, template)| Some((Scope::stored(key)?, Arc::new(template.clone()))));
        self.kept.extend(known);
    }

    pub(crate) fn kept(&self, scope: &Scope, name: &str) -> Option<&Arc<Template>> {
        if self.kept.is_empty() {
            return None;
        }
        self.kept.get(&(scope.clone(), name.to_owned()))
    }

    /// Adds a WorkflowTemplate; one of the same name is replaced.
    pub fn add_template(&mut self, template: &WorkflowTemplate, origin: Origin) {
        let shared = Shared {
            spec: template.spec.clone(),
            origin,
        };
        self.namespaced.insert(
            template.metadata.name.clone().unwrap_or_default(),
            Arc::new(shared),
        );
    }

    /// Adds a ClusterWorkflowTemplate; one of the same name is replaced.
    pub fn add_cluster_template(&mut self, template: &ClusterWorkflowTemplate, origin: Origin) {
        let shared = Shared {
            spec: template.spec.clone(),
            origin,
        };
        self.cluster.insert(
            template.metadata.name.clone().unwrap_or_default(),
            Arc::new(shared),
        );
    }

    /// Adds what `object` offers to others: shared templates and ConfigMaps; other kinds offer nothing.
    pub fn add(&mut self, object: &Object, source: &Arc<Source>) {
        let origin = || Origin::new(source, &object.node);
        match &object.value {
            ObjectValue::WorkflowTemplate(template) => self.add_template(template, origin()),
            ObjectValue::ClusterWorkflowTemplate(template) => {
                self.add_cluster_template(template, origin())
            }
            ObjectValue::ConfigMap(map) => {
                let name = map.metadata.name.clone().unwrap_or_default();
                self.config_maps
                    .insert(name, map.data.clone().unwrap_or_default());
            }
            _ => {}
        }
    }

    /// Takes a shared template away.
    pub fn remove(&mut self, name: &str, cluster: bool) {
        let shelf = if cluster {
            &mut self.cluster
        } else {
            &mut self.namespaced
        };
        shelf.remove(name);
    }

    /// The shared template of that name.
    #[must_use]
    pub fn find(&self, name: &str, cluster: bool) -> Option<&Arc<Shared>> {
        self.shelf(cluster).get(name)
    }

    pub(crate) fn shelf(&self, cluster: bool) -> &BTreeMap<String, Arc<Shared>> {
        if cluster {
            &self.cluster
        } else {
            &self.namespaced
        }
    }
}
