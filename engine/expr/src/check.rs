//! Mistakes of type that constants alone show, as expr-lang's own checker finds them before running: `1 == "a"`.

use crate::ast::{Binary, Kind, Node, Unary};
use crate::program::SyntaxError;
use crate::value::Value;

/// What is known of a value before running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Unknown,
    Nil,
    Bool,
    Number,
    Text,
    List,
    Map,
}

/// Checks every operator with operands of known types.
pub(crate) fn types(root: &Node) -> Result<(), SyntaxError> {
    typed(root).map(|_| ())
}

/// The type of a node, each looked at once.
fn typed(node: &Node) -> Result<Type, SyntaxError> {
    let children = node
        .children()
        .into_iter()
        .map(typed)
        .collect::<Result<Vec<Type>, _>>()?;
    let (left, right) = match children.as_slice() {
        [left, right, ..] => (*left, *right),
        [one] => (*one, Type::Unknown),
        [] => (Type::Unknown, Type::Unknown),
    };
    let at = node.at;
    Ok(match &node.kind {
        Kind::Literal(Value::Nil) => Type::Nil,
        Kind::Literal(Value::Bool(_)) => Type::Bool,
        Kind::Literal(Value::Int(_) | Value::Float(_)) => Type::Number,
        Kind::Literal(Value::Str(_)) => Type::Text,
        Kind::List(_) => Type::List,
        Kind::Map(_) => Type::Map,
        Kind::Matches { .. } => Type::Bool,
        Kind::And(..) => flags("and", left, right, at)?,
        Kind::Or(..) => flags("or", left, right, at)?,
        Kind::Unary(Unary::Not, _) => flags("not", left, Type::Unknown, at)?,
        Kind::Unary(..) => left,
        Kind::Conditional(..) => {
            flags("?:", left, Type::Unknown, at)?;
            Type::Unknown
        }
        Kind::Binary(binary, ..) => {
            operator(*binary, left, right, at)?;
            match binary {
                Binary::Range => Type::List,
                Binary::Add | Binary::Sub | Binary::Mul if left == right => left,
                Binary::Add | Binary::Sub | Binary::Mul => Type::Unknown,
                Binary::Div | Binary::Rem | Binary::Pow => Type::Number,
                _ => Type::Bool,
            }
        }
        _ => Type::Unknown,
    })
}

fn operator(binary: Binary, left: Type, right: Type, at: u32) -> Result<(), SyntaxError> {
    if left == Type::Unknown || right == Type::Unknown {
        return Ok(());
    }
    let fits = match binary {
        Binary::Eq | Binary::Ne => left == right || left == Type::Nil || right == Type::Nil,
        Binary::In => matches!(right, Type::List | Type::Map | Type::Nil),
        Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
            left == Type::Text && right == Type::Text
        }
        Binary::Add | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => {
            left == right && matches!(left, Type::Number | Type::Text)
        }
        _ => left == Type::Number && right == Type::Number,
    };
    if fits {
        Ok(())
    } else {
        Err(mismatch(binary.symbol(), left, right, at))
    }
}

fn flags(symbol: &str, left: Type, right: Type, at: u32) -> Result<Type, SyntaxError> {
    let fits = |one| matches!(one, Type::Unknown | Type::Bool);
    if fits(left) && fits(right) {
        Ok(Type::Bool)
    } else {
        Err(mismatch(symbol, left, right, at))
    }
}

fn mismatch(symbol: &str, left: Type, right: Type, at: u32) -> SyntaxError {
    let name = |one| match one {
        Type::Unknown => "anything",
        Type::Nil => "nil",
        Type::Bool => "a boolean",
        Type::Number => "a number",
        Type::Text => "a string",
        Type::List => "a list",
        Type::Map => "a map",
    };
    SyntaxError::new(
        at as usize,
        format!(
            "`{symbol}` does not work on {} and {}",
            name(left),
            name(right)
        ),
    )
}
