//! Outputs of a response, paging, artifacts.

use crate::case::{Case, case, same};
use crate::server::{Script, reply};
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    let mut all = parameters();
    all.extend(pages());
    all.extend(artifacts());
    all
}

fn get() -> Value {
    json!({"url": "{server}/x"})
}

fn wants(from: Value) -> Value {
    json!({"parameters": [{"name": "p", "valueFrom": from}]})
}

const BODY: &str = r#"{"id": 7, "name": "Ada", "tags": ["a", "b"], "none": null}"#;

fn parameters() -> Vec<Case> {
    let gives = |name, from: Value, value: &str| {
        case(name, get())
            .outputs(wants(from))
            .answer(reply(
                200,
                &[("x-count", "3"), ("link", "</n>; rel=\"next\"")],
                BODY,
            ))
            .done(json!({"result": BODY, "parameters": {"p": value}}))
    };
    let lacks = |name, from: Value, message: &str| {
        case(name, get())
            .outputs(wants(from))
            .answer(reply(200, &[], BODY))
            .fails_with(message, BODY)
    };
    vec![
        gives(
            "a parameter by JSONPath",
            json!({"jsonPath": "{.name}"}),
            "Ada",
        ),
        gives(
            "a parameter by RFC 9535's JSONPath",
            json!({"jsonPath": "$.tags[1]"}),
            "b",
        ),
        gives(
            "a parameter by jq",
            json!({"jqFilter": ".tags | join(\"-\")"}),
            "a-b",
        ),
        gives(
            "a parameter by an expression",
            json!({"expression": "response.statusCode + fromJSON(response.body).id"}),
            "207",
        ),
        gives("a parameter by a header", json!({"header": "X-Count"}), "3"),
        gives("a parameter by a link", json!({"link": "next"}), "/n"),
        gives(
            "a parameter that is not there, with a default",
            json!({"jsonPath": "$.nope", "default": "?"}),
            "?",
        ),
        gives(
            "a parameter that is no text",
            json!({"jsonPath": "$.tags"}),
            "[\"a\",\"b\"]",
        ),
        lacks(
            "a parameter that is not there",
            json!({"jsonPath": "$.nope"}),
            "output parameter p: it leads to nothing in the response",
        ),
        lacks(
            "a header that is not there",
            json!({"header": "x-count"}),
            "output parameter p: it leads to nothing in the response",
        ),
        case("a parameter of what is no JSON", get())
            .outputs(wants(json!({"jsonPath": "$.id"})))
            .answer(reply(200, &[], "<html>"))
            .fails_with(
                "output parameter p: the response's body is no JSON",
                "<html>",
            ),
        case("a path that is none", get())
            .outputs(wants(json!({"jsonPath": "$["})))
            .fails("output parameter p: valueFrom.jsonPath: …")
            .saw(&[]),
        case("a filter without an end", get())
            .outputs(wants(json!({"jqFilter": "def f: f; f"})))
            .grants(|grants| grants.time = std::time::Duration::from_secs(1))
            .answer(reply(200, &[], BODY))
            .breaks("took longer than the 1 s it may (limit `time`)"),
    ]
}

