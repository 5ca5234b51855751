//! The environment of a container.

use k8s_openapi::api::core::v1 as k8s;

use super::expand::expand;
use super::identity::{Identity, resource};
use super::part::Part;
use crate::submitted::Submitted;

/// Name and value, in order; a later one of the same name has replaced the earlier one.
#[derive(Default)]
pub(super) struct Environment {
    pub variables: Vec<(String, String)>,
}

impl Environment {
    pub(super) fn set(&mut self, name: &str, value: String) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.variables.push((name.to_owned(), value)),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Replaces `$(NAME)`.
    pub(super) fn expand(&self, text: &str) -> String {
        expand(text, |name| self.get(name))
    }

    /// The whole environment of a container.
    ///
    /// Errors name what is missing, never a value.
    pub(super) fn of(
        part: &Part,
        identity: &Identity,
        submitted: &Submitted,
    ) -> Result<Environment, String> {
        let mut environment = Environment {
            variables: identity.variables(&part.name),
        };
        for source in &part.env_from {
            for (name, value) in all_of(source, submitted)? {
                environment.set(
                    &format!("{}{name}", source.prefix.as_deref().unwrap_or_default()),
                    value,
                );
            }
        }
        for variable in &part.env {
            let value = match (&variable.value, &variable.value_from) {
                (_, Some(source)) => one_of(&variable.name, source, part, identity, submitted)?,
                (Some(value), None) => Some(environment.expand(value)),
                (None, None) => Some(String::new()),
            };
            if let Some(value) = value {
                environment.set(&variable.name, value);
            }
        }
        Ok(environment)
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn all_of(
    source: &k8s::EnvFromSource,
    submitted: &Submitted,
) -> Result<Vec<(String, String)>, String> {
    let (kind, name, optional, content) = if let Some(map) = &source.config_map_ref {
        (
            "ConfigMap",
            &map.name,
            map.optional,
            submitted.config_map(&map.name),
        )
    } else if let Some(secret) = &source.secret_ref {
        (
            "Secret",
            &secret.name,
            secret.optional,
            submitted.secret(&secret.name),
        )
    } else {
        return Ok(Vec::new());
    };
    match content {
        Some(content) => Ok(content
            .into_iter()
            .map(|(key, value)| (key, text(value)))
            .collect()),
        None if optional.unwrap_or(false) => Ok(Vec::new()),
        None => Err(format!(
            "envFrom: the {kind} `{name}` was not given beside the workflow"
        )),
    }
}

fn one_of(
    variable: &str,
    source: &k8s::EnvVarSource,
    part: &Part,
    identity: &Identity,
    submitted: &Submitted,
) -> Result<Option<String>, String> {
    let (kind, name, key, optional, content) = if let Some(from) = &source.config_map_key_ref {
        (
            "ConfigMap",
            &from.name,
            &from.key,
            from.optional,
            submitted.config_map(&from.name),
        )
    } else if let Some(from) = &source.secret_key_ref {
        (
            "Secret",
            &from.name,
            &from.key,
            from.optional,
            submitted.secret(&from.name),
        )
    } else if let Some(field) = &source.field_ref {
        let value = identity.field(&field.field_path);
        return value.map(Some).ok_or_else(|| {
            format!(
                "env `{variable}`: a pod has no field `{}`",
                field.field_path
            )
        });
    } else if let Some(selector) = &source.resource_field_ref {
        let value = resource(selector, part);
        return value.map(Some).ok_or_else(|| {
            format!(
                "env `{variable}`: there is no resource `{}`",
                selector.resource
            )
        });
    } else {
        return Err(format!(
            "env `{variable}`: valueFrom names no source that is known on one machine"
        ));
    };
    let missing = match content {
        Some(mut content) => match content.remove(key) {
            Some(value) => return Ok(Some(text(value))),
            None => format!("env `{variable}`: the {kind} `{name}` has no key `{key}`"),
        },
        None => format!("env `{variable}`: the {kind} `{name}` was not given beside the workflow"),
    };
    if optional.unwrap_or(false) {
        Ok(None)
    } else {
        Err(missing)
    }
}
