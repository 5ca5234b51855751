//! The pure crates are pure: no runtime, clock, randomness, environment, file or network in what they are built from; and arrows
//! between crates run downward only.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const PURE: [&str; 6] = [
    "tiphys-spec",
    "tiphys-expr",
    "tiphys-graph",
    "tiphys-core",
    "tiphys-pods",
    "tiphys-dsl",
];

/// Crates that bring a clock, randomness, files, sockets, threads or an executor.
const IMPURE: [&str; 34] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "polling",
    "kube",
    "kube-client",
    "kube-runtime",
    "wasmtime",
    "rand",
    "rand_core",
    "getrandom",
    "fastrand",
    "time",
    "chrono",
    "iana-time-zone",
    "hyper",
    "reqwest",
    "ureq",
    "h2",
    "rustls",
    "openssl",
    "native-tls",
    "tempfile",
    "walkdir",
    "notify",
    "rayon",
    "crossbeam-channel",
    "rusqlite",
    "sqlx",
    "dirs",
    "uuid",
    "object_store",
];

/// Who may use whom, of this workspace; a crate that is not listed may use nothing but those below everything.
const ARROWS: [(&str, &[&str]); 14] = [
    ("tiphys-spec", &[]),
    ("tiphys-expr", &[]),
    ("tiphys-graph", &["tiphys-spec", "tiphys-expr"]),
    (
        "tiphys-core",
        &["tiphys-graph", "tiphys-spec", "tiphys-expr"],
    ),
    (
        "tiphys-pods",
        &[
            "tiphys-core",
            "tiphys-spec",
            "tiphys-expr",
            "tiphys-executor",
        ],
    ),
    // What it leaves in a container is a protocol, and as pure.
    ("tiphys-executor", &[]),
    ("tiphys-dsl", &["tiphys-spec", "tiphys-expr"]),
    // The graph says what it has to know of kinds, and the core what it wants of a call; the host answers both.
    (
        "tiphys-host",
        &["tiphys-core", "tiphys-graph", "tiphys-spec"],
    ),
    ("tiphys-oci", &[]),
    // What it says is a protocol, too.
    ("tiphys-agent", &[]),
    // What it is told in a pod is what the manifest says.
    (
        "tiphys-artifacts",
        &["tiphys-pods", "tiphys-executor", "tiphys-spec"],
    ),
    ("tiphys-store", &["tiphys-spec"]),
    ("tiphys-local", BACKEND),
    ("tiphys-cluster", BACKEND),
];

const BACKEND: &[&str] = &[
    "tiphys-agent",
    // What takes values out of JSON, for the plug-ins as well.
    "tiphys-plugin-query",
    "tiphys-core",
    "tiphys-graph",
    "tiphys-pods",
    "tiphys-host",
    "tiphys-oci",
    "tiphys-artifacts",
    "tiphys-store",
    "tiphys-spec",
    "tiphys-expr",
    "tiphys-executor",
];

/// Words that a pure crate's own code never says.
const WORDS: [&str; 16] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "SystemTime",
    "Instant::now",
    "time::Instant",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "TimeZone::get",
    "tokio::",
    "rand::",
    "env::var",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn metadata() -> Value {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo
        .args(["metadata", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A package's name, and what it needs to be built into a program: its normal dependencies, by id.
struct Package {
    name: String,
    needs: Vec<String>,
}

fn packages(metadata: &Value) -> BTreeMap<String, Package> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|p| (text(&p["id"]), text(&p["name"])))
        .collect();
    let normal = |dependency: &Value| {
        list(&dependency["dep_kinds"])
            .iter()
            .any(|kind| kind["kind"].is_null())
    };
    list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| {
            let needs = list(&node["deps"])
                .iter()
                .filter(|d| normal(d))
                .map(|d| text(&d["pkg"]))
                .collect();
            (
                text(&node["id"]),
                Package {
                    name: names[&text(&node["id"])].clone(),
                    needs,
                },
            )
        })
        .collect()
}

/// All that a package is built from, each with the way to it.
fn reach<'a>(all: &'a BTreeMap<String, Package>, from: &'a str) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut stack = vec![(from, vec![all[from].name.as_str()])];
    let mut seen = BTreeSet::from([from]);
    while let Some((at, way)) = stack.pop() {
        for next in &all[at].needs {
            if seen.insert(next) {
                let name = all[next].name.as_str();
                let way: Vec<&str> = way.iter().copied().chain([name]).collect();
                found.insert(name, way.clone());
                stack.push((next, way));
            }
        }
    }
    found
}

#[test]
fn pure_crates_are_built_from_pure_crates() {
    let metadata = metadata();
    let all = packages(&metadata);
    let mut faults = Vec::new();
    let mut proved = Vec::new();
    for (id, package) in all
        .iter()
        .filter(|(_, package)| PURE.contains(&package.name.as_str()))
    {
        let reached = reach(&all, id);
        for word in IMPURE {
            if let Some(way) = reached.get(word) {
                faults.push(way.join(" → "));
            }
        }
        proved.push(format!("{} ({} crates)", package.name, reached.len()));
    }
    assert!(proved.len() >= 4, "the pure crates are there: {proved:?}");
    assert!(faults.is_empty(), "impure:\n{}", faults.join("\n"));
    println!("pure: {}", proved.join(", "));
}

#[test]
fn arrows_between_crates_run_downward() {
    let metadata = metadata();
    let all = packages(&metadata);
    let mut faults = Vec::new();
    for package in all
        .values()
        .filter(|package| package.name.starts_with("tiphys-"))
    {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            continue;
        };
        for need in package
            .needs
            .iter()
            .map(|id| all[id].name.as_str())
            .filter(|name| name.starts_with("tiphys-"))
        {
            if !allowed.contains(&need) {
                faults.push(format!("{} → {need}", package.name));
            }
        }
    }
    // kube lives in one crate, wasmtime in one crate.
    for (home, word) in [("tiphys-cluster", "kube"), ("tiphys-host", "wasmtime")] {
        for package in all
            .values()
            .filter(|package| package.name.starts_with("tiphys") && package.name != home)
        {
            if package.needs.iter().any(|id| all[id].name == word) {
                faults.push(format!("{} → {word}, which is {home}'s", package.name));
            }
        }
    }
    assert!(faults.is_empty(), "upward:\n{}", faults.join("\n"));
}

/// Source files below a folder, but for those that hold tests only.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, into);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            into.push(path);
        }
    }
}

/// A file's own code: comments and strings away, and what follows `#[cfg(test)]`.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn pure_crates_never_name_the_world() {
    let mut faults = Vec::new();
    let mut count = 0;
    for folder in [
        "engine/spec",
        "engine/expr",
        "engine/graph",
        "engine/core",
        "engine/pods",
        "dsl",
    ] {
        let mut files = Vec::new();
        sources(&root().join(folder).join("src"), &mut files);
        count += files.len();
        for file in files {
            // An address is a value; only what opens a connection is of the world.
            let text =
                code(&std::fs::read_to_string(&file).expect("a file")).replace("std::net::Ip", "");
            for word in WORDS.iter().filter(|word| names(&text, word)) {
                faults.push(format!("{}: {word}", file.display()));
            }
        }
    }
    assert!(count > 100, "only {count} files were looked at");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!("{count} files name nothing of the world");
}

/// The word stands there, and not as the tail of a longer one.
fn names(text: &str, word: &str) -> bool {
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}
