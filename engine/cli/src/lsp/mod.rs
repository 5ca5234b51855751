//! The language server's wires: an editor at standard input and output, files of its folders, and a thread that checks.
//!
//! Answers come from [`tiphys_lsp`], at once. What is wrong with files is worked out beside, on snapshots, and told later.

mod check;
mod folder;
mod place;
mod wire;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use lsp_server::{ErrorCode, Message, Notification, Request};
use lsp_types::{
    DidChangeWatchedFilesParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    ExecuteCommandParams, FileChangeType, InitializeParams,
};
use serde_json::json;
use tiphys_lsp::{Fault, Server, Workspace};

use crate::args::{Lsp, Plugins};
use crate::failure::{Exit, Failure, Outcome};
use crate::plugins::Given;
use wire::Editor;

/// Serves an editor until it says good-bye.
pub fn serve(args: &Lsp) -> Outcome {
    let given = Plugins {
        plugin: args.plugin.clone(),
        ..Plugins::default()
    };
    let kinds = Given::read(&given)?.registry()?;
    let (messages, editor, writer) = wire::open();
    let ended = match greet(&messages, &editor, kinds) {
        Some((server, files)) => Session::new(server, editor).run(&messages, files),
        None => Ended::Early,
    };
    // The thread ends once nobody can send it anything; one that checks may do so a moment longer.
    let written = if writer.is_finished() {
        writer.join().ok()
    } else {
        None
    };
    if let Some(Err(error)) = written {
        return Err(Failure::new(format!("talk to the editor: {error}")));
    }
    Ok(if ended == Ended::Farewell {
        Exit::Done
    } else {
        Exit::Failed
    })
}

#[derive(PartialEq, Eq)]
enum Ended {
    /// The editor has said that it would go.
    Farewell,
    Early,
}

/// The first words: what the editor can do, and what we can.
fn greet(
    messages: &Receiver<Message>,
    editor: &Editor,
    kinds: Arc<dyn tiphys_graph::Kinds>,
) -> Option<(Server, Receiver<folder::Found>)> {
    loop {
        let (id, params) = match messages.recv().ok()? {
            Message::Request(Request { id, method, params }) if method == "initialize" => {
                (id, params)
            }
            Message::Request(request) => {
                editor.refuse(
                    &request.id,
                    ErrorCode::ServerNotInitialized,
                    "expected `initialize` first",
                );
                continue;
            }
            Message::Notification(told) if told.method == "exit" => return None,
            _ => continue,
        };
        let params: InitializeParams = match serde_json::from_value(params) {
            Ok(params) => params,
            Err(error) => {
                editor.refuse(&id, ErrorCode::InvalidParams, &error.to_string());
                continue;
            }
        };
        let (mut server, said) = Server::new(&params);
        server.workspace.know(kinds);
        editor.answer(&id, &serde_json::to_string(&said).ok()?);
        let (found, files) = unbounded();
        folder::scan(place::folders(&params), found);
        return Some((server, files));
    }
}

struct Session {
    server: Server,
    editor: Editor,
    check: Sender<Workspace>,
    /// Files that the editor has open, by their paths: it may write addresses otherwise than we do.
    open: HashMap<PathBuf, String>,
    leaving: bool,
}

impl Session {
    fn new(server: Server, editor: Editor) -> Session {
        let check = check::start(editor.clone());
        Session {
            server,
            editor,
            check,
            open: HashMap::new(),
            leaving: false,
        }
    }

    fn run(&mut self, messages: &Receiver<Message>, mut files: Receiver<folder::Found>) -> Ended {
        loop {
            select! {
                recv(messages) -> message => match message {
                    Ok(Message::Request(request)) => self.request(request),
                    Ok(Message::Notification(told)) if told.method == "exit" => {
                        return if self.leaving { Ended::Farewell } else { Ended::Early };
                    }
                    Ok(Message::Notification(told)) => self.notice(told),
                    Ok(Message::Response(_)) => {}
                    // The editor is gone.
                    Err(_) => return Ended::Early,
                },
                recv(files) -> found => match found {
                    Ok(found) => self.found(found),
                    // All folders are read.
                    Err(_) => files = crossbeam_channel::never(),
                },
            }
        }
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let editor = &self.editor;
        match method.as_str() {
            _ if self.leaving => {
                return editor.refuse(
                    &id,
                    ErrorCode::InvalidRequest,
                    "the server is shutting down",
                );
            }
            "shutdown" => {
                self.leaving = true;
                return editor.answer(&id, "null");
            }
            "workspace/executeCommand" => {
                editor.answer(&id, "null");
                return self.command(serde_json::from_value(params).unwrap_or_default());
            }
            _ => {}
        }
        // One answer that fails must not end all others: the hook has told of the bug.
        let answer = catch_unwind(AssertUnwindSafe(|| self.server.answer(&method, params)));
        match answer {
            Ok(Ok(answer)) => editor.answer(&id, &answer),
            Ok(Err(Fault::Unknown(method))) => editor.refuse(
                &id,
                ErrorCode::MethodNotFound,
                &format!("there is no request `{method}`"),
            ),
            Ok(Err(Fault::Params(error))) => editor.refuse(&id, ErrorCode::InvalidParams, &error),
            Ok(Err(Fault::Refused(why))) => editor.refuse(&id, ErrorCode::RequestFailed, &why),
            Err(_) => editor.refuse(
                &id,
                ErrorCode::InternalError,
                "a bug in tiphys: please report what you did",
            ),
        }
    }

    /// Converts a file, on a thread of its own: a whole file is compiled.
    fn command(&self, params: ExecuteCommandParams) {
        let uri = params
            .arguments
            .first()
            .and_then(|uri| uri.as_str())
            .map(str::to_owned);
        let Some(uri) = uri.filter(|_| params.command == tiphys_lsp::CONVERT) else {
            return;
        };
        let (workspace, editor) = (self.server.workspace.clone(), self.editor.clone());
        std::thread::spawn(move || match workspace.converted(&uri) {
            Ok(edit) => editor.ask(
                "convert",
                "workspace/applyEdit",
                json!({ "label": "Convert", "edit": edit }),
            ),
            Err(why) => editor.tell("window/showMessage", json!({ "type": 1, "message": why })),
        });
    }

    fn notice(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        let changed = match method.as_str() {
            "initialized" => {
                if self.server.watches {
                    self.watch();
                }
                false
            }
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
        let method = "workspace/didChangeWatchedFiles";
        let watchers = json!([{ "globPattern": "**/*.{flow,yaml,yml,json}" }]);
        let registration =
            json!({ "id": "files", "method": method, "registerOptions": { "watchers": watchers } });
        self.editor.ask(
            "files",
            "client/registerCapability",
            json!({ "registrations": [registration] }),
        );
    }
}
