#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::*;
use serde_json::{Value, json};

struct Bench {
    folder: tempfile::TempDir,
    artifacts: Artifacts,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repository");
        let secret =
            json!({"metadata": {"name": "cred"}, "stringData": {"user": "me", "pass": "s3cret"}});
        let submitted = Submitted {
            secrets: vec![serde_json::from_value(secret).unwrap()],
            ..Submitted::default()
        };
        let buckets = BTreeMap::from([("mine".to_owned(), folder.path().join("bucket"))]);
        let artifacts = Artifacts {
            repository,
            buckets: Arc::new(buckets),
            submitted: Arc::new(submitted),
        };
        Bench { folder, artifacts }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Saves what is at `name` and loads it again; the recorded artifact and where it is now.
    fn round(&self, artifact: Value, name: &str) -> (Value, PathBuf) {
        let artifact: spec::Artifact = serde_json::from_value(artifact).unwrap();
        let found = Find {
            path: &self.path(name),
            name,
            ours: false,
        };
        let saved = self.artifacts.save(&artifact, &found, "wf/pod").unwrap();
        (
            serde_json::to_value(&saved).unwrap(),
            self.load(&serde_json::to_value(&saved).unwrap()).unwrap(),
        )
    }

    fn load(&self, artifact: &Value) -> Result<PathBuf, String> {
        let to = self.path(&format!("in{}", unique()));
        let artifact = serde_json::from_value(artifact.clone()).unwrap();
        self.artifacts
            .load(&artifact, &to)
            .map(|()| to)
            .map_err(|error| error.to_string())
    }

    fn tree(&self) {
        fs::create_dir_all(self.path("tree/sub")).unwrap();
        fs::write(self.path("tree/sub/run.sh"), "run").unwrap();
        fs::set_permissions(
            self.path("tree/sub/run.sh"),
            fs::Permissions::from_mode(0o750),
        )
        .unwrap();
        std::os::unix::fs::symlink("sub/run.sh", self.path("tree/link")).unwrap();
    }
}

#[test]
fn a_file_and_a_folder_come_back_as_they_were() {
    let bench = Bench::new();
    bench.tree();
    fs::write(bench.path("file.txt"), "hello").unwrap();
    for archive in [
        json!(null),
        json!({"none": {}}),
        json!({"zip": {}}),
        json!({"tar": {"compressionLevel": 0}}),
        json!({"tar": {}}),
    ] {
        let (_, file) = bench.round(json!({"name": "f", "archive": archive}), "file.txt");
        assert_eq!(fs::read_to_string(file).unwrap(), "hello", "{archive}");
        let (_, tree) = bench.round(json!({"name": "t", "archive": archive}), "tree");
        assert_eq!(
            fs::read_link(tree.join("link")).unwrap(),
            Path::new("sub/run.sh"),
            "{archive}"
        );
        let mode = fs::metadata(tree.join("sub/run.sh"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(mode, 0o750, "{archive}");
    }
}

#[test]
fn saved_artifacts_are_recorded_with_their_key_alone() {
    let bench = Bench::new();
    fs::write(bench.path("file.txt"), "hello").unwrap();
    let (saved, _) = bench.round(json!({"name": "f", "path": "/tmp/file.txt"}), "file.txt");
    assert_eq!(
        saved,
        json!({"name": "f", "path": "/tmp/file.txt", "s3": {"key": "wf/pod/f.tgz"}})
    );
    let (saved, _) = bench.round(json!({"name": "f", "archive": {"none": {}}}), "file.txt");
    assert_eq!(saved["s3"]["key"], "wf/pod/file.txt");
    let (saved, _) = bench.round(json!({"name": "f", "gcs": {"key": "own/key"}}), "file.txt");
    assert_eq!(saved, json!({"name": "f", "gcs": {"key": "own/key"}}));
    assert!(bench.path("repository/own/key").is_file());
}

#[test]
fn a_sub_path_leads_into_a_folder_that_was_saved_bare() {
    let bench = Bench::new();
    bench.tree();
    let (mut saved, _) = bench.round(json!({"name": "t", "archive": {"none": {}}}), "tree");
    saved["subPath"] = json!("sub/run.sh");
    assert_eq!(
        fs::read_to_string(bench.load(&saved).unwrap()).unwrap(),
        "run"
    );
}

#[test]
fn raw_data_and_modes() {
    let bench = Bench::new();
    let loaded = bench
        .load(&json!({"name": "r", "raw": {"data": "x\n"}, "mode": 0o640}))
        .unwrap();
    assert_eq!(fs::read_to_string(&loaded).unwrap(), "x\n");
    assert_eq!(
        fs::metadata(&loaded).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn what_is_not_here_is_refused_by_name() {
    let bench = Bench::new();
    for (artifact, part) in [
        (
            json!({"s3": {"bucket": "b", "key": "k"}}),
            "the s3 bucket `b` is not on this machine",
        ),
        (
            json!({"oss": {"bucket": "b", "key": "k"}}),
            "the oss bucket `b`",
        ),
        (
            json!({"s3": {"endpoint": "e", "key": "k"}}),
            "the s3 bucket `without a name`",
        ),
        (
            json!({"s3": {"key": "k"}}),
            "there is nothing under the key `k`",
        ),
        (
            json!({"s3": {"key": "../../etc/passwd"}}),
            "leads out of the artifact repository",
        ),
        (
            json!({"plugin": {"name": "p", "key": "k"}}),
            "`p` needs a cluster",
        ),
        (json!({}), "names no driver"),
        (
            json!({"http": {"url": "http://localhost:1/x", "auth": {"oauth2": {}}}}),
            "oauth2",
        ),
    ] {
        let error = bench.load(&artifact).unwrap_err();
        assert!(error.contains(part), "{artifact}: {error}");
    }
}

#[test]
fn a_bucket_may_be_a_folder() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("bucket")).unwrap();
    fs::write(bench.path("bucket/k"), "mine").unwrap();
    let loaded = bench
        .load(&json!({"s3": {"endpoint": "s3.example.com", "bucket": "mine", "key": "k"}}))
        .unwrap();
    assert_eq!(fs::read_to_string(loaded).unwrap(), "mine");
}

#[test]
fn archives_do_not_write_outside() {
    let bench = Bench::new();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    header.as_gnu_mut().unwrap().name[..7].copy_from_slice(b"../evil");
    header.set_cksum();
    builder.append(&header, &b"x"[..]).unwrap();
    fs::create_dir_all(bench.path("repository")).unwrap();
    fs::write(bench.path("repository/k"), builder.into_inner().unwrap()).unwrap();
    let _ = bench.load(&json!({"s3": {"key": "k"}}));
    assert!(!bench.path("evil").exists());
}

#[test]
fn what_only_looks_like_an_archive_is_left_as_it_is() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("repository")).unwrap();
    fs::write(bench.path("repository/k"), [0x1f, 0x8b, 1, 2, 3]).unwrap();
    assert_eq!(
        fs::read(bench.load(&json!({"s3": {"key": "k"}})).unwrap()).unwrap(),
        [0x1f, 0x8b, 1, 2, 3]
    );
}

