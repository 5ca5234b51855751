//! The workflow that runs: its `workflowTemplateRef` merged in.

use crate::library::Shared;
use crate::merge;
use serde_json::Value;
use tiphys_spec::{Parameter, Template, WorkflowSpec};

/// `over` laid on the spec of a shared template, templates left out. The template's own are returned beside.
pub(crate) fn merged(over: WorkflowSpec, shared: &Shared) -> (WorkflowSpec, Vec<Template>) {
    let mut below = shared.spec.clone();
    let templates = std::mem::take(&mut below.templates);
    (laid(over, &below), templates)
}

/// `over` laid on another spec, templates of both left out.
pub(crate) fn laid(mut over: WorkflowSpec, below: &WorkflowSpec) -> WorkflowSpec {
    over.templates.clear();
    let parameters = parameters(&over, below);
    let mut base = written(below);
    if let Some(base) = base.as_object_mut() {
        base.remove("templates");
    }
    let value = merge::strategic(base, written(&over));
    // What was written from two specs reads as a spec again; if not, the workflow's own stands.
    let mut spec: WorkflowSpec = serde_json::from_value(value).unwrap_or(over);
    if !parameters.is_empty() {
        spec.arguments.get_or_insert_default().parameters = parameters;
    }
    spec
}

/// Templates laid on those that every workflow has: those of one name are merged, the others follow. Source: Argo.
pub(crate) fn joined(own: Vec<Template>, below: &[Template]) -> Vec<Template> {
    let named = |all: &[Template], name: &str| all.iter().position(|of| of.name == name);
    let laid = |over: Template| {
        let under = named(below, &over.name).map(|at| &below[at]);
        let Some(under) = under else { return over };
        let written = |of: &Template| serde_json::to_value(of).unwrap_or_default();
        let value = merge::strategic(written(under), written(&over));
        serde_json::from_value(value).unwrap_or(over)
    };
    let more = below.iter().filter(|of| named(&own, &of.name).is_none());
    let more: Vec<Template> = more.cloned().collect();
    own.into_iter().map(laid).chain(more).collect()
}

fn written(spec: &WorkflowSpec) -> Value {
    serde_json::to_value(spec).unwrap_or_default()
}

/// The workflow's parameters as they are, then those that only the template has: a parameter is never merged field by field.
fn parameters(over: &WorkflowSpec, below: &WorkflowSpec) -> Vec<Parameter> {
    let of = |spec: &WorkflowSpec| {
        spec.arguments
            .as_ref()
            .map(|a| a.parameters.clone())
            .unwrap_or_default()
    };
    let mut parameters = of(over);
    let named: rustc_hash::FxHashSet<String> = parameters.iter().map(|p| p.name.clone()).collect();
    parameters.extend(of(below).into_iter().filter(|p| !named.contains(&p.name)));
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;
    use serde_json::json;

    fn spec(value: Value) -> WorkflowSpec {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_workflow_wins() {
        let shared = Shared {
            spec: spec(
                json!({"entrypoint": "a", "parallelism": 2, "templates": [{"name": "a"}],
                "arguments": {"parameters": [{"name": "x", "value": "1", "enum": ["1"]}, {"name": "y", "value": "2"}]}}),
            ),
            origin: Origin::unread("t"),
        };
        let over = spec(
            json!({"entrypoint": "b", "arguments": {"parameters": [{"name": "y", "value": "9"}]}}),
        );
        let (got, templates) = merged(over, &shared);
        let want = json!({"entrypoint": "b", "parallelism": 2,
            "arguments": {"parameters": [{"name": "y", "value": "9"}, {"name": "x", "value": "1", "enum": ["1"]}]}});
        assert_eq!(serde_json::to_value(got).unwrap(), want);
        assert_eq!(templates.len(), 1);
    }

    #[test]
    fn templates_by_default_lie_under_those_of_the_same_name_and_follow_the_others() {
        let of = |value: Value| spec(json!({"templates": value})).templates;
        let own = of(json!([{"name": "a", "container": {"args": ["x"]}}, {"name": "b"}]));
        let below = of(
            json!([{"name": "bye", "suspend": {}}, {"name": "a", "container": {"image": "i", "args": ["y"]}}]),
        );
        let want = of(
            json!([{"name": "a", "container": {"image": "i", "args": ["x"]}}, {"name": "b"}, {"name": "bye", "suspend": {}}]),
        );
        assert_eq!(joined(own, &below), want);
        // What was kept of a workflow has them already.
        assert_eq!(joined(want.clone(), &below), want);
    }
}
