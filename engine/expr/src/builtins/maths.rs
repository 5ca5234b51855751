//! Functions on numbers and on lists of them.

use crate::builtins::{Args, Entry, Fault};
use crate::eval::shown;
use crate::ops;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("abs", abs),
    ("bitand", |args| bits(args, |a, b| a & b)),
    ("bitnand", |args| bits(args, |a, b| a & !b)),
    ("bitnot", bit_not),
    ("bitor", |args| bits(args, |a, b| a | b)),
    ("bitshl", |args| {
        shift(args, |a, by| a.checked_shl(by).unwrap_or(0))
    }),
    ("bitshr", |args| shift(args, |a, by| a >> by.min(63))),
    ("bitushr", |args| {
        shift(args, |a, by| (a as u64).checked_shr(by).unwrap_or(0) as i64)
    }),
    ("bitxor", |args| bits(args, |a, b| a ^ b)),
    ("ceil", |args| rounded(args, f64::ceil)),
    ("floor", |args| rounded(args, f64::floor)),
    ("max", |args| extreme(args, ">")),
    ("mean", mean),
    ("median", median),
    ("min", |args| extreme(args, "<")),
    ("round", |args| rounded(args, f64::round)),
];

fn abs(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    match args.value(0)? {
        Value::Int(number) => Ok(Value::Int(number.wrapping_abs())),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        _ => Err(args.wrong(0, "a number")),
    }
}

fn rounded(args: &mut Args<'_, '_>, work: fn(f64) -> f64) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::Float(work(args.number(0)?)))
}

fn bits(args: &mut Args<'_, '_>, work: fn(i64, i64) -> i64) -> Result<Value, Fault> {
    args.count(2, 2)?;
    Ok(Value::Int(work(args.int(0)?, args.int(1)?)))
}

fn bit_not(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::Int(!args.int(0)?))
}

fn shift(args: &mut Args<'_, '_>, work: fn(i64, u32) -> i64) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let by = args.size(1)?;
    Ok(Value::Int(work(
        args.int(0)?,
        u32::try_from(by).unwrap_or(u32::MAX),
    )))
}

/// All numbers among the arguments, those in lists included.
fn numbers(args: &mut Args<'_, '_>) -> Result<Vec<Value>, Fault> {
    let mut found = Vec::new();
    let values = args.values;
    collect(values, &mut found, args)?;
    Ok(found)
}

fn collect(values: &[Value], found: &mut Vec<Value>, args: &mut Args<'_, '_>) -> Result<(), Fault> {
    for value in values {
        args.run.fuel.burn(1)?;
        match value {
            Value::List(inner) => collect(inner, found, args)?,
            Value::Int(_) | Value::Float(_) => found.push(value.clone()),
            other => {
                return Err(Fault(format!(
                    "`{}` wants numbers, got {}",
                    args.name,
                    shown(other)
                )));
            }
        }
    }
    Ok(())
}

fn extreme(args: &mut Args<'_, '_>, better: &str) -> Result<Value, Fault> {
    args.count(1, usize::MAX)?;
    let mut found = numbers(args)?.into_iter();
    let Some(mut best) = found.next() else {
        return Ok(Value::Nil);
    };
    for next in found {
        let wins = match ops::order(better, &next, &best)? {
            Some(order) => {
                if better == "<" {
                    order.is_lt()
                } else {
                    order.is_gt()
                }
            }
            None => false,
        };
        if wins {
            best = next;
        }
    }
    Ok(best)
}

fn floats(args: &mut Args<'_, '_>) -> Result<Vec<f64>, Fault> {
    args.count(1, usize::MAX)?;
    Ok(numbers(args)?.iter().filter_map(ops::number).collect())
}

fn mean(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let numbers = floats(args)?;
    Ok(Value::Float(if numbers.is_empty() {
        0.0
    } else {
        numbers.iter().sum::<f64>() / numbers.len() as f64
    }))
}

fn median(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let mut numbers = floats(args)?;
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    Ok(Value::Float(match numbers.len() {
        0 => 0.0,
        length if length % 2 == 1 => numbers[middle],
        _ => (numbers[middle - 1] + numbers[middle]) / 2.0,
    }))
}
