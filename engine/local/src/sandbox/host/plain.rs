//! A step where the kernel gives no view: a plain process in a folder of its own.
//!
//! The folder is its home, its temporary folder and, unless it names another, its working directory. Binds cannot lie where
//! they should: an argument or a variable that is a bind's target, or a path below it, is rewritten to the source.

use std::fs;
use std::path::{Path, PathBuf};

use super::stage::{refused, unfit};
use crate::sandbox::{Bind, Container, StartError};

/// Rewrites a container for a life without a view.
pub(super) fn fit(container: &mut Container, folder: &Path) -> Result<(), StartError> {
    let failed = |error: std::io::Error| StartError::File {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    fs::create_dir_all(folder).map_err(failed)?;
    for bind in &container.binds {
        if let Some(reason) = unfit(&bind.target) {
            return Err(refused(bind, reason));
        }
        fs::metadata(&bind.source).map_err(|error| refused(bind, error.to_string()))?;
    }
    let binds = std::mem::take(&mut container.binds);
    container
        .argv
        .iter_mut()
        .for_each(|word| rewrite(word, &binds));
    container
        .env
        .iter_mut()
        .for_each(|(_, value)| rewrite(value, &binds));
    for wanted in &mut container.collect {
        wanted.path = source_of(&wanted.path, &binds).unwrap_or(std::mem::take(&mut wanted.path));
    }
    container.workdir = Some(match container.workdir.take() {
        None => folder.to_owned(),
        Some(path) => source_of(&path, &binds).unwrap_or(path),
    });
    for name in ["HOME", "TMPDIR"] {
        container.env.retain(|(key, _)| key != name);
        container
            .env
            .push((name.to_owned(), folder.to_string_lossy().into_owned()));
    }
    Ok(())
}

fn rewrite(word: &mut String, binds: &[Bind]) {
    if let Some(source) = source_of(Path::new(word.as_str()), binds) {
        *word = source.to_string_lossy().into_owned();
    }
}

/// Where a path of the view really is, if it is below a bind; later binds lie over earlier ones.
fn source_of(path: &Path, binds: &[Bind]) -> Option<PathBuf> {
    binds.iter().rev().find_map(|bind| {
        let rest = path.strip_prefix(&bind.target).ok()?;
        Some(if rest.as_os_str().is_empty() {
            bind.source.clone()
        } else {
            bind.source.join(rest)
        })
    })
}
