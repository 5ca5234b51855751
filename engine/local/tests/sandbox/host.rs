//! What a step sees, writes, says and leaves behind.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tiphys_local::sandbox::{Limits, StartError};

use crate::setting::{Setting, bind, collect};

crate::cases![
    says_what_it_is,
    exit_code,
    environment_and_workdir,
    host_is_unchanged,
    parallel_steps_do_not_meet,
    binds_are_seen,
    read_only_bind_refuses_writes,
    outputs_are_collected,
    missing_output_is_reported,
    output_inside_a_bind,
    traversal_is_refused,
    stdout_alone,
    order_of_output,
    huge_and_binary_output,
    stdin_is_closed,
    closed_stdout_does_not_hang,
    daemon_does_not_hang_and_ends,
    killed_by_a_signal,
    signal_reaches_the_command,
    stop_kills_who_does_not_listen,
    command_not_found,
    not_executable,
    bad_workdir,
    bad_bind,
    no_command,
    key_runs_once,
    record_is_not_overwritten,
    proc_and_dev_are_usable,
    temporary_folders_are_private,
    replaced_folders,
    resources_are_told,
    limits,
    nothing_is_left,
];

async fn says_what_it_is(setting: Setting) {
    let (line, warnings) = (setting.sandbox.describe(), setting.sandbox.warnings());
    println!("     {line} {warnings:?}");
    assert!(line.starts_with("host: "));
    assert_eq!(warnings.is_empty(), setting.view());
    assert_eq!(line.contains("copy-on-write"), setting.view());
}

async fn exit_code(setting: Setting) {
    let (exit, log) = setting.sh("echo hello; echo again >&2; exit 3").await;
    assert_eq!(
        (exit.code, exit.signal, log.as_str()),
        (3, None, "hello\nagain\n")
    );
    assert!(exit.finished >= exit.started);
    assert_eq!(setting.sh("exit 200").await.0.code, 200);
}

async fn environment_and_workdir(setting: Setting) {
    let mut container = setting
        .shell("pwd; echo $GREETING; echo ${CARGO_PKG_NAME-unset}; echo ${HOME:?}; echo $TMPDIR");
    container.env = vec![("GREETING".to_owned(), "ahoy".to_owned())];
    container.workdir = Some(PathBuf::from("/usr"));
    let log = container.log.clone();
    assert_eq!(setting.run(container).await.code, 0);
    let log = fs::read_to_string(log).unwrap();
    assert!(log.starts_with("/usr\nahoy\nunset\n"), "{log}");
    let (_, log) = setting.sh("pwd").await;
    if setting.view() {
        assert_eq!(log, "/\n");
        let mut container = setting.shell("pwd; touch here");
        container.workdir = Some(PathBuf::from("/made/for/it"));
        let log = container.log.clone();
        assert_eq!(setting.run(container).await.code, 0);
        assert_eq!(fs::read_to_string(log).unwrap(), "/made/for/it\n");
        assert!(!Path::new("/made").exists());
    } else {
        assert!(log.contains("/scratch/step-"), "{log}");
    }
}

fn unlikely(folder: &str) -> String {
    format!("{folder}/tiphys-test-{}", std::process::id())
}

async fn host_is_unchanged(setting: Setting) {
    if !setting.view() {
        return;
    }
    for folder in [
        "",
        "/usr",
        "/etc",
        "/tmp",
        "/root",
        "/var",
        "/var/tmp",
        "/opt",
        "/home",
        "/dev/shm",
        "/run",
        "/new/folder",
    ] {
        let path = unlikely(folder);
        let (exit, log) = setting
            .sh(&format!(
                "mkdir -p $(dirname {path}) && echo mine > {path} && cat {path}"
            ))
            .await;
        assert_eq!(
            (exit.code, log.as_str()),
            (0, "mine\n"),
            "{path} is to be written"
        );
        assert!(!Path::new(&path).exists(), "{path} of the host");
    }
    let (_, log) = setting.sh(&format!("echo x > {}", unlikely("/dev"))).await;
    assert!(!Path::new(&unlikely("/dev")).exists() && !log.is_empty());
    let passwd = fs::read("/etc/passwd").unwrap();
    let (exit, _) = setting
        .sh("rm -rf /etc/passwd /usr/share/doc /sbin; test -e /etc/passwd")
        .await;
    assert_eq!(exit.code, 1, "it may be removed, in the view");
    assert_eq!(fs::read("/etc/passwd").unwrap(), passwd);
    assert!(Path::new("/usr/share/doc").exists() && Path::new("/sbin").exists());
}

