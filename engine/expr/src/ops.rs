//! Operators, equality, order, members: what values do with each other.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::ast::Binary;
use crate::builtins::Fault;
use crate::eval::shown;
use crate::limits::{self, Fuel, TooLarge};
use crate::value::Value;

/// The number inside, as a float.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

pub(crate) fn binary(
    binary: Binary,
    left: &Value,
    right: &Value,
    fuel: &mut Fuel,
) -> Result<Value, Fault> {
    let flag = |flag: bool| Ok(Value::Bool(flag));
    match binary {
        Binary::Eq => flag(equal(left, right, fuel)?),
        Binary::Ne => flag(!equal(left, right, fuel)?),
        Binary::Lt => flag(order("<", left, right)? == Some(Ordering::Less)),
        Binary::Le => flag(matches!(
            order("<=", left, right)?,
            Some(Ordering::Less | Ordering::Equal)
        )),
        Binary::Gt => flag(order(">", left, right)? == Some(Ordering::Greater)),
        Binary::Ge => flag(matches!(
            order(">=", left, right)?,
            Some(Ordering::Greater | Ordering::Equal)
        )),
        Binary::In => flag(contains(left, right, fuel)?),
        Binary::Contains | Binary::StartsWith | Binary::EndsWith => text_test(binary, left, right),
        Binary::Range => range(left, right, fuel),
        _ => arithmetic(binary, left, right),
    }
}

fn mismatch(symbol: &str, left: &Value, right: &Value) -> Fault {
    Fault::from(format!(
        "`{symbol}` does not work on {} and {}",
        shown(left),
        shown(right)
    ))
}

fn text_test(binary: Binary, left: &Value, right: &Value) -> Result<Value, Fault> {
    if left.is_nil() || right.is_nil() {
        return Ok(Value::Bool(false));
    }
    let (Some(text), Some(part)) = (left.as_str(), right.as_str()) else {
        return Err(mismatch(binary.symbol(), left, right));
    };
    Ok(Value::Bool(match binary {
        Binary::StartsWith => text.starts_with(part),
        Binary::EndsWith => text.ends_with(part),
        _ => text.contains(part),
    }))
}

fn arithmetic(binary: Binary, left: &Value, right: &Value) -> Result<Value, Fault> {
    let symbol = binary.symbol();
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => integers(binary, *a, *b),
        (Value::Str(a), Value::Str(b)) if binary == Binary::Add => {
            limits::text(a.len() + b.len())?;
            Ok(Value::from(format!("{a}{b}")))
        }
        (Value::Time(_) | Value::Duration(_), _) | (_, Value::Time(_) | Value::Duration(_)) => {
            crate::methods::time_arithmetic(binary, left, right)
                .ok_or_else(|| mismatch(symbol, left, right))
        }
        _ => match (number(left), number(right)) {
            (Some(a), Some(b)) => floats(binary, a, b).ok_or_else(|| mismatch(symbol, left, right)),
            _ => Err(mismatch(symbol, left, right)),
        },
    }
}

/// Go's integers wrap; `/` and `**` leave them for floats.
fn integers(binary: Binary, a: i64, b: i64) -> Result<Value, Fault> {
    Ok(match binary {
        Binary::Add => Value::Int(a.wrapping_add(b)),
        Binary::Sub => Value::Int(a.wrapping_sub(b)),
        Binary::Mul => Value::Int(a.wrapping_mul(b)),
        Binary::Rem if b == 0 => {
            return Err(Fault::from("an integer is divided by zero".to_owned()));
        }
        Binary::Rem => Value::Int(a.wrapping_rem(b)),
        Binary::Div => Value::Float(a as f64 / b as f64),
        _ => Value::Float((a as f64).powf(b as f64)),
    })
}

fn floats(binary: Binary, a: f64, b: f64) -> Option<Value> {
    Some(Value::Float(match binary {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => a.powf(b),
        _ => return None,
    }))
}

fn range(left: &Value, right: &Value, fuel: &mut Fuel) -> Result<Value, Fault> {
    let (Value::Int(from), Value::Int(to)) = (left, right) else {
        return Err(mismatch("..", left, right));
    };
    if to < from {
        return Ok(Value::list(Vec::new()));
    }
    let count = to
        .checked_sub(*from)
        .and_then(|span| usize::try_from(span).ok())
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    limits::items(count)?;
    fuel.burn(count)?;
    Ok(Value::list((*from..=*to).map(Value::Int).collect()))
}

