//! Data templates: listings and documents, filtered and mapped without a pod.
//!
//! ```text
//!  source ──► data ──step──► data ──step──► data ──► result or artifact
//! ```
//!
//! A listing of artifacts comes in pages. As long as the steps are `filter(data, …)`, `map(data, …)` or counts of such, each page goes
//! through all of them before the next one is asked for: a million keys never stand in memory together.
//!
//! What is not here, and must not come: a source that needs a pod, a query language besides expressions and jq.

mod body;
mod check;
mod run;
mod shape;
mod sink;
mod source;
mod step;

use serde_json::Value;
use tiphys_plugin::{Access, Failure, Fault, Kind, Manifest, Outcome, Plugin, Request, Wants};

struct Data;

tiphys_plugin::export!(Data);

const SCHEMA: &str = include_str!("schema.json");
const ABOUT: &str = "Listings and documents, filtered and mapped without a pod";

impl Plugin for Data {
    fn manifest() -> Manifest {
        let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
        Manifest::new("data", env!("CARGO_PKG_VERSION"))
            .description(ABOUT)
            .kind(
                Kind::new("data")
                    .description(ABOUT)
                    .schema(schema)
                    .result("What the last step gives, as JSON; nothing with `saveAs`"),
            )
            .wants(
                Wants::new()
                    .http("*", ["GET"])
                    .secret("*")
                    .config_map("*")
                    .artifacts(Access::List, "")
                    .artifacts(Access::Write, "")
                    .memory("256Mi")
                    .time("10m"),
            )
    }

    fn validate(_kind: &str, body: &Value) -> Vec<Fault> {
        check::faults(body)
    }

    fn execute(request: Request) -> Result<Outcome, Failure> {
        run::execute(&request)
    }
}

#[cfg(test)]
mod tests;
