//! Tokens → tree, by precedence; operators of one level go from left to right, `**` too.

use regex::Regex;

use super::eval::Value;
use super::lexer::Token;
use crate::limits;
use crate::regexp;

#[derive(Debug)]
pub(super) enum Node {
    Value(Value),
    Pattern(Regex),
    Prefix(&'static str, Box<Node>),
    Infix(&'static str, Box<Node>, Box<Node>),
    /// `a, b, c`.
    List(Vec<Node>),
    /// `()`.
    Nothing,
}

/// The levels, loosest first.
const LEVELS: [&[&str]; 9] = [
    &["?", ":", "??"],
    &["||"],
    &["&&"],
    &["==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"],
    &["&", "|", "^"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
    &["**"],
];

/// The whole condition; `None` where there are no tokens.
pub(super) fn parse(tokens: &[Token]) -> Result<Option<Node>, String> {
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser {
        tokens,
        at: 0,
        nesting: 0,
    };
    let (root, _) = parser.list()?;
    if parser.at < tokens.len() {
        Err("unbalanced parenthesis".to_owned())
    } else {
        Ok(Some(root))
    }
}

/// A node with the height of the tree below it.
type Tall = (Node, usize);

fn grown(node: Node, below: usize) -> Result<Tall, String> {
    if below >= limits::HEIGHT.into() {
        Err("there are too many operators in one chain".to_owned())
    } else {
        Ok((node, below + 1))
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    nesting: usize,
}

impl Parser<'_> {
    fn list(&mut self) -> Result<Tall, String> {
        let (first, mut height) = self.level(0)?;
        let mut items = vec![first];
        while self.tokens.get(self.at) == Some(&Token::Comma) {
            self.at += 1;
            let (next, its) = self.level(0)?;
            items.push(next);
            height = height.max(its);
        }
        match items.len() {
            1 => Ok((items.remove(0), height)),
            _ => grown(Node::List(items), height),
        }
    }

    fn level(&mut self, level: usize) -> Result<Tall, String> {
        let Some(symbols) = LEVELS.get(level) else {
            return self.prefix();
        };
        let (mut left, mut height) = self.level(level + 1)?;
        while let Some(symbol) = self.infix(symbols) {
            self.at += 1;
            let (right, its) = self.level(level + 1)?;
            let right = if matches!(symbol, "=~" | "!~") {
                pattern(right)?
            } else {
                right
            };
            (left, height) = grown(
                Node::Infix(symbol, left.into(), right.into()),
                height.max(its),
            )?;
        }
        Ok((left, height))
    }

    fn infix(&self, symbols: &[&'static str]) -> Option<&'static str> {
        let symbol = match self.tokens.get(self.at)? {
            Token::Comparator(symbol)
            | Token::Logical(symbol)
            | Token::Modifier(symbol)
            | Token::Ternary(symbol) => symbol,
            _ => return None,
        };
        symbols.iter().copied().find(|known| *known == *symbol)
    }

    fn prefix(&mut self) -> Result<Tall, String> {
        if self.nesting >= limits::NESTING {
            return Err(format!(
                "it is nested deeper than {} levels",
                limits::NESTING
            ));
        }
        self.nesting += 1;
        let node = self.operand();
        self.nesting -= 1;
        node
    }

    fn operand(&mut self) -> Result<Tall, String> {
        let token = self
            .tokens
            .get(self.at)
            .cloned()
            .ok_or("unexpected end of expression")?;
        self.at += 1;
        let node = match token {
            Token::Prefix(symbol) => {
                let (operand, height) = self.prefix()?;
                return grown(Node::Prefix(symbol, operand.into()), height);
            }
            Token::Number(number) | Token::Time(number) => Node::Value(Value::Number(number)),
            Token::Text(text) | Token::Word(text) => Node::Value(Value::Text(text)),
            Token::Bool(flag) => Node::Value(Value::Bool(flag)),
            Token::Open if self.tokens.get(self.at) == Some(&Token::Close) => {
                self.at += 1;
                Node::Nothing
            }
            Token::Open => {
                let inner = self.list()?;
                if self.tokens.get(self.at) != Some(&Token::Close) {
                    return Err("unbalanced parenthesis".to_owned());
                }
                self.at += 1;
                return Ok(inner);
            }
            _ => return Err("unbalanced parenthesis".to_owned()),
        };
        Ok((node, 1))
    }
}

/// A string right of `=~` is a pattern.
fn pattern(node: Node) -> Result<Node, String> {
    match node {
        Node::Value(Value::Text(text)) => regexp::compile(&text).map(Node::Pattern),
        other => Ok(other),
    }
}
