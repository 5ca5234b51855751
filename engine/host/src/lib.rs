//! The plug-in host: template kinds that come as WASM components.
//!
//! What is not here, and must not come: anything that a plug-in could do without a grant. WASI is not linked at all; a component that
//! imports what it is not given fails to load, and says which import it was.
//!
//! ```text
//! bytes ──Host::load──► Plugin      compiled once per digest and cached; `describe` asked once, without grants
//! Host::check(kind, body)           its schema, then its own `validate`: diagnostics with pointers into the body
//! Host::call(Call, world)           a fresh store; deadline, memory, fuel, output and log are fenced ──► Ending, Usage
//! ```
//!
//! One capability per file under `cap/`; what it reaches is a [`World`], so that a test gives another one.

mod answer;
mod fence;
mod grants;
mod manifest;
mod size;

/// What reads answers can be had without what runs plug-ins (feature `run`).
#[cfg(feature = "run")]
mod running {
    pub use crate::cache::Cache;
    pub use crate::call::{Call, Usage};
    pub use crate::engine::{Host, HostError, Options};
    pub use crate::perform::perform;
    pub use crate::plugin::{LoadError, Plugin, digest};
    pub use crate::registry::{Registry, Slot};
    pub use crate::wire::{Hop, Wire, astray, special};
    pub use crate::world::{
        Body, Entry, FileReader, HttpError, HttpRequest, HttpResponse, Identity, Level, Reader,
        Refusal, World, Writer,
    };
}
#[cfg(feature = "run")]
mod abi;
#[cfg(feature = "run")]
mod built_in;
#[cfg(feature = "run")]
mod cache;
#[cfg(feature = "run")]
mod call;
#[cfg(feature = "run")]
mod cap;
#[cfg(feature = "run")]
mod engine;
#[cfg(feature = "run")]
mod guest;
#[cfg(feature = "run")]
mod kinds;
#[cfg(feature = "run")]
pub mod kit;
#[cfg(feature = "run")]
mod lane;
#[cfg(feature = "run")]
mod memory;
#[cfg(feature = "run")]
mod perform;
#[cfg(feature = "run")]
mod plugin;
#[cfg(feature = "run")]
mod registry;
#[cfg(feature = "run")]
mod wire;
#[cfg(feature = "run")]
mod world;

pub use answer::{Answer, Ending};
pub use fence::Breach;
pub use grants::{ArtifactAccess, ArtifactGrant, Folder, Grant, GrantFault, Grants, HttpGrant};
pub use manifest::{Kind, Manifest, ManifestFault, Wants, schema_faults};
#[cfg(feature = "run")]
pub use running::*;
pub use size::{parse_size, show as show_size};
