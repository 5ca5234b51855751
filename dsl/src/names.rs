//! What a short name stands for, and what can be called by one.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::types::Type;

/// Names that begin a path which is taken as it stands.
pub(crate) const ROOTS: [&str; 24] = [
    "inputs",
    "outputs",
    "steps",
    "tasks",
    "workflow",
    "item",
    "pod",
    "node",
    "retries",
    "lastRetry",
    "status",
    "duration",
    "exitCode",
    "resourcesDuration",
    "cronworkflow",
    "payload",
    "metadata",
    "discriminator",
    "request",
    "response",
    "data",
    "sprig",
    "env",
    "template",
];

/// What a step or task has beside its outputs.
const OF_A_TASK: [&str; 7] = [
    "status",
    "id",
    "ip",
    "startedAt",
    "finishedAt",
    "hostNodeName",
    "name",
];
const OUTPUTS: [&str; 2] = ["result", "exitCode"];

#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub name: String,
    pub of: Option<Type>,
    /// It has a value of its own, or says where it gets one.
    pub provided: bool,
}

/// What a template takes and gives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signature {
    pub parameters: Vec<Input>,
    pub artifacts: Vec<Input>,
    pub out_parameters: FxHashMap<String, Option<Type>>,
    pub out_artifacts: FxHashSet<String>,
    /// It is written as fields, at least in part: there may be more than is seen.
    pub open: bool,
}

impl Signature {
    pub fn parameter(&self, name: &str) -> Option<&Input> {
        self.parameters.iter().find(|input| input.name == name)
    }

    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.parameters.iter().chain(&self.artifacts)
    }

    pub fn artifact(&self, name: &str) -> Option<&Input> {
        self.artifacts.iter().find(|input| input.name == name)
    }
}

/// What the whole object has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Globals {
    pub parameters: Vec<Input>,
    pub artifacts: Vec<Input>,
    pub templates: FxHashMap<String, Signature>,
}

/// The names that can be used at one place.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'g> {
    pub globals: &'g Globals,
    /// The template's own; none outside of templates.
    pub own: Option<&'g Signature>,
    /// `steps` or `tasks`.
    pub root: &'static str,
    /// Steps or tasks, each with the template it calls.
    pub tasks: std::rc::Rc<FxHashMap<String, Option<String>>>,
    pub item: Option<String>,
    /// Those of them that run in a loop: their outputs are lists.
    pub looped: std::rc::Rc<FxHashSet<String>>,
}

/// What a path means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meaning {
    pub path: Vec<String>,
    pub of: Option<Type>,
    pub artifact: bool,
    /// The step or task whose output it is.
    pub task: Option<String>,
}

impl Meaning {
    fn of(path: &[&str]) -> Meaning {
        Meaning {
            path: path.iter().map(|&part| part.to_owned()).collect(),
            of: None,
            artifact: false,
            task: None,
        }
    }

    fn typed(self, of: Option<&Type>) -> Meaning {
        Meaning {
            of: of.cloned(),
            ..self
        }
    }

    fn artifact(self) -> Meaning {
        Meaning {
            artifact: true,
            ..self
        }
    }
}

impl<'g> Scope<'g> {
    pub fn global(globals: &'g Globals) -> Scope<'g> {
        Scope {
            globals,
            own: None,
            root: "steps",
            tasks: std::rc::Rc::default(),
            item: None,
            looped: std::rc::Rc::default(),
        }
    }

    pub fn of(globals: &'g Globals, own: &'g Signature) -> Scope<'g> {
        Scope {
            own: Some(own),
            ..Scope::global(globals)
        }
    }

