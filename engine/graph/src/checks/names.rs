//! Names: present, well formed, each once.

use crate::lower::Raw;
use crate::origin::At;
use crate::planner::Planner;
use rustc_hash::FxHashSet;
use tiphys_spec::{Artifact, Parameter};

/// The longest name of a template, step or task.
const LONGEST: usize = 128;

/// What is wrong with the name of a template, step or task.
pub(crate) fn fault(name: &str) -> Option<&'static str> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.len() > LONGEST {
        Some("it is longer than 128 characters")
    } else if !name.chars().all(fine) {
        Some("it may hold letters, digits and `-` only")
    } else if name.starts_with('-') {
        Some("it must start with a letter or a digit")
    } else {
        None
    }
}

/// What is wrong with the name of a parameter or artifact.
fn value_fault(name: &str) -> Option<&'static str> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!name.chars().all(fine)).then_some("it may hold letters, digits, `-` and `_` only")
}

impl Planner<'_> {
    pub(crate) fn check_call_name(&mut self, at: At<'_>, raw: &Raw<'_>) {
        let what = raw.what;
        if raw.name.is_empty() {
            self.report(at.error("no-name", format!("the {what} has no name")));
        } else if let Some(reason) = fault(raw.name) {
            self.report(at.key("name").error(
                "name",
                format!("`{}` cannot name a {what}: {reason}", raw.name),
            ));
        }
    }

    pub(crate) fn check_parameter_names(&mut self, at: At<'_>, parameters: &[Parameter]) {
        self.check_value_names(
            at,
            "parameter",
            parameters.iter().map(|parameter| parameter.name.as_str()),
        );
    }

    pub(crate) fn check_artifact_names(&mut self, at: At<'_>, artifacts: &[Artifact]) {
        self.check_value_names(
            at,
            "artifact",
            artifacts.iter().map(|artifact| artifact.name.as_str()),
        );
    }

    fn check_value_names<'n>(
        &mut self,
        at: At<'_>,
        what: &str,
        names: impl Iterator<Item = &'n str>,
    ) {
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        for (index, name) in names.enumerate() {
            let at = at.index(index);
            if name.is_empty() {
                self.report(at.error("no-name", format!("the {what} has no name")));
            } else if let Some(reason) = value_fault(name) {
                self.report(
                    at.key("name")
                        .error("name", format!("`{name}` cannot name a {what}: {reason}")),
                );
            } else if !seen.insert(name) {
                self.report(at.key("name").error(
                    "duplicate-name",
                    format!("there is another {what} `{name}` beside it"),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "0", "A-b", &"x".repeat(128)] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["-a", "a_b", "a.b", "é", &"x".repeat(129)] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
