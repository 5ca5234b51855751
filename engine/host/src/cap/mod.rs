//! What a plug-in may reach, one capability per file. Each checks the grant, then asks the [`crate::World`].

pub mod artifacts;
mod clock;
mod config_maps;
mod files;
pub mod http;
mod log;
mod secrets;

use crate::abi::types;
use crate::guest::Guest;
use crate::world::Refusal;

impl types::Host for Guest {}

impl From<Refusal> for types::Refusal {
    fn from(refusal: Refusal) -> types::Refusal {
        match refusal {
            Refusal::NotGranted(text) => types::Refusal::NotGranted(text),
            Refusal::NotFound(text) => types::Refusal::NotFound(text),
            Refusal::Limit(text) => types::Refusal::Limit(text),
            Refusal::Failed(text) => types::Refusal::Failed(text),
        }
    }
}

/// The most that one read hands over: what is asked for beyond it comes with the next read.
const PIECE: u32 = 1 << 20;

/// Whether a name is granted: as itself, by `*`, or by `prefix*`.
fn named(granted: &[String], name: &str) -> bool {
    granted.iter().any(|grant| match grant.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => grant == name,
    })
}
