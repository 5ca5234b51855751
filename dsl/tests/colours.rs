//! The grammar that editors colour by knows every word of the language.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use tiphys_dsl::index::docs;

const PEST: &str = include_str!("../src/flow.pest");
const COLOURS: &str = include_str!("../../sdk/editors/vscode/syntaxes/flow.tmLanguage.json");

fn is_word(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '0'..='9'))
}

/// The letters between the quotes of the grammar's rules.
fn of_the_grammar() -> BTreeSet<&'static str> {
    let rules = PEST
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let quoted = rules.flat_map(|line| line.split('"').skip(1).step_by(2));
    quoted.filter(|text| is_word(text)).collect()
}

#[test]
fn every_word_has_a_colour() {
    let grammar: serde_json::Value = serde_json::from_str(COLOURS).unwrap();
    let mut patterns = String::new();
    fn collect(value: &serde_json::Value, into: &mut String) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    if let (true, Some(text)) =
                        (matches!(key.as_str(), "match" | "begin"), value.as_str())
                    {
                        into.push_str(text);
                        into.push('\n');
                    }
                    collect(value, into);
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            _ => {}
        }
    }
    collect(&grammar["repository"], &mut patterns);
    let known: BTreeSet<&str> = patterns
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .collect();
    let words = of_the_grammar();
    assert!(words.len() > 30, "{words:?}");
    let tables = [
        docs::BLOCKS,
        docs::TEMPLATES,
        docs::WORDS,
        docs::TYPES,
        docs::SOURCES,
        docs::RESULTS,
    ];
    let documented = tables
        .iter()
        .flat_map(|table| table.iter().map(|(word, _)| *word));
    let missing: Vec<&str> = words
        .iter()
        .copied()
        .chain(documented)
        .filter(|word| !known.contains(word))
        .collect();
    assert!(missing.is_empty(), "no colour for {missing:?}");
}

#[test]
fn every_rule_that_is_included_is_there() {
    let grammar: serde_json::Value = serde_json::from_str(COLOURS).unwrap();
    for name in COLOURS
        .split("\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(grammar["repository"].get(name).is_some(), "{name}");
    }
}
