//! Any text as an expression, and as a text with tags.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tiphys_expr::{Env, Flat, Program, Text, Unresolved};

fuzz_target!(|text: &str| {
    let mut scope = Flat::new();
    for (name, value) in [("inputs.parameters.s", "hello"), ("inputs.parameters.n", "7"), ("item", "[1,2]"), ("workflow.parameters.j", "{\"a\":[1]}")] {
        scope.set(name, value);
    }
    let env = Env { scope: &scope, now: jiff::Timestamp::UNIX_EPOCH, seed: 1 };
    if let Ok(program) = Program::parse(text) {
        let _ = program.evaluate(&env).map(|value| (value.tag_text(), value.go_text()));
    }
    let text = Text::parse(text);
    let _ = text.render(&env, Unresolved::Keep);
    let _ = text.render(&env, Unresolved::Fail);
});
