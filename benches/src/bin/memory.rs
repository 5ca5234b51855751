//! Bytes per node: of the text, of what is read, of the plan, of a finished run.
#![allow(clippy::print_stdout)]

use tiphys_benches::allocations::Counting;
use tiphys_benches::race::Race;
use tiphys_benches::shape::Shape;

#[global_allocator]
static MEMORY: Counting = Counting::new();

fn main() {
    println!(
        "{:<8} {:>7} {:>10} {:>10} {:>10} {:>10}  bytes per node",
        "shape", "nodes", "text", "read", "plan", "run"
    );
    for shape in Shape::ALL {
        for count in [1_000, 10_000, 100_000] {
            let text = shape.yaml(count);
            let start = MEMORY.held();
            let read = tiphys_benches::read(&text);
            let reading = MEMORY.held() - start;
            let start = MEMORY.held();
            let plan = tiphys_benches::plan(&read);
            let planning = MEMORY.held() - start;
            let start = MEMORY.held();
            let mut race = Race::new(&plan);
            while race.step().is_some() {}
            let running = MEMORY.held() - start;
            println!(
                "{:<8} {count:>7} {:>10} {:>10} {:>10} {:>10}",
                format!("{shape:?}"),
                text.len() / count,
                reading / count,
                planning / count,
                running / count
            );
        }
    }
}