async fn parallel_steps_do_not_meet(setting: Setting) {
    if !setting.view() {
        return;
    }
    let mut running = Vec::new();
    for number in 0..16 {
        let script = format!(
            "for at in /tmp/same /etc/same /same /dev/shm/same; do test ! -e $at || exit 9; echo {number} > $at; done; sleep 0.3; \
             cat /tmp/same /etc/same /same /dev/shm/same"
        );
        let container = setting.shell(&script);
        let log = container.log.clone();
        running.push((number, log, setting.sandbox.start(container).await.unwrap()));
    }
    for (number, log, mut step) in running {
        assert_eq!(step.wait().await.code, 0);
        assert_eq!(
            fs::read_to_string(log).unwrap(),
            format!("{number}\n").repeat(4)
        );
    }
}

async fn binds_are_seen(setting: Setting) {
    fs::create_dir_all(setting.path("in/deep")).unwrap();
    fs::write(setting.path("in/deep/file"), "folder").unwrap();
    fs::write(setting.path("one"), "file").unwrap();
    if !setting.view() {
        let mut container = setting.container(&["cat", "/in/put/deep/file", "/some/file"]);
        container.binds = vec![
            bind(&setting.path("in"), "/in/put", false),
            bind(&setting.path("one"), "/some/file", true),
        ];
        let log = container.log.clone();
        assert_eq!(setting.run(container).await.code, 0);
        assert_eq!(fs::read_to_string(log).unwrap(), "folderfile");
        return;
    }
    let script = "cat /in/put/deep/file /some/file /etc/hosts /tmp/a/b /bin/tiphys-bound; echo out > /in/put/made; rm /in/put/deep/file";
    let mut container = setting.shell(script);
    let targets = ["/some/file", "/etc/hosts", "/tmp/a/b"];
    container.binds = targets
        .map(|target| bind(&setting.path("one"), target, false))
        .to_vec();
    // Through the symlink /bin: it leads to the view's /usr/bin. Only root may make a file in a folder of root's below the top.
    container.binds.push(bind(
        &setting.path("one"),
        if root() {
            "/bin/tiphys-bound"
        } else {
            "/usr/tiphys-bound"
        },
        false,
    ));
    container.argv[2] = if root() {
        script.to_owned()
    } else {
        script.replace("/bin/tiphys", "/usr/tiphys")
    };
    container
        .binds
        .push(bind(&setting.path("in"), "/in/put", false));
    let log = container.log.clone();
    assert_eq!(setting.run(container).await.code, 0);
    assert_eq!(fs::read_to_string(log).unwrap(), "folderfilefilefilefile");
    assert_eq!(
        fs::read_to_string(setting.path("in/made")).unwrap(),
        "out\n"
    );
    assert!(
        !setting.path("in/deep/file").exists()
            && !Path::new("/some").exists()
            && !Path::new("/in").exists()
    );
}

fn root() -> bool {
    rustix::process::geteuid().is_root()
}

async fn read_only_bind_refuses_writes(setting: Setting) {
    if !setting.view() {
        return;
    }
    fs::create_dir(setting.path("in")).unwrap();
    fs::write(setting.path("in/file"), "kept").unwrap();
    let mut container = setting.shell("echo no > /in/file; echo no > /in/new; rm -f /in/file; cat /in/file; touch /in/x && exit 0; exit 5");
    container.binds = vec![bind(&setting.path("in"), "/in", true)];
    let log = container.log.clone();
    assert_eq!(setting.run(container).await.code, 5);
    let log = fs::read_to_string(log).unwrap();
    assert!(
        log.contains("Read-only file system") && log.contains("kept"),
        "{log}"
    );
    assert_eq!(fs::read_dir(setting.path("in")).unwrap().count(), 1);
}

