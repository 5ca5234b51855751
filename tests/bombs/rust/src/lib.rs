//! A plug-in that misbehaves in the way its body asks for: `{"bomb": "loop"}`, or `{"bomb": "log", "size": 10}`. What it does must harm nobody but itself.

wit_bindgen::generate!({ path: "../../../sdk/wit/0.1.0", world: "plugin" });

use exports::tiphys::plugin::template::{Fault, Guest, Outcome, Request};
use std::hint::black_box;
use tiphys::plugin::{files, http, log, types};

const MANIFEST: &str = r#"{
    "name": "bomb-rust", "version": "0.1.0", "description": "Misbehaves as asked",
    "kinds": [{
        "name": "bomb-rust", "description": "Misbehaves as asked", "outputs": {},
        "schema": {"type": "object", "required": ["bomb"], "properties": {
            "bomb": {"enum": ["loop", "alloc", "recurse", "output", "log", "pending", "http", "file", "panic"]},
            "size": {"type": "integer", "minimum": 0}
        }}
    }],
    "wants": {}
}"#;

struct Bomb;

impl Guest for Bomb {
    fn describe() -> String {
        MANIFEST.into()
    }

    fn validate(_kind: String, _body: String) -> Vec<Fault> {
        Vec::new()
    }

    fn execute(request: Request) -> Outcome {
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
        match body["bomb"].as_str().unwrap_or_default() {
            "loop" => endless(),
            "alloc" => allocate(),
            "recurse" => done(recurse(1)),
            "output" => Outcome::Done(format!("{{\"result\": \"{}\"}}", "x".repeat(size(&body, 1 << 30)))),
            "log" => chatter(size(&body, 1_000_000)),
            "pending" => linger(request.state),
            "http" => trespass(),
            "file" => pry(),
            "panic" => panic!("the bomb went off"),
            other => failed(format!("there is no bomb {other:?}")),
        }
    }
}

/// How much of it: bytes of the output, lines of the log.
fn size(body: &serde_json::Value, otherwise: usize) -> usize {
    body["size"].as_u64().map_or(otherwise, |size| size as usize)
}

fn endless() -> ! {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn allocate() -> ! {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1u8; 1 << 20]));
    }
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1))) + depth
}

fn chatter(lines: usize) -> Outcome {
    for line in 0..lines {
        log::write(log::Level::Info, &format!("line {line} of {lines}"));
    }
    done(lines)
}

/// Never done, and each time with twice as much to remember.
fn linger(state: Option<String>) -> Outcome {
    let state = state.map_or_else(|| "x".repeat(1024), |state| state.repeat(2));
    Outcome::Pending(types::Pending {
        requeue_after: 1,
        message: format!("remembers {} bytes", state.len()),
        state,
    })
}

fn trespass() -> Outcome {
    let request = http::Request {
        method: "GET".into(),
        url: "http://ungranted.example.test/".into(),
        headers: Vec::new(),
        body: None,
        options: http::Options {
            timeout: None,
            redirects: 0,
            insecure: false,
            roots: None,
            identity: None,
        },
    };
    match http::send(&request) {
        Ok(response) => done(format!("got in: {}", response.status())),
        Err(http::Error::NotGranted(message)) => failed(message),
        Err(other) => done(format!("was not told what to ask for: {other}")),
    }
}

fn pry() -> Outcome {
    match files::read("ungranted/passwd", 0, 1024) {
        Ok(bytes) => done(format!("got in: {} bytes", bytes.len())),
        Err(types::Refusal::NotGranted(message)) => failed(message),
        Err(other) => done(format!("was not told what to ask for: {other}")),
    }
}

fn done(result: impl std::fmt::Display) -> Outcome {
    Outcome::Done(serde_json::json!({ "result": result.to_string() }).to_string())
}

fn failed(message: String) -> Outcome {
    Outcome::Failed(types::Failure {
        message,
        retryable: false,
        outputs: None,
    })
}

export!(Bomb);
