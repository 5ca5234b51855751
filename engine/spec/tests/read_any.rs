//! Whatever the bytes: no panic, no hang, sane places; and what is written reads the same.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use proptest::prelude::*;
use serde_json::{Map, Value};
use tiphys_spec::source::Source;
use tiphys_spec::write::{to_json, to_yaml};
use tiphys_spec::{decode, read};

const VALID: &str = r#"# a comment
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-, labels: &l {x: "1"}}
spec:
  entrypoint: main
  arguments:
    parameters: [{name: p, value: 1e3}, {name: q, value: 'it''s'}]
  podMetadata: {labels: *l, annotations: {<<: *l}}
  templates:
  - name: main
    retryStrategy: {limit: 3}
    script:
      image: "alpine:3.\x31"
      source: |
        echo {{inputs.parameters.p}}
          more
  - name: b
    inputs: # trailing
      parameters:
        - name: long
          value: >-
            folded text
            goes on
---
apiVersion: v1
kind: ConfigMap
data: {a: "b"}
"#;

fn survives(bytes: &[u8]) {
    let read = read("f", bytes);
    let length = read.source.text.len();
    for diagnostic in &read.diagnostics {
        let line = diagnostic.to_string();
        assert!(!line.contains('\n'), "{line:?}");
        if let Some(span) = diagnostic.span {
            assert!(
                span.start.offset <= span.end.offset && span.range().end <= length,
                "{diagnostic:?}"
            );
            assert!(
                read.source.text.get(span.range()).is_some(),
                "{diagnostic:?}"
            );
        }
    }
    for comment in &read.source.comments {
        assert!(read.source.text[comment.span.range()].starts_with('#'));
    }
}

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~\n\t]{0,12}",
        "[-+.0-9_:eExo]{0,8}",
        "\\PC{0,8}",
        any::<String>(),
        proptest::sample::select(vec![
            "yes",
            "No",
            "on",
            "y",
            "~",
            "null",
            "true",
            "1",
            "1.0",
            "0x1",
            "0o7",
            "010",
            "1_0",
            ".inf",
            ".NaN",
            "<<",
            "=",
            "-",
            "--- a",
            "...",
            "- a",
            "? a",
            "a: b",
            "a #b",
            "#a",
            "a:",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{{a}}",
            "[a]",
            "'a",
            "\"a",
            "12:30",
            "2026-11-24",
            "2026-11-24T00:00:00Z",
            " a",
            "a ",
            "",
            " ",
            "\n",
            "a\n",
            "a\n\n",
            "\na",
            " a\nb",
            "a\n\n b\n",
            "a\t\nb",
            "\ta\n",
            "  \na\n",
            "\r\n",
            "a\rb",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{7f}",
            "a\n---\nb\n",
            "# x\ny\n",
            "a\n   ",
            "1:",
        ])
        .prop_map(str::to_owned),
    ];
    let text = text.boxed();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |f| (f.is_finite() && f.fract() != 0.0)
            .then(|| Value::from(f))),
        text.clone().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn reread(text: &str) -> Value {
    let mut said = Vec::new();
    let source = Source::parse("f", text.as_bytes(), &mut said);
    assert_eq!(said, [], "{text}");
    let Some(root) = source.documents.first() else {
        return Value::Null;
    };
    let value = decode(root, &source, &mut said).unwrap();
    assert_eq!(said, [], "{text}");
    value
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn any_yaml_like_text(text in "[-:#&*!|>'\"%@`{}\\[\\],?<~ \n\tab1\\\\]{0,80}") {
        survives(text.as_bytes());
    }

    #[test]
    fn any_change_of_a_valid_file(changes in prop::collection::vec((0..VALID.len(), 0..6_usize, "[-:#&*!|>'\"{}\\[\\],?<~ \n\tab1\u{e9}]{0,6}"), 1..6)) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (at, cut, put) in changes {
            let at = at.min(bytes.len());
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, put.bytes());
        }
        survives(&bytes);
    }

    #[test]
    fn writes_what_reads_the_same(value in value()) {
        prop_assert_eq!(&reread(&to_yaml(&value).unwrap()), &value, "{}", to_yaml(&value).unwrap());
        prop_assert_eq!(&reread(&to_json(&value).unwrap()), &value);
    }

    #[test]
    fn places_in_scalars_are_exact(words in prop::collection::vec("[a-z'\"\\\\é{}#:]{1,4}", 1..8), gaps in prop::collection::vec(0..4_usize, 8), block in any::<bool>()) {
        let gap = |n: usize| [" ", "\n", "\n\n  ", "  "][n];
        let text: String = words.iter().zip(&gaps).map(|(word, n)| format!("{word}{}", gap(*n))).collect();
        let text = format!("{}{}", text.trim_end(), if block { "\n" } else { "" });
        let yaml = to_yaml(&serde_json::json!({ "v": text })).unwrap();
        let mut said = Vec::new();
        let source = Source::parse("f", yaml.as_bytes(), &mut said);
        let node = source.documents[0].get("v").unwrap();
        for (at, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            let span = source.within(node, at..at + c.len_utf8());
            let found = &source.text[span.range()];
            prop_assert!(found == c.to_string() || found == format!("\\{c}") || found == "''", "{:?} {} {:?}", found, c, yaml);
        }
    }
}