fn pages() -> Vec<Case> {
    let paged = |paging: Value| json!({"url": "{server}/list?n=2", "paging": paging});
    let page = |items: Value, link: &str| reply(200, &[("link", link)], items.to_string());
    vec![
        case("pages by Link", paged(json!({})))
            .answer(page(json!([1, 2]), "</list?p=2>; rel=next"))
            .answer(page(json!([3]), "</list?p=1>; rel=prev"))
            .result("[1,2,3]")
            .saw(&["GET /list?n=2", "GET /list?p=2"]),
        case("pages by a cursor", paged(json!({"items": "$.items", "next": {"jsonPath": "$.next"}, "parameter": "cursor"})))
            .answer(reply(200, &[], r#"{"items": [{"a": 1}], "next": "c 2"}"#))
            .answer(reply(200, &[], r#"{"items": [], "next": null}"#))
            .result("[{\"a\":1}]")
            .saw(&["GET /list?n=2", "GET /list?n=2&cursor=c+2"]),
        case("pages in a circle", paged(json!({})))
            .answer(page(json!([1]), "</list?n=2>; rel=next"))
            .fails("page 1 leads back to {server}/list"),
        case("pages without an end", paged(json!({"limit": 2})))
            .answer(page(json!([1]), "</list?p=2>; rel=next"))
            .answer(page(json!([1]), "</list?p=3>; rel=next"))
            .fails("there are more than the 2 pages of paging.limit"),
        case("a page that breaks", json!({"url": "{server}/list", "paging": {}, "retry": {}}))
            .answer(page(json!([1]), "</list?p=2>; rel=next"))
            .answer(reply(503, &[], ""))
            .answer(page(json!([1]), "</list?p=2>; rel=next"))
            .answer(page(json!([2]), ""))
            .waits(1000, "received non-2xx response code: 503; attempt 2 of 4 in 1s")
            .result("[1,2]"),
        case("a page at another host", json!({"url": "{server}/list", "paging": {}, "headers": [{"name": "authorization", "value": "mine"}]}))
            .hosts(&["127.0.0.1:*", "localhost:*"])
            .answer(page(json!([1]), "<http://localhost:{port}/list>; rel=next"))
            .answer(page(json!([2]), ""))
            .result("[1,2]")
            .header(0, "authorization", Some("mine"))
            .header(1, "authorization", None),
        case("a page that is no JSON", paged(json!({}))).answer(reply(200, &[], "<html>")).fails_for_now("page 1 is no JSON"),
        case("more pages than the call may ask for", paged(json!({})))
            .grants(|grants| grants.requests = 3)
            .answer(page(json!([1]), "</list?p=2>; rel=next"))
            .answer(page(json!([1]), "</list?p=3>; rel=next"))
            .answer(page(json!([1]), "</list?p=4>; rel=next"))
            .fails("more than 3 requests in one call (limit `requests`)")
            .saw(&["GET /list?n=2", "GET /list?p=2", "GET /list?p=3"]),
    ]
}

fn artifacts() -> Vec<Case> {
    let wrote = |case: Case, wanted: &'static [(&'static str, u64)]| {
        case.check(move |end| {
            let found: Vec<_> = end
                .written
                .iter()
                .map(|(name, bytes)| (name.as_str(), *bytes))
                .collect();
            same("artifacts", wanted, &found[..])
        })
    };
    let saved = json!({"artifacts": {"page": {"name": "page", "s3": {"key": "page"}}}});
    let save = || json!({"url": "{server}/x", "saveAs": "page"});
    let long = || -> Script { reply(200, &[], "x".repeat(2 << 20)) };
    vec![
        wrote(
            case("a body to an artifact", save())
                .answer(long())
                .done(saved.clone()),
            &[("page", 2 << 20)],
        ),
        wrote(
            case("a failed body to no artifact", save())
                .answer(reply(404, &[], "no"))
                .fails_with("received non-2xx response code: 404", "no"),
            &[],
        ),
        wrote(
            case("a truncated body to no artifact", save())
                .answer(crate::server::raw(
                    [
                        crate::server::head(200, &[("content-length", "9")]),
                        b"some".to_vec(),
                    ]
                    .concat(),
                ))
                .fails_for_now("{server}/x: …"),
            &[],
        ),
        wrote(
            case("a body to an artifact, and a parameter of it", save())
                .outputs(wants(json!({"jsonPath": "$.id"})))
                .answer(reply(200, &[], BODY))
                .done(json!({"artifacts": saved["artifacts"], "parameters": {"p": "7"}})),
            const { &[("page", BODY.len() as u64)] },
        ),
    ]
}
