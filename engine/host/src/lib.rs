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

mod abi;
mod cache;
mod call;
mod cap;
mod engine;
mod fence;
mod grants;
mod guest;
mod kinds;
pub mod kit;
mod lane;
mod manifest;
mod plugin;
mod registry;
mod size;
mod wire;
mod world;

pub use cache::Cache;
pub use call::{Call, Ending, Usage};
pub use engine::{Host, HostError, Options};
pub use grants::{ArtifactAccess, ArtifactGrant, Folder, Grant, GrantFault, Grants, HttpGrant};
pub use manifest::{Kind, Manifest, ManifestFault, Wants};
pub use plugin::{LoadError, Plugin, digest};
pub use registry::{Registry, Slot};
pub use size::{parse_size, show as show_size};
pub use wire::{Hop, Wire, special};
pub use world::{
    Body, Entry, HttpError, HttpRequest, HttpResponse, Identity, Level, Reader, Refusal, World, Writer,
};
