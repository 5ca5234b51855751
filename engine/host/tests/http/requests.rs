//! What the server gets.

use crate::case::{Case, case};
use crate::server::{head, raw, reply};
use serde_json::{Value, json};

fn ok() -> Vec<crate::server::Act> {
    reply(200, &[], "ok")
}

fn headers(pairs: &[(&str, &str)]) -> Value {
    let list: Vec<Value> = pairs
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    json!({"url": "{server}/x", "method": "POST", "body": "hello", "headers": list})
}

pub fn cases() -> Vec<Case> {
    let mut all = methods();
    all.extend(heads());
    all.extend(refused());
    all
}

fn methods() -> Vec<Case> {
    let with = |method: &str| json!({"url": "{server}/x", "method": method});
    vec![
        case("HEAD", with("HEAD"))
            .answer(raw(head(
                200,
                &[("content-length", "5"), ("content-encoding", "gzip")],
            )))
            .result("")
            .saw(&["HEAD /x"]),
        case(
            "PUT",
            json!({"url": "{server}/x", "method": "PUT", "body": "{\"a\": 1}"}),
        )
        .answer(ok())
        .result("ok")
        .saw(&["PUT /x"])
        .sent(0, b"{\"a\": 1}")
        .header(0, "content-length", Some("8")),
        case("DELETE", with("DELETE"))
            .answer(raw(head(204, &[])))
            .result("")
            .saw(&["DELETE /x"])
            .header(0, "content-length", None),
        case("a method in lower case", with("options"))
            .answer(ok())
            .result("ok")
            .saw(&["OPTIONS /x"]),
        case("a POST without a body says so", with("POST"))
            .answer(ok())
            .result("ok")
            .header(0, "content-length", Some("0")),
        case(
            "bodyFrom",
            json!({"url": "{server}/x", "method": "POST", "bodyFrom": {"bytes": "AP8Q"}}),
        )
        .answer(ok())
        .result("ok")
        .sent(0, b"\0\xff\x10"),
        case(
            "bodyFrom broken",
            json!({"url": "{server}/x", "method": "POST", "bodyFrom": {"bytes": "%"}}),
        )
        .answer(ok())
        .fails("bodyFrom.bytes is no base64: …")
        .saw(&[]),
    ]
}

fn heads() -> Vec<Case> {
    vec![
        case(
            "a Host of one's own",
            headers(&[("Host", "inner.example.test")]),
        )
        .answer(ok())
        .result("ok")
        .header(0, "host", Some("inner.example.test")),
        case("the usual Host", headers(&[]))
            .answer(ok())
            .result("ok")
            .header(0, "host", Some("127.0.0.1:{port}")),
        case("who asks", headers(&[]))
            .answer(ok())
            .result("ok")
            .header(
                0,
                "user-agent",
                Some(concat!("tiphys/", env!("CARGO_PKG_VERSION"))),
            ),
        case(
            "headers as they are written",
            headers(&[("X-A", "1"), ("x-empty", ""), ("X-Name", "café")]),
        )
        .answer(ok())
        .result("ok")
        .header(0, "x-a", Some("1"))
        .header(0, "x-empty", Some(""))
        .header(0, "x-name", Some("café")),
        case(
            "a length that is not the body's is none",
            headers(&[("Content-Length", "0")]),
        )
        .answer(ok())
        .result("ok")
        .header(0, "content-length", Some("5"))
        .sent(0, b"hello"),
        case(
            "a coding of the transfer that there is not is none",
            headers(&[("Transfer-Encoding", "chunked")]),
        )
        .answer(ok())
        .result("ok")
        .header(0, "transfer-encoding", None)
        .sent(0, b"hello"),
        case(
            "a URL with user, query and fragment",
            json!({"url": "http://me:pass@127.0.0.1:{port}/a b?q=ä&r=1#there"}),
        )
        .answer(ok())
        .result("ok")
        .saw(&["GET /a%20b?q=%C3%A4&r=1"])
        .header(0, "authorization", Some("Basic bWU6cGFzcw==")),
        case(
            "a URL with a line's end",
            json!({"url": "{server}/a\r\nX-Evil: 1"}),
        )
        .answer(ok())
        .result("ok")
        .saw(&["GET /aX-Evil:%201"]),
        case(
            "an idempotency key",
            json!({"url": "{server}/x", "method": "POST", "idempotencyKey": true}),
        )
        .answer(ok())
        .result("ok")
        .header(0, "idempotency-key", Some("uid/wf-1/0")),
    ]
}

fn refused() -> Vec<Case> {
    let no = |name, body, message: &str| case(name, body).answer(ok()).fails(message).saw(&[]);
    let value = "the value of header `x-a` has characters that no header may have";
    let url = |url: &str| json!({"url": url});
    let method = |method: &str| json!({"url": "{server}/x", "method": method});
    vec![
        no(
            "a line's end in a header's value",
            headers(&[("x-a", "1\r\nx-b: 2")]),
            value,
        ),
        no(
            "a bare line feed in a header's value",
            headers(&[("x-a", "1\nx-b: 2")]),
            value,
        ),
        no(
            "a NUL in a header's value",
            headers(&[("x-a", "1\0")]),
            value,
        ),
        no(
            "a header's value beyond ISO 8859-1",
            headers(&[("x-a", "€")]),
            value,
        ),
        no(
            "a line's end in a header's name",
            headers(&[("x-a: 1\r\nx-b", "2")]),
            "`x-a: 1\\r\\nx-b` is no name for a header",
        ),
        no(
            "a header's name with a space",
            headers(&[("x a", "2")]),
            "`x a` is no name for a header",
        ),
        no(
            "a header without a name",
            headers(&[("", "2")]),
            "`` is no name for a header",
        ),
        no(
            "a method with a line's end",
            method("GET / HTTP/1.1\r\nx: y"),
            "`GET / HTTP/1.1\\r\\nx: y` is no method",
        ),
        no(
            "CONNECT",
            method("CONNECT"),
            "`CONNECT` is no method that plug-ins have",
        ),
        no(
            "a URL that is none",
            url("no URL"),
            "\"no URL\" is no URL: …",
        ),
        no(
            "a URL of another scheme",
            url("file:///etc/passwd"),
            "\"file:///etc/passwd\" is no URL of http or https but of file",
        ),
        no(
            "a URL without an end",
            json!({"url": format!("{{server}}/{}", "x".repeat(1 << 17))}),
            "{server}/x…x…: Parsed Url is not a valid Uri",
        ),
        no(
            "a Host with a line's end",
            headers(&[("Host", "a\r\nb: c")]),
            "the value of header `host` has characters that no header may have",
        ),
    ]
}
