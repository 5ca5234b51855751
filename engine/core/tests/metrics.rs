//! Metrics that workflows and templates declare: told once, with what their node ended with.

use jiff::{SignedDuration, Timestamp};
use tiphys_core::{
    Effect, Extra, Measure, Observation, Outcome, PodFinished, PodKey, Run, Sample, absorb, decide,
};
use tiphys_graph::plan::Plan;
use tiphys_graph::{Library, Origin, Purpose};
use tiphys_spec::read::ObjectValue;

const WORKFLOW: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wf, namespace: default, uid: u}
spec:
  entrypoint: main
  metrics:
    prometheus:
    - {name: whole, help: of the whole, gauge: {realtime: true, value: '{{workflow.duration}}'}}
    - {name: ends, help: how it ended, labels: [{key: phase, value: '{{workflow.status}}'}], counter: {value: '1'}}
  templates:
  - name: main
    steps: [[{name: a, template: say, arguments: {parameters: [{name: size, value: '7'}]}}]]
  - name: say
    inputs: {parameters: [{name: size}]}
    outputs: {parameters: [{name: n, valueFrom: {path: /n}}]}
    retryStrategy: {limit: '2'}
    metrics:
      prometheus:
      - {name: live, help: in real time, gauge: {realtime: true, value: '{{duration}}'}}
      - {name: size, help: sizes, histogram: {buckets: [5, 10], value: '{{inputs.parameters.size}}'}}
      - name: ended
        help: ends
        labels: [{key: status, value: '{{status}}'}, {key: code, value: '{{exitCode}}'}]
        counter: {value: '{{outputs.parameters.n}}'}
      - {name: retried, help: retries, gauge: {value: '{{retries}}'}}
      - {name: never, help: never, when: '{{status}} == Failed', counter: {value: '1'}}
      - {name: bad, help: bad, gauge: {value: '{{status}}'}}
    container: {image: i}
";

fn plan() -> Plan {
    plan_of(WORKFLOW)
}

fn plan_of(text: &str) -> Plan {
    let read = tiphys_spec::read::read("f", text.as_bytes());
    assert!(read.is_sound(), "{:?}", read.diagnostics);
    let object = &read.objects[0];
    let ObjectValue::Workflow(workflow) = &object.value else {
        panic!("a workflow")
    };
    let origin = Origin::new(&read.source, &object.node);
    let planned = tiphys_graph::plan(workflow, &origin, &Library::new(), Purpose::Run);
    let faults = planned.diagnostics;
    planned.plan.unwrap_or_else(|| panic!("{faults:?}"))
}

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

/// What is to be measured, as `OF NAME {LABELS}: MEASURE`, and the pods that are asked for.
fn turn(
    plan: &Plan,
    run: &mut Run,
    facts: Vec<Observation>,
    now: i64,
) -> (Vec<String>, Vec<PodKey>) {
    absorb(plan, run, facts);
    let (mut told, mut pods) = (Vec::new(), Vec::new());
    for effect in decide(plan, run, at(now)).effects {
        match effect {
            Effect::CreatePod(intent) => pods.push(intent.key),
            Effect::Measure { of, samples } => {
                told.extend(samples.iter().map(|sample| line(run, &of, sample)))
            }
            _ => {}
        }
    }
    (told, pods)
}

fn line(run: &Run, of: &str, sample: &Sample) -> String {
    let node = run.nodes().find(|node| node.id == of);
    let of = node.map_or("workflow", |node| node.display_name.as_str());
    let labels: Vec<_> = sample
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let measure = match &sample.measure {
        Measure::Since(since) => format!("since {}", since.as_second()),
        other => format!("{other:?}"),
    };
    format!("{of} {} {{{}}}: {measure}", sample.name, labels.join(","))
}

fn ended(key: &PodKey, second: i64, outcome: Outcome, code: i32) -> Observation {
    let good = outcome == Outcome::Succeeded;
    Observation::PodFinished(Box::new(PodFinished {
        key: key.clone(),
        at: at(second),
        outcome,
        message: None,
        exit_code: Some(code),
        parameters: good
            .then(|| ("n".to_owned(), Some("3".to_owned())))
            .into_iter()
            .collect(),
        result: None,
        artifacts: Vec::new(),
        host: None,
        used: Default::default(),
        hopeless: false,
    }))
}

