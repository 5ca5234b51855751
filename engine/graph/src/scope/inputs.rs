//! A template's own inputs and outputs.

use super::{Fault, Names, Verdict};

impl Names<'_> {
    pub(super) fn input(&self, rest: &[&str], leaf: bool) -> Verdict {
        let Some(entry) = self.entry else {
            return Fault::verdict(
                "input-outside-template",
                "there are no inputs outside of templates",
            );
        };
        // An inline template sees the inputs of the template it stands in.
        let chain = || {
            std::iter::successors(Some(entry), |entry| entry.outer.as_ref())
                .filter_map(|e| e.spec.inputs.as_deref())
        };
        let (what, names): (&str, Vec<&str>) = match rest.first() {
            None | Some(&"parameters" | &"artifacts") if rest.len() < 2 => return Verdict::Fine,
            Some(&"parameters") => (
                "parameter",
                chain()
                    .flat_map(|i| &i.parameters)
                    .map(|p| p.name.as_str())
                    .collect(),
            ),
            Some(&"artifacts") => (
                "artifact",
                chain()
                    .flat_map(|i| &i.artifacts)
                    .map(|a| a.name.as_str())
                    .collect(),
            ),
            Some(other) => {
                let reason = format!("inputs have parameters and artifacts, not `{other}`");
                return Fault::near(
                    "unknown-variable",
                    reason,
                    "inputs.",
                    other,
                    ["parameters", "artifacts"].into_iter(),
                );
            }
            None => return Verdict::Fine,
        };
        let (name, tail) = (rest[1], &rest[2..]);
        if !names.contains(&name) {
            let code = if what == "parameter" {
                "unknown-input-parameter"
            } else {
                "unknown-input-artifact"
            };
            let reason = format!("the template has no input {what} `{name}`");
            return Fault::near(
                code,
                reason,
                &format!("inputs.{what}s."),
                name,
                names.into_iter(),
            );
        }
        match (what, tail) {
            ("parameter", []) | ("artifact", [] | ["path"]) => Verdict::Fine,
            _ if !leaf => Verdict::Fine,
            _ => Fault::verdict(
                "unknown-variable",
                format!("input {what} `{name}` has no `{}`", tail.join(".")),
            ),
        }
    }

    /// Argo accepts anything under `outputs.`; what is not there stays in the text.
    pub(super) fn output(&self, rest: &[&str]) -> Verdict {
        let Some(outputs) = self.template().and_then(|t| t.outputs.as_deref()) else {
            return Verdict::Fine;
        };
        let (what, names): (&str, Vec<&str>) = match rest {
            ["parameters", _, ..] => (
                "parameter",
                outputs.parameters.iter().map(|p| p.name.as_str()).collect(),
            ),
            ["artifacts", _, ..] => (
                "artifact",
                outputs.artifacts.iter().map(|a| a.name.as_str()).collect(),
            ),
            _ => return Verdict::Fine,
        };
        if names.contains(&rest[1]) {
            return Verdict::Fine;
        }
        let reason = format!("the template has no output {what} `{}`", rest[1]);
        match Fault::near(
            "unknown-own-output",
            reason,
            &format!("outputs.{what}s."),
            rest[1],
            names.into_iter(),
        ) {
            Verdict::Fault(fault) => Verdict::Fault(Fault {
                lenient: true,
                ..fault
            }),
            other => other,
        }
    }
}
