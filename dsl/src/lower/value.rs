//! Values: words, texts, lists, maps, and blocks of fields.

use std::ops::Range;

use tiphys_spec::Node;
use tiphys_spec::source::Style;

use super::{Head, Lower};
use crate::build;
use crate::grammar::{self, Node as Pair, Rule};
use crate::names::Scope;
use crate::outline::{Block, Statement};
use crate::scan::{Kind, Token};
use crate::text;

/// What `@` before a key stands for.
pub(crate) const OURS: &str = "workflows.argoproj.io/";

impl<'a> Lower<'a, '_> {
    /// Text, whatever it looks like.
    pub fn text_node(&mut self, pair: &Pair<'_>, base: usize, scope: &Scope<'_>) -> Node {
        let range = grammar::range(pair, base);
        let said = text::say(pair.as_str(), range.start, scope, &mut self.faults);
        build::text(self.span(range), said.style, said.text)
    }

    /// The letters of a name.
    pub fn name(&mut self, pair: &Pair<'_>, base: usize) -> (String, Range<usize>) {
        let range = grammar::range(pair, base);
        let name = match pair.as_str().as_bytes().first() {
            Some(b'"' | b'\'') => text::letters(pair.as_str(), range.start, &mut self.faults),
            // Short for the keys that workflows know by themselves.
            Some(b'@') if pair.as_rule() != Rule::name => format!("{OURS}{}", &pair.as_str()[1..]),
            _ => pair.as_str().to_owned(),
        };
        (name, range)
    }

    pub fn name_node(&mut self, pair: &Pair<'_>, base: usize) -> Node {
        let (name, range) = self.name(pair, base);
        build::text(self.span(range), Style::Plain, name)
    }

    /// Any value: a bare number, `true`, `false` and `null` are what they are in JSON.
    pub fn value(&mut self, pair: &Pair<'_>, base: usize, scope: &Scope<'_>) -> Node {
        let range = grammar::range(pair, base);
        match pair.as_rule() {
            Rule::list => {
                let items = pair
                    .clone()
                    .into_inner()
                    .map(|item| self.value(&item, base, scope))
                    .collect();
                build::seq(self.span(range), items)
            }
            Rule::map => self.map(pair, base, scope),
            Rule::word if build::is_literal(pair.as_str()) => {
                build::plain(self.span(range), pair.as_str())
            }
            _ => self.text_node(pair, base, scope),
        }
    }

    pub fn map(&mut self, pair: &Pair<'_>, base: usize, scope: &Scope<'_>) -> Node {
        let mut map = build::map(self.span(grammar::range(pair, base)));
        for entry in pair.clone().into_inner() {
            let mut parts = entry.into_inner();
            if let (Some(key), Some(value)) = (parts.next(), parts.next()) {
                let (name, at) = self.name(&key, base);
                let value = self.value(&value, base, scope);
                self.put(&mut map, &[&name], at, value);
            }
        }
        map
    }

    /// `key: value`: the key, its place, the value.
    pub fn entry(
        &mut self,
        head: Head<'a>,
        scope: &Scope<'_>,
    ) -> Option<(String, Range<usize>, Node)> {
        let mut parts = self.read(Rule::entry_statement, head)?;
        let key = parts.next()?;
        let (name, at) = self.name(&key, head.base);
        let value = parts.next()?;
        let value = match value.as_rule() {
            Rule::function => self.function(&value, head.base, scope),
            _ => self.value(&value, head.base, scope),
        };
        Some((name, at, value))
    }

    /// `secret(name, key)` and `configmap(name, key)` as they stand under `valueFrom`.
    pub fn function(&mut self, pair: &Pair<'_>, base: usize, scope: &Scope<'_>) -> Node {
        let range = grammar::range(pair, base);
        let mut parts = pair.clone().into_inner();
        let called = parts
            .next()
            .map(|name| name.as_str().to_owned())
            .unwrap_or_default();
        let texts: Vec<Node> = parts
            .map(|part| self.text_node(&part, base, scope))
            .collect();
        let span = self.span(range.clone());
        let mut from = build::map(span);
        let fields: &[&str] = match called.as_str() {
            "secret" => &["secretKeyRef", "name", "key"],
            "configmap" => &["configMapKeyRef", "name", "key"],
            "event" => &["event"],
            "supplied" => &["supplied"],
            _ => {
                let help = crate::fault::did_you_mean(
                    &called,
                    ["secret", "configmap", "event", "supplied"],
                );
                self.faults.error(
                    "unknown-source",
                    range,
                    format!("`{called}` is no source of a value"),
                    help,
                );
                return from;
            }
        };
        let wanted = if called == "event" {
            1
        } else {
            fields.len() - 1
        };
        if texts.len() != wanted {
            let shape = match called.as_str() {
                "event" => "event(\"payload.field\")".to_owned(),
                "supplied" => "supplied()".to_owned(),
                _ => format!("{called}(NAME, KEY)"),
            };
            self.faults.error(
                "wrong-source",
                range,
                format!(
                    "`{called}` takes {wanted} text{}",
                    if wanted == 1 { "" } else { "s" }
                ),
                format!("write `{shape}`"),
            );
            return from;
        }
        let mut texts = texts.into_iter();
        if called == "event" {
            texts
                .by_ref()
                .for_each(|text| self.put(&mut from, &["event"], range.clone(), text));
            return from;
        }
        let mut inner = build::map(span);
        for (field, text) in fields[1..].iter().zip(&mut texts) {
            self.put(&mut inner, &[field], range.clone(), text);
        }
        self.put(&mut from, &[fields[0]], range, inner);
        from
    }

    /// A block of fields as a map.
    pub fn fields(&mut self, block: &Block, scope: &Scope<'_>) -> Node {
        let mut map = build::map(self.block_span(block));
        self.fields_into(block, scope, &mut map);
        map
    }

    pub fn fields_into(&mut self, block: &Block, scope: &Scope<'_>, map: &mut Node) {
        for statement in &block.statements {
            self.field(statement, scope, map);
        }
    }

    pub fn block_span(&self, block: &Block) -> tiphys_spec::Span {
        let start = block
            .open
            .map_or(0, |open| self.tokens[open].start as usize);
        let end = block
            .close
            .map_or(self.text.len(), |close| self.tokens[close].end as usize);
        self.span(start..end)
    }

    /// One field in a block of fields: `key: value` or `key { … }`.
    fn field(&mut self, statement: &Statement, scope: &Scope<'_>, into: &mut Node) {
        if statement.broken {
            return;
        }
        let head = self.head(statement);
        if let Some(block) = &statement.block {
            let value = self.fields(block, scope);
            let Some(mut parts) = self.read(Rule::words_statement, head) else {
                return;
            };
            match (parts.next(), parts.next().map(|part| part.as_rule())) {
                (Some(key), Some(Rule::EOI)) => {
                    let (name, at) = self.name(&key, head.base);
                    self.put(into, &[name.trim_end_matches(':')], at, value);
                }
                _ => self.faults.error(
                    "syntax",
                    head.range(),
                    "expected a field before `{`",
                    "a map is `name { … }`",
                ),
            }
            return;
        }
        if let Some((key, at, value)) = self.entry_of(statement, scope) {
            self.put(into, &[&key], at, value);
        }
    }

    /// Texts after the first word. Where a statement is texts alone, its tokens are what the grammar would find.
    pub fn texts_of(
        &mut self,
        statement: &Statement,
        scope: &Scope<'_>,
        skip: usize,
    ) -> Option<Vec<Node>> {
        let tokens = self.tokens;
        let found = &tokens[statement.head.clone()];
        if !found.iter().all(|token| is_text(token.kind)) {
            return self.texts(self.head(statement), scope, skip);
        }
        Some(
            found
                .iter()
                .skip(skip)
                .map(|token| self.token_node(token, scope))
                .collect(),
        )
    }

    pub fn token_node(&mut self, token: &Token, scope: &Scope<'_>) -> Node {
        let said = text::say(
            token.text(self.text),
            token.start as usize,
            scope,
            &mut self.faults,
        );
        build::text(self.span(token.range()), said.style, said.text)
    }

    /// The value of a statement that is two tokens, the second a text.
    fn simple_value(&mut self, statement: &Statement, scope: &Scope<'_>) -> Option<Node> {
        let tokens = self.tokens;
        let [_, value] = &tokens[statement.head.clone()] else {
            return None;
        };
        if !is_text(value.kind) {
            return None;
        }
        let written = value.text(self.text);
        if value.kind == Kind::Word && build::is_literal(written) {
            return Some(build::plain(self.span(value.range()), written));
        }
        Some(self.token_node(value, scope))
    }

    /// `key: value`, quickly where the value is one text.
    pub fn entry_of(
        &mut self,
        statement: &Statement,
        scope: &Scope<'_>,
    ) -> Option<(String, Range<usize>, Node)> {
        let head = self.head(statement);
        let key = head
            .word
            .strip_suffix(':')
            .filter(|key| !key.contains([':', '$']) && !key.is_empty());
        if let Some(key) = key
            && let Some(value) = self.simple_value(statement, scope)
        {
            let name = match key.strip_prefix('@') {
                Some(own) => format!("{OURS}{own}"),
                None => key.to_owned(),
            };
            return Some((name, head.base..head.base + key.len(), value));
        }
        self.entry(head, scope)
    }

    /// Texts after the first word.
    pub fn texts(&mut self, head: Head<'a>, scope: &Scope<'_>, skip: usize) -> Option<Vec<Node>> {
        let parts: Vec<_> = self.read(Rule::words_statement, head)?.collect();
        let texts = parts
            .iter()
            .filter(|part| part.as_rule() != Rule::EOI)
            .skip(skip);
        Some(
            texts
                .map(|part| self.text_node(part, head.base, scope))
                .collect(),
        )
    }

    /// `word value`, `word { fields }`, or a word alone, which means true.
    pub fn word_value(&mut self, statement: &Statement, scope: &Scope<'_>) -> Option<Node> {
        let head = self.head(statement);
        if let Some(block) = &statement.block {
            if head.text != head.word {
                let range = head.range();
                self.faults
                    .error("syntax", range, "expected `{` right after the word", "");
                return None;
            }
            return Some(self.fields(block, scope));
        }
        if let Some(value) = self.simple_value(statement, scope) {
            return Some(value);
        }
        let mut parts = self.read(Rule::word_statement, head)?;
        parts.next()?;
        match parts.next() {
            Some(value) if value.as_rule() != Rule::EOI => {
                Some(self.value(&value, head.base, scope))
            }
            _ => Some(build::plain(self.span(head.range()), "true")),
        }
    }
}

fn is_text(kind: Kind) -> bool {
    matches!(kind, Kind::Word | Kind::String | Kind::Raw | Kind::Fence)
}
