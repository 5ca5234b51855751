//! Servers that are slow, go away or speak no HTTP.

use crate::answers::gzip;
use crate::case::{Case, case};
use crate::server::{Act, Script, head, raw, reply};
use serde_json::{Value, json};
use std::time::Duration;

fn get() -> Value {
    json!({"url": "{server}/x"})
}

fn quick() -> Value {
    json!({"url": "{server}/x", "timeoutSeconds": 1})
}

/// Takes the request, sends these bytes, and then nothing.
fn stalls(bytes: impl AsRef<[u8]>) -> Script {
    vec![Act::Take, Act::Send(bytes.as_ref().to_vec()), Act::Hang]
}

pub fn cases() -> Vec<Case> {
    let mut all = gone();
    all.extend(nonsense());
    all.extend(slow());
    all
}

fn gone() -> Vec<Case> {
    let chunked = head(200, &[("transfer-encoding", "chunked")]);
    let cut = |name, bytes: Vec<u8>| {
        case(name, get())
            .answer(raw(bytes))
            .fails_for_now("{server}/x: …")
            .saw(&["GET /x"])
    };
    let half = &gzip(b"hello, hello, hello")[..15];
    vec![
        case("connection refused", json!({"url": "http://127.0.0.1:1/x"}))
            .fails_for_now("http://127.0.0.1:1/x: Connection refused (os error …)"),
        case(
            "a name without an address",
            json!({"url": "http://nowhere.invalid/x?token=t"}),
        )
        .hosts(&["nowhere.invalid"])
        .fails_for_now("nowhere.invalid: …"),
        case("reset before the answer", get())
            .answer(vec![Act::Peek])
            .fails_for_now("{server}/x: Connection reset by peer (os error …)"),
        case(
            "reset in the middle of the answer",
            json!({"url": "{server}/x", "method": "POST", "body": "hello"}),
        )
        .answer(vec![
            Act::TakeHead,
            Act::Send(head(200, &[("content-length", "100")])),
            Act::Send(b"some".into()),
        ])
        .fails_for_now("{server}/x: …"),
        case("closed before the answer", get())
            .answer(vec![Act::Take])
            .fails_for_now("{server}/x: connection closed before message completed"),
        case("closed in the middle of the head", get())
            .answer(raw("HTTP/1.1 200 OK\r\ncontent-le"))
            .fails_for_now("{server}/x: connection closed before message completed"),
        cut(
            "a truncated body",
            [head(200, &[("content-length", "100")]), b"some".to_vec()].concat(),
        ),
        cut(
            "a truncated chunk",
            [chunked.clone(), b"64\r\nsome".to_vec()].concat(),
        ),
        cut(
            "chunks without an end",
            [chunked, b"4\r\nsome\r\n".to_vec()].concat(),
        ),
        cut(
            "a truncated gzip body",
            [head(200, &[("content-encoding", "gzip")]), half.to_vec()].concat(),
        ),
    ]
}

