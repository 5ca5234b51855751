//! The sizes nothing may exceed, so that no input hangs or exhausts memory.

/// Longest text an expression may build, in bytes.
pub(crate) const TEXT: usize = 16 << 20;
/// Most items of a list an expression may build (expr-lang's own memory budget).
pub(crate) const ITEMS: usize = 1_000_000;
/// Deepest nesting of an expression, in levels of brackets and operators.
pub(crate) const NESTING: usize = 96;
/// Tallest syntax tree: a chain of operators counts one level each.
pub(crate) const HEIGHT: u16 = 220;
/// Longest expression, in bytes.
pub(crate) const SOURCE: usize = 256 << 10;
/// Deepest nesting of a value that `reduce` builds up.
pub(crate) const DEPTH: usize = 256;
/// Steps of work of one evaluation.
const STEPS: u64 = 20_000_000;

/// What was too large.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is beyond the limit of {limit}")]
pub struct TooLarge {
    pub what: &'static str,
    pub limit: usize,
}

/// Checks the length of a text before it is built.
pub(crate) fn text(bytes: usize) -> Result<(), TooLarge> {
    if bytes > TEXT {
        Err(TooLarge {
            what: "the text's length",
            limit: TEXT,
        })
    } else {
        Ok(())
    }
}

/// Checks the length of a list before it is built.
pub(crate) fn items(count: usize) -> Result<(), TooLarge> {
    if count > ITEMS {
        Err(TooLarge {
            what: "the list's length",
            limit: ITEMS,
        })
    } else {
        Ok(())
    }
}

/// The work one evaluation may still do.
#[derive(Debug)]
pub(crate) struct Fuel(u64);

impl Default for Fuel {
    fn default() -> Fuel {
        Fuel(STEPS)
    }
}

impl Fuel {
    /// Takes `steps` of work, or says that there is none left.
    pub(crate) fn burn(&mut self, steps: usize) -> Result<(), TooLarge> {
        match self.0.checked_sub(steps as u64) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(TooLarge {
                what: "the work of one evaluation",
                limit: STEPS as usize,
            }),
        }
    }
}
