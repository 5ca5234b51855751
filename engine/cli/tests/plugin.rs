//! `tiphys plugin`, and workflows that use plug-ins: what they print, and how they exit. `SNAPSHOTS=overwrite` writes the snapshots anew.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use snapbox::cmd::{Command, OutputAssert};
use snapbox::{Assert, Data, Redactions};

/// Whoever waits for more than this waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder to work in: plug-ins, workflows and cases lie in it; runs are kept in its folder `home`.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugins");
        for entry in std::fs::read_dir(&tests).unwrap().flatten() {
            if entry.path().is_file() {
                std::fs::copy(entry.path(), place.path(entry.file_name())).unwrap();
            }
        }
        let greet = tests.join("../../../host/tests/fixtures/greet-0.1.0.wasm");
        std::fs::copy(greet, place.path("greet.wasm")).unwrap();
        place
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn process(&self, words: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tiphys"));
        command.current_dir(self.0.path()).args(words);
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        command
    }

    /// Compiled components are kept from run to run of the tests.
    fn environment(&self) -> [(&'static str, PathBuf); 3] {
        [
            ("TIPHYS_HOME", self.path("home")),
            ("TIPHYS_SANDBOX", "host".into()),
            (
                "XDG_CACHE_HOME",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-cache"),
            ),
        ]
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(snapbox::cmd::cargo_bin!("tiphys"))
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .env_remove("TIPHYS_LOG");
        for (name, value) in self.environment() {
            command = command.env(name, value);
        }
        command.args(words).with_assert(assert())
    }

    fn words(&self, words: &[&str]) -> OutputAssert {
        self.command(words).assert()
    }

    /// No word of the line has a blank in it.
    fn run(&self, line: &str) -> OutputAssert {
        self.words(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn object(&self, line: &str) -> Value {
        let output = self.run(line).get_output().clone();
        let fault = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{line}: {error}\n{fault}"))
    }
}

/// What differs from build to build and from run to run.
fn assert() -> Assert {
    let mut redactions = Redactions::new();
    let mut hide = |name, pattern: &str| {
        redactions
            .insert(name, regex::Regex::new(pattern).unwrap())
            .unwrap()
    };
    hide("[DIGEST]", "(?<redacted>sha256:[0-9a-f]{64})");
    hide("[SIZE]", "(?<redacted>\\b[0-9.]+ (KiB|MiB)\\b)");
    hide("[BYTES]", "(size|memory): (?<redacted>\\d+)\\b");
    hide("[MS]", "milliseconds: (?<redacted>\\d+)\\b");
    Assert::new()
        .action_env("SNAPSHOTS")
        .redact_with(redactions)
}

fn snapshot(name: &str) -> Data {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "snapshots", name]
        .iter()
        .collect();
    Data::read_from(&path, Some(snapbox::data::DataFormat::Text))
}

fn out(assert: &OutputAssert) -> String {
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}

fn err(assert: &OutputAssert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}

/// The node of that display name.
fn node<'a>(workflow: &'a Value, name: &str) -> &'a Value {
    let nodes = workflow["status"]["nodes"].as_object().unwrap();
    nodes
        .values()
        .find(|node| node["displayName"] == name)
        .unwrap_or_else(|| panic!("{name}: {workflow:#}"))
}

#[test]
fn help_teaches() {
    let place = Place::new();
    place
        .run("plugin --help")
        .success()
        .stdout_eq(snapshot("plugin-help.txt"));
    place
        .run("plugin new --help")
        .success()
        .stdout_eq(snapshot("plugin-help-new.txt"));
    place
        .run("plugin test --help")
        .success()
        .stdout_eq(snapshot("plugin-help-test.txt"));
    place
        .run("plugin run -h")
        .success()
        .stdout_eq(snapshot("plugin-help-run.txt"));
    for command in ["build", "inspect", "list"] {
        place.run(&format!("plugin {command} --help")).success();
    }
    let asked = place
        .command(&["--", "tiphys", "plugin", "new", "--lang", ""])
        .env("COMPLETE", "fish")
        .assert()
        .success();
    let languages: Vec<_> = out(&asked)
        .lines()
        .map(|line| line.split('\t').next().unwrap().to_owned())
        .collect();
    assert_eq!(languages, ["rust", "js", "python", "go"]);
}

