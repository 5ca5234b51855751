//! The plan: a workflow with every name an index and every expression parsed. Immutable once made.
//!
//! A plan holds no state of a run. What a run has reached is `tiphys-core`'s.

use petgraph::graph::DiGraph;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use tiphys_expr::{Depends, Program, Text, Tree};
use tiphys_spec as spec;
use tiphys_spec::Path;

/// Index into [`Plan::templates`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TemplateId(pub u32);

/// Where a template's name is looked up (`templateScope` of Argo).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The workflow's own templates: `local/<workflow>`.
    Local,
    /// A WorkflowTemplate's: `namespaced/<name>`.
    Namespaced(String),
    /// A ClusterWorkflowTemplate's: `cluster/<name>`.
    Cluster(String),
}

impl Scope {
    /// The key of a template of this scope in `status.storedTemplates`; none for a workflow's own. Source: Argo.
    #[must_use]
    pub fn key(&self, template: &str) -> Option<String> {
        match self {
            Scope::Local => None,
            Scope::Namespaced(name) => Some(format!("namespaced/{name}/{template}")),
            Scope::Cluster(name) => Some(format!("cluster/{name}/{template}")),
        }
    }

    /// What such a key says.
    pub(crate) fn stored(key: &str) -> Option<(Scope, String)> {
        let (kind, rest) = key.split_once('/')?;
        let (name, template) = rest.split_once('/')?;
        let scope = match kind {
            "namespaced" => Scope::Namespaced(name.to_owned()),
            "cluster" => Scope::Cluster(name.to_owned()),
            _ => return None,
        };
        Some((scope, template.to_owned()))
    }
}

/// A workflow ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The effective workflow: `workflowTemplateRef` merged in, `spec.templates` emptied (they are in `templates`), status dropped.
    pub workflow: Arc<spec::Workflow>,
    /// Every template that may run, the entrypoint's first.
    pub templates: Vec<Template>,
    /// Who may call whom: one edge per call site, from caller to callee. Cycles are allowed (recursion by reference).
    pub calls: DiGraph<TemplateId, Arc<str>>,
    pub entrypoint: TemplateId,
    /// The workflow's arguments in order; a value may hold tags (global variables only).
    pub arguments: Vec<Input>,
    /// `spec.hooks.exit`, else `spec.onExit`.
    pub exit: Option<Hook>,
    /// `spec.hooks` but `exit`.
    pub hooks: Vec<Hook>,
    /// `spec.synchronization`.
    pub locks: Vec<Lock>,
    /// `spec.parallelism`.
    pub parallelism: Option<usize>,
    /// ConfigMaps given beside the workflow: name → key → value.
    pub config_maps: BTreeMap<String, BTreeMap<String, String>>,
    /// Every template that a reference made at run time (`templateRef` with tags) can find.
    pub library: FxHashMap<(Scope, String), TemplateId>,
    /// The templates of others that it is sure to refer to, as written: `status.storedTemplates`. Those that only a reference made at run
    /// time may find are not among them.
    pub stored: BTreeMap<String, Arc<spec::Template>>,
}

impl Plan {
    /// The template at `id`.
    #[must_use]
    pub fn template(&self, id: TemplateId) -> &Template {
        &self.templates[id.0 as usize]
    }

    /// The template of that name as seen from `scope`.
    #[must_use]
    pub fn find(&self, scope: &Scope, name: &str) -> Option<TemplateId> {
        self.library.get(&(scope.clone(), name.to_owned())).copied()
    }
}

/// One template, its expressions parsed.
#[derive(Clone, Debug)]
pub struct Template {
    pub id: TemplateId,
    /// Empty for an inline template.
    pub name: String,
    /// How the template is reached when not by its bare name in its own scope.
    pub scope: Scope,
    /// Defaults merged (`spec.templateDefaults`, retry strategy of the workflow).
    pub spec: Arc<spec::Template>,
    /// Where it stands in its source, for messages: `spec.templates[2]`.
    pub path: Path,
    pub inputs: Vec<Input>,
    pub input_artifacts: Vec<ArtifactInput>,
    pub outputs: Vec<Output>,
    pub output_artifacts: Vec<ArtifactOutput>,
    pub body: Body,
    pub retry: Option<Retry>,
    /// `timeout`: a duration.
    pub timeout: Option<Text>,
    /// `pendingTimeout`: a duration.
    pub pending_timeout: Option<Text>,
    /// `activeDeadlineSeconds`: seconds.
    pub active_deadline: Option<Text>,
    /// `parallelism` of a steps or dag template: children active at once.
    pub parallelism: Option<usize>,
    /// Template-level `failFast: true`: no new child once one has failed. (A DAG's own `failFast` is in [`Dag`].)
    pub fail_fast: bool,
    pub memoize: Option<Memoize>,
    pub locks: Vec<Lock>,
    pub daemon: bool,
}

