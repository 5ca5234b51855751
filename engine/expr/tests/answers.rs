//! What the reference engine answered to questions put to it one by one, held against this crate.
//!
//! The answers are not part of the product; where they are absent the tests say so and pass.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use tiphys_expr::{Depends, Env, Flat, TaskResult, Text, Unresolved, Value, format, when};

const WORKFLOW: &str = "probe-84plz";

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/answers");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no recorded answers at {}", folder.display());
    None
}

fn load(name: &str) -> Option<Json> {
    Some(serde_json::from_str(&std::fs::read_to_string(folder()?.join(name)).unwrap()).unwrap())
}

/// The parameters of the recording's workflow, in its order.
const PARAMETERS: [(&str, &str); 16] = [
    ("s", "hello"),
    ("n", "7"),
    ("f", "2.5"),
    ("neg", "-3"),
    ("b", "true"),
    ("empty", ""),
    ("csv", "a,b,c"),
    ("j", r#"{"a":{"b":[1,2,3]},"k-x":"y","s":"t","n":null}"#),
    ("l", "[3,1,2]"),
    ("ls", r#"["x","y"]"#),
    ("lo", r#"[{"n":1,"s":"a"},{"n":2,"s":"b"}]"#),
    ("with-dash", "dash"),
    ("q", "say \"hi\""),
    ("nl", "a\nb"),
    ("ts", "2024-02-29T12:34:56Z"),
    ("u", "Grüße ☃"),
];

fn scope() -> Flat {
    let quoted = |text: &str| Json::from(text).to_string();
    let array: Vec<String> = PARAMETERS
        .iter()
        .map(|(name, value)| format!("{{\"name\":{},\"value\":{}}}", quoted(name), quoted(value)))
        .collect();
    let array = format!("[{}]", array.join(","));
    let mut scope = Flat::new();
    for (name, value) in PARAMETERS {
        scope.set(format!("workflow.parameters.{name}"), value);
        scope.set(format!("inputs.parameters.{name}"), value);
    }
    for name in [
        "workflow.parameters",
        "workflow.parameters.json",
        "inputs.parameters",
    ] {
        scope.set(name, array.as_str());
    }
    for (name, value) in [
        ("workflow.name", WORKFLOW),
        ("workflow.namespace", "argo"),
        ("workflow.uid", "6f1b"),
        ("workflow.serviceAccountName", "default"),
        ("workflow.mainEntrypoint", "o"),
        ("workflow.status", ""),
        ("workflow.duration", "0.000000"),
        ("workflow.labels", r#"{"lab/probe":"y"}"#),
        ("workflow.labels.json", r#"{"lab/probe":"y"}"#),
        ("workflow.labels.lab/probe", "y"),
        ("workflow.annotations", "{}"),
        ("workflow.annotations.json", "{}"),
        ("workflow.creationTimestamp", "2026-11-24T12:00:00Z"),
        ("workflow.creationTimestamp.Y", "2026"),
    ] {
        scope.set(name, value);
    }
    scope.set("node.name", format!("{WORKFLOW}[0].m"));
    scope
}

fn rendered(text: &str, unresolved: Unresolved) -> Result<String, String> {
    let scope = scope();
    let env = Env {
        scope: &scope,
        now: "2026-11-24T12:00:00Z".parse().unwrap(),
        seed: 1,
    };
    Text::parse(text)
        .render(&env, unresolved)
        .map(|text| text.into_owned())
        .map_err(|error| error.to_string())
}

/// Counts, and collects what is not equal.
#[derive(Default)]
struct Tally {
    equal: usize,
    unequal: Vec<String>,
    elsewhere: Vec<String>,
}

impl Tally {
    fn hold(
        &mut self,
        question: &str,
        wanted: &Result<String, String>,
        got: &Result<String, String>,
    ) {
        match (wanted, got) {
            (Ok(wanted), Ok(got)) if wanted == got => self.equal += 1,
            (Err(_), Err(_)) => self.equal += 1,
            _ => self.unequal.push(format!(
                "{question}\n   wanted {wanted:?}\n   got    {got:?}"
            )),
        }
    }

    fn report(&self, name: &str, least: usize) {
        println!(
            "{name}: {} equal, {} not for this crate, {} different",
            self.equal,
            self.elsewhere.len(),
            self.unequal.len()
        );
        self.elsewhere
            .iter()
            .for_each(|line| println!("  elsewhere: {line}"));
        assert!(
            self.unequal.is_empty(),
            "{name}:\n{}",
            self.unequal.join("\n")
        );
        assert!(
            self.equal >= least,
            "{name}: only {} answers were held",
            self.equal
        );
    }
}

/// Where ours is better than the reference on purpose: it cuts an expression at the first `}}`, even within a literal.
const BETTER: [(&str, &str); 3] = [
    (r#""a" in {"a": 1}"#, "true"),
    ("if true { 1 } else { 2 }", "1"),
    (r#"{"a": {"b": 5}}.a.b"#, "5"),
];

fn texts(file: &str, wrap: fn(&str) -> String, least: usize) {
    let Some(answers) = load(file) else { return };
    let mut tally = Tally::default();
    for entry in answers.as_array().unwrap() {
        let question = entry["question"].as_str().unwrap();
        let answer = &entry["answer"];
        if let Some((_, better)) = BETTER.iter().find(|(known, _)| *known == question) {
            assert_eq!(
                rendered(&wrap(question), Unresolved::Keep).as_deref(),
                Ok(*better),
                "{question}"
            );
            tally.elsewhere.push(format!(
                "{question}: gives {better}, which the reference cuts at the first }}}}"
            ));
            continue;
        }
        let wanted = match answer["value"].as_str() {
            Some(value) => Ok(value.replace("WF", WORKFLOW)),
            None => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        };
        let at_submission = matches!(&wanted, Err(error) if error.starts_with("invalid spec"));
        let unresolved = if at_submission {
            Unresolved::Fail
        } else {
            Unresolved::Keep
        };
        tally.hold(question, &wanted, &rendered(&wrap(question), unresolved));
    }
    tally.report(file, least);
}

#[test]
fn expressions() {
    texts(
        "expressions.json",
        |question| format!("{{{{={question}}}}}"),
        249,
    );
}

#[test]
fn tags() {
    texts("tags.json", str::to_owned, 36);
}

#[test]
fn whens() {
    let Some(answers) = load("when.json") else {
        return;
    };
    let mut tally = Tally::default();
    for entry in answers.as_array().unwrap() {
        let question = entry["question"].as_str().unwrap();
        let wanted = match entry["answer"]["phase"].as_str() {
            Some("Succeeded") => Ok("true".to_owned()),
            Some("Skipped") => Ok("false".to_owned()),
            _ => Err(entry["answer"]["message"]
                .as_str()
                .unwrap_or_default()
                .to_owned()),
        };
        let got = rendered(question, Unresolved::Fail).and_then(|text| {
            when::evaluate(&text)
                .map(|flag| flag.to_string())
                .map_err(|error| error.to_string())
        });
        tally.hold(question, &wanted, &got);
    }
    tally.report("when.json", 64);
}

/// The values of a loop as its kind makes them; how a sequence counts is the engine's, its format is ours.
fn items(kind: &str, value: &Json) -> Option<Vec<Json>> {
    match kind {
        "items" | "param" => {
            let text = if kind == "items" {
                value.to_string()
            } else {
                value.as_str()?.to_owned()
            };
            let json: Json = serde_json::from_str(&text)
                .ok()
                .or_else(|| serde_json::from_str(&rendered(&text, Unresolved::Keep).ok()?).ok())?;
            let scope = scope();
            let env = Env {
                scope: &scope,
                now: jiff::Timestamp::UNIX_EPOCH,
                seed: 1,
            };
            tiphys_expr::Tree::parse(&json)
                .render(&env, Unresolved::Keep)
                .ok()?
                .as_array()
                .cloned()
        }
        _ => {
            let number = |name: &str, default: i64| {
                value[name]
                    .as_str()
                    .map_or(Some(default), |text| text.parse::<i64>().ok())
            };
            let start = number("start", 0)?;
            let end = if value["count"].is_null() {
                number("end", 0)?
            } else {
                start + number("count", 0)? - 1
            };
            // A negative count runs down to the count itself in the reference.
            let end = if number("count", 1)? < 0 {
                start + number("count", 0)? - 1
            } else {
                end
            };
            let step = if start > end { -1 } else { 1 };
            let pattern = value["format"].as_str().unwrap_or("%d");
            let count = (end - start).abs() + 1;
            (0..count)
                .map(|index| {
                    format::sequence(pattern, start + index * step)
                        .ok()
                        .map(Json::from)
                })
                .collect()
        }
    }
}

#[test]
fn loops() {
    let Some(answers) = load("loops.json") else {
        return;
    };
    let mut tally = Tally::default();
    for entry in answers.as_array().unwrap() {
        let (kind, value) = (
            entry["question"][0].as_str().unwrap(),
            &entry["question"][1],
        );
        let shown = format!("{kind} {value}");
        let nodes = entry["answer"]["nodes"].as_object();
        let Some(nodes) = nodes.filter(|nodes| !nodes.is_empty() && !nodes.contains_key("p"))
        else {
            tally.elsewhere.push(format!(
                "{}: whether and how often a loop runs is the engine's",
                shown.chars().take(60).collect::<String>()
            ));
            continue;
        };
        for (index, item) in items(kind, value).unwrap_or_default().iter().enumerate() {
            let name = format::child_name("p", index, item);
            let wanted = nodes
                .get(&name)
                .map(|node| node[1].as_str().unwrap_or_default().to_owned());
            tally.hold(
                &format!("{shown} {index}"),
                &wanted.ok_or_else(|| "no such node".to_owned()),
                &Ok(format::item_value(item)),
            );
        }
        if items(kind, value).unwrap_or_default().len() != nodes.len() {
            tally
                .unequal
                .push(format!("{shown}: another number of items"));
        }
    }
    tally.report("loops.json", 36);
}

#[test]
fn depends() {
    let Some(answers) = load("depends.json") else {
        return;
    };
    let phases = answers["bases"].as_object().unwrap();
    let children = |task: &str| match task {
        "L" => vec!["Succeeded", "Succeeded"],
        "LF" => vec!["Failed", "Failed"],
        "LM" => vec!["Succeeded", "Failed"],
        _ => Vec::new(),
    };
    let mut tally = Tally::default();
    for entry in answers["answers"].as_array().unwrap() {
        let question = entry["question"].as_str().unwrap();
        let runs = entry["answer"]["phase"] != "Omitted";
        let got = Depends::parse(question)
            .map_err(|error| error.to_string())
            .map(|depends| {
                let holds = depends.evaluate(|task, result| {
                    let name = depends.tasks()[task].name.as_str();
                    let phase = phases[name].as_str().unwrap();
                    match result {
                        None => matches!(phase, "Succeeded" | "Skipped" | "Daemoned"),
                        Some(TaskResult::AnySucceeded) => children(name).contains(&"Succeeded"),
                        Some(TaskResult::AllFailed) => {
                            !children(name).is_empty()
                                && children(name).iter().all(|child| *child == "Failed")
                        }
                        Some(result) => result.name() == phase,
                    }
                });
                holds.to_string()
            });
        tally.hold(question, &Ok(runs.to_string()), &got);
    }
    tally.report("depends.json", 89);
}

#[test]
fn the_scope_is_that_of_the_recording() {
    assert_eq!(scope().0.get("inputs.parameters.n"), Some(&Value::str("7")));
}
