//! The plug-in ABI, version 0.1.0: generated from its frozen WIT. A later version gets a module of its own, and adapts to the newest.

wasmtime::component::bindgen!({
    path: "../../sdk/wit/0.1.0",
    world: "plugin",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "tiphys:plugin/http.response": crate::cap::http::Response,
        "tiphys:plugin/artifacts.reader": crate::cap::artifacts::Reading,
        "tiphys:plugin/artifacts.writer": crate::cap::artifacts::Writing,
    },
});

pub(crate) use exports::tiphys::plugin::template;
pub(crate) use tiphys::plugin::{artifacts, clock, config_maps, files, http, log, secrets, types};
