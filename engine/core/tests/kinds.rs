//! Kinds that plug-ins provide: calls, pauses between them, pods as an answer.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::sync::Arc;
use tiphys_core::{
    ContainerState, Effect, Observation, Outcome, PluginCall, PodFinished, PodKey, Run, absorb,
    decide,
};
use tiphys_graph::plan::Plan;
use tiphys_graph::{KindFault, Kinds, Library, Origin, Purpose, UnknownKind};
use tiphys_spec::read::ObjectValue;
use tiphys_spec::{NodePhase, NodeType};

struct All;

impl Kinds for All {
    fn check(&self, _: &str, _: &Value) -> Result<Vec<KindFault>, UnknownKind> {
        Ok(Vec::new())
    }
}

fn plan_of(templates: &str) -> Plan {
    let yaml = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: wf, namespace: default, uid: u}}\nspec:\n  entrypoint: main\n  templates:\n{templates}"
    );
    let read = tiphys_spec::read::read("test.yaml", yaml.as_bytes());
    assert!(read.is_sound(), "{:?}", read.diagnostics);
    let object = &read.objects[0];
    let ObjectValue::Workflow(workflow) = &object.value else {
        panic!("a workflow")
    };
    let mut library = Library::new();
    library.kinds = Arc::new(All);
    let planned = tiphys_graph::plan(
        workflow,
        &Origin::new(&read.source, &object.node),
        &library,
        Purpose::Run,
    );
    planned
        .plan
        .unwrap_or_else(|| panic!("{:?}", planned.diagnostics))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000 + seconds)
}

fn step(
    plan: &Plan,
    run: &mut Run,
    observations: Vec<Observation>,
    now: i64,
) -> (Vec<Effect>, Option<Timestamp>) {
    absorb(plan, run, observations);
    let decision = decide(plan, run, at(now));
    (decision.effects, decision.wake_at)
}

fn called(effects: Vec<Effect>) -> PluginCall {
    let mut calls = effects.into_iter().filter_map(|effect| match effect {
        Effect::CallPlugin(call) => Some(*call),
        _ => None,
    });
    let call = calls.next().expect("a call");
    assert!(calls.next().is_none(), "one call");
    call
}

fn pending(key: &PodKey, round: u32, due: i64) -> Observation {
    Observation::PluginPending {
        key: key.clone(),
        round,
        at: at(due),
        state: format!("after {round}"),
        message: "not yet".to_owned(),
    }
}

fn ended(key: &PodKey, outcome: Outcome, hopeless: bool) -> Observation {
    Observation::PodFinished(Box::new(PodFinished {
        key: key.clone(),
        at: at(0),
        outcome,
        message: None,
        exit_code: None,
        parameters: Vec::new(),
        result: Some("body".to_owned()),
        artifacts: Vec::new(),
        host: None,
        used: Default::default(),
        hopeless,
    }))
}

const POLL: &str = "  - name: main\n    inputs: {parameters: [{name: who, value: ada}]}\n    http: {url: 'https://a.test/{{inputs.parameters.who}}'}\n";

#[test]
fn a_plugin_that_asks_for_it_is_called_again_with_what_it_left() {
    let plan = plan_of(POLL);
    let mut run = Run::new(&plan, 1);
    let first = called(step(&plan, &mut run, vec![], 0).0);
    assert_eq!((first.round, first.state.as_deref()), (0, None));
    assert_eq!(first.body["url"], "https://a.test/ada");
    let (effects, wake) = step(&plan, &mut run, vec![pending(&first.key, 0, 30)], 1);
    assert!(effects.is_empty());
    assert_eq!(wake, Some(at(30)));
    let node = run.nodes().next().expect("a node");
    assert_eq!(
        (node.phase, node.message.as_deref()),
        (Some(NodePhase::Running), Some("not yet"))
    );
    // The same answer once more, or one to a round that is over, does not count.
    let (effects, _) = step(&plan, &mut run, vec![pending(&first.key, 0, 2)], 5);
    assert!(effects.is_empty());
    let second = called(step(&plan, &mut run, vec![], 30).0);
    assert_eq!(
        (second.round, second.state.as_deref()),
        (1, Some("after 0"))
    );
    assert_eq!(second.key, first.key);
    step(
        &plan,
        &mut run,
        vec![ended(&second.key, Outcome::Succeeded, false)],
        31,
    );
    assert!(run.finished());
    let node = run.nodes().next().expect("a node");
    assert_eq!(
        node.outputs.as_ref().and_then(|o| o.result.as_deref()),
        Some("body")
    );
    assert_eq!(
        (node.phase, node.message.as_deref()),
        (Some(NodePhase::Succeeded), None)
    );
    assert!(node.plugin_call.is_none(), "nothing is left of the calls");
}

