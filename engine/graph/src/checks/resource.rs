//! Resource templates.

use super::words;
use crate::origin::At;
use crate::planner::Planner;
use tiphys_expr::Text;
use tiphys_spec::{ResourceTemplate, Severity, Source};

impl Planner<'_> {
    pub(crate) fn check_resource(&mut self, at: At<'_>, resource: &ResourceTemplate) {
        let at = at.key("resource");
        let action = resource.action.as_deref().unwrap_or_default();
        if action.is_empty() {
            let fault = at.error("resource-action", "the resource template names no action");
            self.report(fault.help(format!("set action to one of {}", words::ACTION.join(", "))));
        }
        self.diagnostics
            .extend(words::check(at, "action", Some(action), words::ACTION));
        self.diagnostics.extend(words::check(
            at,
            "mergeStrategy",
            resource.merge_strategy.as_deref(),
            words::MERGE,
        ));
        let manifest = resource
            .manifest
            .as_deref()
            .filter(|manifest| !manifest.is_empty());
        match (manifest, &resource.manifest_from) {
            (Some(_), Some(_)) => self.report(at.key("manifestFrom").key_error(
                "two-manifests",
                "a resource has either manifest or manifestFrom",
            )),
            (None, None) if resource.flags.is_empty() => {
                self.report(
                    at.error("no-manifest", "the resource template has no manifest")
                        .help("give it manifest, manifestFrom or flags"),
                );
            }
            (Some(manifest), None) => self.check_manifest(at.key("manifest"), manifest),
            _ => {}
        }
    }

    /// A manifest must be YAML once its tags are replaced.
    fn check_manifest(&mut self, at: At<'_>, manifest: &str) {
        let text = Text::parse(manifest);
        let mut filled = String::with_capacity(manifest.len());
        let mut from = 0;
        for tag in text.tags() {
            filled.push_str(manifest.get(from..tag.range.start).unwrap_or_default());
            filled.push_str("placeholder");
            from = tag.range.end.max(from);
        }
        filled.push_str(manifest.get(from..).unwrap_or_default());
        let mut faults = Vec::new();
        Source::parse("manifest", filled.as_bytes(), &mut faults);
        if let Some(fault) = faults.into_iter().find(tiphys_spec::Diagnostic::is_error) {
            let severity = if text.is_literal() {
                Severity::Error
            } else {
                Severity::Warning
            };
            self.report(at.report(
                severity,
                "manifest-syntax",
                format!("the manifest is no YAML: {}", fault.message),
            ));
        }
    }
}
