//! Syntax tree + variables → value.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use crate::ast::{Binary, Kind, Node, Pointer, Segment, Unary};
use crate::builtins::{Args, Fault};
use crate::limits::{Fuel, TooLarge};
use crate::scope::Env;
use crate::value::Value;
use crate::{each, limits, methods, ops};

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {offset})")]
pub struct EvalError {
    /// Byte offset in the expression.
    pub offset: usize,
    pub message: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// A name that is not in scope.
    Missing(String),
    /// A member was asked of nil.
    OfNil,
    /// A `?.` met nil: the chain around it ends here.
    EndOfChain,
    Other,
}

impl EvalError {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> EvalError {
        EvalError {
            offset,
            message: message.into(),
            why: Why::Other,
        }
    }

    fn because(offset: usize, message: impl Into<String>, why: Why) -> EvalError {
        EvalError {
            offset,
            message: message.into(),
            why,
        }
    }

    /// The name that is not in scope, if that is the reason.
    pub fn missing(&self) -> Option<&str> {
        match &self.why {
            Why::Missing(name) => Some(name),
            _ => None,
        }
    }
}

type Answer = Result<Value, EvalError>;

/// One evaluation under way.
pub(crate) struct Run<'a> {
    pub env: &'a Env<'a>,
    pub regexes: &'a BTreeMap<String, Regex>,
    pub fuel: Fuel,
    pub random: crate::sprig::random::Random,
    locals: Vec<Value>,
    pub(crate) frames: Vec<Frame>,
}

/// What `#`, `#index` and `#acc` are.
#[derive(Default)]
pub(crate) struct Frame {
    pub item: Value,
    pub index: usize,
    pub acc: Value,
}

pub(crate) fn run(root: &Node, env: &Env<'_>, regexes: &BTreeMap<String, Regex>) -> Answer {
    let random = crate::sprig::random::Random::new(env.seed);
    Run {
        env,
        regexes,
        fuel: Fuel::default(),
        random,
        locals: Vec::new(),
        frames: Vec::new(),
    }
    .node(root)
}

/// A value as an error message shows it.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.go_text().unwrap_or_default();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}… ({})", &text[..cut], value.type_name()),
        None => format!("{text} ({})", value.type_name()),
    }
}

