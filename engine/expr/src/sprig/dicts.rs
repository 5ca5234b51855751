//! Maps. Values are never changed in place: `set`, `unset` and `merge` give a new map.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::coerce;
use crate::builtins::{Args, Entry, Fault};
use crate::eval::shown;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("deepCopy", |args| Ok(args.value(0)?.clone())),
    ("dict", dict),
    ("dig", dig),
    ("get", |args| {
        Ok(map(args, 0)?
            .get(args.str(1)?)
            .cloned()
            .unwrap_or_else(|| Value::str("")))
    }),
    ("hasKey", |args| {
        Ok(Value::Bool(map(args, 0)?.contains_key(args.str(1)?)))
    }),
    ("keys", keys),
    ("merge", |args| merge(args, false)),
    ("mergeOverwrite", |args| merge(args, true)),
    ("mustDeepCopy", |args| Ok(args.value(0)?.clone())),
    ("mustMerge", |args| merge(args, false)),
    ("mustMergeOverwrite", |args| merge(args, true)),
    ("omit", |args| chosen(args, false)),
    ("pick", |args| chosen(args, true)),
    ("pluck", pluck),
    ("set", set),
    ("unset", unset),
    ("values", |args| {
        Ok(Value::list(map(args, 0)?.values().cloned().collect()))
    }),
];

fn map<'a>(args: &Args<'a, '_>, index: usize) -> Result<&'a Arc<BTreeMap<String, Value>>, Fault> {
    match args.value(index)? {
        Value::Map(entries) => Ok(entries),
        _ => Err(args.wrong(index, "a map")),
    }
}

/// Keys and values in turn; a last key without a value has the empty text.
fn dict(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let mut entries = BTreeMap::new();
    for pair in args.values.chunks(2) {
        let value = pair.get(1).cloned().unwrap_or_else(|| Value::str(""));
        entries.insert(coerce::text(&pair[0])?, value);
    }
    Ok(Value::Map(Arc::new(entries)))
}

fn keys(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let mut all = Vec::new();
    for index in 0..args.values.len() {
        all.extend(map(args, index)?.keys().map(Value::str));
    }
    Ok(Value::list(all))
}

fn set(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(3, 3)?;
    let mut entries = map(args, 0)?.clone();
    Arc::make_mut(&mut entries).insert(args.str(1)?.to_owned(), args.value(2)?.clone());
    Ok(Value::Map(entries))
}

fn unset(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let mut entries = map(args, 0)?.clone();
    Arc::make_mut(&mut entries).remove(args.str(1)?);
    Ok(Value::Map(entries))
}

fn chosen(args: &mut Args<'_, '_>, wanted: bool) -> Result<Value, Fault> {
    let mut names = Vec::new();
    for index in 1..args.values.len() {
        names.push(args.str(index)?);
    }
    let entries = map(args, 0)?
        .iter()
        .filter(|(key, _)| names.contains(&key.as_str()) == wanted);
    Ok(Value::map(
        entries.map(|(key, value)| (key.clone(), value.clone())),
    ))
}

fn pluck(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let name = args.str(0)?;
    let mut found = Vec::new();
    for index in 1..args.values.len() {
        found.extend(map(args, index)?.get(name).cloned());
    }
    Ok(Value::list(found))
}

fn merge(args: &mut Args<'_, '_>, overwrite: bool) -> Result<Value, Fault> {
    args.count(1, usize::MAX)?;
    let mut merged = map(args, 0)?.clone();
    for index in 1..args.values.len() {
        let from = map(args, index)?.clone();
        merge_into(Arc::make_mut(&mut merged), &from, overwrite, args)?;
    }
    Ok(Value::Map(merged))
}

/// mergo's rule: what is empty in the target is filled, the rest is replaced only by `mergeOverwrite`.
fn merge_into(
    into: &mut BTreeMap<String, Value>,
    from: &BTreeMap<String, Value>,
    overwrite: bool,
    args: &mut Args<'_, '_>,
) -> Result<(), Fault> {
    for (key, value) in from {
        args.run.fuel.burn(1)?;
        match (into.get_mut(key), value) {
            (Some(Value::Map(inner)), Value::Map(other)) => {
                merge_into(Arc::make_mut(inner), other, overwrite, args)?
            }
            (Some(present), _)
                if !coerce::empty(present) && (!overwrite || coerce::empty(value)) => {}
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(())
}

/// `dig("a", "b", default, map)`.
fn dig(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(3, usize::MAX)?;
    let last = args.values.len() - 1;
    let mut value = Value::Map(map(args, last)?.clone());
    for index in 0..last - 1 {
        let Value::Map(entries) = &value else {
            return Err(Fault(format!(
                "`dig` goes through maps, got {}",
                shown(&value)
            )));
        };
        match entries.get(args.str(index)?).cloned() {
            Some(inner) => value = inner,
            None => return Ok(args.value(last - 1)?.clone()),
        }
    }
    Ok(value)
}
