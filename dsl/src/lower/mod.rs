//! Syntax to objects: every statement becomes fields of a tree whose places are those of the `.flow` text.

mod container;
mod io;

mod object;
mod signature;
mod task;
mod template;
mod value;

use std::ops::Range;

use tiphys_spec::{Node, Span};

use crate::build;
use crate::fault::Faults;
use crate::grammar::{self, Nodes, Rule};
use crate::outline::{Block, Statement};
use crate::scan::{Kind, Token};
use crate::words::Words;

pub(crate) use io::POLICIES;
pub(crate) use task::implied_input;
pub(crate) use value::OURS;

/// What lowering works on.
pub(crate) struct Lower<'a, 'p> {
    pub text: &'a str,
    pub tokens: &'a [Token],
    pub faults: Faults<'p>,
}

/// The head of a statement.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub text: &'a str,
    /// Where it stands in the file.
    pub base: usize,
    pub word: &'a str,
}

impl Head<'_> {
    pub fn range(&self) -> Range<usize> {
        self.base..self.base + self.text.len()
    }

    pub fn word_range(&self) -> Range<usize> {
        self.base..self.base + self.word.len().max(1)
    }
}

impl<'a> Lower<'a, '_> {
    pub fn span(&self, range: Range<usize>) -> Span {
        self.faults.places.span(range.start, range.end)
    }

    pub fn head(&self, statement: &Statement) -> Head<'a> {
        let tokens = &self.tokens[statement.head.clone()];
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            let at = statement
                .block
                .as_ref()
                .and_then(|block| block.open)
                .map_or(0, |open| self.tokens[open].start as usize);
            return Head {
                text: "",
                base: at,
                word: "",
            };
        };
        let base = first.start as usize;
        Head {
            text: &self.text[base..last.end as usize],
            base,
            word: if first.kind == Kind::Word {
                first.text(self.text)
            } else {
                ""
            },
        }
    }

    /// The token number `index` of a head.
    pub fn token(&self, statement: &Statement, index: usize) -> Option<&'a Token> {
        self.tokens[statement.head.clone()].get(index)
    }

    pub fn read(&mut self, rule: Rule, head: Head<'a>) -> Option<Nodes<'a>> {
        grammar::read(rule, head.text, head.base, &mut self.faults)
    }

    /// From the head's first letter to the block's last.
    pub fn whole(&self, statement: &Statement) -> Span {
        let head = self.head(statement);
        let end = match &statement.block {
            Some(Block {
                close: Some(close), ..
            }) => self.tokens[*close].end as usize,
            Some(Block {
                open: Some(open), ..
            }) => self.tokens[*open].end as usize,
            _ => head.base + head.text.len(),
        };
        self.span(head.base..end)
    }

    /// Puts a value where `path` leads, and says so if something stands there.
    pub fn put(&mut self, into: &mut Node, path: &[&str], at: Range<usize>, value: Node) {
        let span = self.span(at.clone());
        if build::put_at(into, path, span, value).is_err() {
            let name = path.last().copied().unwrap_or_default();
            self.faults.error(
                "twice",
                at,
                format!("`{name}` is given twice"),
                "keep one of them",
            );
        }
    }

    /// A block's statements must not be there.
    pub fn no_block(&mut self, statement: &Statement, what: &str) {
        if let Some(open) = statement.block.as_ref().and_then(|block| block.open) {
            let range = self.tokens[open].range();
            self.faults.error(
                "unexpected-block",
                range,
                format!("{what} has no block"),
                "",
            );
        }
    }
}

/// The path that a word stands for.
pub(crate) fn path_of(words: Words, word: &str) -> Option<Vec<&'static str>> {
    let (_, path) = words.iter().find(|(known, _)| *known == word)?;
    // The keys of annotations have dots of their own.
    Some(match path.strip_prefix("annotations.") {
        Some(key) => vec!["annotations", key],
        None => path.split('.').collect(),
    })
}

/// Words of several tables.
pub(crate) fn all_words(tables: &[Words]) -> Vec<&'static str> {
    tables
        .iter()
        .flat_map(|table| table.iter().map(|(word, _)| *word))
        .collect()
}
