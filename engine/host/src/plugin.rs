//! From bytes to a plug-in: compiled, linked, asked what it is.

use crate::abi::PluginPre;
use crate::answer::fits;
use crate::call::open;
use crate::engine::{Host, HostError};
use crate::fence::Breach;
use crate::grants::Grants;
use crate::guest::Guest;
use crate::lane::Habit;
use crate::manifest::{Manifest, ManifestFault};
use jsonschema::Validator;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use wasmtime::component::Component;

/// A plug-in that can be called.
pub struct Plugin {
    /// `sha256:…` of its bytes.
    pub digest: String,
    /// Bytes of the component.
    pub size: usize,
    pub manifest: Manifest,
    /// What it imports, with versions: `tiphys:plugin/log@0.1.0`.
    pub imports: Vec<String>,
    /// The version of the ABI it was built for.
    pub abi: String,
    pub(crate) name: Arc<str>,
    pub(crate) pre: PluginPre<Guest>,
    pub(crate) fuel: bool,
    pub(crate) schemas: HashMap<String, Validator>,
    pub(crate) habit: Habit,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// Why bytes are no plug-in. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("read a WASM component: {0}")]
    Garbage(String),
    #[error(
        "read a WASM component: this is a core module; make a component of it (`tiphys plugin build` does)"
    )]
    Module,
    #[error(
        "load a plug-in of another ABI: it gives {found}, and this engine knows tiphys:plugin/template@{known}"
    )]
    Abi { found: String, known: &'static str },
    #[error(
        "load a plug-in that imports {0}: plug-ins get no WASI; build it without (see the SDK's README)"
    )]
    Wasi(String),
    #[error("load a plug-in that imports {0}, which this engine does not have")]
    Import(String),
    #[error("compile the component: {0}")]
    Compile(String),
    #[error("ask the plug-in for its manifest: it {0}")]
    Describe(String),
    #[error(transparent)]
    Manifest(#[from] ManifestFault),
}

/// The ABI of this engine.
const ABI: &str = "0.1.0";

/// `sha256:` and the digest in hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

impl Host {
    /// Loads a component. Compiling takes from 50 ms (Rust) to some seconds (Python); it is done once per digest where there is a cache.
    ///
    /// # Errors
    /// The bytes are no component, of another ABI, import what there is not, or describe no plug-in.
    pub fn load(self: &Arc<Host>, bytes: &[u8], fuel: bool) -> Result<Arc<Plugin>, LoadError> {
        let ready = self.ready(fuel)?;
        let digest = digest(bytes);
        let component = self.component(bytes, &digest, fuel)?;
        let (imports, exports) = names(&component);
        check_abi(&exports)?;
        check_imports(&imports)?;
        let pre = ready
            .linker
            .instantiate_pre(&component)
            .and_then(PluginPre::new)
            .map_err(|error| LoadError::Garbage(format!("{error:#}")))?;
        let mut plugin = Plugin {
            digest,
            size: bytes.len(),
            manifest: Manifest {
                name: String::new(),
                version: String::new(),
                description: String::new(),
                kinds: Vec::new(),
                wants: Default::default(),
            },
            imports,
            abi: ABI.to_owned(),
            name: "?".into(),
            pre,
            fuel,
            habit: Habit::default(),
            schemas: HashMap::new(),
        };
        let text = pollster::block_on(self.describe(&plugin))
            .map_err(|breach| LoadError::Describe(breach.to_string()))?;
        plugin.manifest = Manifest::read(&text)?;
        plugin.name = plugin.manifest.name.as_str().into();
        for kind in plugin
            .manifest
            .kinds
            .iter()
            .filter(|kind| !kind.schema.is_null())
        {
            plugin.schemas.insert(kind.name.clone(), kind.compiled()?);
        }
        Ok(Arc::new(plugin))
    }

    async fn describe(&self, plugin: &Plugin) -> Result<String, Breach> {
        let mut shot = open(self, plugin, &Arc::new(Grants::default()), None, Vec::new());
        let done = shot
            .run(async |store, guest| guest.tiphys_plugin_template().call_describe(store).await)
            .await;
        let text = done?;
        fits(&text, 4 << 20)?;
        Ok(text)
    }

    fn component(&self, bytes: &[u8], digest: &str, fuel: bool) -> Result<Component, LoadError> {
        let engine = &self.ready(fuel)?.engine;
        let hash = {
            use std::hash::{DefaultHasher, Hash, Hasher};
            let mut hasher = DefaultHasher::new();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        let name = format!("{}-{hash:016x}.cwasm", digest.trim_start_matches("sha256:"));
        if let Some(path) = self.cache.as_ref().and_then(|cache| cache.find(&name)) {
            // SAFETY: the file is ours alone, in a folder that is ours alone (`Cache::find`), and was written by `Cache::keep` from
            // what this engine compiled; the hash in its name is of wasmtime's version and of all settings that matter.
            match unsafe { Component::deserialize_file(engine, &path) } {
                Ok(component) => return Ok(component),
                Err(error) => tracing::debug!("compiled component {name} is of no use: {error:#}"),
            }
        }
        let component = Component::new(engine, bytes).map_err(|error| fault(bytes, &error))?;
        if let Some(cache) = &self.cache {
            let kept = component
                .serialize()
                .map_err(|e| e.to_string())
                .and_then(|code| cache.keep(&name, &code).map_err(|e| e.to_string()));
            if let Err(error) = kept {
                tracing::warn!("failed to keep a compiled component: {error}");
            }
        }
        Ok(component)
    }
}

fn fault(bytes: &[u8], error: &wasmtime::Error) -> LoadError {
    let text = format!("{error:#}");
    let text = text.lines().next().unwrap_or_default().to_owned();
    if text.contains("wasm module with a component parser") {
        LoadError::Module
    } else if bytes.starts_with(b"\0asm") {
        LoadError::Compile(text)
    } else if bytes.trim_ascii_start().starts_with(b"(")
        || bytes.trim_ascii_start().starts_with(b";;")
    {
        LoadError::Garbage(text)
    } else {
        LoadError::Garbage("it is something else".to_owned())
    }
}

fn names(component: &Component) -> (Vec<String>, Vec<String>) {
    let engine = component.engine();
    let kind = component.component_type();
    let imports = kind
        .imports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let exports = kind
        .exports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    (imports, exports)
}

fn check_abi(exports: &[String]) -> Result<(), LoadError> {
    let wanted = format!("tiphys:plugin/template@{ABI}");
    if exports.contains(&wanted) {
        return Ok(());
    }
    let near = exports
        .iter()
        .find(|name| name.starts_with("tiphys:plugin/template@"));
    let found = match (near, exports.is_empty()) {
        (Some(name), _) => name.clone(),
        (None, true) => "nothing".to_owned(),
        (None, false) => exports.join(", "),
    };
    Err(LoadError::Abi { found, known: ABI })
}

fn check_imports(imports: &[String]) -> Result<(), LoadError> {
    let ours = [
        "types",
        "log",
        "clock",
        "http",
        "secrets",
        "config-maps",
        "artifacts",
        "files",
    ];
    let known = |name: &str| {
        ours.iter()
            .any(|interface| name == format!("tiphys:plugin/{interface}@{ABI}"))
    };
    match imports.iter().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) if name.starts_with("wasi:") => Err(LoadError::Wasi(name.clone())),
        Some(name) => Err(LoadError::Import(name.clone())),
    }
}
