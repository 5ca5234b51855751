//! Data templates: listings and documents, filtered and mapped without a pod.

use tiphys_plugin::{Failure, Kind, Manifest, Outcome, Plugin, Request};

struct Data;

tiphys_plugin::export!(Data);

impl Plugin for Data {
    fn manifest() -> Manifest {
        Manifest::new("data", env!("CARGO_PKG_VERSION")).kind(Kind::new("data"))
    }

    fn execute(_: Request) -> Result<Outcome, Failure> {
        Err(Failure::new("data templates are not there yet"))
    }
}
