//! Repeating and polling: rounds, each with the state that the last one left.

use crate::case::{Case, case};
use crate::server::{Act, Script, head, raw, reply};
use serde_json::{Value, json};
use std::time::Duration;

pub fn cases() -> Vec<Case> {
    let mut all = repeating();
    all.extend(unrepeated());
    all.extend(polling());
    all.extend(polling_ends());
    all
}

fn again(retry: Value) -> Value {
    json!({"url": "{server}/x", "retry": retry})
}

fn busy(after: &str) -> Script {
    reply(429, &[("retry-after", after)], "")
}

fn ok() -> Script {
    reply(200, &[], "ok")
}

fn repeating() -> Vec<Case> {
    let down = || reply(503, &[], "down");
    let said = "received non-2xx response code: 503";
    vec![
        case("429 with Retry-After in seconds", again(json!({})))
            .answer(busy("7"))
            .answer(ok())
            .waits(7000, "received non-2xx response code: 429; attempt 2 of 4 in 7s")
            .result("ok"),
        case("429 with Retry-After as a date", again(json!({})))
            .answer(busy("Thu, 01 Jan 2026 00:01:30 GMT"))
            .answer(ok())
            .waits(90_000, "received non-2xx response code: 429; attempt 2 of 4 in 1m30s")
            .result("ok"),
        case("429 with a Retry-After that is past", again(json!({})))
            .answer(busy("Mon, 01 Jan 2024 00:00:00 GMT"))
            .answer(ok())
            .waits(1000, "received non-2xx response code: 429; attempt 2 of 4 in 1s")
            .result("ok"),
        case("429 with a Retry-After that is none", again(json!({"backoff": {"duration": "2s"}})))
            .answer(busy("soon"))
            .answer(ok())
            .waits(2000, "received non-2xx response code: 429; attempt 2 of 4 in 2s")
            .result("ok"),
        case("503 three times, then 200", again(json!({"limit": 5, "backoff": {"duration": "1s", "factor": 3, "max": "5s"}})))
            .answer(down())
            .answer(down())
            .answer(down())
            .answer(ok())
            .waits(1000, &format!("{said}; attempt 2 of 6 in 1s"))
            .waits(3000, &format!("{said}; attempt 3 of 6 in 3s"))
            .waits(5000, &format!("{said}; attempt 4 of 6 in 5s"))
            .result("ok")
            .saw(&["GET /x", "GET /x", "GET /x", "GET /x"]),
        case("as often as may be", again(json!({"limit": "1", "backoff": {"duration": "100ms"}})))
            .answer(down())
            .waits(100, &format!("{said}; attempt 2 of 2 in 100ms"))
            .fails_with(&format!("{said}, 2 times"), "down")
            .saw(&["GET /x", "GET /x"]),
        case("statuses of one's own", again(json!({"statuses": ["4xx", 500]})))
            .answer(reply(418, &[], ""))
            .answer(reply(500, &[], ""))
            .answer(reply(503, &[], "down"))
            .waits(1000, "received non-2xx response code: 418; attempt 2 of 4 in 1s")
            .waits(2000, "received non-2xx response code: 500; attempt 3 of 4 in 2s")
            .fails_with(said, "down"),
        case("a connection that is refused, again", json!({"url": "http://127.0.0.1:1/x", "retry": {}}))
            .waits(1000, "http://127.0.0.1:1/x: Connection refused (os error …); attempt 2 of 4 in 1s"),
        case("a connection that breaks, again", again(json!({})))
            .answer(vec![Act::Take])
            .answer(ok())
            .waits(1000, "{server}/x: connection closed before message completed; attempt 2 of 4 in 1s")
            .result("ok"),
        case("a body that breaks, again", again(json!({})))
            .answer(raw([head(200, &[("content-length", "9")]), b"some".to_vec()].concat()))
            .answer(ok())
            .waits(1000, "{server}/x: …; attempt 2 of 4 in 1s")
            .result("ok"),
        case("an answer that nobody asked for is nobody's", again(json!({})))
            .answer(raw("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison"))
            .answer(ok())
            .waits(1000, "received non-2xx response code: 503; attempt 2 of 4 in 1s")
            .result("ok"),
        case("the same key in every round", json!({"url": "{server}/x", "method": "POST", "body": "hello", "idempotencyKey": "X-Once", "retry": {}}))
            .answer(vec![Act::Take])
            .answer(reply(503, &[], ""))
            .answer(ok())
            .waits(1000, "{server}/x: connection closed before message completed; attempt 2 of 4 in 1s")
            .waits(2000, &format!("{said}; attempt 3 of 4 in 2s"))
            .result("ok")
            .header(0, "x-once", Some("uid/wf-1/0"))
            .header(1, "x-once", Some("uid/wf-1/0"))
            .header(2, "x-once", Some("uid/wf-1/0"))
            .sent(2, b"hello"),
    ]
}

