//! Lists. Functions with `must` differ only in how Go reports a wrong argument: here it is an error for both.

use super::coerce::empty;
use crate::builtins::lists::unique;
use crate::builtins::{Args, Entry, Fault};
use crate::eval::shown;
use crate::limits;
use crate::ops;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("append", push),
    ("chunk", chunk),
    ("compact", compact),
    ("concat", concat),
    ("first", first),
    ("has", has),
    ("initial", initial),
    ("last", last),
    ("list", |args| Ok(Value::list(args.values.to_vec()))),
    ("mustAppend", push),
    ("mustChunk", chunk),
    ("mustCompact", compact),
    ("mustFirst", first),
    ("mustHas", has),
    ("mustInitial", initial),
    ("mustLast", last),
    ("mustPrepend", prepend),
    ("mustPush", push),
    ("mustRest", rest),
    ("mustReverse", reverse),
    ("mustSlice", slice),
    ("mustUniq", uniq),
    ("mustWithout", without),
    ("prepend", prepend),
    ("push", push),
    ("rest", rest),
    ("reverse", reverse),
    ("slice", slice),
    ("tuple", |args| Ok(Value::list(args.values.to_vec()))),
    ("uniq", uniq),
    ("without", without),
];

fn first(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    Ok(args.list(0)?.first().cloned().unwrap_or_default())
}

fn last(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    Ok(args.list(0)?.last().cloned().unwrap_or_default())
}

fn rest(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    Ok(args
        .list(0)?
        .split_first()
        .map_or(Value::Nil, |(_, rest)| Value::list(rest.to_vec())))
}

fn initial(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    Ok(args
        .list(0)?
        .split_last()
        .map_or(Value::Nil, |(_, initial)| Value::list(initial.to_vec())))
}

fn reverse(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    Ok(Value::list(args.list(0)?.iter().rev().cloned().collect()))
}

fn push(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    Ok(Value::list(
        args.list(0)?
            .iter()
            .chain([args.value(1)?])
            .cloned()
            .collect(),
    ))
}

fn prepend(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    Ok(Value::list(
        [args.value(1)?]
            .into_iter()
            .chain(args.list(0)?)
            .cloned()
            .collect(),
    ))
}

fn uniq(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    Ok(Value::list(unique(args.list(0)?, args)?))
}

fn compact(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    Ok(Value::list(
        args.list(0)?
            .iter()
            .filter(|item| !empty(item))
            .cloned()
            .collect(),
    ))
}

fn without(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, usize::MAX)?;
    let mut kept = Vec::new();
    for item in args.list(0)? {
        let mut unwanted = false;
        for other in &args.values[1..] {
            unwanted = unwanted || ops::equal(item, other, &mut args.run.fuel)?;
        }
        if !unwanted {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn has(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    if args.value(1)?.is_nil() {
        return Ok(Value::Bool(false));
    }
    for item in args.list(1)? {
        if ops::equal(args.value(0)?, item, &mut args.run.fuel)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn slice(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 3)?;
    let items = args.list(0)?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let from = if args.values.len() > 1 {
        args.size(1)?
    } else {
        0
    };
    let to = if args.values.len() > 2 {
        args.size(2)?
    } else {
        items.len()
    };
    let part = items.get(from..to);
    part.map(|part| Value::list(part.to_vec())).ok_or_else(|| {
        Fault(format!(
            "there is no part {from} to {to} of a list of {}",
            items.len()
        ))
    })
}

fn concat(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let mut all = Vec::new();
    for index in 0..args.values.len() {
        let items = args.list(index)?;
        limits::items(all.len() + items.len())?;
        all.extend_from_slice(items);
    }
    Ok(Value::list(all))
}

fn chunk(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let size = args.size(0)?;
    if size == 0 {
        return Err(Fault(format!(
            "`chunk` wants a size of at least 1, got {}",
            shown(args.value(0)?)
        )));
    }
    Ok(Value::list(
        args.list(1)?
            .chunks(size)
            .map(|chunk| Value::list(chunk.to_vec()))
            .collect(),
    ))
}
