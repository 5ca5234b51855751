//! Read, plan, decide, and whole runs, over graphs of growing size.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use tiphys_benches::race::Race;
use tiphys_benches::shape::Shape;

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];

fn road(c: &mut Criterion) {
    for shape in Shape::ALL {
        let mut group = c.benchmark_group(format!("{shape:?}"));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(2));
        for count in SIZES {
            let text = shape.yaml(count);
            let read = tiphys_benches::read(&text);
            let plan = tiphys_benches::plan(&read);
            group.throughput(Throughput::Elements(count as u64));
            group.bench_with_input(BenchmarkId::new("read", count), &text, |b, text| {
                b.iter(|| black_box(tiphys_benches::read(text)))
            });
            group.bench_with_input(BenchmarkId::new("plan", count), &read, |b, read| {
                b.iter(|| black_box(tiphys_benches::plan(read)))
            });
            group.bench_with_input(BenchmarkId::new("run", count), &plan, |b, plan| {
                b.iter(|| black_box(Race::new(plan).finish()))
            });
            group.throughput(Throughput::Elements(1));
            group.bench_with_input(BenchmarkId::new("step", count), &plan, |b, plan| {
                let middle = || {
                    let mut race = Race::new(plan);
                    while race.ended < count / 2 && race.step().is_some() {}
                    race
                };
                // Steps of a run that is half-way, one after the other until it ends.
                let mut race = middle();
                b.iter_custom(|times| {
                    let mut sum = Duration::ZERO;
                    for _ in 0..times {
                        match race.step() {
                            Some(took) => sum += took,
                            None => race = middle(),
                        }
                    }
                    sum
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, road);
criterion_main!(benches);
