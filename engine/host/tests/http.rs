//! The http plug-in that comes with Tiphys, through the real wire, against a server whose every byte is written down. `TIPHYS_DIST`
//! names another folder of components to try than `plugins/dist`.
#![allow(clippy::print_stdout)]

mod support;

#[path = "http/addresses.rs"]
mod addresses;
#[path = "http/answers.rs"]
mod answers;
#[path = "http/broken.rs"]
mod broken;
#[path = "http/case.rs"]
mod case;
#[path = "http/limits.rs"]
mod limits;
#[path = "http/not_yet.rs"]
mod not_yet;
#[path = "http/outputs.rs"]
mod outputs;
#[path = "http/pauses.rs"]
mod pauses;
#[path = "http/pki.rs"]
mod pki;
#[path = "http/redirects.rs"]
mod redirects;
#[path = "http/requests.rs"]
mod requests;
#[path = "http/secrets.rs"]
mod secrets;
#[path = "http/server.rs"]
mod server;
#[path = "http/tls.rs"]
mod tls;
#[path = "http/world.rs"]
mod world;

use case::hold;
use std::sync::{Arc, OnceLock};
use tiphys_host::Plugin;

/// Loaded once for all cases.
fn plugin() -> Arc<Plugin> {
    static PLUGIN: OnceLock<Arc<Plugin>> = OnceLock::new();
    let folder = std::env::var("TIPHYS_DIST").unwrap_or_else(|_| "plugins/dist".to_owned());
    PLUGIN
        .get_or_init(|| support::load(&format!("{folder}/http.wasm")))
        .clone()
}

macro_rules! groups {
    ($($group:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $group() {
            hold($group::cases()).await;
        }
    )*};
}

groups! { addresses answers broken limits outputs pauses redirects requests secrets tls }
