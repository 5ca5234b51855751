//! Workflow to plan: the order in which things are found, planned and checked.

use crate::effective;
use crate::globals::Globals;
use crate::library::Library;
use crate::lower::Head;
use crate::origin::{At, Origin};
use crate::plan::{Plan, Scope, Target, Template, TemplateId};
use crate::registry::{Entry, Registry};
use petgraph::graph::DiGraph;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use tiphys_spec::{self as spec, Diagnostic, Path, Severity, diagnostic};

/// What a plan is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A look at the file: what may be given later is not missed.
    Lint,
    /// A run: everything must be there.
    Run,
}

/// A plan, and all that is wrong with the workflow.
#[derive(Clone, Debug)]
pub struct Planned {
    /// None where the diagnostics hold an error, or where parts of the workflow were not given.
    pub plan: Option<Plan>,
    /// Every fault, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Makes the plan of a workflow. `origin` says where the workflow was read from, for positions.
#[must_use]
pub fn plan(
    workflow: &spec::Workflow,
    origin: &Origin,
    library: &Library,
    purpose: Purpose,
) -> Planned {
    let base = Path::root().key("spec");
    run(workflow, origin, &base, library, purpose, Subject::Workflow)
}

/// What is being planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Workflow,
    /// The templates of a WorkflowTemplate, each on its own.
    Templates,
}

/// A reference to a task that is fine if the task comes before.
pub(crate) struct AncestorQuery {
    pub asking: u32,
    pub asked: u32,
    pub fault: Diagnostic,
}

pub(crate) struct Planner<'l> {
    pub library: &'l Library,
    pub purpose: Purpose,
    pub subject: Subject,
    pub registry: Registry<'l>,
    pub globals: Arc<Globals>,
    /// The volumes that every pod may mount.
    pub volumes: Arc<FxHashSet<String>>,
    /// The workflow patches its pods: they may have volumes that are not seen here.
    pub patched: bool,
    pub diagnostics: Vec<Diagnostic>,
    /// Something refers to what was not given; no plan can be made.
    pub incomplete: bool,
    /// Direct dependencies of the DAG that is being planned.
    pub direct: FxHashSet<(u32, u32)>,
    /// Questions of the DAG that is being planned.
    pub ancestors: Vec<AncestorQuery>,
    pub published: Vec<(&'static str, String, Diagnostic)>,
    pub after_end: Vec<(TemplateId, Diagnostic)>,
    /// Calls: caller, callee, name, and whether it is a hook's.
    pub calls: Vec<(TemplateId, TemplateId, Arc<str>, bool)>,
    /// Scopes whose templates a reference made at run time may reach.
    pub dynamic: Vec<Option<Scope>>,
    /// How many templates there are without those.
    pub fixed: Option<usize>,
}

impl Planner<'_> {
    pub(crate) fn report(&mut self, fault: Diagnostic) {
        self.diagnostics.push(fault);
    }

    /// A reference to something that was not given: an error for a run, a note for lint.
    pub(crate) fn not_given(
        &mut self,
        at: At<'_>,
        code: &'static str,
        reason: String,
    ) -> Diagnostic {
        self.incomplete = true;
        let severity = if self.purpose == Purpose::Run || self.library.complete {
            Severity::Error
        } else {
            Severity::Info
        };
        at.report(severity, code, reason)
    }
}

