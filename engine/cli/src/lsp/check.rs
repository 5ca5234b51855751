//! The thread that says what is wrong: on the newest snapshot, once the typing pauses.

use std::collections::HashMap;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use lsp_types::{Diagnostic, PublishDiagnosticsParams};
use tiphys_lsp::Workspace;

use super::wire::Editor;

/// How long nothing must have changed.
const PAUSE: Duration = Duration::from_millis(60);

/// Gives the channel that takes snapshots; the thread ends with it.
pub fn start(editor: Editor) -> Sender<Workspace> {
    let (sender, snapshots) = unbounded();
    std::thread::spawn(move || {
        Checker {
            editor,
            told: HashMap::new(),
        }
        .run(&snapshots)
    });
    sender
}

struct Checker {
    editor: Editor,
    /// What was told of each open file.
    told: HashMap<String, (Option<i32>, Vec<Diagnostic>)>,
}

impl Checker {
    fn run(&mut self, snapshots: &Receiver<Workspace>) {
        while let Ok(mut newest) = snapshots.recv() {
            loop {
                match snapshots.recv_timeout(PAUSE) {
                    Ok(newer) => newest = newer,
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            self.check(&newest, snapshots);
            newest.warm();
        }
    }

    fn check(&mut self, workspace: &Workspace, snapshots: &Receiver<Workspace>) {
        let open: Vec<_> = workspace
            .documents()
            .filter(|document| document.open)
            .collect();
        let closed: Vec<String> = self
            .told
            .keys()
            .filter(|uri| open.iter().all(|document| document.uri != **uri))
            .cloned()
            .collect();
        for uri in closed {
            self.told.remove(&uri);
            self.tell(&uri, None, Vec::new());
        }
        for document in open {
            // A newer snapshot is there: all this would be told anew.
            if !snapshots.is_empty() {
                return;
            }
            // The version is told even where nothing else is new: an editor then knows that it waits for nothing.
            let found = (document.version, workspace.diagnostics(&document.uri));
            if self.told.get(&document.uri) != Some(&found) {
                self.told.insert(document.uri.clone(), found.clone());
                self.tell(&document.uri, found.0, found.1);
            }
        }
    }

    fn tell(&self, uri: &str, version: Option<i32>, diagnostics: Vec<Diagnostic>) {
        let Ok(uri) = uri.parse() else { return };
        let params = PublishDiagnosticsParams {
            uri,
            diagnostics,
            version,
        };
        self.editor.tell("textDocument/publishDiagnostics", params);
    }
}