fn unrepeated() -> Vec<Case> {
    vec![
        case("a POST that may have had its effect", json!({"url": "{server}/x", "method": "POST", "retry": {}}))
            .answer(vec![Act::Take])
            .fails_for_now("{server}/x: connection closed before message completed")
            .saw(&["POST /x"]),
        case("500 is not repeated unasked", again(json!({}))).answer(reply(500, &[], "")).fails_with("received non-2xx response code: 500", ""),
        case("nothing is repeated where nothing is said", json!({"url": "{server}/x"}))
            .answer(busy("1"))
            .fails_with("received non-2xx response code: 429", ""),
        case("what is not granted is not repeated", json!({"url": "http://elsewhere.example.test/", "retry": {"limit": 9}}))
            .fails("plug-in `http` may not send GET to elsewhere.example.test: grant it with …"),
        case("no pause beyond the node's deadline", again(json!({})))
            .answer(busy("3600"))
            .deadline(Duration::from_secs(60))
            .fails_with("received non-2xx response code: 429; the node's deadline comes before another attempt in 1h0m0s", ""),
        case("a retry that is none", again(json!({"statuses": ["often"]})))
            .answer(ok())
            .fails("\"often\" is no status such as 503, 5xx or 500-504")
            .saw(&[]),
    ]
}

fn job(poll: Value) -> Value {
    json!({"url": "{server}/jobs", "method": "POST", "body": "go", "poll": poll})
}

fn accepted() -> Script {
    reply(202, &[("location", "/jobs/1")], "")
}

