//! Calls: steps, tasks and hooks alike.

use super::written;
use crate::origin::At;
use crate::plan::{Call, ContinueOn, Hook, Loop, Scope};
use crate::planner::Planner;
use crate::registry::Entry;
use crate::scope::{Callee, Item, Names, Siblings, View};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::sync::Arc;
use tiphys_spec::{
    self as spec, Arguments, DagTask, LifecycleHook, Template, TemplateRef, WorkflowStep,
};

/// What steps, tasks and hooks have in common on the wire.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a> {
    /// `step`, `task` or `hook`.
    pub what: &'static str,
    pub name: &'a str,
    pub template: Option<&'a str>,
    pub template_ref: Option<&'a TemplateRef>,
    pub inline: Option<&'a Template>,
    pub arguments: Option<&'a Arguments>,
    pub when: Option<&'a str>,
    pub with_items: &'a [spec::Item],
    pub with_param: Option<&'a str>,
    pub with_sequence: Option<&'a spec::Sequence>,
    pub continue_on: Option<&'a spec::ContinueOn>,
    pub hooks: Option<&'a BTreeMap<String, LifecycleHook>>,
    pub on_exit: Option<&'a str>,
}

macro_rules! raw {
    ($wire:ident, $what:literal) => {
        Raw {
            what: $what,
            name: &$wire.name,
            template: $wire.template.as_deref().filter(|name| !name.is_empty()),
            template_ref: $wire.template_ref.as_deref(),
            inline: $wire.inline.as_deref(),
            arguments: $wire.arguments.as_deref(),
            when: $wire.when.as_deref().filter(|when| !when.is_empty()),
            with_items: &$wire.with_items,
            with_param: $wire
                .with_param
                .as_deref()
                .filter(|param| !param.is_empty()),
            with_sequence: $wire.with_sequence.as_deref(),
            continue_on: $wire.continue_on.as_deref(),
            hooks: Some(&$wire.hooks),
            on_exit: $wire.on_exit.as_deref().filter(|name| !name.is_empty()),
        }
    };
}

impl<'a> From<&'a WorkflowStep> for Raw<'a> {
    fn from(step: &'a WorkflowStep) -> Raw<'a> {
        raw!(step, "step")
    }
}

impl<'a> From<&'a DagTask> for Raw<'a> {
    fn from(task: &'a DagTask) -> Raw<'a> {
        raw!(task, "task")
    }
}

impl<'a> Raw<'a> {
    fn hook(name: &'a str, hook: &'a LifecycleHook) -> Raw<'a> {
        Raw {
            what: "hook",
            template: hook.template.as_deref().filter(|name| !name.is_empty()),
            template_ref: hook.template_ref.as_deref(),
            arguments: hook.arguments.as_deref(),
            ..Raw::exit(name, "")
        }
    }

    fn exit(name: &'a str, template: &'a str) -> Raw<'a> {
        Raw {
            what: "hook",
            name,
            template: Some(template),
            template_ref: None,
            inline: None,
            arguments: None,
            when: None,
            with_items: &[],
            with_param: None,
            with_sequence: None,
            continue_on: None,
            hooks: None,
            on_exit: None,
        }
    }

    pub(crate) fn looped(&self) -> bool {
        !self.with_items.is_empty() || self.with_param.is_some() || self.with_sequence.is_some()
    }

    /// The fields that items of a loop over maps have.
    fn keys(&self) -> Vec<String> {
        let keys = self
            .with_items
            .iter()
            .filter_map(|item| item.0.as_object())
            .flat_map(|map| map.keys());
        let keys: std::collections::BTreeSet<&String> = keys.collect();
        keys.into_iter().cloned().collect()
    }
}

/// What a call needs to know beside itself.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub caller: &'a Arc<Entry>,
    pub siblings: &'a Siblings<'a>,
    /// Its own index among the siblings.
    pub own: u32,
    /// For a step, its group.
    pub group: Option<u32>,
    pub captured: &'a FxHashSet<&'a str>,
}

