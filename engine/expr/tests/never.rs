//! Nothing panics, hangs or overflows the stack, whatever the input.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use tiphys_expr::{
    Depends, Env, Flat, Program, Text, Tree, Unresolved, Value, duration, format, when,
};

fn everything(text: &str) {
    let mut scope: Flat = [
        ("inputs.parameters.a", "x"),
        ("inputs.parameters.n", "7"),
        ("a.b", "c"),
    ]
    .into_iter()
    .collect();
    scope.set(
        "item",
        Value::from(&serde_json::json!({"n": 3, "l": [1, 2]})),
    );
    let env = Env {
        scope: &scope,
        now: jiff::Timestamp::UNIX_EPOCH,
        seed: 3,
    };
    if let Ok(program) = Program::parse(text) {
        let _ = program.refs();
        if let Ok(value) = program.evaluate(&env) {
            let _ = (
                value.json_text(),
                value.go_text(),
                value.to_json(),
                value == value.clone(),
            );
        }
    }
    for unresolved in [Unresolved::Keep, Unresolved::Fail] {
        let _ = Text::parse(text).render(&env, unresolved);
        let _ = Text::parse(&format!("a{{{{={text}}}}}b{{{{{text}}}}}")).render(&env, unresolved);
        let _ = Tree::parse(&serde_json::json!({ text: [text] })).render(&env, unresolved);
    }
    let _ = when::evaluate(text);
    let _ = when::check(&Text::parse(text));
    if let Ok(depends) = Depends::parse(text) {
        depends.evaluate(|task, _| task % 2 == 0);
    }
    let _ = duration::parse(text).map(duration::format);
    let _ = format::sequence(text, -5);
    let _ = format::item_name(&serde_json::Value::from(text));
}

/// Pieces of all four languages, so that what is put together is often nearly right.
const PIECES: [&str; 97] = [
    "1",
    "0",
    "-1",
    "9223372036854775807",
    "1.5",
    "1e308",
    "\"a\"",
    "'b'",
    "\"ü☃\"",
    "nil",
    "true",
    "false",
    "[1,2]",
    "[]",
    "{a: 1}",
    "{}",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "{{=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "==",
    "!=",
    "<",
    ">=",
    "&&",
    "||",
    "!",
    "??",
    "?.",
    "?",
    ":",
    ".",
    "..",
    ",",
    ";",
    "|",
    "#",
    "#acc",
    "#index",
    "=~",
    "!~",
    "in",
    "not",
    "and",
    "let x = ",
    "x",
    "if",
    "else",
    "item",
    "item.l",
    "inputs.parameters.a",
    "inputs.parameters['n']",
    "filter(",
    "map(",
    "reduce(",
    "sortBy(",
    "groupBy(",
    "len(",
    "repeat(",
    "split(",
    "toJson(",
    "fromJSON(",
    "jsonpath(",
    "duration(\"1h\")",
    "now()",
    ".Year()",
    ".Format(",
    "date(",
    "sprig.substr(",
    "sprig.trunc(",
    "sprig.untilStep(",
    "sprig.dateModify(",
    "sprig.wrap(",
    "sprig.abbrevboth(",
    "sprig.round(",
    "sprig.regexFindAll(",
    "sprig.semver(",
    "sprig.dict(",
    "sprig.slice(",
    "sprig.urlParse(",
    "sprig.randAscii(",
    "sprig.seq(",
    "A.Succeeded",
    "a-b",
    "%05d",
    " ",
];

fn pieced() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 1..14)
        .prop_map(|pieces| pieces.concat())
}