    pub fn looping(&self, item: &str) -> Scope<'g> {
        Scope {
            item: Some(item.to_owned()),
            ..self.clone()
        }
    }

    /// What a path stands for; none where nothing has such a name.
    pub fn resolve(&self, path: &[&str]) -> Option<Meaning> {
        let (first, rest) = path.split_first()?;
        if self.item.as_deref() == Some(first) {
            let full: Vec<&str> = std::iter::once("item")
                .chain(rest.iter().copied())
                .collect();
            return Some(Meaning::of(&full));
        }
        self.input(first, rest)
            .or_else(|| self.task(first, rest))
            .or_else(|| self.global_parameter(first, rest))
            .or_else(|| self.output(first, rest))
            .or_else(|| {
                ROOTS.contains(first).then(|| {
                    let meaning = Meaning::of(path);
                    match path {
                        ["steps" | "tasks", task, "outputs", kind, ..] => Meaning {
                            task: Some((*task).to_owned()),
                            artifact: *kind == "artifacts",
                            ..meaning
                        },
                        ["inputs", "artifacts", _] | ["workflow", "outputs", "artifacts", _] => {
                            meaning.artifact()
                        }
                        ["steps" | "tasks", task, ..] => Meaning {
                            task: Some((*task).to_owned()),
                            ..meaning
                        },
                        ["inputs", "parameters", name] => {
                            meaning.typed(self.own.and_then(|own| own.parameter(name)?.of.as_ref()))
                        }
                        _ => meaning,
                    }
                })
            })
    }

    fn input(&self, first: &str, rest: &[&str]) -> Option<Meaning> {
        let own = self.own?;
        match rest {
            [] => {
                if let Some(input) = own.parameter(first) {
                    return Some(
                        Meaning::of(&["inputs", "parameters", first]).typed(input.of.as_ref()),
                    );
                }
                own.artifact(first)?;
                Some(Meaning::of(&["inputs", "artifacts", first]).artifact())
            }
            ["path"] => {
                own.artifact(first)?;
                Some(Meaning::of(&["inputs", "artifacts", first, "path"]))
            }
            _ => None,
        }
    }

    fn task(&self, first: &str, rest: &[&str]) -> Option<Meaning> {
        let template = self.tasks.get(first)?;
        let (second, tail) = rest.split_first()?;
        let with = |parts: &[&str]| {
            let full: Vec<&str> = [self.root, first]
                .iter()
                .chain(parts)
                .chain(tail)
                .copied()
                .collect();
            Meaning {
                task: Some(first.to_owned()),
                ..Meaning::of(&full)
            }
        };
        if *second == "outputs" {
            let meaning = with(&["outputs"]);
            return Some(if tail.first() == Some(&"artifacts") {
                meaning.artifact()
            } else {
                meaning
            });
        }
        if OF_A_TASK.contains(second) {
            return Some(with(&[second]));
        }
        let signature = template
            .as_ref()
            .and_then(|name| self.globals.templates.get(name))
            .filter(|found| !found.open);
        if OUTPUTS.contains(second) {
            return Some(with(&["outputs", second]));
        }
        match signature {
            Some(signature) if signature.out_artifacts.contains(*second) => {
                Some(with(&["outputs", "artifacts", second]).artifact())
            }
            Some(signature) => {
                let of = signature.out_parameters.get(*second)?;
                let list = of
                    .as_ref()
                    .filter(|_| self.looped.contains(first))
                    .map(|of| Type::List(Box::new(of.clone())));
                Some(with(&["outputs", "parameters", second]).typed(list.as_ref().or(of.as_ref())))
            }
            // A template from elsewhere: its outputs are not known here.
            None => Some(with(&["outputs", "parameters", second])),
        }
    }

    fn global_parameter(&self, first: &str, rest: &[&str]) -> Option<Meaning> {
        let global = rest.is_empty().then(|| {
            self.globals
                .parameters
                .iter()
                .find(|input| input.name == *first)
        })??;
        Some(Meaning::of(&["workflow", "parameters", first]).typed(global.of.as_ref()))
    }

    fn output(&self, first: &str, rest: &[&str]) -> Option<Meaning> {
        let own = self.own?;
        let kind = match rest {
            ["path"] if own.out_parameters.contains_key(first) => "parameters",
            ["path"] if own.out_artifacts.contains(first) => "artifacts",
            _ => return None,
        };
        Some(Meaning::of(&["outputs", kind, first, "path"]))
    }

    /// The names that can begin a path here, for a suggestion.
    pub fn names(&self) -> Vec<&str> {
        let own = self
            .own
            .into_iter()
            .flat_map(|own| own.parameters.iter().chain(&own.artifacts));
        own.chain(&self.globals.parameters)
            .map(|input| input.name.as_str())
            .chain(self.tasks.keys().map(String::as_str))
            .chain(self.item.as_deref())
            .chain(ROOTS)
            .collect()
    }

    /// Why a path that cannot be resolved cannot, and what may have been meant.
    pub fn why_not(&self, path: &[&str]) -> (&'static str, String, String) {
        let first = path.first().copied().unwrap_or_default();
        if let Some(template) = self.tasks.get(first)
            && let Some(second) = path.get(1)
        {
            let outputs: Vec<&str> = match template
                .as_ref()
                .and_then(|name| self.globals.templates.get(name))
            {
                Some(signature) => {
                    let parameters = signature.out_parameters.keys().map(String::as_str);
                    parameters
                        .chain(signature.out_artifacts.iter().map(String::as_str))
                        .collect()
                }
                None => Vec::new(),
            };
            let candidates = outputs.iter().copied().chain(OF_A_TASK).chain(OUTPUTS);
            let help = crate::fault::did_you_mean(second, candidates);
            return (
                "unknown-output",
                format!("`{first}` has no output `{second}`"),
                help,
            );
        }
        if self.tasks.contains_key(first) {
            let message = format!("`{first}` is a task, not a value");
            return (
                "task-as-value",
                message,
                format!("name what it gives: `{first}.result`"),
            );
        }
        let mut help = crate::fault::did_you_mean(first, self.names());
        if help.is_empty()
            && let Some((left, right)) = first.split_once('-')
            && self.resolve(&[left]).is_some()
        {
            help = format!("put blanks around the minus: `{left} - {right}`");
        }
        (
            "unknown-name",
            format!("nothing is called `{first}` here"),
            help,
        )
    }
}
