//! What plug-ins that misbehave cost those that run beside them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tiphys_host::{Grant, Host, Options as HostOptions, Registry};
use tiphys_local::{Options, drive};
use tiphys_spec::WorkflowPhase;

use crate::bench::{Bench, planned_with, submitted};

const WORKFLOWS: usize = 100;
const STEPS: usize = 10;
/// Those that bombs are written in, as far as they could be built.
const LANGUAGES: [&str; 3] = ["rust", "js", "python"];
/// How often either is timed, in turns: the best of each counts, which what else the machine does spoils seldom in so many.
const ROUNDS: usize = if cfg!(debug_assertions) { 3 } else { 15 };

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The kinds of a plug-in that behaves, and of those that do not.
fn registry(bombs: &std::path::Path) -> Arc<Registry> {
    // The bombs' time only: in a debug build beside all other tests a good call may wait longer for its turn, with no bomb about.
    let grant = Grant {
        plugins: LANGUAGES
            .map(|language| format!("bomb-{language}"))
            .to_vec(),
        time: Some("1s".to_owned()),
        ..Grant::default()
    };
    let registry = Registry::new(Host::new(HostOptions::default()), vec![grant]);
    let greet = std::fs::read(root().join("engine/host/tests/fixtures/greet-0.1.0.wasm"))
        .expect("the fixture");
    registry.add(greet, "fixture").expect("a plug-in");
    for language in LANGUAGES {
        if let Ok(bytes) = std::fs::read(bombs.join(format!("{language}.wasm"))) {
            registry.add(bytes, language).expect("a plug-in");
        }
    }
    Arc::new(registry)
}

fn chain(name: &str, steps: usize, body: &str) -> String {
    let step = |at| format!("        - [{{name: s{at}, template: t}}]\n");
    let steps: String = (0..steps).map(step).collect();
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: {name}}}\nspec:\n  entrypoint: main\n  templates:\n    - name: t\n      plugin: {body}\n    - name: main\n      steps:\n{steps}"
    )
}

async fn run(
    bench: &Bench,
    registry: &Arc<Registry>,
    name: String,
    steps: usize,
    body: &str,
) -> (WorkflowPhase, Vec<String>) {
    let submitted = submitted(&chain(&name, steps, body));
    let folder = bench.home.create(&submitted).expect("a folder");
    let held = folder.hold().expect("the run is free");
    let plan = Arc::new(planned_with(&submitted, registry.clone()));
    let run = tiphys_core::Run::new(&plan, 1);
    let options = Options {
        plugins: Some(registry.clone()),
        ..Options::default()
    };
    let run = drive(plan, run, &held, bench.sandbox.clone(), options)
        .await
        .expect("it is driven");
    let told = run.nodes().filter_map(|node| node.message.clone());
    (run.phase(), told.collect())
}

/// All workflows at once; how long they took.
async fn round(
    bench: &Arc<Bench>,
    registry: &Arc<Registry>,
    number: usize,
    label: &str,
) -> Duration {
    let began = Instant::now();
    let mut runs = tokio::task::JoinSet::new();
    for at in 0..WORKFLOWS {
        let (bench, registry, name) = (
            bench.clone(),
            registry.clone(),
            format!("{label}-{number}-{at}"),
        );
        runs.spawn(
            async move { run(&bench, &registry, name, STEPS, "{greet: {name: Ada}}").await },
        );
    }
    while let Some(phase) = runs.join_next().await {
        let (phase, told) = phase.expect("no panic");
        assert_eq!(phase, WorkflowPhase::Succeeded, "{told:?}");
    }
    began.elapsed()
}

/// A hundred workflows lose less than a tenth beside bombs of every kind; and none of them waits for a bomb to end, which takes a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_beside_cost_others_little() {
    let Some(bombs) = std::env::var_os("TIPHYS_BOMBS").map(PathBuf::from) else {
        println!("skipped: TIPHYS_BOMBS does not name the folder that tests/bombs/build made");
        return;
    };
    let bench = Arc::new(Bench::new().await);
    let registry = registry(&bombs);
    round(&bench, &registry, 0, "warm").await;
    let (mut alone, mut beside) = (Duration::MAX, Duration::MAX);
    let exploded = Arc::new(AtomicUsize::new(0));
    for number in 0..ROUNDS {
        alone = alone.min(round(&bench, &registry, number, "alone").await);
        let over = Arc::new(AtomicBool::new(false));
        let mut throwers = tokio::task::JoinSet::new();
        for language in LANGUAGES
            .into_iter()
            .filter(|l| registry.find(&format!("bomb-{l}")).is_some())
        {
            for bomb in ["loop", "loop", "alloc", "recurse", "panic"] {
                let (bench, registry, over, exploded) = (
                    bench.clone(),
                    registry.clone(),
                    over.clone(),
                    exploded.clone(),
                );
                throwers.spawn(async move {
                    let mut count = 0;
                    while !over.load(Ordering::Relaxed) {
                        let body = format!("{{bomb-{language}: {{bomb: {bomb}}}}}");
                        let name = format!(
                            "{language}-{bomb}-{number}-{count}-{:?}",
                            std::thread::current().id()
                        )
                        .to_lowercase()
                        .replace(['(', ')'], "-");
                        let (phase, _) = run(
                            &bench,
                            &registry,
                            format!("{name}x{}", exploded.fetch_add(1, Ordering::Relaxed)),
                            1,
                            &body,
                        )
                        .await;
                        assert!(phase != WorkflowPhase::Succeeded);
                        count += 1;
                        // A bomb that ends at once is thrown again a little later: what is measured is what bombs cost, not their setting up.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                });
            }
        }
        // The loops are at full speed once they have stood back.
        tokio::time::sleep(Duration::from_millis(200)).await;
        beside = beside.min(round(&bench, &registry, number, "beside").await);
        over.store(true, Ordering::Relaxed);
        while let Some(done) = throwers.join_next().await {
            done.expect("no panic");
        }
    }
    let loss = 1.0 - alone.as_secs_f64() / beside.as_secs_f64();
    println!(
        "{WORKFLOWS} workflows of {STEPS} steps: alone {alone:?}, beside {} bombs {beside:?}: {:.1} % of throughput lost",
        exploded.load(Ordering::Relaxed),
        loss * 100.0
    );
    if cfg!(debug_assertions) {
        println!("skipped: figures count in release mode only");
        return;
    }
    assert!(loss < 0.10, "{loss}");
}
