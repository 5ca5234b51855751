//! Tokens → syntax tree, by operator precedence (Pratt).

use std::sync::Arc;

use crate::ast::{Binary, Kind, Node, Unary};
use crate::lexer::{Token, tokens};
use crate::limits;
use crate::program::{SyntaxError, UnknownFunction};

pub(crate) struct Parser {
    pub(crate) tokens: Vec<(Token, usize)>,
    pub(crate) next: usize,
    /// Names of `let` variables in sight; their place is their slot.
    pub(crate) locals: Vec<String>,
    /// How many predicates are open around here.
    pub(crate) predicates: usize,
    pub(crate) unknown: Vec<UnknownFunction>,
    nesting: usize,
}

/// Reads a whole expression.
pub(crate) fn parse(source: &str) -> Result<(Node, Vec<UnknownFunction>), SyntaxError> {
    if source.len() > limits::SOURCE {
        return Err(SyntaxError::new(
            0,
            format!("the expression is longer than {} bytes", limits::SOURCE),
        ));
    }
    let mut parser = Parser {
        tokens: tokens(source)?,
        next: 0,
        locals: Vec::new(),
        predicates: 0,
        unknown: Vec::new(),
        nesting: 0,
    };
    if matches!(parser.peek(), Token::End) {
        return Err(SyntaxError::new(0, "the expression is empty"));
    }
    let node = parser.sequence()?;
    match parser.peek() {
        Token::End => Ok((node, parser.unknown)),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

/// How an infix operator binds.
enum Infix {
    Binary(Binary),
    /// `!=`-like `not in`, `not contains` …
    And,
    Or,
    Coalesce,
    Matches,
    Pipe,
}

impl Parser {
    pub(crate) fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)].0
    }

    pub(crate) fn peek_second(&self) -> &Token {
        &self.tokens[(self.next + 1).min(self.tokens.len() - 1)].0
    }

    pub(crate) fn at(&self) -> usize {
        self.tokens[self.next.min(self.tokens.len() - 1)].1
    }

    pub(crate) fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    /// Takes the symbol if it is next.
    pub(crate) fn take(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Op(op) if *op == symbol);
        if found {
            self.next += 1;
        }
        found
    }

    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(name) if name == word);
        if found {
            self.next += 1;
        }
        found
    }

    pub(crate) fn expect(&mut self, symbol: &str) -> Result<(), SyntaxError> {
        if self.take(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{symbol}`")))
        }
    }

    pub(crate) fn unexpected(&self, wanted: &str) -> SyntaxError {
        SyntaxError::new(
            self.at(),
            format!("expected {wanted}, found {}", self.peek().shown()),
        )
    }

    /// Runs one level deeper, within the limit.
    pub(crate) fn nested<T>(
        &mut self,
        run: impl FnOnce(&mut Parser) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.nesting >= limits::NESTING {
            return Err(SyntaxError::new(
                self.at(),
                format!(
                    "the expression is nested deeper than {} levels",
                    limits::NESTING
                ),
            ));
        }
        self.nesting += 1;
        let result = run(self);
        self.nesting -= 1;
        result
    }

    /// The node, if it is not too tall.
    pub(crate) fn fits(node: Node) -> Result<Node, SyntaxError> {
        if node.height > limits::HEIGHT {
            return Err(SyntaxError::new(
                node.at as usize,
                "the expression has too many operators in one chain",
            ));
        }
        Ok(node)
    }

    /// `let x = 1; …` and `a; b`.
    pub(crate) fn sequence(&mut self) -> Result<Node, SyntaxError> {
        self.nested(|parser| {
            if matches!(parser.peek(), Token::Name(word) if word == "let")
                && matches!(parser.peek_second(), Token::Name(_))
            {
                return parser.binding();
            }
            let at = parser.at();
            let first = parser.expression(0)?;
            if parser.take(";") && !parser.closes() {
                let second = parser.sequence()?;
                let height = first.height.max(second.height) + 1;
                return Parser::fits(Node {
                    at: at as u32,
                    height,
                    kind: Kind::Sequence(first.into(), second.into()),
                });
            }
            Ok(first)
        })
    }

    fn closes(&self) -> bool {
        matches!(self.peek(), Token::End | Token::Op(")" | "}"))
    }

    fn binding(&mut self) -> Result<Node, SyntaxError> {
        let at = self.at();
        self.next += 1;
        let name_at = self.at();
        let Token::Name(name) = self.advance() else {
            return Err(self.unexpected("a name"));
        };
        if self.locals.contains(&name) {
            return Err(SyntaxError::new(
                name_at,
                format!("`{name}` is already declared"),
            ));
        }
        if crate::builtins::find(&name).is_some() {
            return Err(SyntaxError::new(
                name_at,
                format!("`{name}` is the name of a function and cannot be a variable's"),
            ));
        }
        self.expect("=")?;
        let value = self.expression(0)?;
        self.expect(";")?;
        self.locals.push(name);
        let body = self.sequence();
        self.locals.pop();
        let body = body?;
        let height = value.height.max(body.height) + 1;
        Parser::fits(Node {
            at: at as u32,
            height,
            kind: Kind::Let(value.into(), body.into()),
        })
    }

    /// An expression of operators that bind at least as tightly as `least`.
    pub(crate) fn expression(&mut self, least: u16) -> Result<Node, SyntaxError> {
        self.nested(|parser| {
            if least == 0 && matches!(parser.peek(), Token::Name(word) if word == "if") {
                return parser.if_else();
            }
            let mut left = parser.unary()?;
            let mut previous: &'static str = "";
            while let Some((infix, symbol, binding, negated, words)) = parser.infix() {
                if binding < least {
                    break;
                }
                let at = parser.at();
                if previous == "??" && symbol != "??" && symbol != "|" {
                    let message = format!(
                        "`{symbol}` after `??` is ambiguous: put parentheses around one of them"
                    );
                    return Err(SyntaxError::new(at, message));
                }
                parser.next += words;
                left = parser.apply(left, infix, at, binding)?;
                if negated {
                    left = parser.negate(left, at)?;
                }
                previous = symbol;
            }
            if least == 0 {
                parser.conditional(left)
            } else {
                Ok(left)
            }
        })
    }

    fn negate(&self, node: Node, at: usize) -> Result<Node, SyntaxError> {
        Parser::fits(Node {
            at: at as u32,
            height: node.height + 1,
            kind: Kind::Unary(Unary::Not, node.into()),
        })
    }

    /// The infix operator that is next: its kind, symbol, binding strength, whether `not` stands before it, its token count.
    fn infix(&self) -> Option<(Infix, &'static str, u16, bool, usize)> {
        let (negated, token) = match (self.peek(), self.peek_second()) {
            (Token::Name(word), second) if word == "not" => (true, second),
            (first, _) => (false, first),
        };
        let (infix, symbol, binding) = match token {
            Token::Name(word) => match word.as_str() {
                "or" => (Infix::Or, "or", 10),
                "and" => (Infix::And, "and", 15),
                "in" => (Infix::Binary(Binary::In), "in", 20),
                "contains" => (Infix::Binary(Binary::Contains), "contains", 20),
                "startsWith" => (Infix::Binary(Binary::StartsWith), "startsWith", 20),
                "endsWith" => (Infix::Binary(Binary::EndsWith), "endsWith", 20),
                "matches" => (Infix::Matches, "matches", 20),
                _ => return None,
            },
            Token::Op(symbol) => match *symbol {
                "|" => (Infix::Pipe, "|", 0),
                "||" => (Infix::Or, "||", 10),
                "&&" => (Infix::And, "&&", 15),
                "??" => (Infix::Coalesce, "??", 500),
                _ => binary_symbol(symbol)
                    .map(|(binary, binding)| (Infix::Binary(binary), binary.symbol(), binding))?,
            },
            _ => return None,
        };
        let negatable = matches!(
            symbol,
            "in" | "contains" | "startsWith" | "endsWith" | "matches"
        );
        if negated && !negatable {
            return None;
        }
        Some((infix, symbol, binding, negated, 1 + usize::from(negated)))
    }

    fn apply(
        &mut self,
        left: Node,
        infix: Infix,
        at: usize,
        binding: u16,
    ) -> Result<Node, SyntaxError> {
        if let Infix::Pipe = infix {
            return self.piped(left);
        }
        let right_first = matches!(infix, Infix::Binary(Binary::Pow));
        let right = self.expression(if right_first { binding } else { binding + 1 })?;
        let height = left.height.max(right.height) + 1;
        let kind = match infix {
            Infix::And => Kind::And(left.into(), right.into()),
            Infix::Or => Kind::Or(left.into(), right.into()),
            Infix::Coalesce => Kind::Coalesce(left.into(), right.into()),
            Infix::Matches => {
                let regex = match right.constant_text() {
                    Some(pattern) => Some(
                        crate::regexp::compile(pattern)
                            .map_err(|message| SyntaxError::new(right.at as usize, message))?,
                    ),
                    None => None,
                };
                Kind::Matches {
                    text: left.into(),
                    pattern: right.into(),
                    regex: regex.map(Arc::new),
                }
            }
            Infix::Binary(binary) => return self.compared(left, binary, right, at),
            Infix::Pipe => return Err(SyntaxError::new(at, "expected a function after `|`")),
        };
        Parser::fits(Node {
            at: at as u32,
            height,
            kind,
        })
    }

    /// `a < b < c` means `a < b && b < c`.
    fn compared(
        &mut self,
        left: Node,
        binary: Binary,
        right: Node,
        at: usize,
    ) -> Result<Node, SyntaxError> {
        let height = left.height.max(right.height) + 1;
        let ordering =
            |binary: Binary| matches!(binary, Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge);
        let middle = match &left.kind {
            Kind::Binary(first, _, middle) if ordering(*first) && ordering(binary) => {
                Some((**middle).clone())
            }
            Kind::And(_, last) if ordering(binary) => match &last.kind {
                Kind::Binary(first, _, middle)
                    if ordering(*first) && last.at > 0 && left.at == last.at =>
                {
                    Some((**middle).clone())
                }
                _ => None,
            },
            _ => None,
        };
        let kind = match middle {
            Some(middle) => {
                let second = Node {
                    at: at as u32,
                    height,
                    kind: Kind::Binary(binary, middle.into(), right.into()),
                };
                Kind::And(left.into(), second.into())
            }
            None => Kind::Binary(binary, left.into(), right.into()),
        };
        Parser::fits(Node {
            at: at as u32,
            height: height + 1,
            kind,
        })
    }

    fn conditional(&mut self, condition: Node) -> Result<Node, SyntaxError> {
        let at = self.at();
        if self.take("?:") {
            let otherwise = self.expression(0)?;
            let height = condition.height.max(otherwise.height) + 1;
            let kind =
                Kind::Conditional(condition.clone().into(), condition.into(), otherwise.into());
            return Parser::fits(Node {
                at: at as u32,
                height,
                kind,
            });
        }
        if !self.take("?") {
            return Ok(condition);
        }
        let yes = self.expression(0)?;
        self.expect(":")?;
        let no = self.expression(0)?;
        let height = condition.height.max(yes.height).max(no.height) + 1;
        Parser::fits(Node {
            at: at as u32,
            height,
            kind: Kind::Conditional(condition.into(), yes.into(), no.into()),
        })
    }

    fn if_else(&mut self) -> Result<Node, SyntaxError> {
        let at = self.at();
        self.next += 1;
        let condition = self.expression(1)?;
        let yes = self.block()?;
        if !self.take_word("else") {
            return Err(self.unexpected("`else`"));
        }
        let no = match self.peek() {
            Token::Name(word) if word == "if" => self.nested(Parser::if_else)?,
            _ => self.block()?,
        };
        let height = condition.height.max(yes.height).max(no.height) + 1;
        Parser::fits(Node {
            at: at as u32,
            height,
            kind: Kind::Conditional(condition.into(), yes.into(), no.into()),
        })
    }

    pub(crate) fn block(&mut self) -> Result<Node, SyntaxError> {
        self.expect("{")?;
        let body = self.sequence()?;
        self.expect("}")?;
        Ok(body)
    }

    fn unary(&mut self) -> Result<Node, SyntaxError> {
        let at = self.at();
        let (unary, binding) = match self.peek() {
            Token::Op("!") => (Unary::Not, 100),
            Token::Name(word) if word == "not" => (Unary::Not, 50),
            Token::Op("-") => (Unary::Minus, 90),
            Token::Op("+") => (Unary::Plus, 90),
            _ => return self.primary(),
        };
        self.next += 1;
        let operand = self.expression(binding)?;
        Parser::fits(Node {
            at: at as u32,
            height: operand.height + 1,
            kind: Kind::Unary(unary, operand.into()),
        })
    }
}

fn binary_symbol(symbol: &str) -> Option<(Binary, u16)> {
    Some(match symbol {
        "==" => (Binary::Eq, 20),
        "!=" => (Binary::Ne, 20),
        "<" => (Binary::Lt, 20),
        "<=" => (Binary::Le, 20),
        ">" => (Binary::Gt, 20),
        ">=" => (Binary::Ge, 20),
        ".." => (Binary::Range, 25),
        "+" => (Binary::Add, 30),
        "-" => (Binary::Sub, 30),
        "*" => (Binary::Mul, 60),
        "/" => (Binary::Div, 60),
        "%" => (Binary::Rem, 60),
        "**" | "^" => (Binary::Pow, 100),
        _ => return None,
    })
}
