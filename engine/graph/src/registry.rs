//! Every template that has been asked for, each under one number; the rest stay on their shelves.

use crate::library::{Library, Shared};
use crate::merge;
use crate::origin::Origin;
use crate::plan::{Scope, TemplateId};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tiphys_spec::{Metadata, Path, RetryStrategy, Template, diagnostic::nearest};

/// How deep inline templates may stand in one another.
pub(crate) const INLINE_DEPTH: u8 = 32;

/// A template that has been asked for.
pub(crate) struct Entry {
    pub id: TemplateId,
    /// Empty for an inline template.
    pub name: String,
    pub scope: Scope,
    /// Defaults merged.
    pub spec: Arc<Template>,
    /// As its author wrote it.
    pub written: Arc<Template>,
    pub origin: Arc<Origin>,
    pub path: Path,
    /// For an inline template, the template it stands in.
    pub outer: Option<Arc<Entry>>,
    pub nest: u8,
}

/// Why a template cannot be had.
pub(crate) enum Missing {
    /// There is no such WorkflowTemplate.
    Shared { near: Option<String> },
    /// There is, without a template of that name.
    Template { near: Option<String> },
}

/// What the workflow lays under each template.
#[derive(Default)]
pub(crate) struct Defaults {
    pub template: Option<Value>,
    pub retry: Option<RetryStrategy>,
}

struct Shelf<'l> {
    positions: FxHashMap<String, usize>,
    templates: Templates<'l>,
    origin: Arc<Origin>,
    base: Path,
    /// Laid under the metadata of templates that are reached by reference.
    pod_metadata: Option<&'l Metadata>,
}

enum Templates<'l> {
    Owned(Vec<Option<Template>>),
    Shared(&'l [Template]),
}

pub(crate) struct Registry<'l> {
    library: &'l Library,
    shelves: FxHashMap<Scope, Shelf<'l>>,
    ids: FxHashMap<(Scope, String), TemplateId>,
    pub entries: Vec<Arc<Entry>>,
    pub defaults: Defaults,
}

impl<'l> Registry<'l> {
    pub fn new(library: &'l Library) -> Registry<'l> {
        Registry {
            library,
            shelves: FxHashMap::default(),
            ids: FxHashMap::default(),
            entries: Vec::new(),
            defaults: Defaults::default(),
        }
    }

    /// The workflow's own templates.
    pub fn own(&mut self, templates: Vec<Template>, origin: Arc<Origin>, base: Path) {
        let positions = positions(&templates);
        let templates = Templates::Owned(templates.into_iter().map(Some).collect());
        self.shelves.insert(
            Scope::Local,
            Shelf {
                positions,
                templates,
                origin,
                base,
                pod_metadata: None,
            },
        );
    }

    /// The names on a shelf in the order of its text.
    pub fn names(&self, scope: &Scope) -> Vec<String> {
        let Some(shelf) = self.shelves.get(scope) else {
            return Vec::new();
        };
        let mut names: Vec<(&String, &usize)> = shelf.positions.iter().collect();
        names.sort_by_key(|(_, position)| **position);
        names.into_iter().map(|(name, _)| name.clone()).collect()
    }

    /// The template of that name as seen from `scope`.
    pub fn find(&mut self, scope: &Scope, name: &str) -> Result<Arc<Entry>, Missing> {
        if let Some(id) = self.ids.get(&(scope.clone(), name.to_owned())) {
            return Ok(Arc::clone(self.entry(*id)));
        }
        if let Some(template) = self.library.kept(scope, name) {
            let origin = Arc::new(Origin::unread(name));
            let template = Template::clone(template);
            return Ok(self.named(name, scope, template, origin, Path::root()));
        }
        self.open(scope)?;
        let missing = || Missing::Template { near: None };
        let shelf = self.shelves.get_mut(scope).ok_or_else(missing)?;
        let Some(position) = shelf.positions.get(name).copied() else {
            let near = nearest(name, shelf.positions.keys().map(String::as_str)).map(str::to_owned);
            return Err(Missing::Template { near });
        };
        let mut template = match &mut shelf.templates {
            Templates::Owned(owned) => owned
                .get_mut(position)
                .and_then(Option::take)
                .ok_or_else(missing)?,
            Templates::Shared(shared) => shared[position].clone(),
        };
        if let Some(below) = shelf.pod_metadata {
            under(template.metadata.get_or_insert_default(), below);
        }
        let (origin, path) = (Arc::clone(&shelf.origin), shelf.base.index(position));
        Ok(self.named(name, scope, template, origin, path))
    }

    fn named(
        &mut self,
        name: &str,
        scope: &Scope,
        template: Template,
        origin: Arc<Origin>,
        path: Path,
    ) -> Arc<Entry> {
        let entry = self.enter(name.to_owned(), scope.clone(), template, origin, path, None);
        self.ids.insert((scope.clone(), name.to_owned()), entry.id);
        entry
    }

    /// Asks for every own template that has not been asked for, those with a name that is taken too.
    pub fn all_own(&mut self) {
        for name in self.names(&Scope::Local) {
            let _ = self.find(&Scope::Local, &name);
        }
        let Some(shelf) = self.shelves.get_mut(&Scope::Local) else {
            return;
        };
        let (origin, base) = (Arc::clone(&shelf.origin), shelf.base.clone());
        let Templates::Owned(owned) = &mut shelf.templates else {
            return;
        };
        let rest: Vec<_> = owned
            .iter_mut()
            .enumerate()
            .filter_map(|(at, slot)| Some((at, slot.take()?)))
            .collect();
        for (position, template) in rest {
            let path = base.index(position);
            self.enter(
                template.name.clone(),
                Scope::Local,
                template,
                Arc::clone(&origin),
                path,
                None,
            );
        }
    }

    /// An inline template of `outer`. None where they nest too deep.
    pub fn inline(
        &mut self,
        outer: &Arc<Entry>,
        template: &Template,
        path: Path,
    ) -> Option<Arc<Entry>> {
        if outer.nest >= INLINE_DEPTH {
            return None;
        }
        let (scope, origin) = (outer.scope.clone(), Arc::clone(&outer.origin));
        Some(self.enter(
            String::new(),
            scope,
            template.clone(),
            origin,
            path,
            Some(Arc::clone(outer)),
        ))
    }

    pub fn entry(&self, id: TemplateId) -> &Arc<Entry> {
        &self.entries[id.0 as usize]
    }

    /// What `status.storedTemplates` holds of the first `count` that were asked for.
    pub fn stored(&self, count: usize) -> BTreeMap<String, Arc<Template>> {
        let named = self.entries.iter().take(count);
        let named = named.filter(|entry| !entry.name.is_empty());
        named
            .filter_map(|entry| Some((entry.scope.key(&entry.name)?, Arc::clone(&entry.written))))
            .collect()
    }

    /// All `(scope, name)` that have been asked for.
    pub fn into_ids(self) -> FxHashMap<(Scope, String), TemplateId> {
        self.ids
    }

    fn enter(
        &mut self,
        name: String,
        scope: Scope,
        template: Template,
        origin: Arc<Origin>,
        path: Path,
        outer: Option<Arc<Entry>>,
    ) -> Arc<Entry> {
        let id = TemplateId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        let written = Arc::new(template);
        let spec = self.defaults.under(&written);
        let nest = outer.as_ref().map_or(0, |outer| outer.nest + 1);
        let entry = Arc::new(Entry {
            id,
            name,
            scope,
            spec,
            written,
            origin,
            path,
            outer,
            nest,
        });
        self.entries.push(Arc::clone(&entry));
        entry
    }

    /// Puts up the shelf of a shared template.
    fn open(&mut self, scope: &Scope) -> Result<(), Missing> {
        if self.shelves.contains_key(scope) {
            return Ok(());
        }
        let (name, cluster) = match scope {
            Scope::Local => return Err(Missing::Template { near: None }),
            Scope::Namespaced(name) => (name, false),
            Scope::Cluster(name) => (name, true),
        };
        let library = self.library;
        let Some(shared) = library.find(name, cluster) else {
            let near =
                nearest(name, library.shelf(cluster).keys().map(String::as_str)).map(str::to_owned);
            return Err(Missing::Shared { near });
        };
        self.shelves.insert(scope.clone(), shelf(shared));
        Ok(())
    }
}

fn shelf(shared: &Shared) -> Shelf<'_> {
    let base = ["spec", "templates"]
        .into_iter()
        .fold(Path::root(), |path, key| path.key(key));
    Shelf {
        positions: positions(&shared.spec.templates),
        templates: Templates::Shared(&shared.spec.templates),
        origin: Arc::new(shared.origin.clone()),
        base,
        pod_metadata: shared.pod_metadata(),
    }
}

