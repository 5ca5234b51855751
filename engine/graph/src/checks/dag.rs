//! DAGs: `depends`, `dependencies`, targets, cycles, tasks that nothing needs, references to tasks that are not waited for.

use crate::origin::{At, suggest};
use crate::planner::{AncestorQuery, Planner};
use crate::reach;
use crate::scope::Siblings;
use crate::tags::clamp;
use petgraph::graph::DiGraph;
use rustc_hash::FxHashSet;
use tiphys_expr::{Depends, TaskResult};
use tiphys_spec::{DagTask, DagTemplate, Severity};

impl Planner<'_> {
    /// Reads `depends`; with it the task of each operand, unknown ones left out.
    pub(crate) fn depends(
        &mut self,
        at: At<'_>,
        written: &str,
        own: u32,
        siblings: &Siblings<'_>,
    ) -> Option<(Depends, Vec<u32>)> {
        let depends = match Depends::parse(written) {
            Ok(depends) => depends,
            Err(error) => {
                let message = format!("depends cannot be read: {}", error.message);
                let fault = at.within(
                    clamp(written, error.offset, 1),
                    Severity::Error,
                    "depends-syntax",
                    message,
                );
                self.report(match error.suggestion {
                    Some(near) => fault.help(format!("did you mean `{near}`?")),
                    None => fault,
                });
                return None;
            }
        };
        let mut operands = Vec::with_capacity(depends.tasks().len());
        for task in depends.tasks() {
            let within = |code, reason: String| {
                at.within(
                    clamp(written, task.offset, task.name.len()),
                    Severity::Error,
                    code,
                    reason,
                )
            };
            match siblings.by_name.get(task.name.as_str()).copied() {
                None => {
                    let fault = within(
                        "unknown-task",
                        format!("there is no task `{}` in this template", task.name),
                    );
                    self.report(suggest(fault, &task.name, siblings.candidates()));
                }
                Some(index) if index == own => self.report(within(
                    "self-dependency",
                    "the task depends on itself".to_owned(),
                )),
                Some(index) => {
                    let group = matches!(
                        task.result,
                        Some(TaskResult::AnySucceeded | TaskResult::AllFailed)
                    );
                    if let (true, Some(result)) =
                        (group && !siblings.list[index as usize].looped, task.result)
                    {
                        let reason = format!(
                            "`{}.{}` asks for a loop's children: task `{0}` has no loop",
                            task.name,
                            result.name()
                        );
                        let instead = if result == TaskResult::AllFailed {
                            "Failed"
                        } else {
                            "Succeeded"
                        };
                        self.report(
                            within("depends-loop", reason)
                                .help(format!("use `{}.{instead}`", task.name)),
                        );
                    }
                    operands.push(index);
                }
            }
        }
        Some((depends, operands))
    }

    /// Reads `dependencies`; with it the task of each, unknown ones left out.
    pub(crate) fn dependencies(
        &mut self,
        at: At<'_>,
        names: &[String],
        own: u32,
        siblings: &Siblings<'_>,
    ) -> Option<(Depends, Vec<u32>)> {
        let mut operands = Vec::with_capacity(names.len());
        for (position, name) in names.iter().enumerate() {
            let at = at.index(position);
            match siblings.by_name.get(name.as_str()).copied() {
                None => {
                    let fault = at.error(
                        "unknown-task",
                        format!("there is no task `{name}` in this template"),
                    );
                    self.report(suggest(fault, name, siblings.candidates()));
                }
                Some(index) if index == own => {
                    self.report(at.error("self-dependency", "the task depends on itself"))
                }
                Some(index) => operands.push(index),
            }
        }
        Some((Depends::all(names), operands))
    }

    /// `depends` and `dependencies` in one DAG, `continueOn` beside `depends`, names that cannot be depended on.
    pub(crate) fn check_mixed(&mut self, at: At<'_>, dag: &DagTemplate) {
        let enhanced = |task: &DagTask| {
            task.depends
                .as_deref()
                .is_some_and(|depends| !depends.trim().is_empty())
        };
        let uses_depends = dag.tasks.iter().any(enhanced);
        let list = at.key("tasks");
        for (index, task) in dag.tasks.iter().enumerate() {
            let at = list.index(index);
            if uses_depends && !task.dependencies.is_empty() {
                let reason = if enhanced(task) {
                    "a task has either depends or dependencies"
                } else {
                    "dependencies cannot be mixed with the depends of other tasks in one dag"
                };
                let help = format!("write depends: {}", task.dependencies.join(" && "));
                self.report(
                    at.key("dependencies")
                        .key_error("mixed-depends", reason)
                        .help(help),
                );
            }
            if uses_depends && task.continue_on.is_some() {
                let fault = at.key("continueOn").key_error(
                    "continue-on-with-depends",
                    "continueOn has no place in a dag that uses depends",
                );
                self.report(fault.help(format!(
                    "let its dependants say `{0} || {0}.Failed`",
                    task.name
                )));
            }
            let waits = enhanced(task) || !task.dependencies.is_empty();
            if waits && task.name.starts_with(|c: char| c.is_ascii_digit()) {
                let reason = format!(
                    "task `{}` starts with a digit: with depends or dependencies it may not",
                    task.name
                );
                self.report(at.key("name").error("task-name-digit", reason));
            }
        }
    }

    pub(crate) fn unknown_target(
        &mut self,
        at: At<'_>,
        written: &str,
        name: &str,
        siblings: &Siblings<'_>,
    ) {
        let start = name.as_ptr() as usize - written.as_ptr() as usize;
        let fault = at.within(
            clamp(written, start, name.len()),
            Severity::Error,
            "unknown-target",
            format!("there is no task `{name}`"),
        );
        self.report(suggest(fault, name, siblings.candidates()));
    }

    pub(crate) fn check_cycle(&mut self, list: At<'_>, cycle: &[u32], dag: &DagTemplate) {
        let Some(first) = cycle.first() else { return };
        let name = |task: &u32| dag.tasks[*task as usize].name.as_str();
        let mut shown: Vec<&str> = cycle.iter().take(12).map(name).collect();
        if cycle.len() > shown.len() {
            shown.push("…");
        }
        shown.push(name(first));
        let at = list.index(*first as usize);
        let fault = at.error(
            "cycle",
            format!("the tasks wait for one another: {}", shown.join(" → ")),
        );
        self.report(fault.help("a dag has no cycles: leave one of the dependencies out"));
    }

    /// Tasks that no target needs never run.
    pub(crate) fn check_needed(&mut self, list: At<'_>, dag: &DagTemplate, needed: &[bool]) {
        if dag.target.as_deref().unwrap_or_default().trim().is_empty() {
            return;
        }
        for (index, task) in dag
            .tasks
            .iter()
            .enumerate()
            .filter(|(index, _)| !needed[*index])
        {
            let reason = format!("task `{}` never runs: no target needs it", task.name);
            self.report(list.index(index).warning("unneeded-task", reason));
        }
    }

    /// References to tasks that are not waited for.
    pub(crate) fn check_ancestors(
        &mut self,
        graph: &DiGraph<u32, ()>,
        order: &[u32],
        queries: Vec<AncestorQuery>,
        dag: &DagTemplate,
    ) {
        let pairs: Vec<(u32, u32)> = queries
            .iter()
            .map(|query| (query.asking, query.asked))
            .collect();
        let answers = reach::before(graph, order, &pairs);
        let mut told = FxHashSet::default();
        for (query, _) in queries
            .into_iter()
            .zip(answers)
            .filter(|(_, before)| !before)
        {
            let (asking, asked) = (
                &dag.tasks[query.asking as usize],
                &dag.tasks[query.asked as usize],
            );
            let mut fault = query.fault;
            fault.message = format!(
                "task `{}` does not wait for `{}`: its outputs are not known yet",
                asking.name, asked.name
            );
            let first = told.insert((query.asking, query.asked));
            self.report(if first {
                fault.help(format!("add `{}` to its depends", asked.name))
            } else {
                fault
            });
        }
    }
}
