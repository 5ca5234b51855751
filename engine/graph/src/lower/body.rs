//! The bodies of templates that run as one: pods, suspensions, plug-in kinds.

use crate::origin::At;
use crate::plan::Body;
use crate::planner::Planner;
use crate::scope::{Names, Place};
use serde_json::Value;
use tiphys_spec::Template;

/// What the engine evaluates itself, left out of a pod's tree.
const ENGINE: [&str; 5] = [
    "inputs",
    "retryStrategy",
    "memoize",
    "synchronization",
    "metrics",
];

impl Planner<'_> {
    pub(crate) fn leaf(&mut self, at: At<'_>, spec: &Template, names: &Names<'_>) -> Body {
        let mut json = serde_json::to_value(spec).unwrap_or_default();
        if let Some(map) = json.as_object_mut() {
            for field in ENGINE {
                map.remove(field);
            }
            if let Some(outputs) = map.get_mut("outputs").and_then(Value::as_object_mut) {
                match outputs.get_mut("parameters") {
                    // Who does what the template says reads them off the object.
                    Some(parameters) if spec.resource.is_some() => of_object(parameters),
                    _ => _ = outputs.remove("parameters"),
                }
            }
        }
        if let Some((kind, kept)) = kinds(spec) {
            let body = json
                .as_object_mut()
                .and_then(|map| map.remove(kept))
                .unwrap_or_default();
            let names = Names {
                place: Place::Plugin,
                ..*names
            };
            let _ = self.tree(at, &json, &names);
            let at = at.key(kept);
            let Some(kind) = kind else {
                return Body::Kind {
                    kind: kept.to_owned(),
                    body: self.tree(at, &body, &names),
                };
            };
            let inner = body.get(&kind).cloned().unwrap_or_default();
            let body = self.tree(at.key(&kind), &inner, &names);
            return Body::Kind { kind, body };
        }
        let tree = self.tree(at, &json, names);
        match &spec.suspend {
            Some(suspend) => Body::Suspend {
                duration: self.optional(
                    at.key("suspend").key("duration"),
                    suspend.duration.as_deref(),
                    names,
                ),
            },
            None => Body::Pod(tree),
        }
    }
}

/// Leaves of output parameters what says where in an object they are: the engine evaluates the rest.
fn of_object(parameters: &mut Value) {
    for parameter in parameters.as_array_mut().into_iter().flatten() {
        let keep = |value: &mut Value, fields: &[&str]| {
            if let Some(map) = value.as_object_mut() {
                map.retain(|field, _| fields.contains(&field.as_str()));
            }
        };
        keep(parameter, &["name", "valueFrom"]);
        if let Some(from) = parameter.get_mut("valueFrom") {
            keep(from, &["jsonPath", "jqFilter"]);
        }
    }
}

/// The plug-in kinds that a template names: the kind (where it is a key of `plugin`) and the field it stands in.
pub(crate) fn kinds(spec: &Template) -> Option<(Option<String>, &'static str)> {
    if let Some(plugin) = &spec.plugin {
        return plugin
            .0
            .keys()
            .next()
            .map(|kind| (Some(kind.clone()), "plugin"));
    }
    let fields = [
        ("http", spec.http.is_some()),
        ("data", spec.data.is_some()),
        ("containerSet", spec.container_set.is_some()),
    ];
    fields
        .into_iter()
        .find(|(_, there)| *there)
        .map(|(field, _)| (None, field))
}
