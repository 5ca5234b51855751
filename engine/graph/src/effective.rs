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

/// `over` laid on another spec; neither has templates.
pub(crate) fn laid(over: WorkflowSpec, below: &WorkflowSpec) -> WorkflowSpec {
    let parameters = parameters(&over, below);
    let value = merge::strategic(written(below), written(&over));
    // What was written from two specs reads as a spec again; if not, the workflow's own stands.
    let mut spec: WorkflowSpec = serde_json::from_value(value).unwrap_or(over);
    if !parameters.is_empty() {
        spec.arguments.get_or_insert_default().parameters = parameters;
    }
    spec
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
}
