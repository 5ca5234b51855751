//! Outputs of templates.

use crate::origin::At;
use crate::plan::{ArtifactOutput, ArtifactSource, Output, OutputSource};
use crate::planner::Planner;
use crate::scope::Names;
use tiphys_spec::{Artifact, Parameter, Template};

impl Planner<'_> {
    pub(crate) fn outputs(
        &mut self,
        at: At<'_>,
        spec: &Template,
        names: &Names<'_>,
    ) -> (Vec<Output>, Vec<ArtifactOutput>) {
        let Some(outputs) = spec.outputs.as_deref() else {
            return Default::default();
        };
        let parent = !spec.steps.is_empty() || spec.dag.is_some();
        let (parameters, artifacts) = (at.key("parameters"), at.key("artifacts"));
        let mut outputs_of = Vec::with_capacity(outputs.parameters.len());
        for (index, parameter) in outputs.parameters.iter().enumerate() {
            outputs_of.push(self.output(parameters.index(index), parameter, names));
        }
        let mut artifacts_of = Vec::with_capacity(outputs.artifacts.len());
        for (index, artifact) in outputs.artifacts.iter().enumerate() {
            artifacts_of.push(self.output_artifact(
                artifacts.index(index),
                artifact,
                parent,
                names,
            ));
        }
        (outputs_of, artifacts_of)
    }

    fn output(&mut self, at: At<'_>, parameter: &Parameter, names: &Names<'_>) -> Output {
        let from = parameter.value_from.as_deref();
        let default = from.and_then(|from| from.default.as_deref());
        let default_at = if default.is_some() {
            at.key("valueFrom")
        } else {
            at
        };
        Output {
            name: parameter.name.clone(),
            global_name: self.optional(
                at.key("globalName"),
                parameter.global_name.as_deref(),
                names,
            ),
            source: self.output_source(at, parameter, names),
            default: self.optional(
                default_at.key("default"),
                default.or(parameter.default.as_deref()),
                names,
            ),
        }
    }

    fn output_source(
        &mut self,
        at: At<'_>,
        parameter: &Parameter,
        names: &Names<'_>,
    ) -> OutputSource {
        let value = |planner: &mut Self| {
            OutputSource::Value(planner.optional(
                at.key("value"),
                parameter.value.as_deref(),
                names,
            ))
        };
        let Some(from) = parameter.value_from.as_deref() else {
            return value(self);
        };
        let from_at = at.key("valueFrom");
        if let Some(path) = &from.path {
            OutputSource::Path(self.text(from_at.key("path"), path, names))
        } else if let Some(name) = &from.parameter {
            OutputSource::Parameter(self.braced(from_at.key("parameter"), name, names))
        } else if let Some(expression) = &from.expression {
            let program = self.program(from_at.key("expression"), expression, names);
            program.map_or(OutputSource::Value(None), OutputSource::Expression)
        } else if let Some(path) = &from.json_path {
            OutputSource::JsonPath(self.text(from_at.key("jsonPath"), path, names))
        } else if let Some(filter) = &from.jq_filter {
            OutputSource::JqFilter(self.text(from_at.key("jqFilter"), filter, names))
        } else if from.supplied.is_some() {
            OutputSource::Supplied
        } else {
            value(self)
        }
    }

    fn output_artifact(
        &mut self,
        at: At<'_>,
        artifact: &Artifact,
        parent: bool,
        names: &Names<'_>,
    ) -> ArtifactOutput {
        let source = if parent || artifact.from.is_some() || artifact.from_expression.is_some() {
            self.artifact_source(at, artifact, names)
        } else {
            ArtifactSource::Located(self.artifact_tree(at, artifact, names))
        };
        ArtifactOutput {
            name: artifact.name.clone(),
            global_name: self.optional(
                at.key("globalName"),
                artifact.global_name.as_deref(),
                names,
            ),
            source,
            optional: artifact.optional == Some(true),
        }
    }
}
