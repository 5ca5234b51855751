//! Plug-ins through a real OCI registry (docker-registry), signed and by digest.
#![allow(clippy::print_stdout)]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

struct Registry {
    process: Child,
    host: String,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// None where there is no docker-registry.
fn registry(folder: &Path) -> Option<Registry> {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a port")
        .port();
    let host = format!("127.0.0.1:{port}");
    let data = folder.join("registry");
    let config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '{host}'}}\n",
        data.display()
    );
    std::fs::write(folder.join("registry.yml"), config).expect("a file");
    let log = std::fs::File::create(folder.join("registry.log")).expect("a file");
    let process = Command::new("docker-registry")
        .arg("serve")
        .arg(folder.join("registry.yml"))
        .stdout(log.try_clone().expect("a file"))
        .stderr(log)
        .spawn();
    let Ok(process) = process else {
        println!("skipped: there is no docker-registry");
        return None;
    };
    let began = Instant::now();
    while std::net::TcpStream::connect(&host).is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "the registry does not start"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(Registry { process, host })
}

fn tiphys(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tiphys"))
        .args(args)
        .current_dir(folder)
        .env("TIPHYS_HOME", folder.join("home"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("DOCKER_CONFIG", folder)
        .env("COSIGN_PASSWORD", "secret")
        .output()
        .expect("tiphys runs")
}

fn good(folder: &Path, args: &[&str]) -> String {
    let output = tiphys(folder, args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn bad(folder: &Path, args: &[&str]) -> String {
    let output = tiphys(folder, args);
    assert!(
        !output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn a_plugin_goes_through_a_registry() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let Some(registry) = registry(folder) else {
        return;
    };
    let fixture =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../host/tests/fixtures/greet-0.1.0.wasm");
    let fixture = fixture.to_str().expect("a path");
    let tag = format!("oci://{}/me/greet:1.0", registry.host);
    let place = good(folder, &["plugin", "push", fixture, &tag]);
    assert!(
        place.starts_with(&format!("oci://{}/me/greet@sha256:", registry.host)),
        "{place}"
    );

    good(folder, &["plugin", "keygen"]);
    good(folder, &["plugin", "keygen", "--prefix", "other"]);
    let told = bad(folder, &["plugin", "verify", &tag, "--key", "cosign.pub"]);
    assert!(told.contains("it has no signature"), "{told}");
    let signed = good(folder, &["plugin", "sign", &tag, "--key", "cosign.key"]);
    assert_eq!(signed, format!("signed {place}"));
    good(folder, &["plugin", "verify", &tag, "--key", "cosign.pub"]);
    let told = bad(folder, &["plugin", "verify", &tag, "--key", "other.pub"]);
    assert!(
        told.contains("none of its 1 signatures is of this key"),
        "{told}"
    );
    // A second signature leaves the first alone.
    good(folder, &["plugin", "sign", &place, "--key", "other.key"]);
    good(folder, &["plugin", "verify", &tag, "--key", "cosign.pub"]);
    good(folder, &["plugin", "verify", &tag, "--key", "other.pub"]);

    good(
        folder,
        &[
            "plugin",
            "pull",
            &tag,
            "--key",
            "cosign.pub",
            "--out",
            "pulled.wasm",
        ],
    );
    assert_eq!(
        std::fs::read(folder.join("pulled.wasm")).expect("a file"),
        std::fs::read(fixture).expect("a file")
    );

    let workflow = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: greet}\nspec:\n  entrypoint: main\n  templates:\n  - name: main\n    plugin: {greet: {name: Ada}}\n";
    std::fs::write(folder.join("greet.yaml"), workflow).expect("a file");
    let run = [
        "run",
        "greet.yaml",
        "--sandbox",
        "host",
        "--generate-name",
        "greet-",
        "-o",
        "json",
        "--plugin-key",
        "cosign.pub",
        "--plugin",
    ];
    let told = bad(folder, &[&run[..], &[&tag]].concat());
    assert!(
        told.contains("a tag may mean something else tomorrow") && told.contains(&place),
        "{told}"
    );
    let ran = good(folder, &[&run[..], &[&place]].concat());
    assert!(ran.contains("Hello, Ada!"), "{ran}");

    // An artifact that nobody signed, and one that is no plug-in.
    let unsigned = good(
        folder,
        &[
            "plugin",
            "push",
            fixture,
            &format!("oci://{}/me/unsigned:1", registry.host),
        ],
    );
    let told = bad(folder, &[&run[..], &[&unsigned]].concat());
    assert!(told.contains("it has no signature"), "{told}");
    let told = bad(folder, &["plugin", "push", "greet.yaml", &tag]);
    assert!(told.contains("read a WASM component"), "{told}");
    let told = bad(
        folder,
        &[
            "plugin",
            "pull",
            &format!("oci://{}/me/nothing:1", registry.host),
        ],
    );
    assert!(told.contains("pull oci://"), "{told}");
    let told = bad(folder, &["plugin", "pull", "ghcr.io/me/greet"]);
    assert!(told.contains("it does not begin with oci://"), "{told}");
}
