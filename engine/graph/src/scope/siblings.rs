//! Steps and tasks beside the place: which of them are finished there, and what they have.

use super::{Fault, Names, Verdict, View};
use crate::registry::Entry;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::sync::Arc;
use tiphys_spec::Template;

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
    pub(super) fn sibling(&self, root: &str, rest: &[&str], leaf: bool) -> Verdict {
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
            return Fault::verdict(
                code,
                format!("there is no {what} `{name}` here: pass its output in as an argument"),
            );
        };
        match Fault::verdict(
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
            std::cmp::Ordering::Equal => Fault::verdict(
                "step-not-finished",
                format!("step `{name}` runs at the same time: its outputs are not known yet"),
            ),
            std::cmp::Ordering::Greater => Fault::verdict(
                "step-not-finished",
                format!("step `{name}` runs later: its outputs are not known yet"),
            ),
        };
        match self.view {
            View::All => Verdict::Fine,
            View::After { own, .. } if own == index => Verdict::Fine,
            View::Before { own, .. } if own == index => Fault::verdict(
                "step-not-finished",
                format!("step `{name}` refers to itself: its outputs are not known yet"),
            ),
            View::Before { group: mine, .. }
            | View::After {
                group: Some(mine), ..
            } => before(mine),
            View::Task(own) if own == index => Fault::verdict(
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
            ["ip", ..] if template.daemon != Some(true) => Fault::verdict(
                "unknown-output",
                format!("`{name}` has no ip: its template is no daemon"),
            ),
            ["outputs"] | ["outputs", "artifacts"] if !leaf => Verdict::Fine,
            ["outputs", "parameters"] if !leaf || callee.looped => Verdict::Fine,
            ["outputs", "parameters"] => Fault::verdict(
                "unknown-output",
                format!(
                    "`{name}` has no loop: only one of its output parameters has a value, not all of them"
                ),
            ),
            ["outputs", "result", ..] if callee.looped || gives_result(template) => Verdict::Fine,
            ["outputs", "result", ..] => Fault::verdict(
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
