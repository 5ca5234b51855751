//! What needs more than a golden case can say.

use serde_json::json;
use tiphys_plugin::test::Host;
use tiphys_plugin::{Outcome, Request};

use crate::Data;

#[path = "../../golden.rs"]
mod golden;

#[test]
fn golden_cases() {
    golden::run::<Data>(env!("CARGO_MANIFEST_DIR"));
}

/// A listing of several pages.
fn many() -> Host {
    (0..3500).fold(Host::new(), |host, number| {
        let kind = if number % 2 == 0 { "pdf" } else { "txt" };
        host.artifact(&format!("in/{number:05}.{kind}"), "")
    })
}

fn body(transformation: serde_json::Value) -> serde_json::Value {
    json!({"source": {"artifactPaths": {"s3": {"key": "in/"}}}, "transformation": transformation})
}

fn result(outcome: Outcome) -> serde_json::Value {
    let Outcome::Done(done) = outcome else {
        panic!("{outcome:?}")
    };
    let done = serde_json::to_value(&done).unwrap();
    serde_json::from_str(done["result"].as_str().unwrap()).unwrap()
}

#[test]
fn pieces_give_what_the_whole_gives() {
    let by_pieces = body(json!([
        {"expression": "filter(data, {# endsWith '.pdf'})"},
        {"expression": "map(data, {trimPrefix(#, 'in/')})"},
    ]));
    let whole = body(json!([
        {"expression": "let all = data; filter(all, {# endsWith '.pdf'})"},
        {"jq": "map(ltrimstr(\"in/\"))"},
    ]));
    let by_pieces = result(many().execute::<Data>("data", by_pieces));
    assert_eq!(by_pieces.as_array().unwrap().len(), 1750);
    assert_eq!(by_pieces, result(many().execute::<Data>("data", whole)));
}

#[test]
fn counts_are_added_over_pieces() {
    let body = body(json!([
        {"expression": "filter(data, {# endsWith '.pdf'})"},
        {"expression": "len(data)"},
        {"expression": "data * 2"},
    ]));
    assert_eq!(result(many().execute::<Data>("data", body)), json!(3500));
}

#[test]
fn a_listing_goes_to_an_artifact_in_pieces() {
    let mut body = body(json!([]));
    body["saveAs"] = json!("keys");
    let mut host = many();
    let outcome = host.once::<Data>(Request::of("data", body));
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    let keys: Vec<String> = serde_json::from_slice(host.written("keys").unwrap()).unwrap();
    assert_eq!((keys.len(), keys[3499].as_str()), (3500, "in/03499.txt"));
}
