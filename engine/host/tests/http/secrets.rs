//! Credentials out of secrets: they go where they are meant for, and are told to nobody else. (That no outcome, state or line of the
//! log has them in it is looked at in every case.)

use crate::case::{Case, case};
use crate::server::{Act, raw, reply};
use serde_json::{Value, json};

const TOKEN: &str = "s3cr3t-t0ken";

fn keyed(key: Value) -> Value {
    json!({"url": "{server}/x", "headers": [{"name": "X-Token", "valueFrom": {"secretKeyRef": key}}]})
}

fn granted(name: &'static str, body: Value) -> Case {
    case(name, body).secret("t", "token", TOKEN)
}

pub fn cases() -> Vec<Case> {
    let mut all = headers();
    all.extend(told_nowhere());
    all.extend(auth());
    all.extend(oauth2());
    all
}

fn headers() -> Vec<Case> {
    let token = || keyed(json!({"name": "t", "key": "token"}));
    let ok = || reply(200, &[], "ok");
    vec![
        granted("a header out of a secret", token()).answer(ok()).result("ok").header(0, "x-token", Some(TOKEN)),
        granted("a secret that is not granted", token())
            .grants(|grants| grants.secrets.clear())
            .answer(ok())
            .fails("plug-in `http` may not read the secret `t`: grant it with `--allow-secret t` or `secrets: [t]` in a PluginGrant")
            .saw(&[]),
        granted("a secret that is granted by its beginning", token())
            .grants(|grants| grants.secrets = vec!["t*".to_owned()])
            .answer(ok())
            .result("ok"),
        granted("a secret that is not there", keyed(json!({"name": "u", "key": "token"})))
            .grants(|grants| grants.secrets = vec!["*".to_owned()])
            .answer(ok())
            .fails("u/token")
            .saw(&[]),
        granted("a secret that may be absent", keyed(json!({"name": "u", "key": "token", "optional": true})))
            .grants(|grants| grants.secrets = vec!["*".to_owned()])
            .answer(ok())
            .result("ok")
            .header(0, "x-token", None),
        case("a secret with a line's end at its end", token())
            .secret("t", "token", "s3cr3t-t0ken\n")
            .answer(ok())
            .result("ok")
            .header(0, "x-token", Some(TOKEN)),
        case("a secret with a line's end within", token())
            .secret("t", "token", "s3cr3t\r\nx-evil: 1")
            .answer(ok())
            .fails("the value of header `x-token` has characters that no header may have")
            .saw(&[]),
    ]
}

fn told_nowhere() -> Vec<Case> {
    let token = |more: Value| {
        let mut body = keyed(json!({"name": "t", "key": "token"}));
        body.as_object_mut()
            .expect("a body")
            .extend(more.as_object().expect("more").clone());
        body
    };
    vec![
        granted("no secret where the server says no", token(json!({})))
            .answer(reply(403, &[], "no"))
            .fails_with("received non-2xx response code: 403", "no"),
        granted(
            "no secret where the connection breaks",
            token(json!({"retry": {}})),
        )
        .answer(vec![Act::Take])
        .waits(
            1000,
            "{server}/x: connection closed before message completed; attempt 2 of 4 in 1s",
        ),
        granted("no secret where the answer is nonsense", token(json!({})))
            .answer(raw("garbage\r\n\r\n"))
            .fails_for_now("{server}/x: …"),
        granted(
            "no secret in request.headers",
            token(json!({"successCondition": "request.headers['X-Token'] == nil"})),
        )
        .answer(reply(200, &[], "ok"))
        .result("ok"),
        granted("no secret in a state", token(json!({"poll": {}})))
            .answer(reply(202, &[("location", "/jobs/1")], ""))
            .answer(reply(200, &[], "ok"))
            .waits(5000, "{server}/jobs/1 answers 202; asking again in 5s")
            .result("ok")
            .header(1, "x-token", Some(TOKEN)),
        case(
            "no query of a URL is told",
            json!({"url": "{server}/x?key=s3cr3t-t0ken", "retry": {}}),
        )
        .secret("t", "token", TOKEN)
        .answer(vec![Act::Take])
        .answer(reply(500, &[], ""))
        .waits(
            1000,
            "{server}/x: connection closed before message completed; attempt 2 of 4 in 1s",
        )
        .fails_with("received non-2xx response code: 500", "")
        .logged(&["warn: GET {server}/x: broken", "info: GET {server}/x → 500"]),
    ]
}

fn auth() -> Vec<Case> {
    let key = |key: &str| json!({"name": "t", "key": key});
    let with = |auth: Value| json!({"url": "{server}/x", "auth": auth});
    vec![
        granted("bearer", with(json!({"bearer": {"tokenSecret": key("token")}})))
            .answer(reply(200, &[], "ok"))
            .result("ok")
            .header(0, "authorization", Some("Bearer s3cr3t-t0ken")),
        case("basic", with(json!({"basicAuth": {"usernameSecret": key("user"), "passwordSecret": key("password")}})))
            .secret("t", "user", "Aladdin")
            .secret("t", "password", "open sesame")
            .answer(reply(200, &[], "ok"))
            .result("ok")
            .header(0, "authorization", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
    ]
}

fn oauth2() -> Vec<Case> {
    let body = || {
        json!({"url": "{server}/x", "auth": {"oauth2": {
            "clientID": "me", "clientSecretSecret": {"name": "o", "key": "secret"}, "tokenURL": "{server}/token", "scopes": ["a", "b"],
            "endpointParams": [{"key": "audience", "value": "x y"}],
        }}})
    };
    let with = |name| {
        case(name, body())
            .secret("o", "secret", "cl13nt-s3cr3t")
            .secret("o", "unused", TOKEN)
    };
    let token = || {
        reply(
            200,
            &[("content-type", "application/json")],
            r#"{"access_token": "s3cr3t-t0ken", "token_type": "Bearer"}"#,
        )
    };
    vec![
        with("client credentials")
            .answer(token())
            .answer(reply(200, &[], "ok"))
            .result("ok")
            .saw(&["POST /token", "GET /x"])
            .header(0, "authorization", Some("Basic bWU6Y2wxM250LXMzY3IzdA=="))
            .sent(0, b"grant_type=client_credentials&scope=a+b&audience=x+y")
            .header(1, "authorization", Some("Bearer s3cr3t-t0ken")),
        with("client credentials that are refused")
            .answer(reply(401, &[], r#"{"error": "invalid_client"}"#))
            .fails_for_now("the token endpoint answered 401 and gave no token: invalid_client")
            .saw(&["POST /token"]),
        with("a token endpoint that leads elsewhere")
            .answer(reply(
                307,
                &[("location", "http://localhost:{port}/steal")],
                "",
            ))
            .fails_for_now("the token endpoint answered 307 and gave no token")
            .saw(&["POST /token"]),
    ]
}
