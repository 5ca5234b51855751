//! Work is proportional to change: what one finished node costs does not grow with the graph.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};
use tiphys_benches::allocations::Counting;
use tiphys_benches::race::Race;
use tiphys_benches::shape::Shape;

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// The median of what one finished pod costs, of up to 20,000 in the middle of the run.
fn step(shape: Shape, count: usize) -> Duration {
    let plan = tiphys_benches::plan(&tiphys_benches::read(&shape.yaml(count)));
    let mut times = Vec::new();
    for _ in 0..(20_000 / count).max(1) {
        let mut race = Race::new(&plan);
        while race.ended < count / 4 {
            race.step().expect("a pod runs");
        }
        while race.ended < (count * 3 / 4).min(count / 4 + 20_000) {
            times.push(race.step().expect("a pod runs"));
        }
    }
    times.sort_unstable();
    times[times.len() / 2]
}

/// One test, one thread: figures of two at once would be of neither.
#[test]
fn the_cost_of_a_step_does_not_grow() {
    if cfg!(debug_assertions) {
        println!("skipped: figures mean something with --release only");
        return;
    }
    for shape in [Shape::Chain, Shape::Lattice, Shape::Random] {
        // Best of three: what else the machine does, as right after a build, is no cost of a step.
        let mut ratio = f64::INFINITY;
        for _ in 0..3 {
            let (small, large) = (step(shape, 1_000), step(shape, 100_000));
            ratio = ratio.min(large.as_secs_f64() / small.as_secs_f64());
            println!("{shape:?}: {small:?} of 1,000, {large:?} of 100,000: ratio {ratio:.2}");
            if ratio < 2.0 {
                break;
            }
        }
        assert!(
            ratio < 2.0,
            "{shape:?}: one finished node costs {ratio:.2} times as much in a graph of 100,000 as in one of 1,000"
        );
    }
    for shape in Shape::ALL {
        let text = shape.yaml(100_000);
        let started = Instant::now();
        let read = tiphys_benches::read(&text);
        let reading = started.elapsed();
        let started = Instant::now();
        let plan = tiphys_benches::plan(&read);
        let planning = started.elapsed();
        drop(read);
        MEMORY.restart();
        let started = Instant::now();
        assert_eq!(Race::new(&plan).finish(), 100_000);
        let (running, most) = (started.elapsed(), MEMORY.most() >> 20);
        println!(
            "{shape:?}: read {reading:.2?}, planned {planning:.2?}, run in {running:.2?}, {most} MiB at most"
        );
        assert!(
            running < Duration::from_secs(5),
            "{shape:?}: a run of 100,000 nodes took {running:?}"
        );
        assert!(
            most < 1024,
            "{shape:?}: a run of 100,000 nodes took {most} MiB"
        );
    }
}
