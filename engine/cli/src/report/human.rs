//! Diagnostics for people: the text concerned, with a mark under what is meant.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use tiphys_spec::{Diagnostic, Severity, Source, Span};

use crate::printer::Printer;
use crate::style;

/// One diagnostic, with an excerpt where its text is at hand.
pub fn human(printer: &Printer, fault: &Diagnostic, source: Option<&Source>) -> String {
    let level = match fault.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(&fault.message).id(fault.code);
    let mut group = match source.zip(fault.span) {
        Some((source, span)) => title.element(excerpt(fault, source, span)),
        None => Group::with_title(title).element(annotate_snippets::Origin::path(&*fault.source)),
    };
    if let Some(help) = &fault.help {
        group = group.element(Level::HELP.message(help));
    }
    let decor = if printer.utf8() {
        DecorStyle::Unicode
    } else {
        DecorStyle::Ascii
    };
    // The printer takes the colours out again where they are not wanted.
    Renderer::styled()
        .decor_style(decor)
        .term_width(printer.width())
        .render(&[group])
}

/// The lines around the places of a fault; only these are given to the renderer, however long the text is.
fn excerpt<'a>(
    fault: &'a Diagnostic,
    source: &'a Source,
    span: Span,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let text = &*source.text;
    let places = || fault.related.iter().map(|(span, _)| span).chain([&span]);
    let first = places()
        .map(|span| span.start.offset as usize)
        .min()
        .unwrap_or(0)
        .min(text.len());
    let last = places()
        .map(|span| span.start.offset as usize)
        .max()
        .unwrap_or(0)
        .min(text.len());
    let start = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[last..]
        .find('\n')
        .map_or(text.len(), |newline| last + newline);
    let line = places()
        .map(|span| span.start.line as usize)
        .min()
        .unwrap_or(1);
    let shift = |range: Range<usize>| range.start - start..range.end - start;
    let related = fault.related.iter().map(|(span, what)| {
        AnnotationKind::Context
            .span(shift(one_line(text, *span)))
            .label(what)
    });
    Snippet::source(&text[start..end])
        .path(&*fault.source)
        .line_start(line)
        .annotation(AnnotationKind::Primary.span(shift(one_line(text, span))))
        .annotations(related)
}

/// As much of a place as is on its first line.
fn one_line(text: &str, span: Span) -> Range<usize> {
    let start = (span.start.offset as usize).min(text.len());
    let end = (span.end.offset as usize).clamp(start, text.len());
    let line = text[start..end]
        .find('\n')
        .map_or(end, |newline| start + newline);
    start..line
}

/// One line: `file:3:7: error[code]: message`.
pub fn simple(fault: &Diagnostic) -> String {
    let style = if fault.is_error() {
        style::ERROR
    } else {
        style::WARNING
    };
    let text = fault.to_string();
    let word = fault.severity.to_string();
    match text.split_once(&format!(" {word}[")) {
        Some((place, rest)) => format!("{place} {}[{rest}", style::paint(style, word)),
        None => text,
    }
}