#[test]
fn inspect_says_what_a_plugin_is() {
    let place = Place::new();
    place
        .run("plugin inspect reach.wasm")
        .success()
        .stdout_eq(snapshot("plugin-inspect.txt"))
        .stderr_eq("");
    place
        .run("plugin inspect reach.wasm -o yaml")
        .success()
        .stdout_eq(snapshot("plugin-inspect.yaml"));
    let greet = place.object("plugin inspect greet.wasm -o json");
    assert_eq!(greet["abi"], "0.1.0");
    assert_eq!(greet["kinds"][0]["schema"]["required"][0], "name");
    place
        .run("plugin inspect nowhere.wasm")
        .code(2)
        .stderr_eq("error: failed to read nowhere.wasm: no such file or directory\n");
    place.run("plugin inspect .").code(2).stderr_eq(
        "error: failed to choose a plug-in in .\nhint: name one: ./greet.wasm, ./reach.wasm\n",
    );
    place
        .run("plugin inspect greet.yaml")
        .code(2)
        .stderr_eq("error: failed to read a WASM component: it is something else (greet.yaml)\n");
}

#[test]
fn list_says_who_gives_what() {
    let place = Place::new();
    let listed = out(&place.run("plugin list --plugin greet.wasm").success());
    let kinds: Vec<_> = listed
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(kinds, ["KIND", "containerSet", "data", "greet", "http"]);
    assert!(listed.contains("greet 0.1.0"), "{listed}");
    assert!(listed.contains("greet.wasm"), "{listed}");
    let all = place.object("plugin list -o json --plugin .");
    let origin = |name: &str| {
        all.as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == name)
            .unwrap()["origin"]
            .clone()
    };
    assert_eq!(origin("reach"), "./reach.wasm");
    assert_eq!(origin("http"), "built in");
    place.write("empty/a.txt", "");
    place.run("plugin list --plugin empty").code(2);
}

#[test]
fn new_writes_a_project_in_every_language() {
    let place = Place::new();
    for language in ["rust", "js", "python", "go"] {
        let line = format!("plugin new my-own-2 --lang {language} --dir {language}");
        let said = out(&place.run(&line).success());
        assert!(
            said.contains(&format!("  cd {language}\n  tiphys plugin build\n")),
            "{said}"
        );
        let own = |path: &Path| {
            !path.components().any(|part| {
                ["vendor", "wit", "tiphys"]
                    .iter()
                    .any(|name| part.as_os_str() == *name)
            })
        };
        let files = files(&place.path(language));
        for path in files
            .iter()
            .filter(|path| own(path.strip_prefix(place.path(language)).unwrap()))
        {
            let text = std::fs::read_to_string(path).unwrap();
            let text = text
                .replace("greeting", "")
                .replace("greets", "")
                .replace("greetee", "");
            let left: Vec<_> = text
                .lines()
                .filter(|line| line.to_lowercase().contains("greet"))
                .collect();
            assert!(left.is_empty(), "{}: {left:?}", path.display());
            assert!(
                !path.to_string_lossy().contains("greet"),
                "{}",
                path.display()
            );
        }
        assert!(
            files.contains(&place.path(language).join("tests/my-own-2.yaml")),
            "{files:?}"
        );
        place.run(&line).code(2).stderr_eq(format!(
            "error: failed to make a project in {language}: there is something already\nhint: give another place with `--dir`\n"
        ));
    }
    // A folder that git has just made is as good as empty.
    place.write("fresh/.git/HEAD", "");
    place
        .run("plugin new fresh --lang js --dir fresh")
        .success();
}

