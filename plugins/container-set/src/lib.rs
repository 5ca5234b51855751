//! Container sets: several containers of one pod, each started when those that it depends on have ended well.
//!
//! The plug-in checks a set and hands it back as a pod; the engine schedules, retries and shows it like any other.
//! What is not here, and must not come: any import but the log, any notion of how containers are started.

mod check;
mod graph;

use serde_json::{Value, json};
use tiphys_plugin::{Failure, Fault, Kind, Manifest, Outcome, Plugin, Request, Wants};

struct ContainerSet;

tiphys_plugin::export!(ContainerSet);

const SCHEMA: &str = include_str!("schema.json");

impl Plugin for ContainerSet {
    fn manifest() -> Manifest {
        let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
        Manifest::new("container-set", env!("CARGO_PKG_VERSION"))
            .description("Several containers of one pod, in the order of their dependencies")
            .kind(
                Kind::new("containerSet")
                    .description(
                        "Several containers of one pod, in the order of their dependencies",
                    )
                    .schema(schema)
                    .result("Standard output of the container `main`"),
            )
            .wants(Wants::new().memory("16Mi").time("1s"))
    }

    fn validate(_kind: &str, body: &Value) -> Vec<Fault> {
        check::faults(body)
    }

    fn execute(request: Request) -> Result<Outcome, Failure> {
        let faults = check::faults(&request.body);
        if let Some(fault) = faults.first() {
            let Fault { pointer, message } = fault;
            return Err(Failure::new(format!("containerSet{pointer}: {message}")));
        }
        if let Some(what) = check::needs_main(&request) {
            return Err(Failure::new(format!(
                "{what} are taken from the container `main`, and the set has none of that name"
            )));
        }
        Ok(Outcome::pod(json!({"containerSet": request.body})))
    }
}

#[cfg(test)]
mod tests;
