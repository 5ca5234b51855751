//! The kinds of template that plug-ins provide: those that come with Tiphys, and those that the command line names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tiphys_host::{Cache, Host, Options, Registry};
use tiphys_oci::{Credentials, Place, PublicKey};

/// Loads them. One that does not load is named in the log, and its kinds are not there: the rest goes on.
///
/// # Errors
/// The key that their signatures are held against cannot be read.
pub async fn load(
    cache: Option<PathBuf>,
    names: &[String],
    key: Option<&Path>,
) -> Result<Arc<Registry>, String> {
    let options = Options {
        cache: cache.map(Cache::new),
    };
    let registry = Arc::new(Registry::built_in(Host::new(options), &[]));
    let key = key.map(read_key).transpose()?;
    for name in names {
        if let Err(reason) = add(&registry, name, key.as_ref()).await {
            tracing::error!(
                plugin = name,
                "failed to {reason}; its kinds are not to be had"
            );
        }
    }
    Ok(registry)
}

fn read_key(path: &Path) -> Result<PublicKey, String> {
    let failed = |reason: String| format!("read the key {}: {reason}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    PublicKey::read(&text).map_err(|error| failed(error.to_string()))
}

async fn add(registry: &Arc<Registry>, name: &str, key: Option<&PublicKey>) -> Result<(), String> {
    let found = if name.starts_with("oci://") {
        vec![(name.to_owned(), pull(name, key).await?)]
    } else if key.is_some() {
        return Err(
            "take a file: a key is given, and only what is in a registry has a signature"
                .to_owned(),
        );
    } else {
        files(Path::new(name))?
    };
    for (origin, bytes) in found {
        let registry = registry.clone();
        // Loading may mean compiling.
        let added = tokio::task::spawn_blocking(move || {
            let added = registry.add(bytes, &origin);
            added.map_err(|reason| format!("{reason} ({origin})"))
        });
        let plugin = added.await.map_err(|error| error.to_string())??;
        let kinds = plugin.manifest.kinds.iter().map(|kind| kind.name.as_str());
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        tracing::info!(
            plugin = plugin.manifest.name,
            digest = plugin.digest,
            "provides {kinds}"
        );
    }
    Ok(())
}

async fn pull(name: &str, key: Option<&PublicKey>) -> Result<Vec<u8>, String> {
    let place: Place = name
        .parse()
        .map_err(|error| format!("read a place: {error}"))?;
    if place.digest().is_none() {
        return Err(format!(
            "take the plug-in {place}: a tag may mean something else tomorrow; name it by digest: oci://…@sha256:…"
        ));
    }
    let registry = tiphys_oci::Registry::new(&Credentials::Anonymous);
    if let Some(key) = key {
        let verified = registry.verify(&place, key).await;
        verified.map_err(|error| error.to_string())?;
    }
    let pulled = registry.pull(&place).await;
    Ok(pulled.map_err(|error| error.to_string())?.component)
}

/// The file itself, or the `.wasm` files of a folder.
fn files(path: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let failed = |path: &Path, error: std::io::Error| format!("read {}: {error}", path.display());
    let mut paths = Vec::new();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).map_err(|error| failed(path, error))? {
            let file = entry.map_err(|error| failed(path, error))?.path();
            if file.extension().is_some_and(|ending| ending == "wasm") {
                paths.push(file);
            }
        }
        paths.sort();
        if paths.is_empty() {
            return Err(format!(
                "find a plug-in in {}: there is no .wasm file",
                path.display()
            ));
        }
    } else {
        paths.push(path.to_owned());
    }
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).map_err(|error| failed(&path, error))?;
        Ok((path.display().to_string(), bytes))
    };
    paths.into_iter().map(read).collect()
}
