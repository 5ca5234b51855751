//! Graphs of any size, and the shortest way through the road: read, plan, run in a world where every pod succeeds at once.

pub mod allocations;
pub mod flow;
pub mod race;
pub mod shape;

use std::sync::Arc;
use tiphys_graph::plan::Plan;
use tiphys_graph::{KindFault, Kinds, Library, Origin, Purpose, UnknownKind};
use tiphys_spec::read::{ObjectValue, Read};

/// Reads a workflow.
#[must_use]
pub fn read(text: &str) -> Read {
    tiphys_spec::read::read("bench.yaml", text.as_bytes())
}

/// Kinds that plug-ins provide: every one, with whatever body.
struct Any;

impl Kinds for Any {
    fn check(&self, _: &str, _: &serde_json::Value) -> Result<Vec<KindFault>, UnknownKind> {
        Ok(Vec::new())
    }
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
    let mut library = Library::new();
    library.kinds = Arc::new(Any);
    let planned = tiphys_graph::plan(workflow, &origin, &library, Purpose::Run);
    planned
        .plan
        .unwrap_or_else(|| panic!("{:?}", planned.diagnostics.first().map(ToString::to_string)))
}
