//! Tokens as statements and blocks: `head { statements }`. A bracket that is never closed ends where the next block begins,
//! so that one slip leaves the rest of the file readable.

use std::ops::Range;

use crate::fault::Faults;
use crate::scan::{Kind, MAX_DEPTH, Token};

/// Words that start a block at the top of a file.
pub(crate) const TOP: [&str; 5] = ["workflow", "library", "cluster", "cron", "object"];
/// Words that start a template.
pub(crate) const TEMPLATES: [&str; 11] = [
    "container",
    "script",
    "steps",
    "dag",
    "suspend",
    "resource",
    "http",
    "data",
    "plugin",
    "container-set",
    "template",
];

/// One statement, its comments and its block.
#[derive(Debug)]
pub(crate) struct Statement {
    /// The tokens of the head; comments and line ends may be among them, inside of brackets.
    pub head: Range<usize>,
    pub block: Option<Block>,
    /// Comments on lines of their own before it: indices of tokens.
    pub leading: Vec<usize>,
    /// The comment behind it on its line.
    pub trailing: Option<usize>,
    /// A line without anything stands before it or its comments.
    pub blank_before: bool,
    /// A bracket or quote in the head is not closed: it cannot be read.
    pub broken: bool,
}

#[derive(Debug)]
pub(crate) struct Block {
    /// The token `{`, for all blocks but the file itself.
    pub open: Option<usize>,
    pub close: Option<usize>,
    pub statements: Vec<Statement>,
    /// The comment behind `{`.
    pub opening: Option<usize>,
    /// Comments after the last statement.
    pub closing: Vec<usize>,
    pub blank_before_closing: bool,
    /// It was written on one line.
    pub inline: bool,
}

pub(crate) fn outline(text: &str, tokens: &[Token], faults: &mut Faults<'_>) -> Block {
    let mut reader = Reader {
        text,
        tokens,
        faults,
        at: 0,
    };
    let mut file = reader.block(None, 0, &Owner::File);
    // What is left stands behind a `}` too many.
    while reader.at < tokens.len() {
        reader.stray();
        let mut more = reader.block(None, 0, &Owner::File);
        file.statements.append(&mut more.statements);
        file.closing.append(&mut more.closing);
    }
    file
}

enum Owner {
    File,
    /// A block at the top of the file.
    Top,
    /// A template whose first line is indented so far.
    Template(usize),
    Other,
}

struct Reader<'a, 'f, 'p> {
    text: &'a str,
    tokens: &'a [Token],
    faults: &'f mut Faults<'p>,
    at: usize,
}

