//! A run and its object stay the same thing, patch by patch; and a patch says what changed and no more.

#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tiphys_cluster::{ATTEMPT, COMPLETED, PHASE, Record, StoredError, stored};
use tiphys_core::{
    Command, Effect, NodeIx, Observation, Outcome, PodFinished, Run, absorb, decide,
};
use tiphys_graph::plan::Plan;

struct Cluster {
    plan: Plan,
    run: Run,
    object: Value,
    record: Record,
    now: Timestamp,
    /// Bytes of each patch.
    written: Vec<usize>,
}

impl Cluster {
    fn new(spec: &Value) -> Self {
        let object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w", "namespace": "default", "uid": "u"}, "spec": spec});
        let plan = plan(&object);
        Self {
            run: Run::new(&plan, 1),
            plan,
            record: Record::of(&object).unwrap(),
            object,
            now: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1),
            written: Vec::new(),
        }
    }

    /// Decides, stores, and checks what is stored. What is to be done comes back.
    fn turn(&mut self) -> Vec<Effect> {
        self.now += SignedDuration::from_secs(1);
        let decision = decide(&self.plan, &mut self.run, self.now);
        if let Some(patch) = self.record.update(&self.run, decision.changed).unwrap() {
            self.written.push(patch.to_string().len());
            json_patch::merge(&mut self.object, &patch);
        }
        let (status, extra) = stored(&self.object).unwrap();
        assert_eq!(
            serde_json::to_value(status).unwrap(),
            serde_json::to_value(self.run.status()).unwrap()
        );
        assert_eq!((extra.attempt, extra.suspended, extra.shutdown), {
            let own = self.run.extra();
            (own.attempt, own.suspended, own.shutdown)
        });
        decision.effects
    }

    /// Runs to the end, every pod succeeding in the order of its creation.
    fn go(&mut self) {
        for _ in 0..10_000 {
            let effects = self.turn();
            let ends: Vec<_> = effects
                .into_iter()
                .filter_map(|effect| end(effect, self.now))
                .collect();
            if self.run.finished() {
                return;
            }
            absorb(&self.plan, &mut self.run, ends);
        }
        panic!("it does not end");
    }
}

fn end(effect: Effect, at: Timestamp) -> Option<Observation> {
    let Effect::CreatePod(intent) = effect else {
        return None;
    };
    Some(Observation::PodFinished(Box::new(PodFinished {
        key: intent.key,
        at,
        outcome: Outcome::Succeeded,
        message: None,
        exit_code: Some(0),
        parameters: Vec::new(),
        result: intent.capture_result.then(|| "r".to_owned()),
        artifacts: Vec::new(),
        host: Some("here".to_owned()),
        used: Default::default(),
        hopeless: false,
    })))
}

fn plan(object: &Value) -> Plan {
    tiphys_benches::plan(&tiphys_benches::read(&object.to_string()))
}

fn fan_out(steps: usize, value: &str) -> Value {
    let items: Vec<String> = (0..steps).map(|nth| format!("{nth}{value}")).collect();
    json!({
        "entrypoint": "main",
        "parallelism": 1,
        "templates": [
            {"name": "main", "steps": [[{"name": "a", "template": "one", "withItems": items, "arguments": {"parameters": [{"name": "x", "value": "{{item}}"}]}}]]},
            {"name": "one", "inputs": {"parameters": [{"name": "x"}]}, "container": {"image": "i", "command": ["c"]}},
        ],
    })
}

#[test]
fn a_run_and_its_object_stay_the_same() {
    let mut cluster = Cluster::new(&fan_out(20, ""));
    cluster.go();
    let labels = &cluster.object["metadata"]["labels"];
    assert_eq!(
        (&labels[PHASE], &labels[COMPLETED]),
        (&json!("Succeeded"), &json!("true"))
    );
    assert_eq!(cluster.turn().len(), 0);
}

#[test]
fn a_patch_grows_with_what_changed() {
    let most = |steps| {
        let mut cluster = Cluster::new(&fan_out(steps, ""));
        cluster.go();
        // The first says all nodes there are.
        *cluster.written[1..].iter().max().unwrap()
    };
    let (few, many) = (most(10), most(100));
    assert!(
        many < few + 2_000,
        "{few} bytes with 10 steps, {many} with 100"
    );
}