fn nonsense() -> Vec<Case> {
    let bad = |name, bytes: Vec<u8>| {
        case(name, get())
            .answer(raw(bytes))
            .fails_for_now("{server}/x: …")
            .saw(&["GET /x"])
    };
    vec![
        bad(
            "garbage instead of HTTP",
            b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(),
        ),
        bad("binary garbage", (0..=255).collect()),
        bad(
            "HTML without a head",
            b"<html><body>hello</body></html>\r\n\r\n".to_vec(),
        ),
        bad("a status that is none", b"HTTP/1.1 2x0 OK\r\n\r\n".to_vec()),
        bad("a status below 100", b"HTTP/1.1 099 OK\r\n\r\n".to_vec()),
        bad(
            "two lengths",
            head(200, &[("content-length", "1"), ("content-length", "2")]),
        ),
        bad(
            "a length that is none",
            head(200, &[("content-length", "many")]),
        ),
        bad(
            "a chunk's size that is none",
            [
                head(200, &[("transfer-encoding", "chunked")]),
                b"zz\r\n".to_vec(),
            ]
            .concat(),
        ),
        bad(
            "a gzip body that is none",
            [
                head(200, &[("content-encoding", "gzip")]),
                b"not gzip at all".to_vec(),
            ]
            .concat(),
        ),
        bad(
            "a header with a NUL",
            b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n".to_vec(),
        ),
        case("a head without an end", get())
            .answer(vec![
                Act::Take,
                Act::Send(b"HTTP/1.1 200 OK\r\nx: ".into()),
                Act::Repeat(vec![b'x'; 1 << 16], 1 << 14),
            ])
            .fails_for_now("{server}/x: …")
            .check(|end| {
                if end.server.sent() < 16 << 20 {
                    Ok(())
                } else {
                    Err(format!("{} bytes were taken", end.server.sent()))
                }
            }),
        case("headers without an end", get())
            .answer(vec![
                Act::Take,
                Act::Send(b"HTTP/1.1 200 OK\r\n".into()),
                Act::Repeat(b"x: y\r\n".repeat(1 << 13), 1 << 14),
            ])
            .fails_for_now("{server}/x: …"),
        case(
            "TLS where none is spoken",
            json!({"url": "https://127.0.0.1:{port}/x"}),
        )
        .answer(vec![Act::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".into())])
        .fails_for_now("https://127.0.0.1:{port}/x: …"),
    ]
}

fn slow() -> Vec<Case> {
    let second = Duration::from_secs(4);
    let late = "{server}/x did not answer within 1s";
    let long = [("content-length", "100")];
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
    vec![
        case("never an answer", quick()).answer(stalls("")).fails_for_now(late).within(second),
        case("never the end of a head", quick()).answer(stalls("HTTP/1.1 200 OK\r\nx: ")).fails_for_now(late).within(second),
        case("never the rest of a body", quick()).answer(stalls([head(200, &long), b"some".to_vec()].concat())).fails_for_now(late).within(second),
        case("one byte after another, without an end", quick())
            .answer([raw(head(200, &[])), vec![Act::Drip(Duration::from_millis(50))]].concat())
            .clock_runs()
            .fails_for_now("the response took longer than 1s")
            .within(second),
        case("100 without an end", quick())
            .answer(vec![Act::Take, Act::Repeat(interim, u64::MAX)])
            .fails_for_now(late)
            .within(second),
        case("slow, but not too slow", json!({"url": "{server}/x", "timeoutSeconds": 10}))
            .answer([raw(head(200, &[("content-length", "2")])), vec![Act::Pause(Duration::from_millis(300)), Act::Send(b"ok".into())]].concat())
            .result("ok"),
        case("the call's own time is up", get())
            .answer(stalls(""))
            .grants(|grants| grants.time = Duration::from_millis(500))
            .breaks("took longer than the 500 ms it may (limit `time`)")
            .within(second),
        case("the node's time is up", get())
            .answer(stalls(""))
            .deadline(Duration::from_millis(500))
            .breaks("did not end before the node's deadline")
            .within(second),
        case("a server that takes no requests", json!({"url": "{server}/x", "method": "PUT", "body": "x".repeat(4 << 20), "timeoutSeconds": 1}))
            // Longer than the client has, however late it is about it: closing resets the connection.
            .answer(vec![Act::Pause(Duration::from_secs(60))])
            .fails_for_now(late)
            .within(second),
        case("an answer before the request's end", json!({"url": "{server}/x", "method": "PUT", "body": "x".repeat(4 << 20)}))
            .answer(vec![Act::TakeHead, Act::Send(head(413, &[("content-length", "4")])), Act::Send(b"big!".into()), Act::Pause(Duration::from_secs(2))])
            .fails_with("received non-2xx response code: 413", "big!"),
        case("a hundred answers at once", get()).answer(raw([reply_bytes("one"), reply_bytes("two").repeat(99)].concat())).result("one"),
    ]
}

fn reply_bytes(text: &str) -> Vec<u8> {
    match &reply(200, &[], text)[..] {
        [_, Act::Send(bytes)] => bytes.clone(),
        _ => Vec::new(),
    }
}