async fn outputs_are_collected(setting: Setting) {
    let at = if setting.view() {
        "/tmp/o".to_owned()
    } else {
        setting.path("o").display().to_string()
    };
    let script = format!(
        "mkdir -p {at}/d/e; cd {at}; printf hi > file; chmod 640 file; printf deep > d/e/f; chmod 555 d/e; ln -s ../file d/link; \
         ln -s /nowhere d/dangling; mkfifo d/pipe; printf '#!/bin/sh\\n' > d/run; chmod 755 d/run; ln -s file top; printf x > d/secret; \
         chmod 000 d/secret"
    );
    let mut container = setting.shell(&if root() || setting.view() {
        script.clone()
    } else {
        script.replace("000", "400")
    });
    fs::create_dir_all(setting.path("got/tree/old")).unwrap();
    container.collect = vec![
        collect(&format!("{at}/file"), setting.path("got/one")),
        collect(&format!("{at}/d"), setting.path("got/tree")),
        collect(&format!("{at}/top"), setting.path("got/followed")),
    ];
    let exit = setting.run(container).await;
    assert_eq!(
        (
            exit.code,
            exit.fault.as_deref(),
            exit.collected.len(),
            exit.missing.len()
        ),
        (0, None, 3, 0)
    );
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
        ("hi", 0o640)
    );
    assert_eq!(
        (
            fs::read_to_string(setting.path("got/tree/e/f"))
                .unwrap()
                .as_str(),
            mode("got/tree/e")
        ),
        ("deep", 0o555)
    );
    assert_eq!(
        fs::read_link(setting.path("got/tree/link")).unwrap(),
        Path::new("../file")
    );
    assert_eq!(
        fs::read_link(setting.path("got/tree/dangling")).unwrap(),
        Path::new("/nowhere")
    );
    assert_eq!(mode("got/tree/run"), 0o755);
    assert!(!setting.path("got/tree/pipe").exists() && !setting.path("got/tree/old").exists());
    assert_eq!(
        fs::read_to_string(setting.path("got/followed")).unwrap(),
        "hi"
    );
    let writable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(setting.path("got/tree/e"), writable).unwrap();
}

async fn missing_output_is_reported(setting: Setting) {
    let mut container = setting.shell("exit 4");
    container.collect = vec![
        collect("/tmp/there/is/no/such", setting.path("none")),
        collect("/etc/passwd/below", setting.path("none")),
        collect("/etc/passwd", setting.path("passwd")),
    ];
    let exit = setting.run(container).await;
    assert_eq!((exit.code, exit.fault), (4, None));
    assert_eq!(
        exit.missing,
        [
            PathBuf::from("/tmp/there/is/no/such"),
            PathBuf::from("/etc/passwd/below")
        ]
    );
    assert_eq!(exit.collected, [PathBuf::from("/etc/passwd")]);
    assert!(!setting.path("none").exists() && setting.path("passwd").exists());
}

async fn output_inside_a_bind(setting: Setting) {
    fs::create_dir(setting.path("volume")).unwrap();
    fs::write(setting.path("volume/given"), "as it was").unwrap();
    let mut container = setting.shell("true");
    container.binds = vec![bind(&setting.path("volume"), "/mnt/volume", false)];
    container.collect = vec![collect("/mnt/volume/given", setting.path("got"))];
    assert_eq!(setting.run(container).await.missing.len(), 0);
    assert_eq!(
        fs::read_to_string(setting.path("got")).unwrap(),
        "as it was"
    );
}

async fn traversal_is_refused(setting: Setting) {
    for path in ["/tmp/../etc/shadow", "relative", "/"] {
        let mut container = setting.shell("true");
        container.collect = vec![collect(path, setting.path("got"))];
        assert!(
            matches!(setting.refused(container).await, StartError::Collect { .. }),
            "{path}"
        );
    }
    if setting.view() {
        // A symlink leads nowhere but into the view.
        let mut container = setting.shell(
            "echo inside > /secret; mkdir /tmp/o; ln -s / /tmp/o/root; ln -s /secret /tmp/o/file",
        );
        container.collect = vec![
            collect("/tmp/o/root/secret", setting.path("a")),
            collect("/tmp/o", setting.path("b")),
        ];
        assert_eq!(setting.run(container).await.fault, None);
        assert_eq!(fs::read_to_string(setting.path("a")).unwrap(), "inside\n");
        assert_eq!(
            fs::read_link(setting.path("b/root")).unwrap(),
            Path::new("/")
        );
    }
}

