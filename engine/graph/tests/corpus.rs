//! Files that the reference engine runs plan without an error.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod reading;

use reading::{conformance, file, files, library, planned, workflow};
use tiphys_graph::{Purpose, check};
use tiphys_spec::ObjectValue;

#[test]
fn every_file_that_ran_plans() {
    let Some(folder) = conformance() else { return };
    let workflows = folder.join("workflows");
    let library = library(&workflows);
    let (mut ran, mut others, mut failed) = (0, 0, Vec::new());
    for path in files(&workflows) {
        let name = path
            .strip_prefix(&workflows)
            .unwrap()
            .with_extension("")
            .to_string_lossy()
            .replace('/', "__");
        let recorded = folder
            .join("expected")
            .join(format!("{name}.json"))
            .exists();
        let read = file(&path);
        for object in &read.objects {
            let mut faults = check(object, &read.source, &library);
            if let Some(planned) = planned(object, &read.source, &library, Purpose::Lint) {
                let complete = workflow(object).is_some() && planned.plan.is_some();
                if recorded && !complete && matches!(object.value, ObjectValue::Workflow(_)) {
                    failed.push(format!("{name}: no plan"));
                }
                faults.extend(planned.diagnostics);
            }
            failed.extend(
                faults
                    .iter()
                    .filter(|fault| fault.is_error())
                    .map(|fault| format!("{name}: {fault}")),
            );
            for fault in faults.iter().filter(|fault| !fault.is_error()) {
                println!("note {fault}");
            }
        }
        if recorded { ran += 1 } else { others += 1 }
    }
    failed.dedup();
    println!(
        "{ran} files that ran, {others} others, {} errors",
        failed.len()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
