//! Plug-ins that misbehave harm nobody but themselves, and each ends with a message of its own.
//!
//! The components are built by `tests/bombs/build`; `TIPHYS_BOMBS` names the folder they are in.
#![allow(clippy::print_stdout)]

mod support;

use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Test, call, host};
use tiphys_host::{Ending, Grants, Plugin};

fn bombs() -> Option<PathBuf> {
    let folder = std::env::var_os("TIPHYS_BOMBS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: TIPHYS_BOMBS does not name the folder that tests/bombs/build made");
    }
    folder
}

/// The plug-ins of all languages that were built.
fn languages(folder: &std::path::Path) -> Vec<(&'static str, Arc<Plugin>)> {
    let mut all = Vec::new();
    for language in ["rust", "js", "python"] {
        match std::fs::read(folder.join(format!("{language}.wasm"))) {
            Ok(bytes) => all.push((
                language,
                host()
                    .load(&bytes, false)
                    .unwrap_or_else(|error| panic!("{language}: failed to {error}")),
            )),
            Err(_) => println!("skipped: there is no bomb in {language}"),
        }
    }
    all
}

async fn set_off(
    plugin: &Arc<Plugin>,
    language: &str,
    bomb: &str,
    grants: Grants,
) -> (Ending, Duration, Arc<Test>) {
    let world = Arc::new(Test::default());
    let began = Instant::now();
    let call = call(&format!("bomb-{language}"), json!({"bomb": bomb}));
    let (ending, _) = host()
        .call(plugin, call, &Arc::new(grants), world.clone())
        .await;
    (ending, began.elapsed(), world)
}

