//! Cost grows with the file and no faster: times for 100, 1,000 and 10,000 lines; limits hold in release mode only.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tiphys_graph::Library;

fn file(lines: usize) -> String {
    let mut text = String::from(
        "// Many templates.\nworkflow big(day: string, sizes: list<int> = [1, 2, 3]) {\n  labels { team: data }\n",
    );
    let mut calls = String::from("  dag main {\n");
    let mut count = 4;
    let mut number = 0;
    while count + 2 < lines {
        let after = if number > 0 {
            format!(" after t{}", number - 1)
        } else {
            String::new()
        };
        writeln!(calls, "    t{number} = work-{number}(n: {number}, name: \"x-${{day}}\") when day != \"never\"{after}").unwrap();
        writeln!(
            text,
            "\n  // Template {number}.\n  container work-{number}(n: int, name: string) {{\n    image alpine:3.23\n    sh \"echo $((${{n}} * 2)) ${{name}} > /tmp/sum\"\n    cpu 100m\n    memory 64Mi\n    out sum: int = file(\"/tmp/sum\")\n  }}"
        )
        .unwrap();
        count += 10;
        number += 1;
    }
    text + &calls + "  }\n}\n"
}

fn best(mut work: impl FnMut()) -> Duration {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..7).map(|_| time(&mut work)).min().unwrap()
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
