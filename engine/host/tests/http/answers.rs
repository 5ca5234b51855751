//! Responses that are as they should be, and what becomes of them.

use crate::case::{Case, case};
use crate::server::{Act, head, raw, reply};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::json;
use std::io::Write;

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn get() -> serde_json::Value {
    json!({"url": "{server}/x"})
}

fn on(condition: &str) -> serde_json::Value {
    json!({"url": "{server}/x", "successCondition": condition})
}

pub fn cases() -> Vec<Case> {
    let mut all = statuses();
    all.extend(conditions());
    all.extend(forms());
    all
}

fn statuses() -> Vec<Case> {
    vec![
        case("200", get()).answer(reply(200, &[], "hello")).result("hello").saw(&["GET /x"]).check(|end| {
            let usage = end.usages[0];
            crate::case::same("requests and bytes", &(1, 5), &(usage.requests, usage.download))
        }),
        case("204", get()).answer(raw(head(204, &[]))).result(""),
        case("201 with a Location is no redirect", get())
            .answer(reply(201, &[("location", "http://192.0.2.1/")], "made"))
            .result("made"),
        case("404", get())
            .answer(reply(404, &[], "no such thing"))
            .fails_with("received non-2xx response code: 404", "no such thing"),
        case("500", get()).answer(reply(500, &[], "")).fails_with("received non-2xx response code: 500", ""),
        case("304", get()).answer(raw(head(304, &[]))).fails_with("received non-2xx response code: 304", ""),
        case("302 without a Location", get()).answer(reply(302, &[], "")).fails_with("received non-2xx response code: 302", ""),
        case("101", get())
            .answer(raw("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"))
            .fails_with("received non-2xx response code: 101", ""),
        case("999", get()).answer(reply(999, &[], "odd")).fails_with("received non-2xx response code: 999", "odd"),
        case("100 and 103 before 200", get())
            .answer(raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"))
            .result("ok"),
        case("a connection is used again", json!({"url": "{server}/x", "retry": {}}))
            .answer([raw("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"), reply(200, &[], "ok")].concat())
            .waits(1000, "received non-2xx response code: 503; attempt 2 of 4 in 1s")
            .result("ok")
            .check(|end| crate::case::same("connections", &1, &end.server.connections())),
    ]
}

fn conditions() -> Vec<Case> {
    vec![
        case("successCondition true", on("response.statusCode == 404")).answer(reply(404, &[], "gone")).result("gone"),
        case("successCondition false", on("response.body contains 'yes'"))
            .answer(reply(200, &[], "no"))
            .fails_with("successCondition 'response.body contains 'yes'' evaluated false", "no"),
        case("successCondition sees request and headers", on("request.method == 'GET' && response.headers['X-Done'][0] == 'yes' && request.url endsWith '/x'"))
            .answer(reply(500, &[("x-done", "yes")], "ok"))
            .result("ok"),
        case("successCondition broken", on("response.statusCode =="))
            .answer(reply(200, &[], ""))
            .fails("successCondition: …")
            .saw(&[]),
        case("successCondition that is no condition", on("response.body"))
            .answer(reply(200, &[], "text"))
            .fails_for_now("successCondition: …"),
        case("successCondition that asks what is not there", on("fromJSON(response.body).ok"))
            .answer(reply(200, &[], "<html>"))
            .fails_for_now("successCondition: …"),
    ]
}

fn forms() -> Vec<Case> {
    let chunked = [("transfer-encoding", "chunked")];
    let coded = |coding, bytes: Vec<u8>| reply(200, &[("content-encoding", coding)], bytes);
    let chunks = |text: &str| [head(200, &chunked), text.into()].concat();
    vec![
        case("a chunked body", get())
            .answer(raw(chunks(
                "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nx-trailer: 1\r\n\r\n",
            )))
            .result("hello!"),
        case("a body that ends with the connection", get())
            .answer(raw("HTTP/1.0 200 OK\r\n\r\nold"))
            .result("old"),
        case("a body in pieces", get())
            .answer(
                [
                    raw(head(200, &[("content-length", "2")])),
                    vec![Act::Send(b"o".into()), Act::Send(b"k".into())],
                ]
                .concat(),
            )
            .result("ok"),
        case("a gzip body", get())
            .answer(coded("gzip", gzip(b"hello")))
            .result("hello"),
        case("a deflate body", get())
            .answer(coded("deflate", zlib(b"hello")))
            .result("hello"),
        case("an empty gzip body", get())
            .answer(coded("gzip", Vec::new()))
            .result(""),
        case("a body that is not UTF-8", get())
            .answer(reply(200, &[], b"caf\xe9"))
            .result("caf\u{fffd}"),
        case(
            "a header that is not UTF-8",
            on("response.headers['X-Name'][0] == 'café'"),
        )
        .answer(raw(
            b"HTTP/1.1 200 OK\r\nx-name: caf\xe9\r\ncontent-length: 2\r\n\r\nok",
        ))
        .result("ok"),
        case("a head of a hundred kilobytes", get())
            .answer(reply(200, &[("x-long", &"x".repeat(100_000))], "ok"))
            .result("ok"),
        case("a hundred and fifty headers", get())
            .answer(reply(200, &[("x-many", "1"); 150], "ok"))
            .result("ok"),
    ]
}
