//! Recorded runs of the reference engine, replayed: each pod ends as it did there, and the tree has to come out the same.
//! Skipped where the recordings are not at hand.

mod support;

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use support::{Act, World};
use tiphys_graph::{Library, Origin, Purpose};
use tiphys_spec::read::{Object, ObjectValue};

fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    path.is_dir().then_some(path)
}

/// Why a recording cannot be replayed here.
fn excluded(name: &str) -> Option<&'static str> {
    match name {
        _ if name.starts_with("k8s-") => Some("what a resource does is the cluster's"),
        _ if name.starts_with("container-set-template/") => Some("containerSet is a plug-in kind"),
        "life-cycle-hooks-tmpl-level.yaml" | "life-cycle-hooks-wf-level.yaml" => {
            Some("http is a plug-in kind")
        }
        "cron-backfill.yaml" => Some("the cluster refused its pod"),
        "timeouts-workflow.yaml" => Some("pods that no machine takes"),
        "retry-backoff.yaml" => {
            Some("how many attempts fit into a time depends on the seconds that each took")
        }
        _ => None,
    }
}

/// Every template of every file, for references from one to another.
fn everything(root: &Path) -> Vec<tiphys_spec::read::Read> {
    let mut all = Vec::new();
    let mut stack = vec![root.join("workflows")];
    while let Some(at) = stack.pop() {
        for entry in std::fs::read_dir(at)
            .expect("a folder")
            .map(|e| e.expect("an entry").path())
        {
            if entry.is_dir() {
                stack.push(entry);
            } else if entry.extension().is_some_and(|e| e == "yaml") {
                all.push(tiphys_spec::read::read(
                    "library",
                    &std::fs::read(&entry).expect("a file"),
                ));
            }
        }
    }
    all
}

fn io(value: &impl serde::Serialize) -> Value {
    let value = serde_json::to_value(value).expect("json");
    let mut out = Map::new();
    let list = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let parameters: Map<String, Value> = list("parameters")
        .iter()
        .map(|p| {
            (
                p["name"].as_str().unwrap_or("").into(),
                p.get("value").cloned().unwrap_or(Value::Null),
            )
        })
        .collect();
    if !parameters.is_empty() {
        out.insert("parameters".into(), Value::Object(parameters));
    }
    let mut artifacts: Vec<String> = list("artifacts")
        .iter()
        .filter_map(|a| a["name"].as_str().map(str::to_owned))
        .filter(|n| !n.ends_with("-logs"))
        .collect();
    artifacts.sort();
    if !artifacts.is_empty() {
        out.insert("artifacts".into(), json!(artifacts));
    }
    for key in ["result", "exitCode"] {
        if let Some(found) = value.get(key) {
            out.insert(key.into(), found.clone());
        }
    }
    Value::Object(out)
}

fn prune(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(k, v)| (k, prune(v)))
                .filter(|(_, v)| {
                    !matches!(v, Value::Null)
                        && *v != json!({})
                        && *v != json!([])
                        && *v != json!("")
                })
                .collect(),
        ),
        other => other,
    }
}

/// A node ID in a message hashes the workflow's name.
fn hashes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("WF-") {
        out.push_str(&rest[..at]);
        let digits = rest[at + 3..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        out.push_str(if digits > 0 { "WF-#" } else { "WF-" });
        rest = &rest[at + 3 + digits..];
    }
    out + rest
}

fn got(world: &World<'_>) -> Value {
    let run = &world.run;
    let mut nodes = Map::new();
    let name_of = |id: &str| {
        run.nodes()
            .find(|n| n.id == id)
            .map_or(format!("?{id}"), |n| n.name.clone())
    };
    for n in run.nodes() {
        let mut children: Vec<String> = n.children.iter().map(|c| name_of(c)).collect();
        children.sort();
        let template = n
            .template_name
            .clone()
            .or_else(|| n.template_ref.as_ref()?.template.clone());
        let node = json!({
            "type": n.r#type.map(|t| t.as_str()), "phase": n.phase.map(|p| p.as_str()), "template": template,
            "message": n.message.as_deref().map(hashes), "inputs": n.inputs.as_deref().map(io), "outputs": n.outputs.as_deref().map(io),
            "children": children, "boundary": n.boundary_id.as_deref().map(name_of),
        });
        nodes.insert(n.name.clone(), node);
    }
    let summary = run.summary();
    json!({"phase": run.phase().as_str(), "message": summary.message.as_deref().map(hashes), "outputs": summary.outputs.as_ref().map(io), "nodes": nodes})
}

fn want(run: &Value) -> Value {
    let text = hashes(&run.to_string());
    let mut run: Value = serde_json::from_str(&text).expect("json");
    let strip = |io: &mut Value| {
        if let Some(list) = io.get_mut("artifacts").and_then(Value::as_array_mut) {
            list.retain(|a| !a.as_str().unwrap_or("").ends_with("-logs"));
        }
    };
    for node in run["nodes"].as_object_mut().expect("nodes").values_mut() {
        let map = node.as_object_mut().expect("a node");
        map.remove("outbound");
        map.remove("daemoned");
        map.get_mut("outputs").into_iter().for_each(strip);
        map.get_mut("inputs").into_iter().for_each(strip);
    }
    json!({"phase": run["phase"], "message": run["message"], "outputs": run["outputs"], "nodes": run["nodes"]})
}

