//! Runs of the real command, and their trees of nodes to compare.
#![allow(dead_code)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

pub fn tiphys(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
    command
        .env("TIPHYS_HOME", home)
        .args(["--color", "never"])
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

pub fn json(command: &mut Command) -> Option<Value> {
    serde_json::from_slice(&command.output().expect("it runs").stdout).ok()
}

/// The workflow's own name, and what is hashed from it, taken out.
pub fn tree(object: &Value) -> BTreeMap<String, Value> {
    let name = object["metadata"]["name"].as_str().expect("a name");
    let nodes = object["status"]["nodes"].as_object().expect("nodes");
    let plain = |value: &Value| value.as_str().unwrap_or_default().replace(name, "WF");
    let named: BTreeMap<&str, String> = nodes
        .iter()
        .map(|(id, node)| (id.as_str(), plain(&node["name"])))
        .collect();
    let io = |value: &Value| -> Vec<String> {
        let list = value["parameters"].as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|p| format!("{}={}", p["name"], p["value"]))
            .chain(value["result"].as_str().map(str::to_owned))
            .collect()
    };
    nodes
        .values()
        .map(|node| {
            let mut children: Vec<&str> = node["children"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|child| named.get(child.as_str()?).map(String::as_str))
                .collect();
            children.sort_unstable();
            let record = serde_json::json!([
                node["type"],
                node["phase"],
                io(&node["inputs"]),
                io(&node["outputs"]),
                children,
                node["boundaryID"].as_str().and_then(|id| named.get(id)),
            ]);
            (plain(&node["name"]), record)
        })
        .collect()
}