/// Answers one request, and gives back what it was.
fn server(answer: &'static str) -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            request.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (port, thread)
}

#[test]
fn http_sends_headers_and_credentials_and_shows_neither() {
    let bench = Bench::new();
    let (port, request) =
        server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    let basic = json!({"usernameSecret": {"name": "cred", "key": "user"}, "passwordSecret": {"name": "cred", "key": "pass"}});
    let http = json!({"url": format!("http://127.0.0.1:{port}/x"), "headers": [{"name": "X-A", "value": "b"}], "auth": {"basicAuth": basic}});
    let loaded = bench.load(&json!({"name": "h", "http": http})).unwrap();
    assert_eq!(fs::read_to_string(loaded).unwrap(), "hi");
    let request = request.join().unwrap().to_lowercase();
    assert!(
        request.contains("x-a: b") && request.contains("authorization: basic bwu6czn"),
        "{request}"
    );

    let (port, request) =
        server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let error = bench
        .load(&json!({"http": {"url": format!("http://u:hidden@127.0.0.1:{port}/x?token=hidden")}}))
        .unwrap_err();
    assert!(
        error.contains("404") && !error.contains("hidden"),
        "{error}"
    );
    request.join().unwrap();
    let missing = json!({"http": {"url": "http://127.0.0.1:1/", "auth": {"basicAuth": {"usernameSecret": {"name": "no", "key": "k"}}}}});
    assert!(
        bench
            .load(&missing)
            .unwrap_err()
            .contains("the secret `no` has no key `k`")
    );
}

#[test]
fn git_repositories_are_cloned_at_a_revision() {
    if Command::new("git").arg("--version").output().is_err() {
        return;
    }
    let bench = Bench::new();
    let repository = bench.path("origin");
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        assert!(
            Command::new("git")
                .arg("-C")
                .arg(&repository)
                .args(identity)
                .args(words)
                .status()
                .unwrap()
                .success()
        );
    };
    fs::create_dir(&repository).unwrap();
    git(&["init", "-q"]);
    for (text, tag) in [("one", "v1"), ("two", "v2")] {
        fs::write(repository.join("file"), text).unwrap();
        git(&["add", "file"]);
        git(&["commit", "-q", "-m", tag]);
        git(&["tag", tag]);
    }
    let url = format!("file://{}", repository.display());
    for (git, text) in [
        (json!({"repo": url}), "two"),
        (json!({"repo": url, "revision": "v1"}), "one"),
        (json!({"repo": url, "depth": 1}), "two"),
    ] {
        let loaded = bench.load(&json!({"name": "g", "git": git})).unwrap();
        assert_eq!(
            fs::read_to_string(loaded.join("file")).unwrap(),
            text,
            "{git}"
        );
    }
    assert!(
        bench
            .load(&json!({"git": {"repo": url, "revision": "nope"}}))
            .unwrap_err()
            .contains("git checkout")
    );
}
