//! What stands in a plan.

#![allow(clippy::unwrap_used)]

use serde_json::json;
use std::sync::Arc;
use tiphys_graph::plan::{
    ArtifactSource, Body, Call, Loop, OutputSource, Plan, RetryPolicy, Scope, Target, Template,
};
use tiphys_graph::{Library, Origin, Purpose, plan};
use tiphys_spec::{ObjectValue, read};

/// The plan of the last object; those before it are the library.
fn planned(text: &str) -> Plan {
    planned_by(text, Library::new())
}

fn planned_by(text: &str, mut library: Library) -> Plan {
    let read = read("f", text.as_bytes());
    assert_eq!(read.diagnostics, []);
    let (object, others) = read.objects.split_last().unwrap();
    for other in others {
        library.add(other, &read.source);
    }
    let ObjectValue::Workflow(workflow) = &object.value else {
        panic!("{:?}", object.kind)
    };
    let planned = plan(
        workflow,
        &Origin::new(&read.source, &object.node),
        &library,
        Purpose::Run,
    );
    let faults: Vec<String> = planned
        .diagnostics
        .iter()
        .map(ToString::to_string)
        .collect();
    planned.plan.unwrap_or_else(|| panic!("{faults:#?}"))
}

fn workflow(spec: &str) -> Plan {
    planned(&format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: w}}\nspec:\n{spec}"
    ))
}

fn named<'p>(plan: &'p Plan, name: &str) -> &'p Template {
    plan.template(plan.find(&Scope::Local, name).unwrap())
}

fn steps(template: &Template) -> Vec<&Call> {
    let Body::Steps(groups) = &template.body else {
        panic!("{:?}", template.body)
    };
    groups.iter().flatten().collect()
}

