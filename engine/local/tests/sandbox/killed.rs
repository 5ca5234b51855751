pub const CASES: &[(&str, crate::setting::Case)] = &[];
pub fn victim(_: &[String]) {}
