//! The output parameters that a template declares.

use tiphys_plugin::{Failure, Request};

use crate::answer::{Answer, Asked};
use crate::pick::{KEYS, Pick};

/// What the template declares, read.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Vec<Output>);

#[derive(Debug)]
struct Output {
    name: String,
    pick: Option<Pick>,
    default: Option<String>,
}

impl Outputs {
    pub(crate) fn read(request: &Request) -> Result<Outputs, Failure> {
        let mut outputs = Vec::new();
        for declared in request.declared_parameters() {
            let name = declared["name"].as_str().unwrap_or_default().to_owned();
            let Some(from) = declared.get("valueFrom").filter(|from| !from.is_null()) else {
                continue;
            };
            let pick = Pick::read(from).map_err(|(key, reason)| {
                Failure::new(format!(
                    "output parameter {name}: valueFrom.{key}: {reason}"
                ))
            })?;
            let default = from.get("default").filter(|default| !default.is_null());
            let default = default.map(tiphys_plugin_query::text);
            if pick.is_none() && default.is_none() {
                return Err(Failure::new(format!(
                    "output parameter {name}: valueFrom has none of {}",
                    KEYS.join(", ")
                )));
            }
            outputs.push(Output {
                name,
                pick,
                default,
            });
        }
        Ok(Outputs(outputs))
    }

    /// Whether the response's body has to be in memory for them.
    pub(crate) fn want_body(&self) -> bool {
        let mut picks = self.0.iter().filter_map(|output| output.pick.as_ref());
        picks.any(Pick::wants_body)
    }

    /// Takes them out of the response: names and values.
    pub(crate) fn take(
        &self,
        answer: &Answer,
        asked: &Asked,
    ) -> Result<Vec<(&str, String)>, Failure> {
        let mut taken = Vec::new();
        for output in &self.0 {
            let found = match &output.pick {
                Some(pick) => pick.text(answer, asked),
                None => Ok(None),
            };
            let value = match (found, &output.default) {
                (Ok(Some(value)), _) => value,
                (_, Some(default)) => default.clone(),
                (Ok(None), None) => {
                    return Err(failure(&output.name, "it leads to nothing in the response"));
                }
                (Err(reason), None) => return Err(failure(&output.name, &reason)),
            };
            taken.push((&*output.name, value));
        }
        Ok(taken)
    }
}

fn failure(name: &str, reason: &str) -> Failure {
    Failure::new(format!("output parameter {name}: {reason}")).retryable()
}
