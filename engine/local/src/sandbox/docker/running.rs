//! A container that an engine runs for us: its output, its end, its record.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::Docker as Client;
use bollard::container::{AttachContainerResults, LogOutput};
use bollard::errors::Error;
use bollard::query_parameters::{
    AttachContainerOptions, KillContainerOptions, WaitContainerOptions,
};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::{collect, remove};
use crate::sandbox::{Container, Exit, StartError};

/// How long the rest of the output may take once a container has ended.
const REST: Duration = Duration::from_secs(10);

/// The files of a container, opened before it exists so that nothing is started in vain.
pub(super) struct Files {
    log: File,
    stdout: Option<File>,
    record_folder: File,
    record_name: PathBuf,
}

impl Files {
    pub(super) fn open(container: &Container) -> Result<Files, StartError> {
        let named = |path: &Path| {
            let path = path.to_owned();
            move |error: io::Error| StartError::File {
                path,
                reason: error.to_string(),
            }
        };
        let parent = container.record.parent().unwrap_or(Path::new("."));
        let folder = fs::create_dir_all(parent)
            .and_then(|()| File::open(parent))
            .map_err(named(&container.record))?;
        let name = container
            .record
            .file_name()
            .ok_or_else(|| io::ErrorKind::InvalidInput.into());
        Ok(Files {
            log: output(&container.log, true).map_err(named(&container.log))?,
            stdout: container
                .stdout
                .as_deref()
                .map(|path| output(path, false).map_err(named(path)))
                .transpose()?,
            record_folder: folder,
            record_name: PathBuf::from(name.map_err(named(&container.record))?),
        })
    }

    fn keep(&mut self, output: &LogOutput) -> io::Result<()> {
        self.log.write_all(output.as_ref())?;
        match (output, &mut self.stdout) {
            (LogOutput::StdOut { message } | LogOutput::Console { message }, Some(stdout)) => {
                stdout.write_all(message)
            }
            _ => Ok(()),
        }
    }
}

fn output(path: &Path, append: bool) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    OpenOptions::new()
        .create(true)
        .append(append)
        .write(true)
        .truncate(!append)
        .open(path)
}

pub(in crate::sandbox) struct Step {
    client: Client,
    id: String,
    pid: Option<u32>,
    /// The task that sees the container through to its record.
    task: JoinHandle<Exit>,
    exit: Option<Exit>,
}

/// Starts a container that was created. Its output is attached to first, so that no word is lost.
pub(super) async fn start(
    client: Client,
    id: String,
    container: &Container,
    files: Files,
) -> Result<Step, Error> {
    let options = AttachContainerOptions {
        stdout: true,
        stderr: true,
        stream: true,
        ..Default::default()
    };
    let attached = client.attach_container(&id, Some(options)).await?;
    client.start_container(&id, None).await?;
    let started = Timestamp::now();
    let pid = client
        .inspect_container(&id, None)
        .await
        .ok()
        .and_then(|seen| seen.state?.pid);
    let pid = pid
        .and_then(|pid| u32::try_from(pid).ok())
        .filter(|pid| *pid > 0);
    let task = tokio::spawn(see_through(
        client.clone(),
        id.clone(),
        container.clone(),
        files,
        attached,
        started,
    ));
    Ok(Step {
        client,
        id,
        pid,
        task,
        exit: None,
    })
}

async fn see_through(
    client: Client,
    id: String,
    container: Container,
    mut files: Files,
    attached: AttachContainerResults,
    started: Timestamp,
) -> Exit {
    let mut fault = None;
    let ended = {
        let output = carry(attached, &mut files);
        let mut output = std::pin::pin!(output);
        let mut ended = std::pin::pin!(wait(&client, &id));
        tokio::select! {
            ended = &mut ended => {
                match tokio::time::timeout(REST, output).await {
                    Ok(done) => fault = done.err(),
                    Err(_) => tracing::debug!(container = id, "something else holds its output"),
                }
                ended
            }
            done = &mut output => {
                fault = done.err();
                ended.await
            }
        }
    };
    let finished = Timestamp::now();
    let code = ended.unwrap_or_else(|error| {
        fault.get_or_insert(format!("the engine lost the container: {error}"));
        128 + libc::SIGKILL
    });
    let (collected, missing) = (Vec::new(), Vec::new());
    let mut exit = Exit {
        code,
        signal: None,
        started,
        finished,
        collected,
        missing,
        cpu_seconds: None,
        max_rss_bytes: None,
        fault,
    };
    collect::collect(&client, &id, &container, &mut exit).await;
    if let Err(error) = exit.write(&files.record_folder, &files.record_name) {
        exit.fault
            .get_or_insert_with(|| format!("the record could not be written: {error}"));
    }
    remove(&client, &id).await;
    exit
}

async fn carry(mut attached: AttachContainerResults, files: &mut Files) -> Result<(), String> {
    drop(attached.input);
    let mut kept = Ok(());
    while let Some(output) = attached.output.next().await {
        let done = match output {
            Ok(output) => files.keep(&output).map_err(|error| error.to_string()),
            Err(error) => return kept.and(Err(format!("the log is not complete: {error}"))),
        };
        kept = kept.and(done.map_err(|error| format!("the log is not complete: {error}")));
    }
    kept
}

/// The exit code of a container once it has ended.
async fn wait(client: &Client, id: &str) -> Result<i32, Error> {
    loop {
        let options = WaitContainerOptions {
            condition: "not-running".to_owned(),
        };
        let answer = std::pin::pin!(client.wait_container(id, Some(options)))
            .next()
            .await;
        match answer {
            Some(Ok(ended)) => return Ok(code(ended.status_code)),
            Some(Err(Error::DockerContainerWaitError { code: ended, .. })) => {
                return Ok(code(ended));
            }
            Some(Err(Error::RequestTimeoutError)) | None => {
                tokio::time::sleep(Duration::from_millis(100)).await
            }
            Some(Err(error)) => return Err(error),
        }
    }
}

fn code(code: i64) -> i32 {
    i32::try_from(code).unwrap_or(255)
}

impl Step {
    pub(in crate::sandbox) async fn wait(&mut self) -> Exit {
        if let Some(exit) = &self.exit {
            return exit.clone();
        }
        let exit = match (&mut self.task).await {
            Ok(exit) => exit,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        self.exit.insert(exit).clone()
    }

    pub(in crate::sandbox) fn signal(&self, signal: i32) {
        if self.exit.is_none() && !self.task.is_finished() {
            let (client, id) = (self.client.clone(), self.id.clone());
            tokio::spawn(async move {
                let options = KillContainerOptions {
                    signal: signal.to_string(),
                };
                client.kill_container(&id, Some(options)).await
            });
        }
    }

    pub(in crate::sandbox) fn pid(&self) -> Option<u32> {
        self.pid
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.task.is_finished() {
            return;
        }
        self.task.abort();
        if let Ok(handle) = Handle::try_current() {
            let (client, id) = (self.client.clone(), self.id.clone());
            handle.spawn(async move { remove(&client, &id).await });
        }
    }
}