/// What a template does.
#[derive(Clone, Debug)]
pub enum Body {
    /// container, script, resource: the template as JSON, tags parsed. `inputs`, `outputs.parameters` and what the engine itself
    /// evaluates (`retryStrategy`, `memoize`, `synchronization`, `metrics`) are left out of the tree: they are read from the fields above.
    Pod(Tree),
    Suspend {
        /// `suspend.duration`: seconds or a duration; none waits for a resume.
        duration: Option<Text>,
    },
    Steps(Vec<Vec<Call>>),
    Dag(Dag),
    /// A kind that a plug-in provides (`http`, `data`, `containerSet`, a key of `plugin`), and its body.
    Kind {
        kind: String,
        body: Tree,
    },
}

/// A DAG template.
#[derive(Clone, Debug)]
pub struct Dag {
    pub tasks: Vec<Task>,
    /// Dependency → dependant, node weight = index into `tasks` (equal to the node's own index).
    pub graph: DiGraph<u32, ()>,
    /// `dag.target`, else the tasks that no other depends on, sorted by name. Indexes into `tasks`.
    pub targets: Vec<u32>,
    /// `dag.target` where it has tags: task names, separated by spaces; then `targets` and `order` are those of the whole DAG.
    pub target: Option<Text>,
    /// Tasks that some target needs, targets included, in an order where dependencies come first.
    pub order: Vec<u32>,
    /// `dag.failFast`, true unless said otherwise.
    pub fail_fast: bool,
}

/// One task of a DAG.
#[derive(Clone, Debug)]
pub struct Task {
    pub call: Call,
    /// None for a root.
    pub depends: Option<Depends>,
    /// For each of `depends.tasks()`, the index of that task in the DAG.
    pub operands: Vec<u32>,
    /// The tasks waited for, each once, in order of mention.
    pub dependencies: Vec<u32>,
}

/// A call of a template: a step, a task, or a hook.
#[derive(Clone, Debug)]
pub struct Call {
    /// The step's, task's or hook's name.
    pub name: String,
    pub target: Target,
    /// `templateRef` as written, for the node's record; none for `template` and `inline`.
    pub reference: Option<spec::TemplateRef>,
    pub arguments: Vec<Argument>,
    pub artifacts: Vec<ArtifactArgument>,
    pub when: Option<Text>,
    pub each: Option<Loop>,
    pub continue_on: ContinueOn,
    /// `hooks` and `onExit`; the exit hook has the name `exit`.
    pub hooks: Vec<Hook>,
    /// The calling template mentions this call's `outputs.result`: it must be captured.
    pub capture_result: bool,
    /// Where it stands in its source.
    pub path: Path,
}

/// Which template a call reaches.
#[derive(Clone, Debug)]
pub enum Target {
    Template(TemplateId),
    /// A reference with tags, resolved at run time.
    Dynamic {
        /// `templateRef.name`; none for a bare `template` with tags.
        name: Option<Text>,
        template: Text,
        /// `templateRef.clusterScope`.
        cluster: bool,
        /// The calling template's scope, for a bare name.
        scope: Scope,
    },
}

/// `continueOn`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContinueOn {
    pub failed: bool,
    pub error: bool,
}

/// A loop over a call.
#[derive(Clone, Debug)]
pub enum Loop {
    /// `withItems`, never empty (Argo reads an empty list as no loop).
    Items(Vec<Tree>),
    /// `withParam`: must give a JSON list.
    Param(Text),
    /// `withSequence`.
    Sequence {
        count: Option<Text>,
        start: Option<Text>,
        end: Option<Text>,
        format: Option<Text>,
    },
}

/// `hooks.<name>`, or `onExit`.
#[derive(Clone, Debug)]
pub struct Hook {
    /// None on an exit hook without one: it always runs.
    pub expression: Option<HookExpression>,
    pub call: Call,
}

/// A hook's expression: tags are replaced first, then the whole is evaluated.
#[derive(Clone, Debug)]
pub enum HookExpression {
    /// No simple tags in it: parsed once.
    Parsed(Program),
    /// Has tags: parsed after each replacement.
    Tagged(Text),
}

