//! What becomes a pod: images, names of containers.

use super::words;
use crate::origin::At;
use crate::planner::Planner;
use rustc_hash::FxHashSet;
use tiphys_spec::{Template, UserContainer};

/// Why a container's name is taken.
pub(crate) fn reserved(name: &str) -> Option<String> {
    (matches!(name, "wait" | "supervisor") || name.starts_with("artifact-plugin-"))
        .then(|| format!("the name `{name}` is reserved for a container of the engine"))
}

impl Planner<'_> {
    /// `template` has its defaults merged: they may give the image.
    pub(crate) fn check_pod(&mut self, at: At<'_>, template: &Template) {
        if let Some(container) = &template.container {
            let at = at.key("container");
            self.check_image(at, container.image.as_deref(), "container");
            self.check_pull(
                at,
                container.image_pull_policy.as_deref(),
                container.termination_message_policy.as_deref(),
            );
        }
        if let Some(script) = &template.script {
            let at = at.key("script");
            self.check_image(at, script.image.as_deref(), "script");
            self.check_pull(
                at,
                script.image_pull_policy.as_deref(),
                script.termination_message_policy.as_deref(),
            );
            if script.source.as_deref().is_none_or(str::is_empty) {
                self.report(at.warning(
                    "no-source",
                    "the script has no source: its container runs as it is",
                ));
            }
        }
        self.check_beside(at.key("initContainers"), &template.init_containers, "init");
        self.check_beside(at.key("sidecars"), &template.sidecars, "main");
    }

    fn check_beside(&mut self, list: At<'_>, containers: &[UserContainer], taken: &str) {
        let mut names: FxHashSet<&str> = FxHashSet::default();
        for (index, container) in containers.iter().enumerate() {
            let at = list.index(index);
            let name = container.name.as_str();
            if name.is_empty() {
                self.report(at.error("no-name", "the container has no name"));
            } else if let Some(reason) = reserved(name) {
                self.report(at.key("name").error("reserved-name", reason));
            } else if name == taken {
                self.report(at.key("name").error(
                    "reserved-name",
                    format!("the name `{name}` is taken by a container of the template"),
                ));
            } else if !names.insert(name) {
                self.report(at.key("name").error(
                    "duplicate-name",
                    format!("there is another container `{name}` beside it"),
                ));
            }
            self.check_image(at, container.image.as_deref(), name);
            self.check_pull(
                at,
                container.image_pull_policy.as_deref(),
                container.termination_message_policy.as_deref(),
            );
        }
    }

    pub(crate) fn check_image(&mut self, at: At<'_>, image: Option<&str>, name: &str) {
        if image.is_none_or(|image| image.trim().is_empty()) {
            self.report(at.error("no-image", format!("`{name}` has no image")));
        }
    }

    pub(crate) fn check_pull(&mut self, at: At<'_>, pull: Option<&str>, termination: Option<&str>) {
        self.diagnostics
            .extend(words::check(at, "imagePullPolicy", pull, words::PULL));
        self.diagnostics.extend(words::check(
            at,
            "terminationMessagePolicy",
            termination,
            words::TERMINATION,
        ));
    }
}
