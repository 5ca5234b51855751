//! Secrets, each granted by its name.

use super::named;
use crate::abi::{secrets, types};
use crate::guest::Guest;

impl secrets::Host for Guest {
    async fn get(
        &mut self,
        name: String,
        key: String,
    ) -> wasmtime::Result<Result<Vec<u8>, types::Refusal>> {
        let Some(world) = self
            .world
            .clone()
            .filter(|_| named(&self.grants.secrets, &name))
        else {
            let text = self.missing(
                &format!("read the secret `{name}`"),
                &format!("`--allow-secret {name}` or `secrets: [{name}]` in a PluginGrant"),
            );
            return Ok(Err(types::Refusal::NotGranted(text)));
        };
        let secret = world.secret(&name, &key).await;
        let text = secret
            .as_deref()
            .ok()
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .map(str::trim);
        self.told
            .extend(text.filter(|text| !text.is_empty()).map(str::to_owned));
        Ok(secret.map_err(Into::into))
    }
}
