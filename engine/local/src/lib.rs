//! The backend for one machine.
//!
//! Invariants, as absences: no Kubernetes client, no image format and no decision in this crate. What a step runs in is
//! [`sandbox`]'s business and nobody else's. No secret is in a log, a status or an error.
//!
//! ```text
//! let home = Home::open(&Home::locate(|name| std::env::var_os(name))?)?;
//! let folder = home.create(&submitted)?;              or home.run(name)? to go on with one
//! let held = folder.hold()?;                          one runner per run
//! let run = match held.stored()? { None => Run::new(..), Some(stored) => Run::restore(.., &stored.status, &stored.extra, ..) };
//! let run = drive(plan, run, &held, sandbox, options).await?;
//! ```

mod artifacts;
mod backend;
mod drive;
mod event;
mod folder;
mod home;
mod journal;
mod mailbox;
mod node;
mod order;
mod plugin;
mod pod;
pub mod sandbox;
mod store;
mod submitted;
mod summary;

pub use drive::{DriveError, Options, drive};
pub use event::{Control, Event};
pub use folder::{FolderError, Held, Log, RunFolder};
pub use home::Home;
pub use journal::Stored;
pub use mailbox::{Delivered, OrderError};
pub use order::Order;
pub use pod::unapplied;
pub use store::StoreError;
pub use submitted::Submitted;
pub use summary::Summary;

/// What the core keeps beside the status.
pub use tiphys_core::Extra;
