//! Parser events to trees: follows aliases and merge keys, and keeps comments aside.

use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, StructureStyle, Tag};
use rustc_hash::{FxHashMap, FxHashSet};

use super::alias::Anchored;
use super::map::MapFrame;
use super::syntax;
use super::{Comment, CoreTag, MAX_DEPTH, Node, NodeKind, Scalar, Style};
use crate::diagnostic::{Diagnostic, Mark, Span};

/// Characters of a key; JSON sets no limit, so this one is generous.
const LONGEST_KEY: usize = 1 << 16;

pub(super) struct Builder<'a> {
    pub name: &'a Arc<str>,
    pub text: &'a str,
    pub diagnostics: &'a mut Vec<Diagnostic>,
    pub documents: Vec<Arc<Node>>,
    pub comments: Vec<Comment>,
    pub stack: Vec<Frame>,
    pub anchors: FxHashMap<usize, Anchored>,
    keys: FxHashSet<Arc<str>>,
    pub written: usize,
    /// Values copied for anchors and aliases.
    pub copied: usize,
}

pub(super) struct Frame {
    start: Mark,
    end: Mark,
    flow: bool,
    anchor: usize,
    body: Body,
}

enum Body {
    Seq(Vec<Node>),
    Map(Box<MapFrame>),
}

/// Why a document was given up; the diagnostic is already out.
pub(super) struct Abandoned;

pub(super) fn mark(marker: granit_parser::Marker) -> Mark {
    Mark {
        offset: marker.byte_offset().unwrap_or_default() as u32,
        line: marker.line() as u32,
        column: marker.col() as u32 + 1,
    }
}

fn span_of(span: &granit_parser::Span) -> Span {
    Span::new(mark(span.start), mark(span.end))
}

impl<'a> Builder<'a> {
    pub fn new(name: &'a Arc<str>, text: &'a str, diagnostics: &'a mut Vec<Diagnostic>) -> Self {
        Builder {
            name,
            text,
            diagnostics,
            documents: Vec::new(),
            comments: Vec::new(),
            stack: Vec::new(),
            anchors: FxHashMap::default(),
            keys: FxHashSet::default(),
            written: 0,
            copied: 0,
        }
    }

    /// Reads the whole text; after a fault it goes on with the next document.
    pub fn run(&mut self) {
        let options = granit_parser::options! {
            emit_unresolved_aliases: true,
            block_scalar_eof_without_line_feed: true,
            max_buffered_comment_events: usize::MAX,
            simple_key_max_lookahead: LONGEST_KEY,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH
        };
        let mut parser = Parser::new_from_str_with_options(self.text, options);
        loop {
            let failed = match parser.next_event() {
                None => break,
                Some(Ok((event, span))) => self.event(event, &span).is_err(),
                Some(Err(error)) => {
                    self.refused(&error);
                    true
                }
            };
            if failed && !self.next_document(&mut parser) {
                break;
            }
        }
        self.comments.sort_by_key(|comment| comment.span.start);
    }

    fn refused(&mut self, error: &granit_parser::ScanError) {
        let at = mark(*error.marker());
        // `{{a}}-b` without quotes: what follows the tag is refused for the same reason as the tag.
        let tag = self
            .diagnostics
            .last_mut()
            .filter(|fault| fault.code == "unquoted-tag");
        if let Some((fault, span)) = tag.and_then(|fault| fault.span.map(|span| (fault, span)))
            && span.start.line == at.line
        {
            let line = self.text[span.start.offset as usize..]
                .lines()
                .next()
                .unwrap_or_default();
            fault.help = Some(format!("quote it: {:?}", line.trim_end()));
            return;
        }
        self.diagnostics
            .push(syntax::explain(error, self.text, self.name));
    }

    fn next_document(&mut self, parser: &mut Parser<'a, StrInput<'a>>) -> bool {
        self.reset();
        matches!(parser.proceed_next_document(), Ok(true))
    }

    fn reset(&mut self) {
        self.stack.clear();
        self.anchors.clear();
    }

