//! The table beside this file: questions and the answers that the languages' documentation gives.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use tiphys_expr::{Depends, Env, Flat, Program, Text, Unresolved, Value, when};

fn scope() -> Flat {
    let mut scope = Flat::new();
    for (name, value) in [
        ("inputs.parameters.a", "x"),
        ("inputs.parameters.n", "7"),
        ("inputs.parameters.f", "2.5"),
        ("inputs.parameters.json", r#"{"k":[1,{"z":"<&>"}]}"#),
        ("inputs.parameters.list", r#"["b","a"]"#),
        ("inputs.parameters.a-b", "dash"),
        ("inputs.parameters.empty", ""),
        ("workflow.labels.app/part.of", "lbl"),
        ("steps.one.outputs.result", "r1"),
    ] {
        scope.set(name, value);
    }
    scope.set("item", Value::from(&serde_json::json!({"n": 3, "s": "t"})));
    scope.set_absent("steps.skipped.outputs.result");
    scope
}

fn answer(kind: &str, question: &str) -> Result<String, String> {
    let scope = scope();
    let env = Env {
        scope: &scope,
        now: "2024-02-29T12:34:56.789Z".parse().unwrap(),
        seed: 7,
    };
    match kind {
        "expr" => {
            let source = format!("{{{{={question}}}}}");
            // What is asked for is the expression's own answer, not the tag's bounds: no `}}` games here.
            Program::parse(question).map_err(|error| error.to_string())?;
            let text = Text::parse(&source);
            text.render(&env, Unresolved::Fail)
                .map(|text| text.into_owned())
                .map_err(|error| error.to_string())
        }
        "tag" => Text::parse(question)
            .render(&env, Unresolved::Keep)
            .map(|text| text.into_owned())
            .map_err(|error| error.to_string()),
        "fail" => Text::parse(question)
            .render(&env, Unresolved::Fail)
            .map(|text| text.into_owned())
            .map_err(|error| error.to_string()),
        "when" => when::evaluate(question)
            .map(|flag| flag.to_string())
            .map_err(|error| error.to_string()),
        "depends" => {
            let (condition, results) = question.split_once(" /").unwrap();
            let depends = Depends::parse(condition).map_err(|error| error.to_string())?;
            let holds = depends.evaluate(|task, result| {
                let name = &depends.tasks()[task].name;
                results.split_whitespace().any(|known| match result {
                    Some(result) => known == format!("{name}.{}", result.name()),
                    None => known == format!("{name}.Succeeded"),
                })
            });
            Ok(holds.to_string())
        }
        _ => panic!("unknown section {kind}"),
    }
}

fn unescaped(text: &str) -> String {
    text.replace("\\\\", "\u{0}")
        .replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace('\u{0}', "\\")
}

#[test]
fn table() {
    let mut kind = String::new();
    let (mut held, mut wrong) = (0, Vec::new());
    for (number, line) in include_str!("table.txt").lines().enumerate() {
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .filter(|_| !line.contains("==>"))
        {
            kind = section.0.to_owned();
            continue;
        }
        if line.is_empty()
            || (line.starts_with("# ") && !line.contains(" ==> "))
            || line.starts_with("# question")
        {
            continue;
        }
        let (question, wanted) = line
            .split_once(" ==> ")
            .unwrap_or_else(|| panic!("line {} has no answer", number + 1));
        let got = answer(&kind, question);
        let right = match (wanted.strip_prefix('!'), &got) {
            (Some(words), Err(error)) => error.contains(words),
            (None, Ok(text)) => *text == unescaped(wanted),
            _ => false,
        };
        if right {
            held += 1
        } else {
            wrong.push(format!(
                "line {}: {question}\n   wanted {wanted}\n   got    {got:?}",
                number + 1
            ))
        }
    }
    println!("table.txt: {held} equal, {} different", wrong.len());
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(held >= 330, "only {held} cases");
}