impl Run<'_> {
    pub(crate) fn node(&mut self, node: &Node) -> Answer {
        let at = node.at as usize;
        self.fuel
            .burn(1)
            .map_err(|error| EvalError::new(at, error.to_string()))?;
        match &node.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Path(segments) => self.path(segments, at),
            Kind::Local(slot) => Ok(self.locals.get(*slot).cloned().unwrap_or_default()),
            Kind::Pointer(pointer) => Ok(self.pointer(*pointer)),
            Kind::List(items) => Ok(Value::list(self.nodes(items)?)),
            Kind::Map(entries) => self.map(entries),
            Kind::Member {
                base,
                key,
                optional,
            } => self.member(base, key, *optional, at),
            Kind::Slice { base, from, to } => self.slice(base, from.as_deref(), to.as_deref(), at),
            Kind::Chain(inner) => match self.node(inner) {
                Err(EvalError {
                    why: Why::EndOfChain,
                    ..
                }) => Ok(Value::Nil),
                other => other,
            },
            Kind::Unary(unary, operand) => self.unary(*unary, operand, at),
            Kind::Binary(binary, left, right) => self.binary(*binary, left, right, at),
            Kind::Matches {
                text,
                pattern,
                regex,
            } => self.matches(text, pattern, regex.as_deref(), at),
            Kind::And(left, right) => Ok(Value::Bool(
                self.flag(left, "and")? && self.flag(right, "and")?,
            )),
            Kind::Or(left, right) => Ok(Value::Bool(
                self.flag(left, "or")? || self.flag(right, "or")?,
            )),
            Kind::Coalesce(left, right) => match self.node(left) {
                Ok(Value::Nil)
                | Err(EvalError {
                    why: Why::Missing(_) | Why::OfNil | Why::EndOfChain,
                    ..
                }) => self.node(right),
                other => other,
            },
            Kind::Conditional(condition, yes, no) => {
                if self.flag(condition, "?:")? {
                    self.node(yes)
                } else {
                    self.node(no)
                }
            }
            Kind::Let(value, body) => {
                let value = self.node(value)?;
                self.locals.push(value);
                let result = self.node(body);
                self.locals.pop();
                result
            }
            Kind::Sequence(first, second) => {
                self.node(first)?;
                self.node(second)
            }
            Kind::Call { name, func, args } => {
                let values = self.nodes(args)?;
                self.settled(at, |run| func(&mut Args::new(name, &values, run)))
            }
            Kind::Method {
                base,
                name,
                args,
                optional,
            } => self.method(base, name, args, *optional, at),
            Kind::Each {
                what,
                list,
                body,
                extra,
            } => each::run(self, *what, list, body.as_deref(), extra.as_deref(), at),
            Kind::UnknownCall(name) => Err(EvalError::new(
                at,
                format!("the function `{name}` does not exist"),
            )),
        }
    }

    /// Gives a fault its place, and checks the size of what came out.
    pub(crate) fn settled(
        &mut self,
        at: usize,
        work: impl FnOnce(&mut Self) -> Result<Value, Fault>,
    ) -> Answer {
        let value = work(self).map_err(|fault| EvalError::new(at, fault.0))?;
        let size = match &value {
            Value::Str(text) => limits::text(text.len()).map(|()| text.len() / 16),
            Value::List(items) => limits::items(items.len()).map(|()| items.len()),
            _ => Ok(0),
        };
        size.and_then(|work| self.fuel.burn(work))
            .map_err(|error| EvalError::new(at, error.to_string()))?;
        Ok(value)
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<Vec<Value>, EvalError> {
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            values.push(self.node(node)?);
        }
        Ok(values)
    }

    fn map(&mut self, entries: &[(Node, Node)]) -> Answer {
        let mut map = BTreeMap::new();
        for (key, value) in entries {
            let name = match self.node(key)? {
                Value::Str(name) => name.to_string(),
                Value::Int(number) => number.to_string(),
                Value::Float(number) => crate::format::go_float(number),
                other => {
                    return Err(EvalError::new(
                        key.at as usize,
                        format!("a key must be a string, not {}", shown(&other)),
                    ));
                }
            };
            map.insert(name, self.node(value)?);
        }
        Ok(Value::Map(Arc::new(map)))
    }

    /// A condition's value.
    pub(crate) fn flag(&mut self, node: &Node, operator: &str) -> Result<bool, EvalError> {
        match self.node(node)? {
            Value::Bool(flag) => Ok(flag),
            other => Err(EvalError::new(
                node.at as usize,
                format!("`{operator}` wants a boolean, got {}", shown(&other)),
            )),
        }
    }

    fn pointer(&self, pointer: Pointer) -> Value {
        let Some(frame) = self.frames.last() else {
            return Value::Nil;
        };
        match pointer {
            Pointer::Item => frame.item.clone(),
            Pointer::Index => Value::Int(frame.index as i64),
            Pointer::Acc => frame.acc.clone(),
        }
    }

    /// A variable: the whole path if the scope knows it, else members of the longest part that it does know.
    fn path(&mut self, segments: &[Segment], at: usize) -> Answer {
        let names: Vec<&str> = segments.iter().map(|segment| &*segment.name).collect();
        if let Some(value) = self.env.scope.path(&names) {
            return Ok(value);
        }
        let known = (1..names.len())
            .rev()
            .find_map(|length| Some((length, self.env.scope.path(&names[..length])?)));
        let Some((length, mut value)) = known else {
            if names[0] == "$env" && names.len() > 1 {
                return self.path(&segments[1..], at);
            }
            return Err(EvalError::because(
                at,
                format!("`{}` is not in scope", names[0]),
                Why::Missing(names.join(".")),
            ));
        };
        for segment in &segments[length..] {
            value = self.constant_member(value, segment, at)?;
        }
        Ok(value)
    }

    fn constant_member(&mut self, base: Value, segment: &Segment, at: usize) -> Answer {
        match (&base, segment.optional) {
            (Value::Nil, true) => Err(EvalError::because(at, "nil", Why::EndOfChain)),
            (Value::Nil, false) => Err(EvalError::because(
                at,
                format!("`{}` is asked of nil: nothing is there", segment.name),
                Why::OfNil,
            )),
            _ => self.settled(at, |_| {
                ops::member(&base, &Value::Str(segment.name.clone()))
            }),
        }
    }

    fn member(&mut self, base: &Node, key: &Node, optional: bool, at: usize) -> Answer {
        let base = self.node(base)?;
        if base.is_nil() && optional {
            return Err(EvalError::because(at, "nil", Why::EndOfChain));
        }
        let key = self.node(key)?;
        if base.is_nil() {
            return Err(EvalError::because(
                at,
                format!("{} is asked of nil: nothing is there", shown(&key)),
                Why::OfNil,
            ));
        }
        self.settled(at, |_| ops::member(&base, &key))
    }

    fn slice(&mut self, base: &Node, from: Option<&Node>, to: Option<&Node>, at: usize) -> Answer {
        let base = self.node(base)?;
        let from = from.map(|node| self.node(node)).transpose()?;
        let to = to.map(|node| self.node(node)).transpose()?;
        self.settled(at, |_| ops::slice(&base, from.as_ref(), to.as_ref()))
    }

    fn unary(&mut self, unary: Unary, operand: &Node, at: usize) -> Answer {
        let value = self.node(operand)?;
        match (unary, value) {
            (Unary::Not, Value::Bool(flag)) => Ok(Value::Bool(!flag)),
            (Unary::Minus, Value::Int(number)) => Ok(Value::Int(number.wrapping_neg())),
            (Unary::Minus, Value::Float(number)) => Ok(Value::Float(-number)),
            (Unary::Minus, Value::Duration(nanos)) => Ok(Value::Duration(nanos.wrapping_neg())),
            (Unary::Plus, value @ (Value::Int(_) | Value::Float(_))) => Ok(value),
            (unary, other) => {
                let symbol = match unary {
                    Unary::Not => "!",
                    Unary::Minus => "-",
                    Unary::Plus => "+",
                };
                Err(EvalError::new(
                    at,
                    format!("`{symbol}` does not work on {}", shown(&other)),
                ))
            }
        }
    }

    fn binary(&mut self, binary: Binary, left: &Node, right: &Node, at: usize) -> Answer {
        let left = self.node(left)?;
        let right = self.node(right)?;
        self.settled(at, |run| ops::binary(binary, &left, &right, &mut run.fuel))
    }

    fn matches(&mut self, text: &Node, pattern: &Node, regex: Option<&Regex>, at: usize) -> Answer {
        let text = self.node(text)?;
        let pattern = if regex.is_some() {
            Value::Nil
        } else {
            self.node(pattern)?
        };
        self.settled(at, |run| {
            let text = match &text {
                Value::Nil => return Ok(Value::Bool(false)),
                value => value.as_str().ok_or_else(|| {
                    Fault::from(format!("`matches` wants a string, got {}", shown(value)))
                })?,
            };
            run.fuel.burn(text.len() / 16)?;
            match (regex, pattern.as_str()) {
                (Some(regex), _) => Ok(Value::Bool(regex.is_match(text))),
                (None, Some(pattern)) => Ok(Value::Bool(run.regex(pattern)?.is_match(text))),
                (None, None) => Err(Fault::from(format!(
                    "`matches` wants a pattern, got {}",
                    shown(&pattern)
                ))),
            }
        })
    }

    fn method(
        &mut self,
        base: &Node,
        name: &str,
        args: &[Node],
        optional: bool,
        at: usize,
    ) -> Answer {
        let base = self.node(base)?;
        if base.is_nil() {
            let why = if optional {
                Why::EndOfChain
            } else {
                Why::OfNil
            };
            return Err(EvalError::because(
                at,
                format!("`{name}()` is asked of nil: nothing is there"),
                why,
            ));
        }
        let args = self.nodes(args)?;
        self.settled(at, |run| {
            methods::call(&base, &mut Args::new(name, &args, run))
        })
    }

    /// A pattern that is not a constant of the expression is compiled where it is met.
    pub(crate) fn regex(&mut self, pattern: &str) -> Result<Regex, Fault> {
        match self.regexes.get(pattern) {
            Some(regex) => Ok(regex.clone()),
            None => {
                self.fuel.burn(2000 + pattern.len() * 10)?;
                crate::regexp::compile(pattern).map_err(Fault::from)
            }
        }
    }
}

impl From<TooLarge> for Fault {
    fn from(error: TooLarge) -> Fault {
        Fault(error.to_string())
    }
}
