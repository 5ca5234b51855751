//! A host for `cargo test`: scripted HTTP answers, secrets, a clock, artifacts in memory.
//!
//! ```
//! use std::time::Duration;
//! use tiphys_plugin::{Failure, Manifest, Outcome, Plugin, Request, clock, http, secrets};
//! use tiphys_plugin::test::{Exchange, Host};
//! use tiphys_plugin::serde_json::{Value, json};
//!
//! struct Job;
//!
//! impl Plugin for Job {
//!     fn manifest() -> Manifest {
//!         Manifest::new("job", "1.0.0")
//!     }
//!     fn execute(request: Request) -> Result<Outcome, Failure> {
//!         let token = secrets::get("api", "token")?;
//!         let response = http::get("https://api.example.test/job")
//!             .header("authorization", format!("Bearer {}", token.text().unwrap_or_default()))
//!             .send()?;
//!         if response.status() == 202 {
//!             return Ok(Outcome::pending(Duration::from_secs(5), &(), "the job is queued"));
//!         }
//!         Ok(Outcome::done().result(response.text()?).into())
//!     }
//! }
//!
//! let mut host = Host::new()
//!     .secret("api", "token", "s3cr3t")
//!     .http(Exchange::get("https://api.example.test/job").wants("authorization", "Bearer s3cr3t").answer(202, ""))
//!     .http(Exchange::get("https://api.example.test/job").answer(200, "42"));
//! let rounds = host.to_end::<Job>(Request::of("job", json!({})));
//! assert_eq!(rounds.len(), 2);
//! assert_eq!(rounds[1], Outcome::done().result("42").into());
//! assert_eq!(host.waited(), Duration::from_secs(5));
//! ```

mod cases;
mod exchange;
pub(crate) mod host;
mod moment;
mod script;

pub use cases::cases;
pub use exchange::Exchange;
pub use script::Host;
