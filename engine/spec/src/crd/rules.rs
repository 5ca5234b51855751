//! What Argo's definitions demand of a type beyond what the type says: `rules.json`, an entry per type.
//!
//! An entry has the keywords of the type itself; `like`: the type whose entry holds for this one too; `atomic` and `set`: lists that are
//! replaced as a whole, or have each item once; `keyed`: lists whose items are known by those of their fields; `default`: what a field is where
//! it is not there; `int32`: integers that are no longer than that; `fields`: keywords of fields. A keyword that is `null` is not there, though
//! the type says it.
//!
//! `words.json` has what `kubectl explain` says of a field: by the field's name, or by type and name where it means something else there.

use serde_json::{Map, Value, json};

const LIST: &str = "x-kubernetes-list-type";
const KEYS: &str = "x-kubernetes-list-map-keys";

pub struct Rules {
    demands: Map<String, Value>,
    words: Map<String, Value>,
}

impl Rules {
    pub fn read() -> Self {
        // Without them tests fail.
        Self {
            demands: serde_json::from_str(include_str!("rules.json")).unwrap_or_default(),
            words: serde_json::from_str(include_str!("words.json")).unwrap_or_default(),
        }
    }

    /// To a type's schema, what is said of it. The types of Kubernetes are known by the end of their names.
    pub fn apply(&self, name: &str, schema: &mut Value) {
        let name = name.rsplit('.').next().unwrap_or(name);
        let entry = self.demands.get(name).and_then(Value::as_object);
        for (word, what) in entry.into_iter().flatten() {
            match word.as_str() {
                "like" => self.apply(what.as_str().unwrap_or_default(), schema),
                "atomic" | "set" => each(what, schema, |_| json!({LIST: word})),
                "keyed" => each(what, schema, |keys| json!({LIST: "map", KEYS: keys})),
                "default" => each(what, schema, |value| json!({"default": value})),
                "int32" => each(what, schema, |_| json!({"format": "int32"})),
                "fields" => each(what, schema, Value::clone),
                keyword => say(schema, keyword, what),
            }
        }
    }

    /// To each field of a type that does not say what it is, that.
    pub fn describe(&self, name: &str, schema: &mut Value) {
        let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (field, of) in fields.into_iter().flatten() {
            let words = self.words.get(&format!("{name}.{field}"));
            let words = words.or_else(|| self.words.get(field));
            if let (None, Some(words)) = (of.get("description"), words) {
                say(of, "description", words);
            }
        }
    }
}

/// The fields that a list or a map names, each with what the map has of it.
fn named(what: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let listed = what.as_array().into_iter().flatten();
    let listed = listed.filter_map(|name| Some((name.as_str()?, &Value::Null)));
    let mapped = what.as_object().into_iter().flatten();
    listed.chain(mapped.map(|(name, of)| (name.as_str(), of)))
}

fn each(what: &Value, schema: &mut Value, keywords: impl Fn(&Value) -> Value) {
    for (name, of) in named(what) {
        let keywords = keywords(of);
        let properties = schema.get_mut("properties");
        let Some(field) = properties.and_then(|all| all.get_mut(name)) else {
            continue;
        };
        for (keyword, value) in keywords.as_object().into_iter().flatten() {
            say(field, keyword, value);
        }
    }
}

fn say(schema: &mut Value, keyword: &str, value: &Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    if value.is_null() {
        schema.remove(keyword);
    } else {
        schema.insert(keyword.to_owned(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::FORMS;
    use schemars::generate::SchemaSettings;
    use std::collections::BTreeMap;

    /// A rule of a type or field that is no more would be none, silently.
    #[test]
    fn every_rule_is_of_a_field_that_is_there() {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        for form in &FORMS {
            (form.schema)(&mut generator);
        }
        let mut types: BTreeMap<String, Value> = BTreeMap::new();
        for (name, of) in generator.take_definitions(true) {
            let end = name.rsplit('.').next().unwrap_or(&name).to_owned();
            assert!(types.insert(end, of).is_none(), "two types are {name}");
        }
        let rules = Rules::read();
        assert!(!rules.demands.is_empty(), "rules.json is not JSON");
        for (name, entry) in &rules.demands {
            let of = types.get(name);
            assert!(of.is_some(), "there is no type {name}");
            let is = |field: &str| of.is_some_and(|of| of["properties"].get(field).is_some());
            for (word, what) in entry.as_object().into_iter().flatten() {
                match word.as_str() {
                    "like" => assert!(
                        what.as_str()
                            .is_some_and(|of| rules.demands.contains_key(of)),
                        "{name} is like none"
                    ),
                    "atomic" | "set" | "keyed" | "default" | "int32" | "fields" | "required" => {
                        for (field, _) in named(what) {
                            assert!(is(field), "{name} has no {field}");
                        }
                    }
                    _ => assert!(word.starts_with("x-kubernetes-"), "{name}: {word}"),
                }
            }
        }
    }
}
