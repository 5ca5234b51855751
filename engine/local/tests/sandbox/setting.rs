//! What the cases share: an open sandbox with a folder, and containers in it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tiphys_local::sandbox::{Bind, Collect, Container, Exit, Kind, Sandbox, StartError};

pub type Case = fn(Setting) -> Pin<Box<dyn Future<Output = ()>>>;

/// Makes a table of cases from async functions.
#[macro_export]
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        pub const CASES: &[(&str, $crate::setting::Case)] = &[$((stringify!($name), |setting| Box::pin($name(setting)))),*];
    };
}

pub struct Setting {
    pub sandbox: Sandbox,
    pub folder: TempDir,
    pub mode: String,
    next: AtomicUsize,
}

impl Setting {
    pub async fn open(mode: &str) -> Setting {
        let folder = tempfile::tempdir().unwrap();
        let scratch = folder.path().join("scratch");
        let forced = match mode {
            "-v-" => Some("-v-"),
            "uv-" => Some("uv-"),
            "---" => Some("---"),
            _ => None,
        };
        let sandbox = match mode {
            "docker" => Sandbox::open(Some(Kind::Docker), &scratch).await.unwrap(),
            _ => Sandbox::open_host(&scratch, forced).await.unwrap(),
        };
        Setting {
            sandbox,
            folder,
            mode: mode.to_owned(),
            next: AtomicUsize::new(0),
        }
    }

    /// Whether steps have a view of their own.
    pub fn view(&self) -> bool {
        self.mode != "---"
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn container(&self, argv: &[&str]) -> Container {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Container {
            key: format!("{}-{number}", self.folder.path().display()),
            name: "main".to_owned(),
            image: "alpine:3".to_owned(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            log: self.path(&format!("{number}/log")),
            record: self.path(&format!("{number}/record.json")),
            ..Container::default()
        }
    }

    pub fn shell(&self, script: &str) -> Container {
        self.container(&["sh", "-c", script])
    }

    pub async fn run(&self, container: Container) -> Exit {
        let record = container.record.clone();
        let mut running = self.sandbox.start(container).await.unwrap();
        let exit = running.wait().await;
        assert_eq!(
            Exit::read(&record).unwrap().as_ref(),
            Some(&exit),
            "the record says the same"
        );
        exit
    }

    /// Runs a script and returns its exit and its log.
    pub async fn sh(&self, script: &str) -> (Exit, String) {
        let container = self.shell(script);
        let log = container.log.clone();
        let exit = self.run(container).await;
        (
            exit,
            String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned(),
        )
    }

    pub async fn refused(&self, container: Container) -> StartError {
        let record = container.record.clone();
        let error = self
            .sandbox
            .start(container)
            .await
            .err()
            .expect("it must not start");
        assert!(!record.exists(), "no record of what did not start");
        error
    }
}

pub fn bind(source: &Path, target: &str, read_only: bool) -> Bind {
    Bind {
        source: source.to_owned(),
        target: PathBuf::from(target),
        read_only,
    }
}

pub fn collect(path: &str, to: PathBuf) -> Collect {
    Collect {
        path: PathBuf::from(path),
        to,
    }
}
