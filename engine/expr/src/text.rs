//! A string with tags, parsed once.

use std::borrow::Cow;
use std::ops::Range;

use crate::limits;
use crate::program::{Program, SyntaxError};
use crate::render::{self, RenderError, Unresolved};
use crate::scope::Env;

/// A string with tags: `x-{{inputs.parameters.n}}-{{=asInt(item) + 1}}`.
#[derive(Debug, Clone)]
pub struct Text {
    source: Box<str>,
    tags: Vec<Tag>,
}

/// One tag of a text.
#[derive(Debug, Clone)]
pub struct Tag {
    /// Bytes of the text that the tag takes, braces included. For the inner tag of a nested one the inner braces alone.
    pub range: Range<usize>,
    pub kind: TagKind,
}

/// The two kinds of tags.
#[derive(Debug, Clone)]
pub enum TagKind {
    /// `{{name}}`; the name without the white space around it.
    Simple(String),
    /// `{{=…}}`; a fault of syntax is kept here, for lint to report and for rendering to fail with.
    Expression(Box<Result<Program, SyntaxError>>),
}

impl Tag {
    /// Offset in the text of an offset in this tag's expression.
    pub fn offset_of(&self, inside: usize) -> usize {
        self.range.start + "{{=".len() + inside
    }
}

impl Text {
    /// Finds the tags. Never fails: what is no tag is text.
    ///
    /// A simple tag ends at the first `}}`. An expression ends at the first `}}` that is not inside its own strings or
    /// braces, so that a nested map literal can be written, which Argo cuts short. Of nested simple tags,
    /// `{{inputs.parameters.{{workflow.parameters.x}}}}`, the inner one is a tag and the outer is left for a later rendering.
    pub fn parse(source: &str) -> Text {
        let mut tags = Vec::new();
        let mut at = 0;
        while let Some(open) = source[at..].find("{{") {
            let start = at + open;
            let inside = start + 2;
            let is_expression = source[inside..].starts_with('=');
            let close = if is_expression {
                expression_end(&source[inside..])
            } else {
                source[inside..].find("}}")
            };
            let Some(close) = close.map(|close| inside + close) else {
                break;
            };
            at = close + 2;
            let content = &source[inside..close];
            if is_expression {
                let program = Program::parse(&content[1..]);
                tags.push(Tag {
                    range: start..at,
                    kind: TagKind::Expression(Box::new(program)),
                });
                continue;
            }
            match content.rfind("{{") {
                // `{{{{x}}}}` stays: Argo tries an inner tag only where something stands before it.
                Some(0) => {}
                Some(inner) => tags.push(simple(inside + inner..at, &content[inner + 2..])),
                None => tags.push(simple(start..at, content)),
            }
        }
        Text {
            source: source.into(),
            tags,
        }
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// There is no tag in it.
    pub fn is_literal(&self) -> bool {
        self.tags.is_empty()
    }

    /// Its tags, in the order of the text.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The tag, if the whole text is exactly one.
    pub fn single_tag(&self) -> Option<&Tag> {
        match self.tags.as_slice() {
            [tag] if tag.range == (0..self.source.len()) => Some(tag),
            _ => None,
        }
    }

    /// Puts values in the place of the tags. A literal text is lent out as it is.
    ///
    /// # Errors
    /// [`RenderError`]: a name that is not in scope under [`Unresolved::Fail`], an absent output, a bad expression.
    pub fn render<'a>(
        &'a self,
        env: &Env<'a>,
        unresolved: Unresolved,
    ) -> Result<Cow<'a, str>, RenderError> {
        if self.tags.is_empty() {
            return Ok(Cow::Borrowed(&self.source));
        }
        let single = self.single_tag().is_some();
        let mut out = String::with_capacity(self.source.len() + 16);
        let mut at = 0;
        for tag in &self.tags {
            out.push_str(&self.source[at..tag.range.start]);
            at = tag.range.end;
            match self.fill(tag, single, env, unresolved)? {
                Some(text) if single => return Ok(text),
                Some(text) => out.push_str(&text),
                None => out.push_str(&self.source[tag.range.clone()]),
            }
            limits::text(out.len())?;
        }
        out.push_str(&self.source[at..]);
        Ok(Cow::Owned(out))
    }

    fn fill<'a>(
        &self,
        tag: &Tag,
        single: bool,
        env: &Env<'a>,
        unresolved: Unresolved,
    ) -> render::Filled<'a> {
        match &tag.kind {
            TagKind::Simple(name) => render::simple(name, single, env, unresolved),
            TagKind::Expression(program) => match &**program {
                Ok(program) => render::expression(program, env, unresolved),
                Err(error) => {
                    let expression = self.source[tag.range.start + 3..tag.range.end - 2]
                        .trim()
                        .to_owned();
                    Err(RenderError::Syntax {
                        expression,
                        error: error.clone(),
                    })
                }
            },
        }
    }
}

fn simple(range: Range<usize>, content: &str) -> Tag {
    Tag {
        range,
        kind: TagKind::Simple(content.trim().to_owned()),
    }
}

/// Where an expression's closing `}}` is: outside of strings and of braces that it opened itself, else the first one.
fn expression_end(inside: &str) -> Option<usize> {
    let bytes = inside.as_bytes();
    let mut braces = 0usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => match string_end(&bytes[at + 1..], quote) {
                Some(end) => at += end + 1,
                None => break,
            },
            b'{' => braces += 1,
            b'}' if braces > 0 => braces -= 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    inside.find("}}")
}

/// Length of a string's rest, its closing quote excluded.
fn string_end(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}
