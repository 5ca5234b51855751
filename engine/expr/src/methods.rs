//! Methods of times, durations, versions: `.Year()`, `.Hours()`, `.Major()`.
use crate::ast::Binary;
use crate::builtins::{Args, Fault};
use crate::value::Value;
pub(crate) fn call(_base: &Value, args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    Err(Fault(args.name.to_owned()))
}
pub(crate) fn time_arithmetic(_binary: Binary, _left: &Value, _right: &Value) -> Option<Value> {
    None
}