/// Name → position; of two templates of one name the first counts.
fn positions(templates: &[Template]) -> FxHashMap<String, usize> {
    let mut positions = FxHashMap::default();
    for (position, template) in templates.iter().enumerate() {
        positions.entry(template.name.clone()).or_insert(position);
    }
    positions
}

fn under(metadata: &mut Metadata, below: &Metadata) {
    for (key, value) in &below.labels {
        metadata
            .labels
            .entry(key.clone())
            .or_insert_with(|| value.clone());
    }
    for (key, value) in &below.annotations {
        metadata
            .annotations
            .entry(key.clone())
            .or_insert_with(|| value.clone());
    }
}

/// The fields of a template that say what it does.
const BODIES: [&str; 10] = [
    "container",
    "script",
    "steps",
    "dag",
    "suspend",
    "resource",
    "containerSet",
    "http",
    "data",
    "plugin",
];

impl Defaults {
    /// `template` with the defaults laid under it.
    fn under(&self, written: &Arc<Template>) -> Arc<Template> {
        if self.template.is_none() && (self.retry.is_none() || written.retry_strategy.is_some()) {
            return Arc::clone(written);
        }
        let mut template = Template::clone(written);
        if let Some(Value::Object(defaults)) = &self.template {
            template = merged(defaults.clone(), template);
        }
        if template.retry_strategy.is_none() {
            template.retry_strategy = self.retry.clone().map(Box::new);
        }
        Arc::new(template)
    }
}

fn merged(mut defaults: serde_json::Map<String, Value>, mut template: Template) -> Template {
    // Steps and tasks merge with nothing and may be many: they wait aside.
    let (steps, dag) = (std::mem::take(&mut template.steps), template.dag.take());
    let written = serde_json::to_value(&template).unwrap_or_default();
    defaults.remove("name");
    let default_dag = defaults.get("dag").cloned();
    for body in BODIES {
        if written.get(body).is_none() {
            defaults.remove(body);
        }
    }
    let value = merge::strategic(Value::Object(defaults), written);
    // What was written from a template and its defaults reads as a template again; if not, it stays as it was.
    let mut template = serde_json::from_value(value).unwrap_or(template);
    template.steps = steps;
    template.dag = dag;
    if let (Some(dag), Some(default)) = (&mut template.dag, default_dag) {
        dag.fail_fast = dag
            .fail_fast
            .or_else(|| default.get("failFast").and_then(Value::as_bool));
        dag.target = dag.target.take().or_else(|| {
            default
                .get("target")
                .and_then(Value::as_str)
                .map(str::to_owned)
        });
    }
    template
}
