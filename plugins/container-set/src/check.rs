//! What is wrong with a set, beyond what its schema finds.

use std::collections::BTreeMap;

use serde_json::Value;
use tiphys_plugin::{Fault, Request};

use crate::graph;

/// Every fault, in the order of the text.
pub(crate) fn faults(body: &Value) -> Vec<Fault> {
    let none = Vec::new();
    let containers = body["containers"].as_array().unwrap_or(&none);
    if containers.is_empty() {
        return vec![Fault::new(
            "/containers",
            "a set has at least one container",
        )];
    }
    let mut faults = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, container) in containers.iter().enumerate() {
        name(index, container, &mut places, &mut faults);
    }
    let mut edges = vec![Vec::new(); containers.len()];
    for (index, container) in containers.iter().enumerate() {
        for (at, dependency) in list(container, "dependencies").iter().enumerate() {
            let Some(dependency) = dependency.as_str().filter(|text| !tagged(text)) else {
                continue;
            };
            match places.get(dependency) {
                Some(&to) => edges[index].push(to),
                None => faults.push(Fault::new(
                    format!("/containers/{index}/dependencies/{at}"),
                    unknown(dependency, &places),
                )),
            }
        }
    }
    if let Some(cycle) = graph::cycle(&edges) {
        faults.push(Fault::new(
            format!("/containers/{}/dependencies", cycle[0]),
            ring(&cycle, containers),
        ));
    }
    mounts(body, &mut faults);
    retries(&body["retryStrategy"], &mut faults);
    faults
}

fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object[key].as_array().map_or(&[], Vec::as_slice)
}

fn tagged(text: &str) -> bool {
    text.contains("{{")
}

fn name<'a>(
    index: usize,
    container: &'a Value,
    places: &mut BTreeMap<&'a str, usize>,
    faults: &mut Vec<Fault>,
) {
    let pointer = format!("/containers/{index}/name");
    let Some(name) = container["name"].as_str().filter(|name| !name.is_empty()) else {
        return faults.push(Fault::new(pointer, "a container of a set needs a name"));
    };
    if tagged(name) {
        return;
    }
    let sound = |next: char| next.is_ascii_lowercase() || next.is_ascii_digit() || next == '-';
    if !name.chars().all(sound) || name.starts_with('-') || name.ends_with('-') || name.len() > 63 {
        faults.push(Fault::new(
            &*pointer,
            format!(
                "{name} is no container's name: up to 63 of a-z, 0-9 and -, with neither end a -"
            ),
        ));
    }
    match places.get(name) {
        Some(first) => faults.push(Fault::new(
            pointer,
            format!("the name {name} is not unique: container {first} has it"),
        )),
        None => {
            places.insert(name, index);
        }
    }
}

fn unknown(dependency: &str, places: &BTreeMap<&str, usize>) -> String {
    let names: Vec<&str> = places.keys().copied().collect();
    format!(
        "there is no container {dependency} in this set; there are {}",
        names.join(", ")
    )
}

fn ring(cycle: &[usize], containers: &[Value]) -> String {
    let name = |index: &usize| containers[*index]["name"].as_str().unwrap_or_default();
    let mut names: Vec<&str> = cycle.iter().map(name).collect();
    names.push(name(&cycle[0]));
    format!("these wait for each other: {}", names.join(" → "))
}

fn mounts(body: &Value, faults: &mut Vec<Fault>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, mount) in list(body, "volumeMounts").iter().enumerate() {
        let Some(path) = mount["mountPath"].as_str().filter(|path| !tagged(path)) else {
            continue;
        };
        match seen.get(path) {
            Some(first) => faults.push(Fault::new(
                format!("/volumeMounts/{index}/mountPath"),
                format!("{path} is already where volume mount {first} is"),
            )),
            None => {
                seen.insert(path, index);
            }
        }
    }
}