/// Expressions that can be read.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1", "-3", "2.5", "\"ab\"", "nil", "true", "[3,1]", "{a: 1}", "item.n", "item", "a.b",
        "now()", "nope",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(6, 64, 3, |inner| {
            let binary = prop::sample::select(vec![
                "+", "-", "*", "/", "%", "**", "==", "<", "in", "and", "contains", "..", "matches",
            ]);
            let unary = prop::sample::select(vec![
                "len",
                "string",
                "toJson",
                "int",
                "float",
                "abs",
                "first",
                "sort",
                "flatten",
                "sprig.toString",
                "type",
            ]);
            let double = prop::sample::select(vec![
                "sprig.add",
                "sprig.repeat",
                "sprig.trunc",
                "sprig.abbrev",
                "get",
                "take",
                "concat",
                "split",
                "sprig.indent",
                "sprig.has",
                "sprig.div",
                "max",
                "bitshl",
                "sprig.round",
                "sprig.wrap",
                "sprig.chunk",
                "sprig.dict",
                "repeat",
                "sprig.date",
                "sprig.randInt",
            ]);
            let each =
                prop::sample::select(vec!["map", "filter", "count", "groupBy", "sortBy", "find"]);
            prop_oneof![
                (inner.clone(), binary, inner.clone())
                    .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
                (unary, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
                (double, inner.clone(), inner.clone())
                    .prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
                (each, inner.clone(), inner.clone())
                    .prop_map(|(f, a, b)| format!("{f}({a}, {{ {b} }})")),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(a, b, c)| format!("({a} == {b} ? {c} : # )").replace('#', "1")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} ?? {b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}][-2:1]")),
                inner.prop_map(|a| format!("(let v = {a}; [v, v])")),
            ]
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn on_any_text(text in ".{0,60}") {
        everything(&text);
    }

    #[test]
    fn on_pieces(text in pieced()) {
        everything(&text);
    }

    #[test]
    fn on_expressions(text in expression()) {
        prop_assert!(Program::parse(&text).is_ok_and(|_| true) || Program::parse(&text).is_err());
        everything(&text);
    }

    #[test]
    fn durations_come_back(nanos in any::<i64>()) {
        prop_assert_eq!(duration::parse(&duration::format(nanos)), Ok(nanos));
    }

    #[test]
    fn literals_render_as_they_are(text in "[^{]{0,40}") {
        let scope = Flat::new();
        let env = Env { scope: &scope, now: jiff::Timestamp::UNIX_EPOCH, seed: 0 };
        let parsed = Text::parse(&text);
        prop_assert!(parsed.is_literal());
        prop_assert_eq!(parsed.render(&env, Unresolved::Fail).unwrap(), text.as_str());
    }
}

#[test]
fn on_what_is_deep_or_long() {
    for piece in [
        "(", "[", "{a:", "!", "-", "not ", "1+", "1 ? ", "a.", "a?.", "x[", "f(", "if ",
        "let a = ", "map(a, ", "1;", "{{", "{{=", "a ?? ", "1,", "'",
    ] {
        everything(&piece.repeat(20_000));
        everything(&format!("{}1", piece.repeat(300)));
    }
    everything(&format!("{}1{}", "(".repeat(60), ")".repeat(60)));
    everything(&format!("{}1{}", "(1+".repeat(90), ")".repeat(90)));
    let chain = "+1".repeat(200);
    everything(&format!(
        "{}1{chain}{}",
        "(".repeat(80),
        format!("{chain})").repeat(80)
    ));
    everything(&format!("1{}", " | string()".repeat(5_000)));
    everything(&format!("1{}", "[0]".repeat(5_000)));
    everything(&format!("{}1", "if true { 1 } else ".repeat(5_000)));
}

#[test]
fn on_what_doubles() {
    let mut lets = String::from("let a0 = [1, 1]; ");
    for step in 1..60 {
        lets += &format!("let a{step} = [a{}, a{}]; ", step - 1, step - 1);
    }
    for end in [
        "a59",
        "a59 == map(a59, #)",
        "toJson(a59)",
        "string(a59)",
        "len(flatten(a59))",
        "sprig.uniq(a59)",
        "max(a59)",
    ] {
        everything(&format!("{lets}{end}"));
    }
    everything("reduce(1..1000, #acc + #acc, \"ab\")");
    everything("reduce(1..1000, concat(#acc, #acc), [1])");
    everything("reduce(1..900000, {a: #acc}, 0)");
}

#[test]
fn on_what_takes_long() {
    for text in [
        "sprig.wrap(1, repeat(\"a b\", 1000000))",
        "trim(repeat(\"a\", 1000000), repeat(\"b\", 1000000) + \"a\")",
        "map(1..1000, repeat(\"abcd\", 4000000))",
        "map(1..1000, 1..1000000)",
        "jsonpath(\"[\" + repeat(\"[1],\", 100000) + \"1]\", \"$..*..*\")",
        "reduce(1..100000, concat(#acc, [#]), [])",
        "filter(1..100000, string(1..100000) matches \"(a|b)*c\")",
    ] {
        everything(text);
    }
}
