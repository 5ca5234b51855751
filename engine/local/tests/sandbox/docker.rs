//! The same promises where an engine keeps them: Podman, if it is installed and works here.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::query_parameters::ListContainersOptions;
use tempfile::TempDir;
use tiphys_local::sandbox::{Container, Kind, Limits, Sandbox, StartError};

use crate::setting::{Setting, bind, collect};

crate::cases![
    engine_is_preferred,
    runs_and_tells,
    stdout_and_stderr,
    binds,
    outputs,
    refusals,
    signals_and_stop,
    key_runs_once_in_an_engine,
    dropped_container_is_removed,
    killed_owner_is_swept,
];

const IMAGE: &str = "localhost/tiphys-sandbox-test:latest";

/// An engine for as long as this lives.
pub struct Engine {
    service: Child,
    folder: TempDir,
}

impl Engine {
    /// Why there is none, if there is none.
    pub fn start() -> Result<Engine, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("not root".to_owned());
        }
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        // Neither systemd nor a network nor the right to raise limits is taken for granted.
        let runtime = if Path::new("/usr/sbin/runc").exists() {
            "[engine]\nruntime = \"runc\"\n"
        } else {
            ""
        };
        let conf = format!(
            "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\nnetns = \"host\"\n{runtime}"
        );
        fs::write(at.join("containers.conf"), conf).unwrap();
        let podman = || {
            let mut command = Command::new("podman");
            command
                .env("CONTAINERS_CONF", at.join("containers.conf"))
                .stdin(Stdio::null());
            command
        };
        let tried = |command: &mut Command| match command.output() {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Err(format!("{command:?}: {error}")),
        };
        tried(podman().arg("--version"))?;
        let script = "mkdir -p $0/bin $0/etc $0/tmp && cp $(command -v busybox) $0/bin/ && chmod 1777 $0/tmp && \
                      for name in sh true cat echo sleep ls mkdir ln head chmod kill test env pwd; do ln -s busybox $0/bin/$name; done && \
                      echo root:x:0:0::/:/bin/sh > $0/etc/passwd && tar -C $0 -cf $0.tar .";
        tried(Command::new("sh").args(["-c", script]).arg(at.join("root")))?;
        tried(podman().arg("import").arg(at.join("root.tar")).arg(IMAGE))?;
        tried(podman().args(["run", "--rm", IMAGE, "/bin/true"]))?;
        let socket = format!("unix://{}", at.join("podman.sock").display());
        let service = podman()
            .args(["system", "service", "--time=0", &socket])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let engine = Engine { service, folder };
        let until = Instant::now() + Duration::from_secs(10);
        while !engine.folder.path().join("podman.sock").exists() {
            if Instant::now() > until {
                return Err("its service does not start".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(engine)
    }

    pub fn host(&self) -> String {
        format!(
            "unix://{}",
            self.folder.path().join("podman.sock").display()
        )
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
        let _ = Command::new("podman").args(["rmi", "-f", IMAGE]).output();
    }
}

fn shell(setting: &Setting, script: &str) -> Container {
    let mut container = setting.shell(script);
    container.image = IMAGE.to_owned();
    container
}

/// How many containers carry our label.
async fn containers() -> usize {
    let client = Docker::connect_with_defaults().unwrap();
    let filters = [("label".to_owned(), vec!["tiphys.key".to_owned()])].into();
    let options = ListContainersOptions {
        all: true,
        filters: Some(filters),
        ..Default::default()
    };
    client.list_containers(Some(options)).await.unwrap().len()
}

async fn none_is_left() {
    let until = Instant::now() + Duration::from_secs(15);
    while containers().await > 0 {
        assert!(Instant::now() < until, "a container is left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn engine_is_preferred(setting: Setting) {
    println!("     {}", setting.sandbox.describe());
    assert!(setting.sandbox.describe().starts_with("docker: "));
    assert!(
        Sandbox::open(None, &setting.path("other"))
            .await
            .unwrap()
            .describe()
            .starts_with("docker: ")
    );
    let host = Sandbox::open(Some(Kind::Host), &setting.path("other"))
        .await
        .unwrap();
    assert!(host.describe().starts_with("host: "));
}

async fn runs_and_tells(setting: Setting) {
    let mut container = shell(&setting, "echo hello $NAME; pwd; ls /bin/busybox; exit 3");
    container.env = vec![("NAME".to_owned(), "you".to_owned())];
    container.workdir = Some(PathBuf::from("/tmp"));
    container.limits = Some(Limits {
        memory: Some(64 << 20),
        millicpu: None,
    });
    let log = container.log.clone();
    assert_eq!(setting.run(container).await.code, 3);
    assert_eq!(
        fs::read_to_string(log).unwrap(),
        "hello you\n/tmp\n/bin/busybox\n"
    );
    none_is_left().await;
}

async fn stdout_and_stderr(setting: Setting) {
    let mut container = shell(&setting, "head -c 3000000 /dev/zero; echo err >&2");
    container.stdout = Some(setting.path("stdout"));
    let log = container.log.clone();
    assert_eq!(setting.run(container).await.fault, None);
    assert_eq!(
        fs::metadata(setting.path("stdout")).unwrap().len(),
        3_000_000
    );
    assert_eq!(fs::metadata(log).unwrap().len(), 3_000_004);
}

async fn binds(setting: Setting) {
    fs::create_dir(setting.path("in")).unwrap();
    fs::write(setting.path("in/file"), "given").unwrap();
    let mut container = shell(
        &setting,
        "cat /ro/file /one; echo no > /ro/new; echo made > /rw/made",
    );
    container.binds = vec![
        bind(&setting.path("in"), "/ro", true),
        bind(&setting.path("in"), "/rw", false),
        bind(&setting.path("in/file"), "/one", true),
    ];
    container.collect = vec![collect("/rw/made", setting.path("got"))];
    let log = container.log.clone();
    let exit = setting.run(container).await;
    assert_eq!((exit.code, exit.fault), (0, None));
    assert!(fs::read_to_string(log).unwrap().starts_with("givengiven"));
    assert_eq!(fs::read_to_string(setting.path("got")).unwrap(), "made\n");
    assert!(!setting.path("in/new").exists());
}

async fn outputs(setting: Setting) {
    let script = "mkdir -p /o/d/e; cd /o; echo hi > file; chmod 640 file; echo deep > d/e/f; chmod 555 d/e; ln -s ../file d/link; \
                  ln -s d/e/f top; ln -s /o/d dir; exit 1";
    let mut container = shell(&setting, script);
    container.collect = vec![
        collect("/o/file", setting.path("got/one")),
        collect("/o/d", setting.path("got/tree")),
        collect("/o/top", setting.path("got/followed")),
        collect("/o/dir", setting.path("got/folder")),
        collect("/o/none", setting.path("got/none")),
    ];
    let exit = setting.run(container).await;
    assert_eq!((exit.code, exit.fault, exit.collected.len()), (1, None, 4));
    assert_eq!(exit.missing, [PathBuf::from("/o/none")]);
    let mode = |name: &str| {
        fs::symlink_metadata(setting.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(
        (
            fs::read_to_string(setting.path("got/one"))
                .unwrap()
                .as_str(),
            mode("got/one")
        ),
        ("hi\n", 0o640)
    );
    assert_eq!(
        (
            fs::read_to_string(setting.path("got/tree/e/f"))
                .unwrap()
                .as_str(),
            mode("got/tree/e")
        ),
        ("deep\n", 0o555)
    );
    assert_eq!(
        fs::read_link(setting.path("got/tree/link")).unwrap(),
        Path::new("../file")
    );
    assert_eq!(
        fs::read_to_string(setting.path("got/followed")).unwrap(),
        "deep\n"
    );
    assert!(setting.path("got/folder/e/f").exists());
    assert_eq!(
        fs::read_dir(setting.path("got")).unwrap().count(),
        4,
        "nothing else is left there"
    );
}

async fn refusals(setting: Setting) {
    let mut container = shell(&setting, "");
    container.argv = vec!["no-such-command".to_owned()];
    let error = setting.refused(container).await;
    assert!(
        matches!(error, StartError::CommandNotFound { .. })
            && error.to_string().contains("no-such-command"),
        "{error}"
    );
    let mut container = shell(&setting, "");
    container.argv = vec!["/etc/passwd".to_owned()];
    let error = setting.refused(container).await;
    assert!(matches!(error, StartError::NotExecutable { .. }), "{error}");
    let mut container = shell(&setting, "");
    container.image = "localhost:1/no/such:image".to_owned();
    let error = setting.refused(container).await;
    assert!(matches!(error, StartError::Pull { .. }), "{error}");
    let mut container = shell(&setting, "true");
    container.workdir = Some(PathBuf::from("/etc/passwd"));
    let error = setting.refused(container).await;
    assert!(matches!(error, StartError::Workdir { .. }), "{error}");
    let mut container = shell(&setting, "true");
    container.binds = vec![bind(&setting.path("none"), "/in", true)];
    assert!(matches!(
        setting.refused(container).await,
        StartError::Bind { .. }
    ));
    let mut container = shell(&setting, "true");
    container.argv.clear();
    let error = setting.refused(container).await;
    assert!(matches!(error, StartError::NotExecutable { .. }), "{error}");
    none_is_left().await;
}

async fn signals_and_stop(setting: Setting) {
    let container = shell(
        &setting,
        "trap 'exit 7' USR1; echo ready; while :; do sleep 0.1; done",
    );
    let log = container.log.clone();
    let mut running = setting.sandbox.start(container).await.unwrap();
    assert!(running.pid().is_some());
    while fs::read_to_string(&log).unwrap() != "ready\n" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.signal(10);
    assert_eq!(running.wait().await.code, 7);
    let container = shell(&setting, "trap '' TERM; while :; do sleep 0.1; done");
    let mut running = setting.sandbox.start(container).await.unwrap();
    assert_eq!(running.stop(Duration::from_millis(500)).await.code, 137);
    none_is_left().await;
}

async fn key_runs_once_in_an_engine(setting: Setting) {
    let mut first = shell(&setting, "sleep 30");
    first.key = "once".to_owned();
    let mut second = shell(&setting, "true");
    second.key = "once".to_owned();
    let mut running = setting.sandbox.start(first).await.unwrap();
    let error = setting.refused(second.clone()).await;
    assert!(matches!(error, StartError::Running(_)), "{error}");
    running.stop(Duration::ZERO).await;
    assert_eq!(setting.run(second).await.code, 0);
}

async fn dropped_container_is_removed(setting: Setting) {
    drop(
        setting
            .sandbox
            .start(shell(&setting, "sleep 30"))
            .await
            .unwrap(),
    );
    none_is_left().await;
}

async fn killed_owner_is_swept(setting: Setting) {
    let mut victim = Command::new("/proc/self/exe")
        .arg("--victim-docker")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while containers().await == 0 {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let other = Setting::open("docker").await;
    assert_eq!(containers().await, 1, "its owner lives");
    victim.kill().unwrap();
    victim.wait().unwrap();
    drop((other, setting));
    Setting::open("docker").await;
    assert_eq!(containers().await, 0, "its owner is gone");
}

/// The other process.
pub fn victim() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let setting = Setting::open("docker").await;
        let _running = setting
            .sandbox
            .start(shell(&setting, "sleep 60"))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
}