fn retries(strategy: &Value, faults: &mut Vec<Fault>) {
    match &strategy["retries"] {
        Value::Null => {}
        Value::Number(number) if number.as_u64().is_some() => {}
        Value::String(text) if tagged(text) || text.parse::<u32>().is_ok() => {}
        _ => faults.push(Fault::new(
            "/retryStrategy/retries",
            "a number of retries is wanted, 0 or more",
        )),
    }
    match &strategy["duration"] {
        Value::Null => {}
        Value::String(text) if tagged(text) || is_duration(text) => {}
        _ => faults.push(Fault::new(
            "/retryStrategy/duration",
            "a duration is wanted, such as 10s or 1m30s",
        )),
    }
}

/// Go's durations: `300ms`, `1h2m3.5s`, `0`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let number = |next: char| next.is_ascii_digit() || next == '.';
    let mut any = false;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(number);
        let amount = &rest[..rest.len() - after.len()];
        let unit = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"]
            .into_iter()
            .find(|unit| after.split(number).next() == Some(unit));
        let digits = amount.bytes().filter(u8::is_ascii_digit).count();
        let Some(unit) = unit.filter(|_| digits > 0 && amount.len() - digits <= 1) else {
            return false;
        };
        rest = &after[unit.len()..];
        any = true;
    }
    any
}

/// What the template declares that only a container named `main` can give.
pub(crate) fn needs_main(request: &Request) -> Option<&'static str> {
    let main = |container: &Value| container["name"] == "main";
    if list(&request.body, "containers").iter().any(main) {
        return None;
    }
    let by_path = |parameter: &Value| !parameter["valueFrom"]["path"].is_null();
    let by_place = |artifact: &Value| !artifact["path"].is_null();
    if request.declared_parameters().iter().any(by_path) {
        Some("output parameters")
    } else if request.declared_artifacts().iter().any(by_place) {
        Some("output artifacts")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(body: Value) -> Vec<(String, String)> {
        let pair = |fault: Fault| (fault.pointer, fault.message);
        faults(&body).into_iter().map(pair).collect()
    }

    #[test]
    fn every_fault_is_found_at_its_place() {
        let body = json!({
            "containers": [
                {"name": "a", "dependencies": ["b"]},
                {"name": "b", "dependencies": ["a", "nope"]},
                {"name": "a"},
                {"name": "Main"},
                {},
            ],
            "volumeMounts": [{"name": "v", "mountPath": "/x"}, {"name": "w", "mountPath": "/x"}],
            "retryStrategy": {"retries": "many", "duration": "soon"},
        });
        let places: Vec<String> = said(body).into_iter().map(|(place, _)| place).collect();
        assert_eq!(
            places,
            [
                "/containers/2/name",
                "/containers/3/name",
                "/containers/4/name",
                "/containers/1/dependencies/1",
                "/containers/0/dependencies",
                "/volumeMounts/1/mountPath",
                "/retryStrategy/retries",
                "/retryStrategy/duration",
            ]
        );
    }

    #[test]
    fn a_ring_is_shown_as_one() {
        let body = json!({"containers": [
            {"name": "a", "dependencies": ["c"]},
            {"name": "b", "dependencies": ["a"]},
            {"name": "c", "dependencies": ["b"]},
        ]});
        assert_eq!(said(body)[0].1, "these wait for each other: a → c → b → a");
    }

    #[test]
    fn what_has_tags_is_not_judged() {
        let body = json!({
            "containers": [{"name": "{{inputs.parameters.x}}", "dependencies": ["{{x}}"]}],
            "retryStrategy": {"retries": "{{x}}", "duration": "{{y}}"},
        });
        assert_eq!(faults(&body), []);
    }

    #[test]
    fn durations_are_those_of_go() {
        for good in ["1s", "1h2m3.5s", "0", "-300ms", "5µs"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in ["", "5", "1 s", "s", "1d", "1.2.3s"] {
            assert!(!is_duration(bad), "{bad}");
        }
    }
}
