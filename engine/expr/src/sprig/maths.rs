//! Integers and floats; sprig's arguments may be text too.

use super::coerce::{float, int};
use crate::builtins::{Args, Entry, Fault};
use crate::limits;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("add", |args| fold(args, 0, i64::wrapping_add)),
    ("add1", |args| {
        Ok(Value::Int(int(args.value(0)?).wrapping_add(1)))
    }),
    ("add1f", |args| {
        Ok(Value::Float(float(args.value(0)?) + 1.0))
    }),
    ("addf", |args| {
        Ok(Value::Float(args.values.iter().map(float).sum()))
    }),
    ("atoi", |args| {
        Ok(Value::Int(args.str(0)?.parse().unwrap_or(0)))
    }),
    ("biggest", max),
    ("ceil", |args| {
        Ok(Value::Float(float(args.value(0)?).ceil()))
    }),
    ("div", div),
    ("divf", |args| reduce_floats(args, |a, b| a / b)),
    ("float64", |args| Ok(Value::Float(float(args.value(0)?)))),
    ("floor", |args| {
        Ok(Value::Float(float(args.value(0)?).floor()))
    }),
    ("int", |args| Ok(Value::Int(int(args.value(0)?)))),
    ("int64", |args| Ok(Value::Int(int(args.value(0)?)))),
    ("max", max),
    ("maxf", |args| reduce_floats(args, f64::max)),
    ("min", min),
    ("minf", |args| reduce_floats(args, f64::min)),
    ("mod", modulo),
    ("mul", |args| fold(args, 1, i64::wrapping_mul)),
    ("mulf", |args| reduce_floats(args, |a, b| a * b)),
    ("round", round),
    ("seq", seq),
    ("sub", |args| {
        args.count(2, 2)?;
        Ok(Value::Int(
            int(args.value(0)?).wrapping_sub(int(args.value(1)?)),
        ))
    }),
    ("subf", |args| reduce_floats(args, |a, b| a - b)),
    ("toDecimal", |args| {
        let text = args.text(0)?;
        Ok(Value::Int(i64::from_str_radix(&text, 8).unwrap_or(0)))
    }),
    ("until", |args| {
        args.count(1, 1)?;
        let end = args.int(0)?;
        steps(0, end, if end < 0 { -1 } else { 1 })
    }),
    ("untilStep", |args| {
        args.count(3, 3)?;
        steps(args.int(0)?, args.int(1)?, args.int(2)?)
    }),
];

fn fold(args: &mut Args<'_, '_>, start: i64, work: fn(i64, i64) -> i64) -> Result<Value, Fault> {
    args.count(1, usize::MAX)?;
    Ok(Value::Int(args.values.iter().map(int).fold(start, work)))
}

fn reduce_floats(args: &mut Args<'_, '_>, work: fn(f64, f64) -> f64) -> Result<Value, Fault> {
    args.count(1, usize::MAX)?;
    Ok(Value::Float(
        args.values.iter().map(float).reduce(work).unwrap_or(0.0),
    ))
}

fn max(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, usize::MAX)?;
    Ok(Value::Int(args.values.iter().map(int).max().unwrap_or(0)))
}

fn min(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, usize::MAX)?;
    Ok(Value::Int(args.values.iter().map(int).min().unwrap_or(0)))
}

fn div(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    match int(args.value(1)?) {
        0 => Err(Fault::from("an integer is divided by zero")),
        by => Ok(Value::Int(int(args.value(0)?).wrapping_div(by))),
    }
}

fn modulo(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    match int(args.value(1)?) {
        0 => Err(Fault::from("an integer is divided by zero")),
        by => Ok(Value::Int(int(args.value(0)?).wrapping_rem(by))),
    }
}

/// `round(number, places, from)`: away from zero from `from` on, 0.5 where it is not given.
fn round(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 3)?;
    let (number, places) = (float(args.value(0)?), args.int(1)?.clamp(-400, 400) as i32);
    let from = if args.values.len() == 3 {
        float(args.value(2)?)
    } else {
        0.5
    };
    let scale = 10f64.powi(places);
    let digits = number * scale;
    let up = (digits - digits.trunc()).abs() >= from;
    let rounded = if up {
        if number < 0.0 {
            digits.floor()
        } else {
            digits.ceil()
        }
    } else {
        digits.trunc()
    };
    Ok(Value::Float(rounded / scale))
}

/// From `start` to before `stop`; empty where the step leads away.
fn steps(start: i64, stop: i64, step: i64) -> Result<Value, Fault> {
    let forward = stop > start && step > 0;
    let backward = stop < start && step < 0;
    if !forward && !backward {
        return Ok(Value::list(Vec::new()));
    }
    let span = (i128::from(stop) - i128::from(start)).abs();
    let count = usize::try_from((span - 1) / i128::from(step).abs() + 1).unwrap_or(usize::MAX);
    limits::items(count)?;
    Ok(Value::list(
        (0..count as i64)
            .map(|index| Value::Int(start + index * step))
            .collect(),
    ))
}

/// `seq(end)`, `seq(start, end)`, `seq(start, step, end)`: numbers in a text, as the shell's.
fn seq(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(0, 3)?;
    let number = |index: usize| args.int(index);
    let (start, step, end) = match args.values.len() {
        0 => return Ok(Value::str("")),
        1 => (1, if number(0)? < 1 { -1 } else { 1 }, number(0)?),
        2 => (
            number(0)?,
            if number(1)? < number(0)? { -1 } else { 1 },
            number(1)?,
        ),
        _ => (number(0)?, number(1)?, number(2)?),
    };
    let end = if step < 0 {
        end.saturating_sub(1)
    } else {
        end.saturating_add(1)
    };
    let Value::List(numbers) = steps(start, end, step)? else {
        return Ok(Value::str(""));
    };
    let texts: Vec<String> = numbers
        .iter()
        .map(|number| number.go_text().unwrap_or_default())
        .collect();
    Ok(Value::from(texts.join(" ")))
}