/// A declared input parameter.
#[derive(Clone, Debug)]
pub struct Input {
    pub name: String,
    pub value: Option<Text>,
    pub default: Option<Text>,
    pub choices: Vec<String>,
    pub config_map: Option<ConfigMapKey>,
    /// `valueFrom.supplied`: given at run time.
    pub supplied: bool,
}

/// `valueFrom.configMapKeyRef`.
#[derive(Clone, Debug)]
pub struct ConfigMapKey {
    pub name: Text,
    pub key: Text,
    pub optional: bool,
    /// `valueFrom.default`.
    pub default: Option<Text>,
}

/// An argument parameter of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    pub name: String,
    pub value: Option<Text>,
    /// `valueFrom.expression` of an argument.
    pub expression: Option<Program>,
    pub config_map: Option<ConfigMapKey>,
}

/// A declared input artifact.
#[derive(Clone, Debug)]
pub struct ArtifactInput {
    pub name: String,
    /// The artifact as JSON, tags parsed: path, mode, location.
    pub tree: Tree,
    pub optional: bool,
    /// It has a location of its own (a driver with what it needs), so an argument is not needed.
    pub located: bool,
}

/// An argument artifact of a call.
#[derive(Clone, Debug)]
pub struct ArtifactArgument {
    pub name: String,
    pub source: ArtifactSource,
    pub sub_path: Option<Text>,
    pub optional: bool,
}

/// Where an artifact comes from.
#[derive(Clone, Debug)]
pub enum ArtifactSource {
    /// `from: "{{steps.a.outputs.artifacts.x}}"`, braces taken off.
    From(Text),
    /// `fromExpression`.
    Expression(Program),
    /// A location given in place.
    Located(Tree),
    /// Nothing said: left to the input's own location.
    None,
}

/// A declared output parameter.
#[derive(Clone, Debug)]
pub struct Output {
    pub name: String,
    pub global_name: Option<Text>,
    pub source: OutputSource,
    /// `valueFrom.default`, else `default`.
    pub default: Option<Text>,
}

/// Where an output parameter's value comes from.
#[derive(Clone, Debug)]
pub enum OutputSource {
    /// A file in the container.
    Path(Text),
    /// `valueFrom.parameter` of steps and dag templates: a tag, braces put back where they were left off.
    Parameter(Text),
    /// `valueFrom.expression`.
    Expression(Program),
    /// `valueFrom.supplied`: given at resume.
    Supplied,
    /// `valueFrom.jsonPath` of a resource.
    JsonPath(Text),
    /// `valueFrom.jqFilter` of a resource.
    JqFilter(Text),
    /// A fixed `value`, or nothing.
    Value(Option<Text>),
}

/// A declared output artifact.
#[derive(Clone, Debug)]
pub struct ArtifactOutput {
    pub name: String,
    pub global_name: Option<Text>,
    /// `from` and `fromExpression` of steps and dag templates; [`ArtifactSource::Located`] holds a container's own (path, archive, driver).
    pub source: ArtifactSource,
    pub optional: bool,
}

/// `retryStrategy`.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Further attempts after the first; none is without end.
    pub limit: Option<Text>,
    /// `OnFailure` unless said otherwise, `Always` where only an expression is given.
    pub policy: RetryPolicy,
    pub backoff: Option<Backoff>,
    /// Must hold for another attempt.
    pub expression: Option<HookExpression>,
}

/// `retryStrategy.retryPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryPolicy {
    Always,
    #[default]
    OnFailure,
    OnError,
    OnTransientError,
}

/// `retryStrategy.backoff`. Durations as seconds or Go durations.
#[derive(Clone, Debug)]
pub struct Backoff {
    pub duration: Text,
    pub factor: Option<Text>,
    pub cap: Option<Text>,
    pub max_duration: Option<Text>,
}

/// `memoize`.
#[derive(Clone, Debug)]
pub struct Memoize {
    pub key: Text,
    /// The cache's ConfigMap.
    pub cache: Text,
    /// Nanoseconds; none is without end.
    pub max_age: Option<i64>,
}

/// A mutex or semaphore of a `synchronization`.
#[derive(Clone, Debug)]
pub enum Lock {
    Mutex {
        name: Text,
        namespace: Option<Text>,
        database: bool,
    },
    ConfigMap {
        name: Text,
        key: Text,
        namespace: Option<Text>,
    },
    Database {
        key: Text,
        namespace: Option<Text>,
    },
}
