//! What could stand at a place of a text: the block around it, and the part of the statement.

use std::ops::Range;

use super::Outline;
use super::call;
use super::signature::{close, pieces};
use crate::outline::{Block, Statement, TEMPLATES, TOP};
use crate::scan::Kind;

/// The block around a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    File,
    /// Of a workflow, library or cron: its first word.
    Object(String),
    /// Of a template: its kind.
    Template(String),
    /// Steps that run side by side.
    Parallel,
    /// Of a call in steps or dag.
    Call,
    /// Of a container inside of a template.
    Container,
    /// Fields of what is named: the words that lead there.
    Fields(Vec<String>),
}

/// What is being written at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// The first word of a statement.
    Statement,
    /// What is called.
    Target,
    /// The name of an argument, in a call that starts at this byte.
    Argument { call: usize },
    /// A name in an expression: the segments before the last point.
    Expression { path: Vec<String> },
    /// What a task waits for.
    After,
    /// Behind a call.
    Modifier,
    /// A type.
    Type,
    /// The name of a template.
    Template,
    /// The name of a library.
    Library,
    /// What an output is.
    Source,
    /// Nothing that can be known.
    Nothing,
}

impl Outline {
    /// The block around `offset`, what is being written there, and the bytes of the word it is part of.
    #[must_use]
    pub fn at(&self, offset: usize) -> (Place, Spot, Range<usize>) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let (place, statement) = self.around(offset);
        let start = self.word_start(offset);
        let word = start..offset;
        let quiet = self.tokens.iter().any(|token| {
            let range = token.range();
            match token.kind {
                Kind::Comment => range.start < offset && offset <= range.end,
                Kind::Raw => range.start < offset && offset < range.end,
                _ => false,
            }
        });
        if quiet {
            return (place, Spot::Nothing, word);
        }
        if let Some(path) = self.hole(offset) {
            return (place, Spot::Expression { path }, word);
        }
        let in_text = |kind| matches!(kind, Kind::String | Kind::Fence);
        let inside = |range: Range<usize>| range.start < offset && offset < range.end;
        if self
            .tokens
            .iter()
            .any(|token| in_text(token.kind) && inside(token.range()))
        {
            return (place, Spot::Nothing, word);
        }
        let spot = match statement {
            Some(statement) if self.head(statement).start < start => {
                self.spot(&place, statement, offset, start)
            }
            _ => Spot::Statement,
        };
        (place, spot, word)
    }

    fn word_start(&self, offset: usize) -> usize {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let before = &self.text[..offset];
        offset - before.chars().rev().take_while(|c| letter(*c)).count()
    }

    /// The names before the last point, where `offset` is in a `${…` of its line.
    fn hole(&self, offset: usize) -> Option<Vec<String>> {
        let line = self.text[..offset]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let before = &self.text[line..offset];
        let open = before.rfind("${")?;
        (!before[open..].contains('}')).then(|| self.path(offset))
    }

    fn path(&self, offset: usize) -> Vec<String> {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let before = &self.text[..offset];
        let start = offset - before.chars().rev().take_while(|c| letter(*c)).count();
        let mut path: Vec<String> = self.text[start..offset]
            .split('.')
            .map(str::to_owned)
            .collect();
        path.pop();
        path
    }

    /// The block that `offset` is in, and the statement of it that is being written.
    fn around(&self, offset: usize) -> (Place, Option<&Statement>) {
        let mut place = Place::File;
        let mut block = &self.file;
        loop {
            let found = block.statements.iter().find(|statement| {
                let whole = self.whole(statement);
                whole.start <= offset
                    && (offset <= whole.end || self.open_until(statement, block) >= offset)
            });
            let Some(statement) = found else {
                return (place, None);
            };
            let Some(inner) = statement
                .block
                .as_ref()
                .filter(|inner| self.inside(inner, statement, block, offset))
            else {
                let head = self.head(statement);
                // Behind the end of its line a new statement begins.
                let fresh = offset > head.end
                    && (self.text[head.end..offset].contains(['\n', ';', '}'])
                        || statement.block.is_some());
                return (place, Some(statement).filter(|_| !fresh));
            };
            place = self.place(&place, statement);
            block = inner;
        }
    }

    /// A block that is never closed goes on up to the next statement around it.
    fn open_until(&self, statement: &Statement, around: &Block) -> usize {
        let closed = statement
            .block
            .as_ref()
            .is_none_or(|block| block.close.is_some());
        if closed {
            // What is written behind a statement on its line belongs to it.
            let end = self.whole(statement).end;
            return self.text[end..]
                .find(['\n', ';', '}'])
                .map_or(self.text.len(), |length| end + length);
        }
        let start = self.head(statement).start;
        let next = around
            .statements
            .iter()
            .map(|other| self.head(other).start)
            .find(|other| *other > start);
        let close = around.close.map(|close| self.tokens[close].start as usize);
        next.or(close).unwrap_or(self.text.len())
    }

    fn inside(&self, block: &Block, statement: &Statement, around: &Block, offset: usize) -> bool {
        let start = block.open.map_or(0, |open| self.tokens[open].end as usize);
        let end = match block.close {
            Some(close) => self.tokens[close].start as usize,
            None => self.open_until(statement, around),
        };
        start <= offset && offset <= end
    }

    fn place(&self, outer: &Place, statement: &Statement) -> Place {
        let word = self.word(statement);
        let template = TEMPLATES.contains(&word);
        match outer {
            Place::File if word == "object" => Place::Fields(vec![word.to_owned()]),
            Place::File if TOP.contains(&word) => Place::Object(word.to_owned()),
            Place::Object(_) if template => Place::Template(word.to_owned()),
            Place::Template(kind) if kind == "container-set" && word == "container" => {
                Place::Container
            }
            Place::Template(_) if matches!(word, "sidecar" | "init") => Place::Container,
            Place::Template(kind) if word == "parallel" && kind == "steps" => Place::Parallel,
            Place::Template(kind) if matches!(kind.as_str(), "steps" | "dag") => {
                self.of_call(statement)
            }
            Place::Parallel => self.of_call(statement),
            Place::Fields(path) => {
                Place::Fields(path.iter().cloned().chain([field(word)]).collect())
            }
            _ => Place::Fields(vec![field(word)]),
        }
    }

    fn of_call(&self, statement: &Statement) -> Place {
        match call::read(self, &statement.head) {
            Some(call) => call.inline.map_or(Place::Call, Place::Template),
            None => Place::Fields(vec![field(self.word(statement))]),
        }
    }

    /// What is being written in the head of a statement whose first word is complete.
    fn spot(&self, place: &Place, statement: &Statement, offset: usize, start: usize) -> Spot {
        let first = self.word(statement);
        let head = statement.head.start
            ..self
                .tokens
                .partition_point(|token| (token.end as usize) <= start)
                .max(statement.head.start);
        let last = self
            .words(&head)
            .last()
            .map_or("", |token| self.token(token));
        let calls = match place {
            Place::Template(kind) => matches!(kind.as_str(), "steps" | "dag"),
            Place::Parallel => true,
            _ => false,
        };
        match (place, first) {
            (_, "hook") => self.in_call(statement.head.start + 1, offset, start, last, true),
            (Place::Object(_), "entry" | "on-exit") | (Place::Call, "on-exit") => Spot::Template,
            (Place::Object(_), "use") => Spot::Library,
            (Place::File, _) => self.in_signature(statement, start),
            (Place::Object(_), _) if TEMPLATES.contains(&first) => {
                self.in_signature(statement, start)
            }
            (Place::Call, _) => self.in_modifier(&head, offset, false),
            (_, "out") if last == "=" => Spot::Source,
            (_, "out")
                if self
                    .words(&head)
                    .iter()
                    .any(|token| self.token(token) == "=") =>
            {
                Spot::Expression {
                    path: self.path(offset),
                }
            }
            (_, "out") if last.ends_with(':') => Spot::Type,
            (_, "retry")
                if self
                    .words(&head)
                    .iter()
                    .any(|token| self.token(token) == "if") =>
            {
                Spot::Expression {
                    path: self.path(offset),
                }
            }
            _ if calls && !matches!(first, "retry" | "out" | "raw") => {
                self.in_call(statement.head.start, offset, start, last, false)
            }
            _ => Spot::Nothing,
        }
    }

    fn in_signature(&self, statement: &Statement, start: usize) -> Spot {
        let head = self.head(statement);
        let written = &self.text[head.start..start.max(head.start)];
        let open = written.contains('(') && !written.contains(')');
        if open && written.trim_end().ends_with([':', '<']) {
            Spot::Type
        } else {
            Spot::Nothing
        }
    }

    /// In a call whose first token is `first`.
    fn in_call(&self, first: usize, offset: usize, start: usize, last: &str, hook: bool) -> Spot {
        let end = self
            .tokens
            .partition_point(|token| (token.start as usize) < start);
        if last == "=" || self.text[..start].ends_with('/') {
            return Spot::Target;
        }
        let Some(call) = call::read(self, &(first..end.max(first))) else {
            return Spot::Nothing;
        };
        let Some(open) = call.open else {
            return if call.label.is_some() {
                Spot::Target
            } else {
                Spot::Nothing
            };
        };
        let tokens = &self.tokens[..end];
        if close(tokens, open) < end {
            return self.in_modifier(&call.rest, offset, hook);
        }
        let commas = pieces(tokens, open);
        let piece = commas.last().map_or(start..start, |piece| {
            tokens[piece.start].start as usize..start
        });
        let fresh = self
            .words(&(open..end))
            .last()
            .is_some_and(|token| matches!(token.kind, Kind::Comma | Kind::Open(b'(')));
        let written = &self.text[piece.start.min(start)..start];
        let deeper = self
            .words(&(open + 1..end))
            .iter()
            .any(|token| matches!(token.kind, Kind::Open(_)));
        if !deeper && (fresh || !written.contains(':')) {
            return Spot::Argument {
                call: self.tokens[first].start as usize,
            };
        }
        Spot::Expression {
            path: self.path(offset),
        }
    }

    /// Behind a call, or in its block.
    fn in_modifier(&self, range: &Range<usize>, offset: usize, hook: bool) -> Spot {
        let words = self.words(range).iter().map(|token| self.token(token));
        let mut words = words;
        let keyword = words.rfind(|word| {
            matches!(
                *word,
                "when" | "in" | "after" | "on-exit" | "if" | "for" | "continue" | "hook"
            )
        });
        match keyword {
            Some("when" | "in" | "if") => Spot::Expression {
                path: self.path(offset),
            },
            Some("after") if self.path(offset).is_empty() => Spot::After,
            Some("after") => Spot::Expression {
                path: vec!["after".to_owned()],
            },
            Some("on-exit") => Spot::Template,
            Some("for" | "continue" | "hook") => Spot::Nothing,
            _ if hook => Spot::Nothing,
            _ => Spot::Modifier,
        }
    }
}

/// `labels:` and `labels` are the same field.
fn field(word: &str) -> String {
    word.trim_end_matches(':').to_owned()
}
