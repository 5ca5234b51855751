//! DAG templates: tasks, what each waits for, targets and order.

use super::call::{Around, Raw};
use crate::origin::At;
use crate::plan::{Dag, Task};
use crate::planner::Planner;
use crate::reach;
use crate::registry::Entry;
use crate::scope::{Callee, Names, Siblings};
use petgraph::graph::DiGraph;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use tiphys_expr::Depends;
use tiphys_spec::{DagTask, DagTemplate};

/// What one task waits for.
#[derive(Default)]
pub(crate) struct Wiring {
    pub depends: Option<Depends>,
    pub operands: Vec<u32>,
    pub dependencies: Vec<u32>,
}

impl Planner<'_> {
    /// Looks for every task's template, before any of them is planned: outputs are known by their templates.
    pub(crate) fn task_siblings<'e>(
        &mut self,
        entry: &Arc<Entry>,
        at: At<'_>,
        dag: &'e DagTemplate,
    ) -> Siblings<'e> {
        let mut by_name: FxHashMap<&'e str, u32> = FxHashMap::default();
        let mut list = Vec::with_capacity(dag.tasks.len());
        let at = at.key("dag");
        let at = at.key("tasks");
        for (index, task) in dag.tasks.iter().enumerate() {
            let raw = Raw::from(task);
            let at = at.index(index);
            let target = self.resolve(at, &raw, &entry.scope, Some(entry));
            if !task.name.is_empty() && by_name.contains_key(task.name.as_str()) {
                let reason = format!("there is another task `{}` in this template", task.name);
                self.report(at.key("name").error("duplicate-name", reason));
            } else {
                by_name.insert(&task.name, index as u32);
            }
            list.push(Callee {
                target,
                looped: raw.looped(),
                group: index as u32,
            });
        }
        Siblings::new("tasks", by_name, list)
    }

    pub(crate) fn dag(
        &mut self,
        entry: &Arc<Entry>,
        at: At<'_>,
        dag: &DagTemplate,
        siblings: &Siblings<'_>,
        captured: &FxHashSet<&str>,
        names: &Names<'_>,
    ) -> Dag {
        let list = at.key("tasks");
        let wirings: Vec<Wiring> = dag
            .tasks
            .iter()
            .enumerate()
            .map(|(index, task)| self.wiring(list.index(index), task, index as u32, siblings))
            .collect();
        self.check_mixed(at, dag);
        let edges = || {
            wirings.iter().enumerate().flat_map(|(to, wiring)| {
                wiring
                    .dependencies
                    .iter()
                    .map(move |from| (*from, to as u32))
            })
        };
        self.direct = edges().map(|(from, to)| (to, from)).collect();
        let mut graph = DiGraph::with_capacity(dag.tasks.len(), self.direct.len());
        for index in 0..dag.tasks.len() {
            graph.add_node(index as u32);
        }
        for (from, to) in edges() {
            graph.add_edge(from.into(), to.into(), ());
        }
        let sorted = reach::sort(&graph);
        let targets = self.targets(at, dag, &graph, siblings);
        let needed = reach::needed(&graph, &targets);
        let mut tasks = Vec::with_capacity(dag.tasks.len());
        for ((index, task), wiring) in dag.tasks.iter().enumerate().zip(wirings) {
            let around = Around {
                caller: entry,
                siblings,
                own: index as u32,
                group: None,
                captured,
            };
            let call = self.call(list.index(index), &Raw::from(task), around, names);
            tasks.push(Task {
                call,
                depends: wiring.depends,
                operands: wiring.operands,
                dependencies: wiring.dependencies,
            });
        }
        let queries = std::mem::take(&mut self.ancestors);
        self.direct.clear();
        let order = match &sorted {
            Ok(order) => {
                self.check_ancestors(&graph, order, queries, dag);
                order
                    .iter()
                    .copied()
                    .filter(|task| needed[*task as usize])
                    .collect()
            }
            Err(cycles) => {
                for cycle in cycles {
                    self.check_cycle(list, cycle, dag);
                }
                Vec::new()
            }
        };
        self.check_needed(list, dag, &needed);
        let fail_fast = dag.fail_fast != Some(false);
        let target = dag.target.as_deref().filter(|text| text.contains("{{"));
        let target = self.optional(at.key("target"), target, names);
        Dag {
            tasks,
            graph,
            targets,
            target,
            order,
            fail_fast,
        }
    }

    /// `dag.target`, else the tasks that no other waits for, by name.
    fn targets(
        &mut self,
        at: At<'_>,
        dag: &DagTemplate,
        graph: &DiGraph<u32, ()>,
        siblings: &Siblings<'_>,
    ) -> Vec<u32> {
        let named: Vec<&str> = dag
            .target
            .as_deref()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        if named.iter().any(|name| name.contains("{{")) || named.is_empty() {
            let last = |task: &u32| graph.neighbors((*task).into()).next().is_none();
            let mut targets: Vec<u32> = (0..dag.tasks.len() as u32).filter(last).collect();
            targets.sort_by(|a, b| {
                dag.tasks[*a as usize]
                    .name
                    .cmp(&dag.tasks[*b as usize].name)
            });
            return targets;
        }
        let mut targets = Vec::with_capacity(named.len());
        let mut seen = FxHashSet::default();
        for name in named {
            match siblings.by_name.get(name) {
                Some(index) if seen.insert(*index) => targets.push(*index),
                Some(_) => {}
                None => self.unknown_target(
                    at.key("target"),
                    dag.target.as_deref().unwrap_or_default(),
                    name,
                    siblings,
                ),
            }
        }
        targets
    }

    /// Reads a task's `depends` or `dependencies`.
    fn wiring(&mut self, at: At<'_>, task: &DagTask, own: u32, siblings: &Siblings<'_>) -> Wiring {
        let depends = match task
            .depends
            .as_deref()
            .filter(|depends| !depends.trim().is_empty())
        {
            Some(written) => self.depends(at.key("depends"), written, own, siblings),
            None if task.dependencies.is_empty() => None,
            None => self.dependencies(at.key("dependencies"), &task.dependencies, own, siblings),
        };
        let Some((depends, operands)) = depends else {
            return Wiring::default();
        };
        let mut seen = FxHashSet::default();
        let dependencies = operands
            .iter()
            .copied()
            .filter(|task| seen.insert(*task))
            .collect();
        Wiring {
            depends: Some(depends),
            operands,
            dependencies,
        }
    }
}
