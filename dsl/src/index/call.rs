//! Calls: `name = library/template(argument: value) when … for x in … after …`.

use std::ops::Range;

use super::Outline;
use super::signature::{close, name};
use crate::scan::{Kind, Token};

type Name = (String, Range<usize>);

/// A call, as far as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub label: Option<Name>,
    pub cluster: bool,
    pub library: Option<Name>,
    pub template: Option<Name>,
    /// `name = container { … }`: the kind of template.
    pub inline: Option<String>,
    /// Tokens of the brackets' inside begin behind this one.
    pub open: Option<usize>,
    /// Tokens behind the brackets.
    pub rest: Range<usize>,
}

impl Call {
    /// What the step or task is called, and where that stands.
    pub fn name(&self) -> Option<&Name> {
        self.label.as_ref().or(self.template.as_ref())
    }
}

/// What may follow a call.
pub(super) enum Modifier {
    Expression(Range<usize>),
    /// Names of tasks, and of their results.
    After(Range<usize>),
    Item(Name),
    OnExit(Name),
    Hook(Call),
}

const STARTS: [&str; 7] = ["when", "for", "after", "continue", "on-exit", "hook", "if"];

/// Reads the call that begins at token `head.start`.
pub(super) fn read(outline: &Outline, head: &Range<usize>) -> Option<Call> {
    let tokens = &outline.tokens[..head.end];
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text(&outline.text));
    let mut call = Call::default();
    let mut at = head.start;
    if text(at + 1) == "=" {
        call.label = named(outline, &tokens[at]);
        at += 2;
    }
    let opens = |at: usize| {
        tokens
            .get(at)
            .is_some_and(|token| token.kind == Kind::Open(b'('))
    };
    if text(at) == "cluster" && at + 1 < head.end && !opens(at + 1) {
        call.cluster = true;
        at += 1;
    }
    let target = tokens.get(at)?;
    if matches!(target.kind, Kind::Open(_) | Kind::Close(_)) {
        return None;
    }
    if opens(at + 1) && tokens[at + 1].start == target.end {
        target_of(outline, target, &mut call);
        call.open = Some(at + 1);
        call.rest = (close(tokens, at + 1) + 1).min(head.end)..head.end;
        return Some(call);
    }
    call.label.as_ref()?;
    call.rest = at + 1..head.end;
    if at + 1 == head.end && crate::words::Body::named(text(at)).is_some() {
        call.inline = Some(text(at).to_owned());
    } else {
        target_of(outline, target, &mut call);
    }
    Some(call)
}

fn named(outline: &Outline, token: &Token) -> Option<Name> {
    let range = token.range();
    let (name, at, _) = name(&outline.text, range.start, range.end)?;
    Some((name, at))
}

fn target_of(outline: &Outline, token: &Token, call: &mut Call) {
    let range = token.range();
    let written = token.text(&outline.text);
    let Some(slash) = written
        .find('/')
        .filter(|_| !written.starts_with(['"', '\'']))
    else {
        call.template = named(outline, token);
        return;
    };
    let part = |range: Range<usize>| {
        name(&outline.text, range.start, range.end).map(|(name, at, _)| (name, at))
    };
    call.library = part(range.start..range.start + slash);
    call.template = part(range.start + slash + 1..range.end);
    if call.library.is_some() && call.template.is_none() {
        let end = range.start + slash + 1;
        call.template = Some((String::new(), end..end));
    }
}

/// What stands behind a call, or in its block.
pub(super) fn modifiers(outline: &Outline, range: &Range<usize>) -> Vec<Modifier> {
    let tokens = &outline.tokens[..range.end];
    let starts = starts(outline, range);
    let mut found = Vec::new();
    let mut skip = 0;
    for (nth, &at) in starts.iter().enumerate() {
        if at < skip {
            continue;
        }
        let end = starts.get(nth + 1).copied().unwrap_or(range.end);
        let bytes = |from: usize| {
            let first = tokens.get(from).filter(|_| from < end)?;
            Some(first.start as usize..tokens[end - 1].end as usize)
        };
        match tokens[at].text(&outline.text) {
            "when" | "if" => found.extend(bytes(at + 1).map(Modifier::Expression)),
            "for" => {
                found.extend(
                    tokens
                        .get(at + 1)
                        .and_then(|token| named(outline, token))
                        .map(Modifier::Item),
                );
                found.extend(bytes(at + 3).map(Modifier::Expression));
            }
            "after" => found.extend(bytes(at + 1).map(Modifier::After)),
            "on-exit" => found.extend(
                tokens
                    .get(at + 1)
                    .and_then(|token| named(outline, token))
                    .map(Modifier::OnExit),
            ),
            "hook" => {
                if let Some(call) = read(outline, &(at + 1..range.end)) {
                    skip = call.rest.start;
                    found.push(Modifier::Hook(call));
                }
            }
            _ => {}
        }
    }
    found
}

/// The words outside of brackets that begin modifiers.
fn starts(outline: &Outline, range: &Range<usize>) -> Vec<usize> {
    let (mut depth, mut found) = (0, Vec::new());
    for at in range.clone() {
        let Some(token) = outline.tokens.get(at) else {
            break;
        };
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth -= 1,
            Kind::Word if depth == 0 && STARTS.contains(&token.text(&outline.text)) => {
                found.push(at)
            }
            _ => {}
        }
    }
    found
}