#[test]
fn new_refuses_names_that_nobody_could_use() {
    let place = Place::new();
    let rule = "a name is of lower-case letters, digits and hyphens, and begins with a letter";
    for (name, near) in [
        ("Greet", "greet"),
        ("my_greet", "my-greet"),
        ("greetAll", "greet-all"),
        ("greet-", "greet"),
    ] {
        place
            .words(&["plugin", "new", name, "--lang", "js"])
            .code(2)
            .stderr_eq(format!(
                "error: failed to call a plug-in `{name}`: {rule}\nhint: `{near}` would do\n"
            ));
    }
    for name in ["", "1", "é", "a/b", "../a", &"a".repeat(64)] {
        place
            .words(&["plugin", "new", name, "--lang", "js"])
            .code(2);
    }
    place.run("plugin new match --lang rust").code(2);
    place.run("plugin new greet --lang cobol").code(2);
    place.run("plugin new greet").code(2);
    assert!(!place.path("greet").exists());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn build_says_what_is_missing() {
    let place = Place::new();
    place.run("plugin build").code(2).stderr_eq(
        "error: failed to find a plug-in's project in .: it has none of Cargo.toml, package.json, pyproject.toml, go.mod\nhint: `tiphys plugin new NAME --lang LANGUAGE` makes one\n",
    );
    place
        .run("plugin build nowhere")
        .code(2)
        .stderr_eq("error: failed to read nowhere: no such file or directory\n");
    // A machine with a shell, and nothing else.
    std::fs::create_dir(place.path("bin")).unwrap();
    std::os::unix::fs::symlink("/bin/sh", place.path("bin/sh")).unwrap();
    let missing = [
        (
            "rust",
            "error: failed to run rustc: no such file or directory\nhint: install Rust from https://rustup.rs",
        ),
        ("js", "npm is missing: install Node"),
        ("python", "python3 is missing: install Python"),
        ("go", "go is missing: install Go"),
    ];
    for (language, said) in missing {
        place
            .run(&format!(
                "plugin new a-b --lang {language} --dir {language}"
            ))
            .success();
        let built = place
            .command(&["plugin", "build", language])
            .env("PATH", place.path("bin"))
            .assert()
            .code(2);
        assert!(err(&built).contains(said), "{}", err(&built));
        place.run(&format!("plugin test {language}")).code(2).stderr_eq(format!(
            "error: failed to find {language}/dist/a-b.wasm: the project is not built\nhint: build it with `tiphys plugin build {language}`\n"
        ));
    }
}

#[test]
fn test_runs_golden_cases() {
    let place = Place::new();
    place
        .run("plugin test greet.wasm --cases passing.yaml")
        .success()
        .stdout_eq("ok   says hello\nok   waits first\n2 cases: 2 passed, 0 failed\n")
        .stderr_eq("");
    place
        .run("plugin test greet.wasm --cases failing.yaml")
        .code(1)
        .stdout_eq(snapshot("plugin-test-failing.txt"));
    place
        .run("plugin test greet.wasm --cases unreadable.yaml")
        .code(2)
        .stdout_eq("")
        .stderr_eq(snapshot("plugin-test-unreadable.txt"));
    place.run("plugin test greet.wasm").code(2).stderr_eq(
        "error: failed to find the cases of greet.wasm\nhint: say where they are with `--cases`\n",
    );
    place
        .run("plugin test greet.wasm --cases nowhere")
        .code(2)
        .stderr_eq("error: failed to read the cases in nowhere: no such file or directory\n");
    place.write("none/readme.md", "");
    place.run("plugin test greet.wasm --cases none").code(2);
}

/// The component of a project is found, and told of where it is older than its sources.
#[test]
fn test_warns_of_what_is_not_built() {
    let place = Place::new();
    place.run("plugin new greet --lang js").success();
    std::fs::create_dir(place.path("greet/dist")).unwrap();
    std::fs::copy(
        place.path("greet.wasm"),
        place.path("greet/dist/greet.wasm"),
    )
    .unwrap();
    std::fs::copy(
        place.path("passing.yaml"),
        place.path("greet/tests/greet.yaml"),
    )
    .unwrap();
    place.run("plugin test greet").success().stderr_eq("");
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    std::fs::File::options()
        .write(true)
        .open(place.path("greet/src/plugin.js"))
        .unwrap()
        .set_modified(later)
        .unwrap();
    place.run("plugin test greet").success().stderr_eq(
        "warning: greet/dist/greet.wasm is older than greet/src/plugin.js: `tiphys plugin build` makes it anew\n",
    );
}

#[test]
fn run_calls_until_it_is_done() {
    let place = Place::new();
    let body = "{name: Ada, wait: 1}";
    place
        .words(&["plugin", "run", "greet.wasm", "--body", body])
        .success()
        .stdout_eq(snapshot("plugin-run.txt"))
        .stderr_eq("not awake yet; again in 50ms\ninfo: greets Ada\n");
    let once = out(&place
        .words(&["plugin", "run", "greet.wasm", "--body", body, "--once"])
        .success());
    assert!(once.starts_with("pending:\n  after: 50ms\n"), "{once}");
    let json = place
        .command(&["plugin", "run", "greet.wasm", "--body", "-", "-o", "json"])
        .stdin("name: Bob")
        .assert()
        .success();
    let json: Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(json["done"]["result"], "Hello, Bob!");
    place.write("body.yaml", "name: Ada\nwait: soon\n");
    let place_of = err(&place.run("plugin run greet.wasm --body body.yaml").code(2));
    assert!(place_of.contains("body.yaml:2:7"), "{place_of}");
    place.run("plugin run greet.wasm").code(2);
    place
        .run("plugin run greet.wasm --body nowhere.yaml")
        .code(2)
        .stderr_eq("error: failed to read nowhere.yaml: no such file or directory\n");
    place.run("plugin run greet.wasm --kind gret --body {}").code(2).stderr_eq(
        "error: failed to run a template of kind `gret`: the plug-in does not give it\nhint: did you mean `greet`?\n",
    );
    let refused = [
        "plugin",
        "run",
        "reach.wasm",
        "--body",
        "secret: [token, value]",
        "--with",
        "reach.yaml",
    ];
    let failed = out(&place.words(&refused).code(1));
    assert!(failed.contains("--allow-secret token"), "{failed}");
    let granted = out(&place
        .words(&[&refused[..], &["--allow-secret", "token"]].concat())
        .success());
    assert!(granted.contains("result: 6 bytes"), "{granted}");
}

#[test]
fn lint_knows_the_kinds() {
    let place = Place::new();
    place
        .run("lint greet.yaml --plugin greet.wasm")
        .success()
        .stdout_eq("1 object in 1 file: no faults found\n");
    place
        .run("lint faulty.yaml --offline --plugin greet.wasm")
        .code(2)
        .stdout_eq(snapshot("plugin-lint.txt"));
    // What a cluster may have is no fault of the file.
    place.run("lint faulty.yaml --offline").code(2);
    place.run("lint greet.yaml").success();
    place
        .run("graph greet.yaml --plugin greet.wasm")
        .success()
        .stdout_eq("main  greet\n");
    place
        .run("lint greet.yaml --plugin nowhere")
        .code(2)
        .stderr_eq("error: failed to read nowhere: no such file or directory\n");
}

#[test]
fn a_workflow_uses_a_plugin() {
    let place = Place::new();
    let done = place.object("run greet.yaml --plugin greet.wasm -o json --name hello");
    assert_eq!(node(&done, "hello")["outputs"]["result"], "Hello, Ada!");
    assert_eq!(out(&place.run("logs hello --no-prefix")), "greets Ada\n");
    let refused = err(&place.run("run faulty.yaml --plugin greet.wasm").code(2));
    for said in [
        "faulty.yaml:14:16",
        "\"name\" is a required property",
        "faulty.yaml:18:17",
        "did you mean `greet`?",
        "3 errors",
    ] {
        assert!(refused.contains(said), "{said}: {refused}");
    }
    let unknown = err(&place.run("run greet.yaml").code(2));
    assert!(
        unknown.contains("greet.yaml:10:9")
            && unknown.contains("no plug-in provides templates of kind `greet`"),
        "{unknown}"
    );
}

/// Its bytes are kept with the run.
#[test]
fn a_run_outlives_the_file_of_its_plugin() {
    let place = Place::new();
    place.write(
        "slow.yaml",
        &place.text("greet.yaml").replace("wait: 2", "wait: 40"),
    );
    let words = [
        "run",
        "slow.yaml",
        "--plugin",
        "greet.wasm",
        "--name",
        "slow",
    ];
    let mut first = place
        .process(&words)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !out(&place.run("why slow")).contains("not awake yet") {
        assert!(
            began.elapsed() < PATIENCE,
            "it never waits: {}",
            out(&place.run("why slow"))
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    std::fs::remove_file(place.path("greet.wasm")).unwrap();
    let resumed = place.object("resume slow -o json");
    assert_eq!(node(&resumed, "slow")["outputs"]["result"], "Hello, Ada!");

    let words = [
        "run",
        "reach.yaml",
        "--plugin",
        "reach.wasm",
        "--allow-dir",
        "models=.",
        "--entrypoint",
        "file",
        "--name",
        "again",
    ];
    place.words(&words).code(1);
    std::fs::remove_file(place.path("reach.wasm")).unwrap();
    place.write("a.txt", "here it is");
    let again = place.object("retry again -o json");
    assert_eq!(node(&again, "again")["outputs"]["result"], "here it is");
    let anew = place.object("resubmit again -o json");
    assert_eq!(anew["status"]["phase"], "Succeeded");
}

/// A server that says `pong` to whoever asks, for as long as this process lives.
fn server() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\npong",
            );
        }
    });
    port
}

