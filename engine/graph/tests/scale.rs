//! Cost grows with the size of the workflow.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;
use tiphys_graph::{Library, Origin, Purpose, plan};
use tiphys_spec::{DagTask, Workflow};

fn base(tasks: Vec<DagTask>) -> Workflow {
    let mut workflow: Workflow = serde_json::from_value(serde_json::json!({
        "metadata": {"name": "w"},
        "spec": {"entrypoint": "a", "templates": [
            {"name": "a", "dag": {"tasks": []}},
            {"name": "c", "inputs": {"parameters": [{"name": "p", "default": "d"}]}, "container": {"image": "i"}}
        ]}
    }))
    .unwrap();
    workflow.spec.templates[0].dag.as_mut().unwrap().tasks = tasks;
    workflow
}

fn task(index: usize, depends: &str, value: &str) -> DagTask {
    serde_json::from_value(serde_json::json!({
        "name": format!("t{index}"), "template": "c", "depends": depends,
        "arguments": {"parameters": [{"name": "p", "value": value}]}
    }))
    .unwrap()
}

/// Plans a DAG and says how long it took; `errors` are expected.
fn timed(what: &str, tasks: Vec<DagTask>, errors: usize) {
    let count = tasks.len();
    let workflow = base(tasks);
    let start = Instant::now();
    let planned = plan(
        &workflow,
        &Origin::unread("w"),
        &Library::new(),
        Purpose::Run,
    );
    println!("{what}: {count} tasks in {:?}", start.elapsed());
    let found = planned
        .diagnostics
        .iter()
        .filter(|fault| fault.is_error())
        .count();
    assert_eq!(found, errors, "{:?}", planned.diagnostics.first());
    if errors == 0 {
        assert_eq!(planned.plan.unwrap().templates.len(), 2);
    }
}

const COUNT: usize = if cfg!(debug_assertions) {
    5_000
} else {
    100_000
};

#[test]
fn a_chain_that_passes_results_on() {
    let one = |i: usize| match i {
        0 => task(0, "", "x"),
        _ => task(
            i,
            &format!("t{}", i - 1),
            &format!("{{{{tasks.t{}.outputs.result}}}}", i - 1),
        ),
    };
    timed("chain", (0..COUNT).map(one).collect(), 0);
}

#[test]
fn a_fan_of_two_layers() {
    let one = |i: usize| match i {
        0 => task(0, "", "x"),
        _ => task(
            i,
            "t0",
            "{{tasks.t0.outputs.result}} {{=tasks.t0.outputs.result}} {{workflow.name}}",
        ),
    };
    timed("fan", (0..COUNT).map(one).collect(), 0);
}

#[test]
fn a_chain_whose_every_task_refers_to_the_first() {
    let one = |i: usize| match i {
        0 => task(0, "", "x"),
        _ => task(i, &format!("t{}", i - 1), "{{tasks.t0.outputs.result}}"),
    };
    timed("chain to the first", (0..COUNT).map(one).collect(), 0);
}

#[test]
fn a_chain_whose_tasks_refer_far_back() {
    let one = |i: usize| match i {
        0 => task(0, "", "x"),
        _ => task(
            i,
            &format!("t{}", i - 1),
            &format!("{{{{tasks.t{}.outputs.result}}}}", i / 2),
        ),
    };
    timed("far references", (0..COUNT).map(one).collect(), 0);
}

#[test]
fn every_task_is_wrong() {
    let one = |i: usize| task(i, &format!("nope{i}"), "{{inputs.parameters.x}}");
    timed("wrong", (0..COUNT).map(one).collect(), 2 * COUNT);
}
