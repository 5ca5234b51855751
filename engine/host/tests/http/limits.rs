//! More than is good: each limit says its name, and what is held in memory stays bounded.

use crate::answers::gzip;
use crate::case::{Case, End, case};
use crate::server::{Act, Script, head, raw, reply};
use serde_json::{Value, json};
use std::time::Duration;

const MIB: u64 = 1 << 20;

pub fn cases() -> Vec<Case> {
    let mut all = bodies();
    all.extend(others());
    all
}

fn get() -> Value {
    json!({"url": "{server}/x"})
}

/// 1 GiB, sent as long as somebody reads.
fn gibibyte() -> Script {
    let length = (1_u64 << 30).to_string();
    vec![
        Act::Take,
        Act::Send(head(200, &[("content-length", &length)])),
        Act::Repeat(vec![b'x'; 1 << 20], 1 << 10),
    ]
}

/// 128 MiB that go over the line as a hundred kilobytes.
fn bomb() -> Script {
    reply(
        200,
        &[("content-encoding", "gzip")],
        gzip(&vec![0; 128 << 20]),
    )
}

fn bounded(end: &End<'_>) -> Result<(), String> {
    let (memory, sent) = (end.usages[0].memory, end.server.sent());
    if memory <= 96 * MIB && sent < 64 * MIB {
        Ok(())
    } else {
        Err(format!("memory {memory}, of the body {sent} were sent"))
    }
}

/// The most memory that this process ever had, where the system tells; else 0.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() << 10
}

fn bodies() -> Vec<Case> {
    let large = "the response's body is larger than the 16777216 bytes of maxBody";
    let output = "gave more output than the 1 MiB it may (limit `output`)";
    vec![
        case("a body of a gibibyte", get())
            .answer(gibibyte())
            .fails(large)
            .check(bounded),
        case(
            "a body of a gibibyte that is judged",
            json!({"url": "{server}/x", "successCondition": "response.body == 'x'"}),
        )
        .answer(gibibyte())
        .fails(large)
        .check(bounded),
        case("a failure of a gibibyte", get())
            .answer(vec![
                Act::Take,
                Act::Send(head(500, &[("content-length", "1073741824")])),
                Act::Repeat(vec![b'x'; 1 << 20], 1 << 10),
            ])
            .fails_with(
                "received non-2xx response code: 500",
                &"x".repeat(256 << 10),
            )
            .check(bounded),
        case("a great deal in a little gzip", get())
            .answer(bomb())
            .fails(large)
            .check(bounded),
        case("a gibibyte without an end in sight", get())
            .answer(
                [
                    raw(head(200, &[])),
                    vec![Act::Repeat(vec![b'x'; 1 << 20], 1 << 10)],
                ]
                .concat(),
            )
            .fails(large)
            .check(bounded),
        case(
            "a gibibyte to an artifact",
            json!({"url": "{server}/x", "saveAs": "page"}),
        )
        .answer(gibibyte())
        .grants(|grants| grants.time = Duration::from_secs(600))
        .done(json!({"artifacts": {"page": {"name": "page", "s3": {"key": "page"}}}}))
        .check(|end| {
            let usage = end.usages[0];
            crate::case::same(
                "bytes written",
                &[("page".to_owned(), 1 << 30)][..],
                &end.written[..],
            )?;
            crate::case::same("bytes read", &(1_u64 << 30), &usage.download)?;
            // The process has all other cases in it.
            let process = most_memory();
            println!(
                "a gibibyte to an artifact: {} bytes of the plug-in's, {process} of all",
                usage.memory
            );
            if usage.memory <= 4 * MIB && process < 768 * MIB {
                Ok(())
            } else {
                Err(format!("memory {}, all together {process}", usage.memory))
            }
        }),
        case(
            "a body larger than maxBody",
            json!({"url": "{server}/x", "maxBody": "1Ki"}),
        )
        .answer(reply(200, &[], "x".repeat(1025)))
        .fails("the response's body is larger than the 1024 bytes of maxBody"),
        case(
            "a body as large as maxBody",
            json!({"url": "{server}/x", "maxBody": 5}),
        )
        .answer(reply(200, &[], "hello"))
        .result("hello"),
        case(
            "an artifact larger than maxBody",
            json!({"url": "{server}/x", "saveAs": "page", "maxBody": "1Ki"}),
        )
        .answer(reply(200, &[], "x".repeat(1025)))
        .fails("the response's body is larger than the 1024 bytes of maxBody")
        .check(|end| crate::case::same("artifacts", &0, &end.written.len())),
        case("a result larger than an output may be", get())
            .answer(reply(200, &[], "x".repeat(2 << 20)))
            .breaks(output),
        case("a result larger than an output usually may be", get())
            .grants(|grants| grants.output = 4 * MIB)
            .answer(reply(200, &[], "x".repeat(2 << 20)))
            .result(&"x".repeat(2 << 20)),
    ]
}

fn others() -> Vec<Case> {
    let loop_of =
        |name, body: Value| case(name, body).answer(reply(302, &[("location", "/x")], ""));
    let download = "more than 1 MiB were downloaded (limit `download`)";
    vec![
        loop_of("more requests than may be", json!({"url": "{server}/x"}))
            .grants(|grants| grants.requests = 5)
            .fails("more than 5 requests in one call (limit `requests`)")
            .check(|end| crate::case::same("requests", &5, &end.seen.len())),
        case("more bytes than may be", get())
            .grants(|grants| grants.download = MIB)
            .answer(reply(200, &[], "x".repeat(2 << 20)))
            .fails(download),
        case("more bytes than may be, in gzip", get())
            .grants(|grants| grants.download = MIB)
            .answer(reply(
                200,
                &[("content-encoding", "gzip")],
                gzip(&vec![b'x'; 2 << 20]),
            ))
            .fails(download),
        case(
            "more bytes than may be, to an artifact",
            json!({"url": "{server}/x", "saveAs": "page"}),
        )
        .grants(|grants| grants.download = MIB)
        .answer(reply(200, &[], "x".repeat(2 << 20)))
        .fails(download)
        .check(|end| crate::case::same("artifacts", &0, &end.written.len())),
        case(
            "limits are not tried again",
            json!({"url": "{server}/x", "retry": {"limit": 9}}),
        )
        .grants(|grants| grants.download = MIB)
        .answer(reply(200, &[], "x".repeat(2 << 20)))
        .fails(download),
        case(
            "more memory than may be",
            json!({"url": "{server}/x", "maxBody": "1Gi"}),
        )
        .grants(|grants| grants.memory = 16 * MIB)
        .answer(gibibyte())
        .breaks("used more memory than the 16 MiB it may (limit `memory`)")
        .check(bounded),
    ]
}
