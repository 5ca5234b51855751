//! The syntax tree of one expression. Names of functions are already functions, names of variables already slots or paths.

use std::sync::Arc;

use regex::Regex;

use crate::builtins::Func;
use crate::value::Value;

#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Byte offset in the source where errors of this node are shown.
    pub at: u32,
    /// Levels below, this one included.
    pub height: u16,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Literal(Value),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// A name of the environment with all the constant members that follow it.
    Path(Vec<Segment>),
    /// A `let` variable, by its place on the stack.
    Local(usize),
    /// `#`, `#index`, `#acc` of the innermost predicate.
    Pointer(Pointer),
    Member {
        base: Box<Node>,
        key: Box<Node>,
        optional: bool,
    },
    Slice {
        base: Box<Node>,
        from: Option<Box<Node>>,
        to: Option<Box<Node>>,
    },
    /// A chain with `?.` in it: where that meets nil, the whole chain is nil.
    Chain(Box<Node>),
    Unary(Unary, Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    /// `matches`, with the pattern compiled where it is a constant.
    Matches {
        text: Box<Node>,
        pattern: Box<Node>,
        regex: Option<Arc<Regex>>,
    },
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Coalesce(Box<Node>, Box<Node>),
    Conditional(Box<Node>, Box<Node>, Box<Node>),
    Let(Box<Node>, Box<Node>),
    Sequence(Box<Node>, Box<Node>),
    Call {
        name: Arc<str>,
        func: Func,
        args: Vec<Node>,
    },
    Method {
        base: Box<Node>,
        name: Arc<str>,
        args: Vec<Node>,
        optional: bool,
    },
    Each {
        what: Each,
        list: Box<Node>,
        body: Option<Box<Node>>,
        extra: Option<Box<Node>>,
    },
    /// A call of a function that does not exist: an error when it is reached.
    UnknownCall(Arc<str>),
}

#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub name: Arc<str>,
    /// `?.` stands before it.
    pub optional: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pointer {
    Item,
    Index,
    Acc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    Not,
    Minus,
    Plus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Contains,
    StartsWith,
    EndsWith,
    Range,
}

impl Binary {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Sub => "-",
            Binary::Mul => "*",
            Binary::Div => "/",
            Binary::Rem => "%",
            Binary::Pow => "**",
            Binary::Eq => "==",
            Binary::Ne => "!=",
            Binary::Lt => "<",
            Binary::Le => "<=",
            Binary::Gt => ">",
            Binary::Ge => ">=",
            Binary::In => "in",
            Binary::Contains => "contains",
            Binary::StartsWith => "startsWith",
            Binary::EndsWith => "endsWith",
            Binary::Range => "..",
        }
    }
}

/// The builtins that run a predicate for each item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Each {
    All,
    Any,
    None,
    One,
    Filter,
    Map,
    Count,
    Sum,
    Find,
    FindIndex,
    FindLast,
    FindLastIndex,
    GroupBy,
    SortBy,
    Reduce,
}

impl Each {
    pub(crate) const ALL: [(&'static str, Each); 15] = [
        ("all", Each::All),
        ("any", Each::Any),
        ("none", Each::None),
        ("one", Each::One),
        ("filter", Each::Filter),
        ("map", Each::Map),
        ("count", Each::Count),
        ("sum", Each::Sum),
        ("find", Each::Find),
        ("findIndex", Each::FindIndex),
        ("findLast", Each::FindLast),
        ("findLastIndex", Each::FindLastIndex),
        ("groupBy", Each::GroupBy),
        ("sortBy", Each::SortBy),
        ("reduce", Each::Reduce),
    ];

    pub(crate) fn named(name: &str) -> Option<Each> {
        Each::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, each)| *each)
    }

    /// `count` and `sum` may stand without a predicate.
    pub(crate) fn body_is_optional(self) -> bool {
        matches!(self, Each::Count | Each::Sum)
    }

    /// `sortBy`'s direction and `reduce`'s first value.
    pub(crate) fn takes_extra(self) -> bool {
        matches!(self, Each::SortBy | Each::Reduce)
    }
}

impl Node {
    pub(crate) fn leaf(at: usize, kind: Kind) -> Node {
        Node {
            at: at as u32,
            height: 1,
            kind,
        }
    }

    /// The string, where this is a string literal.
    pub(crate) fn constant_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Literal(value) => value.as_str(),
            _ => None,
        }
    }

    /// The nodes directly below.
    pub(crate) fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Literal(_)
            | Kind::Path(_)
            | Kind::Local(_)
            | Kind::Pointer(_)
            | Kind::UnknownCall(_) => Vec::new(),
            Kind::List(items) | Kind::Call { args: items, .. } => items.iter().collect(),
            Kind::Map(entries) => entries
                .iter()
                .flat_map(|(key, value)| [key, value])
                .collect(),
            Kind::Slice { base, from, to } => [Some(base), from.as_ref(), to.as_ref()]
                .into_iter()
                .flatten()
                .map(|node| &**node)
                .collect(),
            Kind::Chain(one) | Kind::Unary(_, one) => vec![one],
            Kind::Member {
                base: a, key: b, ..
            }
            | Kind::Binary(_, a, b)
            | Kind::Matches {
                text: a,
                pattern: b,
                ..
            }
            | Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::Coalesce(a, b)
            | Kind::Let(a, b)
            | Kind::Sequence(a, b) => vec![a, b],
            Kind::Conditional(a, b, c) => vec![a, b, c],
            Kind::Method { base, args, .. } => std::iter::once(&**base).chain(args).collect(),
            Kind::Each {
                list, body, extra, ..
            } => [Some(list), body.as_ref(), extra.as_ref()]
                .into_iter()
                .flatten()
                .map(|node| &**node)
                .collect(),
        }
    }
}
