//! Template plug-ins for Tiphys, in Rust.
//!
//! A plug-in gives one or more *kinds* of template. It is a WebAssembly component that imports nothing but what
//! `wit/plugin.wit` lists: no file, no socket, no clock but those that the host gives and an operator granted.
//!
//! ```
//! use tiphys_plugin::{Failure, Kind, Manifest, Outcome, Plugin, Request, log};
//!
//! #[derive(serde::Deserialize)]
//! struct Body {
//!     name: String,
//! }
//!
//! struct Greet;
//!
//! impl Plugin for Greet {
//!     fn manifest() -> Manifest {
//!         Manifest::new("greet", "1.0.0").kind(Kind::new("greet").result("The greeting"))
//!     }
//!
//!     fn execute(request: Request) -> Result<Outcome, Failure> {
//!         let body: Body = request.body()?;
//!         log::info(&format!("greeting {}", body.name));
//!         Ok(Outcome::done().result(format!("Hello, {}!", body.name)).into())
//!     }
//! }
//!
//! tiphys_plugin::export!(Greet);
//!
//! // What `cargo test` can say about it:
//! # #[cfg(not(target_arch = "wasm32"))] {
//! use tiphys_plugin::test::Host;
//! let outcome = Host::new().execute::<Greet>("greet", serde_json::json!({"name": "Ada"}));
//! assert_eq!(outcome, Outcome::done().result("Hello, Ada!").into());
//! # }
//! ```
//!
//! | to | see |
//! |---|---|
//! | say what the plug-in is and asks for | [`Manifest`], [`Kind`], [`Wants`] |
//! | read what one call is about | [`Request`] |
//! | end a call | [`Outcome`], [`Done`], [`Failure`] |
//! | use what was granted | [`http`], [`secrets`], [`config_maps`], [`artifacts`], [`files`] |
//! | write lines, know the time | [`log`], [`clock`] |
//! | test it without a host | [`test`] |
//!
//! What is not here, and must not come: anything that imports WASI, threads, an async runtime.

pub mod artifacts;
pub mod clock;
pub mod config_maps;
pub mod files;
pub mod http;
pub mod log;
pub mod secrets;

#[cfg(not(target_arch = "wasm32"))]
pub mod test;

mod manifest;
mod outcome;
mod plugin;
mod refusal;
mod request;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;

/// Where the calls go: to the real host in a component, to [`test::Host`] elsewhere.
#[cfg(target_arch = "wasm32")]
use guest::host;
#[cfg(not(target_arch = "wasm32"))]
use test::host;

pub use manifest::{Access, Kind, Manifest, Wants};
pub use outcome::{Done, Failure, Outcome};
pub use plugin::{Fault, Plugin};
pub use refusal::Refusal;
pub use request::{Node, Request, Workflow};
pub use serde_json;

/// Makes a type the component's plug-in.
///
/// ```
/// # use tiphys_plugin::{Failure, Manifest, Outcome, Plugin, Request};
/// struct Nothing;
///
/// impl Plugin for Nothing {
///     fn manifest() -> Manifest {
///         Manifest::new("nothing", "1.0.0")
///     }
///     fn execute(_: Request) -> Result<Outcome, Failure> {
///         Ok(Outcome::done().into())
///     }
/// }
///
/// tiphys_plugin::export!(Nothing);
/// ```
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        // Elsewhere than in a component it is in use, too.
        const _: fn($crate::Request) -> Result<$crate::Outcome, $crate::Failure> =
            <$plugin as $crate::Plugin>::execute;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            // A name that no author gives to a type: the plug-in's own may well be `Component`.
            type TiphysComponentOf = $crate::guest::Component<$plugin>;
            $crate::guest::export_component!(TiphysComponentOf with_types_in $crate::guest::bindings);
        };
    };
}
