//! What is written, to the letter.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use serde_json::{Value, json};
use tiphys_spec::decode;
use tiphys_spec::source::Source;
use tiphys_spec::write::{to_json, to_yaml, to_yaml_documents};

#[track_caller]
fn check(value: &Value, expected: &str) {
    assert_eq!(to_yaml(value).unwrap(), expected);
}

#[test]
fn block_style() {
    let value = json!({"a": {"b": [1, {"c": true, "d": null}, [], {}, [["x"]]]}, "e": {}});
    check(
        &value,
        "a:\n  b:\n  - 1\n  - c: true\n    d: null\n  - []\n  - {}\n  - - - x\ne: {}\n",
    );
    assert_eq!(
        to_yaml_documents(&[json!({"a": 1}), json!([2])]).unwrap(),
        "a: 1\n---\n- 2\n"
    );
}

#[test]
fn quotes_only_where_needed() {
    for plain in [
        "a",
        "a b",
        "a-b",
        "alpine:3",
        "-c",
        "a#b",
        "1.2.3",
        "1h",
        "10Gi",
        "{{",
        "it's",
        "a, b",
        "https://x/y?z=1",
        "yES",
        "e3",
    ] {
        let expected = if plain == "{{" {
            "\"{{\"\n".to_owned()
        } else {
            format!("{plain}\n")
        };
        check(&json!(plain), &expected);
    }
    for quoted in [
        "",
        " ",
        "a ",
        "yes",
        "Off",
        "n",
        "null",
        "~",
        "true",
        "1",
        "1.0",
        "1e3",
        "0x1f",
        "0o7",
        "1_000",
        ".inf",
        "12:30",
        "12:30.5",
        "2026-11-24",
        "2026-1-1 x",
        "-",
        "- a",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "'a",
        "[a",
        "{{a}}",
        "<<",
        "=",
        "---",
        "? a",
        "\u{2028}",
        "a\tb",
    ] {
        let text = to_yaml(&json!(quoted)).unwrap();
        assert!(text.starts_with('"'), "{quoted:?} gave {text:?}");
    }
    check(&json!("{{=x == \"a\"}}"), "'{{=x == \"a\"}}'\n");
    check(&json!("\"it's\""), "'\"it''s\"'\n");
}

#[test]
fn lines_are_blocks() {
    check(&json!({"s": "a\n  b\n\nc\n"}), "s: |\n  a\n    b\n\n  c\n");
    check(&json!({"s": ["a\nb"]}), "s:\n- |-\n  a\n  b\n");
    check(&json!({"s": "a\n\n", "t": 1}), "s: |+\n  a\n\nt: 1\n");
    check(&json!({"s": " a\nb\n"}), "s: |2\n   a\n  b\n");
    check(&json!({"s": "a\r\nb"}), "s: \"a\\r\\nb\"\n");
    check(&json!({"s": "\n"}), "s: \"\\n\"\n");
}

#[test]
fn long_keys_are_read_again() {
    let value = json!({"a": {"k".repeat(3000): {"b": [1]}, "x": 2}});
    for text in [to_yaml(&value).unwrap(), to_json(&value).unwrap()] {
        let mut said = Vec::new();
        let source = Source::parse("f", text.as_bytes(), &mut said);
        assert_eq!(said, [], "{text}");
        assert_eq!(
            decode::<Value>(&source.documents[0], &source, &mut said),
            Some(value.clone())
        );
    }
}
