//! What names mean: the variables of an evaluation.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::value::Value;

/// What a simple tag's name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    Found(Cow<'a, str>),
    /// An optional output of a skipped or omitted producer (Argo 4.0.7's absent outputs).
    Absent,
    Missing,
}

/// Variables. Both views must agree: a name that is a tag is also a path, split on its dots.
pub trait Scope {
    /// A simple tag's text, e.g. `inputs.parameters.x`; `workflow.parameters` is the text of a JSON array here.
    fn tag(&self, name: &str) -> Lookup<'_>;

    /// The value at a path of the expression environment, e.g. `["inputs", "parameters", "x"]`. An interior path
    /// (`["inputs", "parameters"]`) gives a map, an absent output [`Value::Nil`], `None` says that nothing is there.
    fn path(&self, path: &[&str]) -> Option<Value>;
}

/// Variables as flat dotted keys: `workflow.labels.a/b.c` → value. [`Value::Nil`] is an absent output.
///
/// As in Argo's expression environment a key is split on every `.`; where a key is both a leaf and the stem of others
/// (`workflow.parameters` and `workflow.parameters.x`) an expression sees the map and a tag sees the leaf.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Flat(pub BTreeMap<String, Value>);

impl Flat {
    pub fn new() -> Flat {
        Flat::default()
    }

    /// Adds or replaces a variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Adds an absent optional output.
    pub fn set_absent(&mut self, name: impl Into<String>) {
        self.0.insert(name.into(), Value::Nil);
    }

    fn below<'a>(&'a self, stem: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let from = format!("{stem}.");
        self.0
            .range::<String, _>((Bound::Included(from), Bound::Unbounded))
            .map_while(move |(key, value)| {
                Some((key.strip_prefix(stem)?.strip_prefix('.')?, value))
            })
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Flat {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(entries: T) -> Flat {
        Flat(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl Scope for Flat {
    fn tag(&self, name: &str) -> Lookup<'_> {
        match self.0.get(name) {
            Some(Value::Nil) => Lookup::Absent,
            Some(Value::Str(text)) => Lookup::Found(Cow::Borrowed(text)),
            Some(value) => value
                .tag_text()
                .map_or(Lookup::Missing, |text| Lookup::Found(Cow::Owned(text))),
            None => tag_of_member(self, name),
        }
    }

    fn path(&self, path: &[&str]) -> Option<Value> {
        let joined;
        let name: &str = match path {
            [one] => one,
            _ => {
                joined = path.join(".");
                &joined
            }
        };
        let mut below = self.below(name).peekable();
        if below.peek().is_some() {
            let mut tree = BTreeMap::new();
            below.for_each(|(rest, value)| plant(&mut tree, rest, value));
            return Some(Value::Map(Arc::new(tree)));
        }
        self.0.get(name).cloned()
    }
}

/// `item.key` where only `item` is stored, as a map.
fn tag_of_member<'a>(flat: &Flat, name: &str) -> Lookup<'a> {
    let found = name
        .rmatch_indices('.')
        .find_map(|(at, _)| match flat.0.get(&name[..at]) {
            Some(Value::Map(entries)) => entries.get(&name[at + 1..]),
            _ => None,
        });
    match found {
        Some(Value::Nil) => Lookup::Found(Cow::Borrowed("null")),
        Some(value) => value
            .tag_text()
            .map_or(Lookup::Missing, |text| Lookup::Found(Cow::Owned(text))),
        None => Lookup::Missing,
    }
}

/// Puts a value into nested maps; where a leaf and a stem meet, the stem stays.
fn plant(tree: &mut BTreeMap<String, Value>, rest: &str, value: &Value) {
    let mut tree = tree;
    let mut rest = rest;
    while let Some((head, tail)) = rest.split_once('.') {
        let slot = tree.entry(head.to_owned()).or_default();
        if !matches!(slot, Value::Map(_)) {
            *slot = Value::Map(Arc::default());
        }
        let Value::Map(inner) = slot else { return };
        tree = Arc::make_mut(inner);
        rest = tail;
    }
    let slot = tree.entry(rest.to_owned()).or_default();
    if !matches!(slot, Value::Map(_)) {
        *slot = value.clone();
    }
}

/// Scopes in order: the first that knows a leaf wins, interior maps are merged.
#[derive(Clone, Copy)]
pub struct Layers<'a>(pub &'a [&'a dyn Scope]);

impl Scope for Layers<'_> {
    fn tag(&self, name: &str) -> Lookup<'_> {
        self.0
            .iter()
            .map(|scope| scope.tag(name))
            .find(|found| *found != Lookup::Missing)
            .unwrap_or(Lookup::Missing)
    }

    fn path(&self, path: &[&str]) -> Option<Value> {
        let mut merged: Option<Value> = None;
        for scope in self.0 {
            match (&mut merged, scope.path(path)) {
                (_, None) => {}
                (None, Some(value @ Value::Map(_))) => merged = Some(value),
                (None, Some(value)) => return Some(value),
                (Some(into), Some(from)) => merge(into, &from),
            }
        }
        merged
    }
}

fn merge(into: &mut Value, from: &Value) {
    let (Value::Map(into), Value::Map(from)) = (into, from) else {
        return;
    };
    let into = Arc::make_mut(into);
    for (key, value) in from.iter() {
        match into.get_mut(key) {
            Some(present) => merge(present, value),
            None => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// All that an evaluation may depend on.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    pub scope: &'a dyn Scope,
    /// What `now()` gives.
    pub now: jiff::Timestamp,
    /// Where the random functions start; the same seed gives the same text.
    pub seed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat() -> Flat {
        [
            ("workflow.parameters", "[…]"),
            ("workflow.parameters.x", "1"),
            ("workflow.labels.a/b.c", "l"),
            ("workflow.parametersX", "no"),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn a_stem_is_a_map_for_expressions_and_a_leaf_for_tags() {
        let scope = flat();
        assert_eq!(
            scope.tag("workflow.parameters"),
            Lookup::Found("[…]".into())
        );
        assert_eq!(
            scope.path(&["workflow", "parameters"]),
            Some(Value::map([("x".to_owned(), Value::str("1"))]))
        );
    }

    #[test]
    fn keys_split_on_dots_and_can_be_asked_for_whole() {
        let scope = flat();
        assert_eq!(
            scope.path(&["workflow", "labels", "a/b", "c"]),
            Some(Value::str("l"))
        );
        assert_eq!(
            scope.path(&["workflow", "labels", "a/b.c"]),
            Some(Value::str("l"))
        );
        assert_eq!(scope.path(&["workflow", "nope"]), None);
    }

    #[test]
    fn layers_merge_interior_maps() {
        let (near, far): (Flat, Flat) = (
            [("a.x", "near")].into_iter().collect(),
            [("a.x", "far"), ("a.y", "far")].into_iter().collect(),
        );
        let layers: [&dyn Scope; 2] = [&near, &far];
        let scope = Layers(&layers);
        assert_eq!(
            scope
                .path(&["a"])
                .and_then(|v| v.json_text().ok())
                .as_deref(),
            Some(r#"{"x":"near","y":"far"}"#)
        );
        assert_eq!(scope.tag("a.y"), Lookup::Found("far".into()));
    }
}