#[test]
fn a_pause_outlives_the_process() {
    let plan = plan_of(POLL);
    let mut run = Run::new(&plan, 1);
    let first = called(step(&plan, &mut run, vec![], 0).0);
    step(&plan, &mut run, vec![pending(&first.key, 0, 30)], 1);
    let mut run = Run::restore(&plan, &run.status(), run.extra(), 1);
    let (effects, wake) = step(&plan, &mut run, vec![], 10);
    assert!(effects.is_empty(), "{effects:?}");
    assert_eq!(wake, Some(at(30)));
    let second = called(step(&plan, &mut run, vec![], 30).0);
    assert_eq!(
        (second.round, second.state.as_deref()),
        (1, Some("after 0"))
    );
    // Killed again, in the middle of the second call: that call is made again, not the first.
    let mut run = Run::restore(&plan, &run.status(), run.extra(), 1);
    let again = called(step(&plan, &mut run, vec![], 31).0);
    assert_eq!((again.round, again.state.as_deref()), (1, Some("after 0")));
}

#[test]
fn a_deadline_ends_a_pause() {
    let plan = plan_of(
        "  - name: main\n    activeDeadlineSeconds: 20\n    http: {url: 'https://a.test'}\n",
    );
    let mut run = Run::new(&plan, 1);
    let first = called(step(&plan, &mut run, vec![], 0).0);
    assert_eq!(first.deadline, Some(at(20)));
    let (_, wake) = step(&plan, &mut run, vec![pending(&first.key, 0, 60)], 1);
    assert_eq!(wake, Some(at(20)));
    let (effects, _) = step(&plan, &mut run, vec![], 20);
    assert!(
        matches!(&effects[..], [Effect::StopPod { key }] if *key == first.key),
        "{effects:?}"
    );
    step(
        &plan,
        &mut run,
        vec![ended(&first.key, Outcome::Failed, false)],
        20,
    );
    assert!(run.finished());
    let node = run.nodes().next().expect("a node");
    assert_eq!(node.phase, Some(NodePhase::Failed));
}

