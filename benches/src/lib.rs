//! Graphs of any size, and the shortest way through the road: read, plan, run in a world where every pod succeeds at once.

pub mod allocations;
pub mod flow;
pub mod race;
pub mod shape;

use tiphys_graph::plan::Plan;
use tiphys_graph::{Library, Origin, Purpose};
use tiphys_spec::read::{ObjectValue, Read};

/// Reads a workflow.
#[must_use]
pub fn read(text: &str) -> Read {
    tiphys_spec::read::read("bench.yaml", text.as_bytes())
}

/// Plans the first workflow of a file.
///
/// # Panics
/// Where the file is not sound: these files are.
#[must_use]
pub fn plan(read: &Read) -> Plan {
    let object = &read.objects[0];
    let ObjectValue::Workflow(workflow) = &object.value else {
        panic!("no workflow")
    };
    let origin = Origin::new(&read.source, &object.node);
    let planned = tiphys_graph::plan(workflow, &origin, &Library::new(), Purpose::Run);
    planned
        .plan
        .unwrap_or_else(|| panic!("{:?}", planned.diagnostics.first().map(ToString::to_string)))
}
