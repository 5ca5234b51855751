//! Redirects: each is a request of its own, judged as the first was.

use crate::case::{Case, case};
use crate::pki::{pki, speaks};
use crate::server::{Script, reply};
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    let mut all = followed();
    all.extend(refused());
    all.extend(kept_back());
    all
}

fn get() -> Value {
    json!({"url": "{server}/x"})
}

fn post() -> Value {
    json!({"url": "{server}/x", "method": "POST", "body": "hello", "headers": [{"name": "Content-Type", "value": "text/plain"}]})
}

fn to(status: u16, place: &str) -> Script {
    reply(status, &[("location", place)], "moved")
}

fn ok() -> Script {
    reply(200, &[], "ok")
}

fn followed() -> Vec<Case> {
    vec![
        case("a redirect", get())
            .answer(to(302, "/y?z#there"))
            .answer(ok())
            .result("ok")
            .saw(&["GET /x", "GET /y?z"])
            .check(|end| crate::case::same("requests", &2, &end.usages[0].requests)),
        case("a redirect with a whole URL", get()).answer(to(301, "{server}/y")).answer(ok()).result("ok").saw(&["GET /x", "GET /y"]),
        case("a POST becomes a GET by 303", post())
            .answer(to(303, "/y"))
            .answer(ok())
            .result("ok")
            .saw(&["POST /x", "GET /y"])
            .sent(1, b"")
            .header(1, "content-type", None),
        case("a POST becomes a GET by 302", post()).answer(to(302, "/y")).answer(ok()).result("ok").saw(&["POST /x", "GET /y"]),
        case("a POST stays one by 307", post())
            .answer(to(307, "/y"))
            .answer(ok())
            .result("ok")
            .saw(&["POST /x", "POST /y"])
            .sent(1, b"hello")
            .header(1, "content-type", Some("text/plain")),
        case("a PUT stays one by 301", json!({"url": "{server}/x", "method": "PUT", "body": "hello"}))
            .answer(to(301, "/y"))
            .answer(ok())
            .result("ok")
            .saw(&["PUT /x", "PUT /y"])
            .sent(1, b"hello"),
        case("a HEAD stays one by 303", json!({"url": "{server}/x", "method": "HEAD"}))
            .answer(to(303, "/y"))
            .answer(reply(200, &[], ""))
            .result("")
            .saw(&["HEAD /x", "HEAD /y"]),
        case("no redirect is wanted", json!({"url": "{server}/x", "redirects": 0}))
            .answer(to(302, "/y"))
            .fails_with("received non-2xx response code: 302", "moved")
            .saw(&["GET /x"]),
        case("no redirect is wanted, and that is well", json!({"url": "{server}/x", "redirects": 0, "successCondition": "response.headers['Location'][0] == '/y'"}))
            .answer(to(302, "/y"))
            .result("moved"),
        case("from http to https", get())
            .answer(to(302, "https://127.0.0.1:1/y"))
            .fails_for_now("https://127.0.0.1:1/y: Connection refused (os error …)"),
    ]
}

