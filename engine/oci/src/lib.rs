//! Plug-ins in OCI registries, and what the images there start.
//!
//! A plug-in is an artifact of the type that the CNCF's wasm OCI layout gives: one layer `application/wasm`. It is named by digest; a tag
//! is looked up once, and what is recorded is its digest. Signatures are cosign's: beside the artifact, under a tag made of its digest.

mod image;
mod key;
mod login;
mod place;
mod registry;
mod signature;

pub use image::{Image, ImageError, Starts};
pub use key::{KeyError, PrivateKey, PublicKey, generate};
pub use login::Logins;
pub use place::{Place, PlaceError};
pub use registry::{Credentials, OciError, Pulled, Registry};
pub use signature::payload;
