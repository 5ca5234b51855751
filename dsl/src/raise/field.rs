//! Fields without a short form, and objects of any kind.

use tiphys_spec::Kind;

use super::Raiser;
use super::at::At;
use super::page::Item;
use super::says::{self, Bare};
use crate::names::{Globals, Scope};

/// Columns that a value on one line may take.
const WIDTH: usize = 100;

impl Raiser<'_> {
    /// `key: value`, or `key { … }` where it is long or holds comments.
    pub fn field(&mut self, key: &str, at: At<'_>, scope: &Scope<'_>) -> Item {
        let flat = self.flat(at, scope);
        let name = says::key(key);
        let inside = at.range().map(|range| range.start + 1..range.end);
        let commented = inside.is_some_and(|inside| self.notes.any(&inside));
        let long = name.len() + flat.len() > WIDTH || flat.contains('\n');
        if at.map().is_some_and(|map| !map.is_empty()) && (commented || long) {
            let head = match at.range() {
                Some(range) => self.notes.take_before(range.start + 1),
                None => super::notes::Taken::default(),
            };
            let block = at
                .entries()
                .into_iter()
                .map(|(key, at)| self.field(key, at, scope))
                .collect();
            return Item::block(name, block).with(head);
        }
        if at.value.is_array() && long {
            let items: Vec<String> = at
                .items()
                .iter()
                .map(|item| self.flat(*item, scope))
                .collect();
            let lines: Vec<String> = items.iter().map(|item| indented(item)).collect();
            let text = format!("{name}: [\n{}\n]", lines.join("\n"));
            return self.item(at, Item::new(text));
        }
        self.item(at, Item::new(format!("{name}: {flat}")))
    }

    /// A value as it may stand on one line, its fields in the order of their source.
    fn flat(&self, at: At<'_>, scope: &Scope<'_>) -> String {
        if at.value.is_object() {
            let entries: Vec<String> = at
                .entries()
                .into_iter()
                .map(|(key, at)| format!("{}: {}", says::key(key), self.flat(at, scope)))
                .collect();
            return format!("{{{}}}", entries.join(", "));
        }
        if at.value.is_array() {
            let items: Vec<String> = at
                .items()
                .into_iter()
                .map(|item| self.flat(item, scope))
                .collect();
            return format!("[{}]", items.join(", "));
        }
        says::value(at.value, scope)
    }

    /// `word { key: text }` of labels and annotations.
    pub fn texts(&mut self, word: &str, at: At<'_>, scope: &Scope<'_>) -> Item {
        let mut block = Vec::new();
        let head = at
            .range()
            .map(|range| self.notes.take_before(range.start + 1))
            .unwrap_or_default();
        for (key, value) in at.entries() {
            let text = says::text(value.text().unwrap_or_default(), scope, Bare::Any);
            block.push(self.item(value, Item::new(format!("{}: {text}", says::key(key)))));
        }
        Item::block(word, block).with(head)
    }

    /// Labels that workflows know by themselves stand alone, others in a block.
    pub fn labels(&mut self, at: At<'_>, scope: &Scope<'_>, block: &mut Vec<Item>) {
        let mut item = self.texts("labels", at, scope);
        let inside = item.block.take().unwrap_or_default();
        let (own, others): (Vec<_>, Vec<_>) = inside
            .into_iter()
            .partition(|label| label.text.starts_with('@'));
        let alone = others.is_empty() && !own.is_empty();
        let head = std::mem::take(&mut item.leading);
        let start = block.len();
        block.extend(own);
        if !alone {
            item.block = Some(others);
            block.push(item);
        } else if let Some(last) = block.last_mut() {
            last.leading.extend(item.trailing);
        }
        block[start].leading.splice(0..0, head);
    }

    /// An object as fields: any kind.
    pub fn any_object(&mut self, at: At<'_>, end: usize) -> Vec<Item> {
        let globals = Globals::default();
        let scope = Scope::global(&globals);
        let entries = at.entries();
        let head = entries
            .first()
            .and_then(|(_, first)| first.range())
            .map(|range| self.notes.take_before(range.start + 1))
            .unwrap_or_default();
        let mut block: Vec<Item> = Vec::new();
        for (key, value) in entries {
            block.push(self.field(key, value, &scope));
        }
        let mut item = Item::block("object", block).with(head);
        item.closing = self.closing(end);
        item.apart = true;
        vec![item]
    }

    /// Comments that nothing took up to `end`.
    pub fn closing(&mut self, end: usize) -> Vec<String> {
        let taken = self.notes.take_before(end);
        let mut rest = taken.leading;
        rest.extend(taken.trailing);
        rest
    }
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("  {line}")
            }
        })
        .collect();
    lines.join("\n")
}

/// Kinds with blocks of their own.
pub(super) fn word_of(kind: &Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Workflow => "workflow",
        Kind::WorkflowTemplate => "library",
        Kind::ClusterWorkflowTemplate => "cluster library",
        Kind::CronWorkflow => "cron",
        _ => return None,
    })
}
