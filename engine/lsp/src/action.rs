//! Whole files: laid out, or in the other notation; and small repairs.

use std::ops::Range;

use lsp_types::{
    CodeAction, CodeActionKind, Command, CreateFile, CreateFileOptions, Diagnostic,
    DocumentChangeOperation, DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier,
    Position, ResourceOp, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};
use tiphys_spec::Kind;

use crate::document::{Document, Notation};
use crate::workspace::Workspace;

/// The command that writes a file beside another, in the other notation.
pub const CONVERT: &str = "tiphys.convert";

impl Workspace {
    /// The edits that lay a file out; none for one that cannot be read.
    #[must_use]
    pub fn formatting(&self, uri: &str) -> Vec<TextEdit> {
        let Some(document) = self
            .get(uri)
            .filter(|document| document.notation == Notation::Flow)
        else {
            return Vec::new();
        };
        match tiphys_dsl::format(&document.uri, &document.text.text) {
            Ok(laid) => self.difference(document, &laid),
            Err(_) => Vec::new(),
        }
    }

    /// One edit from the first line that differs to the last.
    fn difference(&self, document: &Document, laid: &str) -> Vec<TextEdit> {
        let text = &*document.text.text;
        if text == laid {
            return Vec::new();
        }
        let same = |a: (&str, &str)| a.0 == a.1;
        let start: usize = text
            .split_inclusive('\n')
            .zip(laid.split_inclusive('\n'))
            .take_while(|pair| same(*pair))
            .map(|(line, _)| line.len())
            .sum();
        let lines = |text: &'_ str| {
            text.split_inclusive('\n')
                .rev()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (old, new) = (lines(&text[start..]), lines(&laid[start..]));
        let end: usize = old
            .iter()
            .zip(&new)
            .take_while(|(a, b)| a == b)
            .map(|(line, _)| line.len())
            .sum();
        let range: Range<usize> = start..text.len() - end;
        vec![TextEdit {
            range: document.text.range(&range, self.encoding),
            new_text: laid[start..laid.len() - end].to_owned(),
        }]
    }

    /// What can be done here. Converting is a command: its edit comes when it is worked out.
    #[must_use]
    pub fn actions(&self, uri: &str, diagnostics: &[Diagnostic]) -> Vec<CodeAction> {
        let Some(document) = self.get(uri).filter(|document| document.concerns_us()) else {
            return Vec::new();
        };
        let mut actions: Vec<CodeAction> = diagnostics
            .iter()
            .filter_map(|fault| self.repair(document, fault))
            .collect();
        let title = match document.notation {
            Notation::Flow => "Convert to YAML",
            Notation::Yaml if document.text.text.contains("argoproj.io") => "Convert to .flow",
            Notation::Yaml => return actions,
        };
        let convert = CodeAction {
            title: title.to_owned(),
            kind: Some(CodeActionKind::REFACTOR_REWRITE),
            command: Some(Command {
                title: title.to_owned(),
                command: CONVERT.to_owned(),
                arguments: Some(vec![serde_json::Value::from(uri)]),
            }),
            ..CodeAction::default()
        };
        actions.push(convert);
        actions
    }

    /// The edit that writes a file beside this one, in the other notation.
    pub fn converted(&self, uri: &str) -> Result<WorkspaceEdit, String> {
        let document = self.get(uri).ok_or("the file is not open")?;
        let read = document.read();
        if !read.is_sound()
            || read
                .objects
                .iter()
                .all(|object| matches!(object.kind, Kind::Other(_) | Kind::ConfigMap))
        {
            return Err("the file has errors: put them right first".to_owned());
        }
        let (ending, text) = match document.notation {
            Notation::Flow => (
                "yaml",
                tiphys_dsl::yaml(&read.objects, &read.source)
                    .map_err(|error| format!("failed to {error}"))?,
            ),
            Notation::Yaml => ("flow", tiphys_dsl::raise(&read.objects, &read.source).text),
        };
        let stem = document
            .uri
            .rsplit_once('.')
            .map_or(document.uri.as_str(), |(stem, _)| stem);
        let target: Uri = format!("{stem}.{ending}")
            .parse()
            .map_err(|_| "the file's address cannot be read".to_owned())?;
        let options = CreateFileOptions {
            overwrite: Some(false),
            ignore_if_exists: Some(false),
        };
        let create = CreateFile {
            uri: target.clone(),
            options: Some(options),
            annotation_id: None,
        };
        let edit = TextEdit {
            range: lsp_types::Range::new(Position::new(0, 0), Position::new(0, 0)),
            new_text: text,
        };
        let fill = TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier {
                uri: target,
                version: None,
            },
            edits: vec![OneOf::Left(edit)],
        };
        let operations = vec![
            DocumentChangeOperation::Op(ResourceOp::Create(create)),
            DocumentChangeOperation::Edit(fill),
        ];
        Ok(WorkspaceEdit {
            document_changes: Some(DocumentChanges::Operations(operations)),
            ..WorkspaceEdit::default()
        })
    }

    /// `did you mean …` as an edit.
    #[allow(clippy::mutable_key_type)]
    fn repair(&self, document: &Document, fault: &Diagnostic) -> Option<CodeAction> {
        let (_, rest) = fault.message.split_once("did you mean `")?;
        let (meant, _) = rest.split_once('`')?;
        let range = document.text.offset(fault.range.start, self.encoding)
            ..document.text.offset(fault.range.end, self.encoding);
        let written = document.text.text.get(range)?;
        let is_name = !written.is_empty()
            && written
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        let uri: Uri = document.uri.parse().ok().filter(|_| is_name)?;
        let edit = TextEdit {
            range: fault.range,
            new_text: meant.to_owned(),
        };
        Some(CodeAction {
            title: format!("Change to `{meant}`"),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![fault.clone()]),
            edit: Some(WorkspaceEdit {
                changes: Some([(uri, vec![edit])].into()),
                ..WorkspaceEdit::default()
            }),
            is_preferred: Some(true),
            ..CodeAction::default()
        })
    }
}
