//! The sandbox, really run: as root, as an ordinary user, and where the kernel gives less.
//!
//! Without the standard harness, because `main` has to be able to be the spawner.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test, though not of the standard harness"
)]

#[path = "sandbox/bench.rs"]
mod bench;
#[cfg(feature = "docker")]
#[path = "sandbox/docker.rs"]
mod docker;
#[path = "sandbox/host.rs"]
mod host;
#[path = "sandbox/killed.rs"]
mod killed;
#[path = "sandbox/setting.rs"]
mod setting;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

fn main() {
    tiphys_local::sandbox::spawner_main();
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = args.iter().position(|arg| arg == "--victim") {
        return killed::victim(&args[at + 1..]);
    }
    #[cfg(feature = "docker")]
    if args.iter().any(|arg| arg == "--victim-docker") {
        return docker::victim();
    }
    let words: Vec<&str> = args
        .iter()
        .filter(|arg| !arg.starts_with('-'))
        .map(String::as_str)
        .collect();
    if args.iter().any(|arg| arg == "--list") {
        return;
    }
    if let Some(mode) = args.iter().find_map(|arg| arg.strip_prefix("--mode=")) {
        return suite(mode, &words);
    }
    let best = std::panic::catch_unwind(|| suite("best", &words));
    let mut failed = best.is_err();
    if rustix::process::geteuid().is_root() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let copy = folder.path().join("sandbox-test");
        std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        for mode in ["best", "uv-", "---"] {
            println!("\nas an ordinary user, mode {mode}");
            let user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
            let status = Command::new("setpriv")
                .args(user)
                .arg(&copy)
                .arg(format!("--mode={mode}"))
                .args(&words)
                .status();
            failed |= !status.unwrap().success();
        }
    }
    for mode in ["-v-", "---"] {
        println!("\nmode {mode}");
        let status = Command::new(std::env::current_exe().unwrap())
            .arg(format!("--mode={mode}"))
            .args(&words)
            .status();
        failed |= !status.unwrap().success();
    }
    #[cfg(feature = "docker")]
    match docker::Engine::start() {
        Err(reason) => {
            println!("\nskipped: the docker sandbox, because no engine runs here: {reason}")
        }
        Ok(engine) => {
            println!("\nmode docker");
            let mut command = Command::new(std::env::current_exe().unwrap());
            let status = command
                .arg("--mode=docker")
                .args(&words)
                .env("DOCKER_HOST", engine.host())
                .status();
            failed |= !status.unwrap().success();
        }
    }
    assert!(!failed, "a suite failed");
}

/// The cases that a mode has.
fn cases(mode: &str) -> Vec<(&'static str, setting::Case)> {
    #[cfg(feature = "docker")]
    if mode == "docker" {
        return docker::CASES.to_vec();
    }
    let _ = mode;
    host::CASES
        .iter()
        .chain(killed::CASES)
        .chain(bench::CASES)
        .copied()
        .collect()
}

fn suite(mode: &str, words: &[&str]) {
    let mut failed: Vec<&str> = Vec::new();
    for (name, case) in cases(mode)
        .into_iter()
        .filter(|(name, _)| words.is_empty() || words.iter().any(|word| name.contains(word)))
    {
        let result = std::panic::catch_unwind(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let ran = async {
                tokio::time::timeout(
                    std::time::Duration::from_secs(60),
                    case(setting::Setting::open(mode).await),
                )
                .await
            };
            runtime.block_on(ran).expect("it took a minute");
        });
        println!(
            "test {name} ... {}",
            if result.is_ok() { "ok" } else { "FAILED" }
        );
        failed.extend(result.is_err().then_some(name));
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}
