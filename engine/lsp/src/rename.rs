//! New names: in all files, or not at all.

use std::collections::HashMap;

use lsp_types::{Position, PrepareRenameResponse, TextEdit, Uri, WorkspaceEdit};
use tiphys_dsl::index::{SymbolKind, Target};

use crate::document::{Document, Notation};
use crate::names::{Found, called};
use crate::workspace::Workspace;

/// Changes keyed by file. The type of the key is the protocol's.
#[allow(clippy::mutable_key_type)]
type Changes = HashMap<Uri, Vec<TextEdit>>;

impl Workspace {
    /// The name at a position, if it can be changed.
    pub fn can_rename(
        &self,
        uri: &str,
        position: Position,
    ) -> Result<PrepareRenameResponse, String> {
        let found = self.renamed(uri, position)?;
        let (document, range, _) = self.at(uri, position).ok_or("nothing here has a name")?;
        let range = document.text.range(&range, self.encoding);
        Ok(PrepareRenameResponse::RangeWithPlaceholder {
            range,
            placeholder: found.symbol().name.clone(),
        })
    }

    fn renamed(&self, uri: &str, position: Position) -> Result<Found, String> {
        let (document, _, target) = self.at(uri, position).ok_or("nothing here has a name")?;
        if let Target::Known(path) = &target {
            return Err(format!(
                "`{}` is not yours to name",
                path.trim_start_matches("task.")
            ));
        }
        let found = self
            .resolve(document, &target)
            .ok_or("what this name stands for is in none of the files")?;
        if found.document.notation == Notation::Yaml {
            return Err(format!(
                "it is defined in {}: names can be changed in .flow files",
                found.document.name()
            ));
        }
        Ok(found)
    }

    /// The edits that give something a new name.
    pub fn rename(
        &self,
        uri: &str,
        position: Position,
        name: &str,
    ) -> Result<WorkspaceEdit, String> {
        let found = self.renamed(uri, position)?;
        self.judge(&found, name)?;
        #[allow(clippy::mutable_key_type)]
        let mut changes = Changes::new();
        self.define(&found, name, &mut changes)?;
        for (document, range) in self.uses(&found) {
            let text = match task_here(&document, &found, range.start) {
                Some((task, start)) if start == range.start => format!("{task} = {name}"),
                Some((task, start)) => {
                    self.edit(&document, start..start, format!("{task} = "), &mut changes)?;
                    name.to_owned()
                }
                None => name.to_owned(),
            };
            self.edit(&document, range, text, &mut changes)?;
        }
        Ok(WorkspaceEdit {
            changes: Some(changes),
            ..WorkspaceEdit::default()
        })
    }

    /// The name itself. A task that is called as its template gets a name of its own.
    #[allow(clippy::mutable_key_type)]
    fn define(&self, found: &Found, name: &str, changes: &mut Changes) -> Result<(), String> {
        let (document, symbol) = (&found.document, found.symbol());
        let is_called = |at: usize| {
            document
                .index()
                .uses
                .iter()
                .any(|other| other.at.start == at)
        };
        if symbol.kind == SymbolKind::Task && is_called(symbol.at.start) {
            let start = symbol.whole.start;
            return self.edit(document, start..start, format!("{name} = "), changes);
        }
        self.edit(document, symbol.at.clone(), name.to_owned(), changes)
    }

    #[allow(clippy::mutable_key_type)]
    fn edit(
        &self,
        document: &Document,
        range: std::ops::Range<usize>,
        text: String,
        changes: &mut Changes,
    ) -> Result<(), String> {
        let uri: Uri = document
            .uri
            .parse()
            .map_err(|_| format!("the address of {} cannot be read", document.name()))?;
        let edit = TextEdit {
            range: document.text.range(&range, self.encoding),
            new_text: text,
        };
        changes.entry(uri).or_default().push(edit);
        Ok(())
    }

    /// Whether something can be called so.
    fn judge(&self, found: &Found, name: &str) -> Result<(), String> {
        let kind = found.symbol().kind;
        let dotted = matches!(
            kind,
            SymbolKind::Workflow
                | SymbolKind::Library
                | SymbolKind::ClusterLibrary
                | SymbolKind::Cron
        );
        let letter =
            |c: char| c.is_ascii_alphanumeric() || c == '-' || c == if dotted { '.' } else { '_' };
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !first
            || !name.chars().all(letter)
            || name.ends_with('-')
            || dotted && name.contains(char::is_uppercase)
        {
            return Err(format!("`{name}` cannot name a {}", called(kind)));
        }
        let index = found.document.index();
        let owner = found.symbol().owner;
        let gives =
            |kind: SymbolKind| matches!(kind, SymbolKind::OutParameter | SymbolKind::OutArtifact);
        let taken = index.symbols.iter().enumerate().any(|(at, other)| {
            let alike = other.kind == kind || gives(other.kind) && gives(kind);
            at != found.symbol && other.name == name && other.owner == owner && alike
        });
        if taken {
            return Err(format!("there is another {} `{name}`", called(kind)));
        }
        Ok(())
    }
}

/// The name of a task that has it from the template it calls, and by which others know it; and where the task begins.
fn task_here<'d>(document: &'d Document, found: &Found, at: usize) -> Option<(&'d str, usize)> {
    if found.symbol().kind != SymbolKind::Template {
        return None;
    }
    let index = document.index();
    let task = index
        .symbols
        .iter()
        .position(|symbol| symbol.kind == SymbolKind::Task && symbol.at.start == at)?;
    let known = index
        .uses
        .iter()
        .any(|name| name.target == Target::Symbol(task));
    known.then(|| {
        (
            index.symbols[task].name.as_str(),
            index.symbols[task].whole.start,
        )
    })
}
