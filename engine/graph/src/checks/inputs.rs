//! Inputs of templates.

use crate::origin::At;
use crate::planner::Planner;
use tiphys_spec::{Artifact, Template};

impl Planner<'_> {
    pub(crate) fn check_inputs(&mut self, at: At<'_>, template: &Template) {
        let Some(inputs) = template.inputs.as_deref() else {
            return;
        };
        let at = at.key("inputs");
        self.check_parameter_names(at.key("parameters"), &inputs.parameters);
        self.check_artifact_names(at.key("artifacts"), &inputs.artifacts);
        let list = at.key("parameters");
        for (index, parameter) in inputs.parameters.iter().enumerate() {
            self.check_choices(list.index(index), parameter);
        }
        let list = at.key("artifacts");
        for (index, artifact) in inputs.artifacts.iter().enumerate() {
            let at = list.index(index);
            for (field, there) in [
                ("from", artifact.from.is_some()),
                ("fromExpression", artifact.from_expression.is_some()),
            ] {
                if there {
                    let fault = at.key(field).key_error("input-from", format!("an input artifact has no {field}: its argument says where it comes from"));
                    self.report(fault);
                }
            }
            self.check_artifact_path(at, artifact, template);
            self.check_location(at, artifact);
        }
    }

    /// Containers need a path for every artifact; steps and dags have no files.
    pub(crate) fn check_artifact_path(
        &mut self,
        at: At<'_>,
        artifact: &Artifact,
        template: &Template,
    ) {
        let path = artifact.path.as_deref().unwrap_or_default();
        let contained = template.container.is_some()
            || template.script.is_some()
            || template.container_set.is_some();
        if contained && path.is_empty() {
            let fault = at.error(
                "artifact-path",
                format!("artifact `{}` has no path", artifact.name),
            );
            self.report(fault.help("say where it lies in the container"));
        } else if !contained
            && (!template.steps.is_empty() || template.dag.is_some())
            && !path.is_empty()
        {
            self.report(at.key("path").key_error(
                "artifact-path",
                "artifacts of steps and dag templates have no path",
            ));
        } else if escapes(path) {
            self.report(at.key("path").error(
                "artifact-path",
                format!("`{path}` leads out of its own directory"),
            ));
        }
        if let Some(mode) = artifact.mode.filter(|mode| !(0..=0o777).contains(mode)) {
            self.report(at.key("mode").error(
                "artifact-mode",
                format!("mode is {mode}: it must lie between 0 and 0777"),
            ));
        }
    }

    /// An artifact lies in one place.
    pub(crate) fn check_location(&mut self, at: At<'_>, artifact: &Artifact) {
        let drivers = [
            ("s3", artifact.s3.is_some()),
            ("gcs", artifact.gcs.is_some()),
            ("azure", artifact.azure.is_some()),
            ("oss", artifact.oss.is_some()),
            ("hdfs", artifact.hdfs.is_some()),
            ("git", artifact.git.is_some()),
            ("http", artifact.http.is_some()),
            ("artifactory", artifact.artifactory.is_some()),
            ("raw", artifact.raw.is_some()),
            ("plugin", artifact.plugin.is_some()),
        ];
        let drivers: Vec<&str> = drivers
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(driver, _)| driver)
            .collect();
        if let [_, second, ..] = drivers.as_slice() {
            let reason = format!(
                "artifact `{}` lies in more than one place: {}",
                artifact.name,
                drivers.join(", ")
            );
            self.report(at.key(second).key_error("two-locations", reason));
        }
        let git = artifact
            .git
            .as_ref()
            .filter(|git| git.repo.as_deref().is_none_or(str::is_empty));
        if git.is_some() {
            self.report(at.key("git").error("artifact-location", "git needs a repo"));
        }
        let http = artifact
            .http
            .as_ref()
            .filter(|http| http.url.as_deref().is_none_or(str::is_empty));
        if http.is_some() {
            self.report(
                at.key("http")
                    .error("artifact-location", "http needs a url"),
            );
        }
    }
}

/// Whether a path climbs out of where it starts.
fn escapes(path: &str) -> bool {
    let mut depth = 0i32;
    path.split('/').any(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth < 0
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths() {
        assert!(!super::escapes("/tmp/a/../b"));
        assert!(super::escapes("/tmp/../../etc"));
        assert!(super::escapes("../x"));
    }
}