fn differences(
    want: &Value,
    got: &Value,
    volatile: &[regex::Regex],
    path: &str,
    out: &mut Vec<String>,
) {
    if volatile.iter().any(|v| v.is_match(path)) {
        return;
    }
    if let (Value::Object(w), Value::Object(g)) = (want, got) {
        let keys: std::collections::BTreeSet<&String> = w.keys().chain(g.keys()).collect();
        for key in keys {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}/{key}")
            };
            differences(
                w.get(key).unwrap_or(&Value::Null),
                g.get(key).unwrap_or(&Value::Null),
                volatile,
                &path,
                out,
            );
        }
    } else if want != got {
        out.push(format!("{path}: want {want} got {got}"));
    }
}

fn replay(
    object: &Object,
    source: &std::sync::Arc<tiphys_spec::source::Source>,
    run: &Value,
    volatile: &[regex::Regex],
    library: &Library,
) -> Result<(), Vec<String>> {
    let ObjectValue::Workflow(workflow) = &object.value else {
        return Err(vec!["no workflow".into()]);
    };
    let mut workflow = (**workflow).clone();
    workflow.metadata.name = Some("WF".into());
    workflow.metadata.namespace = Some("argo".into());
    workflow.metadata.uid = Some("u".into());
    let planned = tiphys_graph::plan(
        &workflow,
        &Origin::new(source, &object.node),
        library,
        Purpose::Lint,
    );
    let Some(plan) = planned.plan else {
        return Err(planned
            .diagnostics
            .iter()
            .map(|d| format!("plan: {d}"))
            .collect());
    };
    let nodes = run["nodes"].clone();
    let script = move |intent: &tiphys_core::PodIntent| {
        let node = &nodes[&intent.node_name];
        let text = |v: &Value| v.as_str().map(str::to_owned);
        let message = text(&node["message"]);
        let code = node["outputs"]["exitCode"]
            .as_str()
            .and_then(|c| c.parse().ok())
            .unwrap_or(i32::from(node["phase"] == "Failed"));
        let parameters = node["outputs"]["parameters"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        Act {
            code: if node["phase"] == "Failed" {
                code.max(1)
            } else {
                code
            },
            message,
            error: (node["phase"] == "Error").then(|| text(&node["message"]).unwrap_or_default()),
            result: text(&node["outputs"]["result"]),
            parameters: parameters
                .into_iter()
                .map(|(k, v)| (k, text(&v).unwrap_or_default()))
                .collect(),
            seconds: if node["message"]
                .as_str()
                .is_some_and(|m| m.starts_with("Pod was active") || m.starts_with("Step exceeded"))
            {
                100_000
            } else {
                1
            },
            code_at_stop: node["outputs"]["exitCode"]
                .as_str()
                .and_then(|c| c.parse().ok()),
        }
    };
    let mut world = World::new(&plan, &script);
    world.go();
    let (mut want, got) = (prune(want(run)), prune(got(&world)));
    // An exit code of the init container and the like is the cluster's.
    if want.get("outputs").is_none() {
        want["outputs"] = Value::Null;
    }
    let mut out = Vec::new();
    differences(&want, &got, volatile, "", &mut out);
    if out.is_empty() { Ok(()) } else { Err(out) }
}

#[test]
fn recorded_runs_come_out_the_same() {
    let Some(folder) = folder() else {
        println!("skipped: no recordings here");
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder.join("expected"))
        .expect("a folder")
        .map(|f| f.expect("an entry").path())
        .collect();
    files.sort();
    let others = everything(&folder);
    let (mut equal, mut total) = (0, 0);
    let only = std::env::var("ONLY").unwrap_or_default();
    for file in files.iter().filter(|f| f.to_string_lossy().contains(&only)) {
        let expected: Value =
            serde_json::from_slice(&std::fs::read(file).expect("a file")).expect("json");
        let name = expected["source"].as_str().expect("a source").to_owned();
        if let Some(reason) = excluded(&name) {
            println!("left out {name}: {reason}");
            continue;
        }
        let path = folder.join("workflows").join(&name);
        let read = tiphys_spec::read::read(&name, &std::fs::read(&path).expect("a file"));
        let mut library = Library::new();
        others.iter().for_each(|read| {
            read.objects
                .iter()
                .for_each(|object| library.add(object, &read.source))
        });
        read.objects
            .iter()
            .for_each(|object| library.add(object, &read.source));
        let volatile: Vec<regex::Regex> = expected["volatile"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|v| {
                regex::Regex::new(&format!("^(?:{})$", v.as_str().expect("text")))
                    .expect("a pattern")
            })
            .collect();
        let workflows: Vec<&Object> = read
            .objects
            .iter()
            .filter(|o| matches!(o.value, ObjectValue::Workflow(_)))
            .collect();
        let runs = expected["runs"].as_array().expect("runs");
        total += 1;
        let mut faults = Vec::new();
        for (object, run) in workflows.iter().zip(runs) {
            if let Err(out) = replay(object, &read.source, run, &volatile, &library) {
                faults.extend(out);
            }
        }
        if faults.is_empty() {
            equal += 1;
        } else {
            println!("differs {name} {}", expected["marks"]);
            faults
                .iter()
                .take(4)
                .for_each(|f| println!("        {}", f.chars().take(400).collect::<String>()));
        }
    }
    println!("{equal} of {total} equal");
    assert_eq!(equal, total);
}
