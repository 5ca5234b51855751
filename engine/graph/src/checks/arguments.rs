//! Arguments against the inputs that they are for.

use crate::lower::{Raw, located};
use crate::origin::{At, suggest};
use crate::planner::Planner;
use crate::registry::Entry;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use tiphys_spec::{Artifact, Parameter, diagnostic::nearest};

/// The input can do without an argument.
fn fills_itself(parameter: &Parameter) -> bool {
    parameter.value.is_some() || parameter.default.is_some() || parameter.value_from.is_some()
}

impl Planner<'_> {
    /// Checks a call's arguments, against the inputs of the template it reaches where that is known.
    pub(crate) fn check_arguments(
        &mut self,
        at: At<'_>,
        raw: &Raw<'_>,
        target: Option<&Arc<Entry>>,
    ) {
        let parameters = raw.arguments.map_or(&[][..], |a| &a.parameters);
        let artifacts = raw.arguments.map_or(&[][..], |a| &a.artifacts);
        let arguments = at.key("arguments");
        self.check_parameter_names(arguments.key("parameters"), parameters);
        self.check_artifact_names(arguments.key("artifacts"), artifacts);
        self.check_values(arguments.key("parameters"), parameters);
        let Some(target) = target else { return };
        self.check_parameters(at, raw, target, parameters);
        self.check_artifacts(at, raw, target, artifacts);
    }

    /// Every argument needs a value, and one that its own enum allows.
    pub(crate) fn check_values(&mut self, at: At<'_>, parameters: &[Parameter]) {
        for (index, parameter) in parameters.iter().enumerate() {
            let at = at.index(index);
            if !fills_itself(parameter) {
                self.report(
                    at.error(
                        "argument-value",
                        format!("argument `{}` has no value", parameter.name),
                    )
                    .help("give it `value` or `valueFrom`"),
                );
            }
            self.check_choices(at, parameter);
        }
    }

    /// A parameter's own value and default must be among its choices.
    pub(crate) fn check_choices(&mut self, at: At<'_>, parameter: &Parameter) {
        if parameter.r#enum.is_empty() {
            return;
        }
        for (field, value) in [("value", &parameter.value), ("default", &parameter.default)] {
            let Some(value) = value.as_deref().filter(|value| !value.contains("{{")) else {
                continue;
            };
            if !parameter.r#enum.iter().any(|choice| &**choice == value) {
                let choices: Vec<&str> = parameter.r#enum.iter().map(|c| &**c).collect();
                let reason = format!(
                    "`{value}` is none of the choices of `{}`: {}",
                    parameter.name,
                    choices.join(", ")
                );
                self.report(suggest(at.key(field).error("enum", reason), value, choices));
            }
        }
    }

    fn check_parameters(&mut self, at: At<'_>, raw: &Raw<'_>, target: &Entry, given: &[Parameter]) {
        let inputs = target
            .spec
            .inputs
            .as_deref()
            .map_or(&[][..], |inputs| &inputs.parameters);
        let names: FxHashSet<&str> = given.iter().map(|p| p.name.as_str()).collect();
        let missing: Vec<&str> = inputs
            .iter()
            .filter(|p| !fills_itself(p) && !names.contains(p.name.as_str()))
            .map(|p| p.name.as_str())
            .collect();
        for name in &missing {
            let reason = format!(
                "{} `{}` gives no value for input `{name}` of {}",
                raw.what,
                raw.name,
                shown(target)
            );
            let place = if raw.arguments.is_some() {
                at.key("arguments").error("missing-argument", reason)
            } else {
                at.error("missing-argument", reason)
            };
            self.report(place.help("add it to arguments.parameters, or give the input a default"));
        }
        let list = at.key("arguments");
        let list = list.key("parameters");
        for (index, argument) in given.iter().enumerate() {
            let at = list.index(index);
            let Some(input) = inputs.iter().find(|input| input.name == argument.name) else {
                if !argument.name.is_empty() {
                    let reason = format!(
                        "{} has no input parameter `{}`: the argument is ignored",
                        shown(target),
                        argument.name
                    );
                    let fault = at.key("name").warning("unknown-argument", reason);
                    let near = nearest(&argument.name, missing.iter().copied()).map(str::to_owned);
                    self.report(match near {
                        Some(near) => fault.help(format!("did you mean `{near}`?")),
                        None => suggest(
                            fault,
                            &argument.name,
                            inputs
                                .iter()
                                .map(|p| p.name.as_str())
                                .filter(|n| !names.contains(n)),
                        ),
                    });
                }
                continue;
            };
            let value = argument
                .value
                .as_deref()
                .filter(|value| !value.contains("{{"));
            if let Some(value) = value
                && !input.r#enum.is_empty()
                && !input.r#enum.iter().any(|choice| &**choice == value)
            {
                let choices: Vec<&str> = input.r#enum.iter().map(|choice| &**choice).collect();
                let reason = format!(
                    "`{value}` is none of the choices of input `{}`: {}",
                    input.name,
                    choices.join(", ")
                );
                self.report(suggest(
                    at.key("value").warning("enum", reason),
                    value,
                    choices,
                ));
            }
        }
    }

    fn check_artifacts(&mut self, at: At<'_>, raw: &Raw<'_>, target: &Entry, given: &[Artifact]) {
        let inputs = target
            .spec
            .inputs
            .as_deref()
            .map_or(&[][..], |inputs| &inputs.artifacts);
        for input in inputs
            .iter()
            .filter(|input| input.optional != Some(true) && !located(input))
        {
            if !given.iter().any(|argument| argument.name == input.name) {
                let reason = format!(
                    "{} `{}` gives no input artifact `{}` of {}",
                    raw.what,
                    raw.name,
                    input.name,
                    shown(target)
                );
                let place = if raw.arguments.is_some() {
                    at.key("arguments").error("missing-argument", reason)
                } else {
                    at.error("missing-argument", reason)
                };
                self.report(
                    place.help("add it to arguments.artifacts, or make the input optional"),
                );
            }
        }
        let list = at.key("arguments");
        let list = list.key("artifacts");
        for (index, argument) in given.iter().enumerate() {
            let at = list.index(index);
            if !argument.name.is_empty() && !inputs.iter().any(|input| input.name == argument.name)
            {
                let reason = format!(
                    "{} has no input artifact `{}`: the argument is ignored",
                    shown(target),
                    argument.name
                );
                let fault = at.key("name").warning("unknown-argument", reason);
                self.report(suggest(
                    fault,
                    &argument.name,
                    inputs.iter().map(|input| input.name.as_str()),
                ));
            }
            if argument.from.is_some() && argument.from_expression.is_some() {
                self.report(at.key("fromExpression").key_error(
                    "two-sources",
                    "an artifact has either from or fromExpression",
                ));
            }
            let nowhere =
                argument.from.is_none() && argument.from_expression.is_none() && !located(argument);
            if nowhere
                && argument.optional != Some(true)
                && inputs
                    .iter()
                    .any(|input| input.name == argument.name && !located(input))
            {
                let fault = at.error(
                    "argument-value",
                    format!("argument artifact `{}` comes from nowhere", argument.name),
                );
                self.report(fault.help("give it `from`, `fromExpression` or a location"));
            }
        }
    }
}

fn shown(target: &Entry) -> String {
    if target.name.is_empty() {
        "the inline template".to_owned()
    } else {
        format!("template `{}`", target.name)
    }
}