impl Planner<'_> {
    /// Plans a step or a task whose template has been looked for.
    pub(crate) fn call(
        &mut self,
        at: At<'_>,
        raw: &Raw<'_>,
        around: Around<'_>,
        names: &Names<'_>,
    ) -> Call {
        let Around {
            caller,
            siblings,
            own,
            group,
            captured,
        } = around;
        let callee: &Callee = &siblings.list[own as usize];
        let view = group.map_or(View::Task(own), |group| View::Before { own, group });
        let outside = Names {
            siblings: Some(siblings),
            view,
            item: Item::None,
            ..*names
        };
        let keys = raw.keys();
        let item = if raw.with_param.is_some() {
            Item::Open
        } else if !keys.is_empty() {
            Item::Keys(&keys)
        } else if raw.looped() {
            Item::Plain
        } else {
            Item::None
        };
        let inside = Names { item, ..outside };
        self.check_call(at, raw, callee, &inside);
        let target = self.target(at, raw, &caller.scope, callee.target.as_ref(), &inside);
        self.called(caller, &target, raw.name, false);
        let (arguments, artifacts) = self.arguments(at.key("arguments"), raw.arguments, &inside);
        let after = Names {
            view: View::After { own, group },
            ..inside
        };
        Call {
            name: raw.name.to_owned(),
            target,
            reference: raw.template_ref.cloned(),
            arguments,
            artifacts,
            when: raw
                .when
                .map(|when| self.when(at.key("when"), when, &inside)),
            each: self.each(at, raw, &outside),
            continue_on: ContinueOn {
                failed: raw.continue_on.is_some_and(|on| on.failed == Some(true)),
                error: raw.continue_on.is_some_and(|on| on.error == Some(true)),
            },
            hooks: self.call_hooks(at, raw, caller, &after),
            capture_result: captured.contains(raw.name),
            path: at.path(),
        }
    }

    fn each(&mut self, at: At<'_>, raw: &Raw<'_>, names: &Names<'_>) -> Option<Loop> {
        if !raw.with_items.is_empty() {
            let at = at.key("withItems");
            let items = raw.with_items.iter().enumerate();
            return Some(Loop::Items(
                items
                    .map(|(index, item)| self.tree(at.index(index), &item.0, names))
                    .collect(),
            ));
        }
        if let Some(param) = raw.with_param {
            return Some(Loop::Param(self.text(at.key("withParam"), param, names)));
        }
        let sequence = raw.with_sequence?;
        let at = at.key("withSequence");
        let count = sequence
            .count
            .as_ref()
            .map(|n| self.text(at.key("count"), &written(n), names));
        let start = sequence
            .start
            .as_ref()
            .map(|n| self.text(at.key("start"), &written(n), names));
        let end = sequence
            .end
            .as_ref()
            .map(|n| self.text(at.key("end"), &written(n), names));
        let format = self.optional(
            at.key("format"),
            sequence.format.as_deref().filter(|f| !f.is_empty()),
            names,
        );
        Some(Loop::Sequence {
            count,
            start,
            end,
            format,
        })
    }

    fn call_hooks(
        &mut self,
        at: At<'_>,
        raw: &Raw<'_>,
        caller: &Arc<Entry>,
        names: &Names<'_>,
    ) -> Vec<Hook> {
        let mut hooks = Vec::new();
        let map = at.key("hooks");
        for (name, hook) in raw.hooks.into_iter().flatten() {
            hooks.push(self.hook(
                map.key(name),
                name,
                hook,
                &caller.scope,
                Some(caller),
                names,
            ));
        }
        if let Some(template) = raw.on_exit
            && raw.hooks.is_none_or(|hooks| !hooks.contains_key("exit"))
        {
            hooks.push(self.exit(
                at.key("onExit"),
                template,
                &caller.scope,
                Some(caller),
                names,
            ));
        }
        hooks
    }

    /// Plans a hook. `caller` is the template it stands in; none for a workflow's own.
    pub(crate) fn hook(
        &mut self,
        at: At<'_>,
        name: &str,
        hook: &LifecycleHook,
        scope: &Scope,
        caller: Option<&Arc<Entry>>,
        names: &Names<'_>,
    ) -> Hook {
        self.check_hook(at, name, hook);
        let raw = Raw::hook(name, hook);
        let found = self.resolve(at, &raw, scope, caller);
        let expression = hook.expression.as_deref().filter(|e| !e.is_empty());
        let expression = expression
            .and_then(|expression| self.condition(at.key("expression"), expression, names));
        self.check_arguments(at, &raw, found.as_ref());
        let target = self.target(at, &raw, scope, found.as_ref(), names);
        if let Some(caller) = caller {
            self.called(caller, &target, name, true);
        }
        let (arguments, artifacts) =
            self.arguments(at.key("arguments"), hook.arguments.as_deref(), names);
        Hook {
            expression,
            call: Call {
                name: name.to_owned(),
                target,
                reference: raw.template_ref.cloned(),
                arguments,
                artifacts,
                when: None,
                each: None,
                continue_on: ContinueOn::default(),
                hooks: Vec::new(),
                capture_result: false,
                path: at.path(),
            },
        }
    }

    /// Plans an `onExit`: a hook that is a template's bare name. `at` is the name's own place.
    pub(crate) fn exit(
        &mut self,
        at: At<'_>,
        template: &str,
        scope: &Scope,
        caller: Option<&Arc<Entry>>,
        names: &Names<'_>,
    ) -> Hook {
        let raw = Raw::exit("exit", template);
        let found = if template.contains("{{") {
            self.dynamic.push(Some(scope.clone()));
            None
        } else {
            self.find(at, scope, template)
        };
        self.check_arguments(at, &raw, found.as_ref());
        let target = match &found {
            Some(entry) => crate::plan::Target::Template(entry.id),
            None => {
                let template = self.text(at, template, names);
                crate::plan::Target::Dynamic {
                    name: None,
                    template,
                    cluster: false,
                    scope: scope.clone(),
                }
            }
        };
        if let Some(caller) = caller {
            self.called(caller, &target, "exit", true);
        }
        Hook {
            expression: None,
            call: Call {
                name: "exit".to_owned(),
                target,
                reference: None,
                arguments: Vec::new(),
                artifacts: Vec::new(),
                when: None,
                each: None,
                continue_on: ContinueOn::default(),
                hooks: Vec::new(),
                capture_result: false,
                path: at.path(),
            },
        }
    }
}