#[test]
fn a_dag_has_order_targets_and_operands() {
    let plan = workflow(
        "  entrypoint: a
  templates:
  - {name: c, container: {image: i}}
  - name: a
    dag:
      tasks:
      - {name: z, template: c, depends: \"x.Failed || y1 && x\"}
      - {name: y1, template: c, dependencies: []}
      - {name: x, template: c}
      - {name: b, template: c}
",
    );
    assert_eq!(plan.entrypoint.0, 0);
    assert_eq!(plan.templates[0].name, "a");
    let Body::Dag(dag) = &plan.templates[0].body else {
        panic!()
    };
    assert_eq!(dag.targets, [3, 0]);
    assert_eq!(dag.tasks[0].operands, [2, 1, 2]);
    assert_eq!(dag.tasks[0].dependencies, [2, 1]);
    assert_eq!(dag.order, [1, 2, 3, 0]);
    assert_eq!((dag.graph.node_count(), dag.graph.edge_count()), (4, 2));
    assert!(dag.tasks[1].depends.is_none() && dag.fail_fast);
    assert_eq!(plan.calls.edge_count(), 4);
    assert_eq!(
        dag.tasks[0].call.path.to_string(),
        "spec.templates[1].dag.tasks[0]"
    );
}

#[test]
fn results_are_captured_where_they_are_mentioned() {
    let plan = workflow(
        "  entrypoint: a
  templates:
  - {name: c, inputs: {parameters: [{name: p, default: d}]}, container: {image: i}}
  - name: a
    steps:
    - - {name: one, template: c}
      - {name: two, template: c}
      - {name: th-ree, template: c}
      - {name: four, template: c}
    - - {name: five, template: c, when: \"{{steps.one.outputs.result}} == 1\", arguments: {parameters: [{name: p, value: \"{{=steps['th-ree'].outputs.result}}\"}]}}
    outputs: {parameters: [{name: o, valueFrom: {expression: steps.four.outputs.result}}]}
",
    );
    let captured: Vec<bool> = steps(&plan.templates[0])
        .iter()
        .map(|call| call.capture_result)
        .collect();
    assert_eq!(captured, [true, false, true, true, false]);
    assert!(matches!(
        plan.templates[0].outputs[0].source,
        OutputSource::Expression(_)
    ));
}

const SHARED: &str = "apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: t}
spec:
  entrypoint: one
  podMetadata: {labels: {from: t}}
  arguments: {parameters: [{name: p, value: low}, {name: q, value: q}]}
  onExit: two
  templates:
  - {name: one, steps: [[{name: x, template: two}]]}
  - {name: two, container: {image: i}}
---
";

#[test]
fn a_workflow_template_is_merged_under_the_workflow() {
    let plan = planned(&format!(
        "{SHARED}apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: w}}
spec:
  arguments: {{parameters: [{{name: p, value: high}}]}}
  workflowTemplateRef: {{name: t}}
"
    ));
    let arguments: Vec<(&str, &str)> = plan
        .arguments
        .iter()
        .map(|input| (input.name.as_str(), input.value.as_ref().unwrap().source()))
        .collect();
    assert_eq!(arguments, [("p", "high"), ("q", "q")]);
    assert_eq!(plan.templates[0].name, "one");
    assert_eq!(plan.templates[0].scope, Scope::Local);
    assert!(plan.exit.is_some() && plan.workflow.spec.templates.is_empty());
}

#[test]
fn locals_of_a_shared_template_are_its_own() {
    let plan = planned(&format!(
        "{SHARED}apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: w}}
spec:
  entrypoint: two
  templates:
  - {{name: two, steps: [[{{name: x, templateRef: {{name: t, template: one}}}}, {{name: any, templateRef: {{name: \"{{{{workflow.name}}}}\", template: z}}}}]]}}
"
    ));
    let scope = Scope::Namespaced("t".to_owned());
    let (one, two) = (
        plan.find(&scope, "one").unwrap(),
        plan.find(&scope, "two").unwrap(),
    );
    let calls = steps(&plan.templates[0]);
    assert!(matches!(calls[0].target, Target::Template(id) if id == one));
    assert_eq!(calls[0].reference.as_ref().unwrap().name, "t");
    assert!(matches!(steps(plan.template(one))[0].target, Target::Template(id) if id == two));
    assert!(matches!(
        &calls[1].target,
        Target::Dynamic {
            name: Some(_),
            cluster: false,
            ..
        }
    ));
    assert_eq!(
        plan.template(two).spec.metadata.as_ref().unwrap().labels["from"],
        "t"
    );
}

#[test]
fn defaults_and_retries_lie_under_templates() {
    let plan = workflow(
        "  entrypoint: a
  templateDefaults: {timeout: 5s, container: {image: i, env: [{name: A, value: d}, {name: B, value: d}]}, retryStrategy: {limit: 3, retryPolicy: Always}}
  retryStrategy: {limit: 9, expression: \"true\"}
  templates:
  - {name: a, steps: [[{name: x, template: b}, {name: y1, template: s}]]}
  - {name: b, container: {args: [x], env: [{name: B, value: own}]}, retryStrategy: {limit: 1}}
  - {name: s, script: {image: j, source: x}}
",
    );
    let b = named(&plan, "b");
    let container = b.spec.container.as_ref().unwrap();
    assert_eq!(container.image.as_deref(), Some("i"));
    assert_eq!(container.env.as_ref().unwrap().len(), 2);
    let retry = b.retry.as_ref().unwrap();
    assert_eq!(
        (retry.limit.as_ref().unwrap().source(), retry.policy),
        ("1", RetryPolicy::Always)
    );
    let s = named(&plan, "s");
    assert!(s.spec.container.is_none() && s.timeout.is_some());
    let a = &plan.templates[0];
    assert_eq!(
        a.retry.as_ref().unwrap().limit.as_ref().unwrap().source(),
        "3"
    );
    assert_eq!(steps(a).len(), 2);
}

/// What every workflow has, its exit handler for one, counts as if it were written in it; one that refers to a template has it, too.
#[test]
fn templates_by_default_are_every_workflows() {
    let templates = json!([{"name": "bye", "container": {"image": "i"}}, {"name": "c", "container": {"image": "j"}}]);
    let defaults = json!({"onExit": "bye", "templates": templates});
    let mut library = Library::new();
    library.defaults = Some(Arc::new(serde_json::from_value(defaults).unwrap()));
    let own = "spec: {entrypoint: a, templates: [{name: a, steps: [[{name: x, template: c}]]}, {name: c, container: {args: [own]}}]}";
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: ";
    let texts = [
        format!("{head}Workflow\nmetadata: {{name: w}}\n{own}"),
        format!(
            "{head}WorkflowTemplate\nmetadata: {{name: t}}\n{own}\n---\n{head}Workflow\nmetadata: {{name: w}}\nspec: {{workflowTemplateRef: {{name: t}}}}"
        ),
    ];
    for text in texts {
        let plan = planned_by(&text, library.clone());
        assert!(plan.exit.is_some(), "{text}");
        let image = |name| {
            named(&plan, name)
                .spec
                .container
                .as_ref()
                .unwrap()
                .image
                .clone()
        };
        assert_eq!(image("bye").as_deref(), Some("i"));
        assert_eq!(image("c").as_deref(), Some("j"));
        assert_eq!(
            named(&plan, "c").spec.container.as_ref().unwrap().args,
            Some(vec!["own".to_owned()])
        );
    }
}

#[test]
fn calls_carry_loops_hooks_and_arguments() {
    let plan = workflow(
        "  entrypoint: a
  hooks: {exit: {template: c}, late: {expression: \"workflow.status == 'Failed'\", template: c}}
  onExit: a
  templates:
  - {name: c, inputs: {parameters: [{name: p, default: d}], artifacts: [{name: f, path: /f, optional: true}]}, container: {image: i, args: [\"{{inputs.parameters.p}}\"]}, outputs: {parameters: [{name: o, valueFrom: {path: /o, default: z}}], artifacts: [{name: g, path: /g}]}}
  - name: a
    steps:
    - - {name: x, template: c, withItems: [{k: 1}, 2], continueOn: {failed: true}, onExit: c, hooks: {h: {expression: \"steps.x.status == 'Running'\", template: c}}}
    - - {name: i, inline: {container: {image: i}}, arguments: {artifacts: [{name: f, from: \"{{steps.x.outputs.artifacts.g}}\"}]}}
    outputs: {parameters: [{name: r, valueFrom: {parameter: steps.x.outputs.parameters.o}}]}
",
    );
    let a = &plan.templates[0];
    let calls = steps(a);
    assert!(matches!(&calls[0].each, Some(Loop::Items(items)) if items.len() == 2));
    assert!(calls[0].continue_on.failed && !calls[0].continue_on.error);
    let hooks: Vec<&str> = calls[0]
        .hooks
        .iter()
        .map(|hook| hook.call.name.as_str())
        .collect();
    assert_eq!(hooks, ["h", "exit"]);
    let Target::Template(inline) = calls[1].target else {
        panic!()
    };
    assert_eq!(plan.template(inline).name, "");
    assert!(
        matches!(&calls[1].artifacts[0].source, ArtifactSource::From(text) if text.source() == "steps.x.outputs.artifacts.g")
    );
    assert!(
        matches!(&a.outputs[0].source, OutputSource::Parameter(text) if text.source() == "{{steps.x.outputs.parameters.o}}")
    );
    let c = named(&plan, "c");
    assert!(matches!(plan.exit.as_ref().unwrap().call.target, Target::Template(id) if id == c.id));
    assert_eq!(plan.hooks.len(), 1);
    assert!(c.input_artifacts[0].optional && !c.input_artifacts[0].located);
    assert_eq!(c.outputs[0].default.as_ref().unwrap().source(), "z");
}

#[test]
fn recursion_by_reference_is_allowed() {
    let plan = workflow(
        "  entrypoint: a
  templates:
  - {name: a, steps: [[{name: x, template: b}]]}
  - {name: b, steps: [[{name: x, template: a}, {name: z, template: b}]]}
",
    );
    assert_eq!((plan.calls.node_count(), plan.calls.edge_count()), (2, 3));
}

const REFERRING: &str = "apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, templateRef: {name: shared, template: outer}}]]
";

fn shared(image: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {{name: shared}}
spec:
  podMetadata: {{labels: {{of: {image}}}}}
  templates:
  - name: outer
    steps: [[{{name: b, template: inner}}]]
  - {{name: inner, container: {{image: {image}}}}}
  - {{name: other, container: {{image: {image}}}}}
---
"
    )
}

#[test]
fn templates_of_others_are_kept_as_they_were() {
    let before = planned(&(shared("old") + REFERRING));
    let keys: Vec<_> = before.stored.keys().map(String::as_str).collect();
    assert_eq!(keys, ["namespaced/shared/inner", "namespaced/shared/outer"]);
    // As they come back from an object.
    let stored = serde_json::to_value(&before.stored).unwrap();
    let stored = serde_json::from_value(stored).unwrap();
    let gone = String::new();
    for now in [shared("new"), gone] {
        let read = read("f", (now + REFERRING).as_bytes());
        let (object, others) = read.objects.split_last().unwrap();
        let mut library = Library::new();
        for other in others {
            library.add(other, &read.source);
        }
        library.keep(&stored);
        let ObjectValue::Workflow(workflow) = &object.value else {
            panic!("{:?}", object.kind)
        };
        let origin = Origin::new(&read.source, &object.node);
        let planned = plan(workflow, &origin, &library, Purpose::Run);
        let plan = planned
            .plan
            .unwrap_or_else(|| panic!("{:?}", planned.diagnostics));
        let scope = Scope::Namespaced("shared".to_owned());
        let inner = &plan.template(plan.find(&scope, "inner").unwrap()).spec;
        assert_eq!(
            inner.container.as_ref().unwrap().image.as_deref(),
            Some("old")
        );
        let labels = &inner.metadata.as_ref().unwrap().labels;
        assert_eq!(labels.get("of").map(String::as_str), Some("old"));
        assert_eq!(plan.stored, before.stored);
    }
}

#[test]
fn what_only_a_reference_made_at_run_time_finds_is_not_kept() {
    let dynamic = REFERRING.replace("template: outer", "template: '{{workflow.name}}'");
    let plan = planned(&(shared("i") + &dynamic));
    let scope = Scope::Namespaced("shared".to_owned());
    assert!(plan.find(&scope, "other").is_some());
    assert!(plan.stored.is_empty(), "{:?}", plan.stored.keys());
}
