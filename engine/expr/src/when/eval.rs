//! The tree's value, with govaluate's checks of operands.

use super::parser::Node;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
}

impl Value {
    /// By `%v`.
    pub(super) fn shown(&self) -> String {
        match self {
            Value::Nil => "<nil>".to_owned(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => crate::format::go_float(*number),
            Value::Text(text) => text.clone(),
            Value::List(items) => format!(
                "[{}]",
                items.iter().map(Value::shown).collect::<Vec<_>>().join(" ")
            ),
        }
    }
}

type Answer = Result<Value, String>;

pub(super) fn value(node: &Node) -> Answer {
    match node {
        Node::Value(value) => Ok(value.clone()),
        Node::Nothing => Ok(Value::Nil),
        Node::Pattern(_) => Err("a pattern stands right of =~ and !~ only".to_owned()),
        Node::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                match value(item)? {
                    // govaluate appends to a list that comes first.
                    Value::List(first) if index == 0 => list.extend(first),
                    other => list.push(other),
                }
            }
            Ok(Value::List(list))
        }
        Node::Prefix(symbol, operand) => prefix(symbol, value(operand)?),
        Node::Infix(symbol, left, right) => infix(symbol, value(left)?, right),
    }
}

fn prefix(symbol: &str, operand: Value) -> Answer {
    match (symbol, operand) {
        ("!", Value::Bool(flag)) => Ok(Value::Bool(!flag)),
        ("-", Value::Number(number)) => Ok(Value::Number(-number)),
        ("~", Value::Number(number)) => Ok(Value::Number(!(number as i64) as f64)),
        (_, other) => Err(format!(
            "value '{}' cannot be used with the prefix '{symbol}'",
            other.shown()
        )),
    }
}

/// The right side is looked at only where the left one leaves something open.
fn infix(symbol: &str, left: Value, right: &Node) -> Answer {
    match (symbol, &left) {
        ("&&", Value::Bool(false)) | ("||", Value::Bool(true)) => return Ok(left),
        ("&&" | "||", Value::Bool(_)) => {
            let right = value(right)?;
            return flag(&right)
                .map(Value::Bool)
                .ok_or_else(|| misfit(&right, "logical operator", symbol, "a bool"));
        }
        ("&&" | "||", _) => return Err(misfit(&left, "logical operator", symbol, "a bool")),
        ("?", Value::Bool(true)) => return value(right),
        ("?", Value::Bool(false)) => return Ok(Value::Nil),
        ("?", _) => return Err(misfit(&left, "ternary operator", symbol, "a bool")),
        (":" | "??", Value::Nil) => return value(right),
        (":" | "??", _) => return Ok(left),
        ("=~" | "!~", _) => return matches(symbol, &left, right),
        _ => {}
    }
    operator(symbol, left, value(right)?)
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        _ => None,
    }
}

fn misfit(value: &Value, what: &str, symbol: &str, wanted: &str) -> String {
    format!(
        "value '{}' cannot be used with the {what} '{symbol}', it is not {wanted}",
        value.shown()
    )
}

fn matches(symbol: &str, left: &Value, right: &Node) -> Answer {
    let Value::Text(text) = left else {
        return Err(misfit(left, "comparator", symbol, "a string"));
    };
    let found = match right {
        Node::Pattern(regex) => regex.is_match(text),
        other => match value(other)? {
            Value::Text(pattern) => crate::regexp::compile(&pattern)?.is_match(text),
            other => return Err(misfit(&other, "comparator", symbol, "a pattern")),
        },
    };
    Ok(Value::Bool(found == (symbol == "=~")))
}

fn operator(symbol: &str, left: Value, right: Value) -> Answer {
    match symbol {
        "==" => Ok(Value::Bool(left == right)),
        "!=" => Ok(Value::Bool(left != right)),
        "in" => match right {
            Value::List(items) => Ok(Value::Bool(items.contains(&left))),
            other => Err(misfit(&other, "comparator", "in", "an array")),
        },
        "<" | "<=" | ">" | ">=" => compared(symbol, &left, &right),
        "+" if matches!((&left, &right), (Value::Text(_), _) | (_, Value::Text(_))) => {
            let text = left.shown() + &right.shown();
            crate::limits::text(text.len()).map_err(|error| error.to_string())?;
            Ok(Value::Text(text))
        }
        _ => arithmetic(symbol, &left, &right),
    }
}

fn compared(symbol: &str, left: &Value, right: &Value) -> Answer {
    let order = match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Number(_), other) | (other, _) => {
            return Err(misfit(other, "comparator", symbol, "a number"));
        }
    };
    Ok(Value::Bool(order.is_some_and(|order| match symbol {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })))
}

fn arithmetic(symbol: &str, left: &Value, right: &Value) -> Answer {
    let (a, b) = match (left, right) {
        (Value::Number(a), Value::Number(b)) => (*a, *b),
        (Value::Number(_), other) | (other, _) => {
            return Err(misfit(other, "modifier", symbol, "a number"));
        }
    };
    let (whole, by) = (a as i64, b as i64);
    let shift = u32::try_from(by).unwrap_or(u32::MAX);
    Ok(Value::Number(match symbol {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "%" => a % b,
        "**" => a.powf(b),
        "&" => (whole & by) as f64,
        "|" => (whole | by) as f64,
        "^" => (whole ^ by) as f64,
        "<<" => (whole as u64).checked_shl(shift).unwrap_or(0) as f64,
        _ => (whole as u64).checked_shr(shift).unwrap_or(0) as f64,
    }))
}
