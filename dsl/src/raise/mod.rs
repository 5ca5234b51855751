//! Objects to `.flow` text: short forms wherever there are some, fields where there are none, comments where they stood.
//!
//! What comes out is compiled again and held against the object. A template that does not come out equal is written as
//! fields, an object that still does not as `object { … }`: a conversion never loses anything.

mod at;
mod container;
mod field;
mod io;
mod notes;
mod page;
mod says;
mod spec;
mod task;
mod template;

use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde_json::Value;
use tiphys_spec::{Kind, Object, Source};

use at::At;
use notes::Notes;
use page::Item;

/// A text, and how well it says what the objects say.
#[derive(Clone, Debug)]
pub struct Raised {
    pub text: String,
    /// Templates and objects that had to be written as fields.
    pub as_fields: Vec<String>,
}

/// Writes objects of one source as `.flow` text, its comments in place.
#[must_use]
pub fn raise(objects: &[Object], source: &Arc<Source>) -> Raised {
    let mut notes = Notes::new(source);
    let mut raised = Raised {
        text: String::new(),
        as_fields: Vec::new(),
    };
    for (at, object) in objects.iter().enumerate() {
        if at > 0 {
            raised.text.push('\n');
        }
        let last = at + 1 == objects.len();
        one(object, source, &mut notes, last, &mut raised);
    }
    if let Ok(text) = crate::format("raised", &raised.text) {
        raised.text = text;
    }
    raised
}

/// What writes one object.
struct Raiser<'a> {
    pub notes: &'a mut Notes,
    /// Templates to write as fields, by their number.
    pub plain: FxHashSet<usize>,
}

fn one(object: &Object, source: &Arc<Source>, notes: &mut Notes, last: bool, raised: &mut Raised) {
    let Ok(value) = serde_json::to_value(&object.value) else {
        return;
    };
    let at = At::root(&value, Some(&object.node));
    let end = if last {
        usize::MAX
    } else {
        object.node.span.end.offset as usize
    };
    let name = at
        .text_at(&["metadata", "name"])
        .or(at.text_at(&["metadata", "generateName"]))
        .unwrap_or("object");
    let mut plain = FxHashSet::default();
    if spec::is_sugared(&object.kind, at) {
        for _ in 0..3 {
            let text = written(at, &object.kind, source, notes, plain.clone());
            let unequal = differences(&text, &value);
            let Some(unequal) = unequal else { break };
            if unequal.is_empty() {
                let mut raiser = Raiser { notes, plain };
                let items = raiser.object(at, &object.kind, end);
                page::render(&items, 0, &mut raised.text);
                return;
            }
            raised.as_fields.extend(
                unequal
                    .iter()
                    .map(|index| format!("{name}: template {index}")),
            );
            plain.extend(unequal);
        }
        raised.as_fields.push(name.to_owned());
    }
    let mut raiser = Raiser {
        notes,
        plain: FxHashSet::default(),
    };
    let items = raiser.any_object(at, end);
    page::render(&items, 0, &mut raised.text);
}

/// The text, comments aside.
fn written(at: At<'_>, kind: &Kind, source: &Source, _: &Notes, plain: FxHashSet<usize>) -> String {
    let bare = Source {
        comments: Vec::new(),
        ..source.clone()
    };
    let mut notes = Notes::new(&bare);
    let mut raiser = Raiser {
        notes: &mut notes,
        plain,
    };
    let mut text = String::new();
    page::render(&raiser.object(at, kind, 0), 0, &mut text);
    text
}

/// The templates that come out unequal; none where the rest of the object does.
fn differences(text: &str, value: &Value) -> Option<Vec<usize>> {
    let compiled = crate::compile("raised", text.as_bytes());
    let [object] = compiled.objects.as_slice() else {
        return None;
    };
    let mut found = serde_json::to_value(&object.value).ok()?;
    if compiled.is_sound() && found == *value {
        return Some(Vec::new());
    }
    let mut wanted = value.clone();
    let (found_templates, wanted_templates) = (templates(&mut found)?, templates(&mut wanted)?);
    if found != wanted || found_templates.len() != wanted_templates.len() {
        return None;
    }
    let unequal: Vec<usize> = (0..wanted_templates.len())
        .filter(|at| found_templates[*at] != wanted_templates[*at])
        .collect();
    (!unequal.is_empty()).then_some(unequal)
}

/// Takes the templates out of an object.
fn templates(value: &mut Value) -> Option<Vec<Value>> {
    let spec = value.get_mut("spec")?;
    let holder = if spec.get("workflowSpec").is_some() {
        spec.get_mut("workflowSpec")?
    } else {
        spec
    };
    match holder.get_mut("templates") {
        Some(templates) => templates.take().as_array().cloned(),
        None => Some(Vec::new()),
    }
}

impl Raiser<'_> {
    /// An item with the comments that belong to it, and those passed over before it.
    pub fn item(&mut self, at: At<'_>, item: Item) -> Item {
        match at.range() {
            Some(range) => item.with(self.notes.take_before(range.end)),
            None => item,
        }
    }
}
