//! The values of the expression language, with Go's distinction of integers and floats.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::limits::TooLarge;
use crate::version::Version;

/// A value. Cloning is cheap: text, lists and maps are shared.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// `nil`: nothing there, or an optional output that is absent.
    #[default]
    Nil,
    Bool(bool),
    /// Go's `int`; arithmetic wraps as it does there.
    Int(i64),
    /// Go's `float64`. `/` and `**` always give one.
    Float(f64),
    Str(Arc<str>),
    List(Arc<Vec<Value>>),
    Map(Arc<BTreeMap<String, Value>>),
    /// Go's `map[any]any`, as `groupBy` and `fromPairs` make it: any keys, sorted, and not expressible in JSON.
    Table(Arc<Vec<(Value, Value)>>),
    /// A moment with its time zone.
    Time(Arc<Zoned>),
    /// Nanoseconds.
    Duration(i64),
    /// A time zone.
    Zone(TimeZone),
    /// A month or a weekday: a number with a name.
    Named(Named),
    /// A semantic version, from `sprig.semver`.
    Version(Arc<Version>),
}

/// A number with a name: JSON shows the number, text shows the name (Go's `time.Month` and `time.Weekday`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    pub number: i64,
    pub name: &'static str,
}

impl Value {
    /// A string value.
    pub fn str(text: impl AsRef<str>) -> Value {
        Value::Str(Arc::from(text.as_ref()))
    }

    /// A list value.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    /// A map value.
    pub fn map(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
        Value::Map(Arc::new(entries.into_iter().collect()))
    }

    /// The string inside, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// The name `type()` gives it: `nil bool int float string array map time.Time …`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) | Value::Table(_) => "map",
            Value::Time(_) => "time.Time",
            Value::Duration(_) => "time.Duration",
            Value::Zone(_) => "time.Location",
            Value::Named(named) if named.name.ends_with("day") => "time.Weekday",
            Value::Named(_) => "time.Month",
            Value::Version(_) => "semver.Version",
        }
    }

    /// Compact JSON text as Go writes it: keys sorted, `<`, `>` and `&` escaped, floats shortest with an exponent only below
    /// 1e-6 or from 1e21.
    ///
    /// # Errors
    /// What JSON cannot hold: NaN, infinities, maps with keys that are not strings; text beyond the size limit.
    pub fn json_text(&self) -> Result<String, JsonError> {
        crate::json::compact(self, true)
    }

    /// The same value for serde.
    ///
    /// # Errors
    /// As [`Value::json_text`].
    pub fn to_json(&self) -> Result<serde_json::Value, JsonError> {
        crate::json::to_serde(self)
    }

    /// What a tag puts into a text: strings bare, everything else as compact JSON.
    ///
    /// # Errors
    /// As [`Value::json_text`].
    pub fn tag_text(&self) -> Result<String, JsonError> {
        match self {
            Value::Str(text) => Ok(text.to_string()),
            other => other.json_text(),
        }
    }

    /// Go's `%v`: `[1 2]`, `map[a:1]`, `<nil>`, floats as `1e+21`.
    ///
    /// # Errors
    /// Text beyond the size limit.
    pub fn go_text(&self) -> Result<String, TooLarge> {
        crate::format::go_value(self)
    }
}

/// Why a value has no JSON form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("a map whose keys are not all strings has no JSON form")]
    Keys,
    #[error("{0} has no JSON form")]
    Number(String),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Structural equality; an integer equals a float of the same number.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        crate::ops::equal(self, other, &mut crate::limits::Fuel::default()).unwrap_or(false)
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(flag) => Value::Bool(*flag),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(int) => Value::Int(int),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Value::str(text),
            serde_json::Value::Array(items) => Value::list(items.iter().map(Value::from).collect()),
            serde_json::Value::Object(entries) => Value::map(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), Value::from(value))),
            ),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::str(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Str(Arc::from(text))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Float(number)
    }
}

impl From<Zoned> for Value {
    fn from(time: Zoned) -> Value {
        Value::Time(Arc::new(time))
    }
}
