//! The layout: the same twice, never another meaning, no comment lost.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod corpus;

use proptest::prelude::*;
use tiphys_dsl::{Compiled, compile, format};

fn meaning(compiled: &Compiled) -> Vec<serde_json::Value> {
    compiled
        .objects
        .iter()
        .map(|object| serde_json::to_value(&object.value).unwrap())
        .collect()
}

fn comments(compiled: &Compiled) -> Vec<String> {
    compiled
        .source
        .comments
        .iter()
        .map(|comment| comment.text.trim_end().to_owned())
        .collect()
}

fn holds(name: &str, text: &str) -> String {
    let once = format(name, text).unwrap();
    let twice = format(name, &once).unwrap();
    assert_eq!(once, twice, "{name} is laid out anew:\n{text}");
    let (before, after) = (
        compile(name, text.as_bytes()),
        compile(name, once.as_bytes()),
    );
    assert_eq!(meaning(&before), meaning(&after), "{name}:\n{once}");
    assert_eq!(comments(&before), comments(&after), "{name}:\n{once}");
    once
}

#[test]
fn every_raised_file_stays_what_it_is() {
    let mut count = 0;
    for path in corpus::files() {
        let (name, _, read) = corpus::read_yaml(&path);
        let raised = tiphys_dsl::raise(&read.objects, &read.source);
        let laid_out = holds(&name, &raised.text);
        assert_eq!(laid_out, raised.text, "{name}");
        // A layout that nobody would write.
        let wild = raised
            .text
            .replace(" {\n", "   {\n\n\n")
            .replace(", ", " ,  ");
        if format(&name, &wild).is_ok() && !raised.text.contains(['\'', '"', '`']) {
            holds(&name, &wild);
        }
        count += 1;
    }
    println!("formatted {count}");
}

/// Pieces of which workflows are made.
fn statement() -> impl Strategy<Value = String> {
    let word = "[a-z][a-z0-9-]{0,8}";
    let text = prop_oneof![
        word.prop_map(String::from),
        "[ -~]{0,12}".prop_map(|text| format!("{text:?}").replace("${", "$ {")),
        "[ -&(-~]{0,12}".prop_map(|text| format!("'{text}'")),
        "[a-z $(){};,\"]{0,10}".prop_map(|text| format!("`{text}`")),
        prop::collection::vec("[ ]{0,4}[a-z$ ]{0,10}", 0..4)
            .prop_map(|lines| format!("```\n{}\n```", lines.join("\n"))),
    ];
    let value = text.clone().prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|items| format!("[{}]", items.join(" ,\n"))),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..3).prop_map(|entries| {
                let entries: Vec<String> = entries
                    .into_iter()
                    .enumerate()
                    .map(|(at, (key, value))| format!("{key}{at}:  {value}"))
                    .collect();
                format!("{{{}}}", entries.join(" // note\n"))
            }),
        ]
    });
    prop_oneof![
        (word, value).prop_map(|(key, value)| format!("{key}:   {value}")),
        prop::collection::vec(text.clone(), 1..4)
            .prop_map(|texts| format!("run  {}", texts.join("   "))),
        text.prop_map(|text| format!("sh {text}")),
        Just("cpu 1".to_owned()),
        Just("// a comment\nmemory 1Gi   // another".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn generated_files_stay_what_they_are(
        blocks in prop::collection::vec(prop::collection::vec(statement(), 0..5), 0..4),
        separator in prop_oneof![Just("\n"), Just("\n\n\n"), Just("\n  \n")],
    ) {
        let mut text = String::from("// head\nworkflow   x  {\n");
        for (at, block) in blocks.iter().enumerate() {
            text.push_str(&format!("container c{at}   {{ // opening\n{}{separator}// closing\n}}{separator}", block.join(separator)));
        }
        text.push('}');
        if format("x", &text).is_ok() {
            holds("generated", &text);
        }
    }
}
