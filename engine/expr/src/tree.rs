//! JSON whose strings and object keys may hold tags, compiled once.

use serde_json::Value as Json;

use crate::render::{RenderError, Unresolved};
use crate::scope::Env;
use crate::text::{Tag, Text};

/// A JSON value with tags in its strings and in its objects' keys. Parts without tags are kept as they are.
#[derive(Debug, Clone)]
pub struct Tree(Branch);

#[derive(Debug, Clone)]
enum Branch {
    /// No tag anywhere below.
    Fixed(Json),
    Text(Text),
    List(Vec<Branch>),
    /// Key, value; the key's tags are tags too.
    Object(Vec<(Text, Branch)>),
}

/// Where and why a tree cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error} (at {pointer:?})")]
pub struct TreeError {
    /// JSON pointer (RFC 6901) of the string, or of the member whose key it is.
    pub pointer: String,
    pub error: RenderError,
}

impl Tree {
    /// Finds the tags. Never fails.
    pub fn parse(json: &Json) -> Tree {
        Tree(branch(json))
    }

    /// There is no tag in it.
    pub fn is_literal(&self) -> bool {
        matches!(self.0, Branch::Fixed(_))
    }

    /// Each tag with the JSON pointer of the string it stands in (a key's tag has its member's pointer).
    pub fn tags_with_paths(&self) -> Vec<(String, &Tag)> {
        let mut found = Vec::new();
        collect(&self.0, &mut String::new(), &mut found);
        found
    }

    /// Puts values in the place of the tags. Strings stay strings: `"{{=1 + 1}}"` becomes `"2"`.
    ///
    /// # Errors
    /// The first text that cannot be rendered, with its place.
    pub fn render(&self, env: &Env<'_>, unresolved: Unresolved) -> Result<Json, TreeError> {
        rendered(&self.0, env, unresolved, &mut Vec::new())
    }
}

fn branch(json: &Json) -> Branch {
    match json {
        Json::String(source) => {
            let text = Text::parse(source);
            if text.is_literal() {
                Branch::Fixed(json.clone())
            } else {
                Branch::Text(text)
            }
        }
        Json::Array(items) => {
            let items: Vec<Branch> = items.iter().map(branch).collect();
            if items.iter().all(|item| matches!(item, Branch::Fixed(_))) {
                Branch::Fixed(json.clone())
            } else {
                Branch::List(items)
            }
        }
        Json::Object(members) => {
            let members: Vec<(Text, Branch)> = members
                .iter()
                .map(|(key, value)| (Text::parse(key), branch(value)))
                .collect();
            let fixed = members
                .iter()
                .all(|(key, value)| key.is_literal() && matches!(value, Branch::Fixed(_)));
            if fixed {
                Branch::Fixed(json.clone())
            } else {
                Branch::Object(members)
            }
        }
        _ => Branch::Fixed(json.clone()),
    }
}

fn collect<'t>(branch: &'t Branch, pointer: &mut String, found: &mut Vec<(String, &'t Tag)>) {
    let length = pointer.len();
    match branch {
        Branch::Fixed(_) => {}
        Branch::Text(text) => found.extend(text.tags().iter().map(|tag| (pointer.clone(), tag))),
        Branch::List(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                collect(item, pointer, found);
                pointer.truncate(length);
            }
        }
        Branch::Object(members) => {
            for (key, value) in members {
                pointer.push_str(&step(key.source()));
                found.extend(key.tags().iter().map(|tag| (pointer.clone(), tag)));
                collect(value, pointer, found);
                pointer.truncate(length);
            }
        }
    }
}

/// One step of a JSON pointer.
fn step(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn rendered(
    branch: &Branch,
    env: &Env<'_>,
    unresolved: Unresolved,
    steps: &mut Vec<String>,
) -> Result<Json, TreeError> {
    let text = |text: &Text, steps: &[String]| match text.render(env, unresolved) {
        Ok(rendered) => Ok(rendered.into_owned()),
        Err(error) => Err(TreeError {
            pointer: steps.concat(),
            error,
        }),
    };
    Ok(match branch {
        Branch::Fixed(json) => json.clone(),
        Branch::Text(source) => Json::String(text(source, steps)?),
        Branch::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                steps.push(format!("/{index}"));
                list.push(rendered(item, env, unresolved, steps)?);
                steps.pop();
            }
            Json::Array(list)
        }
        Branch::Object(members) => {
            let mut object = serde_json::Map::new();
            for (key, value) in members {
                steps.push(step(key.source()));
                let name = text(key, steps)?;
                object.insert(name, rendered(value, env, unresolved, steps)?);
                steps.pop();
            }
            Json::Object(object)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Flat;

    #[test]
    fn keys_and_values_are_rendered_and_faults_have_a_place() {
        let scope: Flat = [("x", "say \"hi\"")].into_iter().collect();
        let env = Env {
            scope: &scope,
            now: jiff::Timestamp::UNIX_EPOCH,
            seed: 0,
        };
        let tree = Tree::parse(
            &serde_json::json!({"k-{{x}}": ["{{x}}", 1, {"a/b": "{{y}}"}], "plain": null}),
        );
        assert_eq!(
            tree.render(&env, Unresolved::Keep).unwrap(),
            serde_json::json!({"k-say \"hi\"": ["say \"hi\"", 1, {"a/b": "{{y}}"}], "plain": null})
        );
        let error = tree.render(&env, Unresolved::Fail).unwrap_err();
        assert_eq!(error.pointer, "/k-{{x}}/2/a~1b");
        assert_eq!(tree.tags_with_paths().len(), 3);
    }
}
