//! One call of a plug-in.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;
use tiphys_agent::{Answer, MOST, PATH};
use ureq::{Agent, Error};

/// How long a plug-in may take for an answer; what takes longer asks to be called again. Source: Argo's agent.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends what it reads, and prints the answer.
///
/// # Errors
/// It cannot read what it is to send, or the plug-in's token.
pub fn call(tokens: &Path, plugin: &str, port: &str, length: &str) -> Result<(), String> {
    let port: u16 = port
        .parse()
        .map_err(|_| format!("understand the port `{port}`"))?;
    let length: usize = length
        .parse()
        .map_err(|_| format!("understand the length `{length}`"))?;
    let path = tokens.join(plugin).join("token");
    let token = std::fs::read_to_string(&path);
    let token = token.map_err(|error| format!("read {}: {error}", path.display()))?;
    let mut body = Vec::new();
    let read = io::stdin().take(length as u64).read_to_end(&mut body);
    read.map_err(|error| format!("read the request: {error}"))?;
    if body.len() < length {
        return Err(format!(
            "read the request: it has {} bytes and not {length}",
            body.len()
        ));
    }
    let answer = serde_json::to_vec(&send(port, token.trim(), &body, PATIENCE));
    let answer = answer.map_err(|error| format!("write the answer: {error}"))?;
    let mut out = io::stdout();
    let written = out.write_all(&answer).and_then(|()| out.flush());
    written.map_err(|error| format!("write the answer: {error}"))
}

fn send(port: u16, token: &str, body: &[u8], patience: Duration) -> Answer {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(patience))
        .build()
        .into();
    let sent = agent
        .post(format!("http://localhost:{port}{PATH}"))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .send(body);
    let mut response = match sent {
        Ok(response) => response,
        Err(Error::Timeout(_)) => {
            return Answer::Silent(format!("no answer within {} s", patience.as_secs()));
        }
        Err(error) => return Answer::Silent(error.to_string()),
    };
    let status = response.status().as_u16();
    match response
        .body_mut()
        .with_config()
        .limit(MOST)
        .read_to_string()
    {
        Ok(body) => Answer::Said { status, body },
        Err(Error::BodyExceedsLimit(limit)) => {
            Answer::Unread(format!("its answer has more than {limit} bytes"))
        }
        Err(Error::Timeout(_)) => {
            Answer::Silent(format!("no whole answer within {} s", patience.as_secs()))
        }
        Err(error) => Answer::Unread(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    /// Takes one request, and answers with `answer`; what was asked, headers and body.
    fn serve(answer: Vec<u8>) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind(("localhost", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&lower);
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            // Who reads no more of it has read enough.
            let _ = reader.get_mut().write_all(&answer);
            head + &String::from_utf8(body).unwrap()
        });
        (port, served)
    }

    fn http(status: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    }

    #[test]
    fn a_plugin_hears_its_token_and_is_heard_whatever_it_says() {
        for status in ["200 OK", "404 Not Found", "503 Busy", "302 Found"] {
            let (port, served) = serve(http(status, b"{}"));
            let answer = send(port, "secret", b"{\"a\":1}", PATIENCE);
            let code = status[..3].parse().unwrap();
            let body = "{}".to_owned();
            assert_eq!(answer, Answer::Said { status: code, body });
            let asked = served.join().unwrap();
            assert!(
                asked.starts_with("post /api/v1/template.execute "),
                "{asked}"
            );
            assert!(asked.contains("authorization: bearer secret"), "{asked}");
            assert!(asked.ends_with("{\"a\":1}"), "{asked}");
        }
    }

    #[test]
    fn who_does_not_answer_is_silent_and_who_says_too_much_is_not_read() {
        let free = TcpListener::bind(("localhost", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        // It listens, and never takes the connection.
        let answer = send(port, "t", b"{}", Duration::from_secs(1));
        assert_eq!(answer, Answer::Silent("no answer within 1 s".to_owned()));
        drop(free);
        assert!(matches!(
            send(port, "t", b"{}", PATIENCE),
            Answer::Silent(_)
        ));
        let much = vec![b'a'; usize::try_from(MOST).unwrap() + 1];
        let (port, served) = serve(http("200 OK", &much));
        let Answer::Unread(reason) = send(port, "t", b"{}", PATIENCE) else {
            panic!("it was read");
        };
        assert_eq!(reason, "its answer has more than 4194304 bytes");
        served.join().unwrap();
    }
}
