//! No input crashes it, hangs it or goes without a word: bytes, pieces of the language in any order, broken programs, depth.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;

/// Compiles, lays out and raises; what compiles without fault stays what it is.
fn survives(bytes: &[u8]) {
    let compiled = tiphys_dsl::compile("any", bytes);
    for fault in &compiled.diagnostics {
        assert!(!fault.message.contains('\n'));
        assert!(
            fault
                .span
                .is_none_or(|span| span.start.offset as usize <= compiled.source.text.len())
        );
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(!compiled.is_sound());
        return;
    };
    let json = |objects: &[tiphys_spec::Object]| -> Vec<serde_json::Value> {
        objects
            .iter()
            .map(|object| serde_json::to_value(&object.value).unwrap())
            .collect()
    };
    if let Ok(laid_out) = tiphys_dsl::format("any", text) {
        let again = tiphys_dsl::compile("any", laid_out.as_bytes());
        assert_eq!(
            json(&compiled.objects),
            json(&again.objects),
            "{text}\n----\n{laid_out}"
        );
        assert_eq!(
            tiphys_dsl::format("any", &laid_out).unwrap(),
            laid_out,
            "{text}"
        );
    }
    if compiled.is_sound() {
        let raised = tiphys_dsl::raise(&compiled.objects, &compiled.source);
        let back = tiphys_dsl::compile("any", raised.text.as_bytes());
        assert_eq!(
            json(&compiled.objects),
            json(&back.objects),
            "{text}\n----\n{}",
            raised.text
        );
    }
}

fn programs() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/flows");
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
        .collect()
}

const PIECES: [&str; 44] = [
    "workflow ",
    "w ",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\n",
    ";",
    ",",
    ": ",
    "= ",
    "container ",
    "steps ",
    "dag ",
    "image ",
    "run ",
    "sh ",
    "\"a\" ",
    "'b' ",
    "`c` ",
    "```\n",
    "${",
    "${n}",
    "\\",
    "//",
    "when ",
    "for x in ",
    "after ",
    "out ",
    "artifact ",
    "at ",
    "/p ",
    "retry ",
    "1 ",
    "..",
    "é",
    "\t",
    "object ",
    "raw ",
    "n",
    "@",
    "mount ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn pieces(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        survives(pieces.concat().as_bytes());
    }

    #[test]
    fn broken_programs(which in 0usize..10, at in 0usize..2000, length in 0usize..20, piece in prop::sample::select(&PIECES[..])) {
        let programs = programs();
        let mut bytes = programs[which % programs.len()].clone().into_bytes();
        let at = at % bytes.len();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, piece.bytes());
        survives(&bytes);
    }
}

#[test]
fn depth_and_length_have_limits() {
    let deep = 100_000;
    let start = Instant::now();
    for (open, close) in [
        ("{", "}"),
        ("(", ")"),
        ("[", "]"),
        ("a {", "}"),
        ("a: {", "}"),
        ("${", "}"),
        ("\"${", "}\""),
        ("!", ""),
        ("!(", ")"),
    ] {
        let nested = format!("{}{}", open.repeat(deep), close.repeat(deep));
        survives(nested.as_bytes());
        survives(format!("workflow w {{ container c {{ image x; a: {nested} }} }}").as_bytes());
        survives(format!("workflow w {{ steps s {{ c() when {nested} }} }}").as_bytes());
    }
    survives(
        format!(
            "workflow w {{ container c {{ image {} }} }}",
            "x".repeat(1 << 20)
        )
        .as_bytes(),
    );
    survives("container ".repeat(50_000).as_bytes());
    survives("workflow w {\n".repeat(20_000).as_bytes());
    survives("a(".repeat(50_000).as_bytes());
    assert!(
        start.elapsed() < Duration::from_secs(120),
        "{:?}",
        start.elapsed()
    );
}
