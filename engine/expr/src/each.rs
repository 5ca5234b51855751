//! The builtins with a predicate: `filter`, `map`, `reduce` …

use std::sync::Arc;

use crate::ast::{Each, Node};
use crate::builtins::Fault;
use crate::eval::{EvalError, Frame, Run, shown};
use crate::limits;
use crate::ops;
use crate::value::Value;

pub(crate) fn run(
    run: &mut Run<'_>,
    what: Each,
    list: &Node,
    body: Option<&Node>,
    extra: Option<&Node>,
    at: usize,
) -> Result<Value, EvalError> {
    let list = run.node(list)?;
    let items: Arc<Vec<Value>> = match &list {
        Value::List(items) => items.clone(),
        // Go walks a map in no order; ours is that of its keys.
        Value::Map(entries) => Arc::new(entries.values().cloned().collect()),
        other => {
            return Err(EvalError::new(
                at,
                format!("a list is wanted here, got {}", shown(other)),
            ));
        }
    };
    let extra = extra.map(|node| run.node(node)).transpose()?;
    run.frames.push(Frame::default());
    let mut walk = Walk {
        run,
        items: &items,
        body,
        at,
    };
    let result = walk.answer(what, extra);
    walk.run.frames.pop();
    result
}

struct Walk<'w, 'r> {
    run: &'w mut Run<'r>,
    items: &'w [Value],
    body: Option<&'w Node>,
    at: usize,
}

impl Walk<'_, '_> {
    fn answer(&mut self, what: Each, extra: Option<Value>) -> Result<Value, EvalError> {
        match what {
            Each::All => Ok(Value::Bool(self.first(false, false)?.is_none())),
            Each::Any => Ok(Value::Bool(self.first(true, false)?.is_some())),
            Each::None => Ok(Value::Bool(self.first(true, false)?.is_none())),
            Each::One => Ok(Value::Bool(self.count()? == 1)),
            Each::Count => Ok(Value::Int(self.count()? as i64)),
            Each::Filter => self.filter(),
            Each::Map => self.map().map(Value::list),
            Each::Sum => self.sum(),
            Each::Find => Ok(self
                .first(true, false)?
                .map(|index| self.items[index].clone())
                .unwrap_or_default()),
            Each::FindLast => Ok(self
                .first(true, true)?
                .map(|index| self.items[index].clone())
                .unwrap_or_default()),
            Each::FindIndex => Ok(self
                .first(true, false)?
                .map(|index| Value::Int(index as i64))
                .unwrap_or_default()),
            Each::FindLastIndex => Ok(self
                .first(true, true)?
                .map(|index| Value::Int(index as i64))
                .unwrap_or_default()),
            Each::GroupBy => self.group_by(),
            Each::SortBy => self.sort_by(extra),
            Each::Reduce => self.reduce(extra),
        }
    }

    /// The predicate's value for one item.
    fn value(&mut self, index: usize) -> Result<Value, EvalError> {
        let item = &self.items[index];
        let Some(body) = self.body else {
            return Ok(item.clone());
        };
        if let Some(frame) = self.run.frames.last_mut() {
            frame.item = item.clone();
            frame.index = index;
        }
        self.run.node(body)
    }

    fn flag(&mut self, index: usize) -> Result<bool, EvalError> {
        match self.value(index)? {
            Value::Bool(flag) => Ok(flag),
            other => Err(EvalError::new(
                self.at,
                format!("the predicate must give a boolean, got {}", shown(&other)),
            )),
        }
    }

    fn first(&mut self, wanted: bool, from_the_end: bool) -> Result<Option<usize>, EvalError> {
        for step in 0..self.items.len() {
            let index = if from_the_end {
                self.items.len() - 1 - step
            } else {
                step
            };
            if self.flag(index)? == wanted {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn count(&mut self) -> Result<usize, EvalError> {
        let mut count = 0;
        for index in 0..self.items.len() {
            count += usize::from(self.flag(index)?);
        }
        Ok(count)
    }

    fn filter(&mut self) -> Result<Value, EvalError> {
        let mut kept = Vec::new();
        for index in 0..self.items.len() {
            if self.flag(index)? {
                kept.push(self.items[index].clone());
            }
        }
        Ok(Value::list(kept))
    }

    fn map(&mut self) -> Result<Vec<Value>, EvalError> {
        let mut mapped = Vec::with_capacity(self.items.len());
        for index in 0..self.items.len() {
            mapped.push(self.value(index)?);
        }
        Ok(mapped)
    }

    fn sum(&mut self) -> Result<Value, EvalError> {
        let mut sum = Value::Int(0);
        for index in 0..self.items.len() {
            let next = self.value(index)?;
            sum = match (&sum, &next) {
                (Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_add(*b)),
                _ => match (ops::number(&sum), ops::number(&next)) {
                    (Some(a), Some(b)) => Value::Float(a + b),
                    _ => {
                        return Err(EvalError::new(
                            self.at,
                            format!("sum wants numbers, got {}", shown(&next)),
                        ));
                    }
                },
            };
        }
        Ok(sum)
    }

    fn group_by(&mut self) -> Result<Value, EvalError> {
        let keys = self.map()?;
        let composed =
            |key: &&Value| matches!(key, Value::List(_) | Value::Map(_) | Value::Table(_));
        if let Some(key) = keys.iter().find(composed) {
            return Err(EvalError::new(
                self.at,
                format!("{} cannot be a group's key", shown(key)),
            ));
        }
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by(|a, b| ops::any_order(&keys[*a], &keys[*b]));
        let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
        for index in order {
            match groups.last_mut() {
                Some((key, members)) if ops::any_order(key, &keys[index]).is_eq() => {
                    members.push(self.items[index].clone())
                }
                _ => groups.push((keys[index].clone(), vec![self.items[index].clone()])),
            }
        }
        Ok(Value::Table(Arc::new(
            groups
                .into_iter()
                .map(|(key, members)| (key, Value::list(members)))
                .collect(),
        )))
    }

    fn sort_by(&mut self, direction: Option<Value>) -> Result<Value, EvalError> {
        let keys = self.map()?;
        let sorted = ops::sorted_by_keys(&keys, direction.as_ref())
            .map_err(|Fault(message)| EvalError::new(self.at, message))?;
        Ok(Value::list(
            sorted
                .into_iter()
                .map(|index| self.items[index].clone())
                .collect(),
        ))
    }

    fn reduce(&mut self, first: Option<Value>) -> Result<Value, EvalError> {
        let (mut acc, from) = match (first, self.items.first()) {
            (Some(first), _) => (first, 0),
            (None, Some(item)) => (item.clone(), 1),
            (None, None) => {
                return Err(EvalError::new(
                    self.at,
                    "reduce of an empty list wants a first value",
                ));
            }
        };
        for index in from..self.items.len() {
            if let Some(frame) = self.run.frames.last_mut() {
                frame.acc = acc;
            }
            acc = self.value(index)?;
            if index % 16 == 0 {
                let deep = ops::deeper(&acc, limits::DEPTH, &mut self.run.fuel);
                match deep {
                    Ok(false) => {}
                    Ok(true) => {
                        return Err(EvalError::new(
                            self.at,
                            format!("the value is nested deeper than {} levels", limits::DEPTH),
                        ));
                    }
                    Err(error) => return Err(EvalError::new(self.at, error.to_string())),
                }
            }
        }
        Ok(acc)
    }
}
