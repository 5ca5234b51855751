//! An editor: it opens files, types, and asks.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_lsp::lsp_types::notification::{
    DidChangeTextDocument, DidOpenTextDocument, Exit, Initialized, PublishDiagnostics,
};
use async_lsp::lsp_types::request::{
    ApplyWorkspaceEdit, Initialize, RegisterCapability, Request, Shutdown,
};
use async_lsp::lsp_types::*;
use async_lsp::router::Router;
use async_lsp::{MainLoop, ServerSocket};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

type Applied = Arc<Mutex<Vec<WorkspaceEdit>>>;
type Told = Arc<Mutex<HashMap<Url, (Option<i32>, Vec<Diagnostic>)>>>;

pub struct Editor {
    pub server: ServerSocket,
    pub root: Url,
    pub said: InitializeResult,
    told: Told,
    applied: Applied,
    texts: HashMap<String, (i32, String)>,
    child: tokio::process::Child,
}

struct Gone;

impl Editor {
    pub async fn start(root: &Path, utf8: bool) -> Editor {
        let told = Told::default();
        let keep = Arc::clone(&told);
        let applied = Applied::default();
        let apply = Arc::clone(&applied);
        let (mainloop, server) = MainLoop::new_client(|_| {
            let mut router = Router::new(());
            router
                .notification::<PublishDiagnostics>(move |(), told| {
                    keep.lock()
                        .unwrap()
                        .insert(told.uri, (told.version, told.diagnostics));
                    ControlFlow::Continue(())
                })
                .request::<ApplyWorkspaceEdit, _>(move |(), params| {
                    apply.lock().unwrap().push(params.edit);
                    async {
                        Ok(ApplyWorkspaceEditResponse {
                            applied: true,
                            failure_reason: None,
                            failed_change: None,
                        })
                    }
                })
                .request::<RegisterCapability, _>(|(), _| async { Ok(()) })
                .event(|(), _: Gone| ControlFlow::Break(Ok(())));
            router
        });
        let mut child = tokio::process::Command::new(snapbox::cmd::cargo_bin!("tiphys"))
            .args(["lsp", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (output, input) = (
            child.stdout.take().unwrap().compat(),
            child.stdin.take().unwrap().compat_write(),
        );
        // It ends with an error when the server goes; the tests see that by their requests.
        tokio::spawn(mainloop.run_buffered(output, input));
        let root = Url::from_directory_path(root).unwrap();
        let said = server
            .request::<Initialize>(initialize(&root, utf8))
            .await
            .unwrap();
        server.notify::<Initialized>(InitializedParams {}).unwrap();
        Editor {
            server,
            root,
            said,
            told,
            applied,
            texts: HashMap::new(),
            child,
        }
    }

    pub fn uri(&self, name: &str) -> Url {
        self.root.join(name).unwrap()
    }

    pub fn open(&mut self, name: &str, text: &str) {
        let language_id = name.rsplit('.').next().unwrap().to_owned();
        let text_document = TextDocumentItem {
            uri: self.uri(name),
            language_id,
            version: 1,
            text: text.to_owned(),
        };
        self.texts.insert(name.to_owned(), (1, text.to_owned()));
        self.server
            .notify::<DidOpenTextDocument>(DidOpenTextDocumentParams { text_document })
            .unwrap();
    }

    pub fn text(&self, name: &str) -> &str {
        &self.texts[name].1
    }

    /// Types `new` in the place of `range`, which has to be ASCII up to there on its line.
    pub fn change(&mut self, name: &str, range: std::ops::Range<usize>, new: &str) {
        let uri = self.uri(name);
        let (version, text) = self.texts.get_mut(name).unwrap();
        *version += 1;
        let range_of = Range::new(position(text, range.start), position(text, range.end));
        text.replace_range(range, new);
        let change = TextDocumentContentChangeEvent {
            range: Some(range_of),
            range_length: None,
            text: new.to_owned(),
        };
        let text_document = VersionedTextDocumentIdentifier {
            uri,
            version: *version,
        };
        let params = DidChangeTextDocumentParams {
            text_document,
            content_changes: vec![change],
        };
        self.server.notify::<DidChangeTextDocument>(params).unwrap();
    }

    /// The place of `|` in `context`, which is written in the file without it.
    pub fn at(&self, name: &str, context: &str) -> TextDocumentPositionParams {
        let (before, after) = context.split_once('|').unwrap();
        let text = self.text(name);
        let start = text
            .find(&format!("{before}{after}"))
            .unwrap_or_else(|| panic!("{context} in {name}"));
        let position = position(text, start + before.len());
        TextDocumentPositionParams {
            text_document: TextDocumentIdentifier {
                uri: self.uri(name),
            },
            position,
        }
    }

    pub async fn ask<R: Request>(&self, params: R::Params) -> R::Result {
        self.server.request::<R>(params).await.unwrap()
    }

    /// What is told of a file's newest version.
    pub async fn diagnostics(&self, name: &str) -> Vec<Diagnostic> {
        let (uri, version) = (self.uri(name), self.texts[name].0);
        let start = Instant::now();
        loop {
            if let Some((Some(told), found)) = self.told.lock().unwrap().get(&uri)
                && *told == version
            {
                return found.clone();
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "nothing is told of {name}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The edit that the server asks for.
    pub async fn applied(&self) -> WorkspaceEdit {
        for _ in 0..6000 {
            if let Some(edit) = self.applied.lock().unwrap().pop() {
                return edit;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no edit is asked for")
    }

    pub async fn stop(mut self) {
        self.ask::<Shutdown>(()).await;
        self.server.notify::<Exit>(()).unwrap();
        let status = tokio::time::timeout(Duration::from_secs(20), self.child.wait())
            .await
            .unwrap()
            .unwrap();
        assert!(status.success(), "{status}");
        // The client's own loop has ended with the server's output.
        let _ = self.server.emit(Gone);
    }
}

/// In UTF-16.
pub fn position(text: &str, offset: usize) -> Position {
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position::new(line as u32, before[start..].encode_utf16().count() as u32)
}

fn initialize(root: &Url, utf8: bool) -> InitializeParams {
    let resolve = CodeActionCapabilityResolveSupport {
        properties: vec!["edit".to_owned()],
    };
    let action = CodeActionClientCapabilities {
        resolve_support: Some(resolve),
        ..CodeActionClientCapabilities::default()
    };
    let text_document = TextDocumentClientCapabilities {
        code_action: Some(action),
        ..TextDocumentClientCapabilities::default()
    };
    let encodings = if utf8 {
        vec![PositionEncodingKind::UTF8, PositionEncodingKind::UTF16]
    } else {
        vec![PositionEncodingKind::UTF16]
    };
    let general = GeneralClientCapabilities {
        position_encodings: Some(encodings),
        ..GeneralClientCapabilities::default()
    };
    let watched = DidChangeWatchedFilesClientCapabilities {
        dynamic_registration: Some(true),
        ..Default::default()
    };
    let workspace = WorkspaceClientCapabilities {
        did_change_watched_files: Some(watched),
        ..WorkspaceClientCapabilities::default()
    };
    InitializeParams {
        workspace_folders: Some(vec![WorkspaceFolder {
            uri: root.clone(),
            name: "root".to_owned(),
        }]),
        capabilities: ClientCapabilities {
            text_document: Some(text_document),
            general: Some(general),
            workspace: Some(workspace),
            ..ClientCapabilities::default()
        },
        ..InitializeParams::default()
    }
}
