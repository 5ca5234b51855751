//! What a name means where it stands: workflow variables, inputs, outputs, steps, tasks, items.

use crate::globals::Globals;
use crate::registry::Entry;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::sync::Arc;
use tiphys_spec::{Template, diagnostic::nearest};

/// Steps or tasks of one template, as far as a reference needs to know them.
pub(crate) struct Siblings<'a> {
    /// `steps` or `tasks`.
    pub root: &'static str,
    pub by_name: FxHashMap<&'a str, u32>,
    pub list: Vec<Callee>,
    /// Comparisons left for "did you mean": a file of a hundred thousand wrong names must not cost their square.
    budget: Cell<usize>,
}

impl<'a> Siblings<'a> {
    pub fn new(
        root: &'static str,
        by_name: FxHashMap<&'a str, u32>,
        list: Vec<Callee>,
    ) -> Siblings<'a> {
        Siblings {
            root,
            by_name,
            list,
            budget: Cell::new(2_000_000),
        }
    }

    /// The names to compare a wrong one with; none once there have been too many.
    pub fn candidates(&self) -> impl Iterator<Item = &'a str> + Clone + '_ {
        let left = self.budget.get().checked_sub(self.by_name.len());
        self.budget.set(left.unwrap_or(0));
        let names = left.is_some().then(|| self.by_name.keys().copied());
        names.into_iter().flatten()
    }
}

/// What is known of a step or task before it is planned.
#[derive(Clone)]
pub(crate) struct Callee {
    /// None where it is known at run time only, or could not be resolved.
    pub target: Option<Arc<Entry>>,
    pub looped: bool,
    /// Position of its group; of the task itself in a DAG.
    pub group: u32,
}

/// Which siblings a place may refer to.
#[derive(Clone, Copy)]
pub(crate) enum View {
    /// All of them: outputs.
    All,
    /// The steps of the groups before this one's.
    Before { own: u32, group: u32 },
    /// The tasks that this task waits for.
    Task(u32),
    /// As the two above, and the step or task itself: its hooks.
    After { own: u32, group: Option<u32> },
}

/// What `item` is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    None,
    /// A value without fields.
    Plain,
    /// Maps with these fields.
    Keys(&'a [String]),
    /// Known at run time.
    Open,
}

/// What kind of text it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The body of a template that runs as one: what is unknown stays in the text.
    Body,
    /// Steps, tasks, hooks, outputs.
    Call,
    Metric,
    Retry,
    /// Outside all templates.
    Workflow,
    /// An http template's body and conditions, a data template's transformations.
    Plugin,
}

/// The names in scope at one place.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub globals: &'a Globals,
    pub entry: Option<&'a Arc<Entry>>,
    pub siblings: Option<&'a Siblings<'a>>,
    pub view: View,
    pub item: Item<'a>,
    pub place: Place,
}

/// What a reference comes to.
pub(crate) enum Verdict {
    Fine,
    /// Its root is none of ours: it is left in the text.
    Foreign,
    Fault(Fault),
    /// Fine if task `asked` comes before task `asking`.
    Ancestor {
        asking: u32,
        asked: u32,
    },
    /// Fine if some template publishes an output under that name.
    Published {
        kind: &'static str,
        name: String,
    },
    /// Fine where the workflow has ended.
    AfterEnd,
}

pub(crate) struct Fault {
    pub code: &'static str,
    pub reason: String,
    pub help: Option<String>,
    /// Argo accepts it as well, and leaves it in the text.
    pub lenient: bool,
}

impl Fault {
    pub fn new(code: &'static str, reason: impl Into<String>) -> Verdict {
        Verdict::Fault(Fault {
            code,
            reason: reason.into(),
            help: None,
            lenient: false,
        })
    }

    /// With a "did you mean" for the last part of the name, `prefix` being what stands before it.
    pub fn near<'c>(
        code: &'static str,
        reason: String,
        prefix: &str,
        written: &str,
        known: impl Iterator<Item = &'c str> + Clone,
    ) -> Verdict {
        let help = nearest(written, known.clone())
            .map(|near| format!("did you mean `{prefix}{near}`?"))
            .or_else(|| {
                let dashed = known.clone().find(|name| {
                    name.strip_prefix(written)
                        .is_some_and(|rest| rest.starts_with('-'))
                })?;
                let prefix = prefix.trim_end_matches('.');
                Some(format!(
                    "a name with a dash needs brackets: `{prefix}['{dashed}']`"
                ))
            });
        Verdict::Fault(Fault {
            code,
            reason,
            help,
            lenient: false,
        })
    }
}

