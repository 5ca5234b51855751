//! Messages at standard input and output. Answers go out as the text that they are: large ones are not built twice.

use std::io::{self, BufReader, Write};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::{ErrorCode, Message, RequestId};
use serde::Serialize;
use serde_json::{Value, json};

/// The way to the editor; cheap to clone.
#[derive(Clone)]
pub struct Editor(Sender<String>);

/// Messages of the editor, until it is gone; the way to it; and the thread that writes there.
pub fn open() -> (Receiver<Message>, Editor, JoinHandle<io::Result<()>>) {
    let (received, messages) = unbounded();
    std::thread::spawn(move || {
        let mut input = BufReader::new(io::stdin());
        while let Ok(Some(message)) = Message::read(&mut input) {
            let last = matches!(&message, Message::Notification(told) if told.method == "exit");
            if received.send(message).is_err() || last {
                return;
            }
        }
    });
    let (sent, texts) = unbounded::<String>();
    let writer = std::thread::spawn(move || {
        let mut output = io::stdout();
        for text in texts {
            write!(output, "Content-Length: {}\r\n\r\n", text.len())?;
            output.write_all(text.as_bytes())?;
            output.flush()?;
        }
        Ok(())
    });
    (messages, Editor(sent), writer)
}

impl Editor {
    fn send(&self, text: String) {
        // Without an editor there is nobody to tell, and the session ends by itself.
        let _ = self.0.send(text);
    }

    /// An answer that is JSON already.
    pub fn answer(&self, id: &RequestId, result: &str) {
        // An ID is a number or a string.
        let id = serde_json::to_string(id).unwrap_or_else(|_| "null".to_owned());
        self.send(format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}"
        ));
    }

    pub fn refuse(&self, id: &RequestId, code: ErrorCode, why: &str) {
        let error = json!({ "code": code as i32, "message": why });
        self.send(json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string());
    }

    pub fn tell(&self, method: &str, params: impl Serialize) {
        let params = serde_json::to_value(params).unwrap_or(Value::Null);
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string());
    }

    /// Asks the editor for something; its answer does not matter.
    pub fn ask(&self, id: &str, method: &str, params: impl Serialize) {
        let params = serde_json::to_value(params).unwrap_or(Value::Null);
        self.send(
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string(),
        );
    }
}
