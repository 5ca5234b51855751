//! Inputs of templates, arguments of workflows and calls.

use crate::origin::At;
use crate::plan::{Argument, ArtifactArgument, ArtifactInput, ArtifactSource, ConfigMapKey, Input};
use crate::planner::Planner;
use crate::scope::Names;
use tiphys_expr::Text;
use tiphys_spec::{Arguments, Artifact, Inputs, Parameter, ValueFrom};

impl Planner<'_> {
    pub(crate) fn inputs(
        &mut self,
        at: At<'_>,
        inputs: Option<&Inputs>,
        names: &Names<'_>,
    ) -> (Vec<Input>, Vec<ArtifactInput>) {
        let Some(inputs) = inputs else {
            return Default::default();
        };
        let parameters = self.parameters(at.key("parameters"), &inputs.parameters, names);
        let list = at.key("artifacts");
        let artifacts = inputs
            .artifacts
            .iter()
            .enumerate()
            .map(|(index, artifact)| ArtifactInput {
                name: artifact.name.clone(),
                tree: self.artifact_tree(list.index(index), artifact, names),
                optional: artifact.optional == Some(true),
                located: located(artifact),
            });
        (parameters, artifacts.collect())
    }

    pub(crate) fn parameters(
        &mut self,
        at: At<'_>,
        parameters: &[Parameter],
        names: &Names<'_>,
    ) -> Vec<Input> {
        let one = |(index, parameter): (usize, &Parameter)| {
            let at = at.index(index);
            Input {
                name: parameter.name.clone(),
                value: self.optional(at.key("value"), parameter.value.as_deref(), names),
                default: self.optional(at.key("default"), parameter.default.as_deref(), names),
                choices: parameter.r#enum.iter().map(ToString::to_string).collect(),
                config_map: self.config_map(
                    at.key("valueFrom"),
                    parameter.value_from.as_deref(),
                    names,
                ),
                supplied: parameter
                    .value_from
                    .as_ref()
                    .is_some_and(|from| from.supplied.is_some()),
            }
        };
        parameters.iter().enumerate().map(one).collect()
    }

    pub(crate) fn arguments(
        &mut self,
        at: At<'_>,
        arguments: Option<&Arguments>,
        names: &Names<'_>,
    ) -> (Vec<Argument>, Vec<ArtifactArgument>) {
        let Some(arguments) = arguments else {
            return Default::default();
        };
        let (parameters, artifacts) = (at.key("parameters"), at.key("artifacts"));
        (
            arguments
                .parameters
                .iter()
                .enumerate()
                .map(|(i, p)| self.argument(parameters.index(i), p, names))
                .collect(),
            arguments
                .artifacts
                .iter()
                .enumerate()
                .map(|(i, a)| self.artifact_argument(artifacts.index(i), a, names))
                .collect(),
        )
    }

    fn argument(&mut self, at: At<'_>, parameter: &Parameter, names: &Names<'_>) -> Argument {
        let from = parameter.value_from.as_deref();
        let from_at = at.key("valueFrom");
        let value = self.optional(at.key("value"), parameter.value.as_deref(), names);
        let named = from.and_then(|from| from.parameter.as_deref());
        let named = named.map(|name| self.braced(from_at.key("parameter"), name, names));
        let default = parameter
            .default
            .as_deref()
            .or(from.and_then(|from| from.default.as_deref()));
        let fixed =
            from.is_none_or(|from| from.config_map_key_ref.is_none() && from.expression.is_none());
        Argument {
            name: parameter.name.clone(),
            value: value
                .or(named)
                .or_else(|| default.filter(|_| fixed).map(Text::parse)),
            expression: from
                .and_then(|from| from.expression.as_deref())
                .and_then(|expression| self.program(from_at.key("expression"), expression, names)),
            config_map: self.config_map(from_at, from, names),
        }
    }

    fn config_map(
        &mut self,
        at: At<'_>,
        from: Option<&ValueFrom>,
        names: &Names<'_>,
    ) -> Option<ConfigMapKey> {
        let from = from?;
        let key = from.config_map_key_ref.as_deref()?;
        let key_at = at.key("configMapKeyRef");
        Some(ConfigMapKey {
            name: self.text(key_at.key("name"), &key.name, names),
            key: self.text(key_at.key("key"), &key.key, names),
            optional: key.optional == Some(true),
            default: self.optional(at.key("default"), from.default.as_deref(), names),
        })
    }

    pub(crate) fn artifact_argument(
        &mut self,
        at: At<'_>,
        artifact: &Artifact,
        names: &Names<'_>,
    ) -> ArtifactArgument {
        ArtifactArgument {
            name: artifact.name.clone(),
            source: self.artifact_source(at, artifact, names),
            sub_path: self.optional(at.key("subPath"), artifact.sub_path.as_deref(), names),
            optional: artifact.optional == Some(true),
        }
    }

    /// Where an artifact of an argument or of a steps or dag template's outputs comes from.
    pub(crate) fn artifact_source(
        &mut self,
        at: At<'_>,
        artifact: &Artifact,
        names: &Names<'_>,
    ) -> ArtifactSource {
        if let Some(from) = &artifact.from {
            return ArtifactSource::From(self.unbraced(at.key("from"), from, names));
        }
        if let Some(expression) = &artifact.from_expression {
            let program = self.program(at.key("fromExpression"), expression, names);
            return program.map_or(ArtifactSource::None, ArtifactSource::Expression);
        }
        if located(artifact) {
            return ArtifactSource::Located(self.artifact_tree(at, artifact, names));
        }
        ArtifactSource::None
    }

    pub(crate) fn artifact_tree(
        &mut self,
        at: At<'_>,
        artifact: &Artifact,
        names: &Names<'_>,
    ) -> tiphys_expr::Tree {
        let json = serde_json::to_value(artifact).unwrap_or_default();
        self.tree(at, &json, names)
    }

    /// The name inside a tag, its braces taken off.
    fn unbraced(&mut self, at: At<'_>, raw: &str, names: &Names<'_>) -> Text {
        let trimmed = raw.trim();
        let inner = trimmed
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"));
        match inner {
            Some(inner) if inner.contains("{{") || inner.starts_with('=') => {
                self.text(at, raw, names)
            }
            Some(inner) => {
                // Checked as the tag it was.
                self.text(at, raw, names);
                Text::parse(inner.trim())
            }
            None if trimmed.contains("{{") => self.text(at, raw, names),
            None => {
                self.name(at, raw, names);
                Text::parse(trimmed)
            }
        }
    }

    /// A tag, its braces put back where they were left off.
    pub(crate) fn braced(&mut self, at: At<'_>, raw: &str, names: &Names<'_>) -> Text {
        if raw.contains("{{") {
            return self.text(at, raw, names);
        }
        self.name(at, raw, names);
        Text::parse(&format!("{{{{{}}}}}", raw.trim()))
    }
}

/// Whether the artifact says where it lies, by one of the drivers.
pub(crate) fn located(artifact: &Artifact) -> bool {
    artifact.s3.is_some()
        || artifact.gcs.is_some()
        || artifact.azure.is_some()
        || artifact.oss.is_some()
        || artifact.hdfs.is_some()
        || artifact.git.is_some()
        || artifact.http.is_some()
        || artifact.artifactory.is_some()
        || artifact.raw.is_some()
        || artifact.plugin.is_some()
}