/// The roots that Argo checks in simple tags.
pub(crate) const CHECKED: [&str; 7] = [
    "item", "steps", "inputs", "outputs", "pod", "workflow", "tasks",
];

/// What every step and task has.
const CALL_FIELDS: [&str; 8] = [
    "id",
    "ip",
    "status",
    "exitCode",
    "startedAt",
    "finishedAt",
    "hostNodeName",
    "outputs",
];

impl Names<'_> {
    /// What `path` means here. `leaf`: it must be a value (a simple tag), not just the beginning of one (an expression).
    pub fn verdict(&self, path: &[&str], leaf: bool) -> Verdict {
        match path {
            ["steps" | "tasks", "name"] | ["node", "name"] => Verdict::Fine,
            [root @ ("steps" | "tasks"), rest @ ..] => self.sibling(root, rest, leaf),
            ["inputs", rest @ ..] => self.input(rest, leaf),
            ["outputs", rest @ ..] => self.output(rest),
            ["workflow", rest @ ..] => {
                self.globals
                    .verdict(rest, leaf, self.place == Place::Workflow)
            }
            ["item", rest @ ..] => self.item(rest),
            ["pod", rest @ ..] => self.pod(rest),
            _ => Verdict::Foreign,
        }
    }

    fn template(&self) -> Option<&Template> {
        self.entry.map(|entry| &*entry.spec)
    }

    fn input(&self, rest: &[&str], leaf: bool) -> Verdict {
        let Some(entry) = self.entry else {
            return Fault::new(
                "input-outside-template",
                "there are no inputs outside of templates",
            );
        };
        // An inline template sees the inputs of the template it stands in.
        let chain = || {
            std::iter::successors(Some(entry), |entry| entry.outer.as_ref())
                .filter_map(|e| e.spec.inputs.as_deref())
        };
        let (what, names): (&str, Vec<&str>) = match rest.first() {
            None | Some(&"parameters" | &"artifacts") if rest.len() < 2 => return Verdict::Fine,
            Some(&"parameters") => (
                "parameter",
                chain()
                    .flat_map(|i| &i.parameters)
                    .map(|p| p.name.as_str())
                    .collect(),
            ),
            Some(&"artifacts") => (
                "artifact",
                chain()
                    .flat_map(|i| &i.artifacts)
                    .map(|a| a.name.as_str())
                    .collect(),
            ),
            Some(other) => {
                let reason = format!("inputs have parameters and artifacts, not `{other}`");
                return Fault::near(
                    "unknown-variable",
                    reason,
                    "inputs.",
                    other,
                    ["parameters", "artifacts"].into_iter(),
                );
            }
            None => return Verdict::Fine,
        };
        let (name, tail) = (rest[1], &rest[2..]);
        if !names.contains(&name) {
            let code = if what == "parameter" {
                "unknown-input-parameter"
            } else {
                "unknown-input-artifact"
            };
            let reason = format!("the template has no input {what} `{name}`");
            return Fault::near(
                code,
                reason,
                &format!("inputs.{what}s."),
                name,
                names.into_iter(),
            );
        }
        match (what, tail) {
            ("parameter", []) | ("artifact", [] | ["path"]) => Verdict::Fine,
            _ if !leaf => Verdict::Fine,
            _ => Fault::new(
                "unknown-variable",
                format!("input {what} `{name}` has no `{}`", tail.join(".")),
            ),
        }
    }

    /// Argo accepts anything under `outputs.`; what is not there stays in the text.
    fn output(&self, rest: &[&str]) -> Verdict {
        let Some(outputs) = self.template().and_then(|t| t.outputs.as_deref()) else {
            return Verdict::Fine;
        };
        let (what, names): (&str, Vec<&str>) = match rest {
            ["parameters", _, ..] => (
                "parameter",
                outputs.parameters.iter().map(|p| p.name.as_str()).collect(),
            ),
            ["artifacts", _, ..] => (
                "artifact",
                outputs.artifacts.iter().map(|a| a.name.as_str()).collect(),
            ),
            _ => return Verdict::Fine,
        };
        if names.contains(&rest[1]) {
            return Verdict::Fine;
        }
        let reason = format!("the template has no output {what} `{}`", rest[1]);
        match Fault::near(
            "unknown-own-output",
            reason,
            &format!("outputs.{what}s."),
            rest[1],
            names.into_iter(),
        ) {
            Verdict::Fault(fault) => Verdict::Fault(Fault {
                lenient: true,
                ..fault
            }),
            other => other,
        }
    }

    fn item(&self, rest: &[&str]) -> Verdict {
        let inline = self.entry.is_some_and(|entry| entry.outer.is_some());
        match (self.item, rest) {
            (Item::None, _) if inline => Verdict::Fine,
            (Item::None, []) => match Fault::new(
                "item-outside-loop",
                "`item` has no value here: there is no loop",
            ) {
                Verdict::Fault(fault) => Verdict::Fault(Fault {
                    lenient: true,
                    ..fault
                }),
                other => other,
            },
            (Item::None, _) => Fault::new(
                "item-outside-loop",
                "`item` has no value here: there is no loop",
            ),
            (_, []) | (Item::Open, _) => Verdict::Fine,
            (Item::Plain, [key, ..]) => Fault::new(
                "unknown-item-key",
                format!("the items of this loop are no maps: they have no `{key}`"),
            ),
            (Item::Keys(keys), _) => {
                let key = rest.join(".");
                if keys.contains(&key) || keys.iter().any(|k| k == rest[0]) {
                    return Verdict::Fine;
                }
                let reason = format!("no item of this loop has `{key}`");
                Fault::near(
                    "unknown-item-key",
                    reason,
                    "item.",
                    &key,
                    keys.iter().map(String::as_str),
                )
            }
        }
    }

    fn pod(&self, rest: &[&str]) -> Verdict {
        let parent = self
            .template()
            .is_some_and(|t| !t.steps.is_empty() || t.dag.is_some());
        match rest {
            ["name"] if parent && self.place == Place::Call => Fault::new(
                "pod-outside-pod",
                "`pod.name` has no value here: a steps or dag template has no pod",
            ),
            ["name"] | [] => Verdict::Fine,
            _ => Fault::near(
                "unknown-variable",
                format!("there is no `pod.{}`", rest.join(".")),
                "pod.",
                rest[0],
                ["name"].into_iter(),
            ),
        }
    }

    fn sibling(&self, root: &str, rest: &[&str], leaf: bool) -> Verdict {
        let Some((name, field)) = rest.split_first() else {
            return Verdict::Fine;
        };
        let Some(siblings) = self.siblings.filter(|siblings| siblings.root == root) else {
            return self.stranger(root, name);
        };
        let Some(&index) = siblings.by_name.get(name) else {
            if self.entry.is_some_and(|entry| entry.outer.is_some()) {
                return Verdict::Fine;
            }
            let what = if root == "steps" { "step" } else { "task" };
            let code = if root == "steps" {
                "unknown-step"
            } else {
                "unknown-task"
            };
            let reason = format!("there is no {what} `{name}` in this template");
            return Fault::near(
                code,
                reason,
                &format!("{root}."),
                name,
                siblings.candidates(),
            );
        };
        match self.seen(siblings, index, name) {
            Verdict::Fine => self.field(&siblings.list[index as usize], root, name, field, leaf),
            Verdict::Ancestor { asking, asked } => {
                match self.field(&siblings.list[index as usize], root, name, field, leaf) {
                    Verdict::Fine => Verdict::Ancestor { asking, asked },
                    fault => fault,
                }
            }
            other => other,
        }
    }

    /// A reference to steps where there are none: an inline template may mean those around it.
    fn stranger(&self, root: &str, name: &str) -> Verdict {
        if self.entry.is_some_and(|entry| entry.outer.is_some()) {
            return Verdict::Fine;
        }
        let (code, what) = if root == "steps" {
            ("unknown-step", "step")
        } else {
            ("unknown-task", "task")
        };
        let Some(siblings) = self.siblings else {
            return Fault::new(
                code,
                format!("there is no {what} `{name}` here: pass its output in as an argument"),
            );
        };
        match Fault::new(
            code,
            format!(
                "there is no {what} `{name}` here: this template has {}",
                siblings.root
            ),
        ) {
            Verdict::Fault(fault) if siblings.by_name.contains_key(name) => Verdict::Fault(Fault {
                help: Some(format!("did you mean `{}.{name}`?", siblings.root)),
                ..fault
            }),
            other => other,
        }
    }

    fn seen(&self, siblings: &Siblings<'_>, index: u32, name: &str) -> Verdict {
        let group = siblings.list[index as usize].group;
        let before = |mine: u32| match group.cmp(&mine) {
            std::cmp::Ordering::Less => Verdict::Fine,
            std::cmp::Ordering::Equal => Fault::new(
                "step-not-finished",
                format!("step `{name}` runs at the same time: its outputs are not known yet"),
            ),
            std::cmp::Ordering::Greater => Fault::new(
                "step-not-finished",
                format!("step `{name}` runs later: its outputs are not known yet"),
            ),
        };
        match self.view {
            View::All => Verdict::Fine,
            View::After { own, .. } if own == index => Verdict::Fine,
            View::Before { own, .. } if own == index => Fault::new(
                "step-not-finished",
                format!("step `{name}` refers to itself: its outputs are not known yet"),
            ),
            View::Before { group: mine, .. }
            | View::After {
                group: Some(mine), ..
            } => before(mine),
            View::Task(own) if own == index => Fault::new(
                "task-not-finished",
                format!("task `{name}` refers to itself: its outputs are not known yet"),
            ),
            View::Task(own) | View::After { own, group: None } => Verdict::Ancestor {
                asking: own,
                asked: index,
            },
        }
    }

    fn field(
        &self,
        callee: &Callee,
        root: &str,
        name: &str,
        field: &[&str],
        leaf: bool,
    ) -> Verdict {
        let full = || format!("{root}.{name}.");
        let Some(target) = callee.target.as_ref() else {
            return Verdict::Fine;
        };
        let template = &*target.spec;
        match field {
            [] => Verdict::Fine,
            ["ip", ..] if template.daemon != Some(true) => Fault::new(
                "unknown-output",
                format!("`{name}` has no ip: its template is no daemon"),
            ),
            ["outputs"] | ["outputs", "artifacts"] if !leaf => Verdict::Fine,
            ["outputs", "parameters"] if !leaf || callee.looped => Verdict::Fine,
            ["outputs", "result", ..] if callee.looped || gives_result(template) => Verdict::Fine,
            ["outputs", "result", ..] => Fault::new(
                "unknown-output",
                format!(
                    "`{name}` has no outputs.result: its template `{}` has none",
                    target.name
                ),
            ),
            ["outputs", "exitCode"] => Verdict::Fine,
            ["outputs", kind @ ("parameters" | "artifacts"), output, ..] => {
                let names: Vec<&str> = outputs(template, kind).collect();
                if names.contains(output) {
                    return Verdict::Fine;
                }
                let what = if *kind == "parameters" {
                    "parameter"
                } else {
                    "artifact"
                };
                let reason = format!("`{name}` has no output {what} `{output}`");
                Fault::near(
                    "unknown-output",
                    reason,
                    &format!("{}outputs.{kind}.", full()),
                    output,
                    names.into_iter(),
                )
            }
            ["outputs", rest @ ..] => {
                let kinds = ["parameters", "artifacts", "result"].into_iter();
                let reason = format!("`{name}` has no `outputs.{}`", rest.join("."));
                let written = rest.first().copied().unwrap_or_default();
                Fault::near(
                    "unknown-output",
                    reason,
                    &format!("{}outputs.", full()),
                    written,
                    kinds,
                )
            }
            [one] if CALL_FIELDS.contains(one) => Verdict::Fine,
            [one, ..] => Fault::near(
                "unknown-output",
                format!("`{name}` has no `{one}`"),
                &full(),
                one,
                CALL_FIELDS.into_iter(),
            ),
        }
    }
}

fn outputs<'t>(template: &'t Template, kind: &str) -> impl Iterator<Item = &'t str> + use<'t> {
    let outputs = template.outputs.as_deref();
    let parameters = kind == "parameters";
    let (parameters, artifacts) = (
        outputs.filter(|_| parameters),
        outputs.filter(|_| !parameters),
    );
    parameters
        .into_iter()
        .flat_map(|o| o.parameters.iter().map(|p| p.name.as_str()))
        .chain(
            artifacts
                .into_iter()
                .flat_map(|o| o.artifacts.iter().map(|a| a.name.as_str())),
        )
}

/// Whether a template of that kind can have an `outputs.result`.
pub(crate) fn gives_result(template: &Template) -> bool {
    template.container.is_some()
        || template.script.is_some()
        || template.data.is_some()
        || template.http.is_some()
        || template.plugin.is_some()
        || template
            .container_set
            .as_ref()
            .is_some_and(|set| set.containers.iter().any(|c| c.name == "main"))
        || template
            .outputs
            .as_ref()
            .is_some_and(|outputs| outputs.result.is_some())
}