    fn event(&mut self, event: Event<'a>, at: &granit_parser::Span) -> Result<(), Abandoned> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let node = self.scalar(&value, style, tag.as_deref(), span_of(at));
                self.finish(node, anchor)
            }
            Event::SequenceStart(style, anchor, _) => {
                self.open(at, style, anchor, Body::Seq(Vec::new()))
            }
            Event::MappingStart(style, anchor, _) => {
                self.open(at, style, anchor, Body::Map(Box::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(mark(at.end)),
            Event::Alias(anchor) => self.alias(anchor, span_of(at)),
            Event::UnresolvedAlias(name) => self.unknown_alias(&name, span_of(at)),
            Event::Comment(text, _) => {
                self.comment(&text, span_of(at));
                Ok(())
            }
            Event::DocumentStart(..) => {
                self.reset();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn comment(&mut self, text: &str, span: Span) {
        let before = &self.text[..span.start.offset as usize];
        let line = &before[before.rfind('\n').map_or(0, |newline| newline + 1)..];
        self.comments.push(Comment {
            span,
            text: text.into(),
            own_line: line.trim_start_matches('\u{feff}').trim().is_empty(),
        });
    }

    fn scalar(&self, value: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Node {
        let style = match style {
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
            ScalarStyle::Plain => Style::Plain,
        };
        let block = matches!(style, Style::Literal | Style::Folded);
        let raw = &self.text[span.range()];
        let end = if block {
            span.start.after(raw.trim_end())
        } else {
            span.end
        };
        // The parser gives an absent value as `~`.
        let value = if style == Style::Plain && raw.is_empty() {
            ""
        } else {
            value
        };
        Node {
            span: Span::new(span.start, end),
            kind: NodeKind::Scalar(Scalar {
                value: value.into(),
                style,
                tag: tag.and_then(core_tag),
            }),
            alias: None,
        }
    }

    fn open(
        &mut self,
        at: &granit_parser::Span,
        style: StructureStyle,
        anchor: usize,
        body: Body,
    ) -> Result<(), Abandoned> {
        let start = mark(at.start);
        if self.stack.len() >= MAX_DEPTH {
            return Err(self.too_deep(Span::at(start)));
        }
        let flow = matches!(style, StructureStyle::Flow);
        self.stack.push(Frame {
            start,
            end: mark(at.end),
            flow,
            anchor,
            body,
        });
        Ok(())
    }

    pub fn too_deep(&mut self, span: Span) -> Abandoned {
        let message = format!("values are nested more than {MAX_DEPTH} deep");
        self.report(Diagnostic::error("too-deep", self.name, message).at(span));
        Abandoned
    }

    fn close(&mut self, at: Mark) -> Result<(), Abandoned> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let span = Span::new(frame.start, if frame.flow { at } else { frame.end });
        let kind = match frame.body {
            Body::Seq(items) => NodeKind::Seq(items),
            Body::Map(map) if map.unquoted => NodeKind::Scalar(self.unquoted(span)),
            Body::Map(map) => {
                let (entries, faults) = map.close(self.name);
                self.diagnostics.extend(faults);
                NodeKind::Map(entries)
            }
        };
        self.finish(
            Node {
                span,
                kind,
                alias: None,
            },
            frame.anchor,
        )
    }

    /// Takes `{{…}}` without quotes, a map to YAML, for the text it was meant to be.
    fn unquoted(&mut self, span: Span) -> Scalar {
        let raw = &self.text[span.range()];
        self.report(
            Diagnostic::error(
                "unquoted-tag",
                self.name,
                "a value that starts with `{{` is a map, not text",
            )
            .at(span)
            .help(format!("quote it: {raw:?}")),
        );
        Scalar {
            value: raw.into(),
            style: Style::Plain,
            tag: Some(CoreTag::Str),
        }
    }

    /// Puts a finished value into the collection it belongs to.
    pub fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Abandoned> {
        self.written += 1;
        if anchor != 0 {
            self.anchor(anchor, &node)?;
        }
        self.place(node);
        Ok(())
    }

    pub fn place(&mut self, node: Node) {
        let Some(frame) = self.stack.last_mut() else {
            if !node.is_null() {
                self.documents.push(Arc::new(node));
            }
            return;
        };
        let written = node.alias.as_deref().map_or(node.span, |alias| *alias);
        frame.end = frame.end.max(written.end);
        match &mut frame.body {
            Body::Seq(items) => items.push(node),
            Body::Map(map) => {
                let tag = self.text[frame.start.offset as usize..].starts_with("{{");
                let fault = map.push(node, &mut self.keys, frame.flow && tag, self.name);
                self.diagnostics.extend(fault);
            }
        }
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

fn core_tag(tag: &Tag) -> Option<CoreTag> {
    match tag.core_suffix()? {
        "str" => Some(CoreTag::Str),
        "int" => Some(CoreTag::Int),
        "float" => Some(CoreTag::Float),
        "bool" => Some(CoreTag::Bool),
        "null" => Some(CoreTag::Null),
        "binary" => Some(CoreTag::Binary),
        _ => None,
    }
}
