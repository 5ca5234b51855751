//! Whoever is killed, nothing goes on running.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::host::processes_with;
use crate::setting::Setting;

crate::cases![
    dropped_step_ends,
    main_process_is_killed,
    spawner_is_killed,
    supervisor_is_killed,
    everything_of_ours_is_killed,
    record_is_written_though_nobody_listens,
];

/// The other process: opens a sandbox, starts a step that leaves much behind, says so and sleeps.
pub fn victim(args: &[String]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let setting = Setting::open(&args[0]).await;
        let mark = &args[1];
        let script =
            format!("sleep {mark} & setsid sh -c 'sleep {mark} & sleep {mark}' & sleep {mark}");
        let container = setting.shell(&script);
        let record = container.record.clone();
        let running = setting.sandbox.start(container).await.unwrap();
        while processes_with(mark) < 4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        println!("{} {}", running.pid().unwrap(), record.display());
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
}

struct Victim {
    child: Child,
    mark: String,
    spawner: i32,
    supervisor: i32,
    record: String,
}

impl Victim {
    fn start(setting: &Setting) -> Victim {
        let mark = format!(
            "6{:09}.{:03}",
            std::process::id(),
            setting.folder.path().as_os_str().len()
        );
        let mut command = Command::new("/proc/self/exe");
        let mut child = command
            .args(["--victim", &setting.mode, &mark])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let (pid, record) = line
            .trim()
            .split_once(' ')
            .expect("the victim has started its step");
        let supervisor = parent(pid.parse().unwrap());
        Victim {
            child,
            mark,
            spawner: parent(supervisor),
            supervisor,
            record: record.to_owned(),
        }
    }

    fn all_end(&self) {
        let until = Instant::now() + Duration::from_secs(10);
        let alive = |pid: i32| !matches!(state(pid), None | Some('Z'));
        while processes_with(&self.mark) > 1 || alive(self.supervisor) {
            assert!(
                Instant::now() < until,
                "{} processes go on",
                processes_with(&self.mark) - 1
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(
            !fs::exists(&self.record).unwrap(),
            "it did not end by itself"
        );
    }

    fn end(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while processes_with(&self.mark) > 0
            || state(self.spawner).is_some_and(|state| state != 'Z')
        {
            assert!(
                Instant::now() < until,
                "something goes on: {:?}",
                state(self.spawner)
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn stat(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(
        text.rsplit_once(')')?
            .1
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
    )
}

fn state(pid: i32) -> Option<char> {
    stat(pid)?[0].chars().next()
}

fn parent(pid: i32) -> i32 {
    stat(pid).unwrap()[1].parse().unwrap()
}

fn kill(pid: i32) {
    // SAFETY: no memory is touched; the process is one that the victim has started.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

async fn dropped_step_ends(setting: Setting) {
    let mark = format!("5{:09}", std::process::id());
    let container = setting.shell(&format!("sleep {mark} & sleep {mark}"));
    let record = container.record.clone();
    drop(setting.sandbox.start(container).await.unwrap());
    let until = Instant::now() + Duration::from_secs(10);
    while processes_with(&mark) > 0 {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!record.exists());
}

async fn main_process_is_killed(setting: Setting) {
    let mut victim = Victim::start(&setting);
    victim.child.kill().unwrap();
    victim.child.wait().unwrap();
    victim.all_end();
    victim.end();
}

async fn spawner_is_killed(setting: Setting) {
    let victim = Victim::start(&setting);
    kill(victim.spawner);
    victim.all_end();
    victim.end();
    // Whoever had it killed learns of it, and the next step gets a new one.
    let mut running = setting
        .sandbox
        .start(setting.container(&["sleep", "30"]))
        .await
        .unwrap();
    kill(parent(parent(
        i32::try_from(running.pid().unwrap()).unwrap(),
    )));
    let exit = running.wait().await;
    assert!(exit.code == 137 && exit.fault.is_some(), "{exit:?}");
    assert_eq!(setting.sh("exit 8").await.0.code, 8);
}

async fn supervisor_is_killed(setting: Setting) {
    let victim = Victim::start(&setting);
    kill(victim.supervisor);
    victim.all_end();
    victim.end();
    let container = setting.container(&["sleep", "30"]);
    let record = container.record.clone();
    let mut running = setting.sandbox.start(container).await.unwrap();
    kill(parent(i32::try_from(running.pid().unwrap()).unwrap()));
    let exit = running.wait().await;
    assert!(
        exit.code == 137 && exit.fault.is_some() && !record.exists(),
        "{exit:?}"
    );
}

/// Without a pid namespace a background child of a step is then nobody's: the one case that the kernel does not cover.
async fn everything_of_ours_is_killed(setting: Setting) {
    if !setting.sandbox.describe().contains("pid") {
        return;
    }
    let mut victim = Victim::start(&setting);
    let pid = i32::try_from(victim.child.id()).unwrap();
    [pid, victim.spawner, victim.supervisor]
        .into_iter()
        .for_each(kill);
    victim.child.wait().unwrap();
    victim.all_end();
    victim.end();
}

/// The command has ended but its output is still being copied when everybody above goes: the record is written nevertheless.
async fn record_is_written_though_nobody_listens(setting: Setting) {
    let at = setting.path("big").display().to_string();
    let at = if setting.view() {
        "/tmp/big".to_owned()
    } else {
        at
    };
    let mut container = setting.shell(&format!("head -c 400000000 /dev/zero > {at}"));
    container.collect = vec![crate::setting::collect(&at, setting.path("copy"))];
    let record = container.record.clone();
    let running = setting.sandbox.start(container).await.unwrap();
    while !setting.path("copy").exists() {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    drop(running);
    let until = Instant::now() + Duration::from_secs(30);
    while !record.exists() {
        assert!(Instant::now() < until, "no record");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        fs::metadata(setting.path("copy")).unwrap().len(),
        400_000_000
    );
}
