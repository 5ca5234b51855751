//! Artifacts: reading, listing and writing, each granted by prefix of the key.

use super::PIECE;
use crate::abi::{artifacts, types};
use crate::grants::ArtifactAccess;
use crate::guest::Guest;
use crate::world::{Reader, World, Writer};
use serde_json::Value;
use std::sync::Arc;
use types::Refusal;
use wasmtime::component::Resource;

/// An artifact that is being read.
pub struct Reading(Box<dyn Reader>);

/// An artifact that is being written; none once it is finished.
pub struct Writing(Option<Box<dyn Writer>>);

impl artifacts::Host for Guest {
    async fn entries(
        &mut self,
        location: String,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<artifacts::Entry>, Refusal>> {
        let (world, location) = match self.reach(&location, ArtifactAccess::List) {
            Ok(reached) => reached,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let found = world
            .entries(&location, after.as_deref(), limit.min(10_000))
            .await;
        Ok(found
            .map(|list| {
                list.into_iter()
                    .map(|entry| artifacts::Entry {
                        key: entry.key,
                        size: entry.size,
                    })
                    .collect()
            })
            .map_err(Into::into))
    }

    async fn open(
        &mut self,
        location: String,
    ) -> wasmtime::Result<Result<Resource<Reading>, Refusal>> {
        let (world, location) = match self.reach(&location, ArtifactAccess::Read) {
            Ok(reached) => reached,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match world.open(&location).await {
            Ok(reader) => Ok(Ok(self.table.push(Reading(reader))?)),
            Err(refusal) => Ok(Err(refusal.into())),
        }
    }

    async fn create(
        &mut self,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Writing>, Refusal>> {
        // The engine chooses the place, below the node's own: nothing of anybody else can be overwritten.
        let Some(world) = self.world.clone() else {
            return Ok(Err(Refusal::NotGranted(
                self.missing("write artifacts here", "nothing: only `execute` may"),
            )));
        };
        match world.create(&name).await {
            Ok(writer) => Ok(Ok(self.table.push(Writing(Some(writer)))?)),
            Err(refusal) => Ok(Err(refusal.into())),
        }
    }
}

impl artifacts::HostReader for Guest {
    async fn read(
        &mut self,
        this: Resource<Reading>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Refusal>> {
        let reading = self.table.get_mut(&this)?;
        Ok(reading
            .0
            .read(limit.min(PIECE) as usize)
            .await
            .map_err(Into::into))
    }

    async fn drop(&mut self, this: Resource<Reading>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl artifacts::HostWriter for Guest {
    async fn write(
        &mut self,
        this: Resource<Writing>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Refusal>> {
        match &mut self.table.get_mut(&this)?.0 {
            Some(writer) => Ok(writer.write(&bytes).await.map_err(Into::into)),
            None => Ok(Err(Refusal::Failed("the artifact is finished".to_owned()))),
        }
    }

    async fn finish(
        &mut self,
        this: Resource<Writing>,
    ) -> wasmtime::Result<Result<String, Refusal>> {
        let Some(writer) = self.table.get_mut(&this)?.0.take() else {
            return Ok(Err(Refusal::Failed("the artifact is finished".to_owned())));
        };
        match writer.finish().await {
            Ok(location) => {
                let text = location.to_string();
                self.given.push(location);
                Ok(Ok(text))
            }
            Err(refusal) => Ok(Err(refusal.into())),
        }
    }

    async fn drop(&mut self, this: Resource<Writing>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl Guest {
    fn reach(
        &self,
        location: &str,
        access: ArtifactAccess,
    ) -> Result<(Arc<dyn World>, Value), Refusal> {
        let location: Value = serde_json::from_str(location)
            .map_err(|error| Refusal::Failed(format!("the location is no JSON: {error}")))?;
        let verb = match access {
            ArtifactAccess::Read => "read",
            ArtifactAccess::List => "list",
            ArtifactAccess::Write => "write",
        };
        let Some(world) = self.world.clone() else {
            return Err(Refusal::NotGranted(self.missing(
                &format!("{verb} artifacts here"),
                "nothing: only `execute` may",
            )));
        };
        if access == ArtifactAccess::Read && self.given.contains(&location) {
            return Ok((world, location));
        }
        // These reach the network: what may be reached is for the HTTP grants to say.
        if let Some(driver) = ["http", "git", "artifactory", "hdfs", "plugin"]
            .iter()
            .find(|d| location.get(**d).is_some())
        {
            let text = format!(
                "plug-in `{}` may not {verb} an artifact of the driver `{driver}` unless it is an input of the template",
                self.plugin
            );
            return Err(Refusal::NotGranted(text));
        }
        let key = key(&location);
        let granted = self
            .grants
            .artifacts
            .iter()
            .any(|grant| grant.access == access && key.starts_with(&grant.prefix));
        if granted || location.get("raw").is_some() {
            return Ok((world, location));
        }
        Err(Refusal::NotGranted(self.missing(
            &format!("{verb} artifacts below `{key}`"),
            &format!("`artifacts: [{{access: {verb}, prefix: {key:?}}}]` in a PluginGrant"),
        )))
    }
}

/// The key of a location, whatever its driver.
fn key(location: &Value) -> &str {
    let at = |driver: &str, field: &str| {
        location
            .get(driver)
            .and_then(|d| d.get(field))
            .and_then(Value::as_str)
    };
    ["s3", "gcs", "oss"]
        .iter()
        .find_map(|driver| at(driver, "key"))
        .or_else(|| at("azure", "blob"))
        .or_else(|| location.get("key").and_then(Value::as_str))
        .unwrap_or_default()
}
