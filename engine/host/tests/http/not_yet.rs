//! What `plugins/dist/http.wasm` does not do yet: cases that are told of and need not hold.

pub const NOT_YET: &[&str] = &[];
