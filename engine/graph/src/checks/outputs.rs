//! Outputs of templates.

use crate::lower::located;
use crate::origin::{At, suggest};
use crate::planner::Planner;
use tiphys_spec::{Parameter, Template, ValueFrom};

/// Where the output parameters of a template may come from.
fn legal(template: &Template) -> Option<(&'static str, &'static [&'static str])> {
    Some(if template.container.is_some() {
        ("container", &["path"])
    } else if template.script.is_some() {
        ("script", &["path"])
    } else if template.container_set.is_some() {
        ("containerSet", &["path"])
    } else if template.resource.is_some() {
        ("resource", &["jsonPath", "jqFilter"])
    } else if !template.steps.is_empty() {
        ("steps", &["parameter", "expression"])
    } else if template.dag.is_some() {
        ("dag", &["parameter", "expression"])
    } else if template.suspend.is_some() {
        ("suspend", &["supplied", "expression"])
    } else {
        return None;
    })
}

fn sources(from: &ValueFrom) -> Vec<&'static str> {
    let there = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    let all = [
        ("path", there(&from.path)),
        ("jsonPath", there(&from.json_path)),
        ("jqFilter", there(&from.jq_filter)),
        ("parameter", there(&from.parameter)),
        ("expression", there(&from.expression)),
        ("supplied", from.supplied.is_some()),
        ("configMapKeyRef", from.config_map_key_ref.is_some()),
        ("event", there(&from.event)),
    ];
    all.into_iter()
        .filter(|(_, there)| *there)
        .map(|(source, _)| source)
        .collect()
}

impl Planner<'_> {
    pub(crate) fn check_outputs(&mut self, at: At<'_>, template: &Template) {
        let Some(outputs) = template.outputs.as_deref() else {
            return;
        };
        let at = at.key("outputs");
        self.check_parameter_names(at.key("parameters"), &outputs.parameters);
        self.check_artifact_names(at.key("artifacts"), &outputs.artifacts);
        let list = at.key("parameters");
        for (index, parameter) in outputs.parameters.iter().enumerate() {
            self.check_output(list.index(index), parameter, template);
        }
        let parent = !template.steps.is_empty() || template.dag.is_some();
        let list = at.key("artifacts");
        for (index, artifact) in outputs.artifacts.iter().enumerate() {
            let at = list.index(index);
            self.check_artifact_path(at, artifact, template);
            self.check_location(at, artifact);
            self.check_global_name(at, artifact.global_name.as_deref());
            let sources = artifact.from.is_some() as u8 + artifact.from_expression.is_some() as u8;
            if sources == 2 {
                self.report(at.key("fromExpression").key_error(
                    "two-sources",
                    "an artifact has either from or fromExpression",
                ));
            } else if parent && sources == 0 && !located(artifact) {
                let fault = at.error(
                    "output-source",
                    format!("output artifact `{}` comes from nowhere", artifact.name),
                );
                self.report(fault.help("give it `from` or `fromExpression`"));
            }
        }
    }

    fn check_output(&mut self, at: At<'_>, parameter: &Parameter, template: &Template) {
        self.check_global_name(at, parameter.global_name.as_deref());
        let legal = legal(template);
        let Some(from) = parameter.value_from.as_deref() else {
            if parameter.value.is_none() && parameter.default.is_none() {
                let fault = at.error(
                    "output-source",
                    format!("output parameter `{}` comes from nowhere", parameter.name),
                );
                self.report(match legal {
                    Some((_, sources)) => fault.help(format!("give it valueFrom.{}", sources[0])),
                    None => fault,
                });
            }
            return;
        };
        if parameter.value.is_some() {
            self.report(at.key("value").key_error(
                "two-sources",
                "an output parameter has either value or valueFrom",
            ));
        }
        let sources = sources(from);
        let at = at.key("valueFrom");
        if let [_, second, ..] = sources.as_slice() {
            let reason = format!("valueFrom has more than one source: {}", sources.join(", "));
            self.report(at.key(second).key_error("two-sources", reason));
        }
        let Some((kind, legal)) = legal else { return };
        match sources.as_slice() {
            [] if kind == "suspend" && from.default.is_some() => {}
            [] => {
                let fault = at.error(
                    "output-source",
                    format!("output parameter `{}` comes from nowhere", parameter.name),
                );
                self.report(fault.help(format!(
                    "give it valueFrom.{}",
                    legal.join(" or valueFrom.")
                )));
            }
            sources if sources.iter().any(|source| legal.contains(source)) => {}
            [source, ..] => {
                let reason = format!(
                    "a {kind} template's output comes from {}, not from {source}",
                    legal.join(" or ")
                );
                self.report(suggest(
                    at.key(source).key_error("output-source", reason),
                    source,
                    legal.iter().copied(),
                ));
            }
        }
    }

    fn check_global_name(&mut self, at: At<'_>, name: Option<&str>) {
        let Some(name) = name.filter(|name| !name.contains("{{")) else {
            return;
        };
        if !name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        {
            let reason = format!(
                "`{name}` cannot name a global output: it may hold letters, digits, `-` and `_` only"
            );
            self.report(at.key("globalName").error("name", reason));
        }
    }
}
