//! `.flow`: parse, check and lower; check the graph; format. Per 100, 1,000 and 10,000 lines.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use tiphys_benches::flow::file;
use tiphys_graph::Library;

fn flow(c: &mut Criterion) {
    let mut group = c.benchmark_group("flow");
    group.sample_size(20);
    for lines in [100, 1_000, 10_000_u64] {
        let text = file(usize::try_from(lines).expect("a small number"));
        group.throughput(Throughput::Elements(lines));
        group.bench_with_input(BenchmarkId::new("compile", lines), &text, |b, text| {
            b.iter(|| tiphys_dsl::compile("big.flow", black_box(text.as_bytes())))
        });
        let compiled = tiphys_dsl::compile("big.flow", text.as_bytes());
        let source = Arc::clone(&compiled.source);
        group.bench_with_input(
            BenchmarkId::new("check", lines),
            &compiled,
            |b, compiled| {
                b.iter(|| {
                    tiphys_graph::check(
                        black_box(&compiled.objects[0]),
                        &source,
                        &Library::default(),
                    )
                })
            },
        );
        group.bench_with_input(BenchmarkId::new("format", lines), &text, |b, text| {
            b.iter(|| tiphys_dsl::format("big.flow", black_box(text)))
        });
    }
}

criterion_group!(benches, flow);
criterion_main!(benches);
