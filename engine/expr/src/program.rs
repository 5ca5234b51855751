//! One parsed expression.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use crate::ast::{Kind, Node};
use crate::eval::EvalError;
use crate::scope::Env;
use crate::value::Value;
use crate::{check, eval, parser, refs, regexp};

/// An expression, parsed once: the inside of `{{=…}}`, a `valueFrom.expression`, a `retryStrategy.expression` …
#[derive(Debug, Clone)]
pub struct Program {
    source: Arc<str>,
    root: Node,
    refs: Vec<Reference>,
    unknown: Vec<UnknownFunction>,
    regexes: BTreeMap<String, Regex>,
}

/// A variable that an expression mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `steps.a.outputs.result` and `steps['a'].outputs.result` alike are `[steps, a, outputs, result]`.
    pub path: Vec<String>,
    /// Byte offset in the expression.
    pub offset: usize,
    /// It stands left of `??` or has a `?.` in it: its absence is provided for.
    pub guarded: bool,
    /// The path goes on with something computed, as in `steps[inputs.parameters.x]`: what it means is known at run time only.
    pub dynamic: bool,
}

/// A call of a function that does not exist. Argo leaves such a tag in the text as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFunction {
    /// As called: `foo` or `sprig.foo`.
    pub name: String,
    /// Byte offset in the expression.
    pub offset: usize,
    pub suggestion: Option<String>,
}

/// Why an expression cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {offset})")]
pub struct SyntaxError {
    /// Byte offset in the expression.
    pub offset: usize,
    pub message: String,
    pub suggestion: Option<String>,
}

impl SyntaxError {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            offset,
            message: message.into(),
            suggestion: None,
        }
    }

    pub(crate) fn shifted(mut self, by: usize) -> SyntaxError {
        self.offset += by;
        self
    }
}

impl Program {
    /// Reads an expression (expr-lang 1.17 with Argo's functions).
    ///
    /// # Errors
    /// The first fault of syntax, or of types where constants alone show it (`1 == "a"`).
    pub fn parse(source: &str) -> Result<Program, SyntaxError> {
        let (root, unknown) = parser::parse(source)?;
        check::types(&root)?;
        let refs = refs::of(&root);
        let mut regexes = BTreeMap::new();
        constant_patterns(&root, &mut regexes);
        Ok(Program {
            source: Arc::from(source),
            root,
            refs,
            unknown,
            regexes,
        })
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The variables it mentions, in the order of the text.
    pub fn refs(&self) -> &[Reference] {
        &self.refs
    }

    /// The functions it calls that do not exist.
    pub fn unknown_functions(&self) -> &[UnknownFunction] {
        &self.unknown
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// A name that is not in scope (see [`EvalError::missing`]), operands that do not fit, a function's refusal, a size limit.
    pub fn evaluate(&self, env: &Env<'_>) -> Result<Value, EvalError> {
        eval::run(&self.root, env, &self.regexes)
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    /// As [`Program::evaluate`], and a result that is not a boolean.
    pub fn evaluate_bool(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        match self.evaluate(env)? {
            Value::Bool(flag) => Ok(flag),
            other => Err(EvalError::new(
                0,
                format!("expected a boolean, got {}", eval::shown(&other)),
            )),
        }
    }

    /// Whether a name it mentions has no value in this scope at all, so that a later rendering may still give it one.
    pub(crate) fn first_missing(&self, env: &Env<'_>) -> Option<String> {
        let missing = |reference: &&Reference| {
            let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
            env.scope.path(&path).is_none() && !inside_a_value(env, &path)
        };
        self.refs
            .iter()
            .find(missing)
            .map(|reference| reference.path.join("."))
    }

    /// A name that only a later stage knows (Argo defers expressions with `item`, `retries`, `lastRetry.*`,
    /// `workflow.status` and `workflow.failures`) and that is not in this scope.
    pub(crate) fn deferred(&self, env: &Env<'_>) -> Option<String> {
        let missing = |path: &[&str]| env.scope.path(path).is_none();
        let late = |reference: &&Reference| {
            let second = reference.path.get(1).map(String::as_str);
            match (reference.path[0].as_str(), second) {
                (root @ ("item" | "retries" | "lastRetry"), _) => missing(&[root]),
                ("workflow", Some(name @ ("status" | "failures"))) => missing(&["workflow", name]),
                _ => false,
            }
        };
        self.refs
            .iter()
            .find(late)
            .map(|reference| reference.path.join("."))
    }
}

/// `item.key` where the scope holds `item` as one map.
fn inside_a_value(env: &Env<'_>, path: &[&str]) -> bool {
    (1..path.len())
        .rev()
        .find_map(|length| Some((length, env.scope.path(&path[..length])?)))
        .is_some_and(|(length, value)| {
            let mut value = value;
            for name in &path[length..] {
                value = match &value {
                    Value::Map(entries) => match entries.get(*name) {
                        Some(inner) => inner.clone(),
                        None => return false,
                    },
                    _ => return false,
                };
            }
            true
        })
}

/// Compiles the patterns that `sprig.regex…` calls have as constants, once.
fn constant_patterns(node: &Node, found: &mut BTreeMap<String, Regex>) {
    if let Kind::Call { name, args, .. } = &node.kind
        && (name.starts_with("sprig.regex") || name.starts_with("sprig.mustRegex"))
        && let Some(pattern) = args.first().and_then(Node::constant_text)
        && let Ok(regex) = regexp::compile(pattern)
    {
        found.insert(pattern.to_owned(), regex);
    }
    node.children()
        .into_iter()
        .for_each(|child| constant_patterns(child, found));
}
