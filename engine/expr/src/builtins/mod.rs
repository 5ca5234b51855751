//! expr-lang's functions without a predicate, and Argo's own, by family.

pub(crate) mod convert;
pub(crate) mod dates;
pub(crate) mod lists;
mod maths;
pub(crate) mod strings;

use crate::eval::{Run, shown};
use crate::value::{JsonError, Value};

/// A function of the language.
pub(crate) type Func = fn(&mut Args<'_, '_>) -> Result<Value, Fault>;

/// A function's table row.
pub(crate) type Entry = (&'static str, Func);

/// Why a function refuses; the caller knows the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault(pub String);

impl From<String> for Fault {
    fn from(message: String) -> Fault {
        Fault(message)
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Fault {
        Fault(message.to_owned())
    }
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Fault {
        Fault(error.to_string())
    }
}

const FAMILIES: [&[Entry]; 5] = [
    convert::TABLE,
    dates::TABLE,
    lists::TABLE,
    maths::TABLE,
    strings::TABLE,
];

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<Func> {
    FAMILIES
        .iter()
        .copied()
        .flatten()
        .find(|(known, _)| *known == name)
        .map(|(_, func)| *func)
}

/// All names, those with a predicate included.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let plain = FAMILIES.iter().copied().flatten().map(|(name, _)| *name);
    plain.chain(crate::ast::Each::ALL.iter().map(|(name, _)| *name))
}

/// The arguments of one call, with what a function may use beside them.
pub(crate) struct Args<'a, 'r> {
    pub name: &'a str,
    pub values: &'a [Value],
    pub run: &'a mut Run<'r>,
}

impl<'a, 'r> Args<'a, 'r> {
    pub(crate) fn new(name: &'a str, values: &'a [Value], run: &'a mut Run<'r>) -> Args<'a, 'r> {
        Args { name, values, run }
    }

    /// Checks how many there are.
    pub(crate) fn count(&self, least: usize, most: usize) -> Result<(), Fault> {
        let given = self.values.len();
        if (least..=most).contains(&given) {
            return Ok(());
        }
        let wanted = match (least, most) {
            (a, b) if a == b => format!("{a}"),
            (a, usize::MAX) => format!("{a} or more"),
            (a, b) => format!("{a} to {b}"),
        };
        Err(Fault(format!(
            "`{}` wants {wanted} arguments, got {given}",
            self.name
        )))
    }

    pub(crate) fn value(&self, index: usize) -> Result<&'a Value, Fault> {
        self.values.get(index).ok_or_else(|| {
            Fault(format!(
                "`{}` wants at least {} arguments",
                self.name,
                index + 1
            ))
        })
    }

    pub(crate) fn wrong(&self, index: usize, wanted: &str) -> Fault {
        let got = self
            .values
            .get(index)
            .map_or_else(|| "nothing".to_owned(), shown);
        Fault(format!(
            "`{}` wants {wanted} as argument {}, got {got}",
            self.name,
            index + 1
        ))
    }

    pub(crate) fn str(&self, index: usize) -> Result<&'a str, Fault> {
        self.value(index)?
            .as_str()
            .ok_or_else(|| self.wrong(index, "a string"))
    }

    pub(crate) fn int(&self, index: usize) -> Result<i64, Fault> {
        match self.value(index)? {
            Value::Int(number) => Ok(*number),
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Ok(*number as i64)
            }
            _ => Err(self.wrong(index, "an integer")),
        }
    }

    /// An integer that counts something: not negative.
    pub(crate) fn size(&self, index: usize) -> Result<usize, Fault> {
        usize::try_from(self.int(index)?)
            .map_err(|_| self.wrong(index, "an integer that is not negative"))
    }

    pub(crate) fn number(&self, index: usize) -> Result<f64, Fault> {
        crate::ops::number(self.value(index)?).ok_or_else(|| self.wrong(index, "a number"))
    }

    pub(crate) fn list(&self, index: usize) -> Result<&'a [Value], Fault> {
        match self.value(index)? {
            Value::List(items) => Ok(items),
            _ => Err(self.wrong(index, "a list")),
        }
    }

    pub(crate) fn time(&self, index: usize) -> Result<&'a jiff::Zoned, Fault> {
        match self.value(index)? {
            Value::Time(time) => Ok(time),
            _ => Err(self.wrong(index, "a time")),
        }
    }

    /// Text by `%v`.
    pub(crate) fn text(&self, index: usize) -> Result<String, Fault> {
        Ok(self.value(index)?.go_text()?)
    }
}
