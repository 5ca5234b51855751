//! Tags, expressions, `when` and `depends`: parse once, evaluate many.
//!
//! | a user writes | type | rules |
//! |---|---|---|
//! | `x-{{inputs.parameters.n}}-{{=asInt(item) + 1}}` | [`Text`] | tags of two kinds in a string |
//! | any JSON with such strings in it | [`Tree`] | tags in values and in object keys |
//! | the inside of `{{=…}}` | [`Program`] | expr-lang 1.17, plus `asInt`, `asFloat`, `toJson`, `jsonpath`, `sprig.*` |
//! | `when: "{{x}} == yes"` | [`when`] | govaluate, bare words are strings |
//! | `depends: "A && !B.Failed"` | [`Depends`] | task names, results, `&& || !` |
//!
//! What is not here, and must not come: a clock, randomness, the environment, files, sockets, threads. Time and the random
//! seed arrive in [`Env`]. Nothing here panics, hangs or overflows the stack on any input: every size has a limit, and what
//! goes beyond is an error that names it.

mod ast;
mod builtins;
mod check;
mod depends;
pub mod duration;
mod each;
mod eval;
pub mod format;
mod json;
mod jsonpath;
mod lexer;
mod limits;
mod methods;
mod ops;
mod parser;
mod parser_primary;
mod program;
mod refs;
mod regexp;
mod render;
mod scope;
mod sprig;
mod suggest;
mod text;
pub mod time;
mod tree;
mod value;
mod version;
pub mod when;

pub use depends::{Depends, DependsError, TaskRef, TaskResult};
pub use eval::EvalError;
pub use limits::TooLarge;
pub use program::{Program, Reference, SyntaxError, UnknownFunction};
pub use render::{RenderError, Unresolved};
pub use scope::{Env, Flat, Layers, Lookup, Scope};
pub use text::{Tag, TagKind, Text};
pub use tree::{Tree, TreeError};
pub use value::{JsonError, Named, Value};
pub use version::Version;
