//! Parse, evaluate, render: what every node pays for its texts.

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use std::hint::black_box;
use tiphys_expr::{Depends, Env, Flat, Program, Text, Unresolved, when};

const EXPRESSION: &str = "asInt(inputs.parameters.n) > 3 && inputs.parameters.s in ['a', 'b'] ? sprig.upper(inputs.parameters.s) : 'none'";
const TEXT: &str = "run {{inputs.parameters.s}} of {{workflow.name}}, item {{inputs.parameters.n}}: {{=asInt(inputs.parameters.n) + 1}}";

fn expressions(c: &mut Criterion) {
    let mut scope = Flat::new();
    for (name, value) in [
        ("inputs.parameters.n", "7"),
        ("inputs.parameters.s", "a"),
        ("workflow.name", "wf"),
    ] {
        scope.set(name, value);
    }
    let env = Env {
        scope: &scope,
        now: Timestamp::UNIX_EPOCH,
        seed: 1,
    };
    c.bench_function("expression/parse", |b| {
        b.iter(|| Program::parse(black_box(EXPRESSION)))
    });
    let program = Program::parse(EXPRESSION).expect("it is sound");
    c.bench_function("expression/evaluate", |b| {
        b.iter(|| black_box(&program).evaluate(&env))
    });
    c.bench_function("text/parse", |b| b.iter(|| Text::parse(black_box(TEXT))));
    let text = Text::parse(TEXT);
    c.bench_function("text/render", |b| {
        b.iter(|| {
            black_box(&text)
                .render(&env, Unresolved::Fail)
                .map(|t| t.len())
        })
    });
    c.bench_function("when/evaluate", |b| {
        b.iter(|| when::evaluate(black_box("a == b || 7 > 3 && x != y")))
    });
    c.bench_function("depends/parse", |b| {
        b.iter(|| {
            Depends::parse(black_box(
                "a && (b.Failed || !c.Succeeded) || d.AnySucceeded",
            ))
        })
    });
}

criterion_group!(benches, expressions);
criterion_main!(benches);
