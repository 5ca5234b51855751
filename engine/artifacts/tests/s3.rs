//! The program against a real S3 server: `tests/s3 cargo test -p tiphys-artifacts --test s3`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use k8s_openapi::api::core::v1::SecretKeySelector;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};
use tiphys_executor::Saved;

struct Bench {
    folder: tempfile::TempDir,
    /// Below which all keys of this test are.
    name: &'static str,
    server: Value,
    keys: [String; 2],
}

impl Bench {
    /// None, and a line that says so, where there is no server.
    fn new(name: &'static str) -> Option<Bench> {
        let said = |name: &str| std::env::var(name).ok();
        let Some(endpoint) = said("S3_ENDPOINT") else {
            println!("skipped: {name}, for S3_ENDPOINT names no server (tests/s3 runs one)");
            return None;
        };
        let of = |key: &str| json!({"name": "cred", "key": key});
        let bench = Bench {
            folder: tempfile::tempdir().unwrap(),
            name,
            server: json!({"endpoint": endpoint, "bucket": said("S3_BUCKET"), "insecure": true,
                "accessKeySecret": of("access"), "secretKeySecret": of("secret")}),
            keys: [said("S3_ACCESS").unwrap(), said("S3_SECRET").unwrap()],
        };
        for folder in ["secrets/cred", "outputs", "scratch"] {
            fs::create_dir_all(bench.path(folder)).unwrap();
        }
        for (key, value) in [
            ("access", bench.keys[0].as_str()),
            ("secret", bench.keys[1].as_str()),
            ("wrong", "wrong-and-hidden"),
        ] {
            fs::write(bench.path("secrets/cred").join(key), value).unwrap();
        }
        Some(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn artifact(&self, key: &str, archive: &Value) -> Value {
        let mut s3 = self.server.clone();
        s3["key"] = format!("{}/{key}", self.name).into();
        let path = format!("/tmp/{}", key.rsplit('/').next().unwrap());
        json!({"name": key, "path": path, "archive": archive, "s3": s3})
    }

    fn program(&self, words: &[&str], said: &Value) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys-artifacts"));
        command
            .args(words)
            .env_clear()
            .envs(tiphys_executor::to_env("TIPHYS_ARTIFACTS", said))
            .env("TIPHYS_SECRETS", self.path("secrets"))
            .env("TIPHYS_OUTPUTS", self.path("outputs"))
            .env("TMPDIR", self.path("scratch"))
            .env("TIPHYS_TERMINATION_LOG", self.path("termination"));
        command
    }

    fn run(&self, words: &[&str], said: &Value) -> Output {
        self.program(words, said).output().unwrap()
    }

    /// Packs a path as the executor does.
    fn pack(&self, from: &str, file: &str) {
        let to = File::create(self.path("outputs").join(file)).unwrap();
        let mut tar = tar::Builder::new(to);
        tar.follow_symlinks(false);
        let path = self.path(from);
        if path.is_dir() {
            tar.append_dir_all(from, path).unwrap();
        } else {
            tar.append_path_with_name(path, from).unwrap();
        }
        tar.finish().unwrap();
    }

    /// Hands over what there is, and waits for the answer.
    fn save(&self, outputs: &[Value], done: &Value) -> (Saved, Child) {
        let said = json!({"outputs": outputs});
        let child = self.program(&["save"], &said).spawn().unwrap();
        let folder = self.path("outputs");
        until(|| folder.join("alive").exists());
        fs::write(folder.join("done.part"), done.to_string()).unwrap();
        fs::rename(folder.join("done.part"), folder.join("done")).unwrap();
        until(|| folder.join("saved").exists());
        let saved = fs::read(folder.join("saved")).unwrap();
        (serde_json::from_slice(&saved).unwrap(), child)
    }
}

fn until(so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(120), "never so");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn terminate(mut child: Child) {
    let kill = format!("kill {}", child.id());
    let kill = Command::new("sh").args(["-c", &kill]).status();
    assert!(kill.unwrap().success());
    assert!(child.wait().unwrap().success());
}

fn output(artifact: &Value, log: bool) -> Value {
    json!({"artifact": artifact, "recorded": {"name": "x"}, "log": log})
}

fn given(output: usize) -> Value {
    json!({"output": output, "file": format!("{output}.tar")})
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The most memory that a process has had, in KiB.
fn peak(child: &Child) -> u64 {
    let status = read(Path::new(&format!("/proc/{}/status", child.id())));
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

#[test]
fn what_is_saved_comes_back_and_is_deleted() {
    let Some(bench) = Bench::new("whole") else {
        return;
    };
    fs::create_dir_all(bench.path("tree/sub/deep")).unwrap();
    fs::write(bench.path("tree/a b+c.txt"), "one").unwrap();
    fs::write(bench.path("tree/sub/deep/é"), "two").unwrap();
    fs::write(bench.path("tree/sub/empty"), "").unwrap();
    symlink("a b+c.txt", bench.path("tree/link")).unwrap();
    fs::write(bench.path("file"), "hello").unwrap();
    fs::write(bench.path("empty"), "").unwrap();
    let archives = [
        json!(null),
        json!({"tar": {"compressionLevel": 0}}),
        json!({"zip": {}}),
        json!({"none": {}}),
    ];
    let (mut outputs, mut all) = (Vec::new(), Vec::new());
    for (nth, archive) in archives.iter().enumerate() {
        for from in ["file", "empty", "tree"] {
            let at = outputs.len();
            bench.pack(from, &format!("{at}.tar"));
            all.push(given(at));
            let artifact = bench.artifact(&format!("{nth}/{from}"), archive);
            outputs.push(output(&artifact, false));
        }
    }
    let log = outputs.len();
    fs::write(bench.path("outputs/main.log"), "said\n").unwrap();
    outputs.push(output(&bench.artifact("main.log", &json!(null)), true));
    let logs = json!([{"output": log, "file": "main.log"}]);
    let (saved, child) = bench.save(&outputs, &json!({"artifacts": all, "logs": logs}));
    assert_eq!(saved.faults, []);
    assert_eq!(saved.saved.len(), outputs.len());
    until(|| !bench.path("outputs/main.log").exists());
    terminate(child);
    // Started again, it has nothing to do, and what it said stays.
    let (again, child) = bench.save(&outputs, &json!({}));
    assert_eq!(again, saved);
    std::thread::sleep(Duration::from_millis(200));
    terminate(child);

    let place = |at: usize| bench.path(&format!("in/{at}"));
    let mut inputs: Vec<Value> = (0..outputs.len())
        .map(|at| json!({"artifact": outputs[at]["artifact"], "path": place(at)}))
        .collect();
    inputs[log]["artifact"]["archive"] = json!({"none": {}});
    let missing = bench.artifact("no", &json!(null));
    inputs.push(json!({"artifact": missing, "path": bench.path("in/no"), "optional": true}));
    let said = json!({"inputs": inputs});
    let ran = bench.run(&["load", "--", "/bin/echo", "loaded"], &said);
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "loaded\n", "{ran:?}");
    for nth in 0..archives.len() {
        assert_eq!(read(&place(nth * 3)), "hello");
        assert_eq!(read(&place(nth * 3 + 1)), "");
        let tree = place(nth * 3 + 2);
        assert_eq!(read(&tree.join("a b+c.txt")), "one");
        assert_eq!(read(&tree.join("sub/deep/é")), "two");
        assert_eq!(read(&tree.join("sub/empty")), "");
        assert_eq!(read(&tree.join("link")), "one");
        // Stores know no links.
        assert_eq!(tree.join("link").is_symlink(), nth != 3);
    }
    assert_eq!(read(&place(log)), "said\n");
    assert!(!bench.path("in/no").exists());

    let said = json!({"outputs": outputs});
    for _ in 0..2 {
        let ran = bench.run(&["delete"], &said);
        let lines = String::from_utf8(ran.stdout).unwrap();
        let deleted = lines.matches("\"deleted\":true").count();
        assert_eq!(deleted, outputs.len(), "{lines}");
    }
    inputs.truncate(1);
    let ran = bench.run(&["load"], &json!({"inputs": inputs}));
    let words =
        "failed to load input artifact `0/file`: there is nothing under the key `whole/0/file`";
    assert_eq!(ran.status.code(), Some(64));
    assert!(
        read(&bench.path("termination")).starts_with(words),
        "{ran:?}"
    );
}

#[test]
fn faults_say_what_is_wrong_and_no_secret() {
    let Some(bench) = Bench::new("faults") else {
        return;
    };
    let with = |name: &str, value: Value| {
        let mut artifact = bench.artifact("k", &json!(null));
        artifact["s3"][name] = value;
        artifact
    };
    let of = |key: &str| json!({"name": "cred", "key": key});
    for (artifact, want) in [
        (with("bucket", json!("no-such-bucket")), "NoSuchBucket"),
        (
            with("secretKeySecret", of("wrong")),
            "SignatureDoesNotMatch",
        ),
        (with("accessKeySecret", of("wrong")), "access key"),
        (
            with("accessKeySecret", of("none")),
            "the secret `cred` has no key `none`",
        ),
        (
            with("roleARN", json!("arn:x")),
            "`roleARN` is not supported",
        ),
        (
            json!({"name": "a", "hdfs": {"path": "/p"}}),
            "no driver `hdfs`",
        ),
        (json!({"name": "a"}), "it has no location"),
    ] {
        let said = json!({"inputs": [{"artifact": artifact, "path": bench.path("in")}]});
        let ran = bench.run(&["load"], &said);
        let text = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(64), "{text}");
        assert!(text.contains(want), "{text}");
        for hidden in [&bench.keys[0], &bench.keys[1], "wrong-and-hidden", "X-Amz"] {
            assert!(!text.contains(hidden), "{text}");
        }
    }
}

#[test]
fn what_is_handed_over_cannot_lead_to_secrets() {
    let Some(bench) = Bench::new("links") else {
        return;
    };
    let secret = bench.path("secrets/cred/secret");
    symlink(&secret, bench.path("outputs/0.tar")).unwrap();
    symlink(&secret, bench.path("outputs/1.log")).unwrap();
    symlink(&secret, bench.path("top")).unwrap();
    bench.pack("top", "2.tar");
    fs::create_dir(bench.path("tree")).unwrap();
    symlink(&secret, bench.path("tree/out")).unwrap();
    bench.pack("tree", "3.tar");
    let none = json!({"none": {}});
    let outputs: Vec<Value> = ["a", "log", "top", "tree", "up"]
        .map(|key| output(&bench.artifact(key, &none), key == "log"))
        .into();
    let up = json!({"output": 4, "file": "../secrets/cred/secret"});
    let log = json!({"output": 1, "file": "1.log"});
    let artifacts = json!([given(0), given(2), given(3), up, given(9)]);
    let (saved, child) = bench.save(&outputs, &json!({"artifacts": artifacts, "logs": [log]}));
    terminate(child);
    assert_eq!(saved.saved, [0_u32; 0]);
    let words: Vec<_> = saved.faults.iter().map(|fault| &fault.message).collect();
    let wanted = [
        "symbolic links",
        "it is a link",
        "leads out of it",
        "No such file",
        "save output 9: it is not known",
        "symbolic links",
    ];
    assert_eq!(words.len(), wanted.len());
    for (said, want) in words.iter().zip(wanted) {
        assert!(said.contains(want), "{words:?}");
    }
}

#[test]
fn a_large_file_goes_through_in_bounded_memory() {
    let Some(bench) = Bench::new("large") else {
        return;
    };
    let size = 100_u64 << 20;
    let mut large = File::create(bench.path("large")).unwrap();
    let mut noise = File::open("/dev/urandom").unwrap().take(size);
    std::io::copy(&mut noise, &mut large).unwrap();
    bench.pack("large", "0.tar");
    bench.pack("large", "1.tar");
    let outputs = [
        output(&bench.artifact("packed", &json!(null)), false),
        output(&bench.artifact("large", &json!({"none": {}})), false),
    ];
    let start = Instant::now();
    let (saved, child) = bench.save(&outputs, &json!({"artifacts": [given(0), given(1)]}));
    let saving = peak(&child);
    println!(
        "saved twice 100 MiB in {:?} with at most {saving} KiB",
        start.elapsed()
    );
    terminate(child);
    assert_eq!(saved.saved, [0, 1], "{:?}", saved.faults);
    let path = |at: usize| bench.path(&format!("in/{at}"));
    let inputs = [0, 1].map(|at| json!({"artifact": outputs[at]["artifact"], "path": path(at)}));
    let start = Instant::now();
    let ran = bench.run(&["load"], &json!({"inputs": inputs}));
    println!("loaded them in {:?}", start.elapsed());
    assert!(ran.status.success(), "{ran:?}");
    let want = fs::read(bench.path("large")).unwrap();
    for at in [0, 1] {
        assert!(
            fs::read(path(at)).unwrap() == want,
            "input {at} is another one"
        );
    }
    assert!(saving < 96 << 10, "{saving} KiB");
}

#[test]
fn what_is_kept_is_listed_page_by_page() {
    let Some(bench) = Bench::new("pages") else {
        return;
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let keys = bench.keys.clone();
    let secrets = move |of: &SecretKeySelector| Ok(keys[usize::from(of.key == "secret")].clone());
    let artifact = |key: &str| -> tiphys_spec::Artifact {
        serde_json::from_value(bench.artifact(key, &json!({"none": {}}))).unwrap()
    };
    let file = bench.path("file");
    fs::write(&file, "12345").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for key in ["a/1", "a/2", "a/b/3", "ab", "b"] {
            let find = tiphys_artifacts::Find {
                path: &file,
                name: "file",
                ours: false,
            };
            let kept = tiphys_artifacts::keep(&artifact(key), &secrets, &find).await;
            kept.unwrap();
        }
        for (prefix, want) in [
            ("a", &["a/1", "a/2", "a/b/3", "ab"][..]),
            ("a/", &["a/1", "a/2", "a/b/3"]),
            ("a/b", &["a/b/3"]),
            ("b", &["b"]),
            ("none", &[]),
        ] {
            let (mut found, mut after) = (Vec::new(), None::<String>);
            loop {
                let at = artifact(prefix);
                let page = tiphys_artifacts::list(&at, &secrets, after.as_deref(), 2).await;
                let page = page.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.key.clone());
                assert!(page.len() <= 2 && page.iter().all(|of| of.size == 5));
                found.extend(page.into_iter().map(|of| of.key));
            }
            let want: Vec<_> = want.iter().map(|key| format!("pages/{key}")).collect();
            assert_eq!(found, want, "{prefix}");
        }
        let refused = serde_json::from_value(json!({"name": "x", "raw": {"data": "x"}})).unwrap();
        let refused = tiphys_artifacts::list(&refused, &secrets, None, 2).await;
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains("only keys of an object store"),
            "{refused}"
        );
    });
}