#[test]
fn the_valid_file_is_valid() {
    let read = read("f", VALID.as_bytes());
    assert_eq!(
        (read.diagnostics.as_slice(), read.objects.len()),
        (&[][..], 2)
    );
}

/// A hundred thousand lines, right or all wrong: time grows with the text.
#[test]
fn large_files() {
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n";
    let right = "  - name: t\n    container:\n      image: alpine\n      args: [a, 'b', \"c\"]\n      env:\n      - {name: A, value: b}\n";
    let wrong = "  - nam: t\n    container:\n      image: 1\n      args: [{}, 2]\n      env:\n      - {name: [A], valueFrom: b}\n";
    for (text, faults) in [(right, 0), (wrong, 201)] {
        let text = format!("{head}{}", text.repeat(100_000 / 6));
        let start = Instant::now();
        let read = read("f", text.as_bytes());
        println!(
            "{} lines, {} faults: {:?}",
            text.lines().count(),
            read.diagnostics.len(),
            start.elapsed()
        );
        assert_eq!(read.diagnostics.len(), faults);
    }
    let wide: String = (0..100_000).map(|n| format!("key{n}: v\n")).collect();
    let start = Instant::now();
    survives(wide.as_bytes());
    println!("100000 keys: {:?}", start.elapsed());
}

/// Long texts that make naive readers slow or deep.
#[test]
fn hostile_texts() {
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n";
    let enums = "  - {name: t, inputs: {artifacts: [{name: a, archive: {tar: x}, artifactGC: {strategy: Nevr}}]}}\n";
    let texts = [
        "a: ".repeat(200_000),
        "- ".repeat(200_000),
        "? ".repeat(200_000),
        "[".repeat(500_000),
        "{a: ".repeat(200_000),
        format!("[{}", "a, ".repeat(200_000)),
        format!("[{}]", "{a: [1, \"b\"]}, ".repeat(60_000)),
        "---\n".repeat(200_000),
        "--- [\n".repeat(50_000),
        "--- a: b: c\n".repeat(50_000),
        "# c\n".repeat(200_000),
        "a: # c\n".repeat(50_000),
        "&a ".repeat(200_000),
        "!!str ".repeat(200_000),
        format!("a: {}", "x ".repeat(500_000)),
        format!("a: {}", "x\n  ".repeat(200_000)),
        format!("a: \"{}", "\\n".repeat(500_000)),
        format!("a: |\n{}", "  x\n\n".repeat(100_000)),
        format!("{}: 1", "k".repeat(1_000_000)),
        format!("{{\"{}\": 1}}", "k ".repeat(500_000)),
        format!("a: &a [x]\n{}", "b: *a\n".repeat(50_000)),
        "\t".repeat(500_000),
        "\n".repeat(500_000),
        "\"a\" ".repeat(200_000),
        "*a ".repeat(200_000),
        "<<: [{a: 1}]\n".repeat(50_000),
        "%TAG ! x\n".repeat(50_000),
        format!("{head}  templates:\n{}", enums.repeat(20_000)),
        format!("{head}  templates: [{}]\n", "{name: [1]}, ".repeat(50_000)),
    ];
    for text in texts {
        let start = Instant::now();
        survives(text.as_bytes());
        println!(
            "{:>9} bytes {:>8.1?}  {:?}",
            text.len(),
            start.elapsed(),
            &text[..text.len().min(30)]
        );
        assert!(start.elapsed().as_secs() < 30);
    }
}
