//! Requests and notifications by their names.

use lsp_types::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::text::Encoding;
use crate::tokens;
use crate::workspace::Workspace;

/// Why a request cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No such request.
    Unknown(String),
    /// The request cannot be read.
    Params(String),
    /// What is asked for cannot be done; a person may read why.
    Refused(String),
}

/// A workspace, and what its editor can do.
#[derive(Clone, Debug, Default)]
pub struct Server {
    pub workspace: Workspace,
    snippets: bool,
    /// The editor tells of files that change on the disk.
    pub watches: bool,
}

impl Server {
    /// A server for an editor, and what it says of itself.
    #[must_use]
    pub fn new(params: &InitializeParams) -> (Server, InitializeResult) {
        let client = &params.capabilities;
        let encodings = client
            .general
            .as_ref()
            .and_then(|general| general.position_encodings.as_ref());
        let utf8 =
            encodings.is_some_and(|encodings| encodings.contains(&PositionEncodingKind::UTF8));
        let text = client.text_document.as_ref();
        let item = text.and_then(|text| text.completion.as_ref()?.completion_item.as_ref());
        let watch = client
            .workspace
            .as_ref()
            .and_then(|workspace| workspace.did_change_watched_files.as_ref());
        let server = Server {
            workspace: Workspace::new(if utf8 {
                Encoding::Utf8
            } else {
                Encoding::Utf16
            }),
            snippets: item.and_then(|item| item.snippet_support) == Some(true),
            watches: watch.and_then(|watch| watch.dynamic_registration) == Some(true),
        };
        let info = ServerInfo {
            name: "tiphys".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        };
        let result = InitializeResult {
            capabilities: capabilities(utf8),
            server_info: Some(info),
        };
        (server, result)
    }

    /// The answer to a request, as JSON.
    pub fn answer(&self, method: &str, params: Value) -> Result<String, Fault> {
        let workspace = &self.workspace;
        match method {
            "textDocument/completion" => {
                let params: CompletionParams = read(params)?;
                let at = params.text_document_position;
                write(workspace.completion(
                    at.text_document.uri.as_str(),
                    at.position,
                    self.snippets,
                ))
            }
            "textDocument/hover" => {
                let at = read::<HoverParams>(params)?.text_document_position_params;
                write(workspace.hover(at.text_document.uri.as_str(), at.position))
            }
            "textDocument/definition" => {
                let at = read::<GotoDefinitionParams>(params)?.text_document_position_params;
                write(workspace.definition(at.text_document.uri.as_str(), at.position))
            }
            "textDocument/references" => {
                let params: ReferenceParams = read(params)?;
                let at = params.text_document_position;
                write(workspace.references(
                    at.text_document.uri.as_str(),
                    at.position,
                    params.context.include_declaration,
                ))
            }
            "textDocument/documentHighlight" => {
                let at = read::<DocumentHighlightParams>(params)?.text_document_position_params;
                write(workspace.highlights(at.text_document.uri.as_str(), at.position))
            }
            "textDocument/prepareRename" => {
                let at: TextDocumentPositionParams = read(params)?;
                write(
                    workspace
                        .can_rename(at.text_document.uri.as_str(), at.position)
                        .map_err(Fault::Refused)?,
                )
            }
            "textDocument/rename" => {
                let params: RenameParams = read(params)?;
                let at = params.text_document_position;
                write(
                    workspace
                        .rename(at.text_document.uri.as_str(), at.position, &params.new_name)
                        .map_err(Fault::Refused)?,
                )
            }
            _ => self.answer_of_files(method, params),
        }
    }

    fn answer_of_files(&self, method: &str, params: Value) -> Result<String, Fault> {
        let workspace = &self.workspace;
        match method {
            "textDocument/documentSymbol" => {
                let params: DocumentSymbolParams = read(params)?;
                write(workspace.symbols(params.text_document.uri.as_str()))
            }
            "textDocument/formatting" => {
                let params: DocumentFormattingParams = read(params)?;
                write(workspace.formatting(params.text_document.uri.as_str()))
            }
            "textDocument/semanticTokens/full" => {
                let params: SemanticTokensParams = read(params)?;
                let data = workspace.tokens(params.text_document.uri.as_str());
                write(SemanticTokens {
                    result_id: None,
                    data,
                })
            }
            "textDocument/codeAction" => {
                let params: CodeActionParams = read(params)?;
                write(workspace.actions(
                    params.text_document.uri.as_str(),
                    &params.context.diagnostics,
                ))
            }
            other => Err(Fault::Unknown(other.to_owned())),
        }
    }

    /// Takes what an editor does to its texts; true where what is wrong with them may have changed.
    pub fn notice(&mut self, method: &str, params: Value) -> Result<bool, Fault> {
        match method {
            "textDocument/didOpen" => {
                let document = read::<DidOpenTextDocumentParams>(params)?.text_document;
                self.workspace.open(
                    document.uri.as_str(),
                    &document.language_id,
                    document.version,
                    &document.text,
                );
                Ok(true)
            }
            "textDocument/didChange" => {
                let params: DidChangeTextDocumentParams = read(params)?;
                self.workspace.change(
                    params.text_document.uri.as_str(),
                    params.text_document.version,
                    &params.content_changes,
                );
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, Fault> {
    serde_json::from_value(params).map_err(|error| Fault::Params(error.to_string()))
}

fn write(answer: impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(&answer)
        .map_err(|error| Fault::Refused(format!("failed to write the answer: {error}")))
}

fn capabilities(utf8: bool) -> ServerCapabilities {
    let triggers = [".", "(", "/", "{", "=", " "].map(str::to_owned).to_vec();
    let none = WorkDoneProgressOptions::default();
    ServerCapabilities {
        position_encoding: Some(if utf8 {
            PositionEncodingKind::UTF8
        } else {
            PositionEncodingKind::UTF16
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Kind(
            TextDocumentSyncKind::INCREMENTAL,
        )),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: none,
        })),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![
                CodeActionKind::QUICKFIX,
                CodeActionKind::REFACTOR_REWRITE,
            ]),
            work_done_progress_options: none,
            resolve_provider: None,
        })),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![crate::action::CONVERT.to_owned()],
            work_done_progress_options: none,
        }),
        semantic_tokens_provider: Some(SemanticTokensServerCapabilities::SemanticTokensOptions(
            SemanticTokensOptions {
                work_done_progress_options: none,
                legend: tokens::legend(),
                range: None,
                full: Some(SemanticTokensFullOptions::Bool(true)),
            },
        )),
        ..ServerCapabilities::default()
    }
}