#[test]
fn what_ended_is_measured_once_and_what_runs_in_real_time() {
    let plan = plan();
    let mut run = Run::new(&plan, 1);
    let (told, pods) = turn(&plan, &mut run, vec![], 100);
    assert_eq!(
        told,
        ["workflow whole {}: since 100", "a live {}: since 100"]
    );
    let (told, pods) = turn(
        &plan,
        &mut run,
        vec![ended(&pods[0], 104, Outcome::Failed, 1)],
        105,
    );
    // An attempt that is made again is no end.
    assert_eq!(told, Vec::<String>::new());
    // Taken up anew, all is told again that grows, and nothing else.
    let stored = run.status();
    let mut run = Run::restore(&plan, &stored, &Extra::default(), 1);
    let (told, again) = turn(&plan, &mut run, vec![], 106);
    assert_eq!(
        told,
        ["workflow whole {}: since 100", "a live {}: since 100"]
    );
    assert_eq!(again, pods);
    let (told, _) = turn(
        &plan,
        &mut run,
        vec![ended(&pods[0], 109, Outcome::Succeeded, 0)],
        110,
    );
    assert_eq!(
        told,
        [
            "a live {}: Set(10.0)",
            "a size {}: Observe(7.0, [5.0, 10.0])",
            "a ended {code=0,status=Succeeded}: Count(3.0)",
            "a retried {}: Set(1.0)",
            "workflow whole {}: Set(10.0)",
            "workflow ends {phase=Succeeded}: Count(1.0)",
        ]
    );
    let status = run.status();
    let fault = &status.conditions[1];
    assert_eq!(fault.r#type.as_deref(), Some("MetricsError"));
    assert_eq!(
        fault.message.as_deref(),
        Some("metric `bad`: its value is no number: Succeeded")
    );
    // It is on record, and what was told is not told again.
    let mut run = Run::restore(&plan, &status, &Extra::default(), 1);
    assert_eq!(turn(&plan, &mut run, vec![], 120).0, Vec::<String>::new());
    assert_eq!(run.status().conditions, status.conditions);
}

#[test]
fn a_metric_that_is_refused_is_a_condition_and_no_fault_of_the_workflow() {
    let plan = plan();
    let mut run = Run::new(&plan, 1);
    turn(&plan, &mut run, vec![], 0);
    let reason = "metric `x`: it was another".to_owned();
    absorb(&plan, &mut run, [Observation::MetricRefused { reason }]);
    let decision = decide(&plan, &mut run, at(1));
    assert!(decision.workflow_changed && !decision.finished);
    assert_eq!(
        run.status().conditions[0].message.as_deref(),
        Some("metric `x`: it was another")
    );
}

/// What pods had of each resource is summed up by every node around them, each once, and known to metrics.
#[test]
fn what_pods_had_is_summed_up_once() {
    let text = WORKFLOW.replace(
        "'{{status}}'}}\n    container",
        "'{{resourcesDuration.cpu}}'}}\n    container",
    );
    assert_ne!(text, WORKFLOW);
    let plan = plan_of(&text);
    let mut run = Run::new(&plan, 1);
    let had = |key: &PodKey, outcome, cpu| {
        let mut end = ended(key, 5, outcome, 0);
        if let Observation::PodFinished(done) = &mut end {
            done.used = [("cpu".to_owned(), cpu), ("memory".to_owned(), 1)].into();
        }
        vec![end]
    };
    let (_, first) = turn(&plan, &mut run, vec![], 10);
    let failed = had(&first[0], Outcome::Failed, 2);
    let (_, second) = turn(&plan, &mut run, failed, 20);
    // What is on record is what was summed up.
    let mut run = Run::restore(&plan, &run.status(), &Extra::default(), 1);
    let (_, again) = turn(&plan, &mut run, vec![], 21);
    assert_eq!(again, second);
    let done = had(&second[0], Outcome::Succeeded, 3);
    let (told, _) = turn(&plan, &mut run, done, 30);
    assert!(
        told.iter()
            .any(|line| line.contains("bad {}") && line.contains("5.0")),
        "{told:#?}"
    );
    let want = [("cpu".to_owned(), 5), ("memory".to_owned(), 2)].into();
    assert_eq!(run.summary().resources_duration, want);
    for name in ["wf", "[0]", "a"] {
        let node = run.nodes().find(|node| node.display_name == name);
        assert_eq!(node.unwrap().resources_duration, want, "{name}");
    }
}
