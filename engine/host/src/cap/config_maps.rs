//! ConfigMaps, each granted by its name.

use super::named;
use crate::abi::{config_maps, types};
use crate::guest::Guest;

impl config_maps::Host for Guest {
    async fn get(
        &mut self,
        name: String,
        key: String,
    ) -> wasmtime::Result<Result<String, types::Refusal>> {
        let Some(world) = self
            .world
            .clone()
            .filter(|_| named(&self.grants.config_maps, &name))
        else {
            let text = self.missing(
                &format!("read the ConfigMap `{name}`"),
                &format!("`configMaps: [{name}]` in a PluginGrant"),
            );
            return Ok(Err(types::Refusal::NotGranted(text)));
        };
        Ok(world.config_map(&name, &key).await.map_err(Into::into))
    }
}