async fn stdout_alone(setting: Setting) {
    let mut container = setting.shell("echo out; echo err >&2; echo more");
    container.stdout = Some(setting.path("stdout"));
    let log = container.log.clone();
    assert_eq!(setting.run(container).await.code, 0);
    assert_eq!(
        fs::read_to_string(setting.path("stdout")).unwrap(),
        "out\nmore\n"
    );
    let mut lines: Vec<_> = fs::read_to_string(log)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    assert_eq!(lines, ["err", "more", "out"]);
}

async fn order_of_output(setting: Setting) {
    let script =
        "i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); echo $i >&2; i=$((i+1)); done";
    let (_, log) = setting.sh(script).await;
    let numbers: Vec<u32> = log.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
    // As it arrives, not at the end.
    let container = setting.shell("echo early; sleep 20");
    let log = container.log.clone();
    let mut running = setting.sandbox.start(container).await.unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while fs::read_to_string(&log).unwrap() != "early\n" {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.stop(Duration::from_secs(5)).await;
}

async fn huge_and_binary_output(setting: Setting) {
    let mut container = setting.shell("head -c 10000000 /dev/urandom | tee /dev/stderr");
    container.stdout = Some(setting.path("stdout"));
    let log = container.log.clone();
    assert_eq!(setting.run(container).await.code, 0);
    assert_eq!(
        fs::metadata(setting.path("stdout")).unwrap().len(),
        10_000_000
    );
    assert_eq!(fs::metadata(log).unwrap().len(), 20_000_000);
    let (exit, _) = setting
        .sh("head -c 10000000 /dev/zero; printf '\\000\\377' > /dev/stdout")
        .await;
    assert_eq!(exit.code, 0);
}

async fn stdin_is_closed(setting: Setting) {
    let (exit, log) = setting.sh("cat; read line; echo $?").await;
    assert_eq!((exit.code, log.as_str()), (0, "1\n"));
}

async fn closed_stdout_does_not_hang(setting: Setting) {
    let (exit, log) = setting
        .sh("echo before; exec >&- 2>&-; sleep 0.2; exit 6")
        .await;
    assert_eq!((exit.code, log.as_str()), (6, "before\n"));
}

async fn daemon_does_not_hang_and_ends(setting: Setting) {
    let mark = format!("7{:09}", std::process::id());
    let began = Instant::now();
    let (exit, log) = setting
        .sh(&format!(
            "sleep {mark} & setsid sh -c 'sleep {mark} & sleep {mark}' & sleep 0.2; echo done"
        ))
        .await;
    assert_eq!((exit.code, log.as_str()), (0, "done\n"));
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(
        processes_with(&mark),
        0,
        "background children end with the command"
    );
}

/// How many processes have this word in their command line.
pub fn processes_with(word: &str) -> usize {
    let lines = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| {
            line.split(|byte| *byte == 0)
                .any(|part| part == word.as_bytes())
        })
        .count()
}

async fn killed_by_a_signal(setting: Setting) {
    let (exit, _) = setting.sh("kill -KILL $$").await;
    assert_eq!((exit.code, exit.signal), (137, Some(9)));
    let (exit, _) = setting.sh("kill -SEGV $$").await;
    assert_eq!((exit.code, exit.signal), (139, Some(11)));
}

async fn signal_reaches_the_command(setting: Setting) {
    let container =
        setting.shell("trap 'echo caught; exit 7' USR1; echo ready; while :; do sleep 0.05; done");
    let log = container.log.clone();
    let mut running = setting.sandbox.start(container).await.unwrap();
    let pid = running.pid().unwrap();
    assert!(
        fs::read_to_string(format!("/proc/{pid}/cmdline"))
            .unwrap()
            .starts_with("sh\0")
    );
    while fs::read_to_string(&log).unwrap() != "ready\n" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.signal(libc::SIGUSR1);
    assert_eq!(running.wait().await.code, 7);
    assert_eq!(running.wait().await.code, 7, "it may be asked again");
    running.signal(libc::SIGKILL);
}

async fn stop_kills_who_does_not_listen(setting: Setting) {
    let container = setting.shell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    let log = container.log.clone();
    let mut running = setting.sandbox.start(container).await.unwrap();
    while fs::read_to_string(&log).unwrap() != "ready\n" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    let exit = running.stop(Duration::from_millis(300)).await;
    assert_eq!((exit.code, exit.signal), (137, Some(9)));
    assert!(began.elapsed() >= Duration::from_millis(300));
    let mut running = setting
        .sandbox
        .start(setting.container(&["sleep", "30"]))
        .await
        .unwrap();
    assert_eq!(running.stop(Duration::from_secs(20)).await.signal, Some(15));
}

