//! Conversions: `int`, `string`, `toJSON`, `jsonpath` …

use crate::builtins::{Args, Entry, Fault};
use crate::eval::shown;
use crate::value::Value;
use crate::{json, jsonpath, sprig};

pub(super) const TABLE: &[Entry] = &[
    ("asFloat", float),
    ("asInt", int),
    ("float", float),
    ("fromBase64", from_base64),
    ("fromJSON", from_json),
    ("int", int),
    ("jsonpath", json_path),
    ("string", string),
    ("toBase64", to_base64),
    ("toJSON", to_json_pretty),
    ("toJson", to_json),
    ("type", type_name),
];

fn int(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    match args.value(0)? {
        Value::Int(number) | Value::Duration(number) => Ok(Value::Int(*number)),
        Value::Named(named) => Ok(Value::Int(named.number)),
        Value::Float(number) => Ok(Value::Int(*number as i64)),
        Value::Str(text) => match text.parse::<i64>() {
            Ok(number) => Ok(Value::Int(number)),
            Err(_) => Err(refused(args)),
        },
        _ => Err(refused(args)),
    }
}

fn refused(args: &Args<'_, '_>) -> Fault {
    Fault(format!(
        "`{}` does not work on {}",
        args.name,
        args.values.first().map(shown).unwrap_or_default()
    ))
}

fn float(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    match args.value(0)? {
        Value::Int(number) => Ok(Value::Float(*number as f64)),
        Value::Float(number) => Ok(Value::Float(*number)),
        Value::Str(text) => parse_float(text)
            .map(Value::Float)
            .ok_or_else(|| refused(args)),
        _ => Err(refused(args)),
    }
}

/// Go's `ParseFloat`: no white space around it, underscores not allowed, `Inf` and `NaN` known.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn string(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::from(args.text(0)?))
}

fn type_name(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::str(args.value(0)?.type_name()))
}

fn to_json(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::from(json::compact(args.value(0)?, true)?))
}

fn to_json_pretty(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::from(json::pretty(args.value(0)?, true)?))
}

fn from_json(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    json::parse(args.str(0)?).map_err(|reason| Fault(format!("the text is not JSON: {reason}")))
}

fn to_base64(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::from(sprig::encoding::base64(
        args.str(0)?.as_bytes(),
    )))
}

fn from_base64(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let bytes = sprig::encoding::from_base64(args.str(0)?)
        .ok_or_else(|| Fault::from("the text is not base64"))?;
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}

fn json_path(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    jsonpath::query(args.str(0)?, args.str(1)?, &mut args.run.fuel).map_err(Fault)
}
