//! What a workflow has beside its templates: entrypoint, arguments, hooks, locks.

use crate::origin::At;
use crate::plan::{Hook, Input, Lock, Scope, TemplateId};
use crate::planner::{Planner, Subject};
use crate::scope::{Item, Names, Place, View};
use std::sync::Arc;
use tiphys_spec::Workflow;

/// The parts of a plan that are not templates.
pub(crate) struct Head {
    pub entrypoint: TemplateId,
    pub arguments: Vec<Input>,
    pub exit: Option<Hook>,
    pub hooks: Vec<Hook>,
    pub locks: Vec<Lock>,
    pub parallelism: Option<usize>,
}

impl Planner<'_> {
    /// Plans the workflow's own fields. None where the workflow has no usable entrypoint.
    pub(crate) fn workflow(&mut self, workflow: &Workflow, at: At<'_>) -> Option<Head> {
        let globals = Arc::clone(&self.globals);
        let spec = &workflow.spec;
        let names = Names {
            globals: &globals,
            entry: None,
            siblings: None,
            view: View::All,
            item: Item::None,
            place: Place::Workflow,
        };
        // The entrypoint is the first template of all.
        let entrypoint = self.entrypoint(at, spec);
        self.check_workflow(at, workflow, &names);
        let list = at.key("arguments");
        let parameters = spec
            .arguments
            .iter()
            .flat_map(|arguments| &arguments.parameters)
            .cloned()
            .collect::<Vec<_>>();
        let arguments = self.parameters(list.key("parameters"), &parameters, &names);
        let artifacts = list.key("artifacts");
        for (index, artifact) in spec
            .arguments
            .iter()
            .flat_map(|arguments| &arguments.artifacts)
            .enumerate()
        {
            self.artifact_argument(artifacts.index(index), artifact, &names);
        }
        let mut hooks = Vec::new();
        let mut exit = None;
        let map = at.key("hooks");
        for (name, hook) in &spec.hooks {
            let planned = self.hook(map.key(name), name, hook, &Scope::Local, None, &names);
            if name == "exit" {
                exit = Some(planned)
            } else {
                hooks.push(planned)
            }
        }
        let on_exit = spec.on_exit.as_deref().filter(|name| !name.is_empty());
        if let (Some(template), None) = (on_exit, &exit) {
            exit = Some(self.exit(at.key("onExit"), template, &Scope::Local, None, &names));
        }
        let locks = spec.synchronization.as_ref().map_or_else(Vec::new, |s| {
            self.locks(at.key("synchronization"), s, &names)
        });
        let parallelism = spec
            .parallelism
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| *limit > 0);
        Some(Head {
            entrypoint: entrypoint?,
            arguments,
            exit,
            hooks,
            locks,
            parallelism,
        })
    }

    fn entrypoint(&mut self, at: At<'_>, spec: &tiphys_spec::WorkflowSpec) -> Option<TemplateId> {
        let name = spec.entrypoint.as_deref().filter(|name| !name.is_empty());
        match name {
            Some(name) if name.contains("{{") => {
                self.report(at.key("entrypoint").error(
                    "entrypoint-tag",
                    "the entrypoint must be a template's name, without tags",
                ));
                None
            }
            Some(name) => {
                let names = self.registry.names(&Scope::Local);
                if self.incomplete && names.is_empty() {
                    return None;
                }
                match self.registry.find(&Scope::Local, name) {
                    Ok(entry) => {
                        self.check_entrypoint(at, spec, &entry);
                        Some(entry.id)
                    }
                    Err(_) => {
                        let fault = at.key("entrypoint").error(
                            "unknown-entrypoint",
                            format!("there is no template `{name}`"),
                        );
                        self.report(crate::origin::suggest(
                            fault,
                            name,
                            names.iter().map(String::as_str),
                        ));
                        None
                    }
                }
            }
            None if self.subject == Subject::Templates || self.incomplete => None,
            None => {
                let fault = at.error("no-entrypoint", "the workflow names no entrypoint");
                let names = self.registry.names(&Scope::Local);
                self.report(match names.as_slice() {
                    [] => fault,
                    names => fault.help(format!(
                        "set entrypoint to one of {}",
                        names
                            .iter()
                            .take(5)
                            .map(|n| format!("`{n}`"))
                            .collect::<Vec<_>>()
                            .join(", ")
                    )),
                });
                None
            }
        }
    }
}
