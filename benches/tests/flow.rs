//! Cost grows with the file and no faster: times for 100, 1,000 and 10,000 lines; limits hold in release mode only.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tiphys_benches::flow::file;
use tiphys_graph::Library;

fn best(mut work: impl FnMut()) -> Duration {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..25).map(|_| time(&mut work)).min().unwrap()
}

#[test]
fn ten_thousand_lines_take_less_than_fifty_milliseconds() {
    let mut times = Vec::new();
    for lines in [100, 1_000, 10_000] {
        let text = file(lines);
        let compiled = tiphys_dsl::compile("big.flow", text.as_bytes());
        assert!(compiled.is_sound(), "{}", compiled.diagnostics[0]);
        let compile = best(|| drop(tiphys_dsl::compile("big.flow", text.as_bytes())));
        let source = Arc::clone(&compiled.source);
        let check = best(|| {
            drop(tiphys_graph::check(
                &compiled.objects[0],
                &source,
                &Library::default(),
            ))
        });
        let format = best(|| drop(tiphys_dsl::format("big.flow", &text)));
        println!(
            "{} lines: compile {compile:?}, graph check {check:?}, format {format:?}",
            text.lines().count()
        );
        times.push(compile);
    }
    if !cfg!(debug_assertions) {
        assert!(times[2] < Duration::from_millis(50));
    }
    assert!(times[2] < times[1] * 30, "more than linear");
}
