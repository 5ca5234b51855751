//! Any bytes read, checked, planned, and decided upon for a few rounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tiphys_core::{Run, decide};
use tiphys_graph::{Library, Origin, Purpose, check, plan};
use tiphys_spec::read::{ObjectValue, read};

fuzz_target!(|bytes: &[u8]| {
    let read = read("fuzz.yaml", bytes);
    let mut library = Library::new();
    read.objects.iter().for_each(|object| library.add(object, &read.source));
    for object in &read.objects {
        let _ = check(object, &read.source, &library);
        let ObjectValue::Workflow(workflow) = &object.value else { continue };
        let planned = plan(workflow, &Origin::new(&read.source, &object.node), &library, Purpose::Run);
        let Some(plan) = planned.plan else { continue };
        let mut run = Run::new(&plan, 1);
        let _ = decide(&plan, &mut run, jiff::Timestamp::UNIX_EPOCH);
        let _ = run.status();
        let _ = run.waiting(&plan);
    }
});