#[test]
fn nothing_is_reached_without_a_grant() {
    let place = Place::new();
    place.write("models/a.txt", "layers");
    let port = server();
    let run = |flags: &str| {
        place.object(&format!(
            "run reach.yaml --plugin reach.wasm -p url=http://127.0.0.1:{port}/ -o json {flags}"
        ))
    };
    let results = |workflow: &Value| {
        ["http", "file", "secret", "map"].map(|name| {
            let node = node(workflow, name);
            let text = if node["phase"] == "Succeeded" {
                &node["outputs"]["result"]
            } else {
                &node["message"]
            };
            text.as_str().unwrap().to_owned()
        })
    };

    let [http, file, secret, map] = results(&run(""));
    assert_eq!(
        http,
        format!(
            "plug-in `reach` may not send GET to 127.0.0.1:{port}: grant it with `--allow-http 127.0.0.1:{port}` or `http: [{{host: \"127.0.0.1:{port}\"}}]` in a PluginGrant"
        )
    );
    assert!(file.contains("--allow-dir models="), "{file}");
    assert!(secret.contains("--allow-secret token"), "{secret}");
    assert!(map.contains("configMaps: [settings]"), "{map}");

    // One flag gives one thing.
    let refused =
        |text: &String| text.contains("plug-in `reach` may not") || text.contains("only a grant");
    let flags = [
        (format!("--allow-http 127.0.0.1:{port}"), 0, "pong"),
        ("--allow-dir models".to_owned(), 1, "layers"),
        ("--allow-dir models=models".to_owned(), 1, "layers"),
        ("--allow-secret token".to_owned(), 2, "6 bytes"),
    ];
    for (flag, at, found) in &flags {
        let all = results(&run(flag));
        assert_eq!(all[*at], *found, "{flag}");
        assert_eq!(
            all.iter().filter(|text| refused(text)).count(),
            3,
            "{flag}: {all:?}"
        );
    }
    // A pattern, or a host without the port, opens no private address; another name no secret or folder.
    for flag in [
        "--allow-http *",
        "--allow-http *:*",
        "--allow-http 127.0.0.1",
        "--allow-secret other",
        "--allow-dir other=models",
    ] {
        assert!(results(&run(flag)).iter().all(refused), "{flag}");
    }

    place.write("grants.yaml", &format!(
        "apiVersion: tiphys.dev/v1\nkind: PluginGrant\nmetadata: {{name: all}}\nspec:\n  plugins: [reach]\n  http: [{{host: \"127.0.0.1:{port}\", methods: [GET]}}]\n  secrets: [token]\n  configMaps: [settings]\n  folders: [{{name: models, path: models}}]\n---\ntime: 5s\n"
    ));
    assert_eq!(
        results(&run("--grants grants.yaml")),
        ["pong", "layers", "6 bytes", "fast"]
    );
    place.write(
        "others.yaml",
        &place.text("grants.yaml").replace("[reach]", "[greet]"),
    );
    assert!(results(&run("--grants others.yaml")).iter().all(refused));
    place.write(
        "post.yaml",
        &place.text("grants.yaml").replace("[GET]", "[POST]"),
    );
    assert!(refused(&results(&run("--grants post.yaml"))[0]));
}

