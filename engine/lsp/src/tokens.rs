//! Colours by meaning: what each name is. Words and texts are coloured by the grammar of the editor.

use std::ops::Range;

use lsp_types::{SemanticToken, SemanticTokenType, SemanticTokensLegend};
use tiphys_dsl::index::{SymbolKind, Target};

use crate::workspace::Workspace;

#[must_use]
pub(crate) fn legend() -> SemanticTokensLegend {
    let types = [
        SemanticTokenType::NAMESPACE,
        SemanticTokenType::FUNCTION,
        SemanticTokenType::PARAMETER,
        SemanticTokenType::VARIABLE,
        SemanticTokenType::PROPERTY,
        SemanticTokenType::CLASS,
    ];
    SemanticTokensLegend {
        token_types: types.to_vec(),
        token_modifiers: Vec::new(),
    }
}

fn of(kind: SymbolKind) -> u32 {
    match kind {
        SymbolKind::Library | SymbolKind::ClusterLibrary => 0,
        SymbolKind::Template => 1,
        SymbolKind::Parameter | SymbolKind::Artifact => 2,
        SymbolKind::Task | SymbolKind::Item | SymbolKind::Volume => 3,
        SymbolKind::OutParameter | SymbolKind::OutArtifact => 4,
        SymbolKind::Workflow | SymbolKind::Cron | SymbolKind::Object => 5,
    }
}

impl Workspace {
    #[must_use]
    pub fn tokens(&self, uri: &str) -> Vec<SemanticToken> {
        let Some(document) = self.get(uri).filter(|document| document.concerns_us()) else {
            return Vec::new();
        };
        let index = document.index();
        let defined = index
            .symbols
            .iter()
            .filter(|symbol| !symbol.name.is_empty());
        let mut names: Vec<(Range<usize>, u32)> = defined
            .map(|symbol| (symbol.at.clone(), of(symbol.kind)))
            .collect();
        names.extend(index.uses.iter().filter_map(|name| {
            let kind = match &name.target {
                Target::Symbol(symbol) => of(index.symbols[*symbol].kind),
                Target::Foreign(foreign) => match (&foreign.template, &foreign.member) {
                    (_, Some((kind, _))) => of(*kind),
                    (Some(_), None) => 1,
                    (None, None) => 0,
                },
                Target::Known(_) => 4,
                Target::Missing => return None,
            };
            Some((name.at.clone(), kind))
        }));
        // Of a task without a name of its own and the template it calls, the template is shown.
        names.sort_by_key(|(range, kind)| (range.start, *kind));
        let (mut found, mut end, mut last) = (Vec::new(), 0, lsp_types::Position::new(0, 0));
        for (range, kind) in names {
            if range.start < end || range.is_empty() {
                continue;
            }
            end = range.end;
            let shown = document.text.range(&range, self.encoding);
            let (start, stop) = (shown.start, shown.end);
            if start.line != stop.line {
                continue;
            }
            let same_line = start.line == last.line;
            found.push(SemanticToken {
                delta_line: start.line - last.line,
                delta_start: if same_line {
                    start.character - last.character
                } else {
                    start.character
                },
                length: stop.character - start.character,
                token_type: kind,
                token_modifiers_bitset: 0,
            });
            last = start;
        }
        found
    }
}