pub(crate) fn run(
    workflow: &spec::Workflow,
    origin: &Origin,
    base: &Path,
    library: &Library,
    purpose: Purpose,
    subject: Subject,
) -> Planned {
    let mut workflow = workflow.clone();
    workflow.status = None;
    let own_origin = Arc::new(origin.clone());
    let mut planner = Planner {
        library,
        purpose,
        subject,
        registry: Registry::new(library),
        globals: Arc::default(),
        volumes: Arc::default(),
        patched: false,
        diagnostics: Vec::new(),
        incomplete: false,
        direct: FxHashSet::default(),
        ancestors: Vec::new(),
        published: Vec::new(),
        after_end: Vec::new(),
        calls: Vec::new(),
        dynamic: Vec::new(),
        fixed: None,
    };
    let root = At::new(&own_origin, base);
    planner.merge(&mut workflow, &own_origin, root);
    planner.globals = Arc::new(Globals::new(
        &workflow.spec,
        &workflow.metadata,
        subject == Subject::Templates,
    ));
    planner.registry.defaults.template = workflow
        .spec
        .template_defaults
        .as_ref()
        .and_then(|defaults| serde_json::to_value(defaults).ok());
    planner.registry.defaults.retry = workflow.spec.retry_strategy.clone();
    planner.patched = workflow.spec.pod_spec_patch.is_some();
    planner.volumes = Arc::new(volumes(&workflow.spec));
    let head = planner.workflow(&workflow, root);
    if subject == Subject::Templates || !planner.incomplete || head.is_some() {
        planner.registry.all_own();
    }
    let templates = planner.templates();
    planner.finish(&templates, head.as_ref());
    let Planner {
        mut diagnostics,
        registry,
        incomplete,
        calls,
        fixed,
        ..
    } = planner;
    diagnostic::sort(&mut diagnostics);
    diagnostics.dedup();
    let plan = head
        .filter(|_| !incomplete && !diagnostic::has_errors(&diagnostics))
        .map(|head| {
            let mut graph = DiGraph::with_capacity(templates.len(), calls.len());
            for template in &templates {
                graph.add_node(template.id);
            }
            for (caller, callee, name, _) in calls {
                graph.add_edge(caller.0.into(), callee.0.into(), name);
            }
            Plan {
                workflow: Arc::new(workflow),
                stored: registry.stored(fixed.unwrap_or(templates.len())),
                templates,
                calls: graph,
                entrypoint: head.entrypoint,
                arguments: head.arguments,
                exit: head.exit,
                hooks: head.hooks,
                locks: head.locks,
                parallelism: head.parallelism,
                config_maps: library.config_maps.clone(),
                library: registry.into_ids(),
            }
        });
    Planned { plan, diagnostics }
}

/// The names of the volumes that every pod may mount.
fn volumes(spec: &spec::WorkflowSpec) -> FxHashSet<String> {
    let claims = spec
        .volume_claim_templates
        .iter()
        .filter_map(|claim| claim.metadata.name.clone());
    spec.volumes
        .iter()
        .map(|volume| volume.name.clone())
        .chain(claims)
        .collect()
}