/// `==`: numbers by value, lists item by item, different types are never equal.
pub(crate) fn equal(left: &Value, right: &Value, fuel: &mut Fuel) -> Result<bool, TooLarge> {
    fuel.burn(1)?;
    Ok(match (left, right) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            number(left) == number(right)
        }
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Named(a), Value::Named(b)) => a == b,
        (Value::Named(named), Value::Int(number)) | (Value::Int(number), Value::Named(named)) => {
            named.number == *number
        }
        (Value::Time(a), Value::Time(b)) => a.timestamp() == b.timestamp(),
        (Value::Zone(a), Value::Zone(b)) => a == b,
        (Value::Version(a), Value::Version(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            if Arc::ptr_eq(a, b) {
                return Ok(true);
            }
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal(a, b, fuel)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(a), Value::Map(b)) => {
            if Arc::ptr_eq(a, b) {
                return Ok(true);
            }
            if a.len() != b.len() {
                return Ok(false);
            }
            for ((key, a), (other, b)) in a.iter().zip(b.iter()) {
                if key != other || !equal(a, b, fuel)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Table(a), Value::Table(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for ((key, a), (other, b)) in a.iter().zip(b.iter()) {
                if !equal(key, other, fuel)? || !equal(a, b, fuel)? {
                    return Ok(false);
                }
            }
            true
        }
        _ => false,
    })
}

/// `<` and its kin: numbers, strings, times, durations; `None` where a NaN is among them.
pub(crate) fn order(symbol: &str, left: &Value, right: &Value) -> Result<Option<Ordering>, Fault> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::Str(a), Value::Str(b)) => Ok(Some(a.cmp(b))),
        (Value::Time(a), Value::Time(b)) => Ok(Some(a.timestamp().cmp(&b.timestamp()))),
        (Value::Duration(a), Value::Duration(b)) => Ok(Some(a.cmp(b))),
        (Value::Version(a), Value::Version(b)) => Ok(Some(a.cmp(b))),
        _ => match (number(left), number(right)) {
            (Some(a), Some(b)) => Ok(a.partial_cmp(&b)),
            _ => Err(mismatch(symbol, left, right)),
        },
    }
}

/// A total order of any values, by type first; for keys of groups.
pub(crate) fn any_order(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Nil => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Float(_) => 2,
        Value::Str(_) => 3,
        Value::Duration(_) => 4,
        Value::Time(_) => 5,
        _ => 6,
    };
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => number(left)
            .unwrap_or(0.0)
            .total_cmp(&number(right).unwrap_or(0.0)),
        _ if rank(left) != rank(right) => rank(left).cmp(&rank(right)),
        _ => match order("<", left, right) {
            Ok(Some(order)) => order,
            _ => left
                .go_text()
                .unwrap_or_default()
                .cmp(&right.go_text().unwrap_or_default()),
        },
    }
}

/// Positions in the order of their keys; stable, "desc" turns it round.
pub(crate) fn sorted_by_keys(
    keys: &[Value],
    direction: Option<&Value>,
) -> Result<Vec<usize>, Fault> {
    let descending = match direction {
        None => false,
        Some(Value::Str(word)) if &**word == "asc" => false,
        Some(Value::Str(word)) if &**word == "desc" => true,
        Some(other) => {
            return Err(Fault::from(format!(
                "the direction must be \"asc\" or \"desc\", not {}",
                shown(other)
            )));
        }
    };
    let mut fault = None;
    let mut positions: Vec<usize> = (0..keys.len()).collect();
    positions.sort_by(|a, b| {
        let found = match (&keys[*a], &keys[*b]) {
            (Value::Float(_), Value::Int(_) | Value::Float(_))
            | (Value::Int(_), Value::Float(_)) => any_order(&keys[*a], &keys[*b]),
            (left, right) => match order("<", left, right) {
                Ok(order) => order.unwrap_or(Ordering::Equal),
                Err(mismatch) => {
                    fault = Some(mismatch);
                    Ordering::Equal
                }
            },
        };
        if descending { found.reverse() } else { found }
    });
    fault.map_or(Ok(positions), Err)
}

