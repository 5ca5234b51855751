//! What needs more than a golden case can say.

use serde_json::{Value, json};
use tiphys_plugin::test::{Exchange, Host};
use tiphys_plugin::{Outcome, Plugin, Request};

use crate::Http;

#[path = "../../golden.rs"]
mod golden;

#[test]
fn golden_cases() {
    golden::run::<Http>(env!("CARGO_MANIFEST_DIR"));
}

/// Every string of a schema's properties that an editor would show.
fn without_description(schema: &Value, at: &str, found: &mut Vec<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        if property["description"].is_null() && property["$ref"].is_null() {
            found.push(at.clone());
        }
        without_description(property, &at, found);
        without_description(&property["items"], &at, found);
    }
}

#[test]
fn every_field_has_a_description() {
    let manifest = serde_json::to_value(Http::manifest()).unwrap();
    let mut found = Vec::new();
    without_description(&manifest["kinds"][0]["schema"], "", &mut found);
    assert_eq!(found, [""; 0]);
}

#[test]
fn no_secret_is_in_a_state_a_message_or_a_log() {
    let body = json!({
        "url": "https://u:hunter2@api.test/x?key=hunter2",
        "headers": [{"name": "x-key", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "auth": {"oauth2": {
            "clientID": "me",
            "clientSecretSecret": {"name": "s", "key": "k"},
            "tokenURL": "https://login.test/token",
        }},
        "retry": {"limit": 1},
        "poll": {"every": "1s", "url": "https://api.test/job"},
    });
    let token = r#"{"access_token": "t0ken"}"#;
    let mut host = Host::new()
        .secret("s", "k", "hunter2\n")
        .http(Exchange::new("POST", "https://login.test/token").answer(200, token))
        .http(Exchange::get("https://u:hunter2@api.test/x?key=hunter2").answer(503, ""))
        .http(Exchange::new("POST", "https://login.test/token").answer(200, token))
        .http(
            Exchange::get("https://u:hunter2@api.test/x?key=hunter2")
                .wants("x-key", "hunter2")
                .wants("authorization", "Bearer t0ken")
                .answer(202, ""),
        )
        .http(Exchange::new("POST", "https://login.test/token").answer(200, token))
        .http(Exchange::get("https://api.test/job").answer(200, "done"));
    let rounds = host.to_end::<Http>(Request::of("http", body));
    assert_eq!(host.left(), 0);
    assert_eq!(rounds.last(), Some(&Outcome::done().result("done").into()));
    let said = format!("{:?} {:?}", &rounds[..2], host.lines());
    assert!(said.contains("https://api.test/x"), "{said}");
    assert!(
        !said.contains("hunter2") && !said.contains("t0ken"),
        "{said}"
    );
}

#[test]
fn credentials_stay_with_their_origin() {
    let body = json!({
        "url": "https://api.test/x",
        "method": "POST",
        "headers": [
            {"name": "x-key", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "cookie", "value": "a=b"},
            {"name": "x-plain", "value": "1"},
            {"name": "content-type", "value": "text/plain"},
        ],
        "body": "go",
        "auth": {"bearer": {"tokenSecret": {"name": "s", "key": "k"}}, "clientCert": {
            "clientCertSecret": {"name": "s", "key": "k"},
            "clientKeySecret": {"name": "s", "key": "k"},
        }},
        "poll": {},
    });
    let mut host = Host::new()
        .secret("s", "k", "hunter2")
        .http(
            Exchange::new("POST", "https://api.test/x")
                .header("location", "https://elsewhere.test/job")
                .answer(202, ""),
        )
        .http(Exchange::get("https://elsewhere.test/job").answer(200, "done"));
    host.to_end::<Http>(Request::of("http", body));
    let [first, second] = host.sent() else {
        panic!("{:?}", host.sent())
    };
    assert!(first.identity.is_some() && first.body.is_some());
    let names: Vec<&str> = first
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "x-key",
            "cookie",
            "x-plain",
            "content-type",
            "authorization"
        ]
    );
    assert!(second.identity.is_none() && second.body.is_none());
    assert_eq!(second.headers, [("x-plain".to_owned(), "1".to_owned())]);
}

#[test]
fn options_reach_the_request() {
    let body = json!({
        "url": "https://api.test/",
        "timeoutSeconds": 7,
        "redirects": 0,
        "insecureSkipVerify": true,
        "tls": {"roots": {"configMapKeyRef": {"name": "ca", "key": "pem"}}},
    });
    let mut host = Host::new()
        .config_map("ca", "pem", "-----BEGIN CERTIFICATE-----")
        .http(Exchange::get("https://api.test/").answer(200, ""));
    host.execute::<Http>("http", body);
    let sent = &host.sent()[0];
    assert_eq!(
        (sent.timeout, sent.redirects, sent.insecure),
        (Some(7000), 0, true)
    );
    assert_eq!(sent.roots.as_deref(), Some("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn a_body_that_is_no_text_reaches_its_artifact_unharmed() {
    let bytes = [0xff, 0x00, 0xfe];
    for condition in [json!("len(response.body) > 0"), json!(null)] {
        let body =
            json!({"url": "https://api.test/", "saveAs": "picture", "successCondition": condition});
        let mut host = Host::new().http(Exchange::get("https://api.test/").answer(200, bytes));
        host.execute::<Http>("http", body);
        assert_eq!(host.written("picture"), Some(&bytes[..]));
    }
}
