//! A server whose every byte is written down: the n-th connection is given the n-th script, and the last one again and again.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is done with a connection. At the end of its script it is closed.
#[derive(Clone)]
pub enum Act {
    /// Reads a request, head and body, and keeps it.
    Take,
    /// Reads a request's head, and leaves its body where it is: closing resets the connection then.
    TakeHead,
    /// Waits for the first byte and leaves it where it is: closing resets the connection then.
    Peek,
    /// `{server}` and `{port}` in it become the server's own.
    Send(Vec<u8>),
    /// The same bytes so many times, or until nobody reads them.
    Repeat(Vec<u8>, u64),
    /// One byte again and again, until nobody reads them.
    Drip(Duration),
    Pause(Duration),
    /// Nothing, until the client goes.
    Hang,
}

pub type Script = Vec<Act>;

/// Reads a request, answers it and closes.
pub fn reply(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Script {
    let body = body.as_ref();
    let mut bytes = head(status, headers);
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    raw(bytes)
}

/// Reads a request, sends these bytes and closes.
pub fn raw(bytes: impl AsRef<[u8]>) -> Script {
    vec![Act::Take, Act::Send(bytes.as_ref().to_vec())]
}

/// A response's head, without a length of its body.
pub fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// A request that was taken.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(its, _)| its == name);
        let found = values.next().map(|(_, value)| value.as_str());
        assert!(
            values.next().is_none(),
            "header {name} twice: {:?}",
            self.headers
        );
        found
    }
}

pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    connections: AtomicU64,
    sent: AtomicU64,
    over: AtomicBool,
}

impl Server {
    pub fn start(scripts: Vec<Script>, tls: Option<Arc<ServerConfig>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let server = Server {
            address,
            scheme: if tls.is_some() { "https" } else { "http" },
            shared: shared.clone(),
        };
        let filled: Vec<Script> = scripts
            .into_iter()
            .map(|script| server.filled(script))
            .collect();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.over.load(Ordering::Relaxed) {
                    return;
                }
                let number = shared.connections.fetch_add(1, Ordering::Relaxed) as usize;
                let script = filled
                    .get(number)
                    .or(filled.last())
                    .cloned()
                    .unwrap_or_default();
                let (shared, tls) = (shared.clone(), tls.clone());
                // A client that goes away ends the script.
                std::thread::spawn(move || {
                    stream.and_then(|stream| serve(stream, tls, &script, &shared))
                });
            }
        });
        server
    }

    /// `http://127.0.0.1:1234`
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The text with this server's place in it.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{server}", &self.url())
            .replace("{port}", &self.address.port().to_string())
    }

    fn filled(&self, script: Script) -> Script {
        let fill = |act| match act {
            Act::Send(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => Act::Send(self.fill(text).into_bytes()),
                Err(_) => Act::Send(bytes),
            },
            other => other,
        };
        script.into_iter().map(fill).collect()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("what was seen").clone()
    }

    /// Bytes that were sent by `Repeat`.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

trait Line: Read + Write + Send {}

impl<T: Read + Write + Send> Line for T {}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    script: &[Act],
    shared: &Shared,
) -> io::Result<()> {
    let bare = stream.try_clone()?;
    let mut line: Box<dyn Line> = match tls {
        None => Box::new(stream),
        Some(config) => Box::new(StreamOwned::new(
            ServerConnection::new(config).map_err(io::Error::other)?,
            stream,
        )),
    };
    for act in script {
        match act {
            Act::Take => {
                let mut seen = request(&mut line)?;
                let length = seen
                    .header("content-length")
                    .map_or(0, |length| length.parse().expect("a length"));
                seen.body.resize(length, 0);
                line.read_exact(&mut seen.body)?;
                shared.seen.lock().expect("what was seen").push(seen);
            }
            Act::TakeHead => {
                let seen = request(&mut line)?;
                shared.seen.lock().expect("what was seen").push(seen);
            }
            Act::Peek => {
                bare.peek(&mut [0])?;
            }
            Act::Send(bytes) => line.write_all(bytes).and_then(|()| line.flush())?,
            Act::Repeat(bytes, times) => {
                for _ in 0..*times {
                    line.write_all(bytes)?;
                    shared.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                }
                line.flush()?;
            }
            Act::Drip(pause) => loop {
                line.write_all(b"x").and_then(|()| line.flush())?;
                std::thread::sleep(*pause);
            },
            Act::Pause(time) => std::thread::sleep(*time),
            Act::Hang => while line.read(&mut [0])? > 0 {},
        }
    }
    Ok(())
}

/// A request's head, read to its last byte and no further.
fn request(line: &mut Box<dyn Line>) -> io::Result<Seen> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        line.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    // A header's bytes are shown as ISO 8859-1.
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = text.trim_end_matches("\r\n").split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut word = || first.next().unwrap_or_default().to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(':').expect("a header");
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    Ok(Seen {
        method: word(),
        target: word(),
        headers: lines.map(header).collect(),
        body: Vec::new(),
    })
}
