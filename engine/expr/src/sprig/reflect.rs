//! Defaults, conditions, kinds and types; and the function that fails.

use super::coerce::empty;
use crate::builtins::{Args, Entry, Fault};
use crate::ops;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("all", |args| {
        Ok(Value::Bool(!args.values.iter().any(empty)))
    }),
    ("any", |args| {
        Ok(Value::Bool(args.values.iter().any(|value| !empty(value))))
    }),
    ("coalesce", |args| {
        Ok(args
            .values
            .iter()
            .find(|value| !empty(value))
            .cloned()
            .unwrap_or_default())
    }),
    ("deepEqual", deep_equal),
    ("default", default),
    ("empty", |args| Ok(Value::Bool(empty(args.value(0)?)))),
    ("fail", |args| Err(Fault::from(args.str(0)?))),
    ("kindIs", |args| {
        Ok(Value::Bool(args.str(0)? == kind(args.value(1)?)))
    }),
    ("kindOf", |args| Ok(Value::str(kind(args.value(0)?)))),
    ("ternary", ternary),
    ("typeIs", |args| {
        Ok(Value::Bool(args.str(0)? == go_type(args.value(1)?)))
    }),
    ("typeIsLike", |args| {
        Ok(Value::Bool(
            args.str(0)?.trim_start_matches('*') == go_type(args.value(1)?).trim_start_matches('*'),
        ))
    }),
    ("typeOf", |args| Ok(Value::str(go_type(args.value(0)?)))),
];

/// `default(fallback, value)`.
fn default(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 2)?;
    let fallback = args.value(0)?;
    Ok(args
        .values
        .get(1)
        .filter(|given| !empty(given))
        .unwrap_or(fallback)
        .clone())
}

fn ternary(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(3, 3)?;
    match args.value(2)? {
        Value::Bool(flag) => Ok(args.value(if *flag { 0 } else { 1 })?.clone()),
        _ => Err(args.wrong(2, "a boolean")),
    }
}

/// As Go's `reflect.DeepEqual`: 1 and 1.0 differ.
fn deep_equal(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let (left, right) = (args.value(0)?, args.value(1)?);
    let same_kind = kind(left) == kind(right);
    Ok(Value::Bool(
        same_kind && ops::equal(left, right, &mut args.run.fuel)?,
    ))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Named(_) => "int",
        Value::Float(_) => "float64",
        Value::Str(_) => "string",
        Value::List(_) => "slice",
        Value::Map(_) | Value::Table(_) => "map",
        Value::Duration(_) => "int64",
        Value::Time(_) => "struct",
        Value::Zone(_) | Value::Version(_) => "ptr",
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        Value::Table(_) => "map[interface {}]interface {}",
        Value::Int(_) => "int",
        Value::Zone(_) => "*time.Location",
        Value::Version(_) => "*semver.Version",
        Value::Duration(_) | Value::Time(_) | Value::Named(_) => value.type_name(),
        other => kind(other),
    }
}