fn refused() -> Vec<Case> {
    let leads = |name, place: &str| case(name, get()).answer(to(302, place)).saw(&["GET /x"]);
    let secret = json!({"url": "http://me:pass@127.0.0.1:{port}/x?token=t0ken", "redirects": 2});
    vec![
        case("a redirect to itself", get()).answer(to(302, "/x")).fails("more than 10 redirects, the last from {server}/x"),
        case("a loop of three", json!({"url": "{server}/1", "redirects": 5}))
            .answer(to(302, "/2"))
            .answer(to(302, "/3"))
            .answer(to(302, "/1"))
            .answer(to(302, "/2"))
            .answer(to(302, "/3"))
            .answer(to(302, "/1"))
            .fails("more than 5 redirects, the last from {server}/3")
            .saw(&["GET /1", "GET /2", "GET /3", "GET /1", "GET /2", "GET /3"]),
        case("more redirects than the host follows", json!({"url": "{server}/x", "redirects": 1000}))
            .answer(to(302, "/x"))
            .fails("more than 20 redirects, the last from {server}/x")
            .check(|end| crate::case::same("requests", &21, &end.seen.len())),
        case("a redirect tells no query, user or password", secret).answer(to(302, "/y?token=t0ken")).fails("more than 2 redirects, the last from http://127.0.0.1:{port}/y"),
        leads("a redirect to the metadata", "http://169.254.169.254/latest/meta-data")
            .fails("plug-in `http` may not send GET to 169.254.169.254: grant it with `--allow-http 169.254.169.254` or `http: [{host: \"169.254.169.254\"}]` in a PluginGrant"),
        leads("a redirect to the metadata under a pattern", "http://169.254.169.254/latest/meta-data")
            .hosts(&["127.0.0.1:*", "*"])
            .fails("169.254.169.254 is at 169.254.169.254, a link-local address, where clouds keep their metadata: only a grant that names the host itself allows that, as `--allow-http 169.254.169.254` does"),
        leads("a redirect to a name of this machine under a pattern", "http://localhost:{port}/")
            .hosts(&["127.0.0.1:*", "*:*"])
            .fails("localhost is at …, a loopback address: only a grant that names the host itself allows that, as `--allow-http localhost` does"),
        leads("a redirect to a host that is not granted", "http://elsewhere.example.test/")
            .fails("plug-in `http` may not send GET to elsewhere.example.test: grant it with …"),
        leads("a redirect to a port that is not granted", "http://127.0.0.1:1/")
            .hosts(&["127.0.0.1:{port}"])
            .fails("plug-in `http` may not send GET to 127.0.0.1:1: grant it with …"),
        case("a redirect to a method that is not granted", post())
            .grants(|grants| grants.http[0].methods = vec!["POST".to_owned()])
            .answer(to(303, "/y"))
            .fails("plug-in `http` may not send GET to 127.0.0.1:{port}: grant it with …"),
        leads("a redirect to a file", "file:///etc/passwd").fails("redirected to `file:///etc/passwd`: the URL's scheme is `file`, not http or https"),
        leads("a redirect to nowhere", "http://").fails("redirected to `http://`: …"),
        case("from https to http", json!({"url": "{server}/x", "tls": {"roots": {"pem": pki().root}}}))
            .tls(speaks(&pki().server))
            .answer(to(302, "http://127.0.0.1:1/y?token=t"))
            .fails("redirected from {server}/x to http://127.0.0.1:1/y, from https to http"),
    ]
}

fn kept_back() -> Vec<Case> {
    let secrets = |place: &str| {
        case("", json!({
            "url": "{server}/x", "headers": [
                {"name": "Authorization", "valueFrom": {"secretKeyRef": {"name": "t", "key": "token"}}},
                {"name": "X-Api-Key", "valueFrom": {"secretKeyRef": {"name": "t", "key": "key"}}},
                {"name": "Cookie", "value": "a=b"}, {"name": "X-Plain", "value": "plain"},
            ],
        }))
        .hosts(&["127.0.0.1:*", "localhost:*"])
        .secret("t", "token", "Bearer s3cr3t-t0ken")
        .secret("t", "key", "s3cr3t-k3y")
        .answer(to(307, place))
        .answer(ok())
        .result("ok")
        .header(0, "authorization", Some("Bearer s3cr3t-t0ken"))
        .header(0, "x-api-key", Some("s3cr3t-k3y"))
        .header(1, "x-plain", Some("plain"))
    };
    vec![
        secrets("/y")
            .named("the same host is told it all again")
            .header(1, "authorization", Some("Bearer s3cr3t-t0ken"))
            .header(1, "x-api-key", Some("s3cr3t-k3y"))
            .header(1, "cookie", Some("a=b")),
        secrets("http://localhost:{port}/y")
            .named("another host is told no authorization")
            .header(1, "authorization", None)
            .header(1, "cookie", None)
            .header(1, "host", Some("localhost:{port}")),
        secrets("http://localhost:{port}/y")
            .named("another host is told no header out of a secret")
            .header(1, "x-api-key", None),
        case(
            "another host is told no user and password",
            json!({"url": "http://me:pass@127.0.0.1:{port}/x"}),
        )
        .hosts(&["127.0.0.1:*", "localhost:*"])
        .answer(to(302, "http://localhost:{port}/y"))
        .answer(ok())
        .result("ok")
        .header(1, "authorization", None),
    ]
}
