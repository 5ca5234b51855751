//! Container sets.

use super::limits::Units;
use super::pod::reserved;
use crate::origin::{At, suggest};
use crate::planner::Planner;
use crate::reach;
use petgraph::graph::DiGraph;
use rustc_hash::FxHashMap;
use tiphys_spec::{ContainerSetTemplate, Template};

impl Planner<'_> {
    pub(crate) fn check_container_set(
        &mut self,
        at: At<'_>,
        template: &Template,
        set: &ContainerSetTemplate,
    ) {
        let at = at.key("containerSet");
        if set.containers.is_empty() {
            self.report(at.error("empty-container-set", "the container set has no containers"));
        }
        let list = at.key("containers");
        let mut names: FxHashMap<&str, usize> = FxHashMap::default();
        for (index, container) in set.containers.iter().enumerate() {
            let at = list.index(index);
            if container.name.is_empty() {
                self.report(at.error("no-name", "the container has no name"));
            } else if names.insert(&container.name, index).is_some() {
                self.report(at.key("name").error(
                    "duplicate-name",
                    format!("there is another container `{}` beside it", container.name),
                ));
            }
            if let Some(reason) = reserved(&container.name) {
                self.report(at.key("name").error("reserved-name", reason));
            }
            self.check_image(at, container.image.as_deref(), &container.name);
            self.check_pull(
                at,
                container.image_pull_policy.as_deref(),
                container.termination_message_policy.as_deref(),
            );
        }
        let mut graph = DiGraph::new();
        for index in 0..set.containers.len() {
            graph.add_node(index as u32);
        }
        for (index, container) in set.containers.iter().enumerate() {
            for (position, name) in container.dependencies.iter().enumerate() {
                let at = list.index(index);
                let at = at.key("dependencies");
                match names.get(name.as_str()) {
                    Some(on) => {
                        graph.add_edge((*on as u32).into(), (index as u32).into(), ());
                    }
                    None => {
                        let fault = at.index(position).error(
                            "unknown-container",
                            format!("there is no container `{name}` in this set"),
                        );
                        self.report(suggest(fault, name, names.keys().copied()));
                    }
                }
            }
        }
        for cycle in reach::sort(&graph).err().into_iter().flatten() {
            let mut shown: Vec<&str> = cycle
                .iter()
                .map(|index| set.containers[*index as usize].name.as_str())
                .collect();
            shown.extend(shown.first().copied());
            let first = cycle.first().map_or(0, |index| *index as usize);
            let reason = format!("the containers wait for one another: {}", shown.join(" → "));
            self.report(list.index(first).error("cycle", reason));
        }
        self.check_main(at, template, set);
        if let Some(retry) = &set.retry_strategy {
            let at = at.key("retryStrategy");
            self.check_number(at, "retries", retry.retries.as_ref(), 0);
            self.check_duration(at, "duration", retry.duration.as_deref(), Units::Required);
        }
    }

    /// Outputs and input artifacts are those of the container named `main`.
    fn check_main(&mut self, at: At<'_>, template: &Template, set: &ContainerSetTemplate) {
        let outputs = template
            .outputs
            .as_deref()
            .is_some_and(|o| !o.parameters.is_empty() || !o.artifacts.is_empty());
        let artifacts = template
            .inputs
            .as_deref()
            .is_some_and(|inputs| !inputs.artifacts.is_empty());
        if (outputs || artifacts)
            && !set
                .containers
                .iter()
                .any(|container| container.name == "main")
        {
            let what = if outputs {
                "outputs"
            } else {
                "input artifacts"
            };
            let fault = at.error(
                "no-main",
                format!("a container set with {what} needs a container named `main`"),
            );
            self.report(fault.help("name the container that has them `main`"));
        }
    }
}