impl Planner<'_> {
    /// Merges the `workflowTemplateRef` and the defaults in, and puts the workflow's templates on their shelf.
    fn merge(&mut self, workflow: &mut spec::Workflow, origin: &Arc<Origin>, root: At<'_>) {
        let mut templates = std::mem::take(&mut workflow.spec.templates);
        let (mut shelf_origin, mut shelf_base) = (Arc::clone(origin), root.key("templates").path());
        if let Some(reference) = &workflow.spec.workflow_template_ref {
            let at = root.key("workflowTemplateRef");
            if !templates.is_empty() {
                let fault = root.key("templates").key_error(
                    "templates-with-ref",
                    "a workflow with workflowTemplateRef has no templates of its own",
                );
                self.report(fault.help("remove one of the two"));
            }
            let cluster = reference.cluster_scope == Some(true);
            let library = self.library;
            match library.find(&reference.name, cluster) {
                Some(shared) => {
                    let over = std::mem::take(&mut workflow.spec);
                    let (spec, shared_templates) = effective::merged(over, shared);
                    workflow.spec = spec;
                    if templates.is_empty() {
                        templates = shared_templates;
                        shelf_origin = Arc::new(shared.origin.clone());
                        shelf_base = Path::root().key("spec").key("templates");
                    }
                }
                None => {
                    let kind = if cluster {
                        "ClusterWorkflowTemplate"
                    } else {
                        "WorkflowTemplate"
                    };
                    let reason = if reference.name.is_empty() {
                        "workflowTemplateRef needs a name".to_owned()
                    } else {
                        format!("there is no {kind} `{}` here", reference.name)
                    };
                    let at = at.key("name");
                    let fault = self.not_given(at, "unknown-workflow-template", reason);
                    let names = library.shelf(cluster).keys().map(String::as_str);
                    self.report(crate::origin::suggest(fault, &reference.name, names));
                }
            }
        }
        if let Some(defaults) = &self.library.defaults {
            workflow.spec = effective::laid(std::mem::take(&mut workflow.spec), defaults);
            templates = effective::joined(templates, &defaults.templates);
        }
        self.check_template_names(&templates, &shelf_origin, &shelf_base);
        self.registry.own(templates, shelf_origin, shelf_base);
    }

    /// Plans every template that has been asked for, and those that they ask for.
    fn templates(&mut self) -> Vec<Template> {
        let mut templates = Vec::new();
        let mut opened = 0;
        loop {
            while templates.len() < self.registry.entries.len() {
                let entry = Arc::clone(&self.registry.entries[templates.len()]);
                templates.push(self.template(&entry));
            }
            let Some(scope) = self.dynamic.get(opened).cloned() else {
                break;
            };
            opened += 1;
            self.fixed.get_or_insert(templates.len());
            self.ask_for_all(scope.as_ref());
        }
        templates
    }

    /// Asks for every template that a reference made at run time may name.
    fn ask_for_all(&mut self, scope: Option<&Scope>) {
        let library = self.library;
        let all = [false, true].into_iter().flat_map(|cluster| {
            library.shelf(cluster).iter().map(move |(name, shared)| {
                let scope = if cluster {
                    Scope::Cluster(name.clone())
                } else {
                    Scope::Namespaced(name.clone())
                };
                (scope, shared)
            })
        });
        for (of, shared) in all {
            if scope.is_none_or(|scope| *scope == of) {
                for template in &shared.spec.templates {
                    let _ = self.registry.find(&of, &template.name);
                }
            }
        }
    }

    /// Answers the questions that needed the whole graph.
    fn finish(&mut self, templates: &[Template], head: Option<&Head>) {
        let published = std::mem::take(&mut self.published);
        self.check_published(templates, published);
        let after_end = std::mem::take(&mut self.after_end);
        if let Some(head) = head {
            let main = self.reached(templates.len(), [head.entrypoint], false);
            let early = after_end
                .into_iter()
                .filter(|(id, _)| main.contains(&id.0))
                .map(|(_, fault)| fault);
            self.diagnostics.extend(early);
            let misnamed = self
                .diagnostics
                .iter()
                .any(|fault| fault.code == "unknown-template");
            if self.subject == Subject::Workflow
                && self.dynamic.is_empty()
                && !self.incomplete
                && !misnamed
            {
                self.check_reached(templates, head);
            }
        }
    }

    /// The templates that can be reached from `roots`, by calls and, if asked, hooks.
    pub(crate) fn reached(
        &self,
        count: usize,
        roots: impl IntoIterator<Item = TemplateId>,
        hooks: bool,
    ) -> FxHashSet<u32> {
        let mut callees: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (caller, callee, _, hook) in &self.calls {
            if hooks || !hook {
                callees[caller.0 as usize].push(callee.0);
            }
        }
        let mut seen: FxHashSet<u32> = FxHashSet::default();
        let mut open: Vec<u32> = roots.into_iter().map(|id| id.0).collect();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(&callees[id as usize]);
            }
        }
        seen
    }

    /// Keeps a call for the graph of calls.
    pub(crate) fn called(&mut self, caller: &Entry, target: &Target, name: &str, hook: bool) {
        if let Target::Template(callee) = target {
            self.calls.push((caller.id, *callee, name.into(), hook));
        }
    }
}
