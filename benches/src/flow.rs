//! `.flow` files of any length.

use std::fmt::Write as _;

/// A sound `.flow` file of about so many lines: templates, and a DAG that calls each.
///
/// # Panics
/// Never: writing to a string does not fail.
#[must_use]
pub fn file(lines: usize) -> String {
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
        writeln!(calls, "    t{number} = work-{number}(n: {number}, name: \"x-${{day}}\") when day != \"never\"{after}").expect("a string takes it");
        writeln!(
            text,
            "\n  // Template {number}.\n  container work-{number}(n: int, name: string) {{\n    image alpine:3.23\n    sh \"echo $((${{n}} * 2)) ${{name}} > /tmp/sum\"\n    cpu 100m\n    memory 64Mi\n    out sum: int = file(\"/tmp/sum\")\n  }}"
        )
        .expect("a string takes it");
        count += 10;
        number += 1;
    }
    text + &calls + "  }\n}\n"
}
