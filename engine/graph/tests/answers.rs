//! Questions that were put to the reference engine: what it answered must plan, what it refused must have an error.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod reading;

use reading::conformance;
use serde_json::Value;
use tiphys_graph::{Library, Origin, Purpose, plan};
use tiphys_spec::{Diagnostic, ObjectValue, read};

/// Every error of the scaffold with `edit` applied to its step `p`.
fn errors(scaffold: &str, edit: impl FnOnce(&mut Value)) -> Vec<Diagnostic> {
    let read = read("scaffold", scaffold.as_bytes());
    let ObjectValue::Workflow(workflow) = &read.objects[0].value else {
        panic!()
    };
    let mut json = serde_json::to_value(workflow).unwrap();
    edit(&mut json["spec"]["templates"][1]["steps"][0][0]);
    let workflow = serde_json::from_value(json).unwrap();
    let planned = plan(
        &workflow,
        &Origin::unread("w"),
        &Library::new(),
        Purpose::Run,
    );
    planned
        .diagnostics
        .into_iter()
        .filter(Diagnostic::is_error)
        .collect()
}

fn value(text: String) -> impl FnOnce(&mut Value) {
    move |step| step["arguments"]["parameters"][0]["value"] = text.into()
}

#[test]
fn answers_plan_and_refusals_do_not() {
    let Some(folder) = conformance() else { return };
    let folder = folder.join("answers");
    let scaffold = std::fs::read_to_string(folder.join("scaffold.yaml")).unwrap();
    let (mut asked, mut wrong) = (0, Vec::new());
    for file in ["tags", "expressions", "when", "loops"] {
        let list = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        let list: Vec<Value> = serde_json::from_str(&list).unwrap();
        for entry in list {
            asked += 1;
            let (question, answer) = (&entry["question"], &entry["answer"]);
            let text = question.as_str().unwrap_or_default().to_owned();
            let errors = match file {
                "tags" => errors(&scaffold, value(text)),
                "expressions" => errors(&scaffold, value(format!("{{{{={text}}}}}"))),
                "when" => errors(&scaffold, move |step| step["when"] = text.into()),
                _ => errors(&scaffold, |step| {
                    let kind = question[0].as_str().unwrap();
                    let field = match kind {
                        "items" => "withItems",
                        "param" => "withParam",
                        "seq" => "withSequence",
                        other => panic!("{other}"),
                    };
                    step[field] = question[1].clone();
                    step["arguments"]["parameters"][0]["value"] = "{{item}}".into();
                }),
            };
            let said = answer.to_string();
            let refused = said.contains("invalid spec") || answer.get("refused").is_some();
            let answered = answer.get("value").is_some()
                || (!answer["phase"].is_null()
                    && !said.contains("\"phase\":\"Failed\",\"workflow\""));
            if refused && errors.is_empty() {
                wrong.push(format!("{file}: {question} has no error: {said}"));
            }
            if answered
                && !refused
                && !said.contains("could not be parsed")
                && !said.contains("strconv")
                && !errors.is_empty()
            {
                wrong.push(format!("{file}: {question} gave {said}: {}", errors[0]));
            }
        }
    }
    println!("{asked} questions");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_dag_of_conditions_plans() {
    let Some(folder) = conformance() else { return };
    let text = std::fs::read_to_string(folder.join("answers/depends.json")).unwrap();
    let answers: Value = serde_json::from_str(&text).unwrap();
    let workflow = serde_json::from_value(answers["workflow"].clone()).unwrap();
    let planned = plan(
        &workflow,
        &Origin::unread("w"),
        &Library::new(),
        Purpose::Run,
    );
    assert_eq!(planned.diagnostics, []);
    assert!(planned.plan.is_some());
}