#[test]
fn what_does_not_fit_is_packed() {
    let text = "x".repeat(30_000);
    let mut cluster = Cluster::new(&fan_out(30, &text));
    cluster.go();
    let status = &cluster.object["status"];
    assert!(status["nodes"].is_null() && status["compressedNodes"].is_string());
    assert!(cluster.object.to_string().len() < 1_500_000);
    let again = Record::of(&cluster.object)
        .unwrap()
        .update(&cluster.run, (0..32).map(NodeIx))
        .unwrap();
    assert_eq!(again, None);
}

#[test]
fn what_does_not_fit_packed_either_is_said() {
    let mut noise = 7_u32;
    let text: String = (0..40_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'!' + u8::try_from(noise >> 26).unwrap())
        })
        .filter(|letter| !"\"\\{}".contains(*letter))
        .collect();
    let mut spec = fan_out(22, &text);
    spec.as_object_mut().unwrap().remove("parallelism");
    let object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w", "namespace": "default"}, "spec": spec});
    let plan = plan(&object);
    let mut run = Run::new(&plan, 1);
    let mut record = Record::of(&object).unwrap();
    let changed = decide(&plan, &mut run, Timestamp::UNIX_EPOCH).changed;
    let error = record.update(&run, changed).unwrap_err();
    assert!(error.packed > error.room, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("store the nodes of the workflow: packed they have ")
    );
}

#[test]
fn orders_are_in_the_spec() {
    let mut cluster = Cluster::new(&fan_out(3, ""));
    cluster.turn();
    let mut order = |command: Command| {
        absorb(
            &cluster.plan,
            &mut cluster.run,
            [Observation::Asked(command)],
        );
        cluster.turn();
        (
            cluster.object["spec"]["suspend"].clone(),
            cluster.object["spec"]["shutdown"].clone(),
        )
    };
    assert_eq!(order(Command::Suspend), (json!(true), Value::Null));
    let resume = Command::Resume {
        selector: None,
        outputs: std::collections::BTreeMap::new(),
        message: None,
    };
    assert_eq!(order(resume), (Value::Null, Value::Null));
    assert_eq!(order(Command::Terminate), (Value::Null, json!("Terminate")));
}

#[test]
fn what_others_wrote_stays() {
    let mut cluster = Cluster::new(&fan_out(1, ""));
    cluster.object["status"] =
        json!({"storedTemplates": {"a": {"name": "a"}}, "estimatedDuration": 5});
    cluster.object["metadata"]["labels"] = json!({"team": "a"});
    cluster.object["metadata"]["annotations"] = json!({ATTEMPT: "0"});
    cluster.record = Record::of(&cluster.object).unwrap();
    let decision = decide(&cluster.plan, &mut cluster.run, cluster.now);
    let patch = cluster
        .record
        .update(&cluster.run, decision.changed)
        .unwrap()
        .unwrap();
    json_patch::merge(&mut cluster.object, &patch);
    assert_eq!(cluster.object["status"]["estimatedDuration"], 5);
    assert_eq!(
        cluster.object["status"]["storedTemplates"]["a"]["name"],
        "a"
    );
    assert_eq!(cluster.object["metadata"]["labels"]["team"], "a");
}

#[test]
fn a_status_that_is_not_to_be_had_is_named() {
    let cases = [
        (
            json!({"offloadNodeStatusVersion": "fnv:1"}),
            "they are in a database (status.offloadNodeStatusVersion fnv:1)",
        ),
        (
            json!({"compressedNodes": "%"}),
            "read status.compressedNodes: ",
        ),
        (
            json!({"compressedNodes": "AAAA"}),
            "read status.compressedNodes: ",
        ),
        (json!({"phase": 7}), "read status: "),
    ];
    for (status, want) in cases {
        let error: StoredError = stored(&json!({"status": status})).unwrap_err();
        assert!(error.to_string().contains(want), "{error}");
    }
    assert!(stored(&json!({})).unwrap().0.nodes.is_empty());
}