fn contains(item: &Value, inside: &Value, fuel: &mut Fuel) -> Result<bool, Fault> {
    match inside {
        Value::Nil => Ok(false),
        Value::List(items) => {
            for one in items.iter() {
                if equal(item, one, fuel)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Map(entries) => match item {
            Value::Str(key) => Ok(entries.contains_key(&**key)),
            Value::Nil => Ok(false),
            _ => Err(mismatch("in", item, inside)),
        },
        Value::Table(entries) => {
            for (key, _) in entries.iter() {
                if equal(item, key, fuel)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(mismatch("in", item, inside)),
    }
}

/// `base.key`, `base[key]`: nil where a map has no such key, an error where a list has no such index.
pub(crate) fn member(base: &Value, key: &Value) -> Result<Value, Fault> {
    match (base, key) {
        (Value::Map(entries), Value::Str(name)) => {
            Ok(entries.get(&**name).cloned().unwrap_or_default())
        }
        (Value::Map(entries), Value::Int(number)) => Ok(entries
            .get(&number.to_string())
            .cloned()
            .unwrap_or_default()),
        (Value::Table(entries), key) => {
            let mut fuel = Fuel::default();
            for (known, value) in entries.iter() {
                if equal(known, key, &mut fuel)? {
                    return Ok(value.clone());
                }
            }
            Ok(Value::Nil)
        }
        (Value::List(items), Value::Int(_) | Value::Float(_)) => {
            let index = number(key).unwrap_or(0.0) as i64;
            let place = if index < 0 {
                index + items.len() as i64
            } else {
                index
            };
            let found = usize::try_from(place)
                .ok()
                .and_then(|place| items.get(place));
            found.cloned().ok_or_else(|| {
                Fault::from(format!(
                    "index {index} is outside a list of {}",
                    items.len()
                ))
            })
        }
        _ => Err(Fault::from(format!(
            "a member {} cannot be taken of {}",
            shown(key),
            shown(base)
        ))),
    }
}

/// `list[from:to]`, `text[from:to]`: bounds are clamped, negative ones count from the end.
pub(crate) fn slice(
    base: &Value,
    from: Option<&Value>,
    to: Option<&Value>,
) -> Result<Value, Fault> {
    let length = match base {
        Value::Str(text) => text.chars().count(),
        Value::List(items) => items.len(),
        other => {
            return Err(Fault::from(format!(
                "a part cannot be taken of {}",
                shown(other)
            )));
        }
    };
    let bound = |bound: Option<&Value>, default: usize| match bound {
        None => Ok(default),
        Some(Value::Int(bound)) => Ok(bound
            .saturating_add(if *bound < 0 { length as i64 } else { 0 })
            .clamp(0, length as i64) as usize),
        Some(other) => Err(Fault::from(format!(
            "a bound must be an integer, not {}",
            shown(other)
        ))),
    };
    let (from, to) = (bound(from, 0)?, bound(to, length)?);
    let from = from.min(to);
    Ok(match base {
        Value::List(items) => Value::list(items[from..to].to_vec()),
        other => Value::from(
            other
                .as_str()
                .unwrap_or_default()
                .chars()
                .skip(from)
                .take(to - from)
                .collect::<String>(),
        ),
    })
}

/// Whether lists and maps stand in each other more than `limit` levels deep.
pub(crate) fn deeper(value: &Value, limit: usize, fuel: &mut Fuel) -> Result<bool, TooLarge> {
    fuel.burn(1)?;
    if limit == 0 {
        return Ok(true);
    }
    let any = |values: &mut dyn Iterator<Item = &Value>, fuel: &mut Fuel| {
        for value in values {
            if deeper(value, limit - 1, fuel)? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    match value {
        Value::List(items) => any(&mut items.iter(), fuel),
        Value::Map(entries) => any(&mut entries.values(), fuel),
        Value::Table(entries) => any(
            &mut entries.iter().flat_map(|(key, value)| [key, value]),
            fuel,
        ),
        _ => Ok(false),
    }
}
