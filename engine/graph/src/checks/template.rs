//! Templates: names, bodies, and fields that do not go with the body.

use super::limits::Units;
use super::{names, words};
use crate::origin::{At, Origin};
use crate::planner::Planner;
use crate::registry::Entry;
use crate::scope::Names;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use tiphys_spec::{Diagnostic, Path, Severity, Template};

impl Planner<'_> {
    pub(crate) fn check_template_names(
        &mut self,
        templates: &[Template],
        origin: &Arc<Origin>,
        base: &Path,
    ) {
        let list = At::new(origin, base);
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        for (index, template) in templates.iter().enumerate() {
            let at = list.index(index);
            if template.name.is_empty() {
                self.report(at.error("no-name", "the template has no name"));
            } else if let Some(reason) = names::fault(&template.name) {
                self.report(at.key("name").error(
                    "name",
                    format!("`{}` cannot name a template: {reason}", template.name),
                ));
            } else if !seen.insert(&template.name) {
                self.report(at.key("name").error(
                    "duplicate-name",
                    format!("there is another template `{}`", template.name),
                ));
            }
        }
    }

    pub(crate) fn check_template(&mut self, entry: &Arc<Entry>, at: At<'_>, names: &Names<'_>) {
        // What its author wrote must fit together; what must be there may also come from the defaults.
        let (written, spec) = (&*entry.written, &*entry.spec);
        self.check_bodies(at, written);
        self.check_fit(at, written);
        self.check_inputs(at, written);
        self.check_outputs(at, written);
        self.check_pod(at, spec);
        self.check_mounts(at, spec);
        self.check_kind(at, spec);
        if let Some(set) = &spec.container_set {
            self.check_container_set(at, written, set);
        }
        if let Some(resource) = &spec.resource {
            self.check_resource(at, resource);
        }
        if let Some(suspend) = &spec.suspend {
            self.check_duration(
                at.key("suspend"),
                "duration",
                suspend.duration.as_deref(),
                Units::Seconds,
            );
        }
        if let Some(http) = &spec.http {
            let at = at.key("http");
            if http.url.as_deref().is_none_or(str::is_empty) {
                self.report(at.error("http-url", "the http template has no url"));
            }
            let method = words::check(at, "method", http.method.as_deref(), words::METHOD);
            self.diagnostics.extend(method.map(|fault| Diagnostic {
                severity: Severity::Warning,
                ..fault
            }));
            self.check_least(at, "timeoutSeconds", http.timeout_seconds, 0);
        }
        if let Some(retry) = &written.retry_strategy {
            self.check_retry(at.key("retryStrategy"), retry);
        }
        if let Some(memoize) = &written.memoize {
            self.check_memoize(at.key("memoize"), memoize);
        }
        if let Some(synchronization) = &written.synchronization {
            self.check_locks(at.key("synchronization"), synchronization);
        }
        if let Some(metrics) = &written.metrics {
            self.check_metrics(at.key("metrics"), metrics, names);
        }
    }

    fn check_bodies(&mut self, at: At<'_>, template: &Template) {
        let bodies = [
            ("container", template.container.is_some()),
            ("script", template.script.is_some()),
            ("steps", !template.steps.is_empty()),
            ("dag", template.dag.is_some()),
            ("suspend", template.suspend.is_some()),
            ("resource", template.resource.is_some()),
            ("containerSet", template.container_set.is_some()),
            ("http", template.http.is_some()),
            ("data", template.data.is_some()),
            ("plugin", template.plugin.is_some()),
        ];
        let bodies: Vec<&str> = bodies
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(body, _)| body)
            .collect();
        let name = if template.name.is_empty() {
            "the inline template".to_owned()
        } else {
            format!("template `{}`", template.name)
        };
        match bodies.as_slice() {
            [_] => {}
            [] => {
                let fault = at.error("no-body", format!("{name} does nothing"));
                self.report(fault.help("give it one of container, script, steps, dag, suspend, resource, containerSet, http, data, plugin"));
            }
            [_, second, ..] => {
                let reason = format!("{name} does more than one thing: {}", bodies.join(", "));
                self.report(at.key(second).key_error("two-bodies", reason));
            }
        }
        if template
            .dag
            .as_ref()
            .is_some_and(|dag| dag.tasks.is_empty())
        {
            self.report(at.key("dag").error("empty-dag", "the dag has no tasks"));
        }
    }

    fn check_fit(&mut self, at: At<'_>, template: &Template) {
        let parent = !template.steps.is_empty() || template.dag.is_some();
        let body = if template.dag.is_some() {
            "dag"
        } else {
            "steps"
        };
        let timed = [
            ("timeout", template.timeout.is_some()),
            ("pendingTimeout", template.pending_timeout.is_some()),
            (
                "activeDeadlineSeconds",
                template.active_deadline_seconds.is_some(),
            ),
        ];
        for (field, _) in timed.into_iter().filter(|(_, there)| *there && parent) {
            let fault = at.key(field).key_error(
                "misplaced-field",
                format!("a {body} template has no {field}"),
            );
            self.report(fault.help(
                "set it on the templates that it calls, or activeDeadlineSeconds on the workflow",
            ));
        }
        if !parent {
            self.check_duration(at, "timeout", template.timeout.as_deref(), Units::Required);
            self.check_duration(
                at,
                "pendingTimeout",
                template.pending_timeout.as_deref(),
                Units::Required,
            );
            self.check_number(
                at,
                "activeDeadlineSeconds",
                template.active_deadline_seconds.as_ref(),
                0,
            );
        }
        if template.parallelism.is_some() && !parent {
            let fault = at.key("parallelism").key_error(
                "misplaced-field",
                "only steps and dag templates have parallelism",
            );
            self.report(fault.help("to hold back copies of one template use synchronization"));
        }
        self.check_least(at, "parallelism", template.parallelism, 0);
    }
}