impl Reader<'_, '_, '_> {
    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn word(&self, at: usize) -> &str {
        match self.tokens.get(at) {
            Some(token) if token.kind == Kind::Word => token.text(self.text),
            _ => "",
        }
    }

    /// How far the line of a token is indented, if nothing stands before it there.
    fn indent(&self, at: usize) -> Option<usize> {
        let start = self.tokens.get(at)?.start;
        let before = match at.checked_sub(1) {
            None => 0,
            Some(before) if self.tokens[before].kind == Kind::Newline => self.tokens[before].end,
            Some(_) => return None,
        };
        Some((start - before) as usize)
    }

    /// Whether a block begins here that cannot stand inside of `owner`: something before it is not closed.
    fn outside(&self, owner: &Owner) -> bool {
        let top = || {
            TOP.contains(&self.word(self.at))
                && self.indent(self.at) == Some(0)
                && self.starts_block()
        };
        match owner {
            Owner::File => false,
            Owner::Top | Owner::Other => top(),
            Owner::Template(indent) => {
                top()
                    || (TEMPLATES.contains(&self.word(self.at))
                        && self.indent(self.at).is_some_and(|own| own <= *indent)
                        && self.starts_block())
            }
        }
    }

    /// A `{` stands at the end of this line, or all of the block on it.
    fn starts_block(&self) -> bool {
        self.tokens[self.at..]
            .iter()
            .take_while(|token| token.kind != Kind::Newline)
            .any(|token| token.kind == Kind::Open(b'{'))
    }

    fn stray(&mut self) {
        let token = self.tokens[self.at];
        self.faults.error(
            "stray-bracket",
            token.range(),
            format!(
                "nothing is open for this `{}` to close",
                token.text(self.text)
            ),
            "",
        );
        self.at += 1;
    }

    fn block(&mut self, open: Option<usize>, depth: usize, owner: &Owner) -> Block {
        let mut block = Block {
            open,
            close: None,
            statements: Vec::new(),
            opening: None,
            closing: Vec::new(),
            blank_before_closing: false,
            inline: open.is_some() && self.kind() != Some(Kind::Newline),
        };
        if open.is_some() && self.kind() == Some(Kind::Comment) {
            block.opening = Some(self.at);
            block.inline = false;
            self.at += 1;
        }
        let (mut comments, mut newlines, mut blank) = (Vec::new(), 0, false);
        loop {
            match self.kind() {
                None => break,
                Some(Kind::Newline) => {
                    newlines += 1;
                    block.inline = false;
                    blank |= newlines > 1 && comments.is_empty();
                    self.at += 1;
                }
                Some(Kind::Comma | Kind::Semicolon) => self.at += 1,
                Some(Kind::Comment) => {
                    comments.push(self.at);
                    newlines = 0;
                    self.at += 1;
                }
                Some(Kind::Close(b'}')) => {
                    if open.is_some() {
                        block.close = Some(self.at);
                        self.at += 1;
                    }
                    break;
                }
                Some(Kind::Close(_)) => self.stray(),
                Some(_) if self.outside(owner) => break,
                Some(_) => {
                    let mut statement = self.statement(depth, owner);
                    statement.leading = std::mem::take(&mut comments);
                    statement.blank_before =
                        std::mem::take(&mut blank) && !block.statements.is_empty();
                    newlines = 0;
                    block.statements.push(statement);
                }
            }
        }
        if let (Some(open), None) = (open, block.close) {
            let range = self.tokens[open].range();
            self.faults.error(
                "unclosed-block",
                range,
                "this `{` is never closed",
                "close it with `}`",
            );
        }
        block.blank_before_closing = blank;
        block.closing = comments;
        block
    }

    fn statement(&mut self, depth: usize, owner: &Owner) -> Statement {
        let start = self.at;
        let mut statement = Statement {
            head: start..start,
            block: None,
            leading: Vec::new(),
            trailing: None,
            blank_before: false,
            broken: false,
        };
        let mut open: Vec<usize> = Vec::new();
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Newline | Kind::Comma | Kind::Semicolon if open.is_empty() => break,
                Kind::Comment if open.is_empty() => break,
                Kind::Open(b'{') if open.is_empty() && !self.wants_value(start) => {
                    statement.head.end = self.at;
                    let at = self.at;
                    self.at += 1;
                    if depth == MAX_DEPTH {
                        self.too_deep(at);
                        statement.broken = true;
                    } else {
                        let owner = self.owner(start, owner);
                        statement.block = Some(self.block(Some(at), depth + 1, &owner));
                    }
                    break;
                }
                Kind::Open(_) => {
                    open.push(self.at);
                    self.at += 1;
                    if open.len() + depth > MAX_DEPTH {
                        self.too_deep(self.at - 1);
                        statement.broken = true;
                        open.clear();
                    }
                }
                Kind::Close(bracket) => match open.pop() {
                    Some(opened) if pairs(self.tokens[opened].kind, bracket) => self.at += 1,
                    Some(opened) => {
                        // The outer bracket, or the block, may be what this closes.
                        self.unclosed(opened);
                        statement.broken = true;
                    }
                    None if bracket == b'}' => break,
                    None => {
                        self.stray();
                        statement.broken = true;
                    }
                },
                Kind::Word if !open.is_empty() && self.begins_elsewhere(start, owner) => {
                    self.unclosed(open[0]);
                    open.clear();
                    statement.broken = true;
                    break;
                }
                kind => {
                    statement.broken |= kind == Kind::Broken;
                    self.at += 1;
                }
            }
        }
        if let Some(first) = open.first() {
            self.unclosed(*first);
            statement.broken = true;
        }
        if statement.block.is_none() {
            statement.head.end = self.at;
        }
        if self.kind() == Some(Kind::Semicolon) || self.kind() == Some(Kind::Comma) {
            self.at += 1;
        }
        if self.kind() == Some(Kind::Comment) {
            statement.trailing = Some(self.at);
            self.at += 1;
        }
        statement
    }

    /// A `{` here begins a value, not a block.
    fn wants_value(&self, start: usize) -> bool {
        let Some(before) = self.at.checked_sub(1).filter(|before| *before >= start) else {
            return false;
        };
        let token = self.tokens[before];
        let text = token.text(self.text);
        token.kind == Kind::Word && (text.ends_with(':') || text == "=" || text == "?=")
    }

    fn owner(&self, start: usize, outer: &Owner) -> Owner {
        let word = self.word(start);
        match outer {
            Owner::File if TOP.contains(&word) => Owner::Top,
            Owner::Top if TEMPLATES.contains(&word) => match self.indent(start) {
                Some(indent) => Owner::Template(indent),
                None => Owner::Other,
            },
            Owner::Template(indent) => Owner::Template(*indent),
            _ => Owner::Other,
        }
    }

    /// Whether the word here starts a block that ends whatever brackets the statement has open.
    fn begins_elsewhere(&self, start: usize, owner: &Owner) -> bool {
        let word = self.word(self.at);
        let Some(indent) = self.indent(self.at) else {
            return false;
        };
        let known = TEMPLATES.contains(&word) || (indent == 0 && TOP.contains(&word));
        known
            && !matches!(owner, Owner::File)
            && self.indent(start).is_some_and(|own| indent <= own)
            && self.starts_block()
    }

    fn unclosed(&mut self, at: usize) {
        let token = self.tokens[at];
        let (open, close) = match token.kind {
            Kind::Open(b'(') => ("(", ")"),
            Kind::Open(b'[') => ("[", "]"),
            _ => ("{", "}"),
        };
        let help = format!("close it with `{close}`");
        self.faults.error(
            "unclosed-bracket",
            token.range(),
            format!("this `{open}` is never closed"),
            help,
        );
    }

    /// Reports, and passes over all that stands inside.
    fn too_deep(&mut self, at: usize) {
        let message = format!("brackets are nested more than {MAX_DEPTH} deep");
        self.faults
            .error("too-deep", self.tokens[at].range(), message, "");
        let mut depth = 1;
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Open(_) => depth += 1,
                Kind::Close(_) => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
    }
}

fn pairs(open: Kind, close: u8) -> bool {
    matches!(
        (open, close),
        (Kind::Open(b'('), b')') | (Kind::Open(b'['), b']') | (Kind::Open(b'{'), b'}')
    )
}
