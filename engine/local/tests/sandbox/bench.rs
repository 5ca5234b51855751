//! What a step costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::setting::Setting;

crate::cases![overhead];

const STEPS: usize = 1000;
const PARALLEL: usize = 8;

/// 1,000 steps of `true`, eight at a time, against as many plain processes.
async fn overhead(setting: Setting) {
    let setting = Arc::new(setting);
    let began = Instant::now();
    at_once(|| async {
        tokio::process::Command::new("true").status().await.unwrap();
    })
    .await;
    let plain = began.elapsed();
    let began = Instant::now();
    let shared = setting.clone();
    at_once(move || {
        let setting = shared.clone();
        async move { assert_eq!(setting.run(setting.container(&["true"])).await.code, 0) }
    })
    .await;
    let sandboxed = began.elapsed();
    let each = |total: std::time::Duration| total.as_secs_f64() * 1e3 / STEPS as f64;
    println!(
        "overhead: {:.3} ms a step at parallelism {PARALLEL} ({:.3} ms in the sandbox, {:.3} ms as a plain child); {}",
        each(sandboxed) - each(plain),
        each(sandboxed),
        each(plain),
        setting.sandbox.describe(),
    );
}

async fn at_once<F: Future<Output = ()> + Send + 'static>(
    step: impl Fn() -> F + Clone + Send + 'static,
) {
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..PARALLEL)
        .map(|_| {
            let (next, step) = (next.clone(), step.clone());
            tokio::spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < STEPS {
                    step().await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}
