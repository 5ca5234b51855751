//! Types of parameters: what a value of one looks like. They exist in the language only; a workflow's parameters are text.

use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    String,
    Int,
    Float,
    Bool,
    Duration,
    Json,
    List(Box<Type>),
    Enum(Vec<String>),
}

pub(crate) const NAMES: [&str; 9] = [
    "string",
    "int",
    "float",
    "bool",
    "duration",
    "json",
    "list<…>",
    "enum(…)",
    "artifact",
];

impl Type {
    pub fn named(name: &str) -> Option<Type> {
        Some(match name {
            "string" => Type::String,
            "int" => Type::Int,
            "float" => Type::Float,
            "bool" => Type::Bool,
            "duration" => Type::Duration,
            "json" => Type::Json,
            "list" => Type::List(Box::new(Type::Json)),
            _ => return None,
        })
    }

    /// Whether a text without tags is one of these.
    pub fn admits(&self, text: &str) -> bool {
        match self {
            Type::String => true,
            Type::Int => text.trim().parse::<i64>().is_ok(),
            Type::Float => text.trim().parse::<f64>().is_ok(),
            Type::Bool => matches!(text, "true" | "false"),
            Type::Duration => is_duration(text),
            Type::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
            Type::List(item) => match serde_json::from_str::<Vec<serde_json::Value>>(text) {
                Ok(items) => items.iter().all(|value| item.admits_json(value)),
                Err(_) => false,
            },
            Type::Enum(choices) => choices.iter().any(|choice| choice == text),
        }
    }

    fn admits_json(&self, value: &serde_json::Value) -> bool {
        match (self, value) {
            (Type::Json, _) => true,
            (Type::String | Type::Enum(_) | Type::Duration, serde_json::Value::String(text)) => {
                self.admits(text)
            }
            (Type::List(item), serde_json::Value::Array(items)) => {
                items.iter().all(|value| item.admits_json(value))
            }
            (Type::Int, serde_json::Value::Number(number)) => number.is_i64() || number.is_u64(),
            (Type::Float, serde_json::Value::Number(_))
            | (Type::Bool, serde_json::Value::Bool(_)) => true,
            _ => false,
        }
    }

    /// Whether a value of type `given` can stand where this is wanted.
    pub fn takes(&self, given: &Type) -> bool {
        match (self, given) {
            (Type::String | Type::Json, _) | (Type::Float, Type::Int) => true,
            (Type::List(wanted), Type::List(given)) => wanted.takes(given),
            (Type::Enum(wanted), Type::Enum(given)) => {
                given.iter().all(|choice| wanted.contains(choice))
            }
            // What is not said to be anything else may hold what is wanted.
            (_, Type::String | Type::Json) => true,
            (wanted, given) => wanted == given,
        }
    }
}

/// `90`, `1h30m`, `1.5s`: seconds, or numbers with units.
fn is_duration(text: &str) -> bool {
    text.parse::<u64>().is_ok() || tiphys_expr::duration::parse(text).is_ok()
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::String => f.write_str("string"),
            Type::Int => f.write_str("int"),
            Type::Float => f.write_str("float"),
            Type::Bool => f.write_str("bool"),
            Type::Duration => f.write_str("duration"),
            Type::Json => f.write_str("json"),
            Type::List(item) => write!(f, "list<{item}>"),
            Type::Enum(choices) => write!(f, "enum({})", choices.join(", ")),
        }
    }
}
