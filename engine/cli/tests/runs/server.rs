//! A server that keeps connections, answers by a function, and remembers what it was asked.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub key: Option<String>,
}

pub struct Answer {
    pub status: u16,
    /// Lines of the head, each with its end.
    pub head: String,
    pub body: String,
    /// How long it takes.
    pub after: Duration,
}

type Reply = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

pub struct Server {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    reply: Box<Reply>,
    books: Mutex<Books>,
    asked: Condvar,
}

#[derive(Default)]
struct Books {
    asked: Vec<Asked>,
    connections: usize,
    at_work: usize,
    since: Option<Instant>,
    busy: Duration,
}

impl Server {
    /// The function is given a request, and how often the same was asked before.
    pub fn start(reply: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            reply: Box::new(reply),
            books: Mutex::default(),
            asked: Condvar::new(),
        });
        let server = Server {
            address,
            shared: shared.clone(),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                shared.books().connections += 1;
                // A client that is killed ends the thread.
                std::thread::spawn(move || stream.and_then(|stream| shared.serve(stream)));
            }
        });
        server
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.books().asked.clone()
    }

    /// How often this was asked.
    pub fn count(&self, method: &str, target: &str) -> usize {
        self.shared.books().count(method, target)
    }

    pub fn connections(&self) -> usize {
        self.shared.books().connections
    }

    /// How long a request was at the server, several at once counted once.
    pub fn busy(&self) -> Duration {
        self.shared.books().busy
    }

    /// Waits until this was asked so many times.
    pub fn wait(&self, method: &str, target: &str, number: usize) {
        let few = |books: &mut Books| books.count(method, target) < number;
        let waited = self
            .shared
            .asked
            .wait_timeout_while(self.shared.books(), Duration::from_secs(60), few)
            .expect("no panic");
        assert!(
            !waited.1.timed_out(),
            "{method} {target} was not asked {number} times"
        );
    }
}

impl Books {
    fn count(&self, method: &str, target: &str) -> usize {
        self.asked
            .iter()
            .filter(|asked| asked.method == method && asked.target == target)
            .count()
    }

    fn begin(&mut self) {
        self.at_work += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    fn end(&mut self) {
        self.at_work -= 1;
        if self.at_work == 0
            && let Some(since) = self.since.take()
        {
            self.busy += since.elapsed();
        }
    }
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("no panic")
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (mut reader, mut writer) = (BufReader::new(stream.try_clone()?), stream);
        while let Some(asked) = request(&mut reader)? {
            let before = {
                let mut books = self.books();
                books.begin();
                let before = books.count(&asked.method, &asked.target);
                books.asked.push(asked.clone());
                before
            };
            self.asked.notify_all();
            let answer = (self.reply)(&asked, before);
            std::thread::sleep(answer.after);
            let text = format!(
                "HTTP/1.1 {} Said\r\n{}content-length: {}\r\n\r\n{}",
                answer.status,
                answer.head,
                answer.body.len(),
                answer.body
            );
            let written = writer.write_all(text.as_bytes());
            self.books().end();
            written?;
        }
        Ok(())
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let (mut length, mut key) = (0, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().map_err(io::Error::other)?
            }
            Some((name, value)) if name.eq_ignore_ascii_case("idempotency-key") => {
                key = Some(value.to_owned())
            }
            Some(_) => {}
            None => break,
        }
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    Ok(Some(Asked {
        method,
        target,
        key,
    }))
}
