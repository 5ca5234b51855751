//! JSON merge patches (RFC 7386).

use serde_json::{Map, Value};

/// The merge patch that makes `new` of `old`; none if they are equal. Neither holds a null: a merge patch cannot say one.
pub(crate) fn diff(old: Option<&Value>, new: Option<&Value>) -> Option<Value> {
    match (old, new) {
        (None, None) => None,
        (Some(_), None) => Some(Value::Null),
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let patch = maps(old, new);
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        (Some(old), Some(new)) if old == new => None,
        (_, Some(new)) => Some(new.clone()),
    }
}

fn maps(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    new.keys()
        .chain(gone)
        .filter_map(|key| Some((key.clone(), diff(old.get(key), new.get(key))?)))
        .collect()
}

/// Adds what `more` has to an object, where the object says nothing of it.
pub(crate) fn join(object: &mut Value, more: &Value) {
    match (object, more) {
        (object @ Value::Null, more) => *object = more.clone(),
        (Value::Object(object), Value::Object(more)) => {
            for (name, value) in more {
                join(object.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            "[ab]?".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_patch_makes_the_new_of_the_old(old in values(), new in values()) {
            let mut target = old.clone();
            match diff(Some(&old), Some(&new)) {
                Some(patch) => json_patch::merge(&mut target, &patch),
                None => prop_assert_eq!(&old, &new),
            }
            prop_assert_eq!(target, new);
        }
    }

    #[test]
    fn a_patch_says_only_what_changed() {
        let old = json!({"a": 1, "b": {"c": [1], "d": 2}, "e": 3});
        let new = json!({"a": 1, "b": {"c": [1, 2], "d": 2}, "f": 4});
        let want = json!({"b": {"c": [1, 2]}, "e": null, "f": 4});
        assert_eq!(diff(Some(&old), Some(&new)), Some(want));
        assert_eq!(diff(Some(&old), Some(&old)), None);
    }
}
