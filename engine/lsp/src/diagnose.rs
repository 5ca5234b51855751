//! What is wrong with a file.

use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Range,
};
use tiphys_graph::check;
use tiphys_spec::{Kind, Severity, Span};

use crate::document::Document;
use crate::workspace::Workspace;

/// More than this is shown of no file.
const MAX: usize = 500;

impl Workspace {
    /// Every fault of a file, in the order of its text. Its cost is that of compiling and checking.
    #[must_use]
    pub fn diagnostics(&self, uri: &str) -> Vec<Diagnostic> {
        let Some(document) = self.get(uri).filter(|document| document.concerns_us()) else {
            return Vec::new();
        };
        let read = document.read();
        let mut library = self.library().clone();
        // Where two files hold templates of one name, a file means its own.
        for object in &read.objects {
            if matches!(
                object.kind,
                Kind::WorkflowTemplate | Kind::ClusterWorkflowTemplate | Kind::ConfigMap
            ) {
                library.add(object, &read.source);
            }
        }
        let mut faults = read.diagnostics.clone();
        faults.extend(
            read.objects
                .iter()
                .flat_map(|object| check(object, &read.source, &library)),
        );
        faults.retain(|fault| *fault.source == *document.uri);
        tiphys_spec::diagnostic::sort(&mut faults);
        faults.dedup();
        faults
            .iter()
            .take(MAX)
            .map(|fault| self.shown(document, fault))
            .collect()
    }

    fn shown(&self, document: &Document, fault: &tiphys_spec::Diagnostic) -> Diagnostic {
        let severity = match fault.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Info => DiagnosticSeverity::INFORMATION,
        };
        let message = match &fault.help {
            Some(help) => format!("{}\n{help}", fault.message),
            None => fault.message.clone(),
        };
        let uri = document.uri.parse::<lsp_types::Uri>().ok();
        let related = fault.related.iter().filter_map(|(span, message)| {
            let location = Location {
                uri: uri.clone()?,
                range: self.span(document, *span),
            };
            Some(DiagnosticRelatedInformation {
                location,
                message: message.clone(),
            })
        });
        let related: Vec<_> = related.collect();
        Diagnostic {
            range: fault
                .span
                .map_or_else(Range::default, |span| self.span(document, span)),
            severity: Some(severity),
            code: Some(NumberOrString::String(fault.code.to_owned())),
            source: Some("tiphys".to_owned()),
            message,
            related_information: (!related.is_empty()).then_some(related),
            ..Diagnostic::default()
        }
    }

    fn span(&self, document: &Document, span: Span) -> Range {
        let range = span.range();
        // A fault of a whole block is shown at its first line.
        let text = &document.text.text;
        let end = text
            .get(range.clone())
            .and_then(|inside| inside.find('\n'))
            .map_or(range.end, |line| range.start + line);
        document.text.range(&(range.start..end), self.encoding)
    }
}
