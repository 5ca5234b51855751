//! Literals, names, members, calls and predicates: what stands between operators.

use std::sync::Arc;

use crate::ast::{Each, Kind, Node, Pointer, Segment};
use crate::lexer::Token;
use crate::parser::Parser;
use crate::program::{SyntaxError, UnknownFunction};
use crate::value::Value;
use crate::{builtins, sprig, suggest};

impl Parser {
    pub(crate) fn primary(&mut self) -> Result<Node, SyntaxError> {
        let at = self.at();
        let node = match self.peek() {
            Token::Int(_) | Token::Float(_) | Token::Str(_) => self.literal(at),
            Token::Pointer(_) => self.pointer(at)?,
            Token::Name(_) => self.name(at)?,
            Token::Op("(") => {
                self.next += 1;
                let inner = self.sequence()?;
                self.expect(")")?;
                inner
            }
            Token::Op("[") => self.list(at)?,
            Token::Op("{") => self.map(at)?,
            // `.name` inside a predicate is `#.name`; the dot stays for the postfix.
            Token::Op(".") if self.predicates > 0 => Node::leaf(at, Kind::Pointer(Pointer::Item)),
            Token::Op("::") => {
                self.next += 1;
                self.name(at)?
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.postfix(node)
    }

    fn literal(&mut self, at: usize) -> Node {
        let value = match self.advance() {
            Token::Int(number) => Value::Int(number),
            Token::Float(number) => Value::Float(number),
            Token::Str(text) => Value::from(text),
            _ => Value::Nil,
        };
        Node::leaf(at, Kind::Literal(value))
    }

    fn pointer(&mut self, at: usize) -> Result<Node, SyntaxError> {
        let Token::Pointer(name) = self.advance() else {
            return Err(self.unexpected("a value"));
        };
        if self.predicates == 0 {
            return Err(SyntaxError::new(
                at,
                "`#` has a meaning inside a predicate only, as in `filter(list, # > 2)`",
            ));
        }
        let pointer = match name.as_str() {
            "" => Pointer::Item,
            "index" => Pointer::Index,
            "acc" => Pointer::Acc,
            _ => {
                return Err(SyntaxError::new(
                    at,
                    format!("`#{name}` is unknown; there are `#`, `#index` and `#acc`"),
                ));
            }
        };
        Ok(Node::leaf(at, Kind::Pointer(pointer)))
    }

    fn name(&mut self, at: usize) -> Result<Node, SyntaxError> {
        let Token::Name(name) = self.advance() else {
            return Err(self.unexpected("a name"));
        };
        let constant = match name.as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "nil" => Some(Value::Nil),
            _ => None,
        };
        if let Some(value) = constant {
            return Ok(Node::leaf(at, Kind::Literal(value)));
        }
        if matches!(self.peek(), Token::Op("(")) {
            return self.call(&name, at, None);
        }
        if let Some(slot) = self.locals.iter().rposition(|local| *local == name) {
            return Ok(Node::leaf(at, Kind::Local(slot)));
        }
        if name == "sprig"
            && matches!(self.peek(), Token::Op("."))
            && matches!(self.peek_second(), Token::Name(_))
        {
            self.next += 1;
            let Token::Name(function) = self.advance() else {
                return Err(self.unexpected("a function"));
            };
            if matches!(self.peek(), Token::Op("(")) {
                return self.call(&format!("sprig.{function}"), at, None);
            }
            return Ok(path(at, &["sprig", &function]));
        }
        Ok(path(at, &[&name]))
    }

    fn list(&mut self, at: usize) -> Result<Node, SyntaxError> {
        self.next += 1;
        let items = self.comma_separated("]", |parser| parser.expression(0))?;
        let children: Vec<&Node> = items.iter().collect();
        let height = children.iter().map(|child| child.height).max().unwrap_or(0) + 1;
        Parser::fits(Node {
            at: at as u32,
            height,
            kind: Kind::List(items),
        })
    }

    fn map(&mut self, at: usize) -> Result<Node, SyntaxError> {
        self.next += 1;
        let entries = self.comma_separated("}", Parser::entry)?;
        let height = entries
            .iter()
            .map(|(key, value)| key.height.max(value.height))
            .max()
            .unwrap_or(0)
            + 1;
        Parser::fits(Node {
            at: at as u32,
            height,
            kind: Kind::Map(entries),
        })
    }

    fn entry(&mut self) -> Result<(Node, Node), SyntaxError> {
        let at = self.at();
        let key = match self.peek().clone() {
            Token::Name(name) => {
                self.next += 1;
                Node::leaf(at, Kind::Literal(Value::from(name)))
            }
            Token::Str(_) | Token::Int(_) | Token::Float(_) => self.literal(at),
            Token::Op("(") => self.expression(0)?,
            _ => {
                return Err(self.unexpected(
                    "a key: a name, a string, a number or an expression in parentheses",
                ));
            }
        };
        self.expect(":")?;
        Ok((key, self.expression(0)?))
    }

    fn comma_separated<T>(
        &mut self,
        close: &str,
        one: impl Fn(&mut Parser) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, SyntaxError> {
        let mut found = Vec::new();
        while !self.take(close) {
            if !found.is_empty() {
                self.expect(",")?;
                if self.take(close) {
                    break;
                }
            }
            found.push(one(self)?);
        }
        Ok(found)
    }

    /// `.member`, `?.member`, `[index]`, `[from:to]`, `.method()`.
    fn postfix(&mut self, node: Node) -> Result<Node, SyntaxError> {
        let mut node = node;
        let mut optional_anywhere = false;
        loop {
            let at = self.at();
            let optional = match self.peek() {
                Token::Op(".") => {
                    self.next += 1;
                    false
                }
                Token::Op("?.") => {
                    self.next += 1;
                    true
                }
                Token::Op("[") => {
                    node = self.index(node, at, false)?;
                    continue;
                }
                _ => break,
            };
            optional_anywhere |= optional;
            if optional && matches!(self.peek(), Token::Op("[")) {
                node = self.index(node, at, true)?;
                continue;
            }
            let Token::Name(name) = self.peek().clone() else {
                // `#.` alone and `.` before an operator: the pointer itself.
                return Err(self.unexpected("a member's name"));
            };
            let name_at = self.at();
            self.next += 1;
            node = if matches!(self.peek(), Token::Op("(")) {
                let args = self.arguments(None)?;
                let height = args
                    .iter()
                    .map(|arg| arg.height)
                    .max()
                    .unwrap_or(0)
                    .max(node.height)
                    + 1;
                let kind = Kind::Method {
                    base: node.into(),
                    name: name.into(),
                    args,
                    optional,
                };
                Parser::fits(Node {
                    at: name_at as u32,
                    height,
                    kind,
                })?
            } else {
                member(node, name.into(), name_at, optional)?
            };
        }
        if optional_anywhere {
            node = Parser::fits(Node {
                at: node.at,
                height: node.height + 1,
                kind: Kind::Chain(node.into()),
            })?;
        }
        Ok(node)
    }

    fn index(&mut self, base: Node, at: usize, optional: bool) -> Result<Node, SyntaxError> {
        self.expect("[")?;
        let from = if self.take(":") {
            None
        } else {
            Some(self.expression(0)?)
        };
        let slice = from.is_none() || self.take(":");
        if slice {
            let to = if matches!(self.peek(), Token::Op("]")) {
                None
            } else {
                Some(self.expression(0)?)
            };
            self.expect("]")?;
            let height = [Some(&base), from.as_ref(), to.as_ref()]
                .into_iter()
                .flatten()
                .map(|node| node.height)
                .max()
                .unwrap_or(0)
                + 1;
            let kind = Kind::Slice {
                base: base.into(),
                from: from.map(Box::new),
                to: to.map(Box::new),
            };
            return Parser::fits(Node {
                at: at as u32,
                height,
                kind,
            });
        }
        self.expect("]")?;
        let Some(key) = from else {
            return Err(self.unexpected("an index"));
        };
        if let (Kind::Path(_), Some(name)) = (&base.kind, key.constant_text()) {
            let name = Arc::from(name);
            return member(base, name, at, optional);
        }
        let height = base.height.max(key.height) + 1;
        Parser::fits(Node {
            at: at as u32,
            height,
            kind: Kind::Member {
                base: base.into(),
                key: key.into(),
                optional,
            },
        })
    }

    fn arguments(&mut self, first: Option<Node>) -> Result<Vec<Node>, SyntaxError> {
        self.expect("(")?;
        let rest = self.comma_separated(")", |parser| parser.expression(0))?;
        Ok(first.into_iter().chain(rest).collect())
    }

    /// `left | name(args)`: the left side is the first argument.
    pub(crate) fn piped(&mut self, left: Node) -> Result<Node, SyntaxError> {
        let at = self.at();
        let Token::Name(mut name) = self.advance() else {
            return Err(SyntaxError::new(at, "expected a function after `|`"));
        };
        if name == "sprig" && self.take(".") {
            let Token::Name(function) = self.advance() else {
                return Err(SyntaxError::new(at, "expected a function after `sprig.`"));
            };
            name = format!("sprig.{function}");
        }
        if !matches!(self.peek(), Token::Op("(")) {
            return Err(self.unexpected("`(`"));
        }
        let node = self.call(&name, at, Some(left))?;
        self.postfix(node)
    }

    fn call(&mut self, name: &str, at: usize, first: Option<Node>) -> Result<Node, SyntaxError> {
        if let Some(each) = Each::named(name) {
            return self.each(each, name, at, first);
        }
        let func = match name.strip_prefix("sprig.") {
            Some(function) => sprig::find(function),
            None => builtins::find(name),
        };
        let args = self.arguments(first)?;
        let height = args.iter().map(|arg| arg.height).max().unwrap_or(0) + 1;
        let kind = match func {
            Some(func) => Kind::Call {
                name: name.into(),
                func,
                args,
            },
            None => {
                self.unknown.push(unknown(name, at));
                Kind::UnknownCall(name.into())
            }
        };
        Parser::fits(Node {
            at: at as u32,
            height,
            kind,
        })
    }

    fn each(
        &mut self,
        what: Each,
        name: &str,
        at: usize,
        first: Option<Node>,
    ) -> Result<Node, SyntaxError> {
        self.expect("(")?;
        let list = match first {
            Some(list) => list,
            None => {
                let list = self.expression(0)?;
                if !matches!(self.peek(), Token::Op(")")) {
                    self.expect(",")?;
                }
                list
            }
        };
        let body = match self.peek() {
            Token::Op(")") if what.body_is_optional() => None,
            Token::Op(")") => {
                return Err(SyntaxError::new(
                    self.at(),
                    format!("`{name}` wants a predicate after the list"),
                ));
            }
            _ => Some(self.predicate()?),
        };
        let extra =
            match what.takes_extra() && self.take(",") && !matches!(self.peek(), Token::Op(")")) {
                true => Some(self.expression(0)?),
                false => None,
            };
        self.take(",");
        self.expect(")")?;
        let height = [Some(&list), body.as_ref(), extra.as_ref()]
            .into_iter()
            .flatten()
            .map(|node| node.height)
            .max()
            .unwrap_or(0)
            + 1;
        let kind = Kind::Each {
            what,
            list: list.into(),
            body: body.map(Box::new),
            extra: extra.map(Box::new),
        };
        Parser::fits(Node {
            at: at as u32,
            height,
            kind,
        })
    }

    /// `{# > 2}`, `# > 2`, `.field`.
    fn predicate(&mut self) -> Result<Node, SyntaxError> {
        self.predicates += 1;
        let body = if matches!(self.peek(), Token::Op("{")) {
            self.block()
        } else {
            self.expression(0)
        };
        self.predicates -= 1;
        body
    }
}

fn path(at: usize, names: &[&str]) -> Node {
    let segments = names
        .iter()
        .map(|name| Segment {
            name: Arc::from(*name),
            optional: false,
        })
        .collect();
    Node::leaf(at, Kind::Path(segments))
}

/// A constant member: it lengthens a path, or stands over any other base.
fn member(base: Node, name: Arc<str>, at: usize, optional: bool) -> Result<Node, SyntaxError> {
    if let Kind::Path(mut segments) = base.kind {
        segments.push(Segment { name, optional });
        return Ok(Node {
            at: base.at,
            height: base.height,
            kind: Kind::Path(segments),
        });
    }
    let key = Node::leaf(at, Kind::Literal(Value::Str(name)));
    let height = base.height + 1;
    Parser::fits(Node {
        at: at as u32,
        height,
        kind: Kind::Member {
            base: base.into(),
            key: key.into(),
            optional,
        },
    })
}

fn unknown(name: &str, at: usize) -> UnknownFunction {
    let suggestion = match name.strip_prefix("sprig.") {
        Some(function) => {
            suggest::nearest(function, sprig::names()).map(|near| format!("sprig.{near}"))
        }
        None => suggest::nearest(name, builtins::names()).map(str::to_owned),
    };
    UnknownFunction {
        name: name.to_owned(),
        offset: at,
        suggestion,
    }
}
