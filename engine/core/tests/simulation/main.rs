//! The scheduler against random workflows in a world that breaks down: every law after every step.
//!
//! `SEEDS=10000 cargo test --release -p tiphys-core --test simulation -- --nocapture` runs that many; `SEED=17` runs one and prints
//! its transcript.

mod driver;
mod laws;
mod random;
mod workflow;
mod world;

use driver::{Driver, Manner};
use random::Random;
use std::time::Instant;
use tiphys_graph::plan::Plan;
use tiphys_graph::{Library, Origin, Purpose};
use workflow::Flavour;

fn plan_of(value: &serde_json::Value) -> Result<Plan, String> {
    let workflow: tiphys_spec::Workflow =
        serde_json::from_value(value.clone()).map_err(|e| e.to_string())?;
    let mut library = Library::new();
    library
        .config_maps
        .insert("limits".into(), [("two".to_owned(), "2".to_owned())].into());
    let planned = tiphys_graph::plan(
        &workflow,
        &Origin::unread("simulated"),
        &library,
        Purpose::Run,
    );
    planned.plan.ok_or_else(|| {
        planned
            .diagnostics
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    })
}

#[derive(Default)]
struct Sum {
    nodes: usize,
    decisions: usize,
    lives: usize,
    compared: usize,
}

/// One seed: a calm run, then a rough one in which the engine dies. Where the workflow has one right end both must come to it.
fn run(seed: u64, sum: &mut Sum, transcript: bool) -> Result<(), String> {
    let mut random = Random::new(seed);
    let flavour = Flavour::of(&mut random);
    let value = workflow::workflow(&mut random, flavour);
    let fail = |what: &str, why: String, driver: Option<&mut Driver<'_>>| {
        let transcript = driver
            .map(Driver::transcript)
            .unwrap_or_default()
            .join("\n");
        let text = serde_json::to_string(&value["spec"]).unwrap_or_default();
        format!("seed {seed}, {flavour:?}, {what}: {why}\n{text}\n{transcript}")
    };
    let plan = plan_of(&value).map_err(|why| fail("planning", why, None))?;
    let calm = Manner {
        orders: flavour.orders,
        ..Manner::default()
    };
    let mut first = Driver::new(&plan, seed, calm, transcript);
    first
        .go()
        .map_err(|why| fail("calm", why, Some(&mut first)))?;
    let delay = if flavour.timed { 0 } else { 4 };
    let rough = Manner {
        rough: true,
        delay,
        deaths: 15,
        orders: flavour.orders,
    };
    let mut second = Driver::new(&plan, seed, rough, transcript);
    second
        .go()
        .map_err(|why| fail("rough", why, Some(&mut second)))?;
    for driver in [&first, &second] {
        sum.nodes += driver.nodes();
        sum.decisions += driver.decisions;
        sum.lives += driver.lives;
    }
    if flavour.one_end() {
        sum.compared += 1;
        let (calm, rough) = (first.tree(), second.tree());
        if calm != rough {
            let lines: Vec<String> = calm
                .iter()
                .filter(|line| !rough.contains(line))
                .map(|line| format!("  calm  {line}"))
                .collect();
            let others: Vec<String> = rough
                .iter()
                .filter(|line| !calm.contains(line))
                .map(|line| format!("  rough {line}"))
                .collect();
            return Err(fail(
                "the ends differ",
                format!("\n{}\n{}", lines.join("\n"), others.join("\n")),
                Some(&mut second),
            ));
        }
    }
    Ok(())
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_law_holds_for_every_seed() {
    if let Some(seed) = number("SEED") {
        if let Err(report) = run(seed, &mut Sum::default(), true) {
            panic!("{report}");
        }
        println!("seed {seed} holds");
        return;
    }
    let count = number("SEEDS").unwrap_or(300);
    let first = number("FROM").unwrap_or(0);
    let (started, mut sum, mut bad) = (Instant::now(), Sum::default(), Vec::new());
    for seed in first..first + count {
        if let Err(report) = run(seed, &mut sum, false) {
            bad.push((seed, report));
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{count} seeds, {} compared, {} nodes, {} decisions, {} lives in {seconds:.1} s: {:.0} seeds/s",
        sum.compared,
        sum.nodes,
        sum.decisions,
        sum.lives,
        count as f64 / seconds
    );
    for (seed, report) in &bad {
        println!(
            "seed {seed}: {}",
            report
                .lines()
                .take(4)
                .collect::<Vec<_>>()
                .join(" ")
                .chars()
                .take(300)
                .collect::<String>()
        );
    }
    if let Some((seed, _)) = bad.first() {
        let report = run(*seed, &mut Sum::default(), true).expect_err("it failed before");
        panic!(
            "{} of {count} seeds break a law; the first is {seed}:\n{report}",
            bad.len()
        );
    }
}