async fn command_not_found(setting: Setting) {
    for command in ["there-is-no-such-command", "/no/such/command"] {
        let error = setting.refused(setting.container(&[command])).await;
        let text = error.to_string();
        assert!(
            matches!(error, StartError::CommandNotFound { .. }),
            "{text}"
        );
        assert_eq!(error.exit_code(), 127);
        assert!(
            text.contains(command) && text.contains("host sandbox") && text.contains("alpine:3"),
            "{text}"
        );
    }
    let mut container = setting.container(&["mine"]);
    script(&setting.path("bin/mine"), "#!/bin/sh\nexit 11\n");
    container.env = vec![(
        "PATH".to_owned(),
        "/nowhere:/view/bin:/usr/bin:/bin".to_owned(),
    )];
    if setting.view() {
        container.binds = vec![bind(&setting.path("bin"), "/view/bin", true)];
    } else {
        container.env[0].1 = format!("{}:/usr/bin:/bin", setting.path("bin").display());
    }
    assert_eq!(setting.run(container).await.code, 11);
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

async fn not_executable(setting: Setting) {
    script(&setting.path("bin/bare"), "echo no shebang\n");
    script(&setting.path("bin/gone"), "#!/no/such/interpreter\n");
    fs::write(setting.path("bin/data"), "x").unwrap();
    let expect = [
        ("bare", "exec format error"),
        ("gone", "interpreter"),
        ("data", "permission denied"),
        (".", "directory"),
    ];
    for (name, reason) in expect {
        let mut container = setting.container(&[&format!("/view/bin/{name}")]);
        container.binds = vec![bind(&setting.path("bin"), "/view/bin", true)];
        let error = setting.refused(container).await;
        assert!(error.to_string().contains(reason), "{name}: {error}");
        assert_eq!(error.exit_code(), if name == "gone" { 127 } else { 126 });
    }
}

async fn bad_workdir(setting: Setting) {
    for path in ["relative", "/etc/passwd", "/proc/no/such"] {
        let mut container = setting.container(&["true"]);
        container.workdir = Some(PathBuf::from(path));
        let error = setting.refused(container).await;
        assert!(
            matches!(error, StartError::Workdir { .. }),
            "{path}: {error}"
        );
    }
}

async fn bad_bind(setting: Setting) {
    fs::create_dir(setting.path("in")).unwrap();
    symlink("/nowhere", setting.path("dangling")).unwrap();
    let bad = [
        ("none", "/in"),
        ("dangling", "/in"),
        ("in", "relative"),
        ("in", "/a/../b"),
        ("in", "/"),
    ];
    let more = [("in", "/etc/passwd"), ("in", "/etc/passwd/below")];
    for (source, target) in bad.into_iter().chain(if setting.view() {
        more.to_vec()
    } else {
        Vec::new()
    }) {
        let mut container = setting.container(&["true"]);
        container.binds = vec![bind(&setting.path(source), target, false)];
        let error = setting.refused(container).await;
        assert!(
            matches!(error, StartError::Bind { .. }),
            "{source} at {target}: {error}"
        );
    }
}

async fn no_command(setting: Setting) {
    assert_eq!(
        setting.refused(setting.container(&[])).await,
        StartError::NoCommand
    );
    let error = setting.refused(setting.container(&["echo", "a\0b"])).await;
    assert!(matches!(error, StartError::NotExecutable { .. }), "{error}");
}

async fn key_runs_once(setting: Setting) {
    let mut first = setting.container(&["sleep", "20"]);
    first.key = format!("{}-same", setting.folder.path().display());
    let mut second = setting.container(&["true"]);
    second.key.clone_from(&first.key);
    let mut running = setting.sandbox.start(first).await.unwrap();
    assert!(matches!(
        setting.refused(second.clone()).await,
        StartError::Running(_)
    ));
    let other = Setting::open(&setting.mode).await;
    assert!(
        matches!(other.refused(second.clone()).await, StartError::Running(_)),
        "of another process too"
    );
    running.stop(Duration::from_secs(5)).await;
    assert_eq!(setting.run(second).await.code, 0);
}

async fn record_is_not_overwritten(setting: Setting) {
    let container = setting.shell("exit 1");
    let again = container.clone();
    assert_eq!(setting.run(container).await.code, 1);
    assert!(matches!(
        setting.sandbox.start(again).await,
        Err(StartError::Ended(_))
    ));
}

async fn proc_and_dev_are_usable(setting: Setting) {
    let script = "cat /proc/self/stat > /dev/null && echo x > /dev/null && head -c 1 /dev/urandom > /dev/zero && \
                  test -e /dev/fd/1 && ls /sys/class > /dev/null && cat /proc/1/cmdline /proc/meminfo > /dev/null && \
                  ls /proc | grep -c '^[0-9]'";
    let (exit, log) = setting.sh(script).await;
    assert_eq!(exit.code, 0, "{log}");
    if setting.sandbox.describe().contains("pid") {
        assert!(
            log.trim().parse::<u32>().unwrap() < 8,
            "only its own processes: {log}"
        );
    }
}

async fn temporary_folders_are_private(setting: Setting) {
    if !setting.view() {
        let (exit, log) = setting
            .sh("echo $HOME; cd \"$TMPDIR\" && touch mine && test -e mine && pwd")
            .await;
        assert_eq!(exit.code, 0);
        assert!(
            !Path::new(log.lines().next().unwrap()).exists(),
            "gone afterwards"
        );
        return;
    }
    let (exit, log) = setting
        .sh("ls -A /tmp /var/tmp /dev/shm; stat -c %a /tmp /var/tmp; mktemp > /dev/null")
        .await;
    let list = if log.contains("/dev/shm:") {
        "/dev/shm:\n\n/tmp:\n\n/var/tmp:\n"
    } else {
        "/tmp:\n\n/var/tmp:\n"
    };
    assert_eq!(
        (exit.code, log.as_str()),
        (0, format!("{list}1777\n1777\n").as_str())
    );
}

/// What a copy-on-write layer has to bear: removed and renamed folders of the host.
async fn replaced_folders(setting: Setting) {
    if !setting.view() || !root() {
        return;
    }
    let script = "rm -rf /etc/default && mkdir /etc/default && touch /etc/default/new && ls /etc/default && mv /etc/apt /etc/apt2 && \
                  ls /etc/apt2 > /dev/null && ! test -e /etc/apt && chmod 700 /usr && chown 1:1 /usr";
    let (exit, log) = setting.sh(script).await;
    assert_eq!((exit.code, log.as_str()), (0, "new\n"));
}

async fn resources_are_told(setting: Setting) {
    let script = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    let (exit, _) = setting.sh(script).await;
    assert!(
        exit.cpu_seconds.unwrap() > 0.01 && exit.max_rss_bytes.unwrap() > 500_000,
        "{exit:?}"
    );
}

async fn limits(setting: Setting) {
    let mut container = setting
        .shell("head -c 200000000 /dev/zero | tail -c 190000000 | wc -c; cat /proc/self/cgroup");
    container.limits = Some(Limits {
        memory: Some(32 << 20),
        millicpu: Some(500),
    });
    let log = container.log.clone();
    let exit = setting.run(container).await;
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(exit.fault, None);
    if log.contains("/tiphys-") {
        println!("     limits are kept");
        assert!(
            !log.starts_with("190000000"),
            "the memory is bounded: {log}"
        );
    } else {
        println!("     limits cannot be kept here");
    }
    let left = ["memory", "cpu", ""].map(|name| Path::new("/sys/fs/cgroup").join(name));
    for folder in left.iter().flat_map(fs::read_dir) {
        let groups = folder
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("tiphys-"));
        assert_eq!(groups.count(), 0, "groups are removed");
    }
}

async fn nothing_is_left(setting: Setting) {
    let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
    let before = mounts();
    for _ in 0..5 {
        setting.sh("echo x > /tmp/x; echo x > /x").await;
    }
    let _ = fs::remove_file("/x");
    let during = setting
        .sandbox
        .start(setting.container(&["sleep", "20"]))
        .await
        .unwrap();
    assert_eq!(mounts(), before, "no mount is seen on the host");
    drop(during);
    let scratch = setting.path("scratch");
    let until = Instant::now() + Duration::from_secs(5);
    let left = || -> Vec<_> {
        fs::read_dir(&scratch)
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .collect()
    };
    while left().len() > 1 {
        assert!(Instant::now() < until, "{:?}", left());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(fs::read_dir(scratch.join("view")).unwrap().count(), 0);
}
