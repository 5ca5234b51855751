//! Functions on lists and maps.

use std::sync::Arc;

use crate::builtins::{Args, Entry, Fault};
use crate::eval::shown;
use crate::limits;
use crate::ops;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("concat", concat),
    ("first", first),
    ("flatten", flatten),
    ("fromPairs", from_pairs),
    ("get", get),
    ("keys", keys),
    ("last", last),
    ("len", len),
    ("reverse", reverse),
    ("sort", sort),
    ("take", take),
    ("toPairs", to_pairs),
    ("uniq", uniq),
    ("values", values),
];

fn len(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let length = match args.value(0)? {
        Value::Str(text) => text.chars().count(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        Value::Table(entries) => entries.len(),
        _ => return Err(args.wrong(0, "a string, a list or a map")),
    };
    Ok(Value::Int(length as i64))
}

fn first(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(args.list(0)?.first().cloned().unwrap_or_default())
}

fn last(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(args.list(0)?.last().cloned().unwrap_or_default())
}

/// Never fails for what is not there: nil.
fn get(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    if args.value(0)?.is_nil() {
        return Ok(Value::Nil);
    }
    Ok(ops::member(args.value(0)?, args.value(1)?).unwrap_or_default())
}

fn take(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let items = args.list(0)?;
    Ok(Value::list(
        items[..args.size(1)?.min(items.len())].to_vec(),
    ))
}

fn reverse(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::list(args.list(0)?.iter().rev().cloned().collect()))
}

fn concat(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, usize::MAX)?;
    let mut all = Vec::new();
    for index in 0..args.values.len() {
        let items = args.list(index)?;
        limits::items(all.len() + items.len())?;
        all.extend_from_slice(items);
    }
    Ok(Value::list(all))
}

fn flatten(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let mut flat = Vec::new();
    flatten_into(args.list(0)?, &mut flat, args)?;
    Ok(Value::list(flat))
}

fn flatten_into(
    items: &[Value],
    flat: &mut Vec<Value>,
    args: &mut Args<'_, '_>,
) -> Result<(), Fault> {
    for item in items {
        args.run.fuel.burn(1)?;
        match item {
            Value::List(inner) => flatten_into(inner, flat, args)?,
            other => {
                limits::items(flat.len() + 1)?;
                flat.push(other.clone());
            }
        }
    }
    Ok(())
}

fn uniq(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::list(unique(args.list(0)?, args)?))
}

/// The first of each, in order.
pub(crate) fn unique(items: &[Value], args: &mut Args<'_, '_>) -> Result<Vec<Value>, Fault> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        let mut known = false;
        for one in &kept {
            known = known || ops::equal(one, item, &mut args.run.fuel)?;
        }
        if !known {
            kept.push(item.clone());
        }
    }
    Ok(kept)
}

fn sort(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 2)?;
    let items = args.list(0)?;
    let order = ops::sorted_by_keys(items, args.values.get(1))?;
    Ok(Value::list(
        order
            .into_iter()
            .map(|index| items[index].clone())
            .collect(),
    ))
}

fn keys(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::list(
        pairs(args)?.into_iter().map(|(key, _)| key).collect(),
    ))
}

fn values(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::list(
        pairs(args)?.into_iter().map(|(_, value)| value).collect(),
    ))
}

fn to_pairs(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::list(
        pairs(args)?
            .into_iter()
            .map(|(key, value)| Value::list(vec![key, value]))
            .collect(),
    ))
}

fn pairs(args: &Args<'_, '_>) -> Result<Vec<(Value, Value)>, Fault> {
    match args.value(0)? {
        Value::Map(entries) => Ok(entries
            .iter()
            .map(|(key, value)| (Value::str(key), value.clone()))
            .collect()),
        Value::Table(entries) => Ok(entries.to_vec()),
        _ => Err(args.wrong(0, "a map")),
    }
}

fn from_pairs(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let mut entries: Vec<(Value, Value)> = Vec::new();
    for pair in args.list(0)? {
        let Value::List(pair) = pair else {
            return Err(Fault(format!(
                "a pair must be a list of two, not {}",
                shown(pair)
            )));
        };
        let [key, value] = pair.as_slice() else {
            return Err(Fault::from("a pair must be a list of two"));
        };
        if matches!(key, Value::List(_) | Value::Map(_) | Value::Table(_)) {
            return Err(Fault(format!("{} cannot be a key", shown(key))));
        }
        entries.push((key.clone(), value.clone()));
    }
    entries.reverse();
    entries.sort_by(|(a, _), (b, _)| ops::any_order(a, b));
    entries.dedup_by(|(a, _), (b, _)| ops::any_order(a, b).is_eq());
    Ok(Value::Table(Arc::new(entries)))
}
