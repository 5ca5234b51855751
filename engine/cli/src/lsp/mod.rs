//! The language server's wires: an editor at standard input and output, files of its folders, and a thread that checks.
//!
//! Answers come from [`tiphys_lsp`], at once. What is wrong with files is worked out beside, on snapshots, and told later.

mod check;
mod folder;
mod place;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    DidChangeWatchedFilesParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    FileChangeType, InitializeParams,
};
use tiphys_lsp::{Fault, Server, Workspace};

use crate::failure::{Exit, Failure, Outcome};

/// Serves an editor until it says good-bye.
pub fn serve() -> Outcome {
    let (connection, threads) = Connection::stdio();
    let served = Session::serve(&connection);
    drop(connection);
    let joined = threads
        .join()
        .map_err(|error| Failure::new(format!("talk to the editor: {error}")));
    served.and(joined).map(|()| Exit::Done)
}

struct Session<'c> {
    connection: &'c Connection,
    server: Server,
    check: Sender<Workspace>,
    /// Files that the editor has open, by their paths: it may write addresses otherwise than we do.
    open: HashMap<PathBuf, String>,
}

impl Session<'_> {
    fn serve(connection: &Connection) -> Result<(), Failure> {
        let broken =
            |error: &dyn std::fmt::Display| Failure::new(format!("talk to the editor: {error}"));
        let (id, params) = connection
            .initialize_start()
            .map_err(|error| broken(&error))?;
        let params: InitializeParams =
            serde_json::from_value(params).map_err(|error| broken(&error))?;
        let (server, said) = Server::new(&params);
        let said = serde_json::to_value(said).map_err(|error| broken(&error))?;
        connection
            .initialize_finish(id, said)
            .map_err(|error| broken(&error))?;
        let (found, files) = unbounded();
        folder::scan(place::folders(&params), found);
        let check = check::start(connection.sender.clone());
        let mut session = Session {
            connection,
            server,
            check,
            open: HashMap::new(),
        };
        if session.server.watches {
            session.watch();
        }
        session.run(&files).map_err(|error| broken(&error))
    }

    fn run(&mut self, files: &Receiver<folder::Found>) -> Result<(), lsp_server::ProtocolError> {
        let mut scanning = files.clone();
        loop {
            select! {
                recv(self.connection.receiver) -> message => match message {
                    Ok(Message::Request(request)) => {
                        if self.connection.handle_shutdown(&request)? {
                            return Ok(());
                        }
                        self.request(request);
                    }
                    Ok(Message::Notification(notification)) => self.notice(notification),
                    Ok(Message::Response(_)) => {}
                    // The editor is gone.
                    Err(_) => return Ok(()),
                },
                recv(scanning) -> found => match found {
                    Ok(found) => self.found(found),
                    // All folders are read.
                    Err(_) => scanning = crossbeam_channel::never(),
                },
            }
        }
    }

    fn send(&self, message: impl Into<Message>) {
        // Without an editor there is nobody to tell, and the loop ends by itself.
        let _ = self.connection.sender.send(message.into());
    }

    fn request(&self, request: Request) {
        let Request { id, method, params } = request;
        // One answer that fails must not end all others: the hook has told of the bug.
        let answer = catch_unwind(AssertUnwindSafe(|| self.server.answer(&method, params)));
        self.send(match answer {
            Ok(Ok(value)) => Response::new_ok(id, value),
            Ok(Err(Fault::Unknown(method))) => refused(
                id,
                ErrorCode::MethodNotFound,
                format!("there is no request `{method}`"),
            ),
            Ok(Err(Fault::Params(error))) => refused(id, ErrorCode::InvalidParams, error),
            Ok(Err(Fault::Refused(why))) => refused(id, ErrorCode::RequestFailed, why),
            Err(_) => refused(
                id,
                ErrorCode::InternalError,
                "a bug in tiphys: please report what you did".to_owned(),
            ),
        });
    }

    fn notice(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        let changed = match method.as_str() {
            "textDocument/didClose" => {
                serde_json::from_value(params).is_ok_and(|params| self.close(&params))
            }
            "workspace/didChangeWatchedFiles" => {
                serde_json::from_value(params).is_ok_and(|params| self.changed(&params))
            }
            _ => {
                if method == "textDocument/didOpen"
                    && let Ok(params) =
                        serde_json::from_value::<DidOpenTextDocumentParams>(params.clone())
                {
                    self.opened(params.text_document.uri.as_str());
                }
                self.server.notice(&method, params) == Ok(true)
            }
        };
        if changed {
            self.checked();
        }
    }

    fn checked(&self) {
        // The thread lives as long as its channel.
        let _ = self.check.send(self.server.workspace.clone());
    }

    fn opened(&mut self, uri: &str) {
        let Some(path) = place::path(uri) else { return };
        if let Some(other) = place::uri(&path).filter(|other| other != uri) {
            self.server.workspace.lost(&other);
        }
        self.open.insert(path, uri.to_owned());
    }

    fn close(&mut self, params: &DidCloseTextDocumentParams) -> bool {
        let uri = params.text_document.uri.as_str();
        self.server.workspace.close(uri, None);
        if let Some(path) = place::path(uri) {
            self.open.remove(&path);
            if let (Some(uri), Some(bytes)) = (place::uri(&path), folder::read(&path)) {
                self.server.workspace.found(&uri, &bytes);
            }
        }
        true
    }

    fn found(&mut self, found: folder::Found) {
        if !self.open.contains_key(&found.path)
            && let Some(uri) = place::uri(&found.path)
        {
            self.server.workspace.found(&uri, &found.bytes);
        }
        if found.last {
            self.checked();
        }
    }

    fn changed(&mut self, params: &DidChangeWatchedFilesParams) -> bool {
        for change in &params.changes {
            let Some(path) =
                place::path(change.uri.as_str()).filter(|path| !self.open.contains_key(path))
            else {
                continue;
            };
            let Some(uri) = place::uri(&path) else {
                continue;
            };
            match folder::read(&path).filter(|_| change.typ != FileChangeType::DELETED) {
                Some(bytes) => self.server.workspace.found(&uri, &bytes),
                None => self.server.workspace.lost(&uri),
            }
        }
        true
    }

    /// Asks to be told of files that change.
    fn watch(&self) {
        let watchers = serde_json::json!([{ "globPattern": "**/*.{flow,yaml,yml,json}" }]);
        let method = "workspace/didChangeWatchedFiles";
        let registration = serde_json::json!({ "id": "files", "method": method, "registerOptions": { "watchers": watchers } });
        let params = serde_json::json!({ "registrations": [registration] });
        self.send(Request::new(
            RequestId::from("files".to_owned()),
            "client/registerCapability".to_owned(),
            params,
        ));
    }
}

fn refused(id: RequestId, code: ErrorCode, message: String) -> Response {
    Response::new_err(id, code as i32, message)
}