fn message(ending: &Ending) -> &str {
    match ending {
        Ending::Broken { message } | Ending::Failed { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bomb_ends_with_its_own_message() {
    let Some(folder) = bombs() else { return };
    for (language, plugin) in languages(&folder) {
        let second = || Grants {
            time: Duration::from_secs(1),
            ..Grants::default()
        };
        let (ending, took, _) = set_off(&plugin, language, "loop", second()).await;
        assert_eq!(
            message(&ending),
            "took longer than the 1 s it may (limit `time`)",
            "{language}"
        );
        assert!(took < Duration::from_millis(1600), "{language}: {took:?}");
        let (ending, _, _) = set_off(&plugin, language, "alloc", Grants::default()).await;
        assert_eq!(
            message(&ending),
            "used more memory than the 64 MiB it may (limit `memory`)",
            "{language}"
        );
        let (ending, _, _) = set_off(&plugin, language, "recurse", Grants::default()).await;
        let said = message(&ending).to_lowercase();
        // An interpreter may keep its stack in memory of its own.
        let own = ["stack", "recursion", "limit `memory`"];
        assert!(
            own.iter().any(|words| said.contains(words)),
            "{language}: {said}"
        );
        let (ending, _, _) = set_off(&plugin, language, "output", Grants::default()).await;
        let said = message(&ending);
        let own = ["limit `memory`", "limit `output`", "invalid string length"];
        assert!(
            own.iter().any(|words| said.contains(words)),
            "{language}: {said}"
        );
        let small = Grants {
            memory: 1 << 30,
            output: 1 << 20,
            time: Duration::from_secs(60),
            ..Grants::default()
        };
        let world = Arc::new(Test::default());
        let big = call(
            &format!("bomb-{language}"),
            json!({"bomb": "output", "size": 2 << 20}),
        );
        let (ending, _) = host().call(&plugin, big, &Arc::new(small), world).await;
        assert_eq!(
            message(&ending),
            "gave more output than the 1 MiB it may (limit `output`)",
            "{language}"
        );
        let patient = Grants {
            time: Duration::from_secs(120),
            ..Grants::default()
        };
        let (ending, _, world) = set_off(&plugin, language, "log", patient).await;
        assert!(matches!(ending, Ending::Done(_)), "{language}: {ending:?}");
        let lines = world.lines();
        assert!(
            lines.iter().map(String::len).sum::<usize>() < 3 << 20,
            "{language}: a bounded log"
        );
        assert_eq!(
            lines.last().map(String::as_str),
            Some("warn: log of more than 1 MiB: the rest is dropped (limit `log`)"),
            "{language}"
        );
        let (ending, _, _) = set_off(&plugin, language, "http", Grants::default()).await;
        let wanted = format!(
            "plug-in `bomb-{language}` may not send GET to ungranted.example.test: grant it with `--allow-http ungranted.example.test` or `http: [{{host: \"ungranted.example.test\"}}]` in a PluginGrant"
        );
        assert_eq!(message(&ending), wanted);
        let (ending, _, _) = set_off(&plugin, language, "file", Grants::default()).await;
        assert!(
            message(&ending).starts_with(&format!(
                "plug-in `bomb-{language}` may not read the folder `ungranted`: grant it with"
            )),
            "{language}: {ending:?}"
        );
        let (ending, _, _) = set_off(&plugin, language, "panic", Grants::default()).await;
        // The one in Rust has no SDK that would say more.
        let wanted = if language == "rust" {
            "panicked"
        } else {
            "the bomb went off"
        };
        assert!(message(&ending).contains(wanted), "{language}: {ending:?}");
        println!("{language}: 9 bombs, each with its own message");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_grows_for_ever_comes_to_an_end() {
    let Some(folder) = bombs() else { return };
    for (language, plugin) in languages(&folder) {
        let (mut round, mut state) = (0, None);
        let last = loop {
            let mut next = call(&format!("bomb-{language}"), json!({"bomb": "pending"}));
            (next.round, next.state) = (round, state.take());
            let (ending, _) = host()
                .call(&plugin, next, &Arc::default(), Arc::new(Test::default()))
                .await;
            match ending {
                Ending::Pending {
                    state: left, after, ..
                } => {
                    assert!(after >= Duration::from_millis(10), "no busy loop");
                    (round, state) = (round + 1, Some(left));
                }
                other => break other,
            }
        };
        assert_eq!(
            message(&last),
            "left a state of more than the 64 KiB it may",
            "{language}"
        );
        assert!((6..=7).contains(&round), "{language}: {round}");
        let mut late = call(&format!("bomb-{language}"), json!({"bomb": "pending"}));
        late.round = 10_001;
        let (ending, _) = host()
            .call(&plugin, late, &Arc::default(), Arc::new(Test::default()))
            .await;
        assert_eq!(
            message(&ending),
            "answered `pending` more often than the 10000 times it may (limit `rounds`)"
        );
    }
}

#[test]
fn what_is_no_plugin_does_not_load() {
    let folder = support::root().join("tests/bombs/wat");
    let table = [
        (
            "wasi.wat",
            "load a plug-in that imports wasi:cli/environment@0.2.0: plug-ins get no WASI; build it without (see the SDK's README)",
        ),
        (
            "other-abi.wat",
            "load a plug-in of another ABI: it gives tiphys:plugin/template@9.9.9, and this engine knows tiphys:plugin/template@0.1.0",
        ),
        (
            "module.wat",
            "read a WASM component: this is a core module; make a component of it (`tiphys plugin build` does)",
        ),
    ];
    for (file, wanted) in table {
        let bytes = std::fs::read(folder.join(file)).expect(file);
        let error = host().load(&bytes, false).expect_err(file);
        assert_eq!(error.to_string(), wanted, "{file}");
    }
    let half = std::fs::read(folder.join("half.wat")).expect("half.wat");
    let error = host().load(&half, false).expect_err("half.wat").to_string();
    assert!(
        error.contains("validate") || error.contains("execute"),
        "{error}"
    );
    for garbage in [&b"not wasm at all"[..], b"", b"\0asm\x0d\0\x01\0garbage"] {
        let error = host()
            .load(garbage, false)
            .expect_err("garbage")
            .to_string();
        assert!(
            error.starts_with("read a WASM component")
                || error.starts_with("compile the component"),
            "{error}"
        );
    }
}
