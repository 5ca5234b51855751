#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};
use std::time::Instant;

use super::*;
use tiphys_core::LockName;

struct Run {
    store: Store,
    observations: mpsc::UnboundedReceiver<Observation>,
}

impl Run {
    fn new(path: &Path, name: &str) -> Run {
        let (sender, observations) = mpsc::unbounded_channel();
        Run {
            store: Store::new(path.to_owned(), name, sender),
            observations,
        }
    }

    async fn ask(&self, holder: &str, priority: i64, created: i64, locks: &[(&str, u32)]) {
        let locks = locks.iter().map(|(name, limit)| LockName {
            name: (*name).to_owned(),
            limit: Some(*limit),
            mutex: *limit == 1,
        });
        let created = Timestamp::from_second(created).unwrap();
        let request = LockRequest {
            holder: holder.to_owned(),
            locks: locks.collect(),
            priority,
            created,
        };
        self.store.acquire(request).await.unwrap();
    }

    async fn give_back(&self, holder: &str) {
        self.store.release(holder.to_owned()).await.unwrap();
    }

    /// What is said next, as text.
    async fn next(&mut self) -> String {
        match tokio::time::timeout(Duration::from_secs(5), self.observations.recv())
            .await
            .expect("nothing is said")
            .unwrap()
        {
            Observation::LocksAcquired { holder } => format!("{holder} has"),
            Observation::LocksWaiting {
                holder, message, ..
            } => format!("{holder}: {message}"),
            other => format!("{other:?}"),
        }
    }

    fn has_been_granted(&mut self) -> bool {
        std::iter::from_fn(|| self.observations.try_recv().ok())
            .any(|said| matches!(said, Observation::LocksAcquired { .. }))
    }
}

fn home() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    (folder, path)
}

#[tokio::test]
async fn a_mutex_goes_from_one_run_to_the_next_at_once() {
    let (_folder, path) = home();
    let (mut a, mut b) = (Run::new(&path, "a"), Run::new(&path, "b"));
    a.ask("ns/a", 0, 1, &[("ns/Mutex/m", 1)]).await;
    assert_eq!(a.next().await, "ns/a has");
    b.ask("ns/b", 0, 2, &[("ns/Mutex/m", 1)]).await;
    assert_eq!(
        b.next().await,
        "ns/b: Waiting for ns/Mutex/m lock. Lock status: 0/1"
    );
    a.ask("ns/a", 0, 1, &[("ns/Mutex/m", 1)]).await;
    assert_eq!(a.next().await, "ns/a has", "asking twice does no harm");
    let given = Instant::now();
    a.give_back("ns/a").await;
    assert_eq!(b.next().await, "ns/b has");
    assert!(
        given.elapsed() < Duration::from_millis(200),
        "{:?}",
        given.elapsed()
    );
}

#[tokio::test]
async fn the_line_goes_by_priority_then_age_and_takes_all_or_nothing() {
    let (_folder, path) = home();
    let mut run = Run::new(&path, "a");
    run.ask("first", 0, 1, &[("s", 2), ("m", 1)]).await;
    assert_eq!(run.next().await, "first has");
    run.ask("young", 0, 9, &[("m", 1)]).await;
    assert_eq!(
        run.next().await,
        "young: Waiting for m lock. Lock status: 0/1"
    );
    run.ask("old", 0, 2, &[("s", 2), ("m", 1)]).await;
    assert_eq!(
        run.next().await,
        "old: Waiting for m lock. Lock status: 0/1"
    );
    run.ask("urgent", 5, 99, &[("m", 1)]).await;
    assert_eq!(
        run.next().await,
        "urgent: Waiting for m lock. Lock status: 0/1"
    );
    for (free, next) in [("first", "urgent"), ("urgent", "old"), ("old", "young")] {
        run.give_back(free).await;
        assert_eq!(run.next().await, format!("{next} has"));
    }
}

#[tokio::test]
async fn nobody_overtakes_unless_both_would_wait_for_ever() {
    let (_folder, path) = home();
    let (mut a, mut b) = (Run::new(&path, "a"), Run::new(&path, "b"));
    a.ask("a", 0, 5, &[("m", 1)]).await;
    assert_eq!(a.next().await, "a has");
    b.ask("b", 0, 1, &[("m", 1), ("n", 1)]).await;
    assert_eq!(b.next().await, "b: Waiting for m lock. Lock status: 0/1");
    let mut c = Run::new(&path, "c");
    c.ask("c", 0, 7, &[("n", 1)]).await;
    assert_eq!(
        c.next().await,
        "c: Waiting for n lock. Lock status: 1/1",
        "b is in front"
    );
    a.ask("a/step", 0, 9, &[("n", 1)]).await;
    assert_eq!(a.next().await, "a/step has", "b waits for what a holds");
    a.give_back("a").await;
    a.give_back("a/step").await;
    while b.next().await != "b has" {}
    assert!(!c.has_been_granted());
    b.give_back("b").await;
    while c.next().await != "c has" {}
}

#[tokio::test]
async fn a_limit_that_nobody_knows_is_said() {
    let (_folder, path) = home();
    let mut run = Run::new(&path, "a");
    let locks = vec![LockName {
        name: "ns/ConfigMap/c/k".to_owned(),
        limit: None,
        mutex: false,
    }];
    let request = LockRequest {
        holder: "h".to_owned(),
        locks,
        priority: 0,
        created: Timestamp::UNIX_EPOCH,
    };
    run.store.acquire(request).await.unwrap();
    assert!(run.next().await.contains("Its limit is not known"));
}

#[tokio::test]
async fn memo_is_found_again() {
    let (_folder, path) = home();
    let (a, b) = (Run::new(&path, "a"), Run::new(&path, "b"));
    assert!(
        a.store
            .recall("c".into(), "k".into())
            .await
            .unwrap()
            .is_none()
    );
    let outputs = spec::Outputs {
        result: Some("x".into()),
        ..spec::Outputs::default()
    };
    a.store
        .remember("c".into(), "k".into(), "n".into(), outputs.clone())
        .await
        .unwrap();
    let (found, _) = b
        .store
        .recall("c".into(), "k".into())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found, outputs);
    assert!(
        b.store
            .recall("other".into(), "k".into())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn no_file_is_made_for_who_asks_for_nothing() {
    let (_folder, path) = home();
    Run::new(&path, "a").give_back("a").await;
    assert!(!path.exists());
}

const PATH: &str = "TIPHYS_TEST_STORE";

#[tokio::test]
#[ignore = "the other process of the test below"]
async fn another_process_that_holds() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    let mut run = Run::new(Path::new(&path), "other");
    run.ask("other", 0, 1, &[("m", 1)]).await;
    assert_eq!(run.next().await, "other has");
    std::fs::write(Path::new(&path).with_extension("ready"), "").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_lock_of_a_killed_process_is_free_at_once() {
    let (_folder, path) = home();
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "store::tests::another_process_that_holds",
        ])
        .env(PATH, &path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !path.with_extension("ready").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut run = Run::new(&path, "a");
    run.ask("a", 0, 2, &[("m", 1)]).await;
    assert_eq!(run.next().await, "a: Waiting for m lock. Lock status: 0/1");
    other.kill().unwrap();
    let killed = Instant::now();
    assert_eq!(run.next().await, "a has");
    assert!(
        killed.elapsed() < Duration::from_millis(500),
        "{:?}",
        killed.elapsed()
    );
    other.wait().unwrap();
}