#[test]
fn what_would_fail_alike_is_not_tried_again() {
    let plan = plan_of(
        "  - name: main\n    retryStrategy: {limit: 3}\n    http: {url: 'https://a.test'}\n",
    );
    for (hopeless, attempts) in [(true, 1), (false, 2)] {
        let mut run = Run::new(&plan, 1);
        let call = called(step(&plan, &mut run, vec![], 0).0);
        step(
            &plan,
            &mut run,
            vec![ended(&call.key, Outcome::Failed, hopeless)],
            1,
        );
        let made = run
            .nodes()
            .filter(|node| node.r#type == Some(NodeType::Http))
            .count();
        assert_eq!((made, run.finished()), (attempts, hopeless));
    }
}

#[test]
fn containers_of_a_set_are_nodes_below_their_pod() {
    let plan = plan_of(
        "  - name: main\n    dag: {tasks: [{name: set, template: set}, {name: next, template: next, dependencies: [set]}]}\n  - name: next\n    container: {image: x, command: [x]}\n  - name: set\n    containerSet:\n      containers: [{name: a, image: x}, {name: b, image: x, dependencies: [a]}, {name: c, image: x, dependencies: [a]}]\n",
    );
    let mut run = Run::new(&plan, 1);
    let call = called(step(&plan, &mut run, vec![], 0).0);
    let pod =
        serde_json::from_value(serde_json::json!({"containerSet": call.body})).expect("a template");
    let answer = Observation::PluginPod {
        key: call.key.clone(),
        template: Box::new(pod),
    };
    let (effects, _) = step(&plan, &mut run, vec![answer], 1);
    let [Effect::CreatePod(intent)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(intent.key, call.key);
    assert_eq!(
        intent
            .template
            .container_set
            .as_ref()
            .map(|set| set.containers.len()),
        Some(3)
    );
    let say = |name: &str, state| Observation::ContainerChanged {
        key: call.key.clone(),
        name: name.to_owned(),
        state,
    };
    step(
        &plan,
        &mut run,
        vec![
            say("a", ContainerState::Ended(0)),
            say("b", ContainerState::Running),
        ],
        2,
    );
    let mut run = Run::restore(&plan, &run.status(), run.extra(), 1);
    let call = called(step(&plan, &mut run, vec![], 3).0);
    let pod =
        serde_json::from_value(serde_json::json!({"containerSet": call.body})).expect("a template");
    step(
        &plan,
        &mut run,
        vec![Observation::PluginPod {
            key: call.key.clone(),
            template: Box::new(pod),
        }],
        3,
    );
    let ends = vec![
        say("b", ContainerState::Ended(0)),
        say("c", ContainerState::Ended(0)),
        ended(&call.key, Outcome::Succeeded, false),
    ];
    step(&plan, &mut run, ends, 4);
    let name = |id: &str| {
        run.nodes()
            .find(|node| node.id == id)
            .map(|node| node.name.clone())
            .unwrap_or_default()
    };
    let mut tree: Vec<String> = run
        .nodes()
        .map(|node| {
            let children: Vec<String> = node.children.iter().map(|id| name(id)).collect();
            format!(
                "{} {:?} {:?} {}",
                node.name,
                node.r#type.expect("a type"),
                node.phase.expect("a phase"),
                children.join(" ")
            )
        })
        .collect();
    tree.sort();
    assert_eq!(
        tree,
        [
            "wf Dag Running wf.set",
            "wf.next Pod Pending ",
            "wf.set Pod Succeeded wf.set.a",
            "wf.set.a Container Succeeded wf.set.b wf.set.c",
            "wf.set.b Container Succeeded wf.next",
            "wf.set.c Container Succeeded wf.next",
        ]
    );
    // And once more, from what is stored, with the next pod still to come.
    let run = Run::restore(&plan, &run.status(), run.extra(), 1);
    assert_eq!(run.nodes().count(), 6);
}

/// What is read off an object does not depend on whether a tag stands somewhere in the template.
#[test]
fn a_resource_says_what_to_read_off_its_object() {
    for name in ["plain", "'{{workflow.name}}'"] {
        let plan = plan_of(&format!(
            "    - name: main\n      resource:\n        action: get\n        manifest: |\n          apiVersion: v1\n          kind: ConfigMap\n          metadata: {{name: {name}}}\n      outputs:\n        parameters:\n          - {{name: a, valueFrom: {{jsonPath: '{{.data.a}}', default: none}}}}\n          - {{name: b, valueFrom: {{jqFilter: .data.b}}}}\n"
        ));
        let mut run = Run::new(&plan, 1);
        let (effects, _) = step(&plan, &mut run, Vec::new(), 0);
        let [Effect::CreatePod(intent)] = effects.as_slice() else {
            panic!("{name}: {effects:?}")
        };
        let outputs = intent.template.outputs.as_deref().expect("outputs");
        let from = |at: usize| outputs.parameters[at].value_from.as_ref().expect("a place");
        assert_eq!(from(0).json_path.as_deref(), Some("{.data.a}"), "{name}");
        assert_eq!(from(1).jq_filter.as_deref(), Some(".data.b"), "{name}");
    }
}
