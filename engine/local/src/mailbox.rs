//! How orders from other processes reach who runs a run: a socket in the run's folder with one JSON line each way, or a file
//! that the next runner reads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};

use crate::folder::{FolderError, RunFolder};
use crate::order::Order;

/// What came of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The process that runs the run has taken it, and has stored what it decided.
    Taken,
    /// Nobody runs it: it will be carried out first thing when the run is resumed.
    Left,
}

/// Why an order did not arrive. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("give the order: {0}")]
    Refused(String),
    #[error("reach the process that runs `{run}`: {source}")]
    Unreachable { run: String, source: io::Error },
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// A line to the runner.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Ask {
    Order(Order),
    /// Why a node (by name, id or display name) does not go on; all that wait if it is empty.
    Why(String),
}

/// A line back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Answer {
    Done,
    Refused(String),
    Why(Vec<(String, String)>),
}

/// What the loop is asked by other processes.
pub(crate) enum Letter {
    Order(Order, oneshot::Sender<()>),
    Why(String, oneshot::Sender<Vec<(String, String)>>),
}

const SOCKET: &str = "orders.sock";
const LEFT: &str = "orders.jsonl";
const PATIENCE: Duration = Duration::from_secs(10);

impl RunFolder {
    /// Gives an order to whoever runs the run, or leaves it for the next one who does. Blocks until it has been taken.
    ///
    /// # Errors
    /// The order makes no sense, or the runner does not answer.
    pub fn order(&self, order: &Order) -> Result<Delivered, OrderError> {
        order.command().map_err(OrderError::Refused)?;
        match self.ask(&Ask::Order(order.clone()))? {
            Some(Answer::Refused(reason)) => Err(OrderError::Refused(reason)),
            Some(_) => Ok(Delivered::Taken),
            None => self.leave(order).map(|()| Delivered::Left),
        }
    }

    /// Why a node (by name, id or display name) does not go on, as the process that runs it knows: node name and reason. An empty
    /// name asks for all that wait. None: nobody runs it.
    ///
    /// # Errors
    /// The runner does not answer.
    pub fn why(&self, node: &str) -> Result<Option<Vec<(String, String)>>, OrderError> {
        match self.ask(&Ask::Why(node.to_owned()))? {
            Some(Answer::Why(reasons)) => Ok(Some(reasons)),
            _ => Ok(None),
        }
    }

    fn ask(&self, ask: &Ask) -> Result<Option<Answer>, OrderError> {
        let failed = |source| OrderError::Unreachable {
            run: self.name().to_owned(),
            source,
        };
        let mut tries = 0;
        let stream = loop {
            match short(self.path(), SOCKET, |path| UnixStream::connect(path)) {
                Ok(stream) => break stream,
                Err(_) if !self.alive() => return Ok(None),
                // It has the lock and will listen in a moment.
                Err(_) if tries < 100 => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(failed(error)),
            }
            tries += 1;
        };
        let talk = || -> io::Result<Answer> {
            stream.set_read_timeout(Some(PATIENCE))?;
            (&stream).write_all(&line(ask)?)?;
            let mut answer = String::new();
            BufReader::new(&stream).read_line(&mut answer)?;
            if answer.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "it ended before it answered",
                ));
            }
            Ok(serde_json::from_str(&answer)?)
        };
        talk().map(Some).map_err(failed)
    }

    fn leave(&self, order: &Order) -> Result<(), OrderError> {
        let path = self.path().join(LEFT);
        let write = || -> io::Result<()> {
            OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path)?
                .write_all(&line(order)?)
        };
        write().map_err(|error| FolderError::at(&path, error).into())
    }

    /// Orders that were left while nobody ran the run. They stay until they are carried out.
    pub(crate) fn left_orders(&self) -> Vec<Order> {
        let text = fs::read_to_string(self.path().join(LEFT)).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    pub(crate) fn forget_orders(&self, carried_out: &[Order]) {
        if !carried_out.is_empty() && self.left_orders() == carried_out {
            let _ = fs::remove_file(self.path().join(LEFT));
        }
    }
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// A path to a socket must be shorter than 108 bytes, so it leads over a descriptor of the folder.
fn short<T>(folder: &Path, name: &str, go: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = folder.join(name);
    if path.as_os_str().len() < 100 {
        return go(&path);
    }
    let folder = File::open(folder)?;
    go(&PathBuf::from(format!(
        "/proc/self/fd/{}/{name}",
        folder.as_raw_fd()
    )))
}

/// Takes letters for as long as it lives.
pub(crate) struct Mailbox {
    socket: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.task.abort();
        let _ = fs::remove_file(&self.socket);
    }
}

impl Mailbox {
    /// Listens in a folder that the caller holds.
    pub(crate) fn open(
        folder: &RunFolder,
        letters: mpsc::UnboundedSender<Letter>,
    ) -> io::Result<Mailbox> {
        let socket = folder.path().join(SOCKET);
        let _ = fs::remove_file(&socket);
        let listener = short(folder.path(), SOCKET, |path| UnixListener::bind(path))?;
        let task = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        tokio::spawn(serve(stream, letters.clone()));
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        Ok(Mailbox { socket, task })
    }
}

async fn serve(
    stream: tokio::net::UnixStream,
    letters: mpsc::UnboundedSender<Letter>,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(reader.take(1 << 20)).lines();
    while let Some(text) = lines.next_line().await? {
        let answer = match serde_json::from_str(&text) {
            Ok(ask) => answer(ask, &letters).await,
            Err(error) => Answer::Refused(error.to_string()),
        };
        writer.write_all(&line(&answer)?).await?;
    }
    Ok(())
}

async fn answer(ask: Ask, letters: &mpsc::UnboundedSender<Letter>) -> Answer {
    let gone = || Answer::Refused("the run has ended".to_owned());
    match ask {
        Ask::Order(order) => {
            if let Err(reason) = order.command() {
                return Answer::Refused(reason);
            }
            let (done, taken) = oneshot::channel();
            let sent = letters.send(Letter::Order(order, done));
            if sent.is_ok() && taken.await.is_ok() {
                Answer::Done
            } else {
                gone()
            }
        }
        Ask::Why(node) => {
            let (told, reasons) = oneshot::channel();
            let _ = letters.send(Letter::Why(node, told));
            reasons.await.map_or_else(|_| gone(), Answer::Why)
        }
    }
}
