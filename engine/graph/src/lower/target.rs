//! Which template a call reaches.

use super::call::Raw;
use crate::origin::{At, suggest};
use crate::plan::{Scope, Target};
use crate::planner::Planner;
use crate::registry::{Entry, INLINE_DEPTH, Missing};
use crate::scope::Names;
use std::sync::Arc;
use tiphys_expr::Text;
use tiphys_spec::{Diagnostic, TemplateRef};

impl Planner<'_> {
    /// Finds the template that a call reaches; None where it is known at run time only, or not at all.
    pub(crate) fn resolve(
        &mut self,
        at: At<'_>,
        raw: &Raw<'_>,
        scope: &Scope,
        caller: Option<&Arc<Entry>>,
    ) -> Option<Arc<Entry>> {
        let given = [
            raw.template.is_some(),
            raw.template_ref.is_some(),
            raw.inline.is_some(),
        ];
        match given.into_iter().filter(|given| *given).count() {
            0 => {
                let what = raw.what;
                self.report(
                    at.error(
                        "no-template",
                        format!("{what} `{}` names no template", raw.name),
                    )
                    .help(if what == "hook" {
                        "give it `template` or `templateRef`"
                    } else {
                        "give it `template`, `templateRef` or `inline`"
                    }),
                );
                return None;
            }
            1 => {}
            _ => {
                let reason = format!(
                    "{} `{}` has more than one of template, templateRef and inline",
                    raw.what, raw.name
                );
                self.report(at.error("two-templates", reason));
            }
        }
        if let Some(reference) = raw.template_ref {
            return self.resolve_ref(at.key("templateRef"), reference);
        }
        if let Some(inline) = raw.inline {
            let caller = caller?;
            let entry = self
                .registry
                .inline(caller, inline, at.key("inline").path());
            if entry.is_none() {
                let reason =
                    format!("inline templates stand more than {INLINE_DEPTH} deep in one another");
                self.report(at.key("inline").error("inline-too-deep", reason));
            }
            return entry;
        }
        let name = raw.template?;
        if name.contains("{{") {
            self.dynamic.push(Some(scope.clone()));
            return None;
        }
        self.find(at.key("template"), scope, name)
    }

    /// Finds a template by its bare name.
    pub(crate) fn find(&mut self, at: At<'_>, scope: &Scope, name: &str) -> Option<Arc<Entry>> {
        match self.registry.find(scope, name) {
            Ok(entry) => Some(entry),
            // A workflow whose shared template was not given has no templates that could be missed.
            Err(_)
                if self.incomplete
                    && *scope == Scope::Local
                    && self.registry.names(scope).is_empty() =>
            {
                None
            }
            Err(Missing::Template { near } | Missing::Shared { near }) => {
                let fault = at.error(
                    "unknown-template",
                    format!("there is no template `{name}`{}", within(scope)),
                );
                self.report(did_you_mean(fault, near));
                None
            }
        }
    }

    fn resolve_ref(&mut self, at: At<'_>, reference: &TemplateRef) -> Option<Arc<Entry>> {
        let template = reference.template.as_deref().unwrap_or_default();
        let cluster = reference.cluster_scope == Some(true);
        if reference.name.is_empty() {
            self.report(at.error(
                "template-ref-name",
                "templateRef needs the name of a WorkflowTemplate",
            ));
        }
        if template.is_empty() {
            self.report(at.error(
                "template-ref-template",
                "templateRef needs the name of a template",
            ));
        }
        if reference.name.is_empty() || template.is_empty() {
            return None;
        }
        let scope = if cluster {
            Scope::Cluster(reference.name.clone())
        } else {
            Scope::Namespaced(reference.name.clone())
        };
        if reference.name.contains("{{") {
            self.dynamic.push(None);
            return None;
        }
        if template.contains("{{") {
            self.dynamic.push(Some(scope));
            return None;
        }
        match self.registry.find(&scope, template) {
            Ok(entry) => Some(entry),
            Err(Missing::Template { near }) => {
                let fault = at.key("template").error(
                    "unknown-template",
                    format!("there is no template `{template}`{}", within(&scope)),
                );
                self.report(did_you_mean(fault, near));
                None
            }
            Err(Missing::Shared { .. }) => {
                let kind = if cluster {
                    "ClusterWorkflowTemplate"
                } else {
                    "WorkflowTemplate"
                };
                let fault = self.not_given(
                    at.key("name"),
                    "unknown-workflow-template",
                    format!("there is no {kind} `{}` here", reference.name),
                );
                let library = self.library;
                let other = library.shelf(!cluster).contains_key(&reference.name);
                self.report(if other && !cluster {
                    fault.help("a ClusterWorkflowTemplate has that name: set clusterScope: true")
                } else if other {
                    fault.help("a WorkflowTemplate has that name: leave clusterScope out")
                } else {
                    suggest(
                        fault,
                        &reference.name,
                        library.shelf(cluster).keys().map(String::as_str),
                    )
                });
                None
            }
        }
    }

    /// The target of a call whose template was looked for before.
    pub(crate) fn target(
        &mut self,
        at: At<'_>,
        raw: &Raw<'_>,
        scope: &Scope,
        found: Option<&Arc<Entry>>,
        names: &Names<'_>,
    ) -> Target {
        if let Some(entry) = found {
            return Target::Template(entry.id);
        }
        if let Some(reference) = raw.template_ref {
            let at = at.key("templateRef");
            let template = reference.template.as_deref().unwrap_or_default();
            return Target::Dynamic {
                name: Some(self.text(at.key("name"), &reference.name, names)),
                template: self.text(at.key("template"), template, names),
                cluster: reference.cluster_scope == Some(true),
                scope: scope.clone(),
            };
        }
        let template = match raw.template {
            Some(template) => self.text(at.key("template"), template, names),
            None => Text::parse(""),
        };
        Target::Dynamic {
            name: None,
            template,
            cluster: false,
            scope: scope.clone(),
        }
    }
}

fn within(scope: &Scope) -> String {
    match scope {
        Scope::Local => String::new(),
        Scope::Namespaced(name) => format!(" in WorkflowTemplate `{name}`"),
        Scope::Cluster(name) => format!(" in ClusterWorkflowTemplate `{name}`"),
    }
}

fn did_you_mean(fault: Diagnostic, near: Option<String>) -> Diagnostic {
    match near {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}
