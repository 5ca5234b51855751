//! Outputs of steps and dag templates, made from those of their children.

use crate::NodeIx;
use crate::render::{Place, TextFault};
use crate::work::Engine;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use tiphys_expr::{RenderError, Unresolved, Value};
use tiphys_graph::plan::{ArtifactArgument, Body, Output, OutputSource};
use tiphys_spec as spec;
use tiphys_spec::NodePhase;

impl Engine<'_> {
    /// Every child has done its part: gather the outputs, and succeed if they can be had.
    pub fn compose(&mut self, ix: NodeIx) {
        match self.composed(ix) {
            Ok(outputs) => {
                if outputs != spec::Outputs::default() {
                    self.run.edit(ix).outputs = Some(Box::new(outputs));
                }
                self.end(ix, NodePhase::Succeeded, None);
            }
            Err(message) => self.end(ix, NodePhase::Error, Some(message)),
        }
    }

    fn composed(&self, ix: NodeIx) -> Result<spec::Outputs, String> {
        let mut outputs = spec::Outputs::default();
        let Some(template) = self.template_at(ix) else {
            return Ok(outputs);
        };
        let place = Place {
            frame: Some(ix),
            ..Place::default()
        };
        let declared = template
            .spec
            .outputs
            .as_deref()
            .map(|o| o.parameters.as_slice())
            .unwrap_or_default();
        for output in &template.outputs {
            let value = self.composed_value(output, place)?;
            let mut parameter = declared
                .iter()
                .find(|p| p.name == output.name)
                .cloned()
                .unwrap_or_default();
            parameter.name.clone_from(&output.name);
            parameter.value = Some(value.into());
            parameter.value_from = None;
            if let Some(global) = &output.global_name {
                parameter.global_name = Some(self.text(global, place).map_err(TextFault::message)?);
            }
            outputs.parameters.push(parameter);
        }
        for output in &template.output_artifacts {
            let wanted = ArtifactArgument {
                name: output.name.clone(),
                source: output.source.clone(),
                sub_path: None,
                optional: output.optional,
            };
            match self.artifact(&wanted, place)? {
                Some(mut found) => {
                    found.name.clone_from(&output.name);
                    found.path = None;
                    if let Some(global) = &output.global_name {
                        found.global_name =
                            Some(self.text(global, place).map_err(TextFault::message)?);
                    }
                    outputs.artifacts.push(found);
                }
                None if output.optional => {}
                None => {
                    return Err(format!(
                        "output artifact '{}' was not produced",
                        output.name
                    ));
                }
            }
        }
        Ok(outputs)
    }

    fn composed_value(&self, output: &Output, place: Place<'_>) -> Result<String, String> {
        let found = match &output.source {
            OutputSource::Parameter(text) => self.strictly(text, place),
            OutputSource::Expression(program) => match self.value(program, place) {
                Ok(Value::Nil) => Ok(None),
                Ok(value) => value.tag_text().map(Some).map_err(|e| e.to_string()),
                Err(message) => Err(message),
            },
            OutputSource::Value(Some(text)) => {
                self.text(text, place).map(Some).map_err(TextFault::message)
            }
            _ => Ok(None),
        };
        match (found, &output.default) {
            (Ok(Some(value)), _) => Ok(value),
            (_, Some(default)) => self.text(default, place).map_err(TextFault::message),
            (Ok(None), None) => Err(format!(
                "output parameter '{}' was not produced",
                output.name
            )),
            (Err(message), None) => Err(message),
        }
    }

    /// A tag that has to mean something.
    fn strictly(
        &self,
        text: &tiphys_expr::Text,
        place: Place<'_>,
    ) -> Result<Option<String>, String> {
        self.with_scope(place, |scope, _| {
            match text.render(&self.env(scope), Unresolved::Fail) {
                Ok(value) => Ok(Some(value.into_owned())),
                Err(RenderError::Absent { .. }) => Ok(None),
                Err(other) => Err(other.to_string()),
            }
        })
    }

    /// Names of a template's steps or tasks, once per template.
    pub fn index_slots(&mut self, ix: NodeIx) {
        let Some(template) = self.template_at(ix) else {
            return;
        };
        if self.run.slots.contains_key(&template.id) {
            return;
        }
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut names: FxHashMap<String, (u32, u32)> = FxHashMap::default();
        match &template.body {
            Body::Steps(groups) => {
                for (group, calls) in groups.iter().enumerate() {
                    for (step, call) in calls.iter().enumerate() {
                        names.insert(call.name.clone(), (number(group), number(step)));
                    }
                }
            }
            Body::Dag(dag) => {
                for (task, each) in dag.tasks.iter().enumerate() {
                    names.insert(each.call.name.clone(), (0, number(task)));
                }
            }
            _ => {}
        }
        self.run.slots.insert(template.id, Arc::new(names));
    }
}