#[test]
fn grants_that_cannot_be_are_told_before_anything_runs() {
    let place = Place::new();
    place.write(
        "grants.yaml",
        "plugins: [reach]\nsecret: [token]\nfolders: [{name: models, path: nowhere}]\ntime: soon\n",
    );
    place
        .run("run reach.yaml --plugin reach.wasm --grants grants.yaml")
        .code(2)
        .stderr_eq(snapshot("plugin-grants.txt"));
    place.write("other.yaml", "kind: ConfigMap\n");
    place
        .run("run reach.yaml --plugin reach.wasm --grants other.yaml")
        .code(2);
    place
        .run("run reach.yaml --plugin reach.wasm --grants nowhere")
        .code(2);
    place
        .run("run reach.yaml --plugin reach.wasm --allow-dir nowhere")
        .code(2)
        .stderr_eq("error: failed to grant the folder nowhere: no such file or directory\n");
    place.run("run reach.yaml --plugin reach.wasm --allow-dir /").code(2).stderr_eq(
        "error: failed to grant the folder /: it has no name\nhint: give it one: `--allow-dir NAME=PATH`\n",
    );
    place
        .run("list")
        .success()
        .stderr_eq("No workflows found\n");
}

/// What the README's table says can be typed, and means something.
#[test]
fn the_readme_says_what_can_be_granted() {
    let place = Place::new();
    std::fs::create_dir(place.path("models")).unwrap();
    let readme = include_str!("../../../README.md");
    let section = readme.split("\n## Plug-ins\n").nth(1).unwrap();
    let rows: Vec<Vec<&str>> = section
        .split("\n## ")
        .next()
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .map(|line| line.trim_matches('|').split('|').collect())
        .collect();
    let quoted = |cell: &str| -> Vec<String> {
        let parts = cell.split('`').skip(1).step_by(2);
        parts.map(str::to_owned).collect()
    };
    let flags: Vec<String> = rows.iter().skip(1).flat_map(|row| quoted(row[1])).collect();
    assert!(flags.len() >= 3, "{flags:?}");
    let fields: Vec<String> = rows.iter().skip(1).flat_map(|row| quoted(row[2])).collect();
    assert!(fields.len() >= 10, "{fields:?}");
    place.write(
        "grants.yaml",
        &fields.join("\n").replace("\"sha256:…\"", ""),
    );
    place.write("body.yaml", "name: Ada");
    for given in ["--grants grants.yaml".to_owned(), flags.join(" ")] {
        let line = format!("plugin run greet.wasm --body body.yaml {given}");
        place.run(&line).success();
    }
}
