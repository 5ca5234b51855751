//! HTTP templates: one request, with retries, polling, paging, outputs and authentication.
//!
//! ```text
//!  body ──read──► Plan ──► one exchange ──► judge ──► done | failed | pending (again, or ask how it goes)
//!                  ▲                                              │
//!                  └──────────── State (no secret, no token) ◄────┘
//! ```
//!
//! What is not here, and must not come: a wait inside a call (that is what `pending` is for), a secret or a token in a state, a log
//! line or a message.

mod amount;
mod answer;
mod auth;
mod body;
mod call;
mod check;
mod origin;
mod outputs;
mod paging;
mod pick;
mod plan;
mod poll;
mod retry;
mod run;
mod state;

use serde_json::Value;
use tiphys_plugin::{Access, Failure, Fault, Kind, Manifest, Outcome, Plugin, Request, Wants};

struct Http;

tiphys_plugin::export!(Http);

const SCHEMA: &str = include_str!("schema.json");
const ABOUT: &str = "One HTTP request, with retries, polling, paging, outputs and authentication";

impl Plugin for Http {
    fn manifest() -> Manifest {
        let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
        Manifest::new("http", env!("CARGO_PKG_VERSION"))
            .description(ABOUT)
            .kind(
                Kind::new("http")
                    .description(ABOUT)
                    .schema(schema)
                    .result("The response's body; with `paging` all items as a JSON array; nothing with `saveAs`"),
            )
            .wants(
                Wants::new()
                    .http("*", [])
                    .secret("*")
                    .config_map("*")
                    .artifacts(Access::Write, "")
                    .memory("128Mi")
                    .time("1h"),
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