fn polling() -> Vec<Case> {
    let waits = "{server}/jobs/1 answers 202; asking again in 5s";
    let queued = |state: &str| reply(200, &[], json!({"id": 7, "state": state}).to_string());
    let state = "fromJSON(response.body).state == 'done'";
    vec![
        case("202 and Location until it is done", job(json!({})))
            .answer(accepted())
            .answer(reply(202, &[], ""))
            .answer(reply(200, &[], "the end"))
            .waits(5000, waits)
            .waits(5000, waits)
            .result("the end")
            .saw(&["POST /jobs", "GET /jobs/1", "GET /jobs/1"])
            .sent(0, b"go")
            .sent(1, b""),
        case("until the body says so", json!({"url": "{server}/jobs", "method": "POST", "poll": {"until": state, "every": "1m", "urlFrom": {"expression": "'/jobs/' + string(fromJSON(response.body).id)"}}}))
            .answer(queued("queued"))
            .answer(queued("running"))
            .answer(queued("done"))
            .waits(60_000, "{server}/jobs/7 answers 200; asking again in 1m0s")
            .waits(60_000, "{server}/jobs/7 answers 200; asking again in 1m0s")
            .result("{\"id\":7,\"state\":\"done\"}")
            .saw(&["POST /jobs", "GET /jobs/7", "GET /jobs/7"]),
        case("at a place that is named", job(json!({"url": "/status?job=1", "every": "2s"})))
            .answer(accepted())
            .answer(ok())
            .waits(2000, "{server}/status answers 202; asking again in 2s")
            .result("ok")
            .saw(&["POST /jobs", "GET /status?job=1"]),
        case("at a place that the body names", job(json!({"urlFrom": {"jsonPath": "$.links.self"}})))
            .answer(reply(202, &[], r#"{"links": {"self": "../status/9"}}"#))
            .answer(ok())
            .waits(5000, "{server}/status/9 answers 202; asking again in 5s")
            .result("ok")
            .saw(&["POST /jobs", "GET /status/9"]),
        case("a server that asks for patience", job(json!({})))
            .answer(reply(202, &[("location", "/jobs/1"), ("retry-after", "30")], ""))
            .answer(ok())
            .waits(30_000, "{server}/jobs/1 answers 202; asking again in 30s")
            .result("ok"),
        case("trouble while polling", json!({"url": "{server}/jobs", "method": "POST", "poll": {}, "retry": {"limit": 1}}))
            .answer(accepted())
            .answer(reply(503, &[], ""))
            .answer(vec![Act::Take])
            .waits(5000, waits)
            .waits(1000, "received non-2xx response code: 503; attempt 2 of 2 in 1s")
            .fails_for_now("{server}/jobs/1: connection closed before message completed, 2 times")
            .saw(&["POST /jobs", "GET /jobs/1", "GET /jobs/1"]),
    ]
}

fn polling_ends() -> Vec<Case> {
    let until = "poll.until 'response.statusCode != 202' does not hold";
    let waits = "{server}/jobs/1 answers 202; asking again in 5s";
    vec![
        case("polled as long as may be", job(json!({"timeout": "12s"})))
            .answer(accepted())
            .waits(5000, waits)
            .waits(5000, waits)
            .fails_for_now(&format!("{{server}}/jobs/1 answers 202, and {until}; poll.timeout is 12s"))
            .saw(&["POST /jobs", "GET /jobs/1", "GET /jobs/1"]),
        case("polled as often as may be", job(json!({"limit": 1, "every": 1})))
            .answer(accepted())
            .waits(1000, "{server}/jobs/1 answers 202; asking again in 1s")
            .fails_for_now(&format!("{{server}}/jobs/1 answers 202, and {until}; poll.limit is 1")),
        case("a job that is no more", job(json!({})))
            .answer(accepted())
            .answer(reply(404, &[], "no such job"))
            .waits(5000, waits)
            .fails_with("received non-2xx response code: 404", "no such job"),
        case("polled until the node's deadline", job(json!({})))
            .answer(accepted())
            .deadline(Duration::from_secs(8))
            .waits(5000, waits)
            .fails("{server}/jobs/1 answers 202, and the node's deadline comes before it can be asked again"),
        case("a POST that says not where to ask", job(json!({})))
            .answer(reply(202, &[], ""))
            .fails("poll: the response 202 to POST has no Location, and neither url nor urlFrom is given"),
        case("a Location that is not to be asked", job(json!({})))
            .answer(reply(202, &[("location", "file:///etc/passwd")], ""))
            .fails("poll: \"file:///etc/passwd\" is no URL of http or https but of file"),
        case("a Location that is not granted", job(json!({})))
            .answer(reply(202, &[("location", "http://169.254.169.254/latest")], ""))
            .waits(5000, "http://169.254.169.254/latest answers 202; asking again in 5s")
            .fails("plug-in `http` may not send GET to 169.254.169.254: grant it with …"),
        case("another host is not told the secret", json!({
            "url": "{server}/jobs", "method": "POST", "poll": {}, "headers": [{"name": "Cookie", "value": "a=b"}],
            "auth": {"bearer": {"tokenSecret": {"name": "t", "key": "token"}}},
        }))
            .hosts(&["127.0.0.1:*", "localhost:*"])
            .secret("t", "token", "s3cr3t-t0ken")
            .answer(reply(202, &[("location", "http://localhost:{port}/jobs/1")], ""))
            .answer(ok())
            .waits(5000, "http://localhost:{port}/jobs/1 answers 202; asking again in 5s")
            .result("ok")
            .header(0, "authorization", Some("Bearer s3cr3t-t0ken"))
            .header(1, "authorization", None)
            .header(1, "cookie", None),
    ]
}
