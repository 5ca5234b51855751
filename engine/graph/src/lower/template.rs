//! One template, all its parts.

use crate::capture;
use crate::origin::At;
use crate::plan::{Body, Template};
use crate::planner::Planner;
use crate::registry::Entry;
use crate::scope::{Item, Names, Place, View};
use rustc_hash::FxHashSet;
use std::sync::Arc;

impl Planner<'_> {
    pub(crate) fn template(&mut self, entry: &Arc<Entry>) -> Template {
        let globals = Arc::clone(&self.globals);
        let at = At::new(&entry.origin, &entry.path);
        let spec = &*entry.spec;
        let parent = !spec.steps.is_empty() || spec.dag.is_some();
        let place = if parent { Place::Call } else { Place::Body };
        let names = Names {
            globals: &globals,
            entry: Some(entry),
            siblings: None,
            view: View::All,
            item: Item::None,
            place,
        };
        self.check_template(entry, at, &names);
        let json = if parent {
            serde_json::to_string(spec).unwrap_or_default()
        } else {
            String::new()
        };
        let captured = if parent {
            capture::mentions(&json)
        } else {
            FxHashSet::default()
        };
        let (inputs, input_artifacts) =
            self.inputs(at.key("inputs"), spec.inputs.as_deref(), &names);
        let (body, (outputs, output_artifacts)) = if !spec.steps.is_empty() {
            let siblings = self.step_siblings(entry, at);
            let groups = self.steps(entry, at.key("steps"), &siblings, &captured, &names);
            let names = Names {
                siblings: Some(&siblings),
                ..names
            };
            (
                Body::Steps(groups),
                self.outputs(at.key("outputs"), spec, &names),
            )
        } else if let Some(dag) = &spec.dag {
            let siblings = self.task_siblings(entry, at, dag);
            let dag = self.dag(entry, at.key("dag"), dag, &siblings, &captured, &names);
            let names = Names {
                siblings: Some(&siblings),
                ..names
            };
            (
                Body::Dag(dag),
                self.outputs(at.key("outputs"), spec, &names),
            )
        } else {
            (
                self.leaf(at, spec, &names),
                self.outputs(at.key("outputs"), spec, &names),
            )
        };
        Template {
            id: entry.id,
            name: entry.name.clone(),
            scope: entry.scope.clone(),
            path: entry.path.clone(),
            inputs,
            input_artifacts,
            outputs,
            output_artifacts,
            body,
            retry: spec
                .retry_strategy
                .as_ref()
                .and_then(|retry| self.retry(at.key("retryStrategy"), retry, &names)),
            timeout: self.optional(at.key("timeout"), spec.timeout.as_deref(), &names),
            pending_timeout: self.optional(
                at.key("pendingTimeout"),
                spec.pending_timeout.as_deref(),
                &names,
            ),
            active_deadline: spec.active_deadline_seconds.as_ref().map(|seconds| {
                self.text(
                    at.key("activeDeadlineSeconds"),
                    &super::written(seconds),
                    &names,
                )
            }),
            parallelism: spec
                .parallelism
                .and_then(|limit| usize::try_from(limit).ok())
                .filter(|limit| *limit > 0),
            fail_fast: spec.fail_fast == Some(true),
            memoize: spec
                .memoize
                .as_ref()
                .and_then(|memoize| self.memoize(at.key("memoize"), memoize, &names)),
            locks: spec.synchronization.as_ref().map_or_else(Vec::new, |s| {
                self.locks(at.key("synchronization"), s, &names)
            }),
            daemon: spec.daemon == Some(true),
            spec: Arc::clone(&entry.spec),
        }
    }
}
